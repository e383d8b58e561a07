"""The fully connected operation."""

from __future__ import annotations

from collections.abc import Collection

from nnfromscratch import kernels
from nnfromscratch.errors import (
    require_gradient,
    require_nonempty_axes,
    require_same_float,
    require_shape,
    require_wrt,
)
from nnfromscratch.functional.bias import add_bias
from nnfromscratch.types import Array, Backward


def dense(x: Array, weight: Array, bias: Array | None = None) -> tuple[Array, Backward]:
    """Every output is a weighted sum of every input.

    y[n, k] = Σ_d x[n, d] · W[d, k] + b[k]                    y = x·W + b

    ∂L/∂x = ∂L/∂y · Wᵀ      ∂L/∂W = xᵀ · ∂L/∂y      ∂L/∂b = Σ_n ∂L/∂y[n]

    x: (N, D)   weight: (D, K)   bias: (K,) or None   y: (N, K)
    Raises ShapeError where D or K disagree or are zero, DtypeError where the arrays' types do.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.5.

    >>> import numpy as np
    >>> y, backward = dense(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([5.0]))
    >>> y
    array([[16.]])
    >>> backward(np.array([[1.0]]), wrt=("x", "bias"))
    (array([[3., 4.]]), None, array([1.]))
    """
    require_same_float("dense", x=x, weight=weight, bias=bias)
    require_shape("dense", "weight", weight.shape, ("D", "K"))
    require_shape("dense", "x", x.shape, ("N", weight.shape[0]))
    require_nonempty_axes("dense", "x", x.shape)
    require_nonempty_axes("dense", "weight", weight.shape)
    if bias is not None:
        require_shape("dense", "bias", bias.shape, (weight.shape[1],))
    kernel = kernels.active()
    y = kernel.matmul(weight.T, x.T).T  # x·W, with the batch innermost in memory
    y, bias_backward = add_bias(y, bias)
    shape, dtype = y.shape, y.dtype

    def backward(
        dy: Array, wrt: Collection[str] = ("x", "weight", "bias")
    ) -> tuple[Array | None, Array | None, Array | None]:
        require_wrt("dense", wrt, ("x", "weight", "bias"))
        require_gradient("dense", dy, shape, dtype)
        return (
            kernel.matmul(weight, dy.T).T if "x" in wrt else None,  # ∂L/∂y · Wᵀ
            kernel.matmul(x.T, dy) if "weight" in wrt else None,
            bias_backward(dy)[1] if "bias" in wrt else None,
        )

    return y, backward
