"""Sequential: the chain rule in reverse order, names that nest, nothing computed that nobody asked for."""

import gc
import weakref

import numpy as np
import pytest
from layer_cases import rng

from nnfromscratch import functional
from nnfromscratch.errors import DtypeError, RangeError, ShapeError, StaleBackwardError
from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
    ReLU,
    Sequential,
    Tanh,
)


def network(dtype=np.float64):
    return Sequential(
        Sequential(Conv2d(1, 2, 3, rng=rng(), dtype=dtype), BatchNorm(2, dtype=dtype), Tanh()),
        Flatten(),
        Dense(18, 4, rng=rng(), dtype=dtype),
        Dropout(0.25, rng=rng()),
        Sequential(Dense(4, 3, bias=False, rng=rng(), dtype=dtype)),
    )


X = rng(3).standard_normal((4, 1, 5, 5))
KEYS = ["0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias", "2.weight", "2.bias", "4.0.weight"]


def test_names_nest():
    chain = network()
    assert list(chain.params) == KEYS
    assert list(chain.state) == ["0.1.running_mean", "0.1.running_variance", "3.rng"]
    assert chain.params["0.0.weight"] is chain.layers[0].layers[0].params["weight"]
    chain.params["4.0.weight"] = np.zeros((4, 3))
    assert not chain.layers[4].layers[0].params["weight"].any()
    assert (len(chain), list(chain)) == (5, list(chain.layers))


def test_the_way_back_is_the_chain_rule():
    rows = rng(1).standard_normal((3, 4))
    first, second = Dense(4, 5, rng=rng(), dtype=np.float64), Dense(5, 2, rng=rng(1), dtype=np.float64)
    y, backward = Sequential(first, Tanh(), second).forward(rows)
    hidden = np.tanh(rows @ first.params["weight"])
    np.testing.assert_allclose(y, hidden @ second.params["weight"], rtol=1e-13)
    dy = rng(2).standard_normal((3, 2))
    dx, grads = backward(dy)
    dhidden = dy @ second.params["weight"].T * (1 - hidden**2)
    np.testing.assert_allclose(dx, dhidden @ first.params["weight"].T, rtol=1e-12)
    np.testing.assert_allclose(grads["0.weight"], rows.T @ dhidden, rtol=1e-12)
    np.testing.assert_allclose(grads["0.bias"], dhidden.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(grads["2.weight"], hidden.T @ dy, rtol=1e-12)
    assert list(grads) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_gradients_by_differences():
    chain = network()
    dropout, dy = chain.layers[3], rng(2).standard_normal((4, 3))
    start = dropout.state["rng"].bit_generator.state

    def loss():
        dropout.state["rng"].bit_generator.state = start
        return (chain.forward(X)[0] * dy).sum()

    loss()
    dropout.state["rng"].bit_generator.state = start
    dx, grads = chain.forward(X)[1](dy)
    assert dx.shape == X.shape
    assert list(grads) == KEYS
    for key in KEYS:
        index = tuple(length // 2 for length in grads[key].shape)
        values = []
        for step in (1e-5, -1e-5):
            chain.params[key][index] += step
            values.append(loss())
            chain.params[key][index] -= step
        assert grads[key][index] == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-6, abs=1e-8)


class Spy(Layer):
    """Passes everything on and notes what its backward was asked for."""

    def __init__(self, asked, parameters):
        super().__init__({"a": np.ones(1)} if parameters else {})
        self.asked = asked

    def forward(self, x, training=True):
        def backward(dy, wrt=("x", "params")):
            self.asked.append((self, tuple(wrt)))
            return dy if "x" in wrt else None, {"a": np.ones(1)} if self.params and "params" in wrt else {}

        return x, backward


@pytest.mark.parametrize(
    ("wrt", "expected"),
    [
        # of the layers plain, with parameters, plain, with parameters, from the last to the first
        (("x", "params"), [("x", "params")] * 4),
        (("x",), [("x",)] * 4),
        (("params",), [("x", "params"), ("x", "params"), ("params",)]),
    ],
)
def test_what_nobody_needs_is_not_asked_for(wrt, expected):
    asked = []
    chain = Sequential(Spy(asked, False), Spy(asked, True), Spy(asked, False), Spy(asked, True))
    _, backward = chain.forward(np.ones(2))
    dx, grads = backward(np.ones(2), wrt=wrt)
    assert [layer for layer, _ in asked] == list(reversed(chain.layers))[: len(expected)]
    assert [names for _, names in asked] == expected
    assert (dx is not None) == ("x" in wrt)
    assert list(grads) == (["1.a", "3.a"] if "params" in wrt else [])


def test_an_update_anywhere_makes_the_way_back_stale():
    for key in KEYS:
        chain = network()
        y, backward = chain.forward(X)
        chain.params[key] -= 0.5
        with pytest.raises(StaleBackwardError):
            backward(np.ones_like(y))
    chain = network()
    y, backward = chain.forward(X)
    chain.layers[2].params["bias"] -= 0.5
    with pytest.raises(StaleBackwardError, match="Dense: backward expects the parameters of its forward"):
        backward(np.ones_like(y))


def test_one_layer_twice_shares_its_parameters():
    layer = Dense(3, 3, rng=rng(), dtype=np.float64)
    chain = Sequential(layer, Tanh(), layer)
    x, dy = rng(1).standard_normal((2, 3)), rng(2).standard_normal((2, 3))
    _, grads = chain.forward(x)[1](dy)
    step = 1e-6
    direction = rng(4).standard_normal((3, 3))
    losses = []
    for sign in (1, -1):
        layer.params["weight"] += sign * step * direction
        losses.append((chain.forward(x)[0] * dy).sum())
        layer.params["weight"] -= sign * step * direction
    total = ((grads["0.weight"] + grads["2.weight"]) * direction).sum()
    assert total == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-7)


def test_training_reaches_every_layer():
    chain = network()
    before = chain.state["0.1.running_mean"].copy()
    first = chain.forward(X, training=False)[0]
    np.testing.assert_array_equal(chain.forward(X, training=False)[0], first)
    np.testing.assert_array_equal(chain.predict(X), first)
    np.testing.assert_array_equal(chain.state["0.1.running_mean"], before)
    assert (chain.forward(X)[0] != first).any()
    assert (chain.state["0.1.running_mean"] != before).any()


def test_astype_reaches_every_layer_and_keeps_the_names_connected():
    chain = network(np.float32)
    double = chain.astype(np.float64)
    assert {array.dtype for array in double.params.values()} == {np.dtype(np.float64)}
    assert double.state["0.1.running_mean"].dtype == np.float64
    double.params["0.0.bias"] += 1.0
    assert double.layers[0].layers[0].params["bias"].tolist() == [1, 1]
    assert not chain.params["0.0.bias"].any()
    assert double.predict(X).dtype == np.float64
    np.testing.assert_allclose(chain.predict(X.astype(np.float32)).shape, (4, 3))


def test_predict_drops_what_the_layers_hold_at_once():
    held = []

    class Holding(Layer):
        def forward(self, x, training=True):
            assert not any(reference() is not None for reference in held), "an earlier layer's way back is still alive"
            scratch = np.zeros(1000)
            held.append(weakref.ref(scratch))

            def backward(dy, wrt=("x", "params")):
                return scratch[:1] * dy, {}

            return x + 1, backward

    gc.disable()
    try:
        y = Sequential(Holding(), Sequential(Holding(), Holding())).predict(np.zeros((6, 1)), batch_size=2)
    finally:
        gc.enable()
    np.testing.assert_array_equal(y, np.full((6, 1), 3.0))
    assert len(held) == 9


def test_an_empty_chain_passes_everything_on():
    y, backward = Sequential().forward(X)
    assert y is X
    dx, grads = backward(X)
    assert dx is X
    assert grads == {}


@pytest.mark.parametrize("thing", [None, 3, functional.relu, ReLU, np.ones(3)])
def test_layers_are_layers(thing):
    with pytest.raises(RangeError, match="Sequential: layer 1 expects a Layer, is "):
        Sequential(ReLU(), thing)


def test_an_input_shape_is_watched_at_the_entrance():
    chain = Sequential(Flatten(), Dense(4, 2, rng=rng()), input_shape=(1, 2, 2))
    assert chain.predict(np.zeros((3, 1, 2, 2), np.float32)).shape == (3, 2)
    for call in (chain.forward, chain.predict):
        with pytest.raises(ShapeError, match=r"Sequential: x expects shape \(N, 1, 2, 2\), has \(3, 4\)"):
            call(np.zeros((3, 4), np.float32))
        with pytest.raises(DtypeError, match="expects a NumPy array, is list"):
            call([[[[1.0, 2.0], [3.0, 4.0]]]])


TABLE = """\
   layer                         output shape  parameters
─────────────────────────────────────────────────────────
   input                         1 × 28 × 28
0  Conv2d(1, 8, 3×3, padding 1)  8 × 28 × 28           80
1  MaxPool2d(2×2)                8 × 14 × 14            0
2  Flatten()                     1568                   0
3  Dense(1568, 10)               10                15,690
─────────────────────────────────────────────────────────
   total                                           15,770"""


def test_summary_prints_a_table(capsys):
    layers = [Conv2d(1, 8, 3, padding=1, rng=rng()), MaxPool2d(2), Flatten(), Dense(1568, 10, rng=rng())]
    Sequential(*layers).summary((1, 28, 28))
    printed = capsys.readouterr().out
    assert [line.rstrip() for line in printed.splitlines()] == TABLE.splitlines()
    Sequential(*layers, input_shape=(1, 28, 28)).summary()
    assert capsys.readouterr().out == printed
    with pytest.raises(RangeError, match=r"summary: input_shape expects the shape of one sample, .* is None"):
        Sequential(*layers).summary()
    with pytest.raises(ShapeError):
        Sequential(*layers).summary((1, 27, 27))
