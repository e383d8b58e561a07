"""SpectralNorm: one power iteration for each training forward, none in evaluation, the layer's own parameters."""

import numpy as np
import pytest
from layer_cases import rng, snapshot

from nnfromscratch.errors import DtypeError, RangeError, StaleBackwardError
from nnfromscratch.functional.spectral_norm import power_iteration
from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.layers import BatchNorm, Conv2d, ConvTranspose2d, Dense, ReLU, Sequential, SpectralNorm
from nnfromscratch.optimizers import SGD

KINDS = {
    "Dense": (lambda: Dense(5, 4, rng=rng(), dtype=np.float64), (3, 5), lambda w: w.T),
    "Conv2d": (
        lambda: Conv2d(2, 3, 3, stride=2, padding=1, rng=rng(), dtype=np.float64),
        (2, 2, 5, 5),
        lambda w: w.reshape(3, -1),
    ),
    "ConvTranspose2d": (
        lambda: ConvTranspose2d(2, 3, 2, stride=2, rng=rng(), dtype=np.float64),
        (2, 2, 3, 3),
        lambda w: w.transpose(1, 0, 2, 3).reshape(3, -1),
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def setting(kind):
    make, shape, rows = KINDS[kind]
    layer = SpectralNorm(make(), rng=rng(1))
    layer.params["bias"] += rng(2).standard_normal(layer.params["bias"].shape)
    return layer, rng(3).standard_normal(shape), rows


@every_kind
def test_after_many_forwards_the_weight_is_divided_by_its_largest_singular_value(kind):
    layer, x, rows = setting(kind)
    for _ in range(300):
        layer.forward(x)
    weight = layer.params["weight"].copy()
    plain = KINDS[kind][0]()
    plain.params["weight"] = weight / np.linalg.svd(rows(weight))[1][0]
    plain.params["bias"] = layer.params["bias"].copy()
    np.testing.assert_allclose(layer.forward(x, training=False)[0], plain.forward(x)[0], rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(layer.params["weight"], weight)


@every_kind
def test_training_iterates_once_and_evaluation_not_at_all(kind):
    layer, x, _ = setting(kind)
    u = layer.state["u"].copy()
    assert np.sqrt((u * u).sum()) == pytest.approx(1)
    layer.forward(x, training=False)
    np.testing.assert_array_equal(layer.state["u"], u)
    y, _ = layer.forward(x)
    np.testing.assert_array_equal(layer.state["u"], power_iteration(layer.params["weight"], u, axis=layer.axis))
    assert np.abs(layer.state["u"] - u).max() > 1e-3
    np.testing.assert_array_equal(layer.forward(x, training=False)[0], y)


@every_kind
def test_gradients_are_those_by_the_weight_before_its_division(kind):
    layer, x, _ = setting(kind)
    gradcheck(layer, x, rng=rng(5), training=False)  # evaluation holds u still, wherever it points


@every_kind
def test_two_forwards_before_two_backwards(kind):
    layer, x, _ = setting(kind)
    first = {**layer.state}
    y, backward = layer.forward(x)
    dy = rng(4).standard_normal(y.shape)
    alone = backward(dy)
    layer.state.update(first)
    _, backward = layer.forward(x)
    _, other = layer.forward(2 * x)
    other(dy)
    for _ in range(2):
        dx, grads = backward(dy)
        np.testing.assert_array_equal(dx, alone[0])
        for name, gradient in grads.items():
            np.testing.assert_array_equal(gradient, alone[1][name])


def test_the_parameters_are_the_layers_own_and_an_update_makes_backward_stale():
    inner = Dense(5, 4, rng=rng())
    network = Sequential(SpectralNorm(inner, rng=rng(1)), ReLU())
    assert list(network.params) == ["0.weight", "0.bias"]
    assert list(network.state) == ["0.u"]
    x = np.ones((2, 5), np.float32)
    y, backward = network.forward(x)
    _, grads = backward(np.ones_like(y))
    before = inner.params["weight"].copy()
    SGD(0.1).step(network.params, grads)
    np.testing.assert_allclose(inner.params["weight"], before - 0.1 * grads["0.weight"], rtol=1e-6)
    with pytest.raises(StaleBackwardError, match=r"^SpectralNorm: "):
        backward(np.ones_like(y))


def test_a_step_keeps_float32_and_makes_no_gradient_for_the_rest():
    layer = SpectralNorm(Conv2d(1, 2, 3, bias=False, rng=rng()), rng=rng(1))
    y, backward = layer.forward(np.ones((2, 1, 4, 4), np.float32))
    dx, grads = backward(np.ones_like(y), wrt=("params",))
    assert dx is None
    assert {name: g.dtype for name, g in grads.items()} == {"weight": np.float32}
    assert y.dtype == layer.state["u"].dtype == np.float32


def test_a_saved_layer_continues_with_the_same_bits(tmp_path):
    one, x, _ = setting("Conv2d")
    one.forward(x)
    one.save(tmp_path / "layer.npz")
    other = SpectralNorm(KINDS["Conv2d"][0](), rng=rng(9))
    other.load(tmp_path / "layer.npz")
    np.testing.assert_array_equal(one.forward(x)[0], other.forward(x)[0])
    assert snapshot(one.state) == snapshot(other.state)


@pytest.mark.parametrize("layer", [ReLU(), BatchNorm(3), Sequential(), None, Dense])
def test_other_layers_are_refused(layer):
    with pytest.raises(RangeError, match=r"^SpectralNorm: layer expects one of Dense, Conv2d, ConvTranspose2d, is "):
        SpectralNorm(layer, rng=rng())


def test_other_wrong_arguments():
    with pytest.raises(DtypeError, match=r"SpectralNorm: rng expects a numpy\.random\.Generator"):
        SpectralNorm(Dense(2, 2, rng=rng()), rng=0)
    layer = SpectralNorm(Dense(2, 2, rng=rng()), rng=rng())
    layer.params["weight"] *= 0
    with pytest.raises(RangeError, match="weight expects a singular value above 0"):
        layer.forward(np.ones((1, 2), np.float32))
