"""The memory behind a shape: images are (N, C, H, W) to everybody, and lie in memory as (H, C, W, N).

With the batch innermost, each pixel is a vector over the batch, and a row of the image is W·N numbers without a gap. A
transposed view gives that memory the usual shape, and NumPy carries the order along through element-wise operations, so
that the conversion happens once: where the batch enters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch.types import Array


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
    return as_images(np.empty((h, c, w, n), dtype))


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
