"""Convolution, and its way back used as a way forward: transposed convolution."""

from __future__ import annotations

from collections.abc import Collection

from nnfromscratch import kernels
from nnfromscratch.errors import (
    RangeError,
    ShapeError,
    require_gradient,
    require_nonempty_axes,
    require_same_float,
    require_shape,
    require_wrt,
)
from nnfromscratch.functional.bias import add_bias
from nnfromscratch.kernels.geometry import PaddingLike, Pair, as_padding, as_pair, output_size
from nnfromscratch.types import Array, Backward


def conv2d(
    x: Array, weight: Array, bias: Array | None = None, stride: int | Pair = 1, padding: PaddingLike = 0
) -> tuple[Array, Backward]:
    """Every output is a weighted sum of the pixels under the kernel; the same weights at every position.

    y[n, f, i, j] = b[f] + Σ_c Σ_p Σ_q x[n, c, i·s + p − top, j·s + q − left] · W[f, c, p, q]

    ∂L/∂x[n, c, h, w] = Σ_f Σ_{i·s + p − top = h} Σ_{j·s + q − left = w} W[f, c, p, q] · ∂L/∂y[n, f, i, j]

    ∂L/∂W[f, c, p, q] = Σ_n Σ_i Σ_j x[n, c, i·s + p − top, j·s + q − left] · ∂L/∂y[n, f, i, j]

    ∂L/∂b[f] = Σ_n Σ_i Σ_j ∂L/∂y[n, f, i, j]

    x: (N, C, H, W)   weight: (F, C, KH, KW)   bias: (F,) or None   y: (N, F, OH, OW)
    stride s: a number or (height, width), at least 1. padding, whose pixels count as zeros: a number, (height, width),
    ((top, bottom), (left, right)), "valid" (none) or "same" (OH = ⌈H / s⌉).
    Raises ShapeError where C or F disagree or are zero and where the kernel is larger than the padded image, RangeError
    for a stride or padding that makes no sense, DtypeError where the arrays' types differ.
    Source: the article's equation (1), which is this with one channel, s = 1 and no padding (a *correlation*: the
    kernel is not flipped); Dumoulin & Visin, A guide to convolution arithmetic for deep learning (2016), section 2.

    >>> import numpy as np
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> y, backward = conv2d(x, np.array([[[[1.0, 0.0], [0.0, -1.0]]]]))
    >>> y[0, 0]
    array([[-4., -4.],
           [-4., -4.]])
    >>> dx, dweight, dbias = backward(np.ones_like(y))
    >>> dweight[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    require_same_float("conv2d", x=x, weight=weight, bias=bias)
    require_shape("conv2d", "x", x.shape, ("N", "C", "H", "W"))
    require_shape("conv2d", "weight", weight.shape, ("F", "C", "KH", "KW"))
    require_nonempty_axes("conv2d", "x", x.shape)
    _require_weight("conv2d", weight)
    if x.shape[1] != weight.shape[1]:
        raise ShapeError(
            f"conv2d: weight expects {weight.shape[1]} input channels (axis 1), x has {x.shape[1]} (shape {x.shape})"
        )
    if bias is not None:
        require_shape("conv2d", "bias", bias.shape, (weight.shape[0],))
    size, kernel_size = (x.shape[2], x.shape[3]), (weight.shape[2], weight.shape[3])
    stride = as_pair("conv2d", "stride", stride)
    padding = as_padding("conv2d", padding, size, kernel_size, stride)
    output_size("conv2d", size, kernel_size, stride, padding)
    kernel = kernels.active()
    y = kernel.conv2d(x, weight, stride, padding)
    y, bias_backward = add_bias(y, bias)
    shape, dtype = y.shape, y.dtype

    def backward(
        dy: Array, wrt: Collection[str] = ("x", "weight", "bias")
    ) -> tuple[Array | None, Array | None, Array | None]:
        require_wrt("conv2d", wrt, ("x", "weight", "bias"))
        require_gradient("conv2d", dy, shape, dtype)
        return (
            kernel.conv2d_grad_input(dy, weight, size, stride, padding) if "x" in wrt else None,
            kernel.conv2d_grad_weight(dy, x, kernel_size, stride, padding) if "weight" in wrt else None,
            bias_backward(dy)[1] if "bias" in wrt else None,
        )

    return y, backward


def conv_transpose2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: int | Pair = 1,
    padding: PaddingLike = 0,
    output_padding: int | Pair = 0,
) -> tuple[Array, Backward]:
    """conv2d's way back as a way forward: every input is spread over the outputs under the kernel.

    y[n, f, h, w] = b[f] + Σ_c Σ_{i·s + p − top = h} Σ_{j·s + q − left = w} W[c, f, p, q] · x[n, c, i, j]

    This is conv2d's ∂L/∂x with x in the place of ∂L/∂y. Hence its own way back is conv2d's forward:

    ∂L/∂x = conv2d(∂L/∂y, W)    ∂L/∂W = conv2d's ∂L/∂W with ∂L/∂y as the image and x as the gradient
    ∂L/∂b[f] = Σ_n Σ_h Σ_w ∂L/∂y[n, f, h, w]

    x: (N, C, H, W)   weight: (C, F, KH, KW)   bias: (F,) or None   y: (N, F, OH, OW)
    OH = (H − 1)·s − top − bottom + KH + output_padding, and likewise OW; output_padding < s tells apart the sizes that
    a convolution of stride s would shrink to the same H. padding as in conv2d, but not "same".
    Raises ShapeError, RangeError and DtypeError as conv2d does, and ShapeError where the output would be empty.
    Source: Dumoulin & Visin, A guide to convolution arithmetic for deep learning (2016), section 4.

    >>> import numpy as np
    >>> y, backward = conv_transpose2d(np.array([[[[1.0, 2.0]]]]), np.array([[[[1.0, 10.0]]]]), stride=2)
    >>> y[0, 0]
    array([[ 1., 10.,  2., 20.]])
    """
    name = "conv_transpose2d"
    require_same_float(name, x=x, weight=weight, bias=bias)
    require_shape(name, "x", x.shape, ("N", "C", "H", "W"))
    require_shape(name, "weight", weight.shape, ("C", "F", "KH", "KW"))
    require_nonempty_axes(name, "x", x.shape)
    _require_weight(name, weight)
    if x.shape[1] != weight.shape[0]:
        raise ShapeError(
            f"{name}: weight expects {weight.shape[0]} input channels (axis 0), x has {x.shape[1]} (shape {x.shape})"
        )
    if bias is not None:
        require_shape(name, "bias", bias.shape, (weight.shape[1],))
    if isinstance(padding, str) and padding == "same":
        raise RangeError(f"{name}: padding expects numbers or 'valid', is 'same', which fixes no output size here")
    small, kernel_size = (x.shape[2], x.shape[3]), (weight.shape[2], weight.shape[3])
    stride = as_pair(name, "stride", stride)
    padding = as_padding(name, padding, small, kernel_size, stride)
    extra = as_pair(name, "output_padding", output_padding, least=0)
    if extra[0] >= stride[0] or extra[1] >= stride[1]:
        raise RangeError(f"{name}: output_padding expects less than the stride {stride}, is {extra}")
    large = (
        (small[0] - 1) * stride[0] - sum(padding[0]) + kernel_size[0] + extra[0],
        (small[1] - 1) * stride[1] - sum(padding[1]) + kernel_size[1] + extra[1],
    )
    if large[0] < 1 or large[1] < 1:
        raise ShapeError(f"{name}: padding {padding} expects a larger output to cut from, leaves {large[0]}×{large[1]}")
    kernel = kernels.active()
    y = kernel.conv2d_grad_input(x, weight, large, stride, padding)
    y, bias_backward = add_bias(y, bias)
    shape, dtype = y.shape, y.dtype

    def backward(
        dy: Array, wrt: Collection[str] = ("x", "weight", "bias")
    ) -> tuple[Array | None, Array | None, Array | None]:
        require_wrt(name, wrt, ("x", "weight", "bias"))
        require_gradient(name, dy, shape, dtype)
        return (
            kernel.conv2d(dy, weight, stride, padding) if "x" in wrt else None,
            kernel.conv2d_grad_weight(x, dy, kernel_size, stride, padding) if "weight" in wrt else None,
            bias_backward(dy)[1] if "bias" in wrt else None,
        )

    return y, backward


def _require_weight(operation: str, weight: Array) -> None:
    if 0 in weight.shape:
        raise ShapeError(f"{operation}: weight expects at least 1 along every axis, has shape {weight.shape}")
