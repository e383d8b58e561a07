"""``article``: three commands in one run, the sentence that comes of them, and a run that is stopped anywhere."""

import dataclasses
import functools
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nnfromscratch
from nnfromscratch import archive, data, gan, runs
from nnfromscratch.cli import (
    article,
    article_outcome,
    article_parts,
    classify,
    gan_game,
    gan_looks,
    gan_measures,
    gan_outcome,
    gan_recipes,
    generate,
    main,
    outcome,
    semi,
    semi_outcome,
)
from nnfromscratch.errors import NonFiniteError
from nnfromscratch.plotting import style
from nnfromscratch.report import article_words
from nnfromscratch.semi import training as few_labels
from nnfromscratch.training import loop

PARTS = ("classify", "generate", "semi")
ARMS = ["labels-only", "self-training", "gan"]
FILES = {"run.json", "results.json", "report.html", "article.png", *PARTS}
STEPS = 4
SMALL = dataclasses.replace(gan_recipes.RECIPES["article"], model_settings={"width": 8, "dropout": 0.3})
DRAWERS = (outcome, gan_outcome, semi_outcome)
DRAW = [module.draw for module in DRAWERS]


def plan(own):
    """The three parts, so short that a test can wait for them; the budget of the third comes from the time left."""
    return {
        "classify": {"data": own, "model": "lenet5", "epochs": 1, "batch_size": 32},
        "generate": {"data": own, "steps": STEPS, "batch_size": 8},
        "semi": {"data": own, "labels": 20, "seeds": 1, "jobs": 1},
    }


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A small data set of digits: 300 images to learn from, 60 to test."""
    path = tmp_path_factory.mktemp("own data") / "digits.npz"
    digits = data.load("mnist")
    train, test = digits.train.take(slice(300)), digits.test.take(slice(60))
    np.savez(path, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    return str(path)


@pytest.fixture(scope="module", autouse=True)
def small(own):
    """Short parts, few samples, a few steps for each arm however fast the machine; the parts draw nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in (
            (article_parts, "FULL", plan(own)), (article_parts, "QUICK", plan(own)),
            (gan_looks, "SAMPLES", 40), (gan_looks, "SHOWN", 9), (gan_looks, "NEAREST", 20),
            (gan_measures, "SAMPLES", 60), (gan_measures, "NEAREST", 30), (gan.measuring, "jackknife", lambda *_: 0.25),
            (style, "PIXELS_PER_INCH", 40), (gan_recipes, "RECIPES", {**gan_recipes.RECIPES, "article": SMALL}),
            (semi, "seconds_of_a_step", lambda take, minutes: 60 * minutes / (STEPS + 0.5)),
            *((module, "draw", lambda *_: {}) for module in DRAWERS),
        ):  # fmt: skip
            patch.setattr(module, name, value)
        patch.setattr(gan_game, "train_gan", functools.partial(gan.train_gan, checkpoint_seconds=0))
        yield


def words(folder, *more):
    return ["--kernels", "vectorized", "--seed", "3", "--out", str(folder), *more]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run with all its pictures."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    with pytest.MonkeyPatch.context() as patch:
        for module, draw in zip(DRAWERS, DRAW, strict=True):
            patch.setattr(module, "draw", draw)
        assert main(words(folder)) == 0
    return folder


def fails(capsys, *argv):
    """The one line on standard error of a command that a user got wrong."""
    assert main([str(word) for word in argv]) == 2
    line = capsys.readouterr().err
    assert line.startswith("nnfromscratch: error: ")
    assert line.count("\n") == 1
    return line


def results_of(folder):
    return runs.read_results(folder)["results"]


def without_clock(folder):
    """The results but for what the clock says; the third part's budget is what the first two have left."""
    clock = ("seconds", "timings", "budget_minutes", "page")

    def strip(value):
        if isinstance(value, dict):
            return {name: strip(part) for name, part in value.items() if name not in clock}
        return [strip(part) for part in value] if isinstance(value, list) else value

    return strip(results_of(folder))


# --- a run -------------------------------------------------------------------------------------------------------


def test_the_folder_of_a_run(finished):
    assert {path.name for path in finished.iterdir()} == FILES
    run, results = (runs.read_results(finished)[part] for part in ("run", "results"))
    assert (run["command"], run["seed"], run["kernels"]) == ("article", 3, "vectorized")
    assert run["settings"] == {"quick": False, "seed": 3, "kernels": "vectorized"}
    assert run["command_line"] == "python -m nnfromscratch article --seed 3 --kernels vectorized"
    assert list(results["seconds"]) == [*PARTS, "page"]
    assert results["timings"]["total_seconds"] == pytest.approx(sum(results["seconds"].values()))
    for part in PARTS:
        own_results = runs.read_results(finished / part)
        assert own_results["run"]["command"] == part
        assert (own_results["run"]["seed"], own_results["run"]["kernels"]) == (3, "vectorized")
        assert own_results["results"]["timings"]["total_seconds"] == results["seconds"][part]
        assert (finished / part / "report.html").is_file()


def test_the_figures_are_those_of_the_parts(finished):
    results = results_of(finished)
    classified, drawn, compared = (results_of(finished / part) for part in PARTS)
    for name in ("test_accuracy", "test_errors", "validation_accuracy", "images"):
        assert results["classify"][name] == classified[name]
    assert results["classify"]["epochs"] == 1
    for name in ("classifier_score", "frechet_distance", "classes_covered", "confident_share"):
        assert results["generate"][name] == {which: drawn[name][which] for which in ("value", "real")}
    assert results["generate"]["steps"] == STEPS
    assert list(results["semi"]["arms"]) == ARMS
    for name, arm in results["semi"]["arms"].items():
        assert arm["accuracy_mean"] == compared["arms"][name]["accuracy_mean"]
        assert arm["accuracy"] == compared["arms"][name]["accuracy"]
    assert results["semi"]["labels"] == 20
    assert results["semi"]["failed"] == {}
    assert results["semi"]["steps"] == {name: {"training": STEPS} for name in ARMS}


def test_the_gan_is_held_against_the_best_of_the_others_on_the_same_images(finished, own):
    semi_results, difference = results_of(finished / "semi"), results_of(finished)["semi"]["difference"]
    arms = semi_results["arms"]
    other = max(ARMS[:2], key=lambda name: arms[name]["validation_accuracy"])
    assert (difference["arm"], difference["other"]) == ("gan", other)
    answers, _ = archive.read_archive(finished / "semi" / "answers.npz")
    labels = data.load(own).test.labels
    gan_right, other_right = (answers[f"{name}, 20 labels, seed 3"] == labels for name in ("gan", other))
    each = gan_right.astype(float) - other_right
    assert difference["value"] == pytest.approx(each.mean())
    assert difference["uncertainty"] == pytest.approx(1.96 * each.std() / np.sqrt(len(each)))


@pytest.mark.parametrize("best", ARMS[:2])
def test_validation_images_choose_what_the_gan_is_held_against(best, finished, own):
    semi_results = results_of(finished / "semi")
    for name, arm in semi_results["arms"].items():
        arm["validation_accuracy"] = [0.9 if name == best else 0.1]
    assert article_outcome._difference(semi_results, finished, data.load(own).test)["other"] == best


def test_the_sentence_is_made_from_the_figures(finished):
    results = results_of(finished)
    assert results["verdict"] == article_words.verdict(results)
    assert results["sentence"] == article_words.sentence(results)
    assert results["caution"] == article_words.caution(results)
    assert "One set of labels proves nothing" in results["caution"]
    assert results["rough"] is False
    assert "Roughly" not in results["sentence"]


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.pictures, self.text, self.tags = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if (tag, name) == ("a", "href")]
        self.pictures += [value for name, value in attributes if (tag, name) == ("img", "src")]

    def handle_data(self, text):
        self.text.append(text)


def test_the_page(finished):
    text = (finished / "report.html").read_text(encoding="utf-8")
    page, results = Reader(text), results_of(finished)
    assert page.links == [f"{part}/report.html" for part in PARTS]
    assert all((finished / link).is_file() for link in page.links)
    assert len(page.pictures) == 4
    assert all(picture.startswith("data:image/png;base64,") for picture in page.pictures)
    assert results["sentence"] in page.text
    assert results["caution"] in page.text
    for name, arm in results["semi"]["arms"].items():
        assert name in page.text
        assert f"{100 * arm['accuracy_mean']:.2f}\xa0%" in page.text
    whole = " ".join("".join(page.text).split())
    assert "test images were looked at once" in whole
    assert "semi --seeds 5" in whole
    assert "--arms all" in whole
    assert runs.read_results(finished)["run"]["command_line"] in whole
    assert not re.search(r"https?:|<script|@import|url\(", text)


def test_the_picture(finished):
    with Image.open(finished / "article.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > 1.8 * picture.height


def test_what_is_said_meanwhile(tmp_path, capsys):
    assert main(words(tmp_path / "run")) == 0
    told = capsys.readouterr()
    assert told.err == ""
    lines, out = told.out.splitlines(), " ".join(told.out.split())
    assert lines[1] == f"Run      {tmp_path / 'run'}"
    assert lines[-1] == f"Report   {tmp_path / 'run' / 'report.html'}"
    places = [out.index(" ".join(text.split())) for part in article_parts.PARTS for text in (part.what, part.why)]
    assert places == sorted(places)
    for number, part in enumerate(article_parts.PARTS, start=1):
        assert f"{number} of 3 {part.what}" in out
        assert f"Why {part.why}" in out
    results = results_of(tmp_path / "run")
    for text in (results["sentence"], results["caution"]):
        assert " ".join(text.split()) in out
    assert "six minutes on two cores (with the vectorized kernels far longer)" in lines[0]
    assert "rough figures" not in told.out


def test_quick_says_that_it_is_rough(tmp_path, capsys):
    assert main(words(tmp_path / "run", "--quick")) == 0
    out = capsys.readouterr().out
    assert "rough figures" in out.splitlines()[0]
    results = results_of(tmp_path / "run")
    assert results["rough"] is True
    assert results["sentence"].startswith("Roughly, ")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Roughly, " in page
    assert "this run was quick" in page
    assert "--quick" in runs.read_results(tmp_path / "run")["run"]["command_line"]


def test_the_budget_is_what_the_first_parts_leave():
    assert article_parts.budget(100.0, 2) > article_parts.budget(120.0, 2) > article_parts.budget(120.0, 1) > 0.5
    assert article_parts.budget(120.0, 2) == pytest.approx(2 * article_parts.budget(120.0, 1), abs=0.1)
    assert article_parts.budget(120.0, 8) == article_parts.budget(120.0, 2)
    assert article_parts.budget(1e6, 2) == 0.5


def test_the_seconds_of_the_first_parts_decide_the_budget(finished, monkeypatch, tmp_path):
    spent = sum(results_of(finished / part)["timings"]["total_seconds"] for part in PARTS[:2])
    assert results_of(finished)["semi"]["budget_minutes"] in (
        article_parts.budget(spent, 1), article_parts.budget(spent, 2),
    )  # fmt: skip
    monkeypatch.setattr(article_parts, "budget", lambda spent, threads: 0.25 if spent > 0 else 99.0)
    assert main(words(tmp_path / "run")) == 0
    assert results_of(tmp_path / "run")["semi"]["budget_minutes"] == 0.25


# --- stopped -----------------------------------------------------------------------------------------------------


def stopped_at(patch, place, name, when):
    """The first call of ``place.name`` for which ``when`` holds is the moment at which the run is stopped."""
    original = getattr(place, name)

    def stop(*arguments, **named):
        if when(*arguments):
            raise KeyboardInterrupt
        return original(*arguments, **named)

    patch.setattr(place, name, stop)


MOMENTS = {
    "before the first part": (article, "_run_part", lambda *_: True),
    "before its description": (classify, "make_network", lambda *_: True),
    "in the first part": (loop, "_step", lambda *_: True),
    "before the second part": (article, "_run_part", lambda folder, *_: folder.name == "generate"),
    "in the second part": (gan_looks.Looks, "look", lambda _self, step, *_: step == 2),
    "before the third part": (article, "_run_part", lambda folder, *_: folder.name == "semi"),
    "in the third part": (few_labels, "step", lambda learner: learner.generator is not None),
    "pictures": (article_outcome, "draw", lambda *_: True),
    "results": (runs, "write_results", lambda folder, *_: (folder / "semi").exists()),
}


@pytest.mark.parametrize(("place", "name", "when"), MOMENTS.values(), ids=MOMENTS)
def test_stopped_anywhere_it_goes_on_to_the_same_end(place, name, when, finished, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        stopped_at(patch, place, name, when)
        assert main(words(folder)) == 130
    stopped = f"Stopped. To go on: python -m nnfromscratch article --resume {folder}"
    assert capsys.readouterr().err.strip() == stopped
    assert not (folder / "results.json").exists()
    finished_parts = {part: (folder / part / "results.json").stat().st_mtime_ns
                      for part in PARTS if runs.is_finished(folder / part)}  # fmt: skip
    assert main(["--resume", str(folder)]) == 0
    assert without_clock(folder) == without_clock(finished)
    assert runs.read_results(folder)["run"]["resumed"] is True
    for part, written in finished_parts.items():
        assert (folder / part / "results.json").stat().st_mtime_ns == written  # nothing is done twice


# What ``small`` does, in a process of its own.
PROGRAM = """
import dataclasses, os, signal, sys
from nnfromscratch import gan, runs
from nnfromscratch.cli import article_parts, gan_looks, gan_measures, gan_recipes, main, semi
from nnfromscratch.semi import training
if __name__ == "__main__":
    article_parts.FULL = {plan}
    gan_looks.SAMPLES, gan_looks.SHOWN, gan_looks.NEAREST = 40, 9, 20
    gan_measures.SAMPLES, gan_measures.NEAREST = 60, 30
    gan.measuring.jackknife = lambda *_: 0.25
    article = gan_recipes.RECIPES["article"]
    gan_recipes.RECIPES["article"] = dataclasses.replace(article, model_settings={{"width": 8, "dropout": 0.3}})
    semi.seconds_of_a_step = lambda take, minutes: 60 * minutes / {steps}
{more}
    sys.exit(main(sys.argv[1:]))
"""
KILL_IN_TRAINING = """
step = training.step
def killing(learner):
    if learner.generator is not None and learner.history.steps_done == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    step(learner)
training.step = killing
"""
KILL_BEFORE_DESCRIPTION = """
write = runs.write_run
def killing(folder, run):
    if run["command"] == "generate":
        (folder / ".run.json.half.part").write_text("{")
        os.kill(os.getpid(), signal.SIGKILL)
    write(folder, run)
runs.write_run = killing
"""


def process(own, folder, more="", **environment):
    program = PROGRAM.format(plan=plan(own), steps=STEPS + 0.5, more=textwrap.indent(more, "    "))
    command = [sys.executable, "-c", program, *words(folder)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300)


@pytest.mark.parametrize(
    "how", [KILL_BEFORE_DESCRIPTION, pytest.param(KILL_IN_TRAINING, marks=pytest.mark.slow)], ids=["part", "training"]
)
def test_killed_it_goes_on_to_the_same_end(how, own, finished, tmp_path):
    assert process(own, tmp_path / "run", how).returncode == -signal.SIGKILL
    assert not (tmp_path / "run" / "results.json").exists()
    assert main(["article", "--resume", str(tmp_path / "run")]) == 0
    assert without_clock(tmp_path / "run") == without_clock(finished)
    assert not list((tmp_path / "run").rglob(".*.part"))


def test_a_window_system_that_is_not_there_spoils_no_run(own, tmp_path):
    folder = tmp_path / "run"
    done = process(own, folder, MPLBACKEND="nowhere")
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in folder.iterdir()} == FILES
    (folder / "results.json").unlink()  # only the page is left to be made
    command = [sys.executable, "-m", "nnfromscratch", "--resume", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "MPLBACKEND": "nowhere"})
    assert (done.returncode, done.stderr) == (0, "")


def test_a_finished_run_says_so_and_stays_as_it_is(finished, capsys):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    assert main(["--resume", str(finished)]) == 0
    out = capsys.readouterr().out
    assert f"Finished: {results_of(finished)['sentence']}".split() == out[: out.index("One set")].split()
    assert out.splitlines()[-1] == f"Report   {finished / 'report.html'}"
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before


# --- what fails --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["gan", "self-training"])
def test_an_arm_that_fails_leaves_the_rest(lost, tmp_path, capsys, monkeypatch):
    real = few_labels.step

    def failing(learner):
        name = "gan" if learner.generator is not None else "self-training" if learner.method.uses_teacher else ""
        if name == lost:
            raise NonFiniteError("expects finite numbers, has a loss of nan")
        real(learner)

    monkeypatch.setattr(few_labels, "step", failing)
    assert main(words(tmp_path / "run")) == 1
    told = capsys.readouterr()
    assert f"nnfromscratch: {lost}, 20 labels, seed 3 failed: " in told.err
    results = results_of(tmp_path / "run")
    assert results["verdict"] == "unknown"
    assert results["semi"]["difference"] is None
    assert list(results["semi"]["arms"]) == [name for name in ARMS if name != lost]
    assert f"there is no answer, because {lost} failed" in results["sentence"]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert results["sentence"] in page
    assert "has a loss of nan" in page
    assert main(["--resume", str(tmp_path / "run")]) == 1  # told again


def test_a_part_that_fails_is_one_line_and_can_be_gone_on_with(finished, tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(generate, "make_game", lambda *_: (_ for _ in ()).throw(MemoryError("no room")))
        assert "more memory than there is. no room" in fails(capsys, *words(tmp_path / "run"))
    assert main(["--resume", str(tmp_path / "run")]) == 0
    assert without_clock(tmp_path / "run") == without_clock(finished)


def test_a_folder_that_exists_is_never_overwritten(finished, tmp_path, capsys):
    line = fails(capsys, *words(finished))
    assert f"article: {finished} exists and is never overwritten; continue it with --resume {finished}" in line
    (tmp_path / "file").write_text("")
    assert "is a file" in fails(capsys, *words(tmp_path / "file"))
    assert "can be made" in fails(capsys, *words(tmp_path / "file" / "below"))


def test_a_folder_that_cannot_be_written_is_told_before_any_work(tmp_path, capsys, monkeypatch):
    def read_only(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "fsync", read_only)
    monkeypatch.setattr(article, "_tell", lambda *_, **__: pytest.fail("it works in a folder that cannot be written"))
    assert "Read-only file system" in fails(capsys, *words(tmp_path / "run"))


def test_two_runs_do_not_share_a_folder(tmp_path, finished, capsys):
    folder = unfinished(finished, tmp_path / "run")
    with runs.held(folder, "article"):
        assert "another process is at work on it" in fails(capsys, "--resume", folder)


def unfinished(finished, folder, **changes):
    """A run without results, whose run.json has been changed."""
    folder.mkdir()
    run = json.loads((finished / "run.json").read_text())
    for name, value in changes.items():
        (run["settings"] if name in run["settings"] else run)[name] = value
    (folder / "run.json").write_text(json.dumps(run))
    return folder


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": True}, "expects what the command wrote, has another seed"),
        ({"quick": None}, "expects what the command wrote, has another quick"),
        ({"kernels": "fast"}, "kernels in .* expects one of"),
        ({"plan": {"classify": {}}}, "expects what the command wrote, has another plan"),
        ({"command": "classify"}, "article: --resume expects a run of article, .* is of 'classify'"),
        ({"versions": {"nnfromscratch": "0.0.1"}}, f"expects a run of nnfromscratch {nnfromscratch.__version__}"),
    ],
    ids=str,
)
def test_a_run_whose_description_was_spoiled(changes, says, finished, tmp_path, capsys):
    assert re.search(says, fails(capsys, "--resume", unfinished(finished, tmp_path / "run", **changes)))


def test_results_that_were_spoiled(finished, tmp_path, capsys):
    folder = unfinished(finished, tmp_path / "run")
    (folder / "results.json").write_text('{"run": {}, "results": {"sentence": "S"}}')
    assert "expects the results of article, is damaged" in fails(capsys, "--resume", folder)


def test_a_part_whose_results_were_spoiled(finished, tmp_path, capsys):
    folder = unfinished(finished, tmp_path / "run")
    for part in PARTS:
        (folder / part).mkdir()
        for name in ("run.json", "results.json"):
            (folder / part / name).write_text((finished / part / name).read_text())
    spoiled = json.loads((finished / "generate" / "results.json").read_text())
    del spoiled["results"]["timings"]
    (folder / "generate" / "results.json").write_text(json.dumps(spoiled))
    line = fails(capsys, "--resume", folder)
    assert re.search(r"generate.results.json: expects the results of a run, is damaged", line)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--seed", "-1"], "whole number of at least 0, is '-1'"),
        (["--kernels", "fast"], "article: --kernels expects one of"),
        (["--epochs", "2"], "unrecognized arguments: --epochs"),
        (["--resume", "nowhere"], "nowhere"),
        (["--resume", "a", "--out", "b"], "either --out"),
    ],
)
def test_each_mistake_has_one_clear_line(given, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert says in fails(capsys, *given)
    assert list(tmp_path.iterdir()) == []  # nothing was begun


def test_a_run_goes_on_with_the_settings_that_it_had(finished, tmp_path, capsys):
    folder = unfinished(finished, tmp_path / "run")
    assert "--seed expects 3, with which" in fails(capsys, "--resume", folder, "--seed", "4")
    assert "--quick expects False, with which" in fails(capsys, "--resume", folder, "--quick")


def test_without_a_name_it_is_article(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []
    monkeypatch.setattr(article, "run", lambda arguments: seen.append(arguments.quick) or 0)
    assert main([]) == main(["--quick"]) == main(["article", "--quick"]) == 0
    assert seen == [None, True, True]


@pytest.mark.slow
def test_the_quick_command_as_a_user_types_it(tmp_path):
    command = [sys.executable, "-m", "nnfromscratch", "--quick"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=1800, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no bars in a pipe
    (folder,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"article-\d{4}-\d\d-\d\d-\d{6}", folder.name)
    assert {path.name for path in folder.iterdir()} == FILES
    results = results_of(folder)
    assert results["classify"]["test_accuracy"] > 0.9
    assert 9.5 < results["generate"]["classifier_score"]["real"] < 10
    assert results["semi"]["arms"]["gan"]["accuracy_mean"] > 0.6
    assert done.stdout.splitlines()[-1] == f"Report   {Path('runs', folder.name, 'report.html')}"
