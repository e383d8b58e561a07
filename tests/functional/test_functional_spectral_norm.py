"""Spectral normalization against NumPy's singular values, by hand, and against differences."""

import math

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.functional import spectral_norm
from nnfromscratch.functional.spectral_norm import power_iteration

SHAPES = [((4, 6), 0), ((4, 6), 1), ((3, 2, 3, 2), 0), ((2, 3, 2, 3), 1), ((1, 5), 0), ((5, 1), 0), ((1, 1), 1)]
every_shape = pytest.mark.parametrize(("shape", "axis"), SHAPES)


def rows(weight, axis):
    return np.stack([np.take(weight, k, axis).ravel() for k in range(weight.shape[axis])])


def unit(size, seed=3):
    u = np.random.default_rng(seed).standard_normal(size)
    return u / math.sqrt((u * u).sum())


@every_shape
def test_iteration_ends_at_the_largest_singular_value(shape, axis):
    weight = numbers(*shape)
    u = unit(shape[axis])
    for _ in range(3000):
        u = power_iteration(weight, u, axis=axis)
    y, _ = spectral_norm(weight, u=u, axis=axis)
    largest = np.linalg.svd(rows(weight, axis))[1][0]
    np.testing.assert_allclose(y, weight / largest, rtol=1e-10)
    assert np.linalg.svd(rows(y, axis))[1][0] == pytest.approx(1, rel=1e-10)


@every_shape
def test_one_iteration_and_the_division_literally(shape, axis):
    weight, u = numbers(*shape), unit(shape[axis])
    matrix = rows(weight, axis)
    v = matrix.T @ u / math.sqrt(((matrix.T @ u) ** 2).sum())
    np.testing.assert_allclose(
        power_iteration(weight, u, axis=axis), matrix @ v / math.sqrt(((matrix @ v) ** 2).sum()), rtol=1e-12
    )
    np.testing.assert_allclose(spectral_norm(weight, u=u, axis=axis)[0], weight / (u @ matrix @ v), rtol=1e-12)


def test_estimates_only_grow_towards_the_largest():
    weight, u = numbers(6, 8), unit(6)
    largest, found = np.linalg.svd(weight)[1][0], []
    for _ in range(12):
        found.append(float(weight.flat[0] / spectral_norm(weight, u=u)[0].flat[0]))
        u = power_iteration(weight, u)
        assert math.sqrt((u * u).sum()) == pytest.approx(1, rel=1e-12)
    assert found == sorted(found)
    assert found[0] < 0.9 * largest
    assert found[-1] < largest * (1 + 1e-12)


@every_shape
def test_gradients(shape, axis):
    u = unit(shape[axis])
    check_gradients(lambda weight: spectral_norm(weight, u=u, axis=axis), numbers(*shape, low=0.3))


def test_the_gradient_is_at_right_angles_to_the_weight():
    # twice the weight gives the same result
    weight = numbers(4, 5)
    _, backward = spectral_norm(weight, u=unit(4))
    gradient = backward(numbers(4, 5, seed=8))
    assert abs((gradient * weight).sum()) < 1e-14 * np.abs(gradient * weight).sum() * weight.size
    assert np.abs(gradient).max() > 0.1


def test_a_weight_of_rank_one_is_known_after_one_iteration():
    weight = np.outer([3.0, 4.0], [0.6, 0.8, 0.0])
    u = power_iteration(weight, np.array([1.0, 0.0]))
    np.testing.assert_allclose(u, [0.6, 0.8], rtol=1e-15)
    np.testing.assert_allclose(spectral_norm(weight, u=u)[0], weight / 5, rtol=1e-15)


def test_the_scale_of_the_weight_cancels():
    weight, u = numbers(4, 5), unit(4)
    expected = spectral_norm(weight, u=u)[0]
    for scale in (1e-100, 1e100):
        np.testing.assert_allclose(spectral_norm(scale * weight, u=u)[0], expected, rtol=1e-13)


def test_wrong_arguments():
    weight, u = numbers(4, 5), unit(4)
    for function, name in ((lambda w, u, **s: spectral_norm(w, u=u, **s), "spectral_norm"),
                           (power_iteration, "power_iteration")):  # fmt: skip
        with pytest.raises(ShapeError, match=rf"^{name}: u expects shape \(4,\), has \(5,\)"):
            function(weight, unit(5))
        with pytest.raises(ShapeError, match=rf"^{name}: weight expects two axes or more, .* has shape \(4,\)"):
            function(u, u)
        with pytest.raises(DtypeError, match=rf"^{name}: u expects float64 like weight, has float32"):
            function(weight, u.astype(np.float32))
        with pytest.raises(RangeError, match=rf"^{name}: axis expects less than the weight's 2 axes, is 2"):
            function(weight, u, axis=2)
        with pytest.raises(RangeError, match=rf"^{name}: axis expects a whole number of at least 0, is -1"):
            function(weight, u, axis=-1)
        with pytest.raises(RangeError, match=rf"^{name}: weight expects .*Wᵀ·u is 0"):
            function(np.zeros((4, 5)), u)
