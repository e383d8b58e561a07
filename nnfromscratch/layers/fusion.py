"""Neighbouring layers that share one pass over memory, with the same values and gradients.

    Dense, Conv2d or ConvTranspose2d, then MaxPool2d and/or ReLU or LeakyReLU, in either order; also weight-normalized
    BatchNorm, then ReLU or LeakyReLU

Between two multiplications a network mostly waits for memory. Bias and activation together fetch each number once. And
max pooling commutes with both, since neither changes which of two numbers is the larger: pooled first, a 2×2 window
leaves them a quarter of the numbers. Where two pixels differ by so little that rounding the sum makes them equal, the
window's gradient goes to the one that was larger, not to the first: another of the subgradients.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias, cast

from nnfromscratch import functional, kernels
from nnfromscratch.errors import require_gradient
from nnfromscratch.functional.bias import add_bias
from nnfromscratch.layers.activations import LeakyReLU, ReLU
from nnfromscratch.layers.conv import Conv2d, ConvTranspose2d
from nnfromscratch.layers.dense import Dense
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.layers.normalization import BatchNorm
from nnfromscratch.layers.pool import MaxPool2d
from nnfromscratch.layers.weight_norm import WeightNorm
from nnfromscratch.types import Array

Weighted: TypeAlias = "Dense | Conv2d | ConvTranspose2d | WeightNorm"

_fused: ContextVar[bool] = ContextVar("nnfromscratch_fused", default=True)


@contextmanager
def unfused() -> Iterator[None]:
    """Compute every layer by itself inside the ``with``."""
    token = _fused.set(False)
    try:
        yield
    finally:
        _fused.reset(token)


def forward_group(layers: Sequence[Layer], x: Array, training: bool) -> tuple[int, Array, LayerBackward]:
    """The first layers' result and way back, and how many of them it took in: as many as can share one pass."""
    first, *after = layers[:3]
    if not _fused.get() or kernels.active().replaced:  # somebody's own kernels do exactly what the layers say
        after = []
    if type(first) is BatchNorm and after and (slope := _slope(after[0])) is not None:
        return 2, *first.forward_activated(x, training, slope)
    if type(first) in (Dense, Conv2d, ConvTranspose2d, WeightNorm):
        pool, slope, count = None, None, 1
        for layer in after:
            if pool is None and type(layer) is MaxPool2d:
                pool, count = layer, count + 1
            elif slope is None and _slope(layer) is not None:
                slope, count = _slope(layer), count + 1
            else:
                break
        if count > 1:
            return count, *_forward(cast("Weighted", first), 1.0 if slope is None else slope, pool, x)
    return 1, *first.forward(x, training)


def _slope(layer: Layer) -> float | None:
    """What a rectifier multiplies negative numbers by; None for other layers."""
    if type(layer) is ReLU:
        return 0.0
    # With a negative slope the result no longer tells the sign of x, by which the way back goes.
    return layer.negative_slope if type(layer) is LeakyReLU and layer.negative_slope > 0 else None


def _forward(layer: Weighted, slope: float, pool: MaxPool2d | None, x: Array) -> tuple[Array, LayerBackward]:
    """f(max pooling of the weighted sums + b)."""
    sums, sums_backward = layer.weighted_sum(x, None)
    if pool is not None:
        sums, pool_backward = functional.max_pool2d(sums, pool.kernel_size, stride=pool.stride, padding=pool.padding)
    y, bias_backward = add_bias(sums, layer.params.get("bias"), slope)
    shape, dtype = y.shape, y.dtype

    def backward(dy: Array, wrt: Collection[str]) -> tuple[Array | None, ...]:
        require_gradient(type(layer).__name__, dy, shape, dtype)
        dsums, dbias = bias_backward(dy)
        if pool is not None:
            dsums = pool_backward(dsums)
        dx, *dweights, _ = sums_backward(dsums, wrt=wrt)
        return dx, *dweights, dbias

    return y, layer.way_back(backward)
