import json

import numpy as np
import pytest
from training_cases import blobs, cnn, mlp

from nnfromscratch import kernels
from nnfromscratch.data import Dataset, as_input
from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.functional import mean_squared_error, softmax, softmax_cross_entropy
from nnfromscratch.layers import Dense, Flatten, ReLU, Sequential
from nnfromscratch.training import confusion_matrix, evaluate


def test_it_says_what_predict_and_the_loss_say(digits):
    _, images = digits
    network = cnn()
    network.state["1.running_mean"] = np.full(4, 0.3, np.float32)
    with kernels.use("vectorized"):
        seen = evaluate(network, images, batch_size=32)
        logits = network.predict(as_input(images.images))
    np.testing.assert_array_equal(seen.predictions, logits.argmax(axis=1))
    assert seen.accuracy == (logits.argmax(axis=1) == images.labels).mean()
    assert seen.loss == pytest.approx(softmax_cross_entropy(logits, images.labels)[0], rel=1e-6)
    np.testing.assert_allclose(seen.probabilities, softmax(logits)[0], rtol=1e-5)
    np.testing.assert_array_equal(seen.confusion, confusion_matrix(images.labels, seen.predictions, 10))
    assert seen.per_class.support.sum() == 100


def test_an_incomplete_last_batch_counts_by_its_images():
    data = blobs(10)
    whole, parts = evaluate(mlp(), data, batch_size=10), evaluate(mlp(), data, batch_size=4)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)


def test_the_network_stays_as_it_is():
    network = cnn(classes=2)
    before = {**network.params, **network.state}
    copies = {name: np.copy(value) for name, value in before.items() if isinstance(value, np.ndarray)}
    data = Dataset(np.zeros((5, 1, 28, 28), np.uint8), np.array([0, 1, 0, 1, 0]), ("a", "b"))
    generator = network.state["3.1.rng"].bit_generator.state
    with kernels.use("vectorized"):
        evaluate(network, data)
    after = {**network.params, **network.state}
    assert all((after[name] == array).all() for name, array in copies.items())
    assert network.state["3.1.rng"].bit_generator.state == generator


def test_a_network_of_float64_gets_float64():
    network = mlp().astype(np.float64)
    assert evaluate(network, blobs()).probabilities.dtype == np.float64


def test_its_figures_are_json():
    seen = evaluate(mlp(), blobs())
    figures = json.loads(json.dumps(seen.to_dict(), allow_nan=False))
    assert figures["accuracy"] == seen.accuracy
    assert figures["loss"] == seen.loss
    assert figures["confusion_matrix"] == seen.confusion.tolist()
    assert list(figures["per_class"]) == ["a", "b", "c", "d"]
    assert [figures["per_class"][name]["recall"] for name in "abcd"] == seen.per_class.recall.tolist()
    assert [figures["per_class"][name]["precision"] for name in "abcd"] == seen.per_class.precision.tolist()
    assert [figures["per_class"][name]["f1"] for name in "abcd"] == seen.per_class.f1.tolist()
    assert [figures["per_class"][name]["support"] for name in "abcd"] == [16, 16, 16, 16]


def test_another_loss():
    def error(logits, labels):
        return mean_squared_error(logits, np.eye(4, dtype=np.float32)[labels])

    data = blobs()
    logits = mlp().predict(as_input(data.images))
    assert evaluate(mlp(), data, loss=error).loss == pytest.approx(((logits - np.eye(4)[data.labels]) ** 2).mean())


def test_more_scores_than_classes():
    assert evaluate(mlp(classes=6), blobs()).confusion.shape == (6, 6)


def test_a_loss_that_is_not_finite_names_the_layer():
    network = mlp()
    network.params["3.weight"][2, 1] = np.inf
    with pytest.raises(NonFiniteError, match=r"parameter weight of layer 3, Dense\(16, 4\) .*inf at \(2, 1\)"):
        evaluate(network, blobs())


@pytest.mark.parametrize(
    ("network", "dataset", "error", "message"),
    [
        (mlp(classes=3), blobs(), ShapeError, r"each of the 4 classes, shape \(N, 4\), gives shape \(N, 3\)"),
        (mlp(size=32), blobs(), ShapeError, r"images than these of shape \(1, 8, 8\)"),
        (Sequential(ReLU()), blobs(), ShapeError, r"gives shape \(N, 1, 8, 8\)"),
        (mlp(), blobs().images, DtypeError, "dataset expects a data.Dataset, is ndarray"),
        ("cnn", blobs(), DtypeError, "network expects a layer, is str"),
    ],
)
def test_bad_input_is_named(network, dataset, error, message):
    with pytest.raises(error, match=message):
        evaluate(network, dataset)


def test_a_batch_size_of_zero():
    with pytest.raises(RangeError, match="batch_size"):
        evaluate(Sequential(Flatten(), Dense(64, 4, rng=np.random.default_rng(0))), blobs(), batch_size=0)
