"""Activations against Python's own mathematics, at the ends of what float32 holds, and against differences."""

import math

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch import functional
from nnfromscratch.errors import RangeError, ShapeError
from nnfromscratch.functional import elu, leaky_relu, log_softmax, relu, sigmoid, softmax, softplus, tanh

ELEMENTWISE = {
    "relu": (relu, lambda x: max(x, 0.0)),
    "leaky_relu": (leaky_relu, lambda x: x if x > 0 else 0.2 * x),
    "leaky_relu 0.01": (lambda x: leaky_relu(x, 0.01), lambda x: x if x > 0 else 0.01 * x),
    "elu": (elu, lambda x: x if x > 0 else math.exp(x) - 1),
    "elu 2.5": (lambda x: elu(x, 2.5), lambda x: x if x > 0 else 2.5 * (math.exp(x) - 1)),
    "sigmoid": (sigmoid, lambda x: 1 / (1 + math.exp(-x))),
    "tanh": (tanh, math.tanh),
    "softplus": (softplus, lambda x: math.log(1 + math.exp(x))),
}
elementwise = pytest.mark.parametrize("name", ELEMENTWISE)
everywhere = pytest.mark.parametrize("op", [relu, leaky_relu, elu, sigmoid, tanh, softplus, softmax, log_softmax])


@elementwise
def test_values(name):
    op, expected = ELEMENTWISE[name]
    x = np.array([-20.0, -3.0, -1.0, -1e-3, 0.0, 1e-3, 0.5, 1.0, 3.0, 20.0])
    np.testing.assert_allclose(op(x)[0], [expected(float(value)) for value in x], rtol=1e-9, atol=1e-15)


@elementwise
def test_gradients(name):
    op, _ = ELEMENTWISE[name]
    check_gradients(op, numbers(3, 4, low=0.05))
    check_gradients(op, np.array([1.5]))
    check_gradients(op, numbers(2, 2, 2, 2, low=0.05))


@elementwise
def test_a_single_number_without_axes(name):
    op, expected = ELEMENTWISE[name]
    y, backward = op(np.array(-0.5))
    assert y == pytest.approx(expected(-0.5))
    assert np.shape(backward(np.ones_like(y))) == ()


@pytest.mark.parametrize(
    ("op", "slope"), [(relu, 0.0), (leaky_relu, 0.2), (elu, 1.0), (lambda x: elu(x, 2.5), 2.5), (sigmoid, 0.25)]
)
def test_the_slope_taken_at_zero(op, slope):
    assert op(np.zeros(1))[1](np.ones(1)) == slope


@everywhere
def test_large_numbers_in_float32_overflow_nowhere(op):
    x = np.array([[-1e4, 0.0, 1e4], [-88.0, -104.0, 89.0], [1e30, -1e30, 0.0]], np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y, backward = op(x)
        dx = backward(np.ones_like(y))
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


def test_limits():
    x = np.array([-1e4, 1e4])
    assert sigmoid(x)[0].tolist() == [0, 1]
    assert tanh(x)[0].tolist() == [-1, 1]
    assert softplus(x)[0].tolist() == [0, 1e4]
    assert elu(x)[0].tolist() == [-1, 1e4]
    assert softplus(x)[1](np.ones(2)).tolist() == [0, 1]
    assert sigmoid(np.array([-np.inf, np.inf]))[0].tolist() == [0, 1]
    assert softmax(np.array([[1e4, -1e4]]))[0].tolist() == [[1, 0]]
    assert log_softmax(np.array([[1e4, -1e4]]))[0].tolist() == [[0, -2e4]]


def test_small_probabilities_keep_their_digits():
    # 1/(1 + eˣ) for x = −40 has no digit left in 1 − y, but all in y
    assert sigmoid(np.array([-40.0]))[0][0] == pytest.approx(math.exp(-40), rel=1e-14)
    assert softplus(np.array([-40.0]))[0][0] == pytest.approx(math.exp(-40), rel=1e-14)
    assert elu(np.array([-1e-12]))[0][0] == pytest.approx(-1e-12, rel=1e-9)
    assert log_softmax(np.array([0.0, 800.0]))[0][0] == -800


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4), (2, 1)])
def test_softmax_by_the_equation(shape):
    x = numbers(*shape)
    y = softmax(x)[0]
    expected = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(y, expected, rtol=1e-13)
    np.testing.assert_allclose(y.sum(axis=-1), 1, rtol=1e-13)
    np.testing.assert_allclose(log_softmax(x)[0], np.log(expected), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("op", [softmax, log_softmax])
def test_softmax_gradients(op, shape):
    check_gradients(op, numbers(*shape))


@pytest.mark.parametrize("op", [softmax, log_softmax])
def test_softmax_takes_no_notice_of_a_shift(op):
    # also with a gradient of ones the way back of softmax is zero: probabilities always add up to 1
    x = numbers(3, 4)
    np.testing.assert_allclose(op(x + 100.0)[0], op(x)[0], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(op(x)[1](np.ones((3, 4))).sum(axis=1), 0, atol=1e-14)


@pytest.mark.parametrize("shape", [(), (3, 0), (0,), (2, 3, 0)])
@pytest.mark.parametrize("op", [softmax, log_softmax])
def test_softmax_of_nothing(op, shape):
    with pytest.raises(ShapeError) as error:
        op(np.zeros(shape))
    expected = f"{op.__name__}: x expects at least 1 number along the last axis, has shape {shape}"
    assert str(error.value) == expected


def test_nan_stays_where_it_is():
    x = np.array([[np.nan, 1.0], [2.0, -3.0]])
    for name, (op, _) in ELEMENTWISE.items():
        assert np.isnan(op(x)[0]).tolist() == [[True, False], [False, False]], name
    for op in (softmax, log_softmax):
        assert np.isnan(op(x)[0]).tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize("slope", [np.nan, np.inf, "0.2", None, True])
def test_slopes_that_are_no_numbers(slope):
    with pytest.raises(RangeError, match="leaky_relu: negative_slope expects a finite number"):
        leaky_relu(np.ones(2), slope)
    with pytest.raises(RangeError, match="elu: alpha expects a finite number > 0, is "):
        functional.elu(np.ones(2), slope)


@pytest.mark.parametrize("alpha", [0, -1.0])
def test_alpha_is_positive(alpha):
    with pytest.raises(RangeError, match=f"elu: alpha expects a finite number > 0, is {alpha}"):
        elu(np.ones(2), alpha)
    assert leaky_relu(np.array([-2.0]), alpha)[0] == -2 * alpha  # any slope will do there
