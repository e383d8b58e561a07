"""Minibatch discrimination against plain loops and differences, at ties and for one sample; the memory it takes."""

import math
import tracemalloc

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch.errors import DtypeError, ShapeError
from nnfromscratch.functional import minibatch_discrimination


def by_hand(x, weight):
    """o in plain Python: how like the others each sample is, for each kernel."""
    n, (features, kernels, size) = len(x), weight.shape
    m = [
        [[sum(x[i][a] * weight[a][b][c] for a in range(features)) for c in range(size)] for b in range(kernels)]
        for i in range(n)
    ]
    return [
        [
            sum(math.exp(-sum(abs(m[i][b][c] - m[j][b][c]) for c in range(size))) for j in range(n) if j != i)
            for b in range(kernels)
        ]
        for i in range(n)
    ]


@pytest.mark.parametrize(("n", "weight"), [(5, (3, 2, 4)), (2, (1, 1, 1)), (4, (2, 5, 1)), (1, (3, 2, 2))])
def test_values(n, weight):
    x, weight = numbers(n, weight[0]), numbers(*weight) / 2
    y, _ = minibatch_discrimination(x, weight)
    np.testing.assert_array_equal(y[:, : x.shape[1]], x)
    np.testing.assert_allclose(y[:, x.shape[1] :], by_hand(x.tolist(), weight), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("n", "weight"), [(5, (3, 2, 4)), (3, (2, 4, 1)), (2, (4, 1, 3)), (1, (3, 2, 2))])
def test_gradients(n, weight):
    check_gradients(minibatch_discrimination, numbers(n, weight[0]), numbers(*weight) / 2, h=1e-4, atol=1e-7)


def test_a_collapsed_batch_is_as_alike_as_can_be():
    x = np.repeat(numbers(1, 3), 6, axis=0)
    y, backward = minibatch_discrimination(x, numbers(3, 4, 2))
    np.testing.assert_array_equal(y[:, 3:], 5)
    dy = numbers(6, 7, seed=1)
    dx, dweight = backward(dy)
    # on every kink at once: the slope there is 0, so only the features' own gradient remains
    np.testing.assert_array_equal(dx, dy[:, :3])
    np.testing.assert_array_equal(dweight, 0)


def test_samples_that_agree_get_the_same_and_one_beside_them_drives_them():
    x = numbers(4, 3)
    x[1] = x[0]
    _, backward = minibatch_discrimination(x, numbers(3, 2, 2) / 2)
    dx, _ = backward(np.ones((4, 5)))
    np.testing.assert_allclose(dx[0], dx[1], rtol=1e-13)
    assert (dx[0] != 1).all()


def test_a_step_down_the_similarities_drives_samples_apart():
    x, weight = numbers(6, 3) / 10, numbers(3, 4, 2)
    y, backward = minibatch_discrimination(x, weight)
    dx, _ = backward(np.concatenate([np.zeros((6, 3)), np.ones((6, 4))], axis=1))
    after, _ = minibatch_discrimination(x - 1e-3 * dx, weight)
    assert after[:, 3:].sum() < y[:, 3:].sum()


def test_the_order_of_the_samples_does_not_matter():
    x, weight, order = numbers(6, 3), numbers(3, 4, 2), np.random.default_rng(0).permutation(6)
    y, _ = minibatch_discrimination(x, weight)
    np.testing.assert_allclose(minibatch_discrimination(x[order], weight)[0], y[order], rtol=1e-12, atol=1e-13)


def test_one_sample_is_like_nobody():
    x, weight, dy = numbers(1, 3), numbers(3, 4, 2), numbers(1, 7, seed=1)
    y, backward = minibatch_discrimination(x, weight)
    np.testing.assert_array_equal(y, [[*x[0], 0, 0, 0, 0]])
    dx, dweight = backward(dy)
    np.testing.assert_array_equal(dx, dy[:, :3])
    np.testing.assert_array_equal(dweight, 0)


def test_samples_far_apart_are_not_alike_and_nothing_overflows():
    y, backward = minibatch_discrimination(1e30 * numbers(4, 3).astype(np.float32), np.ones((3, 2, 2), np.float32))
    np.testing.assert_array_equal(y[:, 3:], 0)
    dx, dweight = backward(np.ones_like(y))
    np.testing.assert_array_equal(dx, 1)
    np.testing.assert_array_equal(dweight, 0)


def test_float32_is_nearly_float64():
    x, weight, dy = numbers(64, 20), numbers(20, 8, 4) / 20, numbers(64, 28, seed=1)
    y, backward = minibatch_discrimination(x, weight)
    y32, backward32 = minibatch_discrimination(x.astype(np.float32), weight.astype(np.float32))
    np.testing.assert_allclose(y32, y, rtol=1e-5, atol=1e-5)
    for gradient32, gradient in zip(backward32(dy.astype(np.float32)), backward(dy), strict=True):
        np.testing.assert_allclose(gradient32, gradient, rtol=1e-3, atol=1e-4 * np.abs(gradient).max())


def test_a_nan_reaches_all_similarities_and_no_other_features():
    x = numbers(4, 3)
    x[2, 1] = np.nan
    y, _ = minibatch_discrimination(x, numbers(3, 2, 2))
    assert np.isnan(y[:, 3:]).all()
    assert np.isnan(y[:, :3]).sum() == 1


def test_memory_holds_no_array_of_all_pairs_kernels_and_numbers():
    n, count, size = 64, 50, 16
    x, weight = numbers(n, 8).astype(np.float32), numbers(8, count, size).astype(np.float32)
    all_at_once = 4 * n * n * count * size
    for _ in range(2):  # what the first call loads is not counted
        tracemalloc.start()
        try:
            y, backward = minibatch_discrimination(x, weight)
            backward(np.ones_like(y))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < all_at_once / 4


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((4, 3), (2, 5, 2)), r"x expects shape \(N, 2\), has \(4, 3\)"),
        (((4, 3), (3, 10)), r"weight expects shape \(A, B, C\), has \(3, 10\)"),
        (((4, 3, 2), (3, 5, 2)), r"x expects shape \(N, 3\), has \(4, 3, 2\)"),
        (((4, 0), (0, 5, 2)), r"x expects at least 1 along axis 1, has shape \(4, 0\)"),
        (((4, 3), (3, 0, 2)), r"weight expects at least 1 along axis 1, has shape \(3, 0, 2\)"),
        (((4, 3), (3, 5, 0)), r"weight expects at least 1 along axis 2, has shape \(3, 5, 0\)"),
    ],
)
def test_wrong_shapes(shapes, message):
    with pytest.raises(ShapeError, match=f"^minibatch_discrimination: {message}"):
        minibatch_discrimination(*(np.ones(shape) for shape in shapes))


def test_two_float_types():
    with pytest.raises(DtypeError, match="minibatch_discrimination: weight expects float64 like x, has float32"):
        minibatch_discrimination(np.ones((2, 3)), np.ones((3, 2, 2), np.float32))
