"""The three convolution kernels of every set against the printed equation, NumPy's einsum and each other."""

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
    laid_out,
    padded,
    tolerance,
    windows,
)


def einsum_conv2d(x, weight, stride, padding):
    """Equation (1) generalised, by einsum over a view of all windows."""
    x64, weight64 = x.astype(np.float64), weight.astype(np.float64)
    return np.einsum("ncijpq,fcpq->nfij", windows(padded(x64, padding), weight.shape[2:], stride), weight64)


def einsum_grad_weight(dy, x, kernel, stride, padding):
    view = windows(padded(x.astype(np.float64), padding), kernel, stride)
    return np.einsum("ncijpq,nfij->fcpq", view, dy.astype(np.float64))


def scattered_grad_input(dy, weight, size, stride, padding):
    """Every output sends its weights back, a whole kernel at a time, to a padded image that is cut afterwards."""
    (top, bottom), (left, right) = padding
    dx = np.zeros((len(dy), weight.shape[1], size[0] + top + bottom, size[1] + left + right))
    for i, j in np.ndindex(dy.shape[2:]):
        h, w = i * stride[0], j * stride[1]
        spread = np.einsum("nf,fcpq->ncpq", dy[:, :, i, j].astype(np.float64), weight.astype(np.float64))
        dx[:, :, h : h + weight.shape[2], w : w + weight.shape[3]] += spread
    return dx[:, :, top : top + size[0], left : left + size[1]]


def check_all(name, case):
    """All three kernels of one set on one case, with shapes, types and freshness."""
    kernels = kernel_set(name)
    x, weight, dy = case.x(), case.weight(), case.dy()
    near = tolerance(case.dtype)
    y = kernels.conv2d(x, weight, case.stride, case.padding)
    dx = kernels.conv2d_grad_input(dy, weight, case.size, case.stride, case.padding)
    dweight = kernels.conv2d_grad_weight(dy, x, case.kernel, case.stride, case.padding)
    assert y.dtype == dx.dtype == dweight.dtype == case.dtype
    assert dx.shape == x.shape
    assert dweight.shape == weight.shape
    np.testing.assert_allclose(y, einsum_conv2d(x, weight, case.stride, case.padding), rtol=near, atol=near)
    back = scattered_grad_input(dy, weight, case.size, case.stride, case.padding)
    np.testing.assert_allclose(dx, back, rtol=near, atol=near)
    back = einsum_grad_weight(dy, x, case.kernel, case.stride, case.padding)
    np.testing.assert_allclose(dweight, back, rtol=near, atol=near)
    for result in (y, dx, dweight):
        assert result.flags.writeable
        assert not any(np.shares_memory(result, given) for given in (x, weight, dy))


@every_set
def test_equation_1_as_printed(name):
    # y(i, j) = Σp Σq x(i + p, j + q) · k(p, q): one channel, stride 1, no padding
    rng = np.random.default_rng(1)
    x, k = rng.integers(-9, 10, (5, 7)).astype(np.float64), rng.integers(-9, 10, (3, 2)).astype(np.float64)
    expected = [
        [sum(x[i + p, j + q] * k[p, q] for p in range(3) for q in range(2)) for j in range(6)] for i in range(3)
    ]
    y = kernel_set(name).conv2d(x[None, None], k[None, None], (1, 1), NONE)
    np.testing.assert_array_equal(y[0, 0], expected)


@every_set
def test_convolution_on_random_shapes(name):
    @examples(25 if name == "loops" else 120)
    @given(cases(largest=6 if name == "loops" else 9))
    def check(case):
        check_all(name, case)

    check()


@pytest.mark.parametrize("order", ORDERS)
@every_set
def test_every_memory_order(name, order):
    check_all(name, Case(2, 3, 5, (6, 5), (3, 2), (2, 1), ((1, 0), (0, 2)), np.float64, (order, order), 3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("size", "kernel", "stride"),
    [((6, 5), (3, 3), (1, 1)), ((1, 5), (1, 2), (1, 1)), ((7, 1), (3, 1), (2, 1)), ((6, 6), (2, 2), (2, 2))],
)
@pytest.mark.parametrize("order", ORDERS)
@every_set
def test_a_single_image_of_a_single_channel(name, order, size, kernel, stride, dtype):
    # NumPy gives axes of length 1 whatever stride it likes
    check_all(name, Case(1, 1, 1, size, kernel, stride, NONE, dtype, (order, order), 3))


@every_set
def test_slices_of_a_larger_batch(name):
    kernels = kernel_set(name)
    rng = np.random.default_rng(0)
    images, weight = rng.standard_normal((4, 3, 6, 6)), rng.standard_normal((2, 1, 3, 3))
    for order in ORDERS:
        x = laid_out(images, order)[1:2, 2:3, ::2]
        y = kernels.conv2d(x, weight, (1, 1), NONE)
        np.testing.assert_allclose(y, einsum_conv2d(x, weight, (1, 1), NONE), rtol=1e-12)


@every_set
def test_one_image_repeated_without_copies(name):
    image = np.random.default_rng(0).standard_normal((1, 2, 5, 5))
    x = np.broadcast_to(image, (3, 2, 5, 5))  # a stride of 0 along the batch
    weight = np.ones((1, 2, 2, 2))
    y = kernel_set(name).conv2d(x, weight, (1, 1), NONE)
    np.testing.assert_allclose(y, einsum_conv2d(x, weight, (1, 1), NONE), rtol=1e-12)


@pytest.mark.parametrize("batch", [0, 1])
@every_set
def test_empty_batch(name, batch):
    kernels = kernel_set(name)
    case = Case(batch, 3, 5, (5, 4), (3, 2), (2, 1), ((1, 1), (0, 1)), np.float32, ("C", "C"), 0)
    x, weight, dy = case.x(), case.weight(), case.dy()
    assert kernels.conv2d(x, weight, case.stride, case.padding).shape == (batch, 5, *case.outputs)
    assert kernels.conv2d_grad_input(dy, weight, case.size, case.stride, case.padding).shape == x.shape
    dweight = kernels.conv2d_grad_weight(dy, x, case.kernel, case.stride, case.padding)
    assert dweight.shape == weight.shape
    assert batch or not dweight.any()


@pytest.mark.parametrize("channels", [1, 4, 5, 8, 11])
@pytest.mark.parametrize("filters", [1, 2, 3, 4, 5, 6, 7, 8, 9])
@fast_sets
def test_channel_counts_beside_the_multiples_of_4(name, channels, filters):
    check_all(name, Case(2, channels, filters, (4, 4), (3, 2), (1, 1), ((1, 0), (0, 1)), np.float64, ("C", "C"), 4))


@pytest.mark.parametrize(
    "case",
    [
        # more taps than a tile has rows, with and without rest
        Case(1, 16, 2, (4, 3), (3, 3), (1, 1), ((1, 0), (0, 0)), np.float64, ("C", "C"), 5),
        Case(2, 43, 3, (3, 2), (3, 1), (1, 1), ((0, 0), (0, 0)), np.float32, ("C", "C"), 5),
        Case(1, 300, 5, (2, 2), (2, 1), (1, 1), ((1, 0), (0, 0)), np.float64, ("C", "C"), 5),
        # columns of taps in parts of 1, of 2 with a rest, of 2 without, where padding hides some: 256 taps at a time
        Case(2, 300, 6, (2, 4), (1, 3), (1, 1), ((0, 0), (1, 1)), np.float64, ("C", "C"), 5),
        Case(2, 64, 7, (3, 6), (2, 5), (1, 1), ((1, 0), (2, 2)), np.float64, ("C", "C"), 5),
        Case(17, 43, 5, (3, 5), (3, 4), (1, 2), ((1, 1), (1, 2)), np.float64, ("C", "C"), 5),
        # a row wider than a tile: 7,168 bytes are 896 numbers of float64
        Case(1, 1, 1, (2, 900), (2, 2), (1, 1), ((1, 0), (1, 0)), np.float64, ("C", "C"), 6),
        Case(300, 2, 5, (1, 3), (1, 1), (1, 1), ((0, 0), (0, 0)), np.float64, ("C", "C"), 6),
        Case(2, 1, 2, (1, 3590), (1, 4), (2, 2), ((0, 0), (1, 2)), np.float32, ("C", "C"), 6),
        # both
        Case(1, 130, 1, (1, 900), (1, 1), (1, 1), ((0, 0), (0, 0)), np.float64, ("C", "C"), 7),
    ],
)
@fast_sets
def test_sums_longer_and_rows_wider_than_a_tile(name, case):
    check_all(name, case)


@every_set
def test_the_gradients_are_the_adjoints_of_the_forward(name):
    # y is linear in x and in W, hence ⟨conv(x, W), dy⟩ = ⟨x, grad_input(dy, W)⟩ = ⟨W, grad_weight(dy, x)⟩
    kernels = kernel_set(name)

    @examples(15)
    @given(cases(batches=(1, 2), largest=5))
    def check(case):
        # Small whole numbers: the sums are exact, so are the comparisons
        x, weight, dy = case.x(integers=True), case.weight(integers=True), case.dy(integers=True)
        y = kernels.conv2d(x, weight, case.stride, case.padding)
        dx = kernels.conv2d_grad_input(dy, weight, case.size, case.stride, case.padding)
        dweight = kernels.conv2d_grad_weight(dy, x, case.kernel, case.stride, case.padding)
        assert (y * dy).sum() == (x * dx).sum() == (weight * dweight).sum()

    check()


@every_set
def test_pixels_that_no_kernel_meets_get_no_gradient(name):
    # stride 3 over kernel 1: two rows of three are skipped; the last row lies behind the last window
    dy = np.ones((1, 1, 2, 2))
    dx = kernel_set(name).conv2d_grad_input(dy, np.full((1, 1, 1, 1), 5.0), (6, 5), (3, 3), NONE)
    expected = np.zeros((6, 5))
    expected[::3, ::3] = 5
    np.testing.assert_array_equal(dx[0, 0], expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@every_set
def test_a_pixel_that_is_no_number_reaches_its_windows_and_no_others(name, value):
    kernels = kernel_set(name)

    @examples(12)
    @given(cases(batches=(2,), largest=5))
    def check(case):
        x, weight, dy = case.x().copy(), case.weight(), case.dy().copy()
        x[1, -1, case.size[0] // 2, case.size[1] // 2] = value
        dy[0, 0, -1, 0] = value
        with np.errstate(invalid="ignore"):
            y = kernels.conv2d(x, weight, case.stride, case.padding)
            expected = einsum_conv2d(x, weight, case.stride, case.padding)
            np.testing.assert_allclose(y, expected, rtol=tolerance(case.dtype), atol=tolerance(case.dtype))
            dx = kernels.conv2d_grad_input(dy, weight, case.size, case.stride, case.padding)
            expected = scattered_grad_input(dy, weight, case.size, case.stride, case.padding)
            np.testing.assert_allclose(dx, expected, rtol=tolerance(case.dtype), atol=tolerance(case.dtype))
            dy = case.dy()
            dweight = kernels.conv2d_grad_weight(dy, x, case.kernel, case.stride, case.padding)
            expected = einsum_grad_weight(dy, x, case.kernel, case.stride, case.padding)
            np.testing.assert_allclose(dweight, expected, rtol=tolerance(case.dtype), atol=tolerance(case.dtype))

    check()


@every_set
def test_the_same_call_gives_the_same_bits(name):
    kernels = kernel_set(name)
    case = Case(3, 5, 7, (6, 7), (3, 2), (2, 1), ((1, 0), (2, 1)), np.float32, ("gaps", "F"), 8)
    x, weight, dy = case.x(), case.weight(), case.dy()
    for again in (
        lambda: kernels.conv2d(x, weight, case.stride, case.padding),
        lambda: kernels.conv2d_grad_input(dy, weight, case.size, case.stride, case.padding),
        lambda: kernels.conv2d_grad_weight(dy, x, case.kernel, case.stride, case.padding),
    ):
        assert again().tobytes() == again().tobytes()


@fast_sets
def test_results_keep_the_batch_innermost(name):
    # so that the next kernel needs no conversion
    kernels = kernel_set(name)
    case = Case(4, 3, 5, (6, 5), (3, 3), (1, 1), ((1, 1), (1, 1)), np.float32, ("C", "C"), 9)
    y = kernels.conv2d(case.x(), case.weight(), case.stride, case.padding)
    dx = kernels.conv2d_grad_input(case.dy(), case.weight(), case.size, case.stride, case.padding)
    for result in (y, dx):
        assert result.strides[0] == result.itemsize
        assert result.strides[3] == result.itemsize * 4


@every_set
def test_a_kernel_larger_than_the_padded_image_is_refused(name):
    from nnfromscratch.errors import ShapeError

    with pytest.raises(ShapeError, match=r"conv2d: kernel of 4×2 expects a padded image at least as large, has 3×5"):
        kernel_set(name).conv2d(np.zeros((1, 1, 2, 4)), np.zeros((1, 1, 4, 2)), (1, 1), ((1, 0), (0, 1)))
