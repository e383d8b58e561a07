"""What the cases of both poolings share: images and windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Make, small, values


def image_case(shape: tuple[int, ...], kernel_size: int | tuple[int, int], scale: float = 1.0, **settings: Any) -> Make:
    """Random images of this shape, pooled with these settings."""

    def make(rng: np.random.Generator) -> Arguments:
        return Arguments((scale * rng.standard_normal(shape),), {"kernel_size": kernel_size, **settings})

    return make


def random_pooling(rng: np.random.Generator) -> Arguments:
    """Any images, windows, strides and paddings."""
    kernel = (small(rng, 3), small(rng, 3))
    size = (kernel[0] - 1 + small(rng), kernel[1] - 1 + small(rng))
    padding = tuple((int(rng.integers(k)), int(rng.integers(k))) for k in kernel)
    stride = None if rng.random() < 0.3 else (small(rng, 3), small(rng, 3))
    x = values(rng, (small(rng, 3), small(rng, 2), *size))
    return Arguments((x,), {"kernel_size": kernel, "stride": stride, "padding": padding})


def window(at: Any, i: int, j: int) -> tuple[slice, ...]:
    """The pixels of an unpadded image under window (i, j)."""
    kh, kw = np.broadcast_to(at.kernel_size, 2)
    sh, sw = np.broadcast_to(at.kernel_size if at.stride is None else at.stride, 2)
    return slice(None), slice(None), slice(i * sh, i * sh + kh), slice(j * sw, j * sw + kw)
