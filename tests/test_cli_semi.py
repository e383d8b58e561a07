"""``semi``: the folder of a run and its figures, a run that is stopped or loses an arm, and what users get wrong."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from html import escape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nnfromscratch
from nnfromscratch import archive, data, kernels, runs
from nnfromscratch.cli import main, semi, semi_jobs, semi_outcome, semi_settings
from nnfromscratch.cli.gan_warm_up import seconds_of_a_step
from nnfromscratch.cli.parser import build_parser
from nnfromscratch.cli.semi_parser import _ARMS, DEFAULTS
from nnfromscratch.errors import NonFiniteError
from nnfromscratch.plotting import style
from nnfromscratch.semi import ARMS, Cell, paired_difference
from nnfromscratch.semi import training as training_module
from nnfromscratch.semi.progress import Course

ARM_NAMES = ["labels-only", "self-training", "gan"]
PICTURES = ("accuracy", "curves", "labels", "samples", "disagreements")
FILES = {"run.json", "results.json", "report.html", "answers.npz", "trainings", *(f"{name}.png" for name in PICTURES)}
DRAW = semi_outcome.draw
STEPS = 6


@pytest.fixture(scope="module", autouse=True)
def small():
    """A few steps for each arm, however fast the machine; nothing is drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(semi, "seconds_of_a_step", lambda take, minutes: 60 * minutes / (STEPS + 0.5))
        patch.setattr(semi_outcome, "draw", lambda *_: {})
        patch.setattr(style, "PIXELS_PER_INCH", 40)
        yield


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A small data set of a user's own, of digits: 300 images to learn from, 60 to test."""
    path = tmp_path_factory.mktemp("own data") / "digits.npz"
    digits = data.load("mnist")
    train, test = digits.train.take(slice(300)), digits.test.take(slice(60))
    np.savez(path, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    return str(path)


def words(own, out, **more):
    given = {"data": own, "labels": 20, "seeds": 2, "kernels": "vectorized", "jobs": 1, "out": out, **more}
    return ["semi", *(part for name, value in given.items() for part in (f"--{name}", str(value)))]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, own):
    """A run with its pictures."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(semi_outcome, "draw", DRAW)
        assert main(words(own, folder, labels="20,40", seed=3)) == 0
    return folder


def fails(capsys, *argv):
    """The one line on standard error of a command that a user got wrong."""
    assert main([str(word) for word in argv]) == 2
    line = capsys.readouterr().err
    assert line.startswith("nnfromscratch: error: ")
    assert line.count("\n") == 1
    return line


# --- a run -------------------------------------------------------------------------------------------------------


def test_the_folder_of_a_run(finished):
    assert {path.name for path in finished.iterdir()} == FILES
    run, results = (runs.read_results(finished)[part] for part in ("run", "results"))
    assert run["command"] == "semi"
    assert run["settings"]["arms"] == ",".join(ARM_NAMES)
    assert run["steps"] == results["steps"] == {name: {"training": STEPS} for name in ARM_NAMES}
    assert results["images"] == {"train": 270, "validation": 30, "test": 60}
    assert (results["labels"], results["seeds"]) == (["20", "40"], [3, 4])
    for name in PICTURES:
        with Image.open(finished / f"{name}.png") as picture:
            assert picture.format == "PNG"
    assert len(list((finished / "trainings").iterdir())) == 12


def test_the_figures_are_those_of_the_answers(finished, own):
    results = runs.read_results(finished)["results"]
    labels = data.load(own).test.labels
    answers, _ = archive.read_archive(finished / "answers.npz")
    assert results["arms"] == results["by_labels"]["20"]["arms"]
    for count in ("20", "40"):
        for name, arm in results["by_labels"][count]["arms"].items():
            expected = [(answers[f"{name}, {count} labels, seed {seed}"] == labels).mean() for seed in (3, 4)]
            assert arm["accuracy"] == pytest.approx(expected)
            assert arm["accuracy_mean"] == pytest.approx(np.mean(expected))
            assert arm["accuracy_std"] == pytest.approx(np.std(expected, ddof=1))
            assert arm["seconds"] > 0
            assert arm["samples"] > 0
            assert [each["step"] for each in arm["over_time"]] == [[1, 2, 3, 4, 5, 6]] * 2
    pair = results["paired"][-1]
    assert (pair["arm"], pair["other"]) == ("gan", "self-training")
    expected = paired_difference(*(results["arms"][name]["accuracy"] for name in ("gan", "self-training")))
    assert (pair["mean"], pair["std"], pair["p_value"]) == (expected.mean, expected.std, expected.p_value)


def test_the_saved_networks_are_those_that_answered(finished, own):
    """The gan of seed 4 once more, from its checkpoint: the averaged weights."""
    arrays, description = archive.read_archive(finished / "trainings" / "gan-20-labels-seed-4" / "training.npz")
    assert description["history"]["steps_done"] == STEPS
    x = data.as_input(data.load(own).test.images).reshape(60, -1)
    for place, last in ((2, False), (5, False), (8, False), (11, True)):
        v = arrays[f"averaged/params/{place}.v"]
        g = arrays[f"averaged/{'params' if last else 'state'}/{place}.g"]
        x = x @ (v * g / np.sqrt((v * v).sum(axis=0))) + arrays[f"averaged/params/{place}.bias"]
        x = x if last else np.maximum(x, 0)
    answers, _ = archive.read_archive(finished / "answers.npz")
    np.testing.assert_array_equal(x.argmax(axis=1), answers["gan, 20 labels, seed 4"])


def test_the_page_says_what_the_figures_say(finished):
    page, results = (finished / "report.html").read_text(), runs.read_results(finished)["results"]
    for name, arm in results["arms"].items():
        assert f"<td>{name}</td>" in page
        assert f"{100 * arm['accuracy_mean']:.2f}\u00a0%" in page
    assert page.count("data:image/png;base64,") == len(PICTURES)
    assert "looked at once" in page
    assert escape(runs.read_results(finished)["run"]["command_line"]) in page


def test_a_finished_run_is_told_again(finished, capsys):
    before = (finished / "results.json").read_bytes()
    assert main(["semi", "--resume", str(finished)]) == 0
    assert "Finished: With 20 labels, " in capsys.readouterr().out
    assert (finished / "results.json").read_bytes() == before


def test_every_arm_on_a_folder_of_pictures(tmp_path, capsys):
    """Colour pictures in folders by class; all arms; one label set."""
    rng = np.random.default_rng(0)
    for name, channel in (("red", 0), ("green", 1)):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(30):
            pixels = rng.integers(0, 90, (20, 20, 3)).astype(np.uint8)
            pixels[..., channel] += 150
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{number}.png")
    pictures, out = str(tmp_path / "pictures"), tmp_path / "run"
    assert main([*words(pictures, out, arms="all", labels=4, seeds=1), "--image-size", "16"]) == 0, capsys.readouterr()
    results = runs.read_results(out)["results"]
    assert list(results["arms"]) == list(ARMS)
    assert results["image_shape"] == [3, 16, 16]
    assert sorted(results["classes"]) == ["green", "red"]


# --- stopped, failed ---------------------------------------------------------------------------------------------


def without_clock(folder):
    """The results but for what the clock says."""
    results = runs.read_results(folder)["results"]

    def strip(value):
        if isinstance(value, dict):
            return {name: strip(part) for name, part in value.items() if name not in ("seconds", "timings")}
        return [strip(part) for part in value] if isinstance(value, list) else value

    return strip(results)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, own):
    """What the runs below are to end with."""
    folder = tmp_path_factory.mktemp("runs") / "unbroken"
    assert main(words(own, folder)) == 0
    return folder


@pytest.mark.parametrize(
    "stop", [pytest.param(1, marks=pytest.mark.slow), 14, pytest.param(25, marks=pytest.mark.slow)]
)
def test_stopped_and_resumed_it_ends_the_same(stop, unbroken, own, tmp_path, capsys, monkeypatch):
    real, taken = training_module.step, []

    def stopping(learner):
        taken.append(None)
        if len(taken) == stop:
            signal.raise_signal(signal.SIGINT)
        real(learner)

    with monkeypatch.context() as patch:
        patch.setattr(training_module, "step", stopping)
        assert main(words(own, tmp_path / "stopped")) == 130
    assert f"semi --resume {tmp_path / 'stopped'}" in capsys.readouterr().err
    # the machine has become ten times as fast since: that changes nothing
    monkeypatch.setattr(semi, "seconds_of_a_step", lambda *_: pytest.fail("steps are timed once more"))
    assert main(["semi", "--jobs", "1", "--resume", str(tmp_path / "stopped")]) == 0
    assert without_clock(tmp_path / "stopped") == without_clock(unbroken)


def test_several_at_a_time_end_the_same(unbroken, own, tmp_path, capsys):
    """Also a run that was planned for one at a time goes on with two."""
    (tmp_path / "run").mkdir()
    shutil.copy(unbroken / "run.json", tmp_path / "run")
    assert main(["semi", "--jobs", "2", "--resume", str(tmp_path / "run")]) == 0
    assert "Training 6 networks on from their checkpoints, 2 at a time" in capsys.readouterr().out
    assert without_clock(tmp_path / "run") == without_clock(unbroken)


def test_a_run_of_several_at_a_time(own, tmp_path, capsys):
    out = tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(semi, "seconds_of_a_step", seconds_of_a_step)
        assert main(words(own, out, jobs=2, seeds=1, budget=0.01, arms="labels-only,gan")) == 0
    run = runs.read_results(out)["run"]
    assert (run["jobs"], run["threads"]) == (2, 1)
    assert "--jobs 2" in run["command_line"]
    assert "Timing a few steps of each arm, 2 at once, as they will train" in capsys.readouterr().out
    assert "<td>trainings at a time</td>" in (out / "report.html").read_text()


def test_a_bar_for_each_training_goes_when_it_is_done(capsys):
    first, second = (Cell("gan", 20, seed) for seed in (0, 1))
    bars = semi_jobs.Bars(2)
    bars.show(first, Course("first teacher", 5, 10, None))
    bars.show(second, Course("second", 1, 10, 0.5))
    bars.show(first, Course("first student", 0, 10, None))  # the next part has a bar of its own, on the same line
    assert [bars._bars[cell].pos for cell in (first, second)] == [0, -1]
    bars.close(first)
    bars.show(Cell("gan", 20, 2), Course("third", 1, 10, None))
    bars.close_all()
    assert not bars._bars
    assert bars._free == [0, 1]
    shown = capsys.readouterr().err
    for words in ("first teacher:  50%", "second:  10%", "validation accuracy 50.00%", "first student:   0%", "third"):
        assert words in shown


def test_an_arm_that_fails_is_told_and_the_others_are_kept(own, tmp_path, capsys, monkeypatch):
    real = training_module.step

    def failing(learner):
        if learner.generator is not None and learner.history.steps_done == 3:
            raise NonFiniteError("expects finite numbers, has a loss of nan")
        real(learner)

    monkeypatch.setattr(training_module, "step", failing)
    assert main(words(own, tmp_path / "run")) == 1
    told = capsys.readouterr()
    assert "nnfromscratch: gan, 20 labels, seed 0 failed: train_few_labels: step 4: expects finite numbers" in told.err
    results = runs.read_results(tmp_path / "run")["results"]
    assert list(results["arms"]) == ["labels-only", "self-training"]
    assert list(results["failed"]) == ["gan, 20 labels, seed 0", "gan, 20 labels, seed 1"]
    assert "What failed" in (tmp_path / "run" / "report.html").read_text()


def test_an_arm_without_time_for_a_step_is_told(own, tmp_path, capsys, monkeypatch):
    def slow_gan(take, minutes):
        samples = take.__closure__ and [cell.cell_contents for cell in take.__closure__]
        slow = any(getattr(each, "generator_rate", None) for each in samples or [])
        return 1e9 if slow else 60 * minutes / (STEPS + 0.5)

    monkeypatch.setattr(semi, "seconds_of_a_step", slow_gan)
    assert main(words(own, tmp_path / "run")) == 1
    assert "gan, 20 labels, seed 0 failed: a budget of 120 s is too short for one step" in capsys.readouterr().err


def test_a_budget_too_short_for_anything_is_one_line(own, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(semi, "seconds_of_a_step", lambda take, minutes: 1e9)
    line = fails(capsys, *words(own, tmp_path / "run", budget=0.001))
    assert "--budget 0.001: no arm can be trained; a budget of 0.06 s is too short for one step" in line


@pytest.mark.skipif(kernels.why_not_compiled() is not None, reason="needs the compiled kernels")
def test_ctrl_c_while_kernels_are_compiled_is_heard(own, tmp_path, monkeypatch):
    """Numba, stopped while it compiles, raises an error of its own."""

    def stopped(learner):
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("cannot clear up")

    monkeypatch.setattr(training_module, "step", stopped)
    monkeypatch.setattr(semi, "seconds_of_a_step", lambda *_: pytest.fail("it goes on"))
    assert main(words(own, tmp_path / "run", kernels="compiled")) == 130


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_in_a_process_of_its_own(jobs, own, tmp_path):
    command = [sys.executable, "-m", "nnfromscratch", *words(own, tmp_path / "run", budget=0.05, seeds=1, jobs=jobs)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path.cwd())
    checkpoint = tmp_path / "run" / "trainings" / "self-training-20-labels-seed-0" / "training.npz"
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "To go on: " in err
    again = [sys.executable, "-m", "nnfromscratch", "semi", "--resume", str(tmp_path / "run")]
    assert subprocess.run(again, capture_output=True, check=False, cwd=Path.cwd()).returncode == 0


# --- what a user gets wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": 5}, "semi: --labels expects at least one label for each of the 10 classes, is 5"),
        ({"labels": 1000}, "semi: --labels expects at most the 270 images, is 1000"),
        ({"labels": 260}, "semi: --labels expects at most the images that a class has"),
        ({"labels": "many"}, "--labels expects whole numbers of at least 1, or all, such as 10,100; has 'many'"),
        ({"labels": "20,20"}, "--labels expects different numbers"),
        ({"labels": ""}, "--labels expects whole numbers"),
        ({"arms": "gann"}, "--arms expects one of .*did you mean 'gan'"),
        ({"arms": "gan,gan"}, "--arms expects all, or different names"),
        ({"arms": "gan,all"}, "--arms expects all, or different names"),
        ({"seeds": 0}, "--seeds: expects a whole number from 1 to 20"),
        ({"seeds": 21}, "--seeds: expects a whole number from 1 to 20"),
        ({"jobs": 0}, "--jobs: expects a whole number of at least 1"),
        ({"budget": 0}, "--budget: expects a number above 0"),
        ({"kernels": "fast"}, "--kernels expects one of"),
        ({"data": "nowhere"}, "semi: --data expects one of"),
        ({"data": "/nowhere.npz"}, "does not exist"),
        ({"image-size": 28}, "semi: --image-size expects a folder"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line_and_makes_no_folder(given, message, own, tmp_path, capsys):
    line = fails(capsys, *words(own, tmp_path / "run", **given))
    assert re.search(message, line), line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("count", [6, "all"])
@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_class_without_a_label_is_told(count, missing, tmp_path, capsys):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (60, 8, 8)).astype(np.uint8), np.delete([0, 1, 2], missing)[np.arange(60) % 2]
    np.savez(
        tmp_path / "gap.npz", x_train=images, y_train=labels, x_test=images, y_test=labels, classes=["a", "b", "c"]
    )
    told = fails(capsys, *words(tmp_path / "gap.npz", tmp_path / "run", labels=count))
    assert f"has none of class {missing}" in told


def test_a_folder_that_exists_is_never_overwritten(finished, own, capsys):
    assert "exists and is never overwritten" in fails(capsys, *words(own, finished))


def unfinished(finished, folder, **changes):
    """A run without results, whose run.json has been changed."""
    folder.mkdir()
    run = json.loads((finished / "run.json").read_text())
    for name, value in changes.items():
        run["settings" if name in run["settings"] else name] = (
            {**run["settings"], name: value} if name in run["settings"] else value
        )
    (folder / "run.json").write_text(json.dumps(run))
    return folder


def test_a_run_of_another_version_is_told(finished, tmp_path, capsys):
    folder = unfinished(finished, tmp_path / "old", versions={"nnfromscratch": "0.0.1"})
    line = fails(capsys, "semi", "--resume", folder)
    assert f"expects a run of nnfromscratch {nnfromscratch.__version__}, {folder} was started with 0.0.1" in line


@pytest.mark.parametrize(("name", "value"), [("labels", 7.5), ("budget", "long"), ("seeds", True), ("arms", None)])
def test_a_damaged_run_is_told(name, value, finished, tmp_path, capsys):
    folder = unfinished(finished, tmp_path / "damaged", **{name: value})
    assert f"expects the settings of a run, has {name}" in fails(capsys, "semi", "--resume", folder)


def test_other_settings_than_the_run_s_are_told(finished, tmp_path, capsys):
    folder = unfinished(finished, tmp_path / "run")
    line = fails(capsys, "semi", "--resume", folder, "--budget", "9")
    assert "--budget expects 2.0, with which" in line


def test_damaged_results_are_told(finished, tmp_path, capsys):
    folder = unfinished(finished, tmp_path / "run")
    (folder / "results.json").write_text('{"run": {}, "results": {"arms": {}}}')
    assert "expects the results of semi, is damaged" in fails(capsys, "semi", "--resume", folder)


def test_help_names_every_arm_and_default(capsys):
    with pytest.raises(SystemExit):
        build_parser().parse(["semi", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert {name.removesuffix("-aug") for name in ARMS} == set(_ARMS)
    for name, meaning in _ARMS.items():
        assert f"{name} {meaning}" in text
    assert semi_settings.arms_of(DEFAULTS) == tuple(ARM_NAMES)
