"""Initialisers: fans by hand, moments within what chance allows, seeds, types, errors; signals keep their size."""

import math

import numpy as np
import pytest

from nnfromscratch import initializers as init
from nnfromscratch.errors import DtypeError, RangeError, ShapeError

DENSE, CONV = (300, 700), (48, 24, 5, 3)
DRAWN = [init.he_normal, init.glorot_normal, init.lecun_normal, init.he_uniform, init.glorot_uniform]
DRAWN += [init.lecun_uniform, init.dcgan_normal]
by_name = pytest.mark.parametrize("initializer", DRAWN, ids=lambda function: function.__name__)
VARIANCES = {
    "he": lambda fan_in, fan_out: 2 / fan_in,
    "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "lecun": lambda fan_in, fan_out: 1 / fan_in,
    "dcgan": lambda fan_in, fan_out: 0.02**2,
}


def test_fans_by_hand():
    assert init.fans((784, 128)) == (784, 128)
    assert init.fans((32, 16, 5, 3)) == (16 * 15, 32 * 15)
    assert init.fans((16, 32, 5, 3), transposed=True) == (16 * 15, 32 * 15)


def test_fans_count_the_products_of_an_inner_pixel():
    # what an output of dense, and of a 3 x 2 convolution of 5 channels, adds up when every x and w is 1
    assert (np.ones((1, 6)) @ np.ones((6, 4)))[0, 0] == init.fans((6, 4))[0]
    windows = np.lib.stride_tricks.sliding_window_view(np.ones((5, 8, 8)), (3, 2), axis=(1, 2))
    y = np.einsum("cijpq,fcpq->fij", windows, np.ones((7, 5, 3, 2)))
    assert y[0, 4, 4] == init.fans((7, 5, 3, 2))[0]


@by_name
@pytest.mark.parametrize(("shape", "fans"), [(DENSE, (300, 700)), (CONV, (24 * 15, 48 * 15))], ids=["dense", "conv"])
def test_mean_and_variance_are_as_printed(initializer, shape, fans):
    kind, _, form = initializer.__name__.partition("_")
    variance = VARIANCES[kind](*fans)
    values = initializer(shape, np.random.default_rng(0), np.float64).ravel()
    n, kurtosis = values.size, 3.0 if form == "normal" else 1.8
    assert abs(values.mean()) < 4 * math.sqrt(variance / n)
    assert abs(values.var() / variance - 1) < 4 * math.sqrt((kurtosis - 1) / n)
    assert abs((values**4).mean() / variance**2 - kurtosis) < 0.15  # tells a normal from a uniform distribution


@pytest.mark.parametrize("initializer", [init.he_uniform, init.glorot_uniform, init.lecun_uniform])
def test_uniform_fills_its_interval_and_no_more(initializer):
    kind = initializer.__name__.partition("_")[0]
    bound = math.sqrt(3 * VARIANCES[kind](*DENSE))
    values = initializer(DENSE, np.random.default_rng(0))
    assert -bound * (1 + 1e-6) <= values.min() < -0.999 * bound
    assert 0.999 * bound < values.max() <= bound * (1 + 1e-6)


@pytest.mark.parametrize("initializer", DRAWN[:-1])
def test_transposed_weights_swap_the_fans(initializer):
    straight = initializer((48, 24, 5, 3), np.random.default_rng(0))
    transposed = initializer((24, 48, 5, 3), np.random.default_rng(0), transposed=True)
    np.testing.assert_array_equal(straight.ravel(), transposed.ravel())


@pytest.mark.parametrize("initializer", [init.he_normal, init.he_uniform])
def test_a_leaky_relu_needs_smaller_weights(initializer):
    plain = initializer(DENSE, np.random.default_rng(0), np.float64)
    leaky = initializer(DENSE, np.random.default_rng(0), np.float64, negative_slope=0.2)
    np.testing.assert_allclose(leaky, plain / math.sqrt(1.04), rtol=1e-12, atol=1e-16)


@by_name
@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_type_seed_and_ownership(initializer, dtype):
    one, same, other = (initializer(CONV, np.random.default_rng(seed), dtype) for seed in (5, 5, 6))
    assert (one.dtype, one.shape) == (np.dtype(dtype), CONV)
    np.testing.assert_array_equal(one, same)
    assert (one != other).mean() > 0.99
    assert one.flags.owndata
    assert one.flags.writeable
    assert initializer(CONV, np.random.default_rng(5)).dtype == np.float32


@by_name
def test_weights_are_drawn_anew_each_time(initializer):
    rng = np.random.default_rng(5)
    assert (initializer(DENSE, rng) != initializer(DENSE, rng)).mean() > 0.99


def test_zeros_and_ones():
    for initializer, value in [(init.zeros, 0), (init.ones, 1)]:
        rng = np.random.default_rng(0)
        array = initializer((2, 3), rng, np.float64)
        np.testing.assert_array_equal(array, np.full((2, 3), value))
        assert array.dtype == np.float64
        assert rng.random() == np.random.default_rng(0).random()
        assert initializer((2,)).dtype == np.float32


def test_he_keeps_the_signal_through_twenty_relu_layers_and_lecun_through_linear_ones():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 400))
    rectified, linear, faded = x, x, x
    for _ in range(20):
        rectified = np.maximum(rectified @ init.he_normal((400, 400), rng, np.float64), 0)
        linear = linear @ init.lecun_normal((400, 400), rng, np.float64)
        faded = np.maximum(faded @ init.lecun_normal((400, 400), rng, np.float64), 0)
    assert 0.5 < (rectified**2).mean() / (x**2).mean() < 2
    assert 0.5 < (linear**2).mean() / (x**2).mean() < 2
    assert (faded**2).mean() < 1e-4


@by_name
def test_errors_common_to_all(initializer):
    with pytest.raises(DtypeError, match=r"rng expects a numpy\.random\.Generator"):
        initializer(DENSE, 0)
    with pytest.raises(DtypeError, match="dtype expects float32 or float64, is int64"):
        initializer(DENSE, np.random.default_rng(0), np.int64)


def test_wrong_shapes():
    rng = np.random.default_rng(0)
    for shape in [(5,), (5, 4, 3), (1, 2, 3, 4, 5), ()]:
        with pytest.raises(ShapeError, match=r"shape expects \(in, out\) or \(F, C, KH, KW\)"):
            init.he_normal(shape, rng)
    with pytest.raises(ShapeError, match=r"shape expects \(C, F, KH, KW\), is \(5, 4\)"):
        init.glorot_normal((5, 4), rng, transposed=True)
    for shape in [(0, 4), (4, 0), (4, 3, 0, 2), (4, -1)]:
        with pytest.raises(ShapeError, match="at least 1 along every axis"):
            init.lecun_uniform(shape, rng)
    with pytest.raises(RangeError, match="negative_slope expects a finite number"):
        init.he_normal(DENSE, rng, negative_slope=math.nan)
    for constant in (init.zeros, init.ones):
        with pytest.raises(DtypeError, match="dtype expects float32 or float64"):
            constant((2,), None, np.int32)
