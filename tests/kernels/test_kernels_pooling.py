"""The four pooling kernels of every set against equation (2), NumPy's views of all windows, and each other."""

import numpy as np
import pytest
from hypothesis import given
from kernel_cases import (
    NONE,
    ORDERS,
    Case,
    cases,
    every_set,
    examples,
    fast_sets,
    kernel_set,
    padded,
    tolerance,
    windows,
)


def all_windows(x, case):
    """(N, C, OH, OW, KH·KW), NaN where there is padding, and where a pixel is real."""
    real = windows(padded(np.ones(x.shape), case.padding), case.kernel, case.stride) == 1
    view = windows(padded(x.astype(np.float64), case.padding), case.kernel, case.stride)
    flat = (*view.shape[:4], -1) if view.size else (*view.shape[:4], case.kernel[0] * case.kernel[1])
    return view.reshape(flat), real.reshape(flat)


def positions(case, winner):
    """The pixel (h, w) that each window's winner names."""
    p, q = np.divmod(winner.astype(np.int64), case.kernel[1])
    i, j = np.indices(case.outputs)
    return i * case.stride[0] + p - case.padding[0][0], j * case.stride[1] + q - case.padding[1][0]


def check_max(name, case, *, integers):
    kernels = kernel_set(name)
    x, dy = case.x(integers=integers), case.dy(case.channels, integers=True)
    y, winner = kernels.max_pool2d(x, case.kernel, case.stride, case.padding)
    view, real = all_windows(x, case)
    view = np.where(real, view, -np.inf)
    assert y.dtype == case.dtype
    np.testing.assert_array_equal(y, view.max(axis=-1))
    np.testing.assert_array_equal(winner, view.argmax(axis=-1))  # the first among equals
    dx = kernels.max_pool2d_grad(dy, winner, case.size, case.kernel, case.stride, case.padding)
    expected = np.zeros(x.shape)
    h, w = positions(case, winner)
    for n, c, i, j in np.ndindex(y.shape):
        expected[n, c, h[n, c, i, j], w[n, c, i, j]] += dy[n, c, i, j]
    assert dx.dtype == case.dtype
    np.testing.assert_array_equal(dx, expected)
    for result in (y, dx):
        assert result.flags.writeable
        assert not any(np.shares_memory(result, given) for given in (x, dy))


def check_average(name, case):
    kernels = kernel_set(name)
    x, dy = case.x(), case.dy(case.channels)
    near = tolerance(case.dtype, 16)
    y = kernels.avg_pool2d(x, case.kernel, case.stride, case.padding)
    view, real = all_windows(x, case)
    assert y.dtype == case.dtype
    np.testing.assert_allclose(y, view.sum(axis=-1) / real.sum(axis=-1), rtol=near, atol=near)
    dx = kernels.avg_pool2d_grad(dy, case.size, case.kernel, case.stride, case.padding)
    (top, bottom), (left, right) = case.padding
    expected = padded(np.zeros(x.shape), case.padding)
    for i, j in np.ndindex(case.outputs):
        h, w = i * case.stride[0], j * case.stride[1]
        each = dy[:, :, i, j] / real[:1, :1, i, j].sum()
        expected[:, :, h : h + case.kernel[0], w : w + case.kernel[1]] += each[:, :, None, None]
    expected = expected[:, :, top : expected.shape[2] - bottom, left : expected.shape[3] - right]
    assert dx.dtype == case.dtype
    np.testing.assert_allclose(dx, expected, rtol=near, atol=near)
    for result in (y, dx):
        assert result.flags.writeable
        assert not any(np.shares_memory(result, given) for given in (x, dy))


@every_set
def test_equation_2_as_printed(name):
    # y(i, j) = max over p, q of x(i + p, j + q), the window slid by one
    x = np.random.default_rng(2).standard_normal((5, 6))
    expected = [[max(x[i + p, j + q] for p in range(2) for q in range(3)) for j in range(4)] for i in range(4)]
    y, _ = kernel_set(name).max_pool2d(x[None, None], (2, 3), (1, 1), NONE)
    np.testing.assert_array_equal(y[0, 0], expected)


@every_set
def test_max_pooling_on_random_shapes_with_ties(name):
    @examples(25 if name == "loops" else 100)
    @given(cases(pooling=True, largest=6 if name == "loops" else 9))
    def check(case):
        check_max(name, case, integers=case.seed % 3 > 0)

    check()


@every_set
def test_average_pooling_on_random_shapes(name):
    @examples(25 if name == "loops" else 100)
    @given(cases(pooling=True, largest=6 if name == "loops" else 9))
    def check(case):
        check_average(name, case)

    check()


@pytest.mark.parametrize("order", ORDERS)
@every_set
def test_every_memory_order(name, order):
    case = Case(2, 3, 3, (6, 5), (3, 2), (2, 1), ((1, 0), (0, 1)), np.float64, (order, order), 3)
    check_max(name, case, integers=True)
    check_average(name, case)


@pytest.mark.parametrize("order", ORDERS)
@every_set
def test_a_single_image_of_a_single_channel(name, order):
    case = Case(1, 1, 1, (5, 5), (2, 2), (2, 2), ((0, 1), (1, 0)), np.float32, (order, order), 3)
    check_max(name, case, integers=False)
    check_average(name, case)


@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (3, 3)])
@pytest.mark.parametrize("padding", [((2, 0), (2, 0)), ((0, 3), (4, 1)), ((5, 5), (5, 5))])
@every_set
def test_a_window_larger_than_the_image(name, padding, stride):
    # some offsets in the window never meet a real pixel
    case = Case(2, 1, 1, (4, 5), (6, 6), stride, padding, np.float64, ("C", "C"), 3)
    check_max(name, case, integers=True)
    check_average(name, case)


@every_set
def test_equal_pixels_the_first_in_reading_order_wins(name):
    kernels = kernel_set(name)
    x = np.zeros((2, 1, 4, 4), np.float32)
    y, winner = kernels.max_pool2d(x, (2, 2), (2, 2), ((0, 0), (0, 0)))
    np.testing.assert_array_equal(winner, 0)
    dx = kernels.max_pool2d_grad(np.ones_like(y), winner, (4, 4), (2, 2), (2, 2), NONE)
    expected = np.zeros((4, 4))
    expected[::2, ::2] = 1
    np.testing.assert_array_equal(dx, np.broadcast_to(expected, dx.shape))


@every_set
def test_padding_takes_no_part_also_among_negative_pixels(name):
    kernels = kernel_set(name)
    x = np.full((1, 2, 3, 3), -5.0)
    x[0, 1] = -np.inf
    y, winner = kernels.max_pool2d(x, (2, 2), (2, 2), ((1, 0), (1, 0)))
    np.testing.assert_array_equal(y[0, 0], -5)
    np.testing.assert_array_equal(y[0, 1], -np.inf)
    np.testing.assert_array_equal(winner, np.broadcast_to([[3, 2], [1, 0]], (1, 2, 2, 2)))
    np.testing.assert_array_equal(kernels.avg_pool2d(x, (2, 2), (2, 2), ((1, 0), (1, 0)))[0, 0], -5)


@every_set
def test_nan_counts_as_the_largest_and_the_first_nan_wins(name):
    kernels = kernel_set(name)
    x = np.array([[1.0, np.nan, 7.0], [np.inf, np.nan, 2.0]])[None, None].repeat(2, axis=0)
    y, winner = kernels.max_pool2d(x, (2, 2), (1, 1), NONE)
    np.testing.assert_array_equal(y, np.full((2, 1, 1, 2), np.nan))
    np.testing.assert_array_equal(winner, np.broadcast_to([[1, 0]], (2, 1, 1, 2)))
    x[0, 0, :, 1] = 3.0
    y, winner = kernels.max_pool2d(x, (2, 2), (1, 1), NONE)
    np.testing.assert_array_equal(y[:, 0, 0], [[np.inf, 7.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(winner[:, 0, 0], [[2, 1], [1, 0]])


@every_set
def test_gradients_that_are_no_numbers_reach_their_window_only(name):
    kernels = kernel_set(name)
    x = np.arange(32.0).reshape(2, 1, 4, 4)
    y, winner = kernels.max_pool2d(x, (2, 2), (2, 2), NONE)
    dy = np.ones_like(y)
    dy[1, 0, 0, 1], dy[0, 0, 1, 1] = np.nan, np.inf
    dx = kernels.max_pool2d_grad(dy, winner, (4, 4), (2, 2), (2, 2), NONE)
    assert np.isnan(dx[1, 0, 1, 3])
    assert np.isinf(dx[0, 0, 3, 3])
    assert np.isfinite(dx).sum() == 30
    dx = kernels.avg_pool2d_grad(dy, (4, 4), (2, 2), (2, 2), NONE)
    assert np.isnan(dx[1, 0, :2, 2:]).all()
    assert np.isinf(dx[0, 0, 2:, 2:]).all()
    assert np.isfinite(dx).sum() == 24


@every_set
def test_average_passes_on_what_is_no_number(name):
    x = np.ones((1, 1, 2, 4))
    x[0, 0, 0, 0], x[0, 0, 1, 3] = np.nan, -np.inf
    y = kernel_set(name).avg_pool2d(x, (2, 2), (1, 1), NONE)
    np.testing.assert_array_equal(y[0, 0, 0], [np.nan, 1, -np.inf])


@pytest.mark.parametrize(("kernel", "dtype"), [((16, 16), np.uint8), ((1, 256), np.uint8), ((1, 257), np.int64)])
@every_set
def test_a_winner_beyond_a_byte(name, kernel, dtype):
    kernels = kernel_set(name)
    x = np.zeros((1, 1, *kernel), np.float32)
    x[0, 0, -1, -1] = 1
    y, winner = kernels.max_pool2d(x, kernel, (1, 1), NONE)
    assert winner.dtype == dtype
    assert winner.item() == kernel[0] * kernel[1] - 1
    dx = kernels.max_pool2d_grad(2 * y, winner, kernel, kernel, (1, 1), NONE)
    assert dx[0, 0, -1, -1] == dx.sum() == 2


@every_set
def test_empty_batch(name):
    kernels = kernel_set(name)
    x = np.zeros((0, 3, 5, 5), np.float32)
    y, winner = kernels.max_pool2d(x, (2, 2), (2, 2), NONE)
    assert y.shape == winner.shape == (0, 3, 2, 2)
    assert kernels.max_pool2d_grad(y, winner, (5, 5), (2, 2), (2, 2), NONE).shape == x.shape
    assert kernels.avg_pool2d(x, (2, 2), (2, 2), NONE).shape == (0, 3, 2, 2)
    assert kernels.avg_pool2d_grad(y, (5, 5), (2, 2), (2, 2), NONE).shape == x.shape


@every_set
def test_the_average_gradient_is_the_adjoint(name):
    # ⟨avg(x), dy⟩ = ⟨x, grad(dy)⟩
    kernels = kernel_set(name)

    @examples(15)
    @given(cases(pooling=True, batches=(2,), largest=5))
    def check(case):
        x, dy = case.x(), case.dy(case.channels)
        y = kernels.avg_pool2d(x, case.kernel, case.stride, case.padding)
        dx = kernels.avg_pool2d_grad(dy, case.size, case.kernel, case.stride, case.padding)
        size = np.abs(y * dy).sum() + 1
        assert abs((y * dy).sum() - (x * dx).sum()) < size * tolerance(case.dtype)

    check()


@fast_sets
def test_results_keep_the_batch_innermost(name):
    kernels = kernel_set(name)
    x = np.random.default_rng(0).standard_normal((4, 3, 6, 6))
    y, winner = kernels.max_pool2d(x, (2, 2), (2, 2), NONE)
    mean = kernels.avg_pool2d(x, (2, 2), (2, 2), NONE)
    back = kernels.max_pool2d_grad(y, winner, (6, 6), (2, 2), (2, 2), NONE)
    share = kernels.avg_pool2d_grad(y, (6, 6), (2, 2), (2, 2), NONE)
    for result in (y, winner, mean, back, share):
        assert result.strides[0] == result.itemsize
        assert result.strides[3] == result.itemsize * 4
