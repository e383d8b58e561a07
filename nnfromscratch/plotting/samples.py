"""What a generator makes: a sheet of samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from nnfromscratch.errors import RangeError
from nnfromscratch.plotting.style import INK, TEXT_SIZE, new_figure
from nnfromscratch.plotting.tiles import Tiles, require_pictures
from nnfromscratch.types import Array


def sample_grid(
    images: Array, *, labels: Array | None = None, classes: Sequence[str] = (), title: str = "", subtitle: str = ""
) -> Figure:
    """Samples side by side, in the order in which they come; with labels a row for each class, and its name before it.

    images: (N, C, H, W), grey or colour, bytes or floats from 0 to 1   labels: (N,) whole numbers   classes: K names
    Raises DtypeError, ShapeError, RangeError or DataError for images that cannot be shown, RangeError where labels do
    not fit.

    >>> figure = sample_grid(np.zeros((64, 1, 28, 28), np.uint8))
    >>> figure.texts[0].get_text(), figure.axes[0].images[0].get_array().shape
    ('64 samples', (238, 238))
    """
    require_pictures("sample_grid", "images", images)
    count = len(images)
    names: list[str] = []
    columns = 8 if count <= 64 else math.ceil(math.sqrt(count))
    shown = images
    if labels is not None:
        if np.shape(labels) != (count,) or not classes or np.max(labels) >= len(classes) or np.min(labels) < 0:
            raise RangeError(
                f"sample_grid: labels expects one of {len(classes)} classes for each of {count} images, has {labels}"
            )
        shown, names, columns = _by_class(images, labels, classes)
    tiles = Tiles("sample_grid", shown, min(columns, len(shown)), size=0.6 if count <= 400 else 0.3)
    margin = 0.3 + (0.15 + 0.085 * max(map(len, names)) if names else 0)
    figure = new_figure(
        max(margin + tiles.width + 0.3, 5.6),
        0.95 + tiles.height + 0.3,
        title=title or f"{count:,} samples",
        subtitle=subtitle or "None of them was chosen: each is made of its own random numbers.",
    )
    axes = tiles.show(figure, margin, 0.95)
    for row, name in enumerate(names):
        axes.text(
            -5, tiles.row_centre(row), name,
            size=TEXT_SIZE, color=INK, ha="right", va="center_baseline", parse_math=False,
        )  # fmt: skip
    return figure


def _by_class(images: Array, labels: Array, classes: Sequence[str]) -> tuple[Array, list[str], int]:
    """The images sorted into a row for each class that occurs, paper behind the last of a row; the rows' names."""
    rows = [images[labels == label] for label in np.unique(labels)]
    columns = max(map(len, rows))
    white = 255 if images.dtype == np.uint8 else 1
    paper = np.full((columns, *images.shape[1:]), 0 if images.shape[1] == 1 else white, images.dtype)
    filled = [np.concatenate([row, paper[len(row) :]]) for row in rows]
    return np.concatenate(filled), [classes[label] for label in np.unique(labels)], columns
