"""Batch and layer normalization against means and variances taken by hand, and against differences."""

import math

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch.errors import RangeError, ShapeError
from nnfromscratch.functional import batch_norm, layer_norm
from nnfromscratch.functional.normalization import batch_norm_in_training

SHAPES = [(5, 3), (4, 3, 2, 3), (2, 1), (1, 3, 2, 1)]


def by_hand(values, weight, bias, eps):
    """Normalized numbers of one group, in plain Python."""
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    return [weight * (value - mean) / math.sqrt(variance + eps) + bias for value in values]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_batch_norm_values(shape, eps):
    x, weight, bias = numbers(*shape) * 3 + 1, numbers(shape[1], seed=1), numbers(shape[1], seed=2)
    y, _ = batch_norm(x, weight, bias, eps=eps)
    for c in range(shape[1]):
        expected = by_hand(x[:, c].ravel().tolist(), weight[c], bias[c], eps)
        np.testing.assert_allclose(y[:, c].ravel(), expected, rtol=1e-11, atol=1e-12)


def test_epsilon_is_1e_5_unless_given():
    x, ones, zeros = np.array([[0.001], [-0.001]]), np.ones(1), np.zeros(1)
    np.testing.assert_allclose(batch_norm(x, ones, zeros)[0][0], 0.001 / math.sqrt(1e-6 + 1e-5), rtol=1e-12)
    given, _ = batch_norm(x, ones, zeros, mean=zeros, variance=zeros)
    np.testing.assert_allclose(given[0], 0.001 / math.sqrt(1e-5), rtol=1e-12)
    y, _ = layer_norm(x.T, np.ones(2), np.zeros(2))
    np.testing.assert_allclose(y[0, 0], 0.001 / math.sqrt(1e-6 + 1e-5), rtol=1e-12)
    _, _, (mean, variance) = batch_norm_in_training(x, ones, zeros)
    np.testing.assert_allclose((mean[0], variance[0]), (0, 1e-6), atol=1e-20)
    np.testing.assert_array_equal(batch_norm_in_training(x, ones, zeros)[0], batch_norm(x, ones, zeros)[0])


@pytest.mark.parametrize("shape", [(5, 3), (3, 2, 2, 3)])
def test_batch_norm_gradients(shape):
    weight, bias = numbers(shape[1], seed=1), numbers(shape[1], seed=2)
    check_gradients(batch_norm, numbers(*shape), weight, bias)
    check_gradients(lambda *a: batch_norm(*a, eps=0.3), numbers(*shape), weight, bias)


@pytest.mark.parametrize("shape", [(5, 3), (3, 2, 2, 3), (1, 2)])
def test_batch_norm_by_given_statistics(shape):
    c = shape[1]
    x, weight, bias = numbers(*shape), numbers(c, seed=1), numbers(c, seed=2)
    mean, variance = numbers(c, seed=3), numbers(c, seed=4) ** 2
    y, _ = batch_norm(x, weight, bias, mean=mean, variance=variance, eps=0.1)
    for n in np.ndindex(shape):
        k = n[1]
        expected = weight[k] * (x[n] - mean[k]) / math.sqrt(variance[k] + 0.1) + bias[k]
        assert y[n] == pytest.approx(expected, rel=1e-12)
    check_gradients(lambda *a: batch_norm(*a, mean=mean, variance=variance), x, weight, bias)


def test_a_gradient_of_ones_vanishes_on_the_way_back():
    # the sum of x̂ is zero and so is that of its gradient, whatever the weight
    x = numbers(6, 3)
    dx, _, dbias = batch_norm(x, numbers(3), numbers(3))[1](np.ones((6, 3)))
    np.testing.assert_allclose(dx, 0, atol=1e-12)
    np.testing.assert_array_equal(dbias, 6)


def test_the_statistics_of_the_batch_come_along():
    x = numbers(4, 3, 2, 2)
    _, _, (mean, variance) = batch_norm_in_training(x, np.ones(3), np.zeros(3))
    np.testing.assert_allclose(mean, x.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(variance, x.var(axis=(0, 2, 3)))


def test_float32_far_from_zero():
    # the variance is taken about the mean: no difference of two large sums
    x = (numbers(256, 2) + 1000).astype(np.float32)
    y, _ = batch_norm(x, np.ones(2, np.float32), np.zeros(2, np.float32))
    np.testing.assert_allclose(y.var(axis=0), 1, rtol=1e-3)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-3)


@pytest.mark.parametrize("wrt", [("x",), ("weight",), ("bias",), ("x", "bias")])
@pytest.mark.parametrize("constant", [False, True])
def test_each_gradient_alone_is_the_same(wrt, constant):
    x, weight, bias, dy = numbers(5, 3), numbers(3, seed=1), numbers(3, seed=2), numbers(5, 3, seed=3)
    given = {"mean": numbers(3), "variance": np.ones(3)} if constant else {}
    _, backward = batch_norm(x, weight, bias, **given)
    for name, one, every in zip(("x", "weight", "bias"), backward(dy, wrt=wrt), backward(dy), strict=True):
        assert (one is not None) == (name in wrt)
        if one is not None:
            np.testing.assert_array_equal(one, every)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((5,), (5,), (5,)), r"x expects shape \(N, C\) or \(N, C, H, W\), has \(5,\)"),
        (((5, 3, 2), (3,), (3,)), r"x expects shape \(N, C\) or \(N, C, H, W\), has \(5, 3, 2\)"),
        (((5, 0), (0,), (0,)), r"x expects at least 1 along axis 1, has shape \(5, 0\)"),
        (((5, 3, 2, 0), (3,), (3,)), r"x expects at least 1 along axis 3, has shape \(5, 3, 2, 0\)"),
        (((5, 3), (4,), (3,)), r"weight expects shape \(3,\), has \(4,\)"),
        (((5, 3), (3,), (3, 1)), r"bias expects shape \(3,\), has \(3, 1\)"),
        (((1, 3), (3,), (3,)), r"x expects at least 2 numbers in a channel, has 1 \(shape \(1, 3\)\)"),
        (((0, 3, 2, 2), (3,), (3,)), r"x expects at least 2 numbers in a channel, has 0 \(shape \(0, 3, 2, 2\)\)"),
    ],
)
def test_batch_norm_wrong_shapes(shapes, message):
    with pytest.raises(ShapeError, match=f"^batch_norm: {message}"):
        batch_norm(*(np.ones(shape) for shape in shapes))


def test_batch_norm_wrong_statistics():
    x, ones = np.ones((4, 3)), np.ones(3)
    for given in ({"mean": ones}, {"variance": ones}):
        with pytest.raises(RangeError, match="batch_norm: mean and variance expect to be given both or not at all"):
            batch_norm(x, ones, ones, **given)
    with pytest.raises(ShapeError, match=r"batch_norm: mean expects shape \(3,\), has \(4,\)"):
        batch_norm(x, ones, ones, mean=np.ones(4), variance=ones)
    with pytest.raises(ShapeError, match=r"batch_norm: variance expects shape \(3,\), has \(1, 3\)"):
        batch_norm(x, ones, ones, mean=ones, variance=np.ones((1, 3)))


@pytest.mark.parametrize("eps", [0, -1e-5, np.nan, None])
def test_epsilon_is_positive(eps):
    ones = np.ones(3)
    for call in (
        lambda: batch_norm(np.ones((4, 3)), ones, ones, eps=eps),
        lambda: batch_norm(np.ones((4, 3)), ones, ones, mean=ones, variance=ones, eps=eps),
        lambda: layer_norm(np.ones((4, 3)), ones, ones, eps=eps),
    ):
        with pytest.raises(RangeError, match="_norm: eps expects a finite number > 0, is "):
            call()


@pytest.mark.parametrize(("shape", "last"), [((4, 3), 1), ((2, 3, 4), 1), ((2, 3, 4), 2), ((3, 2, 2, 2), 3), ((6,), 1)])
def test_layer_norm_values_and_gradients(shape, last):
    axes = shape[len(shape) - last :]
    x, weight, bias = numbers(*shape) * 2 + 3, numbers(*axes, seed=1), numbers(*axes, seed=2)
    y, _ = layer_norm(x, weight, bias, eps=0.01)
    for n in np.ndindex(shape[: len(shape) - last]):
        plain = np.array(by_hand(x[n].ravel().tolist(), 1, 0, 0.01)).reshape(axes)
        np.testing.assert_allclose(y[n], plain * weight + bias, rtol=1e-11, atol=1e-12)
    check_gradients(lambda *a: layer_norm(*a, eps=0.01), x, weight, bias)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((4, 3), (4,), (4,)), r"x expects shape \(..., 4\), has \(4, 3\)"),
        (((3,), (2, 3), (2, 3)), r"x expects shape \(..., 2, 3\), has \(3,\)"),
        (((4, 3), (3,), (1,)), r"bias expects shape \(3,\), has \(1,\)"),
        (((4, 0), (0,), (0,)), r"weight expects at least one axis and one number, has shape \(0,\)"),
        (((4, 3), (), ()), r"weight expects at least one axis and one number, has shape \(\)"),
    ],
)
def test_layer_norm_wrong_shapes(shapes, message):
    with pytest.raises(ShapeError, match=f"^layer_norm: {message}"):
        layer_norm(*(np.ones(shape) for shape in shapes))
