"""A layer that takes labels: alone, at the entrance of a network, and what it makes of anything else."""

import numpy as np
import pytest
from layer_cases import rng

from nnfromscratch import kernels
from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.layers import Dense, Embedding, Sequential, Tanh
from nnfromscratch.optimizers import SGD


def network(**settings):
    return Sequential(Embedding(5, 4, rng=rng()), Tanh(), Dense(4, 3, rng=rng(1)), **settings)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_begin_as_noise_does(dtype):
    weight = Embedding(200, 50, rng=rng(), dtype=dtype).params["weight"]
    assert (weight.shape, weight.dtype) == ((200, 50), dtype)
    assert weight.std() == pytest.approx(1, rel=0.02)
    assert abs(weight.mean()) < 0.02


def test_there_is_no_gradient_of_labels():
    layer = Embedding(5, 4, rng=rng())
    y, backward = layer.forward(np.array([1, 1, 3]))
    dx, grads = backward(np.ones_like(y))
    assert dx is None
    np.testing.assert_array_equal(grads["weight"][:, 0], [0, 2, 0, 1, 0])
    assert backward(np.ones_like(y), wrt=("x",)) == (None, {})


def test_at_the_entrance_of_a_network():
    labels = np.array([4, 0, 0])
    net = network(input_shape=())
    assert net.takes_labels
    assert not Sequential(Tanh()).takes_labels
    assert not Sequential().takes_labels
    y, backward = net.forward(labels)
    with kernels.use("loops"):  # BLAS may add in another order when the batch is another
        np.testing.assert_array_equal(net.predict(labels, batch_size=2), net.forward(labels, training=False)[0])
    dx, grads = backward(np.ones_like(y))
    assert dx is None
    assert set(grads) == set(net.params)
    assert grads["0.weight"].any(axis=1).tolist() == [True, False, False, False, True]
    assert net.output_shape(()) == Sequential(net).output_shape(()) == (3,)


def test_a_network_of_labels_prints_its_table(capsys):
    network(input_shape=()).summary()
    assert "Embedding(5, 4)" in capsys.readouterr().out


def test_a_network_learns_what_each_label_means():
    net, labels = network(), np.arange(5)
    wanted, optimizer = np.array([0, 1, 2, 1, 0]), SGD(lr=1.0)
    for _ in range(100):
        logits, backward = net.forward(labels)
        loss, loss_backward = softmax_cross_entropy(logits, wanted)
        optimizer.step(net.params, backward(loss_backward(), wrt=("params",))[1])
    assert loss < 0.1
    assert net.predict(labels).argmax(axis=1).tolist() == wanted.tolist()


def test_labels_with_more_axes():
    layer = Embedding(5, 4, rng=rng())
    assert layer.forward(np.zeros((2, 3), int))[0].shape == (2, 3, 4)
    assert layer.output_shape((3,)) == (3, 4)


@pytest.mark.parametrize("take", [lambda net, x: net.forward(x), lambda net, x: net.predict(x)])
@pytest.mark.parametrize("make", [lambda: Embedding(5, 4, rng=rng()), network, lambda: network(input_shape=())])
@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.zeros(3, np.float32), DtypeError, "embedding: labels expects an array of whole numbers, is float32"),
        (np.array([5]), RangeError, "embedding: labels expects whole numbers from 0 to 4 .* has 5 to 5"),
        (np.array([-1]), RangeError, "embedding: labels expects whole numbers from 0 to 4 .* has -1 to -1"),
        ([0, 1], DtypeError, "embedding: labels expects an array of whole numbers, is list"),
    ],
)
def test_what_is_no_label(take, make, labels, error, message):
    with pytest.raises(error, match=message):
        take(make(), labels)


def test_one_label_by_itself_is_no_batch():
    with pytest.raises(ShapeError, match="predict: x expects a batch"):
        network().predict(np.array(1))
    with pytest.raises(ShapeError, match=r"Sequential: x expects shape \(N,\), has \(2, 1\)"):
        network(input_shape=()).forward(np.zeros((2, 1), int))
