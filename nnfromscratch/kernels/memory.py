"""The memory behind a shape: images are (N, C, H, W) to everybody, and lie in memory as (H, C, W, N).

With the batch innermost, each pixel is a vector over the batch, and a row of the image is W·N numbers without a gap. A
transposed view gives that memory the usual shape, and NumPy carries the order along through element-wise operations, so
that the conversion happens once: where the batch enters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nnfromscratch.types import Array

SMALL = 2**17  # numbers, which stay in the second cache: finding a good place for them would take longer than it saves


def as_rows(images: Array) -> Array:
    """The contiguous array (H, C, W, N) behind images of shape (N, C, H, W): no copy where the memory is in that order.

    >>> x = empty_images((8, 3, 28, 28), np.float32)
    >>> as_rows(x).shape, np.shares_memory(x, as_rows(x))
    ((28, 3, 28, 8), True)
    """
    return np.ascontiguousarray(images.transpose(2, 1, 3, 0))


def as_images(rows: Array) -> Array:
    """The view (N, C, H, W) of an array (H, C, W, N)."""
    return rows.transpose(3, 1, 0, 2)


def empty_images(shape: tuple[int, int, int, int], dtype: npt.DTypeLike) -> Array:
    """Uninitialised images of shape (N, C, H, W), ordered (H, C, W, N) in memory."""
    n, c, h, w = shape
    return as_images(empty_rows((h, c, w, n), dtype))


def empty_rows(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """An uninitialised array. A large one begins at a multiple of 64 bytes: no vector lies across two cache lines.

    >>> empty_rows((300, 500), np.float32).ctypes.data % 64
    0
    """
    _keep_freed_memory()
    size = math.prod(shape)
    if size < SMALL:
        return np.empty(shape, dtype)
    numbers = np.empty(size + 64 // np.dtype(dtype).itemsize, dtype)
    start = -numbers.ctypes.data % 64 // numbers.itemsize
    return numbers[start : start + size].reshape(shape)


@lru_cache(maxsize=1)
def _keep_freed_memory() -> None:
    """Let the C library keep what is freed for the next array, instead of giving it back and fetching it anew.

    Every step frees and makes arrays of the same sizes. glibc returns large ones to the operating system, whose fresh
    pages cost more than a pass over memory; but it learns: after a block of just under 32 MiB, which nobody touches,
    has been freed, it keeps all blocks up to that size (mallopt(3), M_MMAP_THRESHOLD). Elsewhere this does nothing.
    """
    np.empty(2**25 - 2**16, np.uint8)


def reshape_batch(x: Array, shape: tuple[int, ...]) -> Array:
    """``x.reshape(len(x), *shape)``, leaving the batch innermost in memory where it is.

    >>> x = empty_images((8, 3, 4, 4), np.float32)
    >>> reshape_batch(x, (48,)).strides  # (N, D): neighbours in memory are neighbours in the batch
    (4, 32)
    """
    if x.flags.c_contiguous:
        return x.reshape(len(x), *shape)
    batch_last = np.moveaxis(x, 0, -1).reshape(*shape, len(x))
    return np.moveaxis(batch_last, -1, 0)


def with_batch_innermost(numbers: Array, shape: tuple[int, ...]) -> Array:
    """The flat ``numbers`` in a shape (N, ...), N fastest in memory; images (N, C, H, W) are ordered (H, C, W, N).

    >>> with_batch_innermost(np.arange(6), (2, 3))
    array([[0, 2, 4],
           [1, 3, 5]])
    """
    if len(shape) == 4:
        n, c, h, w = shape
        return as_images(numbers.reshape(h, c, w, n))
    return np.moveaxis(numbers.reshape((*shape[1:], *shape[:1])), range(len(shape) - 1), range(1, len(shape)))


def as_channels(x: Array) -> Array:
    """The array (H, C, W·N) behind images (N, C, H, W), or (1, C, N) behind (N, C): no copy where memory is in order.

    >>> as_channels(empty_images((8, 3, 28, 28), np.float32)).shape, as_channels(np.ones((8, 3))).shape
    ((28, 3, 224), (1, 3, 8))
    """
    if x.ndim == 2:
        return np.ascontiguousarray(x.T)[None]
    rows = as_rows(x)
    return rows.reshape(*rows.shape[:2], -1)


def from_channels(channels: Array, shape: tuple[int, ...]) -> Array:
    """The view of shape (N, C, H, W) or (N, C) of an array that ``as_channels`` gave, or one like it."""
    if len(shape) == 2:
        return channels[0].T
    n, c, h, w = shape
    return as_images(channels.reshape(h, c, w, n))


def pieces(*arrays: Array, size: int = 2**15) -> Iterator[tuple[Array, ...]]:
    """Views of matching pieces of arrays of one shape, cut across the axis that moves slowest in memory.

    A piece and the results in between fit into the processor's cache, so that an update with many operations goes
    through the main memory just once.
    """
    first = arrays[0]
    if first.size <= size:
        yield arrays
        return
    axis = max(range(first.ndim), key=lambda a: abs(first.strides[a]) * (first.shape[a] > 1))
    length = max(1, size * first.shape[axis] // first.size)
    for start in range(0, first.shape[axis], length):
        piece = (slice(None),) * axis + (slice(start, start + length),)
        yield tuple(array[piece] for array in arrays)
