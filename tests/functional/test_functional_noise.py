"""Noise: its mean and spread, the same mask on the way back, generators given and none other."""

import numpy as np
import pytest
from numerical_gradients import numbers

from nnfromscratch.errors import DtypeError, RangeError
from nnfromscratch.functional import dropout, gaussian_noise
from nnfromscratch.kernels import SETS, use, vectorized

ROUNDING = 1e-6  # of a normal number in float32


def rng():
    return np.random.default_rng(0)


def normal_numbers(count):
    """Those that the generator's bits make."""
    bits = rng().integers(0, 2**64, (count + 1) // 2, np.uint64).view(np.int32)
    return vectorized.normal(bits.reshape(2, -1)).ravel()[:count]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_drops_at_the_rate(rate):
    x = np.full((200, 200), 3.0)
    y, _ = dropout(x, rate, rng=rng())
    assert set(np.unique(y)) == {0.0, 3.0 * (1 / (1 - rate))}
    assert (y == 0).mean() == pytest.approx(rate, abs=0.01)
    assert y.mean() == pytest.approx(3.0, rel=0.05)


def test_dropout_sends_the_gradient_through_the_same_mask():
    x, dy = numbers(5, 6, low=0.1), numbers(5, 6, seed=1, low=0.1)
    y, backward = dropout(x, 0.25, rng=rng())
    np.testing.assert_allclose(backward(dy), dy * (y / x), rtol=1e-12)
    np.testing.assert_allclose((y / x)[y != 0], 1 / 0.75, rtol=1e-12)


def test_no_dropout_at_rate_0():
    x = numbers(5, 6)
    y, backward = dropout(x, 0, rng=rng())
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(backward(x), x)


def test_gaussian_noise_has_the_given_spread():
    x = np.full((200, 200), 5.0)
    y, backward = gaussian_noise(x, 0.25, rng=rng())
    assert (y - x).mean() == pytest.approx(0, abs=0.01)
    assert (y - x).std() == pytest.approx(0.25, rel=0.02)
    expected = x + 0.25 * normal_numbers(x.size).reshape(200, 200).T
    np.testing.assert_allclose(y, expected, rtol=0, atol=ROUNDING)
    dy = numbers(200, 200)
    np.testing.assert_array_equal(backward(dy), dy)
    np.testing.assert_array_equal(gaussian_noise(x, 0, rng=rng())[0], x)


@pytest.mark.parametrize("shape", [(), (5,), (5, 3), (5, 3, 2), (5, 3, 2, 4)])
def test_gaussian_noise_is_drawn_with_the_batch_innermost_as_images_lie_in_memory(shape):
    y, _ = gaussian_noise(np.zeros(shape), 1.0, rng=rng())
    order = {4: (2, 1, 3, 0)}.get(len(shape), (*range(1, len(shape)), 0)[: len(shape)])
    assert y.shape == shape
    assert y.transpose(order).flags.c_contiguous
    np.testing.assert_allclose(y.transpose(order).ravel(), normal_numbers(y.size), rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (7, 3), (5, 0, 2), (3, 3, 5, 1), (0, 2, 3, 3)])
def test_every_set_of_kernels_adds_the_same_noise(name, dtype, shape):
    if name == "compiled":
        pytest.importorskip("numba")
    x = numbers(*shape).astype(dtype)
    x.flags.writeable = False
    with use(name):
        y, backward = gaussian_noise(x, 2.0, rng=rng())
    expected, _ = gaussian_noise(x.astype(np.float64), 2.0, rng=rng())
    assert (y.shape, y.dtype, backward(x).dtype) == (shape, dtype, dtype)
    np.testing.assert_allclose(y, expected, rtol=0, atol=4 * ROUNDING)


@pytest.mark.parametrize("op", [dropout, gaussian_noise])
def test_the_generator_decides(op):
    x = numbers(4, 5).astype(np.float32)
    first = rng()
    one, two = op(x, 0.5, rng=first)[0], op(x, 0.5, rng=first)[0]
    assert (one != two).any()
    np.testing.assert_array_equal(op(x, 0.5, rng=rng())[0], one)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, np.nan, True, "0.5"])
def test_rates_that_make_no_sense(rate):
    with pytest.raises(RangeError, match="dropout: rate expects a finite number >= 0 and < 1, is "):
        dropout(np.ones(3), rate, rng=rng())


@pytest.mark.parametrize("std", [-0.1, np.inf, None])
def test_spreads_that_make_no_sense(std):
    with pytest.raises(RangeError, match="gaussian_noise: std expects a finite number >= 0, is "):
        gaussian_noise(np.ones(3), std, rng=rng())


@pytest.mark.parametrize("op", [dropout, gaussian_noise])
@pytest.mark.parametrize("generator", [0, None, np.random, np.random.RandomState(0)])
def test_randomness_is_a_generator(op, generator):
    with pytest.raises(DtypeError, match=f"^{op.__name__}: rng expects a numpy.random.Generator"):
        op(np.ones(3), 0.5, rng=generator)
