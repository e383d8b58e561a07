import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import nnfromscratch
from nnfromscratch import data, kernels, models, runs
from nnfromscratch.cli import main, recipe
from nnfromscratch.cli.classify import load_splits
from nnfromscratch.cli.outcome import figure_box
from nnfromscratch.layers import Sequential
from nnfromscratch.plotting import style
from nnfromscratch.report import PICTURES

FILES = {
    "run.json",
    "results.json",
    "report.html",
    "network.npz",
    "checkpoint.npz",
    *(f"{name}.png" for name in PICTURES),
}


@pytest.fixture(scope="module", autouse=True)
def small_pictures():
    """The runs in this process draw with few pixels, which saves a second for each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "PIXELS_PER_INCH", 40)
        yield


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist")


@pytest.fixture(scope="module")
def own(tmp_path_factory, digits):
    """A small data set of a user's own: 330 images to learn from (33 of them to choose by), 50 to be tested on."""
    path = tmp_path_factory.mktemp("own data") / "digits.npz"
    train, test = digits.train.take(slice(330)), digits.test.take(slice(50))
    np.savez(path, x_train=train.images, y_train=train.labels, x_test=test.images, y_test=test.labels)
    return str(path)


def options(own, epochs=2):
    return [
        "classify",
        "--data",
        own,
        "--model",
        "lenet5",
        "--epochs",
        str(epochs),
        "--kernels",
        "vectorized",
        "--batch-size",
        "16",
    ]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, own):
    folder = tmp_path_factory.mktemp("runs") / "finished"
    assert main([*options(own, 3), "--learning-rate", "0.004", "--out", str(folder)]) == 0
    return folder


def fails(capsys, *argv):
    """The one line on standard error of a command that a user got wrong."""
    assert main([str(word) for word in argv]) == 2
    line = capsys.readouterr().err
    assert line.startswith("nnfromscratch: error: ")
    assert line.count("\n") == 1
    return line


def weights(folder):
    with np.load(folder / "network.npz") as file:
        return {name: file[name] for name in file.files}


def figures(folder):
    """The results without what the clock says."""
    results = runs.read_results(folder)["results"]
    for name in ("seconds", "validation_seconds", "images_per_second"):
        del results["history"][name]
    return {name: value for name, value in results.items() if name != "timings"}


# --- classify ----------------------------------------------------------------------------------------------------


def test_classify_on_mnist(tmp_path):
    """As a user types it, with the default network, data and kernels; just fewer images."""
    command = [sys.executable, "-m", "nnfromscratch", "classify", "--train-size", "600", "--epochs", "1", "--seed", "3"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no bars in a pipe
    (folder,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"classify-\d{4}-\d\d-\d\d-\d{6}", folder.name)
    assert {path.name for path in folder.iterdir()} == FILES

    lines = done.stdout.replace("\xa0", " ").splitlines()
    run, results = (runs.read_results(folder)[part] for part in ("run", "results"))
    assert lines[0] == "Data     mnist: 600 images to learn from, 5,000 to choose by, 10,000 to be tested on"
    assert lines[2] == f"Run      {Path('runs', folder.name)}"
    assert f"test accuracy {results['test_accuracy']:.2%}".replace("%", " %") in lines[-2]
    assert lines[-1] == f"Report   {Path('runs', folder.name, 'report.html')}"

    assert run["command"] == "classify"
    assert run["seed"] == run["settings"]["seed"] == 3
    assert run["kernels"] == kernels.default()
    assert run["settings"]["data"] == "mnist"
    assert run["settings"]["model"] == "cnn"
    assert run["settings"]["train_size"] == 600
    assert run["settings"]["augmentation"] == recipe.AUGMENTATION
    assert run["started"] <= run["finished"]
    assert results["images"] == {"train": 600, "validation": 5000, "test": 10000}
    assert results["figure_box"] == 20
    assert results["test_accuracy"] > 0.2


def test_results_hold_together(finished):
    contents = json.loads((finished / "results.json").read_text(encoding="utf-8"))
    assert set(contents) == {"run", "results"}
    results = contents["results"]
    confusion = np.array(results["confusion_matrix"])
    assert confusion.shape == (10, 10)
    assert confusion.sum() == results["images"]["test"] == 50
    assert results["images"] == {"train": 297, "validation": 33, "test": 50}
    assert results["test_accuracy"] == np.trace(confusion) / 50
    assert results["test_errors"] == 50 - np.trace(confusion)
    assert list(results["per_class"]) == results["classes"] == list("0123456789")
    for index, figures_of_class in enumerate(results["per_class"].values()):
        assert figures_of_class["support"] == confusion[index].sum()
        if confusion[index].sum():
            assert figures_of_class["recall"] == pytest.approx(confusion[index, index] / confusion[index].sum())
    history = results["history"]
    assert len(history["loss"]) == len(history["validation_accuracy"]) == 3
    assert results["validation_accuracy"] == max(history["validation_accuracy"])
    assert history["validation_accuracy"][history["best_epoch"]] == results["validation_accuracy"]
    assert history["learning_rate"] == sorted(history["learning_rate"], reverse=True)
    assert 0 < history["learning_rate"][-1] < history["learning_rate"][0] < 0.004
    assert len(results["most_confident_mistakes"]) == min(24, results["test_errors"])
    assert all(mistake["true"] != mistake["predicted"] for mistake in results["most_confident_mistakes"])
    assert results["network"]["parameters"] == 61706
    assert sum(layer["parameters"] for layer in results["network"]["layers"]) == 61706
    timings = results["timings"]
    assert timings["total_seconds"] > timings["training_seconds"] > 0
    assert timings["images_per_second"] == pytest.approx(3 * 297 / timings["training_seconds"])
    assert "step_loss" not in history


def test_saved_weights_are_those_that_were_tested(finished, own):
    results = runs.read_results(finished)["results"]
    network = models.lenet5(rng=np.random.default_rng(9))
    network.load(finished / "network.npz")
    test = data.load(own).test
    with kernels.use("vectorized"):
        predictions = network.predict(data.as_input(test.images)).argmax(axis=1)
    assert (predictions == test.labels).mean() == results["test_accuracy"]


def test_the_best_epoch_is_kept_where_a_later_one_was_worse(own, tmp_path, monkeypatch):
    """In the third epoch the learning rate is made a thousand times too high."""
    monkeypatch.setattr(recipe, "make_schedule", lambda steps: lambda step: 1.0 if step < steps * 2 // 3 else 1000.0)
    assert main([*options(own, 3), "--learning-rate", "0.004", "--out", str(tmp_path / "run")]) == 0
    results = runs.read_results(tmp_path / "run")["results"]
    history = results["history"]
    assert history["best_epoch"] == 1
    assert history["validation_accuracy"][2] < history["validation_accuracy"][1] == results["validation_accuracy"]
    validation = load_splits({**recipe.DEFAULTS, "data": own, "batch_size": 16}).validation
    network = models.lenet5(rng=np.random.default_rng(9))
    network.load(tmp_path / "run" / "network.npz")
    with kernels.use("vectorized"):
        predictions = network.predict(data.as_input(validation.images)).argmax(axis=1)
    assert (predictions == validation.labels).mean() == results["validation_accuracy"]


def test_report_is_one_page_with_every_picture(finished):
    html = (finished / "report.html").read_text(encoding="utf-8")
    assert html.count("data:image/png;base64,") == len(PICTURES)
    assert not re.search(r"https?://|<script|<link|@import", html)
    results, run = (runs.read_results(finished)[part] for part in ("results", "run"))
    text = html.replace("\xa0", " ")
    assert f"{100 * results['test_accuracy']:.2f} %" in text
    assert run["command_line"].replace("'", "&#x27;") in html
    for name in PICTURES:
        with Image.open(finished / f"{name}.png") as picture:
            assert picture.format == "PNG"


def test_the_printed_command_repeats_the_run_bit_for_bit(finished, tmp_path):
    words = shlex.split(runs.read_results(finished)["run"]["command_line"])
    assert words[:3] == ["python", "-m", "nnfromscratch"]
    assert main([*words[3:], "--out", str(tmp_path / "again")]) == 0
    assert figures(tmp_path / "again") == figures(finished)
    for name, array in weights(finished).items():
        np.testing.assert_array_equal(weights(tmp_path / "again")[name], array)


def test_another_seed_gives_another_network_and_another_validation_part(finished, own, tmp_path):
    settings = {**recipe.DEFAULTS, "data": own}
    first, second = (load_splits({**settings, "seed": seed}) for seed in (0, 1))
    assert not np.array_equal(first.validation.images, second.validation.images)
    np.testing.assert_array_equal(first.test.images, second.test.images)
    together = np.concatenate([first.train.images, first.validation.images])
    assert len(np.unique(together.reshape(330, -1), axis=0)) == len(np.unique(data.load(own).train.images, axis=0))
    smaller = load_splits({**settings, "train_size": 100})
    assert len(smaller.train) == 100
    np.testing.assert_array_equal(smaller.validation.images, first.validation.images)


def test_a_folder_of_pictures_is_resized_and_learned(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for name, low in (("<dark>", 0), ("$light", 128)):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(12):
            pixels = rng.integers(low, low + 128, (30 + number, 40, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{number}.png")
    command = [
        "classify",
        "--data",
        tmp_path / "pictures",
        "--model",
        "lenet5",
        "--kernels",
        "vectorized",
        "--epochs",
        1,
        "--out",
        tmp_path / "run",
    ]
    assert "give --image-size N to resize all" in fails(capsys, *command)
    command += ["--image-size", 28]
    assert "--batch-size expects at most 18, the images to learn from, is 64" in fails(capsys, *command)
    assert not (tmp_path / "run").exists()
    assert main([str(word) for word in [*command, "--batch-size", 6]]) == 0
    results = runs.read_results(tmp_path / "run")["results"]
    assert results["image_shape"] == [3, 28, 28]
    assert results["figure_box"] is None
    assert set(results["classes"]) == {"<dark>", "$light"}
    assert "&lt;dark&gt;" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    capsys.readouterr()
    picture = tmp_path / "pictures" / "<dark>" / "3.png"
    assert main(["predict", str(tmp_path / "run"), str(picture)]) == 0
    assert str(picture) in capsys.readouterr().out


# --- resuming ----------------------------------------------------------------------------------------------------


EPOCHS = 8


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory, own):
    folder = tmp_path_factory.mktemp("runs") / "never stopped"
    assert main([*options(own, EPOCHS), "--out", str(folder)]) == 0
    return folder


def stopped_run(folder, own, epochs, number):
    """A run in a process of its own that gets a signal after its second checkpoint; its exit code and last words."""
    command = [sys.executable, "-m", "nnfromscratch", *options(own, epochs), "--out", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    seen, deadline = set(), time.monotonic() + 120
    while len(seen) < 3 and process.poll() is None and time.monotonic() < deadline:
        if (folder / "checkpoint.npz").exists():
            seen.add((folder / "checkpoint.npz").stat().st_mtime_ns)
        time.sleep(0.005)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path, own, never_stopped, number, capsys):
    code, errors = stopped_run(tmp_path / "stopped", own, EPOCHS, number)
    assert not (tmp_path / "stopped" / "results.json").exists()
    if number == signal.SIGINT:
        assert code == 130
        assert errors.strip() == f"Stopped. To go on: python -m nnfromscratch classify --resume {tmp_path / 'stopped'}"
    else:
        assert code == -signal.SIGKILL
    assert "finished run" in fails(capsys, "predict", tmp_path / "stopped", "x.png")
    assert "--epochs expects 8" in fails(capsys, "classify", "--resume", tmp_path / "stopped", "--epochs", 9)
    assert main(["classify", "--resume", str(tmp_path / "stopped")]) == 0
    assert figures(tmp_path / "stopped") == figures(never_stopped)
    expected = weights(never_stopped)
    for name, array in weights(tmp_path / "stopped").items():
        np.testing.assert_array_equal(array, expected[name])
    assert runs.read_results(tmp_path / "stopped")["run"]["resumed"] is True


def test_a_run_stopped_before_its_first_checkpoint_starts_again(finished, tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text((finished / "run.json").read_text())
    assert main(["classify", "--resume", str(tmp_path / "run")]) == 0
    assert "on from its checkpoint" not in capsys.readouterr().out
    assert figures(tmp_path / "run") == figures(finished)


def test_a_finished_run_says_so_and_stays_as_it_is(finished, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in finished.iterdir()}
    assert main(["classify", "--resume", str(finished)]) == 0
    assert capsys.readouterr().out.startswith("Finished: test accuracy")
    assert {path.name: path.stat().st_mtime_ns for path in finished.iterdir()} == before


def test_a_terminal_that_lacks_letters_gets_others(finished):
    command = [sys.executable, "-m", "nnfromscratch", "classify", "--resume", str(finished)]
    done = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"test accuracy \d+\.\d+ % \(", done.stdout)
    assert "naive ... ?" in "naïve … 犬".encode("ascii", "nnfromscratch").decode()


def test_ctrl_c_before_training_ends_without_a_traceback(monkeypatch, capsys):
    monkeypatch.setattr(data, "load", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    assert main(["classify"]) == 130
    assert capsys.readouterr().err.strip() == "nnfromscratch: interrupted"


def test_ctrl_c_while_numpy_is_loaded_ends_without_a_traceback(tmp_path):
    (tmp_path / "numpy.py").write_text("raise KeyboardInterrupt")
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {START}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "nnfromscratch: interrupted")


START = "import runpy; runpy.run_module('nnfromscratch', run_name='__main__')"


def test_ctrl_c_while_kernels_are_compiled_tells_how_to_go_on(own, tmp_path, monkeypatch, capsys):
    def compile_and_fail(*_, **__):
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            raise RuntimeError("no compiled object yet")

    words = ["classify", "--data", own, "--kernels", "compiled", "--batch-size", "16", "--out", str(tmp_path / "run")]
    monkeypatch.setattr(Sequential, "forward", compile_and_fail)
    assert main(words) == 130
    assert capsys.readouterr().err.startswith("\nStopped. To go on: python -m nnfromscratch classify --resume")


# --- predict -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, digits):
    """Three digits of the test part: as they are, and large, in colour, dark on light."""
    folder = tmp_path_factory.mktemp("pictures")
    for index in range(3):
        image = Image.fromarray(digits.test.images[index, 0])
        image.save(folder / f"{index}.png")
        large = ImageOps.invert(image.resize((150, 150), Image.Resampling.BICUBIC))
        ImageOps.colorize(large, (30, 20, 120), (250, 250, 200)).save(folder / f"large {index}.png")
    return folder


def test_predict_answers_as_the_network_does(finished, pictures, digits, capsys):
    names = [str(pictures / f"{index}.png") for index in range(3)]
    assert main(["predict", str(finished), *names]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert main(["predict", str(finished), *names, "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    network = models.lenet5(rng=np.random.default_rng(0))
    network.load(finished / "network.npz")
    with kernels.use("vectorized"):
        logits = network.predict(data.as_input(digits.test.images[:3])).astype(float)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for name, line, answer, expected in zip(names, lines, answers, shares, strict=True):
        order = np.argsort(-expected)
        assert answer["image"] == name
        assert answer["class"] == str(order[0])
        assert answer["runner_up"] == str(order[1])
        assert answer["confidence"] == pytest.approx(expected[order[0]], abs=0.02)  # re-centred by up to half a pixel
        assert sum(answer["probabilities"].values()) == pytest.approx(1)
        assert line.startswith(name)
        assert re.fullmatch(rf"{re.escape(name)}  {order[0]}  .* then {order[1]}, .*%", line)


def test_predict_sees_the_same_in_any_size_and_colour(finished, pictures, capsys):
    plain, large = ([str(pictures / f"{kind}{index}.png") for index in range(3)] for kind in ("", "large "))
    assert main(["predict", str(finished), "--json", *plain, *large]) == 0
    answers = json.loads(capsys.readouterr().out)
    shares = np.array([list(answer["probabilities"].values()) for answer in answers])
    np.testing.assert_allclose(shares[:3], shares[3:], atol=0.1)


def test_predict_refuses_what_it_cannot_read(finished, pictures, tmp_path, capsys):
    (tmp_path / "text.png").write_text("no picture")
    good = pictures / "0.png"
    assert "nope.png does not exist" in fails(capsys, "predict", finished, good, "nope.png")
    assert "text.png" in fails(capsys, "predict", finished, tmp_path / "text.png")
    assert "finished run" in fails(capsys, "predict", tmp_path / "nope", good)
    assert "RUN, IMAGE" in fails(capsys, "predict")
    for name in ("results.json", "network.npz"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    (tmp_path / "network.npz").write_bytes((finished / "network.npz").read_bytes()[:1000])
    assert "network.npz" in fails(capsys, "predict", tmp_path, good)
    (tmp_path / "results.json").write_text('{"run": {}, "results": {"network": {"model": "other"}}}')
    assert "its results lack" in fails(capsys, "predict", tmp_path, good)


def test_figure_box_is_known_where_figures_stand_on_dark_ground(digits):
    assert figure_box(digits.train) == 20
    images = np.asarray(digits.train.images[:100])
    light = data.Dataset(255 - images, digits.train.labels[:100], digits.train.classes)
    colour = data.Dataset(np.repeat(images, 3, axis=1), digits.train.labels[:100], digits.train.classes)
    oblong = data.Dataset(images[:, :, :20], digits.train.labels[:100], digits.train.classes)
    empty = data.Dataset(np.zeros((3, 1, 8, 8), np.uint8), np.zeros(3, int), ("a",))
    assert [figure_box(part) for part in (light, colour, oblong, empty)] == [None, None, None, None]


# --- what users get wrong ----------------------------------------------------------------------------------------


def test_unknown_names_suggest_the_nearest(capsys):
    assert "did you mean 'lenet5'" in fails(capsys, "classify", "--model", "lenet")
    assert "did you mean 'mnist'" in fails(capsys, "classify", "--data", "minst")
    assert "did you mean 'classify'" in fails(capsys, "clasify")
    assert "did you mean 'vectorized'" in fails(capsys, "classify", "--kernels", "vectorised")
    assert "did you mean 'compiled'" in fails(capsys, "gradcheck", "--kernels", "compild")
    assert "did you mean 'conv2d'" in fails(capsys, "gradcheck", "--operation", "conv2")


def test_gradcheck_prints_its_table(capsys):
    assert main(["gradcheck", "--operation", "relu", "--quick", "--kernels", "vectorized"]) == 0
    out = capsys.readouterr().out
    assert "faults planted" in out
    assert "Every gradient is right, every planted fault was caught." in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--epochs", "0"], "argument --epochs: expects a whole number of at least 1, is '0'"),
        (["--image-size", "200000"], "argument --image-size: expects a whole number from 1 to 1024, is '200000'"),
        (["--epochs", "many"], "expects a whole number of at least 1, is 'many'"),
        (["--seed", "-1"], "whole number of at least 0, is '-1'"),
        (["--learning-rate", "nan"], "expects a number above 0, is 'nan'"),
        (["--learning-rate", "0"], "expects a number above 0, is '0'"),
        (["--epoch", "1"], "unrecognized arguments: --epoch"),
        (["extra"], "unrecognized arguments: extra"),
        (["--train-size", "60000"], "--train-size expects at most 55000"),
        (["--resume", "nowhere"], "nowhere"),
        (["--resume", "a", "--out", "b"], "either --out"),
        (["--data", "missing/file.npz"], "does not exist"),
        (["--data", "minst"], "classify: --data expects one of mnist"),
        (["--image-size", "20"], "classify: --image-size expects a folder of pictures to resize, mnist has"),
    ],
)
def test_each_mistake_has_one_clear_line(words, says, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert says in fails(capsys, "classify", *words)
    assert list(tmp_path.iterdir()) == []  # nothing was begun


@pytest.mark.parametrize(
    ("shape", "classes", "says"),
    [
        ((20, 12, 12), 1, "classify: --data expects at least 2 classes to tell apart"),
        ((100, 8, 8), 2, "classify: --model cnn expects larger images than 8×8"),
        ((2, 12, 12), 2, "has no test part of its own, so one is drawn out of its 2 images"),
        ((3, 12, 12), 2, "--batch-size expects at most 1"),
    ],
)
def test_data_that_cannot_be_learned_from(shape, classes, says, tmp_path, capsys):
    np.savez(tmp_path / "own.npz", images=np.zeros(shape, np.uint8), labels=np.arange(shape[0]) % classes)
    assert says in fails(capsys, "classify", "--data", tmp_path / "own.npz", "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("epochs", "x", "run.json expects the settings of a run, has epochs 'x'"),
        ("kernels", None, "run.json expects the settings of a run, has kernels None"),
        ("train_size", 1.5, "has train_size 1.5"),
        ("model", "nope", "run.json expects one of cnn, lenet5, judge; is 'nope'"),
    ],
)
def test_a_run_whose_settings_were_spoiled(name, value, says, finished, tmp_path, capsys):
    run = json.loads((finished / "run.json").read_text())
    run["settings"][name] = value
    (tmp_path / "run.json").write_text(json.dumps(run))
    assert says in fails(capsys, "classify", "--resume", tmp_path)


def test_a_run_whose_results_were_spoiled(finished, tmp_path, capsys):
    (tmp_path / "run.json").write_bytes((finished / "run.json").read_bytes())
    (tmp_path / "results.json").write_text('{"run": {}, "results": {}}')
    assert "expects the results of classify, is damaged" in fails(capsys, "classify", "--resume", tmp_path)
    results = json.loads((finished / "results.json").read_text())
    results["results"]["image_shape"] = [1, 28, "x"]
    (tmp_path / "results.json").write_text(json.dumps(results))
    assert "predict: " in fails(capsys, "predict", tmp_path, "x.png")


@pytest.mark.skipif(sys.platform == "win32", reason="has no such locks")
def test_two_runs_do_not_share_a_folder(finished, tmp_path, capsys):
    (tmp_path / "run.json").write_bytes((finished / "run.json").read_bytes())
    with runs.held(tmp_path, "classify"):
        assert "another process is at work on it" in fails(capsys, "classify", "--resume", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_window_system_that_is_not_there_spoils_no_run(own, tmp_path):
    command = [sys.executable, "-m", "nnfromscratch", *options(own, 1), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, env={**os.environ, "MPLBACKEND": "nowhere"}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_folders_that_cannot_be_used_are_refused_before_training(finished, own, tmp_path, capsys):
    assert "never overwritten" in fails(capsys, *options(own), "--out", finished)
    (tmp_path / "file").write_text("")
    assert "is a file" in fails(capsys, *options(own), "--out", tmp_path / "file")
    assert "can be made" in fails(capsys, *options(own), "--out", tmp_path / "file" / "below")
    assert "never overwritten" in fails(capsys, *options(own), "--out", tmp_path)


def test_a_full_disk_is_one_line_too(own, tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in fails(capsys, *options(own), "--out", tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (PermissionError(13, "Permission denied", "secret/run.json"), "error: secret/run.json: Permission denied"),
        (MemoryError("Unable to allocate 3 TiB"), "expects more memory than there is. Unable to allocate 3 TiB"),
    ],
)
def test_what_the_system_refuses_is_one_line(trouble, says, monkeypatch, capsys):
    def refuse(*_, **__):
        raise trouble

    monkeypatch.setattr(data, "load", refuse)
    assert says in fails(capsys, "classify")


@pytest.mark.parametrize("buffered", [True, False])
def test_output_that_nobody_takes_ends_without_a_traceback(finished, buffered, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", "" if buffered else "1")
    words = [sys.executable, "-m", "nnfromscratch", "classify", "--resume", str(finished)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()  # as `| head -0` does
    assert (process.wait(60), process.stderr.read()) == (141, "")
    process.stderr.close()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.strip() == "nnfromscratch: error: [Errno 28] No space left on device"


def test_diverging_training_is_one_line(own, tmp_path, capsys):
    line = fails(capsys, *options(own), "--learning-rate", "1e38", "--out", tmp_path / "run")
    assert "finite" in line


def test_numba_is_asked_for_where_it_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(kernels, "why_not_compiled", lambda: "Numba is not installed (pip install numba)")
    assert "--kernels compiled expects Numba" in fails(capsys, "classify", "--kernels", "compiled")


# --- help --------------------------------------------------------------------------------------------------------


def shown(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    assert stop.value.code == 0
    return " ".join(capsys.readouterr().out.split())


def test_help_has_examples_everywhere(capsys):
    for words in ([], ["article"], ["classify"], ["predict"], ["generate"], ["sample"], ["gradcheck"]):
        text = shown(capsys, *words, "--help")
        assert "examples: python -m nnfromscratch" in text
        if not words:
            assert all(
                command in text
                for command in ("article", "classify", "predict", "generate", "sample", "semi", "gradcheck")
            )
    assert shown(capsys, "--version") == f"nnfromscratch {nnfromscratch.__version__}"


def test_help_tells_the_names_and_the_defaults(capsys):
    text = shown(capsys, "classify", "--help")
    assert all(name in text for name in (*models.MODELS, *data.NAMES, *kernels.SETS))
    for name in ("data", "model", "epochs", "seed", "batch_size", "learning_rate"):
        option = text[text.index(f"--{name.replace('_', '-')} ", text.index("options:")) :]
        value = re.escape(str(recipe.DEFAULTS[name]))
        assert re.search(rf"\b{value} \(default|\(default {value}\)", option[:120])


def test_help_is_quick_because_it_computes_nothing():
    program = """
import sys
from nnfromscratch.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
heavy = {"numba", "matplotlib", "PIL", "nnfromscratch.layers", "nnfromscratch.data"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
