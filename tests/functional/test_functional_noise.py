"""Noise: its mean and spread, the same mask on the way back, generators given and none other."""

import numpy as np
import pytest
from numerical_gradients import numbers

from nnfromscratch.errors import DtypeError, RangeError
from nnfromscratch.functional import dropout, gaussian_noise


def rng():
    return np.random.default_rng(0)


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
    np.testing.assert_array_equal(y, x + 0.25 * rng().standard_normal((200, 200)).T)
    dy = numbers(200, 200)
    np.testing.assert_array_equal(backward(dy), dy)
    np.testing.assert_array_equal(gaussian_noise(x, 0, rng=rng())[0], x)


@pytest.mark.parametrize("shape", [(), (5,), (5, 3), (5, 3, 2), (5, 3, 2, 4)])
def test_gaussian_noise_is_drawn_with_the_batch_innermost_as_images_lie_in_memory(shape):
    y, _ = gaussian_noise(np.zeros(shape), 1.0, rng=rng())
    order = {4: (2, 1, 3, 0)}.get(len(shape), (*range(1, len(shape)), 0)[: len(shape)])
    assert y.shape == shape
    assert y.transpose(order).flags.c_contiguous
    np.testing.assert_array_equal(y.transpose(order).ravel(), rng().standard_normal(y.size))


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
