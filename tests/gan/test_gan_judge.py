"""The judge inside the package is the one that its record describes, or says that it is not."""

import hashlib
import json
import shlex
import shutil
import tracemalloc

import numpy as np
import pytest

from nnfromscratch import data, models
from nnfromscratch.cli import main
from nnfromscratch.cli.parser import build_parser
from nnfromscratch.errors import CheckpointError, DtypeError, NonFiniteError, RangeError, RunError, ShapeError
from nnfromscratch.functional import softmax
from nnfromscratch.gan import Judge, judge, judge_features, load_judge
from nnfromscratch.layers import Dense, Flatten, ReLU, Sequential

PACKAGED = judge._FOLDER
RECORD = json.loads((PACKAGED / "judge.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist")


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The judge's two files in a folder where a test may spoil them."""
    for name in ("judge.npz", "judge.json"):
        shutil.copy(PACKAGED / name, tmp_path)
    monkeypatch.setattr(judge, "_FOLDER", tmp_path)
    load_judge()
    return tmp_path


# --- the packaged judge ------------------------------------------------------------------------------------------


def test_the_judge_reads_test_digits_as_well_as_its_record_says(digits):
    _, probabilities = judge_features(load_judge(), digits.test.images)
    errors = int((probabilities.argmax(axis=1) != digits.test.labels).sum())
    assert abs(errors - RECORD["test_errors"]) <= 1  # another processor may round one image to the other side
    assert RECORD["test_images"] == len(digits.test)
    assert RECORD["test_accuracy"] == 1 - RECORD["test_errors"] / RECORD["test_images"] >= 0.993
    assert tuple(RECORD["classes"]) == digits.test.classes


def test_the_recorded_command_trains_the_judge_with_the_recorded_settings():
    words = shlex.split(RECORD["command"])
    assert words[:3] == ["python", "-m", "nnfromscratch"]
    arguments = build_parser().parse(words[3:])
    assert (arguments.model, arguments.seed, arguments.epochs) == ("judge", RECORD["seed"], RECORD["epochs"])
    assert models.MODELS["judge"] is models.judge_cnn


def test_the_files_are_small_and_of_the_recorded_network():
    assert (PACKAGED / "judge.npz").stat().st_size < 1e6
    params = load_judge().network.params
    assert sum(array.size for array in params.values()) == RECORD["parameters"]
    assert {array.dtype for array in params.values()} == {np.dtype(np.float32)}


def test_the_features_are_what_the_last_layer_is_given(digits):
    known = load_judge()
    features, probabilities = judge_features(known, digits.test.images[:50])
    assert features.shape == (50, 64)
    assert features.min() >= 0  # behind ReLU
    last = known.network.layers[-1].params
    np.testing.assert_allclose(probabilities, softmax(features @ last["weight"] + last["bias"])[0], atol=1e-6)
    logits = known.network.predict(data.as_input(digits.test.images[:50]))
    np.testing.assert_allclose(probabilities, softmax(logits.astype(float))[0], atol=1e-6)
    assert features.dtype == probabilities.dtype == np.float64


def test_a_judge_changes_nothing_and_answers_the_same_again(digits):
    known = load_judge()
    before = {name: array.copy() for name, array in known.network.params.items()}
    first, second = (judge_features(known, digits.test.images[:300]) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    for name, array in known.network.params.items():
        np.testing.assert_array_equal(array, before[name])


def test_bytes_and_floats_are_judged_alike(digits):
    known, images = load_judge(), digits.test.images[:20]
    expected = judge_features(known, images)
    for dtype in (np.float32, np.float64):
        for one, other in zip(judge_features(known, (images / 255).astype(dtype)), expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    double = Judge(known.network.astype(np.float64), known.classes)
    np.testing.assert_allclose(judge_features(double, images)[0], expected[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [1, 255, 256, 257, 513])
def test_batches_have_no_seams(digits, count):
    known, images = load_judge(), digits.test.images[:513]
    whole, part = judge_features(known, images)[0], judge_features(known, images[:count])[0]
    np.testing.assert_allclose(part, whole[:count], rtol=1e-4, atol=1e-4)


def test_memory_is_bounded_whatever_the_number_of_images():
    known = load_judge()

    def peak(count):
        images = np.zeros((count, 1, 28, 28), np.uint8)
        tracemalloc.start()
        judge_features(known, images)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)
    growth = (peak(3072) - peak(1024)) / 2048
    assert growth < 2000  # bytes an image, of the results; the first layer alone makes 37,000 of it


@pytest.mark.parametrize(
    ("images", "error", "says"),
    [
        (np.zeros((2, 1, 32, 32), np.uint8), ShapeError, r"\(N, 1, 28, 28\), has \(2, 1, 32, 32\): .* MNIST's 28×28×1"),
        (np.zeros((2, 3, 28, 28), np.uint8), ShapeError, r"one with python -m nnfromscratch classify.*load_judge\("),
        (np.zeros((2, 28, 28), np.uint8), ShapeError, r"has \(2, 28, 28\); images\[:, None\] adds"),
        (np.zeros((2, 784), np.float32), ShapeError, r"shape \(N, C, H, W\), has \(2, 784\)"),
        (np.zeros((0, 1, 28, 28), np.uint8), ShapeError, r"at least one image .* \(0, 1, 28, 28\)"),
        (np.zeros((2, 1, 28, 28), int), DtypeError, "uint8, float32 or float64, is int64"),
        (np.zeros((2, 1, 28, 28), np.float16), DtypeError, "is float16"),
        ([[0]], DtypeError, "is list"),
        (np.full((2, 1, 28, 28), -0.5, np.float32), RangeError, r"has -0.5 to -0.5; \(images \+ 1\) / 2 brings"),
        (np.full((2, 1, 28, 28), 255.0), RangeError, r"of float64 expects numbers in \[0, 1\], has 255 to 255"),
        (np.full((2, 1, 28, 28), np.inf), NonFiniteError, r"finite numbers, has inf at index \(0, 0, 0, 0\)"),
    ],
)  # fmt: skip
def test_what_the_judge_cannot_look_at_is_named(images, error, says):
    with pytest.raises(error, match=f"judge_features: images .*{says}"):
        judge_features(load_judge(), images)


def test_one_nan_among_many_images_is_found():
    images = np.zeros((300, 1, 28, 28), np.float32)
    images[270, 0, 3, 5] = np.nan
    with pytest.raises(NonFiniteError, match=r"has nan at index \(270, 0, 3, 5\)"):
        judge_features(load_judge(), images)


# --- damage ------------------------------------------------------------------------------------------------------


def refuses(says):
    return pytest.raises(CheckpointError, match=says)


@pytest.mark.parametrize("place", [0, 1000, 100_000, -1])
def test_one_altered_byte_is_noticed(copied, place):
    weights = bytearray((copied / "judge.npz").read_bytes())
    weights[place] ^= 1
    (copied / "judge.npz").write_bytes(weights)
    with refuses(
        rf"judge\.npz: expects the judge's weights, SHA-256 {RECORD['sha256']}; .* install nnfromscratch again"
    ):
        load_judge()


@pytest.mark.parametrize("size", [0, 100, 150_000])
def test_weights_cut_short_are_noticed(copied, size):
    (copied / "judge.npz").write_bytes((copied / "judge.npz").read_bytes()[:size])
    with refuses(r"judge\.npz: .* is damaged, has [0-9a-f]{64}: install"):
        load_judge()


@pytest.mark.parametrize("name", ["judge.npz", "judge.json"])
def test_a_missing_file_is_named(copied, name):
    (copied / name).unlink()
    with refuses(
        rf"{name}: expects a file of the judge, cannot be read \(No such file.*\): install nnfromscratch again"
    ):
        load_judge()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"sha256": 1, "classes": ["0"]}', '{"sha256": "ab"}', "\\x00"])
def test_a_spoiled_record_is_noticed(copied, text):
    (copied / "judge.json").write_text(text)
    with refuses(r"judge\.json: expects the record of the judge's weights, is damaged"):
        load_judge()


def test_another_networks_weights_are_refused_even_with_their_own_hash(copied):
    models.lenet5(rng=np.random.default_rng(0)).save(copied / "judge.npz")
    found = hashlib.sha256((copied / "judge.npz").read_bytes()).hexdigest()
    (copied / "judge.json").write_text(json.dumps(RECORD | {"sha256": found}))
    with refuses("written by another model"):
        load_judge()


# --- a judge of one's own ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory, digits):
    """A finished run of classify: LeNet-5 on two classes."""
    folder = tmp_path_factory.mktemp("own judge")
    pair = digits.train.take(np.flatnonzero(digits.train.labels < 2)[:80])
    np.savez(folder / "pair.npz", x_train=pair.images[:60], y_train=pair.labels[:60], x_test=pair.images[60:],
             y_test=pair.labels[60:])  # fmt: skip
    options = ["--model", "lenet5", "--epochs", "1", "--batch-size", "16", "--kernels", "vectorized"]
    assert main(["classify", "--data", str(folder / "pair.npz"), *options, "--out", str(folder / "run")]) == 0
    return folder / "run"


def test_the_network_of_a_finished_run_is_a_judge(own, digits):
    known = load_judge(own)
    assert known.classes == ("0", "1")
    features, probabilities = judge_features(known, digits.test.images[:30])
    assert features.shape == (30, 84)
    network = models.lenet5(rng=np.random.default_rng(1), classes=2)
    network.load(own / "network.npz")
    logits = network.predict(data.as_input(digits.test.images[:30]))
    np.testing.assert_allclose(probabilities, softmax(logits.astype(float))[0], atol=1e-6)


def test_a_folder_that_is_no_finished_run_is_refused(own, tmp_path):
    with pytest.raises(
        RunError, match=r"load_judge: expects the folder of a finished run; .*results.json does not exist"
    ):
        load_judge(tmp_path)
    shutil.copy(own / "results.json", tmp_path)
    with refuses(r"network\.npz: expects a saved \.npz file, there is none"):
        load_judge(tmp_path)
    (tmp_path / "results.json").write_text('{"run": {}, "results": {"frechet_distance": 3}}')
    with pytest.raises(
        RunError, match=r"load_judge: .* expects a finished run of classify, its results lack 'network'"
    ):
        load_judge(tmp_path)


def test_a_judge_of_colour_pictures():
    rng = np.random.default_rng(0)
    known = Judge(models.judge_cnn(rng=rng, classes=4, input_shape=(3, 32, 32)), ["a", "b", "c", "d"])
    features, probabilities = judge_features(known, rng.random((5, 3, 32, 32)))
    assert features.shape == (5, 64)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert known.classes == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("network", "classes", "error", "says"),
    [
        (lambda rng: Dense(4, 2, rng=rng), "ab", DtypeError, "network expects a Sequential, is Dense"),
        (lambda rng: Sequential(Dense(4, 2, rng=rng), ReLU()), "ab", RangeError, r".*; its last layer is ReLU\(\)"),
        (lambda rng: Sequential(), "ab", RangeError, ".*its last layer is none"),
        (lambda rng: Sequential(Flatten(), Dense(4, 2, rng=rng)), "abc", ShapeError, "classes expects 2 names"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_judge(network, classes, error, says):
    with pytest.raises(error, match=f"Judge: {says}"):
        Judge(network(np.random.default_rng(0)), tuple(classes))
