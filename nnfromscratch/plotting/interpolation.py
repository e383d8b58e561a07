"""What lies between two samples."""

from __future__ import annotations

from matplotlib.figure import Figure

from nnfromscratch.plotting.style import MUTED, SMALL_SIZE, new_figure
from nnfromscratch.plotting.tiles import Tiles, require_pictures
from nnfromscratch.types import Array


def interpolations(images: Array) -> Figure:
    """In each row the way from one sample, at the left, to another, at the right, in steps of equal length.

    images: (R, K, C, H, W), R rows of K images, grey or colour, bytes or floats from 0 to 1
    Raises DtypeError, ShapeError, RangeError or DataError for images that cannot be shown.

    >>> import numpy as np
    >>> figure = interpolations(np.zeros((3, 10, 1, 28, 28), np.uint8))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['a sample', 'half-way', 'another']
    """
    require_pictures("interpolations", "images", images, "R, K, C, H, W")
    columns = images.shape[1]
    tiles = Tiles("interpolations", images.reshape(-1, *images.shape[2:]), columns)
    figure = new_figure(
        max(tiles.width + 0.6, 7.4),
        1.2 + tiles.height + 0.3,
        title="From one sample to another",
        subtitle="Each row walks from one noise vector to another. A generator that only memorized would jump.",
    )
    axes = tiles.show(figure, 0.3, 1.2)
    for name, column in (("a sample", 0.0), ("half-way", (columns - 1) / 2), ("another", columns - 1.0)):
        axes.text(tiles.column_centre(column), -2, name, size=SMALL_SIZE, color=MUTED, ha="center")
    return figure
