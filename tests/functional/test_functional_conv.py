"""Convolution and transposed convolution: the article's equation (1), gradients, one the adjoint of the other."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch import kernels
from nnfromscratch.errors import RangeError, ShapeError
from nnfromscratch.functional import conv2d, conv_transpose2d


def test_equation_1_of_the_article():
    x, k = numbers(5, 6), numbers(2, 3)
    y, _ = conv2d(x[None, None], k[None, None])
    assert y.shape == (1, 1, 4, 4)
    for i, j in np.ndindex(4, 4):
        expected = sum(x[i + p, j + q] * k[p, q] for p in range(2) for q in range(3))
        assert y[0, 0, i, j] == pytest.approx(expected, rel=1e-13)


def test_the_whole_equation_with_bias_stride_and_padding():
    x, weight, bias = numbers(2, 3, 5, 4), numbers(2, 3, 3, 2), numbers(2)
    y, _ = conv2d(x, weight, bias, (2, 1), ((1, 2), (0, 1)))
    assert y.shape == (2, 2, 3, 4)
    for n, f, i, j in np.ndindex(y.shape):
        total = bias[f]
        for c, p, q in np.ndindex(3, 3, 2):
            h, w = 2 * i + p - 1, j + q
            if 0 <= h < 5 and 0 <= w < 4:
                total += x[n, c, h, w] * weight[f, c, p, q]
        assert y[n, f, i, j] == pytest.approx(total, rel=1e-12)


SETTINGS = [
    {},
    {"stride": 2},
    {"stride": (1, 3), "padding": 1},
    {"stride": (3, 2), "padding": (2, 0)},
    {"padding": ((0, 2), (1, 3))},
    {"padding": "valid", "stride": 2},
]


@pytest.mark.parametrize("settings", [*SETTINGS, {"padding": "same"}, {"padding": "same", "stride": 2}])
def test_gradients_of_conv2d(settings):
    check_gradients(lambda *a: conv2d(*a, **settings), numbers(2, 2, 4, 5), numbers(3, 2, 2, 3), numbers(3))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2},
        {"padding": "valid", "stride": (1, 3)},
        {"stride": 2, "padding": 1, "output_padding": 1},
        {"stride": (2, 3), "padding": ((0, 1), (1, 0)), "output_padding": (1, 2)},
    ],
)
def test_gradients_of_conv_transpose2d(settings):
    check_gradients(lambda *a: conv_transpose2d(*a, **settings), numbers(2, 3, 3, 2), numbers(3, 2, 2, 3), numbers(2))


@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (3, 2)])
@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 1), (1, 1)), ((2, 0), (0, 1))])
def test_the_transposed_convolution_is_the_adjoint_of_the_convolution(stride, padding):
    # ⟨conv2d(x), y⟩ = ⟨x, conv_transpose2d(y)⟩ for every output padding, so for every image that shrinks to one size
    weight = numbers(3, 2, 3, 3)
    for extra in itertools.product(range(stride[0]), range(stride[1])):
        y = numbers(2, 3, 3, 4, seed=sum(extra))
        large, _ = conv_transpose2d(y, weight, None, stride, padding, extra)
        rows = 2 * stride[0] + 3 + extra[0] - sum(padding[0])
        columns = 3 * stride[1] + 3 + extra[1] - sum(padding[1])
        assert large.shape == (2, 2, rows, columns)
        x = numbers(*large.shape, seed=7)
        small, _ = conv2d(x, weight, None, stride, padding)
        assert small.shape == y.shape
        assert (small * y).sum() == pytest.approx((x * large).sum(), rel=1e-11)


def test_the_transposed_equation_as_printed():
    x, weight, bias = numbers(1, 2, 3, 2), numbers(2, 3, 2, 3), numbers(3)
    y, _ = conv_transpose2d(x, weight, bias, (2, 1), ((1, 0), (0, 1)), (1, 0))
    assert y.shape == (1, 3, 6, 3)
    for f, h, w in np.ndindex(3, 6, 3):
        total = bias[f]
        for c, i, j, p, q in np.ndindex(2, 3, 2, 2, 3):
            if 2 * i + p - 1 == h and j + q == w:
                total += weight[c, f, p, q] * x[0, c, i, j]
        assert y[0, f, h, w] == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("op", [conv2d, conv_transpose2d])
def test_what_is_not_wanted_is_not_computed(op):
    def never(*_):
        raise AssertionError("computed all the same")

    x, weight, bias = numbers(1, 1, 3, 3), numbers(1, 1, 3, 3), numbers(1)
    way_back = "conv2d_grad_input" if op is conv2d else "conv2d"
    with kernels.use(SimpleNamespace(**{way_back: never, "conv2d_grad_weight": never})):
        y, backward = op(x, weight, bias)
    assert backward(np.ones_like(y), wrt=("bias",))[2] == y.size
    with kernels.use(SimpleNamespace(**{way_back: never})):
        y, backward = op(x, weight, bias)
    dx, dweight, dbias = backward(np.ones_like(y), wrt=("weight",))
    assert dx is dbias is None
    assert dweight.shape == weight.shape
    with kernels.use(SimpleNamespace(conv2d_grad_weight=never)):
        y, backward = op(x, weight, bias)
    assert backward(np.ones_like(y), wrt=("x",))[0].shape == x.shape


@pytest.mark.parametrize("op", [conv2d, conv_transpose2d])
def test_bias_is_optional(op):
    x, weight = numbers(2, 2, 4, 4), numbers(2, 2, 3, 3)
    plain, backward = op(x, weight)
    shifted, _ = op(x, weight, np.array([1.0, -2.0]))
    np.testing.assert_allclose(shifted - plain, np.broadcast_to([[[1.0]], [[-2.0]]], plain.shape), atol=1e-12)
    assert backward(np.ones_like(plain))[2] is None
    assert backward(np.ones_like(plain), wrt=("bias",)) == (None, None, None)


WRONG_SHAPES = [
    (((4, 4), (1, 1, 3, 3), None), "x expects shape (N, C, H, W), has (4, 4)"),
    (((1, 1, 4, 4), (3, 3), None), "weight expects shape ({order}, KH, KW), has (3, 3)"),
    (((1, 0, 4, 4), (2, 2, 3, 3), None), "x expects at least 1 along axis 1, has shape (1, 0, 4, 4)"),
    (((1, 1, 4, 0), (1, 1, 3, 3), None), "x expects at least 1 along axis 3, has shape (1, 1, 4, 0)"),
    (((1, 2, 4, 4), (2, 2, 0, 3), None), "weight expects at least 1 along every axis, has shape (2, 2, 0, 3)"),
    (((1, 2, 4, 4), (0, 2, 3, 3), None), "weight expects at least 1 along every axis, has shape (0, 2, 3, 3)"),
    (((8, 1, 9, 9), (3, 3, 3, 3), None), "weight expects 3 input channels (axis {axis}), x has 1 (shape (8, 1, 9, 9))"),
    (((1, 3, 4, 4), (3, 3, 3, 3), (4,)), "bias expects shape (3,), has (4,)"),
    (((1, 3, 4, 4), (3, 3, 3, 3), (1, 3)), "bias expects shape (3,), has (1, 3)"),
]


@pytest.mark.parametrize(("shapes", "message"), WRONG_SHAPES)
@pytest.mark.parametrize("op", [conv2d, conv_transpose2d])
def test_wrong_shapes(op, shapes, message):
    order, axis = ("F, C", "1") if op is conv2d else ("C, F", "0")
    with pytest.raises(ShapeError) as error:
        op(*(None if shape is None else np.ones(shape) for shape in shapes))
    assert str(error.value) == f"{op.__name__}: {message.format(order=order, axis=axis)}"


def test_bias_belongs_to_the_channels_that_go_out():
    # in and out differ: nothing may confuse the two axes of the weight
    assert conv2d(np.ones((1, 2, 3, 3)), np.ones((5, 2, 2, 2)), np.ones(5))[0].shape == (1, 5, 2, 2)
    assert conv_transpose2d(np.ones((1, 2, 3, 3)), np.ones((2, 5, 2, 2)), np.ones(5))[0].shape == (1, 5, 4, 4)
    with pytest.raises(ShapeError, match=r"conv2d: bias expects shape \(5,\), has \(2,\)"):
        conv2d(np.ones((1, 2, 3, 3)), np.ones((5, 2, 2, 2)), np.ones(2))
    with pytest.raises(ShapeError, match=r"conv_transpose2d: bias expects shape \(5,\), has \(2,\)"):
        conv_transpose2d(np.ones((1, 2, 3, 3)), np.ones((2, 5, 2, 2)), np.ones(2))


@pytest.mark.parametrize("stride", [0, -1, True, 1.5, (1, 0), (1, 1, 1), "2", None])
@pytest.mark.parametrize("op", [conv2d, conv_transpose2d])
def test_strides_that_make_no_sense(op, stride):
    with pytest.raises(RangeError, match=f"^{op.__name__}: stride expects a "):
        op(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), stride=stride)


@pytest.mark.parametrize("padding", [-1, True, (0, -1), (1, 2, 3), "full", 0.5, None, np.array([1, 1])])
@pytest.mark.parametrize("op", [conv2d, conv_transpose2d])
def test_paddings_that_make_no_sense(op, padding):
    with pytest.raises(RangeError, match=f"^{op.__name__}: padding expects "):
        op(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), padding=padding)


def test_a_kernel_larger_than_the_padded_image():
    with pytest.raises(ShapeError, match="conv2d: kernel of 5×2 expects a padded image at least as large, has 4×6"):
        conv2d(np.ones((1, 1, 2, 4)), np.ones((1, 1, 5, 2)), padding=1)
    assert conv2d(np.ones((1, 1, 2, 4)), np.ones((1, 1, 4, 6)), padding=1)[0].shape == (1, 1, 1, 1)


def test_same_padding_fixes_no_size_for_the_transposed_convolution():
    with pytest.raises(RangeError, match="conv_transpose2d: padding expects numbers or 'valid', is 'same'"):
        conv_transpose2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), padding="same")


@pytest.mark.parametrize("extra", [(2, 0), (0, 3), (1, 3), (2, 2)])
def test_output_padding_is_less_than_the_stride(extra):
    with pytest.raises(RangeError) as error:
        conv_transpose2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), stride=(2, 3), output_padding=extra)
    assert str(error.value) == f"conv_transpose2d: output_padding expects less than the stride (2, 3), is {extra}"
    with pytest.raises(RangeError, match="output_padding expects a whole number of at least 0, is -1"):
        conv_transpose2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), output_padding=-1)


@pytest.mark.parametrize(
    ("padding", "size"), [(((3, 2), (0, 0)), "0×5"), (((0, 0), (3, 3)), "5×-1"), (((2, 3), (1, 4)), "0×0")]
)
def test_a_padding_that_leaves_nothing(padding, size):
    with pytest.raises(ShapeError) as error:
        conv_transpose2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), padding=padding)
    message = f"conv_transpose2d: padding {padding} expects a larger output to cut from, leaves {size}"
    assert str(error.value) == message
    smallest, _ = conv_transpose2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), padding=2)
    np.testing.assert_array_equal(smallest, [[[[4.0]]]])
