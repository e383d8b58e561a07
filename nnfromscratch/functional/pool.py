"""Pooling: one number for each window of an image."""

from __future__ import annotations

from nnfromscratch import kernels
from nnfromscratch.errors import (
    RangeError,
    require_gradient,
    require_nonempty_axes,
    require_same_float,
    require_shape,
)
from nnfromscratch.kernels.geometry import Padding, PaddingLike, Pair, as_padding, as_pair, output_size
from nnfromscratch.types import Array, Backward


def max_pool2d(
    x: Array, kernel_size: int | Pair, *, stride: int | Pair | None = None, padding: PaddingLike = 0
) -> tuple[Array, Backward]:
    """The largest pixel of each window.

    y[n, c, i, j] = max_{p, q} x[n, c, i·s + p − top, j·s + q − left]

    ∂L/∂x[n, c, h, w] = Σ of ∂L/∂y[n, c, i, j] over the windows (i, j) that pixel (h, w) won

    Among equal pixels the first wins, in reading order: one of the subgradients. A NaN counts as the largest.

    x: (N, C, H, W)   y: (N, C, OH, OW)
    stride None means the kernel size: windows side by side. padding takes no part in the maximum, and is less than the
    kernel on every side.
    Raises ShapeError where the window is larger than the padded image, RangeError for a kernel, stride or padding that
    makes no sense.
    Source: the article's equation (2), which is this with ``stride=1``; there p and q are called the stride, but they
    are the offsets inside the window. LeCun et al., Gradient-based learning applied to document recognition (1998),
    section II for the idea of subsampling; Goodfellow, Bengio, Courville, Deep Learning (2016), section 9.3.

    >>> import numpy as np
    >>> y, backward = max_pool2d(np.array([[[[1.0, 3.0, 2.0]]]]), (1, 2), stride=1)
    >>> y[0, 0]
    array([[3., 3.]])
    >>> backward(np.ones_like(y))[0, 0]
    array([[0., 2., 0.]])
    """
    kernel_size, stride, padding = _settings("max_pool2d", x, kernel_size, stride, padding)
    kernel = kernels.active()
    y, winner = kernel.max_pool2d(x, kernel_size, stride, padding)
    size, shape, dtype = (x.shape[2], x.shape[3]), y.shape, y.dtype

    def backward(dy: Array) -> Array:
        require_gradient("max_pool2d", dy, shape, dtype)
        dx: Array = kernel.max_pool2d_grad(dy, winner, size, kernel_size, stride, padding)
        return dx

    return y, backward


def avg_pool2d(
    x: Array, kernel_size: int | Pair, *, stride: int | Pair | None = None, padding: PaddingLike = 0
) -> tuple[Array, Backward]:
    """The mean of each window's pixels.

    y[n, c, i, j] = 1/|window(i, j)| · Σ_{p, q} x[n, c, i·s + p − top, j·s + q − left]

    ∂L/∂x[n, c, h, w] = Σ of ∂L/∂y[n, c, i, j] / |window(i, j)| over the windows (i, j) that hold pixel (h, w)

    |window| counts real pixels only, not padding (``count_include_pad=False`` elsewhere).

    x: (N, C, H, W)   y: (N, C, OH, OW)
    stride None means the kernel size. padding is less than the kernel on every side.
    Raises as max_pool2d does.
    Source: named in the article's section 3.1.2, without a formula; LeCun et al. (1989), Backpropagation applied to
    handwritten zip code recognition.

    >>> import numpy as np
    >>> y, backward = avg_pool2d(np.array([[[[1.0, 3.0, 2.0]]]]), (1, 2), stride=1)
    >>> y[0, 0]
    array([[2. , 2.5]])
    >>> backward(np.ones_like(y))[0, 0]
    array([[0.5, 1. , 0.5]])
    """
    kernel_size, stride, padding = _settings("avg_pool2d", x, kernel_size, stride, padding)
    kernel = kernels.active()
    y = kernel.avg_pool2d(x, kernel_size, stride, padding)
    size, shape, dtype = (x.shape[2], x.shape[3]), y.shape, y.dtype

    def backward(dy: Array) -> Array:
        require_gradient("avg_pool2d", dy, shape, dtype)
        dx: Array = kernel.avg_pool2d_grad(dy, size, kernel_size, stride, padding)
        return dx

    return y, backward


def _settings(
    operation: str, x: Array, kernel_size: int | Pair, stride: int | Pair | None, padding: PaddingLike
) -> tuple[Pair, Pair, Padding]:
    """The checked kernel size, stride and padding of a pooling operation, as pairs."""
    require_same_float(operation, x=x)
    require_shape(operation, "x", x.shape, ("N", "C", "H", "W"))
    require_nonempty_axes(operation, "x", x.shape)
    size = (x.shape[2], x.shape[3])
    kernel = as_pair(operation, "kernel_size", kernel_size)
    step = kernel if stride is None else as_pair(operation, "stride", stride)
    edges = as_padding(operation, padding, size, kernel, step)
    if max(edges[0]) >= kernel[0] or max(edges[1]) >= kernel[1]:
        raise RangeError(f"{operation}: padding expects less than the kernel {kernel} on every side, is {edges}")
    output_size(operation, size, kernel, step, edges)
    return kernel, step, edges
