"""What each layer contributes to the gradient of a gradient, layer by layer, against differences."""

import numpy as np
import pytest
from critic_cases import rng

from nnfromscratch.errors import DtypeError, RangeError
from nnfromscratch.gan.second_derivative import WAYS, leaves, require_twice_differentiable, ways_of
from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    LayerNorm,
    LeakyReLU,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    SpectralNorm,
    Tanh,
)

F64 = np.float64
LAYERS = {
    "Dense": (lambda: Dense(5, 3, rng=rng(), dtype=F64), (4, 5)),
    "Dense no bias": (lambda: Dense(5, 3, bias=False, rng=rng(), dtype=F64), (4, 5)),
    "Conv2d": (lambda: Conv2d(2, 3, (3, 2), stride=(1, 2), padding=1, rng=rng(), dtype=F64), (2, 2, 4, 5)),
    "Conv2d no bias": (lambda: Conv2d(2, 3, 2, bias=False, rng=rng(), dtype=F64), (2, 2, 3, 3)),
    "ReLU": (ReLU, (3, 4)),
    "LeakyReLU": (lambda: LeakyReLU(0.3), (3, 4)),
    "Tanh": (Tanh, (3, 4)),
    "LayerNorm": (lambda: LayerNorm(5, eps=0.1, dtype=F64), (3, 5)),
    "LayerNorm of images": (lambda: LayerNorm((2, 3, 2), dtype=F64), (3, 2, 3, 2)),
    "LayerNorm of the last axis": (lambda: LayerNorm(4, dtype=F64), (2, 3, 4)),
    "Flatten": (Flatten, (2, 3, 2)),
    "Reshape": (lambda: Reshape((3, 2)), (2, 6)),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def setting(name):
    """The layer with random parameters, x away from kinks, and u, g, a."""
    make, shape = LAYERS[name]
    layer, draw = make(), rng(4)
    for key, array in layer.params.items():
        layer.params[key] = draw.standard_normal(array.shape)
    x = draw.standard_normal(shape)
    x += 0.1 * np.sign(x)
    y = layer.forward(x)[0]
    return layer, x, draw.standard_normal(shape), draw.standard_normal(y.shape), draw.standard_normal(y.shape)


def test_every_layer_that_is_known_is_here():
    assert {name.split()[0] for name in LAYERS} == {kind.__name__ for kind in WAYS}


@every_layer
def test_result_and_way_back_are_the_layers_own(name):
    layer, x, _, g, _ = setting(name)
    y, backward = layer.forward(x)
    ways = ways_of(layer, x)
    np.testing.assert_array_equal(ways.y, y)
    np.testing.assert_array_equal(ways.backward(g), backward(g)[0])


@every_layer
def test_the_tangent_says_how_the_result_moves(name):
    layer, x, u, g, _ = setting(name)
    moved, _ = ways_of(layer, x).tangent(u)
    h = 1e-3
    y = [layer.forward(x + k * h * u)[0] for k in (2, 1, -1, -2)]
    np.testing.assert_allclose(moved, (-y[0] + 8 * y[1] - 8 * y[2] + y[3]) / (12 * h), rtol=1e-8, atol=1e-8)
    # and is the transpose of the way back: g·(J·u) = (Jᵀ·g)·u
    assert (g * moved).sum() == pytest.approx((ways_of(layer, x).backward(g) * u).sum(), rel=1e-12)


@pytest.mark.parametrize("with_result", [True, False])
@every_layer
def test_second_derivatives(name, with_result):
    """The gradients, by x and the parameters, of g·J·u + a·f; the tangent itself is checked above."""
    layer, x, u, g, a = setting(name)
    names = list(layer.params)

    def both(x, *arrays):
        make, _ = LAYERS[name]
        fresh = make()
        for key, array in zip(names, arrays, strict=True):
            fresh.params[key] = array.copy()
        ways = ways_of(fresh, x)
        moved, second = ways.tangent(u)

        def backward(dy):
            curved, grads = second(dy * g, dy * a if with_result else None)
            assert list(grads) == names
            dx = np.zeros_like(x) if curved is None else curved
            dx = dx + ways.backward(dy * a) if with_result else dx
            return dx, *(grads[key] for key in names)

        return float((g * moved).sum() + (a * ways.y).sum() * with_result), backward

    gradcheck(both, x, *(layer.params[key] for key in names), rng=rng(5))


@pytest.mark.parametrize("name", ["ReLU", "LeakyReLU", "Flatten", "Reshape", "Dense", "Conv2d"])
def test_what_is_not_curved_adds_nothing(name):
    layer, x, u, g, a = setting(name)
    _, second = ways_of(layer, x).tangent(u)
    assert second(g, a)[0] is None


def test_leaves_are_named_like_the_parameters():
    network = Sequential(
        Dense(2, 3, rng=rng()), Sequential(Tanh(), Sequential(LayerNorm(3)), Dense(3, 1, bias=False, rng=rng()))
    )
    assert [prefix for prefix, _ in leaves(network)] == ["0.", "1.0.", "1.1.0.", "1.2."]
    assert [prefix + name for prefix, layer in leaves(network) for name in layer.params] == list(network.params)
    assert [prefix for prefix, _ in leaves(Tanh())] == [""]


class Dense2(Dense):
    """Somebody's own layer, which may compute anything."""


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (BatchNorm(3), r"layer 1 is BatchNorm\(3\)"),
        (Sequential(Tanh(), Sequential(Sigmoid())), r"layer 1\.1\.0 is Sigmoid\(\)"),
        (Dropout(0.5, rng=rng()), r"layer 1 is Dropout\(0\.5\)"),
        (SpectralNorm(Dense(3, 3, rng=rng()), rng=rng()), r"layer 1 is SpectralNorm\(Dense\(3, 3\)\)"),
        (Dense2(3, 3, rng=rng()), r"layer 1 is Dense\(3, 3\)"),
    ],
)
def test_other_layers_are_named(layer, told):
    with pytest.raises(RangeError, match="gradient_penalty: critic expects a Sequential of Dense, .*; " + told):
        require_twice_differentiable(Sequential(Dense(2, 3, rng=rng()), layer))


def test_a_critic_that_is_one_layer_or_none():
    require_twice_differentiable(Dense(2, 1, rng=rng()))
    with pytest.raises(RangeError, match=r"known; critic is Sigmoid\(\)"):
        require_twice_differentiable(Sigmoid())
    for thing in (None, Dense, lambda x: x):
        with pytest.raises(DtypeError, match="gradient_penalty: critic expects a Layer, is "):
            require_twice_differentiable(thing)
