"""The last part of every operation with weights: add the bias, and perhaps bend the result."""

from __future__ import annotations

from collections.abc import Callable

from nnfromscratch import kernels
from nnfromscratch.types import Array


def add_bias(
    x: Array, bias: Array | None, negative_slope: float = 1.0
) -> tuple[Array, Callable[[Array], tuple[Array, Array | None]]]:
    """Adds one number to each channel; with a slope below 1, (leaky) ReLU follows in the same pass over memory.

    y[n, c, ...] = f(x[n, c, ...] + b[c])        f(v) = v where v > 0, otherwise a·v

    ∂L/∂x = ∂L/∂y where y > 0, otherwise a · ∂L/∂y        ∂L/∂b[c] = Σ ∂L/∂x[n, c, ...]

    Unlike all other operations this one may write over x, which is the fresh sum that the bias completes (not where
    somebody replaced a kernel: who knows what else they use that array for). The slope a is not negative, so that y has
    the sign of x + b, and the way back needs y alone.

    x, y: (N, C) or (N, C, H, W)   bias: (C,) or None, which adds nothing and gets no gradient
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sections 6.3 and 6.5.

    >>> import numpy as np
    >>> y, backward = add_bias(np.array([[1.0, -3.0]]), np.array([1.0, 1.0]), negative_slope=0.5)
    >>> y
    array([[ 2., -1.]])
    >>> backward(np.array([[1.0, 1.0]]))
    (array([[1. , 0.5]]), array([1. , 0.5]))
    """
    kernel = kernels.active()
    if bias is None and negative_slope == 1:
        return x, lambda dy: (dy, None)
    shift = x.dtype.type(0).repeat(x.shape[1]) if bias is None else bias
    y = kernel.bias_activation(x.copy(order="K") if kernel.replaced else x, shift, negative_slope)
    has_bias, result = bias is not None, y if negative_slope != 1 else None  # without f, y is not worth its memory

    def backward(dy: Array) -> tuple[Array, Array | None]:
        dx, dbias = kernel.bias_activation_grad(dy, dy if result is None else result, negative_slope)
        return dx, dbias if has_bias else None

    return y, backward
