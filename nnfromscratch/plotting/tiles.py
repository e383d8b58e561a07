"""Many small images beside each other, put together into one picture: a pair of axes for each would take seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnfromscratch.errors import DataError, DtypeError, RangeError, ShapeError
from nnfromscratch.plotting.style import PIXELS_PER_INCH, add_axes, bare, show_image
from nnfromscratch.types import Array

GAP = 2  # pixels of the images, between two of them


@dataclass(frozen=True, eq=False)
class Tiles:
    """Images row by row, each pixel of theirs a whole number of pixels on paper, so that all look equally large.

    images: (N, C, H, W), one or three channels, bytes or floats from 0 to 1   columns: how many stand in a row
    size: about how long the longer side of an image is to be, in inches. Where the last row is not full, paper shows.
    Raises DtypeError, ShapeError, RangeError or DataError for images that cannot be shown.

    >>> tiles = Tiles("sample_grid", np.zeros((6, 1, 28, 28), np.uint8), columns=3)
    >>> tiles.picture.shape, tiles.rows, tiles.column_centre(0), tiles.column_centre(1)
    ((1, 58, 88), 2, 13.5, 43.5)
    """

    operation: str
    images: Array
    columns: int
    size: float = 0.6

    def __post_init__(self) -> None:
        require_pictures(self.operation, "images", self.images)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return math.ceil(len(self.images) / self.columns)

    @property
    def pixel(self) -> float:
        """The side of a pixel, in inches."""
        return max(1, round(self.size * PIXELS_PER_INCH / max(self.images.shape[2:]))) / PIXELS_PER_INCH

    @property
    def width(self) -> float:
        """Of the whole, in inches."""
        return (self.columns * self._pitch(3) - GAP) * self.pixel

    @property
    def height(self) -> float:
        """Of the whole, in inches."""
        return (self.rows * self._pitch(2) - GAP) * self.pixel

    @property
    def picture(self) -> Array:
        """All of them as one image, (C, rows·(H + gap) − gap, columns·(W + gap) − gap), from 0 to 1."""
        count, channels, height, width = self.images.shape
        paper = 0.0 if channels == 1 else 1.0  # grey images are drawn as ink on paper, colours as light
        shown = self.images / 255 if self.images.dtype == np.uint8 else self.images
        whole = np.full((self.rows * self.columns, channels, height + GAP, width + GAP), paper)
        whole[:count, :, :height, :width] = shown
        whole = whole.reshape(self.rows, self.columns, channels, height + GAP, width + GAP).transpose(2, 0, 3, 1, 4)
        joined = whole.reshape(channels, self.rows * (height + GAP), self.columns * (width + GAP))
        return joined[:, : joined.shape[1] - GAP, : joined.shape[2] - GAP]

    def show(self, figure: Figure, left: float, top: float) -> Axes:
        """Draw them with their upper left corner at a place in inches; the axes then count in pixels of the images."""
        axes = add_axes(figure, left, top, self.width, self.height)
        show_image(axes, self.picture)
        bare(axes, frame=False)
        return axes

    def column_centre(self, column: float) -> float:
        """The middle of a column, in pixels of the axes; half columns lie between two."""
        return column * self._pitch(3) + (self.images.shape[3] - 1) / 2

    def row_centre(self, row: float) -> float:
        """The middle of a row, in pixels of the axes."""
        return row * self._pitch(2) + (self.images.shape[2] - 1) / 2

    def _pitch(self, axis: int) -> int:
        return int(self.images.shape[axis]) + GAP


def require_pictures(operation: str, argument: str, images: object, axes: str = "N, C, H, W") -> None:
    """Raise unless ``images`` is an array of such axes, at least one grey or colour image, of bytes or within 0 … 1."""
    if not isinstance(images, np.ndarray) or images.dtype not in (np.uint8, np.float32, np.float64):
        kind = images.dtype if isinstance(images, np.ndarray) else type(images).__name__
        raise DtypeError(f"{operation}: {argument} expects an array of uint8, float32 or float64, is {kind}")
    if images.ndim != len(axes.split(",")) or images.shape[-3] not in (1, 3):
        raise ShapeError(f"{operation}: {argument} expects shape ({axes}), C being 1 or 3; has {images.shape}")
    if images.size == 0:
        raise DataError(f"{operation}: {argument} expects at least one image, has shape {images.shape}")
    if images.dtype != np.uint8 and not (images.min() >= 0 and images.max() <= 1):  # NaN is neither
        raise RangeError(
            f"{operation}: {argument} expects numbers from 0 to 1, has {images.min():g} to {images.max():g}"
        )
