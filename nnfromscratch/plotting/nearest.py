"""Is it copying? Samples beside the training images that are most like them."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from nnfromscratch.errors import ShapeError, require_shape
from nnfromscratch.plotting.style import INK, MUTED, SMALL_SIZE, TEXT_SIZE, new_figure
from nnfromscratch.plotting.tiles import Tiles, require_pictures
from nnfromscratch.types import Array

_COLUMNS = 12
_LABEL = 1.15  # inches


def nearest_images(samples: Array, nearest: Array, distances: Array, *, typical: float) -> Figure:
    """Each sample over the training image that is nearest to it, and their distance: the closest pairs, and others.

    samples, nearest: (N, C, H, W), grey or colour, bytes or floats from 0 to 1   distances: (N,)
    The 12 closest pairs are shown, and 12 others in their order.
    typical: the mean distance of real images that the generator has not seen to their nearest training image
    Raises DtypeError, ShapeError, RangeError or DataError where these do not fit together.

    >>> images = np.zeros((20, 1, 28, 28), np.uint8)
    >>> figure = nearest_images(images, images, np.arange(20.0), typical=6.0)
    >>> [text.get_text() for text in figure.axes[0].texts[:3]]
    ['0.00', '1.00', '2.00']
    """
    require_pictures("nearest_images", "samples", samples)
    require_pictures("nearest_images", "nearest", nearest)
    if samples.shape != nearest.shape:
        raise ShapeError(f"nearest_images: nearest expects shape {samples.shape} like samples, has {nearest.shape}")
    require_shape("nearest_images", "distances", np.shape(distances), (len(samples),))
    closest = np.argsort(distances, kind="stable")[:_COLUMNS]
    others = np.setdiff1d(np.arange(len(samples)), closest)[:_COLUMNS]
    groups = [(f"The {len(closest)} closest of {len(samples):,} samples", closest)]
    if len(others):
        groups.append((f"{len(others)} others, in the order in which they were drawn", others))
    sheets = [
        Tiles("nearest_images", np.concatenate([samples[chosen], nearest[chosen]]), len(chosen)) for _, chosen in groups
    ]
    block = sheets[0].height + 0.85
    figure = new_figure(
        max(_LABEL + sheets[0].width + 0.3, 8.0),
        0.95 + block * len(groups) + 0.1,
        title="Is it copying? Samples and their nearest training images",
        subtitle=f"Below each pair its distance. That of test images to training images is {typical:.2f} on average.",
    )
    for number, ((title, chosen), tiles) in enumerate(zip(groups, sheets, strict=True)):
        top = 1.25 + block * number
        axes = tiles.show(figure, _LABEL, top)
        for column, place in enumerate(chosen):
            axes.text(
                tiles.column_centre(column), tiles.picture.shape[1] + 2, f"{distances[place]:.2f}",
                size=SMALL_SIZE, color=MUTED, ha="center", va="top",
            )  # fmt: skip
        for row, name in enumerate(("sample", "nearest")):
            axes.text(-5, tiles.row_centre(row), name, size=SMALL_SIZE, color=MUTED, ha="right", va="center")
        axes.text(0, -4, title, size=TEXT_SIZE, color=INK, weight="bold", va="bottom")
    return figure
