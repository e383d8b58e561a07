"""The same numbers in the same order, there and back."""

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch.errors import RangeError, ShapeError
from nnfromscratch.functional import flatten, reshape


def test_flatten_reads_channel_by_channel_and_row_by_row():
    x = numbers(2, 3, 2, 4)
    y, backward = flatten(x)
    np.testing.assert_array_equal(y, x.reshape(2, 24))
    np.testing.assert_array_equal(backward(y), x)
    np.testing.assert_array_equal(flatten(numbers(3, 4))[0], numbers(3, 4))


def test_reshape():
    x = numbers(2, 12)
    y, backward = reshape(x, (3, 2, 2))
    np.testing.assert_array_equal(y, x.reshape(2, 3, 2, 2))
    np.testing.assert_array_equal(backward(y), x)
    assert reshape(x, [12])[0].shape == (2, 12)
    assert reshape(numbers(3, 1), ())[0].shape == (3,)


def test_gradients():
    check_gradients(flatten, numbers(2, 3, 2))
    check_gradients(lambda x: reshape(x, (3, 2)), numbers(2, 6))


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError) as error:
        reshape(np.ones((2, 6)), (4, 2))
    assert str(error.value) == "reshape: x expects 8 numbers in a sample to fill (4, 2), has shape (2, 6)"
    with pytest.raises(ShapeError, match=r"flatten: x expects a batch and at least one more axis, has shape \(3,\)"):
        flatten(np.ones(3))
    with pytest.raises(ShapeError, match=r"reshape: x expects 1 numbers in a sample to fill \(1,\), has shape \(\)"):
        reshape(np.ones(()), (1,))
    with pytest.raises(ShapeError, match=r"flatten: x expects at least 1 along axis 2, has shape \(2, 3, 0\)"):
        flatten(np.ones((2, 3, 0)))


@pytest.mark.parametrize("shape", [6, None, "6", np.int64(6)])
def test_a_shape_is_a_tuple(shape):
    with pytest.raises(RangeError, match="reshape: shape expects a tuple of whole numbers, is "):
        reshape(np.ones((2, 6)), shape)


@pytest.mark.parametrize("shape", [(0, 6), (-1,), (6.0,), (True, 6)])
def test_lengths_are_whole_numbers(shape):
    with pytest.raises(RangeError, match="reshape: shape expects a whole number of at least 1, is "):
        reshape(np.ones((2, 6)), shape)
