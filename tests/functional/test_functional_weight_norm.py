"""Weight normalization literally, by hand, and against differences."""

import math

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.functional import weight_norm

SHAPES = [((4, 6), 0), ((4, 6), 1), ((3, 2, 3, 2), 0), ((2, 3, 2, 3), 1), ((1, 5), 0), ((5, 1), 0), ((1, 1), 1)]
every_shape = pytest.mark.parametrize(("shape", "axis"), SHAPES)


@every_shape
def test_every_unit_has_the_direction_of_v_and_the_length_g(shape, axis):
    v, g = numbers(*shape), numbers(shape[axis], seed=1)
    y, _ = weight_norm(v, g, axis=axis)
    for k in range(shape[axis]):
        unit = np.take(v, k, axis)
        length = math.sqrt(sum(number**2 for number in unit.flat))
        np.testing.assert_allclose(np.take(y, k, axis), g[k] / length * unit, rtol=1e-13)  # equation (2)


@every_shape
def test_gradients_against_differences(shape, axis):
    check_gradients(lambda v, g: weight_norm(v, g, axis=axis), numbers(*shape, low=0.3), numbers(shape[axis], seed=1))


@every_shape
def test_gradients_are_those_of_the_paper(shape, axis):
    v, g = numbers(*shape), numbers(shape[axis], seed=1)
    dy = numbers(*shape, seed=2)
    dv, dg = weight_norm(v, g, axis=axis)[1](dy)
    for k in range(shape[axis]):
        unit, above = np.take(v, k, axis), np.take(dy, k, axis)
        length = math.sqrt(sum(number**2 for number in unit.flat))
        expected = sum(a * b for a, b in zip(above.flat, unit.flat, strict=True)) / length  # equation (3)
        assert dg[k] == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(
            np.take(dv, k, axis), g[k] / length * above - g[k] * expected / length**2 * unit, rtol=1e-9, atol=1e-13
        )


def test_by_hand():
    y, backward = weight_norm(np.array([[3.0], [4.0]]), np.array([10.0]), axis=1)
    np.testing.assert_allclose(y, [[6.0], [8.0]], rtol=1e-15)
    dv, dg = backward(np.array([[1.0], [2.0]]))
    np.testing.assert_allclose(dg, [(3 + 8) / 5], rtol=1e-15)
    np.testing.assert_allclose(dv, [[2 - 10 * 2.2 / 25 * 3], [4 - 10 * 2.2 / 25 * 4]], rtol=1e-13)


def test_the_gradient_is_at_right_angles_to_v():
    v = numbers(4, 5)
    dv, _ = weight_norm(v, numbers(4))[1](numbers(4, 5, seed=8))
    assert np.abs((dv * v).sum(axis=1)).max() < 1e-14
    assert np.abs(dv).max() > 0.1


def test_the_scale_of_v_cancels():
    v, g = numbers(4, 5), numbers(4, seed=1)
    for scale in (1e-100, 1e100):
        np.testing.assert_allclose(weight_norm(scale * v, g)[0], weight_norm(v, g)[0], rtol=1e-13)


def test_only_what_is_wanted():
    v, g = numbers(4, 5), numbers(4, seed=1)
    _, backward = weight_norm(v, g)
    dy = numbers(4, 5, seed=2)
    dv, dg = backward(dy)
    only_v, nothing = backward(dy, wrt=("v",))
    assert nothing is None
    np.testing.assert_array_equal(only_v, dv)
    nothing, only_g = backward(dy, wrt=("g",))
    assert nothing is None
    np.testing.assert_array_equal(only_g, dg)


def test_wrong_arguments():
    v, g = numbers(4, 5), numbers(4)
    with pytest.raises(ShapeError, match=r"^weight_norm: g expects shape \(4,\), has \(5,\)"):
        weight_norm(v, numbers(5))
    with pytest.raises(ShapeError, match=r"^weight_norm: v expects two axes or more, .* has shape \(4,\)"):
        weight_norm(g, g)
    with pytest.raises(DtypeError, match=r"^weight_norm: g expects float64 like v, has float32"):
        weight_norm(v, g.astype(np.float32))
    with pytest.raises(RangeError, match=r"^weight_norm: axis expects less than v's 2 axes, is 2"):
        weight_norm(v, g, axis=2)
    with pytest.raises(RangeError, match=r"^weight_norm: axis expects a whole number of at least 0, is -1"):
        weight_norm(v, g, axis=-1)
    v[2] = 0
    with pytest.raises(RangeError, match=r"^weight_norm: v expects a length above 0 for each unit, that of unit 2 is"):
        weight_norm(v, g)
