import copy
import dataclasses
import functools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from html import escape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnfromscratch import data, gan, kernels, models, runs, training
from nnfromscratch.cli import gan_clinic, gan_game, gan_looks, gan_measures, gan_outcome, gan_recipes, generate, main
from nnfromscratch.cli.gan_settings import generate_settings
from nnfromscratch.cli.gan_warm_up import seconds_of_a_step, steps_in
from nnfromscratch.cli.parser import build_parser
from nnfromscratch.errors import NonFiniteError
from nnfromscratch.gan.diagnostics import COPIED_IMAGES, DISCRIMINATOR_WON, KINDS
from nnfromscratch.plotting import style

PICTURES = ("samples", "progress", "scores", "metrics", "interpolation", "nearest")
FILES = {
    "run.json", "results.json", "report.html", "checkpoint.npz", "looks.npz", "generator.npz", "discriminator.npz",
    "samples.npz", "progress.gif", *(f"{name}.png" for name in PICTURES),
}  # fmt: skip
JUDGED = ("classifier_score", "frechet_distance", "classes_covered", "confident_share")
COPIED = ("nearest_distance", "copied_share")

DRAW = gan_outcome.draw
SMALL = dataclasses.replace(gan_recipes.RECIPES["article"], model_settings={"width": 8, "dropout": 0.3})


@pytest.fixture(scope="module", autouse=True)
def small():
    """The runs in this process measure few samples, without spread, and draw nothing; a checkpoint after every step."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in (
            (gan_looks, "SAMPLES", 40), (gan_looks, "SHOWN", 9), (gan_looks, "NEAREST", 20),
            (gan_measures, "SAMPLES", 60), (gan_measures, "NEAREST", 30),
            (gan.measuring, "jackknife", lambda *_: 0.25), (gan_outcome, "draw", lambda *_: {}),
            (style, "PIXELS_PER_INCH", 40), (gan_recipes, "RECIPES", {**gan_recipes.RECIPES, "article": SMALL}),
        ):  # fmt: skip
            patch.setattr(module, name, value)
        patch.setattr(gan_game, "train_gan", functools.partial(gan.train_gan, checkpoint_seconds=0))
        yield


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist")


@pytest.fixture(scope="module")
def own(tmp_path_factory, digits):
    """A small data set of a user's own, of digits: 300 images to learn from, 60 to be measured against."""
    path = tmp_path_factory.mktemp("own data") / "digits.npz"
    train, test = digits.train.take(slice(300)), digits.test.take(slice(60))
    np.savez(path, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    return str(path)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Colour images of two classes that the judge does not know."""
    path = tmp_path_factory.mktemp("others") / "dots.npz"
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (100, 16, 16, 3)).astype(np.uint8)
    np.savez(path, x_train=images[:70], y_train=np.arange(70) % 2, x_test=images[70:], y_test=np.arange(30) % 2)
    return str(path)


def words(own, steps=7, **more):
    given = {"data": own, "steps": steps, "batch-size": 8, "kernels": "vectorized", **more}
    return ["generate", *(part for name, value in given.items() for part in (f"--{name}", str(value)))]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, own):
    """A run with its pictures."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gan_outcome, "draw", DRAW)
        assert main([*words(own), "--seed", "3", "--out", str(folder)]) == 0
    return folder


def fails(capsys, *argv):
    """The one line on standard error of a command that a user got wrong."""
    assert main([str(word) for word in argv]) == 2
    line = capsys.readouterr().err
    assert line.startswith("nnfromscratch: error: ")
    assert line.count("\n") == 1
    return line


def arrays(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def assert_same_run(one, other):
    """The same bits in every array, and the same figures but for those of the clock."""
    for name in ("generator.npz", "discriminator.npz", "samples.npz", "looks.npz"):
        first, second = arrays(one / name), arrays(other / name)
        assert first.keys() == second.keys()
        for key, array in first.items():
            np.testing.assert_array_equal(array, second[key], err_msg=f"{name}: {key}")
    first, second = (runs.read_results(folder)["results"] for folder in (one, other))
    assert {**first, "timings": None} == {**second, "timings": None}


# --- a run -------------------------------------------------------------------------------------------------------


def test_the_folder_of_a_run(finished):
    assert {path.name for path in finished.iterdir()} == FILES
    run, results = (runs.read_results(finished)[part] for part in ("run", "results"))
    assert run["command"] == "generate"
    assert run["seed"] == run["settings"]["seed"] == 3
    assert run["settings"]["gan"] == gan_recipes.DEFAULT
    assert run["settings"]["steps"] == results["steps"] == 7
    assert run["settings"]["objective"] == gan_recipes.RECIPES[gan_recipes.DEFAULT].objective
    assert run["image_shape"] == results["image_shape"] == [1, 28, 28]
    assert run["classes"] == results["classes"] == list("0123456789")
    assert results["images"] == {"train": 300, "test": 60}
    for name in PICTURES:
        with Image.open(finished / f"{name}.png") as picture:
            assert picture.format == "PNG"
    with Image.open(finished / "progress.gif") as animation:
        assert animation.n_frames == len(arrays(finished / "looks.npz")) - 1  # and a description


def test_the_figures_are_those_of_the_samples(finished, own):
    """Measured once more from samples.npz, with real images beside them."""
    results = runs.read_results(finished)["results"]
    images = arrays(finished / "samples.npz")["images"]
    assert images.shape == (60, 1, 28, 28)
    assert images.dtype == np.uint8
    splits = data.load(own)
    with kernels.use("vectorized"):
        _, probabilities = gan.judge_features(gan.load_judge(), images)
        features, _ = gan.judge_features(gan.load_judge(), images)
        reference, answers = gan.judge_features(gan.load_judge(), splits.test.images)
    assert results["classifier_score"]["value"] == pytest.approx(gan.classifier_score(probabilities))
    assert results["frechet_distance"]["value"] == pytest.approx(gan.frechet_distance(features, reference))
    assert results["classes_covered"]["value"] == gan.classes_covered(probabilities)
    assert results["confident_share"]["value"] == pytest.approx(gan.confident_share(probabilities))
    assert results["measured"]["samples"] == results["measured"]["real_samples"] == 60
    assert results["measured"]["test_images"] == 60
    assert results["measured"]["nearest_samples"] == 30
    assert results["measured"]["judge_accuracy"] == (answers.argmax(axis=1) == splits.test.labels).mean()
    for name in (*JUDGED, *COPIED):
        assert np.isfinite(results[name]["value"])
        assert np.isfinite(results[name]["real"])
    assert results["classifier_score"]["real"] > 5  # real digits
    distances, nearest = gan.nearest_training_images(images[:30], splits.train.images)
    first = results["closest_pairs"][0]
    assert first["distance"] == distances.min()
    assert first["sample"] == distances.argmin()
    assert first["training_image"] == nearest[distances.argmin()]
    assert [pair["distance"] for pair in results["closest_pairs"]] == sorted(distances)[:12]


def test_the_samples_are_those_of_the_saved_generator(finished):
    settings = runs.read_results(finished)["run"]["settings"]
    generator, discriminator = gan_recipes.make_players(settings, (1, 28, 28), 10, np.random.default_rng(9))
    generator.load(finished / "generator.npz")
    discriminator.load(finished / "discriminator.npz")
    with kernels.use("vectorized"):
        images = gan.draw_samples(generator, 60, rng=np.random.default_rng([3, 5]))
    np.testing.assert_array_equal(images, arrays(finished / "samples.npz")["images"])


def test_the_course_of_a_run(finished):
    results = runs.read_results(finished)["results"]
    over_time, history = results["over_time"], results["history"]
    assert over_time["step"] == [0, 5, 7]
    assert over_time["samples"] == 40
    for name in (*JUDGED, *COPIED):
        assert len(over_time[name]) == 3
        assert name in over_time["real"]
    assert history["step"] == [1, 2, 3, 4, 5, 6, 7]
    for name in ("discriminator_loss", "generator_loss", "real_score", "generated_score"):
        assert len(history[name]) == 7
    assert len(history["look_step"]) == len(history["diversity"]) == 7
    timings = results["timings"]
    assert timings["total_seconds"] > timings["training_seconds"] > 0
    assert timings["images_per_second"] == pytest.approx(7 * 8 / timings["training_seconds"])
    frames = arrays(finished / "looks.npz")
    assert {int(step) for step in frames if step.isdigit()} == set(range(8))
    assert all(frames[str(step)].shape == (9, 1, 28, 28) for step in range(8))


def test_the_report_shows_the_samples_first_and_every_picture(finished):
    html = (finished / "report.html").read_text(encoding="utf-8")
    assert html.count("data:image/png;base64,") == len(PICTURES)
    assert html.count("data:image/gif;base64,") == 1
    assert not re.search(r"https?://|<script|<link|@import", html)
    assert html.index("<h2>") == html.index("<h2>What it makes</h2>")
    results, run = (runs.read_results(finished)[part] for part in ("results", "run"))
    text = html.replace("\xa0", " ")
    assert f"{results['classifier_score']['value']:.2f}" in text
    assert f"{results['classifier_score']['real']:.2f}" in text
    assert run["command_line"].replace("'", "&#x27;") in html
    assert text.count("it cannot say") >= 2


def test_the_printed_command_repeats_the_run_bit_for_bit(finished, tmp_path):
    typed = shlex.split(runs.read_results(finished)["run"]["command_line"])
    assert typed[:4] == ["python", "-m", "nnfromscratch", "generate"]
    assert main([*typed[3:], "--out", str(tmp_path / "again")]) == 0
    assert_same_run(tmp_path / "again", finished)


def test_a_run_says_what_it_does_and_another_seed_makes_other_samples(own, finished, tmp_path, capsys):
    assert main([*words(own, steps=7), "--seed", "1", "--out", str(tmp_path / "run")]) == 0
    out, err = capsys.readouterr()
    lines = out.replace("\xa0", " ").splitlines()
    assert err == ""
    assert lines[0].endswith("300 images to learn from, 60 to be measured against")
    assert re.fullmatch(r"Players  article: generator [\d,]+ parameters, discriminator [\d,]+", lines[1])
    assert lines[2].startswith("Rules    non-saturating, adam ")
    assert lines[3] == f"Run      {tmp_path / 'run'}"
    assert "Training: 7 steps …" in lines
    looks = [line for line in lines if line.startswith("  step ")]
    assert len(looks) == 3
    assert "of 10 classes" in looks[0]
    assert "Measuring 60 samples …" in lines
    assert lines[-2].startswith("Finished: classifier score ")
    assert lines[-1] == f"Report   {tmp_path / 'run' / 'report.html'}"
    one, other = (arrays(folder / "samples.npz")["images"] for folder in (finished, tmp_path / "run"))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", gan_recipes.RECIPES)
@pytest.mark.parametrize("plain", [False, True])
def test_every_recipe_plays(name, plain, digits):
    settings = {**gan_recipes.OTHERS, **gan_recipes.recipe_settings(name, plain=plain), "batch_size": 4}
    settings["model_settings"] = settings["model_settings"] | ({} if "article" in settings["model"] else {"width": 4})
    splits = data.Splits(digits.train.take(slice(20)), digits.test.take(slice(20)))
    with kernels.use("vectorized"):
        game = gan_game.make_game(settings, splits)
        history = game.play(2)
    assert history.steps == 2
    assert np.isfinite(history.generator_loss).all()


def test_plain_is_the_article_as_printed():
    plain = gan_recipes.recipe_settings("article", plain=True)
    assert not any(plain[name] for name in gan_recipes.TECHNIQUES)
    assert plain["model_settings"] == {}
    assert (plain["lr_generator"], plain["lr_discriminator"], plain["beta1"], plain["beta2"]) == (
        1e-3,
        1e-3,
        0.9,
        0.999,
    )
    assert (plain["batch_size"], plain["optimizer"], plain["critic_steps"]) == (128, "adam", 1)


def test_the_seed_decides_what_is_drawn_while_they_play(digits):
    splits = data.Splits(digits.train.take(slice(40)), digits.test.take(slice(20)))
    settings = {**gan_recipes.OTHERS, **gan_recipes.recipe_settings("article", plain=True), "batch_size": 4}
    with kernels.use("vectorized"):
        game = gan_game.make_game(settings, splits)
        losses = [
            gan_game.CommandGame(
                settings | {"seed": seed}, splits, *copy.deepcopy((game.generator, game.discriminator))
            )
            .play(1)
            .generator_loss
            for seed in (0, 0, 1)
        ]
    assert losses[0] == losses[1] != losses[2]


def chosen(*typed):
    return generate_settings(build_parser().parse(["generate", *typed]))[0]


def test_what_is_typed_changes_the_recipe():
    recipe = gan_recipes.recipe_settings("dcgan", plain=False)
    settings = chosen(
        "--gan", "dcgan", "--steps", "9", "--lr-discriminator", "0.1", "--feature-matching", "--average", "0"
    )
    changed = {"steps": 9, "lr_discriminator": 0.1, "feature_matching": True, "average": 0.0}
    assert {name: settings[name] for name in recipe} == recipe | changed
    assert chosen("--minutes", "2")["steps"] is None
    assert chosen("--no-feature-matching")["feature_matching"] is False
    assert chosen("--gan", "wgan", "--plain")["optimizer"] == "rmsprop"


def test_techniques_reach_the_game(own, tmp_path):
    switches = ["--feature-matching", "--minibatch-discrimination", "--virtual-batch-norm"]
    amounts = ["--historical-averaging", "0.1", "--label-smoothing", "0", "--instance-noise", "0.2", "--average", "0.5"]
    folder = tmp_path / "run"
    assert main([*words(own, steps=3), *switches, *amounts, "--lr-generator", "0.002", "--out", str(folder)]) == 0
    with np.load(folder / "checkpoint.npz") as file:
        description = json.loads(file["description.json"].tobytes())["settings"]
    for part in (
        "feature_matching=True", "minibatch_discrimination=True", "virtual_batch_norm=True",
        "historical_averaging=0.1", "label_smoothing=0.0", "instance_noise=0.2", "average=0.5",
    ):  # fmt: skip
        assert part in description["techniques"]
    assert "0.002" in description["generator_optimizer"]
    assert "0.002" not in description["discriminator_optimizer"]


# --- the clinic --------------------------------------------------------------------------------------------------


def test_a_run_that_failed_says_so_everywhere(own, tmp_path, capsys):
    """The discriminator learns so much faster that soon the minimax generator hears nothing any more."""
    rates = ["--lr-discriminator", "0.02", "--lr-generator", "0.00001", "--gan", "minimax"]
    folder = tmp_path / "run"
    assert main([*words(own, steps=110), *rates, "--out", str(folder)]) == 0
    (finding,) = runs.read_results(folder)["results"]["clinic"]
    assert set(finding) == {"kind", "step", "evidence", "remedy", "source"}
    assert finding["kind"] == DISCRIMINATOR_WON
    assert "--gan article instead of minimax" in finding["remedy"]
    said = str(gan.Finding(**finding))
    assert f"Clinic   {said}" in capsys.readouterr().out.splitlines()
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert f"<h2>What the clinic says</h2>\n<p>{escape(said)}</p>" in html
    assert main(["generate", "--resume", str(folder)]) == 0
    assert f"Clinic   {said}" in capsys.readouterr().out.splitlines()


def well(steps=gan_clinic.LEAST_STEPS):
    return gan.GanHistory(
        discriminator_loss=[1.0] * steps, generator_loss=[1.0] * steps, real_score=[1.0] * steps,
        generated_score=[-1.0] * steps, look_step=list(range(1, steps + 1)), diversity=[0.9] * steps,
        nearest=[0.8] * steps, generator_gradient={"0": [1.0] * steps}, discriminator_gradient={"0": [1.0] * steps},
    )  # fmt: skip


def test_a_run_that_goes_well_is_said_to(finished, tmp_path, capsys, digits):
    settings = {"plain": False}
    splits = data.Splits(digits.train.take(slice(300)), digits.test.take(slice(60)))
    assert gan_clinic.findings_of(settings, well(), digits.test.images[100:140], splits) == []
    copies = splits.train.images[:40]
    (finding,) = gan_clinic.findings_of(settings, well(), copies, splits)
    assert finding.kind == COPIED_IMAGES
    assert "--plain" not in finding.remedy
    same = data.Splits(splits.train, splits.train.take(slice(60)))  # nothing was held out
    assert gan_clinic.findings_of(settings, well(), copies, same) == []

    for name in ("run.json", "results.json"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    contents = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    contents["results"]["clinic"] = []
    (tmp_path / "results.json").write_text(json.dumps(contents))
    assert main(["generate", "--resume", str(tmp_path)]) == 0
    assert "Clinic   finds nothing wrong" in capsys.readouterr().out.splitlines()


def test_a_run_that_hardly_began_says_nothing(finished, digits, capsys):
    assert runs.read_results(finished)["results"]["clinic"] is None
    assert "clinic" not in (finished / "report.html").read_text(encoding="utf-8").lower()
    assert main(["generate", "--resume", str(finished)]) == 0
    assert "Clinic" not in capsys.readouterr().out
    short = well(gan_clinic.LEAST_STEPS - 1)
    assert gan_clinic.findings_of({"plain": False}, short, digits.test.images[:40], digits) is None


def test_what_the_clinic_names_can_be_typed():
    assert set(gan_clinic.REMEDIES) == set(KINDS)
    known = build_parser().parse(["generate"])
    for remedy in gan_clinic.REMEDIES.values():
        options = re.findall(r"--([a-z-]+)", remedy)
        assert options
        assert all(hasattr(known, option.replace("-", "_")) for option in options)
        assert set(re.findall(r"--gan ([a-z-]+)", remedy)) <= set(gan_recipes.RECIPES)


def test_an_explosion_is_explained_with_what_was_wrong_besides():
    history = dataclasses.replace(well(), pinned=[0.9] * gan_clinic.LEAST_STEPS)
    error = NonFiniteError("generate: step 101: the generator expects finite numbers, has loss inf")
    said = str(gan_clinic.explained(error, history, {"plain": False}))
    assert said.startswith(f"{error}. That is what exploding gradients end in. Likely remedy: ")
    assert "Clipping that pins weights, since step 1. Seen: 90\u00a0% of" in said
    assert "--plain" not in said
    alone = gan_clinic.explained(error, None, {"plain": True})
    assert "; the recipe without --plain may do. Source: " in str(alone)
    assert isinstance(alone, NonFiniteError)
    assert "Clipping" not in str(alone)


# --- resuming ----------------------------------------------------------------------------------------------------


def stopped_at(monkeypatch, place, name, when):
    """The next call of ``place.name`` for which ``when`` holds is the moment at which the run ends."""
    original = getattr(place, name)

    def stop(*arguments, **named):
        if when(*arguments):
            raise KeyboardInterrupt
        return original(*arguments, **named)

    monkeypatch.setattr(place, name, stop)


@pytest.mark.parametrize(
    ("place", "name", "when"),
    [
        (gan_looks.Looks, "look", lambda _self, step, *_: step == 0),
        (gan_looks.Looks, "look", lambda _self, step, *_: step == 5),
        (gan_looks.Looks, "__call__", lambda _self, step, *_: step == 6),
        (gan_outcome, "draw_samples", lambda *_: True),
        (gan_outcome, "draw", lambda *_: True),
        (runs, "write_results", lambda *_: True),
    ],
    ids=["first look", "measuring", "look", "samples", "pictures", "results"],
)
def test_a_run_stopped_anywhere_goes_on_to_the_same_bits(
    place, name, when, own, finished, tmp_path, capsys, monkeypatch
):
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        stopped_at(patch, place, name, when)
        assert main([*words(own), "--seed", "3", "--out", str(folder)]) == 130
    again = f"Stopped. To go on: python -m nnfromscratch generate --resume {folder}"
    assert capsys.readouterr().err.strip() == again
    assert not (folder / "results.json").exists()
    assert not list(folder.glob(".*"))
    assert main(["generate", "--resume", str(folder)]) == 0
    assert "Training on from its checkpoint" in capsys.readouterr().out
    assert_same_run(folder, finished)
    assert runs.read_results(folder)["run"]["resumed"] is True


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bits(own, tmp_path):
    """A process of its own that gets SIGKILL while it learns."""
    folder, whole = tmp_path / "killed", tmp_path / "whole"
    program = """
import dataclasses, functools, sys
from nnfromscratch import gan
from nnfromscratch.cli import gan_game, gan_looks, gan_recipes, main
gan_looks.SAMPLES, gan_looks.SHOWN, gan_looks.NEAREST = 40, 9, 20
article = gan_recipes.RECIPES["article"]
gan_recipes.RECIPES["article"] = dataclasses.replace(article, model_settings={"width": 8, "dropout": 0.3})
gan.measuring.jackknife = lambda *_: 0.25
gan_game.train_gan = functools.partial(gan.train_gan, checkpoint_seconds=0)
sys.exit(main(sys.argv[1:]))
"""
    assert main([*words(own, steps=400), "--out", str(whole)]) == 0
    command = [sys.executable, "-c", program, *words(own, steps=400), "--out", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen, deadline = set(), time.monotonic() + 300
    while len(seen) < 6 and process.poll() is None and time.monotonic() < deadline:
        if (folder / "checkpoint.npz").exists():
            seen.add((folder / "checkpoint.npz").stat().st_mtime_ns)
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    assert not (folder / "results.json").exists()
    assert main(["generate", "--resume", str(folder)]) == 0
    assert_same_run(folder, whole)


def test_a_run_stopped_before_its_first_checkpoint_starts_again(finished, tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text((finished / "run.json").read_text())
    assert main(["generate", "--resume", str(tmp_path / "run")]) == 0
    assert "on from its checkpoint" not in capsys.readouterr().out
    assert_same_run(tmp_path / "run", finished)


def test_a_finished_run_says_so_and_stays_as_it_is(finished, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in finished.iterdir()}
    assert main(["generate", "--resume", str(finished)]) == 0
    assert capsys.readouterr().out.startswith("Finished: classifier score ")
    assert {path.name: path.stat().st_mtime_ns for path in finished.iterdir()} == before


def test_a_half_written_animation_is_never_seen(own, tmp_path, monkeypatch, capsys):
    """The disk is full when the GIF is written: one line, no GIF, and the run can be taken up again."""
    original = os.fsync

    def full(handle):
        if "progress.gif" in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(28, "No space left on device")
        original(handle)

    folder = tmp_path / "run"
    monkeypatch.setattr(gan_outcome, "draw", DRAW)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert "No space left on device" in fails(capsys, *words(own, steps=2), "--out", folder)
    assert not list(folder.glob("*progress.gif*"))
    assert not (folder / "results.json").exists()
    assert main(["generate", "--resume", str(folder)]) == 0
    with Image.open(folder / "progress.gif") as animation:
        assert animation.n_frames == 3


# --- minutes -----------------------------------------------------------------------------------------------------


def test_minutes_become_steps_once_and_are_written_down_before_training(own, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "run"
    typed = [word for word in words(own) if word not in ("--steps", "7")]
    monkeypatch.setattr(generate, "steps_in", lambda minutes, step, look: 6 if step > 0 and look > 0 else 0)
    with monkeypatch.context() as patch:
        stopped_at(patch, gan_looks.Looks, "look", lambda _self, step, *_: step == 3)
        assert main([*typed, "--minutes", "0.01", "--out", str(folder)]) == 130
    run = json.loads((folder / "run.json").read_text())
    assert run["settings"]["steps"] == 6
    assert run["settings"]["minutes"] == 0.01
    assert "--steps 6" in run["command_line"]
    assert "--minutes" not in run["command_line"]
    assert "Timing a few steps" in capsys.readouterr().out
    monkeypatch.setattr(generate, "steps_in", lambda *_: 999)  # a resumed run does not time again
    assert main(["generate", "--resume", str(folder), "--minutes", "0.01"]) == 0
    assert "Timing" not in capsys.readouterr().out
    assert runs.read_results(folder)["results"]["steps"] == 6
    assert main([*words(own, steps=6), "--out", str(tmp_path / "typed")]) == 0
    assert_same_run(folder, tmp_path / "typed")


def test_a_run_stopped_while_it_is_timed_is_timed_again(own, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    typed = [word for word in words(own) if word not in ("--steps", "7")]
    monkeypatch.setattr(generate, "steps_in", lambda *_: 2)
    with monkeypatch.context() as patch:
        stopped_at(patch, generate, "seconds_of_a_step", lambda *_: True)
        assert main([*typed, "--minutes", "0.01", "--out", str(folder)]) == 130
    assert json.loads((folder / "run.json").read_text())["settings"]["steps"] is None
    assert main(["generate", "--resume", str(folder)]) == 0
    assert runs.read_results(folder)["results"]["steps"] == 2


def test_steps_are_timed_until_they_last():
    asked = []

    def take(count):
        asked.append(count)
        return 0.01 * count

    assert seconds_of_a_step(take, minutes=10) == pytest.approx(0.01)
    assert asked == [1, 2, 4, 8, 16, 32, 64, 316]
    asked.clear()
    assert seconds_of_a_step(take, minutes=0.1) == pytest.approx(0.01)
    assert asked == [1, 2, 4, 32]
    assert seconds_of_a_step(lambda count: 0.0, minutes=10) == 0.0  # ends, whatever the clock says


def test_steps_in_a_time():
    assert steps_in(10, 0.01, 0.0) == 60_000
    assert steps_in(10, 0.01, 10.0) == 39_000  # 21 looks of 10 seconds in between
    assert steps_in(1, 1.0, 100.0) == 30  # at least half of the time for steps
    assert steps_in(0.001, 10.0, 0.0) == 1


# --- looks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 7, 99, 100, 101, 250, 3600, 60_000])
def test_looks_come_often_at_first_and_at_the_end(steps, tmp_path):
    class Measure:
        def measure(self, images, *, rng):
            return {"nearest_distance": {"value": float(rng.random()), "real": 1.0}, "samples": len(images)}

    looks = gan_looks.Looks(
        tmp_path / "looks.npz", steps=steps, seed=0, yardstick=Measure(), low_high=None, classes=2, say=lambda *_: None
    )
    for step in range(0, steps + 1, gan_looks.sample_every(steps)):
        looks(step, np.zeros((5, 1, 2, 2)))
    looks.look(steps, np.zeros((5, 1, 2, 2), np.uint8))
    kept, measured = sorted(looks.frames), sorted(looks.figures)
    assert kept[0] == measured[0] == 0
    assert kept[-1] == measured[-1] == steps
    assert set(measured) <= set(kept)
    if steps >= 100:
        assert 18 <= len(kept) <= 30
        assert 11 <= len(measured) <= 22
        assert kept[1] <= steps / 50
        assert max(np.diff(kept)) <= 0.1 * steps  # never long without a look
        assert max(np.diff(measured)) <= 0.1 * steps
    again = gan_looks.Looks(
        tmp_path / "looks.npz", steps=steps, seed=0, yardstick=Measure(), low_high=None, classes=2, say=lambda *_: None
    )
    assert again.figures == looks.figures
    assert again.over_time()["step"] == measured


def test_thinned_curves_keep_their_means():
    history = gan.GanHistory(*(list(map(float, range(1000))) for _ in range(4)))
    figures = gan_outcome.thinned(history, points=300)
    assert figures["step"] == list(range(4, 1001, 4))
    assert np.mean(figures["real_score"]) == pytest.approx(np.mean(history.real_score))
    assert figures["generator_loss"][0] == 1.5
    assert figures["gradient_penalty"] == []


# --- other data --------------------------------------------------------------------------------------------------


def test_data_that_the_judge_does_not_know(others, tmp_path, capsys):
    folder = tmp_path / "run"
    assert main([*words(others, steps=2), "--gan", "dcgan", "--out", str(folder)]) == 0
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("Judge")]
    assert line.startswith("Judge    none that knows these images, so classifier score, Fréchet distance")
    assert "classify --data" in line
    assert "--judge RUN" in line
    results = runs.read_results(folder)["results"]
    assert not set(JUDGED) & set(results)
    assert set(COPIED) < set(results)
    splits = data.load(others)
    distances, _ = gan.nearest_training_images(splits.test.images, splits.train.images)  # 30, all that are measured
    assert results["nearest_distance"]["real"] == pytest.approx(distances.mean())
    assert results["measured"] == {"samples": 60, "nearest_samples": 30}
    assert results["image_shape"] == [3, 16, 16]
    assert "No judge knows these images" in (folder / "report.html").read_text(encoding="utf-8")
    assert main(["sample", str(folder), "--n", "5", "--out", str(tmp_path / "five.npz")]) == 0
    assert arrays(tmp_path / "five.npz")["images"].shape == (5, 3, 16, 16)


@pytest.fixture(scope="module")
def classified(tmp_path_factory):
    """What is needed of a finished run of classify on digits; its network has learned nothing."""
    folder = tmp_path_factory.mktemp("judges")
    network = models.lenet5(rng=np.random.default_rng(0))
    network.save(folder / "network.npz")
    results = {"network": {"model": "lenet5"}, "classes": list("0123456789"), "image_shape": [1, 28, 28]}
    runs.write_results(folder, {"command": "classify"}, results)
    runs.write_run(folder, {"command": "classify", "settings": {}})
    return folder


def test_a_judge_of_ones_own(own, others, classified, tmp_path, capsys):
    folder = tmp_path / "run"
    assert main([*words(own, steps=2), "--judge", str(classified), "--out", str(folder)]) == 0
    results, run = (runs.read_results(folder)[part] for part in ("results", "run"))
    assert set(JUDGED) < set(results)
    network, _ = training.trained_network(classified)
    test = data.load(own).test
    with kernels.use("vectorized"):
        accuracy = (network.predict(data.as_input(test.images)).argmax(axis=1) == test.labels).mean()
    assert results["measured"]["judge_accuracy"] == accuracy
    assert run["settings"]["judge"] == str(classified)
    capsys.readouterr()
    line = fails(capsys, *words(others), "--gan", "dcgan", "--judge", classified, "--out", tmp_path / "other")
    assert "generate: --judge expects a run of classify on images and classes like those of" in line
    assert not (tmp_path / "other").exists()


def test_a_judge_that_is_none_or_damaged(own, classified, finished, tmp_path, capsys, monkeypatch):
    assert "nowhere" in fails(capsys, *words(own), "--judge", tmp_path / "nowhere")
    assert "--judge expects a run of classify" in fails(capsys, *words(own), "--judge", finished)
    (tmp_path / "damaged").mkdir()
    for name, length in (("results.json", None), ("network.npz", 999)):
        (tmp_path / "damaged" / name).write_bytes((classified / name).read_bytes()[:length])
    assert "is damaged" in fails(capsys, *words(own), "--judge", tmp_path / "damaged")
    for name in ("judge.json", "judge.npz"):
        (tmp_path / name).write_bytes(
            (Path(gan.__file__).parent / name).read_bytes()[: None if "json" in name else 999]
        )
    monkeypatch.setattr(gan.judge, "_FOLDER", tmp_path)
    assert "expects the judge's weights" in fails(capsys, *words(own), "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


# --- sample ------------------------------------------------------------------------------------------------------


def test_samples_of_a_finished_run(finished, tmp_path, capsys):
    draw = ["sample", str(finished), "--n", "12", "--seed", "5", "--out"]
    assert main([*draw, str(tmp_path / "a.npz")]) == 0
    assert "12 samples after 7 steps of training" in capsys.readouterr().out
    assert main([*draw, str(tmp_path / "b.npz")]) == 0
    images = arrays(tmp_path / "a.npz")["images"]
    np.testing.assert_array_equal(images, arrays(tmp_path / "b.npz")["images"])
    assert images.shape == (12, 1, 28, 28)
    settings = runs.read_results(finished)["run"]["settings"]
    generator, _ = gan_recipes.make_players(settings, (1, 28, 28), 10, np.random.default_rng(9))
    generator.load(finished / "generator.npz")
    noise = np.random.default_rng([5, 0]).standard_normal((12, 100), np.float32)
    with kernels.use("vectorized"):
        np.testing.assert_array_equal(images, np.rint(255 * generator.predict(noise)).astype(np.uint8))
    assert main(["sample", str(finished), "--n", "12", "--seed", "6", "--out", str(tmp_path / "c.npz")]) == 0
    assert not np.array_equal(images, arrays(tmp_path / "c.npz")["images"])
    assert main([*draw, str(tmp_path / "a.png")]) == 0
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.format == "PNG"
    assert "never overwritten" in fails(capsys, *draw, tmp_path / "a.png")


def test_samples_stand_in_the_run_where_nothing_else_is_said(own, tmp_path, capsys):
    folder = tmp_path / "run"
    assert main([*words(own, steps=1), "--out", str(folder)]) == 0
    assert main(["sample", str(folder)]) == 0
    assert (folder / "sample-64-seed-0.png").exists()


def test_samples_of_a_run_under_way_come_from_its_averaged_generator(own, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        stopped_at(patch, gan_looks.Looks, "__call__", lambda _self, step, *_: step == 5)
        assert main([*words(own), "--average", "0.5", "--out", str(folder)]) == 130
    assert main(["sample", str(folder), "--n", "3", "--out", str(tmp_path / "a.npz")]) == 0
    assert "3 samples after 4 steps" in capsys.readouterr().out
    saved = arrays(folder / "checkpoint.npz")
    settings = json.loads((folder / "run.json").read_text())["settings"]
    generator, _ = gan_recipes.make_players(settings, (1, 28, 28), 10, np.random.default_rng(9))
    for name in generator.params:
        generator.params[name] = saved[f"averaged/params/{name}"]
        assert not np.array_equal(saved[f"averaged/params/{name}"], saved[f"generator/params/{name}"])
    with kernels.use("vectorized"):
        expected = gan.draw_samples(generator, 3, rng=np.random.default_rng([0, 0]))
    np.testing.assert_array_equal(arrays(tmp_path / "a.npz")["images"], expected)


def test_a_conditional_generator_is_asked_for_classes(own, tmp_path, capsys, monkeypatch):
    small = functools.partial(models.conditional_dcgan, width=4)
    monkeypatch.setattr(models, "conditional_dcgan", small)
    folder = tmp_path / "run"
    assert main([*words(own, steps=2), "--gan", "conditional", "--out", str(folder)]) == 0
    saved = arrays(folder / "samples.npz")
    np.testing.assert_array_equal(saved["labels"], np.arange(60) % 10)
    draw = ["sample", str(folder), "--n", "5"]
    assert main([*draw, "--classes", "3", "7", "--out", str(tmp_path / "a.npz")]) == 0
    assert arrays(tmp_path / "a.npz")["labels"].tolist() == [3, 7, 3, 7, 3]
    assert main([*draw, "--out", str(tmp_path / "b.npz")]) == 0
    assert arrays(tmp_path / "b.npz")["labels"].tolist() == [0, 1, 2, 3, 4]
    assert main([*draw, "--out", str(tmp_path / "b.png")]) == 0
    assert "--classes expects names out of 0, 1, 2" in fails(
        capsys, *draw, "--classes", "x", "--out", tmp_path / "c.png"
    )


def test_sample_refuses_what_it_cannot_draw(finished, classified, own, tmp_path, capsys):
    assert "does not exist" in fails(capsys, "sample", tmp_path / "nowhere")
    assert "sample: RUN expects a run of generate" in fails(capsys, "sample", classified)
    assert "ends in .png or .npz" in fails(capsys, "sample", finished, "--out", tmp_path / "a.jpg")
    assert "conditional" in fails(capsys, "sample", finished, "--classes", "3", "--out", tmp_path / "a.png")
    assert "at least 1" in fails(capsys, "sample", finished, "--n", "0")
    (tmp_path / "run.json").write_bytes((finished / "run.json").read_bytes())
    assert "has no checkpoint yet" in fails(capsys, "sample", tmp_path)
    for name in ("results.json", "generator.npz"):
        (tmp_path / name).write_bytes((finished / name).read_bytes()[: None if "j" in name else 999])
    assert "generator.npz" in fails(capsys, "sample", tmp_path, "--out", tmp_path / "a.png")
    (tmp_path / "run.json").write_text('{"command": "generate", "settings": {}}')
    assert "run.json expects the settings of a run, is damaged" in fails(capsys, "sample", tmp_path)
    assert not (tmp_path / "a.png").exists()


# --- what users get wrong ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["--gan", "dcgna"], "generate: --gan expects one of article, minimax, dcgan,"),
        (["--gan", "dcgna"], "did you mean 'dcgan'?"),
        (["--data", "minst"], "generate: --data expects one of mnist"),
        (["--steps", "0"], "argument --steps: expects a whole number of at least 1, is '0'"),
        (["--minutes", "0"], "argument --minutes: expects a number above 0, is '0'"),
        (["--minutes", "inf"], "argument --minutes: expects a number above 0, is 'inf'"),
        (["--minutes", "1", "--steps", "1"], "generate: expects either --steps or --minutes, has both"),
        (["--batch-size", "0"], "whole number of at least 1, is '0'"),
        (["--batch-size", "301"], "generate: --batch-size expects at most the 300 images, is 301"),
        (["--gan", "dcgan", "--batch-size", "1"], "generate: --batch-size expects at least 2 for BatchNorm"),
        (["--minibatch-discrimination", "--batch-size", "1"], "--batch-size expects at least 2 for MinibatchDiscrim"),
        (["--label-smoothing", "0.5"], "argument --label-smoothing: expects a number from 0 to below 0.5, is '0.5'"),
        (["--label-smoothing", "-1"], "expects a number from 0 to below 0.5, is '-1'"),
        (["--gan", "wgan", "--label-smoothing", "0.1"], "generate: --label-smoothing expects an objective with a tar"),
        (["--average", "1"], "argument --average: expects a number from 0 to below 1, is '1'"),
        (["--instance-noise", "nan"], "argument --instance-noise: expects a number from 0, is 'nan'"),
        (["--historical-averaging", "much"], "expects a number from 0, is 'much'"),
        (["--lr-generator", "0"], "argument --lr-generator: expects a number above 0, is '0'"),
        (["--gan", "wgan-gp", "--minibatch-discrimination"], "with --gan wgan-gp, --minibatch-discrimination expects"),
        (["--gan", "hinge", "--virtual-batch-norm"], "with --gan hinge, --virtual-batch-norm expects networks that"),
        (["--plain", "--average", "0.9"], "generate: --plain expects the recipe as it was printed, without --average"),
        (["--judge", "nowhere"], "generate: --judge expects a run of classify"),
        (["--image-size", "20"], "generate: --image-size expects a folder of pictures to resize, mnist has"),
        (["--resume", "nowhere"], "generate: --resume expects the folder of a run; nowhere"),
        (["--resume", "a", "--out", "b"], "either --out"),
        (["--kernels", "compild"], "did you mean 'compiled'"),
        (["--step", "3"], "unrecognized arguments: --step"),
    ],
)  # fmt: skip
def test_each_mistake_has_one_clear_line(typed, says, own, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = [] if {"--data", "--image-size", "--resume"} & set(typed) else ["--data", own]
    assert says in fails(capsys, "generate", *given, *typed)
    assert list(tmp_path.iterdir()) == []  # nothing was begun


@pytest.mark.parametrize(
    ("shape", "gan_name", "says"),
    [
        (
            (200, 12, 12),
            "dcgan",
            "generate: with --gan dcgan, --data expects images with a height and a width that can",
        ),
        ((30, 16, 16), "dcgan", "generate: --data expects at least 20 images to learn from and 20 to be measured"),
        ((200, 16, 16), "article", "--batch-size expects at most the 160 images, is 500"),
    ],
)
def test_data_that_cannot_be_learned_from(shape, gan_name, says, tmp_path, capsys):
    np.savez(tmp_path / "own.npz", images=np.zeros(shape, np.uint8), labels=np.arange(shape[0]) % 2)
    typed = ["generate", "--data", tmp_path / "own.npz", "--gan", gan_name, "--out", tmp_path / "run"]
    assert says in fails(capsys, *typed, *(["--batch-size", 500] if gan_name == "article" else []))
    assert not (tmp_path / "run").exists()


def test_a_run_is_resumed_with_the_settings_that_it_had(finished, classified, own, tmp_path, capsys, monkeypatch):
    for name in ("run.json", "checkpoint.npz"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    assert "--gan expects article, with which" in fails(capsys, "generate", "--resume", tmp_path, "--gan", "dcgan")
    assert "--steps expects 7, with which" in fails(capsys, "generate", "--resume", tmp_path, "--steps", 9)
    assert "expects a run of generate" in fails(capsys, "generate", "--resume", classified)
    run = json.loads((tmp_path / "run.json").read_text())
    run["settings"]["model_settings"]["width"] = 9  # a checkpoint of another architecture
    (tmp_path / "run.json").write_text(json.dumps(run))
    line = fails(capsys, "generate", "--resume", tmp_path)
    assert "checkpoint.npz: resume expects" in line
    assert "as when the run began" in line


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("steps", "x", "run.json expects the settings of a run, has steps 'x'"),
        ("steps", None, "has steps None"),
        ("average", True, "has average True"),
        ("gan", "nope", "run.json expects one of article"),
        ("model", "nope", "run.json expects one of article_gan"),
        ("model", "dcgan", "dcgan: model_settings expects .*; has dropout"),
        ("objective", 3, "has objective 3"),
        ("kernels", None, "has kernels None"),
        ("model_settings", [], r"has model_settings \[\]"),
        ("label_smoothing", 7.0, "generate: --label-smoothing expects"),
    ],
)
def test_a_run_whose_settings_were_spoiled(name, value, says, finished, tmp_path, capsys):
    run = json.loads((finished / "run.json").read_text())
    run["settings"][name] = value
    (tmp_path / "run.json").write_text(json.dumps(run))
    assert re.search(says, fails(capsys, "generate", "--resume", tmp_path))


def test_a_run_whose_results_were_spoiled(finished, tmp_path, capsys):
    (tmp_path / "run.json").write_bytes((finished / "run.json").read_bytes())
    (tmp_path / "results.json").write_text('{"run": {}, "results": {}}')
    assert "expects the results of generate, is damaged" in fails(capsys, "generate", "--resume", tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such locks")
def test_two_runs_do_not_share_a_folder(finished, tmp_path, capsys):
    (tmp_path / "run.json").write_bytes((finished / "run.json").read_bytes())
    with runs.held(tmp_path, "generate"):
        assert "another process is at work on it" in fails(capsys, "generate", "--resume", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_diverging_training_is_one_line_that_names_the_player(own, tmp_path, capsys):
    line = fails(capsys, *words(own), "--lr-discriminator", "1e38", "--out", tmp_path / "run")
    assert "error: generate: step" in line
    assert "discriminator" in line
    assert "finite" in line
    assert "That is what exploding gradients end in. Likely remedy: lower learning rates (--lr-generator" in line


# --- help, and the command as it is typed ------------------------------------------------------------------------


def test_help_tells_the_names_and_the_defaults(capsys):
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "examples: python -m nnfromscratch generate" in text
    for name, recipe in gan_recipes.RECIPES.items():
        assert f"{name} {recipe.steps}" in text
        assert f"{name} {recipe.batch_size}" in text
    for name in gan_recipes.TECHNIQUES:
        assert f"--{name.replace('_', '-')}" in text
    with pytest.raises(SystemExit):
        main(["sample", "--help"])
    assert "examples: python -m nnfromscratch sample" in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_the_command_as_a_user_types_it(tmp_path):
    command = [sys.executable, "-m", "nnfromscratch", "generate", "--minutes", "1", "--seed", "3"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=1800, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no bars in a pipe
    (folder,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"generate-\d{4}-\d\d-\d\d-\d{6}", folder.name)
    assert {path.name for path in folder.iterdir()} == FILES
    results = runs.read_results(folder)["results"]
    assert arrays(folder / "samples.npz")["images"].shape == (10_000, 1, 28, 28)
    assert results["steps"] >= 100
    assert 9.5 < results["classifier_score"]["real"] < 10
    assert results["classes_covered"]["real"] == 10
    assert results["measured"]["samples"] == 10_000
    again = [sys.executable, "-m", "nnfromscratch", "sample", str(folder), "--n", "300"]
    assert subprocess.run(again, check=True, capture_output=True, text=True).stderr == ""
    assert (folder / "sample-300-seed-0.png").exists()
