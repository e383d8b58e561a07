"""Histograms of oriented gradients: what people took for features before networks learned their own."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnfromscratch.errors import RangeError, require_choice, require_int, require_number
from nnfromscratch.gan.images import require_images
from nnfromscratch.types import Array

_IMAGES = 1024  # so many at once: their gradients take some 30 MB
_CLIP = 0.2  # of L2-Hys


def hog(
    images: Array,
    *,
    cell_size: int = 4,
    orientations: int = 9,
    block_size: int = 2,
    normalization: str = "L2-Hys",
    eps: float = 1e-5,
) -> Array:
    """Which way the edges of an image run, counted cell by cell: features that hardly mind the light or a small shift.

    u[i, j] = x[i, j+1] − x[i, j−1]        v[i, j] = x[i+1, j] − x[i−1, j]

    m = √(u² + v²)        θ = atan2(v, u) mod π

    h[r, c, b] = Σ_{i,j} m[i, j] · max(0, 1 − d(θ[i, j], b))        d(θ, b) = |θ·B/π − b − ½|, around a circle of B

    y = f / √(‖f‖² + ε²)

    The sum runs over the pixels of cell (r, c), ``cell_size`` pixels square. Each pixel votes with the strength m of
    its gradient for the two of the B ``orientations`` between whose middles (b + ½)·π/B it points, the more the nearer;
    opposite directions count as the same. The histograms of a block of ``block_size`` × ``block_size`` cells, one
    after the other, are f; there is a block at every cell that leaves room for it. "L2-Hys" cuts y at 0.2 and
    normalizes once more, "L2" does not. Where a neighbour is missing, at the border, the difference is 0. Of several
    channels the one with the largest m counts. Pixels right and below that fill no whole cell get no vote, and votes
    are not shared out among neighbouring cells.
    images x: (N, C, H, W), uint8 from 0 to 255 or floats from 0 to 1
    y: (N, R·C·block_size²·B), with R·C blocks, row by row; float32, or float64 for images of float64
    cell_size, block_size: at least 1. orientations B: at least 2. eps ε: above 0
    Raises DtypeError, ShapeError, RangeError or NonFiniteError for other images, RangeError for settings that make no
    sense or leave no block.
    Source: Dalal and Triggs, Histograms of Oriented Gradients for Human Detection (2005), sections 6.2 to 6.4.

    >>> image = np.zeros((1, 1, 8, 8))
    >>> image[:, :, 4:] = 1                            # an edge from left to right: all gradients point down
    >>> hog(image, cell_size=8, orientations=3, block_size=1, normalization="L2").round(3)
    array([[0., 1., 0.]])
    """
    require_images("hog", "images", images)
    cell = require_int("hog", "cell_size", cell_size, least=1)
    bins = require_int("hog", "orientations", orientations, least=2)
    block = require_int("hog", "block_size", block_size, least=1)
    require_choice("hog", "normalization", normalization, ("L2", "L2-Hys"))
    require_number("hog", "eps", eps, above=0)
    rows, columns = images.shape[2] // cell, images.shape[3] // cell
    if min(rows, columns) < block:
        raise RangeError(
            f"hog: images expects at least {block * cell} × {block * cell} pixels for a block of {block} × {block} "
            f"cells of {cell} × {cell}, has {images.shape[2]} × {images.shape[3]}"
        )
    blocks = (rows - block + 1) * (columns - block + 1)
    features = np.empty(
        (len(images), blocks * block * block * bins), np.float64 if images.dtype == np.float64 else np.float32
    )
    for start in range(0, len(images), _IMAGES):
        part = images[start : start + _IMAGES]
        histograms = _histograms(part / np.float32(255) if part.dtype == np.uint8 else part, cell, bins)
        windows = sliding_window_view(histograms, (block, block), axis=(1, 2))  # (N, R, C, B, block, block)
        f = windows.transpose(0, 1, 2, 4, 5, 3).reshape(len(part), blocks, -1)
        y = _unit_length(f, eps)
        if normalization == "L2-Hys":
            y = _unit_length(np.minimum(y, _CLIP), eps)
        features[start : start + _IMAGES] = y.reshape(len(part), -1)
    return features


def _histograms(x: Array, cell: int, bins: int) -> Array:
    """The votes in every cell: (N, rows, columns, B), float64."""
    u, v = np.zeros_like(x), np.zeros_like(x)
    u[..., 1:-1] = x[..., 2:] - x[..., :-2]
    v[..., 1:-1, :] = x[..., 2:, :] - x[..., :-2, :]
    strength = np.hypot(u, v)
    if x.shape[1] > 1:
        strongest = strength.argmax(axis=1)[:, None]
        u, v, strength = (np.take_along_axis(each, strongest, axis=1) for each in (u, v, strength))
    rows, columns = x.shape[2] // cell, x.shape[3] // cell
    u, v, strength = (each[:, 0, : rows * cell, : columns * cell] for each in (u, v, strength))

    place = np.arctan2(v, u) * (bins / np.pi) - 0.5  # 0 in the middle of the first orientation
    before = np.floor(place)
    share = place - before
    before = before.astype(np.int64)
    number = (
        np.arange(rows * cell)[:, None] // cell * columns + np.arange(columns * cell) // cell
    )  # of each pixel's cell
    number = number + np.arange(len(x))[:, None, None] * (rows * columns)
    size = len(x) * rows * columns * bins
    votes = np.zeros(size)
    for orientation, weight in ((before, strength * (1 - share)), (before + 1, strength * share)):
        index = number * bins + orientation % bins
        votes += np.bincount(index.ravel(), weights=weight.ravel(), minlength=size)
    return votes.reshape(len(x), rows, columns, bins)


def _unit_length(f: Array, eps: float) -> Array:
    return np.asarray(f / np.sqrt((f * f).sum(axis=-1, keepdims=True) + eps * eps))
