"""The same numbers under another shape."""

from __future__ import annotations

import math

from nnfromscratch.errors import (
    RangeError,
    ShapeError,
    require_gradient,
    require_int,
    require_nonempty_axes,
    require_same_float,
)
from nnfromscratch.kernels.memory import reshape_batch
from nnfromscratch.types import Array, Backward


def reshape(x: Array, shape: tuple[int, ...]) -> tuple[Array, Backward]:
    """Gives every sample another shape, its numbers in the same (reading) order.

    y[n] = x[n] read into ``shape``                    ∂L/∂x[n] = ∂L/∂y[n] read into x's shape

    x: (N, ...)   shape: without the batch   y: (N, *shape)
    Raises ShapeError where the numbers of a sample do not fill the shape exactly, RangeError for a shape that is none.

    >>> import numpy as np
    >>> y, backward = reshape(np.arange(6.0).reshape(1, 6), (2, 3))
    >>> y
    array([[[0., 1., 2.],
            [3., 4., 5.]]])
    """
    return _reshape("reshape", x, sample_shape("reshape", shape))


def sample_shape(operation: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths in ``shape`` as whole numbers, or RangeError where one is none or under 1."""
    if not isinstance(shape, (tuple, list)):
        raise RangeError(f"{operation}: shape expects a tuple of whole numbers, is {shape!r}")
    return tuple(require_int(operation, "shape", length, least=1) for length in shape)


def flatten(x: Array) -> tuple[Array, Backward]:
    """Lays every sample out as one row of numbers: channel by channel, row by row.

    y[n] = x[n] read in order                    ∂L/∂x[n] = ∂L/∂y[n] read into x's shape

    x: (N, ...)   y: (N, D)
    Raises ShapeError where x has no axis besides the batch.

    >>> import numpy as np
    >>> flatten(np.zeros((8, 3, 4, 4)))[0].shape
    (8, 48)
    """
    require_same_float("flatten", x=x)
    if x.ndim < 2:
        raise ShapeError(f"flatten: x expects a batch and at least one more axis, has shape {x.shape}")
    return _reshape("flatten", x, (math.prod(x.shape[1:]),))


def _reshape(operation: str, x: Array, shape: tuple[int, ...]) -> tuple[Array, Backward]:
    require_same_float(operation, x=x)
    if x.ndim < 1 or math.prod(x.shape[1:]) != math.prod(shape):
        raise ShapeError(
            f"{operation}: x expects {math.prod(shape)} numbers in a sample to fill {shape}, has shape {x.shape}"
        )
    require_nonempty_axes(operation, "x", x.shape)
    before, dtype = x.shape, x.dtype
    y = reshape_batch(x, shape)

    def backward(dy: Array) -> Array:
        require_gradient(operation, dy, (before[0], *shape), dtype)
        return reshape_batch(dy, before[1:])

    return y, backward
