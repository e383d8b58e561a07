"""Normalization: mean 0 and variance 1, over the batch or over each sample, then a learned scale and shift."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from nnfromscratch import kernels
from nnfromscratch.errors import (
    RangeError,
    ShapeError,
    require_gradient,
    require_nonempty_axes,
    require_number,
    require_same_float,
    require_shape,
    require_wrt,
)
from nnfromscratch.types import Array, Backward


def batch_norm(
    x: Array,
    weight: Array,
    bias: Array,
    *,
    mean: Array | None = None,
    variance: Array | None = None,
    eps: float = 1e-5,
) -> tuple[Array, Backward]:
    """Each channel gets mean 0 and variance 1 over the batch (and the positions), then a scale γ and a shift β.

    x̂ = (x − μ) / √(σ² + ε)        y = γ·x̂ + β        μ, σ²: mean and variance of a channel, over M numbers

    ∂L/∂γ = Σ ∂L/∂y · x̂        ∂L/∂β = Σ ∂L/∂y        (sums over the M numbers of the channel)

    ∂L/∂x = γ / √(σ² + ε) · (∂L/∂y − (∂L/∂β + x̂ · ∂L/∂γ) / M)

    With given ``mean`` and ``variance`` (evaluation) these are constants: ∂L/∂x = γ / √(σ² + ε) · ∂L/∂y.

    x: (N, C) or (N, C, H, W)   weight γ, bias β, mean, variance: (C,)   eps ε: a finite number > 0
    Raises ShapeError where C disagrees or is zero, and where a channel has fewer than 2 numbers to take statistics of;
    RangeError where just one of mean and variance is given; DtypeError where the arrays' types differ.
    Source: Ioffe & Szegedy, Batch normalization (2015), Algorithm 1 and the derivatives in section 3.

    >>> y, backward = batch_norm(np.array([[1.0], [3.0]]), np.array([2.0]), np.array([5.0]), eps=1e-12)
    >>> y.round(6)
    array([[3.],
           [7.]])
    >>> dx, dweight, dbias = backward(np.array([[1.0], [0.0]]))
    >>> dweight.round(6), dbias
    (array([-1.]), array([1.]))
    """
    if (mean is None) != (variance is None):
        raise RangeError("batch_norm: mean and variance expect to be given both or not at all, one is None")
    if mean is None or variance is None:
        y, backward, _ = batch_norm_in_training(x, weight, bias, eps=eps)
        return y, backward
    return batch_norm_in_evaluation(x, weight, bias, mean, variance, eps=eps)


def batch_norm_in_training(
    x: Array, weight: Array, bias: Array, *, eps: float = 1e-5, negative_slope: float = 1.0
) -> tuple[Array, Backward, tuple[Array, Array]]:
    """batch_norm by the statistics of the batch, which come along: y, backward, (μ, σ²).

    μ = 1/M Σ x        σ² = 1/M Σ (x − μ)²        over the M numbers of a channel

    With a negative_slope from 0 to below 1, (leaky) ReLU follows in the same pass over memory.
    Shapes, errors and source as in ``batch_norm``; μ, σ²: (C,)
    """
    _require_channels(x, weight, bias, eps)
    count = x.size // x.shape[1]
    if count < 2:
        raise ShapeError(f"batch_norm: x expects at least 2 numbers in a channel, has {count} (shape {x.shape})")
    mean, variance = kernels.active().batch_statistics(x)
    y, backward = _normalize(x, weight, bias, mean, variance, eps, negative_slope, constant=False)
    return y, backward, (mean, variance)


def batch_norm_in_evaluation(
    x: Array,
    weight: Array,
    bias: Array,
    mean: Array,
    variance: Array,
    *,
    eps: float = 1e-5,
    negative_slope: float = 1.0,
) -> tuple[Array, Backward]:
    """batch_norm by given statistics, which are constants; as ``batch_norm_in_training`` else."""
    _require_channels(x, weight, bias, eps, mean=mean, variance=variance)
    return _normalize(x, weight, bias, mean, variance, eps, negative_slope, constant=True)


def _require_channels(x: Array, weight: Array, bias: Array, eps: float, **statistics: Array) -> None:
    require_same_float("batch_norm", x=x, weight=weight, bias=bias, **statistics)
    if x.ndim not in (2, 4):
        raise ShapeError(f"batch_norm: x expects shape (N, C) or (N, C, H, W), has {x.shape}")
    require_nonempty_axes("batch_norm", "x", x.shape)
    for argument, array in {"weight": weight, "bias": bias, **statistics}.items():
        require_shape("batch_norm", argument, array.shape, (x.shape[1],))
    require_number("batch_norm", "eps", eps, above=0)


def _normalize(
    x: Array, weight: Array, bias: Array, mean: Array, variance: Array, eps: float, slope: float, *, constant: bool
) -> tuple[Array, Backward]:
    kernel = kernels.active()
    scale = 1 / np.sqrt(variance + x.dtype.type(eps))
    y = kernel.batch_norm(x, weight, bias, mean, scale, slope)
    shape, dtype = y.shape, y.dtype

    def backward(
        dy: Array, wrt: Collection[str] = ("x", "weight", "bias")
    ) -> tuple[Array | None, Array | None, Array | None]:
        require_wrt("batch_norm", wrt, ("x", "weight", "bias"))
        require_gradient("batch_norm", dy, shape, dtype)
        if constant:
            axes, per_channel = ((0,), (-1,)) if x.ndim == 2 else ((0, 2, 3), (-1, 1, 1))
            dy, dbias = kernel.bias_activation_grad(dy, y, slope)
            x_hat = (x - mean.reshape(per_channel)) * scale.reshape(per_channel)
            dweight = (dy * x_hat).sum(axis=axes) if "weight" in wrt else None
            dx = (weight * scale).reshape(per_channel) * dy if "x" in wrt else None
        else:
            dx, dweight, dbias = kernel.batch_norm_grad(dy, x, y, weight, mean, scale, slope)
        return dx if "x" in wrt else None, dweight if "weight" in wrt else None, dbias if "bias" in wrt else None

    return y, backward


def layer_norm(x: Array, weight: Array, bias: Array, *, eps: float = 1e-5) -> tuple[Array, Backward]:
    """Each sample gets mean 0 and variance 1 over its own numbers, then a scale γ and a shift β for each of them.

    x̂ = (x − μ) / √(σ² + ε)        y = γ·x̂ + β        μ, σ²: over the last axes of each sample, M numbers

    ∂L/∂γ = Σ_samples ∂L/∂y · x̂        ∂L/∂β = Σ_samples ∂L/∂y

    ∂L/∂x = 1 / √(σ² + ε) · (g − mean(g) − x̂ · mean(g · x̂)),  g = γ · ∂L/∂y,  means over the M numbers

    x: (..., *weight.shape)   weight γ, bias β: the last axes of x   eps ε: a finite number > 0
    Raises ShapeError where the last axes disagree or are empty, DtypeError where the arrays' types differ.
    Source: Ba, Kiros, Hinton, Layer normalization (2016), equation (4).

    >>> y, backward = layer_norm(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=1e-12)
    >>> y.round(6)
    array([[-1.,  1.]])
    >>> dx, dweight, dbias = backward(np.array([[1.0, 2.0]]))
    >>> dweight.round(6), dbias
    (array([-1.,  2.]), array([1., 2.]))
    """
    require_same_float("layer_norm", x=x, weight=weight, bias=bias)
    if weight.ndim == 0 or weight.size == 0:
        raise ShapeError(f"layer_norm: weight expects at least one axis and one number, has shape {weight.shape}")
    if x.shape[max(0, x.ndim - weight.ndim) :] != weight.shape:
        wanted = ", ".join(map(str, weight.shape))
        raise ShapeError(f"layer_norm: x expects shape (..., {wanted}), has {x.shape}")
    require_shape("layer_norm", "bias", bias.shape, weight.shape)
    require_number("layer_norm", "eps", eps, above=0)
    normalized = tuple(range(x.ndim - weight.ndim, x.ndim))
    samples = tuple(range(x.ndim - weight.ndim))
    mean, variance = x.mean(axis=normalized, keepdims=True), x.var(axis=normalized, keepdims=True)
    scale = 1 / np.sqrt(variance + x.dtype.type(eps))
    x_hat = (x - mean) * scale
    y = x_hat * weight + bias

    def backward(
        dy: Array, wrt: Collection[str] = ("x", "weight", "bias")
    ) -> tuple[Array | None, Array | None, Array | None]:
        require_wrt("layer_norm", wrt, ("x", "weight", "bias"))
        require_gradient("layer_norm", dy, x_hat.shape, x_hat.dtype)
        dx = None
        if "x" in wrt:
            g = dy * weight
            mean_g = g.mean(axis=normalized, keepdims=True)
            mean_gx = (g * x_hat).mean(axis=normalized, keepdims=True)
            dx = scale * (g - mean_g - x_hat * mean_gx)
        return (
            dx,
            (dy * x_hat).sum(axis=samples) if "weight" in wrt else None,
            dy.sum(axis=samples) if "bias" in wrt else None,
        )

    return y, backward
