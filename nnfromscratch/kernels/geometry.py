"""Output sizes and padding, worked out in one place for every kernel set."""

from __future__ import annotations

from typing import TypeAlias, cast

import numpy as np

from nnfromscratch.errors import RangeError, ShapeError, require_int
from nnfromscratch.types import Array

Pair: TypeAlias = tuple[int, int]
Padding: TypeAlias = tuple[Pair, Pair]  # ((top, bottom), (left, right))
PaddingLike: TypeAlias = "int | Pair | Padding | str"


def as_pair(operation: str, argument: str, value: int | Pair, *, least: int = 1) -> Pair:
    """(height, width) from a number, which serves for both, or from a pair.

    >>> as_pair("conv2d", "stride", 2)
    (2, 2)
    """
    both = value if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2:
        raise RangeError(f"{operation}: {argument} expects a number or (height, width), is {value!r}")
    return (
        require_int(operation, argument, both[0], least=least),
        require_int(operation, argument, both[1], least=least),
    )


def as_padding(operation: str, padding: PaddingLike, size: Pair, kernel_size: Pair, stride: Pair) -> Padding:
    """((top, bottom), (left, right)) from any of the ways in which padding may be given.

    ``"same"`` gives ceil(size / stride) outputs, the odd pixel below and right; ``"valid"`` is no padding.

    >>> as_padding("conv2d", "same", (28, 28), (4, 4), (1, 1))
    ((1, 2), (1, 2))
    """
    if isinstance(padding, str):
        if padding == "valid":
            return (0, 0), (0, 0)
        if padding == "same":
            vertical, horizontal = (_same(*axis) for axis in zip(size, kernel_size, stride, strict=True))
            return vertical, horizontal
        raise RangeError(f"{operation}: padding expects a number, pairs, 'valid' or 'same', is {padding!r}")
    if isinstance(padding, (tuple, list)) and len(padding) == 2:
        rows, columns = padding
        if isinstance(rows, (tuple, list)) and isinstance(columns, (tuple, list)):
            return as_pair(operation, "padding", rows, least=0), as_pair(operation, "padding", columns, least=0)
    # Of (1, (2, 3)) and the like as_pair will say what is wrong.
    height, width = as_pair(operation, "padding", cast("int | Pair", padding), least=0)
    return (height, height), (width, width)


def _same(size: int, kernel_size: int, stride: int) -> Pair:
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel_size - size, 0)
    return total // 2, total - total // 2


def output_size(operation: str, size: Pair, kernel_size: Pair, stride: Pair, padding: Padding) -> Pair:
    """How often the window fits: floor((size + padding − kernel) / stride) + 1, for height and width.

    Raises ShapeError where the kernel is larger than the padded image.

    >>> output_size("conv2d", (28, 28), (5, 5), (1, 1), ((2, 2), (2, 2)))
    (28, 28)
    """
    padded = size[0] + sum(padding[0]), size[1] + sum(padding[1])
    if kernel_size[0] > padded[0] or kernel_size[1] > padded[1]:
        raise ShapeError(
            f"{operation}: kernel of {kernel_size[0]}×{kernel_size[1]} expects a padded image at least as large, "
            f"has {padded[0]}×{padded[1]}"
        )
    return (padded[0] - kernel_size[0]) // stride[0] + 1, (padded[1] - kernel_size[1]) // stride[1] + 1


def window(start: int, kernel_size: int, size: int) -> tuple[int, int]:
    """The kernel offsets first … last − 1 at which a window that begins at pixel ``start`` lies inside the image.

    >>> window(-2, 5, 28)
    (2, 5)
    """
    first = min(max(0, -start), kernel_size)
    return first, max(first, min(kernel_size, size - start))


def inside(offset: int, before: int, stride: int, size: int, outputs: int) -> tuple[slice, slice]:
    """The windows whose pixel at this offset is real, and those pixels: pixel = window · stride + offset − before."""
    first = max(0, -((offset - before) // stride))
    last = min(outputs, (size - 1 + before - offset) // stride + 1)
    if last <= first:
        return slice(0, 0), slice(0, 0)
    start = first * stride + offset - before
    return slice(first, last), slice(start, start + (last - first - 1) * stride + 1, stride)


def window_counts(size: Pair, kernel_size: Pair, stride: Pair, padding: Padding, outputs: Pair) -> Array:
    """How many real pixels each pooling window holds, (OH, OW).

    >>> window_counts((3, 3), (2, 2), (2, 2), ((0, 1), (0, 1)), (2, 2))
    array([[4, 2],
           [2, 1]])
    """
    counts = []
    for length, kernel, step, (before, _), count in zip(size, kernel_size, stride, padding, outputs, strict=True):
        spans = [window(i * step - before, kernel, length) for i in range(count)]
        counts.append(np.array([last - first for first, last in spans]))
    return np.outer(counts[0], counts[1])


def winner_dtype(kernel_size: Pair) -> type[np.uint8] | type[np.int64]:
    """The smallest type that numbers the pixels of a pooling window: a byte, unless the window has over 256."""
    return np.uint8 if kernel_size[0] * kernel_size[1] <= 256 else np.int64
