"""The memory behind the shape: which views share it, which calls copy."""

import numpy as np
import pytest
from kernel_cases import ORDERS, laid_out

from nnfromscratch.kernels.memory import as_images, as_rows, empty_images, reshape_batch


def numbers(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_images_are_rows_seen_another_way():
    rows = numbers(4, 3, 5, 2)
    images = as_images(rows)
    assert images.shape == (2, 3, 4, 5)
    assert images[1, 2, 3, 4] == rows[3, 2, 4, 1]
    assert np.shares_memory(images, rows)
    assert np.shares_memory(as_rows(images), rows)
    np.testing.assert_array_equal(as_rows(images), rows)


@pytest.mark.parametrize("order", ORDERS)
def test_rows_of_any_memory_order_are_contiguous(order):
    images = numbers(2, 3, 4, 5)
    rows = as_rows(laid_out(images, order))
    assert rows.flags.c_contiguous
    np.testing.assert_array_equal(rows, images.transpose(2, 1, 3, 0))


def test_empty_images_have_the_shape_and_the_batch_innermost():
    images = empty_images((2, 3, 4, 5), np.float64)
    assert images.shape == (2, 3, 4, 5)
    assert images.dtype == np.float64
    assert images.strides == (8, 5 * 2 * 8, 3 * 5 * 2 * 8, 2 * 8)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", [(60,), (5, 12), (4, 3, 5), (60, 1), (1, 2, 30)])
def test_reshaping_reads_every_sample_in_order_whatever_the_memory(order, shape):
    images = numbers(2, 3, 4, 5)
    y = reshape_batch(laid_out(images, order), shape)
    np.testing.assert_array_equal(y, images.reshape(2, *shape))


def test_reshaping_keeps_the_order_of_memory():
    images = as_images(numbers(4, 3, 5, 2))
    rows = reshape_batch(images, (60,))
    assert rows.strides == (4, 8)
    assert reshape_batch(rows, (3, 4, 5)).strides[0] == 4
    plain = numbers(2, 3, 4, 5)
    assert np.shares_memory(reshape_batch(plain, (60,)), plain)
    assert reshape_batch(plain, (60,)).flags.c_contiguous


def test_reshaping_an_empty_batch_and_single_numbers():
    assert reshape_batch(np.zeros((0, 3, 4)), (12,)).shape == (0, 12)
    assert reshape_batch(np.zeros((0, 3, 4)).transpose(0, 2, 1), (2, 6)).shape == (0, 2, 6)
    assert reshape_batch(numbers(4)[::2], (1,)).tolist() == [[0], [2]]
