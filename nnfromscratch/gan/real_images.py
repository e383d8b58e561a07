"""The real images as the discriminator sees them: in the range of the generator's, the batch innermost in memory."""

from __future__ import annotations

import zlib

import numpy as np

from nnfromscratch.data import Dataset
from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.types import Array


class RealImages:
    """Images, and for conditional players their labels, from which batches are drawn.

    images: a Dataset, or an array (N, C, H, W) of bytes, which are brought into the range of the generator; or an array
    of floats, which is expected to be there already. low_high: that range, None where it has no bounds; images of a
    Dataset then lie between 0 and 1. labels: (N,), of an array of images; a Dataset has its own.
    Raises DtypeError, ShapeError or NonFiniteError for images that are none, RangeError where floats leave the range.

    >>> real = RealImages(np.full((5, 1, 2, 2), 255, np.uint8), (-1.0, 1.0), np.dtype(np.float64))
    >>> float(real.batch(np.array([0, 3]))[0, 0, 0, 0])
    1.0
    """

    def __init__(
        self,
        images: Dataset | Array,
        low_high: tuple[float, float] | None,
        dtype: np.dtype[np.floating],
        labels: Array | None = None,
    ) -> None:
        dataset = isinstance(images, Dataset)
        pixels = images.images if isinstance(images, Dataset) else images
        _require_images(pixels)
        self.pixels, self.dtype = pixels, dtype
        self.labels = images.labels if isinstance(images, Dataset) and labels is None else labels
        low, high = low_high or (0.0, 1.0)
        if pixels.dtype == np.uint8:
            self._scale, self._shift = 255 / (high - low), low  # x = byte / scale + shift
        elif dataset:
            self._scale, self._shift = 1 / (high - low), low
        else:
            self._scale, self._shift = 1.0, 0.0
            _require_range(pixels, low_high)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(C, H, W) of every image."""
        return self.pixels.shape[1:]

    def batch(self, chosen: Array) -> Array:
        """The images at the places ``chosen``: (B, C, H, W), ordered (H, C, W, B) in memory."""
        rows = self.pixels[chosen].transpose(2, 1, 3, 0)
        x = np.empty(rows.shape, self.dtype)
        np.divide(rows, self.dtype.type(self._scale), out=x, dtype=self.dtype)
        if self._shift:
            x += self.dtype.type(self._shift)
        return x.transpose(3, 1, 0, 2)

    def in_words(self) -> str:
        """What the images are, with a checksum of them and their labels."""
        checksum = 0 if self.labels is None else zlib.crc32(np.ascontiguousarray(self.labels).data)
        for start in range(0, len(self), 1000):  # in pieces: a view of a large array is never copied as a whole
            checksum = zlib.crc32(np.ascontiguousarray(self.pixels[start : start + 1000]).data, checksum)
        return f"{len(self)} images of shape {self.image_shape}, {self.pixels.dtype}, with checksum {checksum:08x}"


def _require_images(images: object) -> None:
    if not isinstance(images, np.ndarray) or images.dtype not in (np.uint8, np.float32, np.float64):
        kind = images.dtype if isinstance(images, np.ndarray) else type(images).__name__
        raise DtypeError(f"train_gan: images expects a Dataset or an array of bytes or floats, is {kind}")
    if images.ndim != 4 or images.size == 0:
        raise ShapeError(f"train_gan: images expects shape (N, C, H, W), each at least 1, has {images.shape}")


def _require_range(images: Array, low_high: tuple[float, float] | None) -> None:
    lowest, highest = images.min(), images.max()  # NaN comes through both
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        where = tuple(map(int, np.unravel_index(int(np.isfinite(images).argmin()), images.shape)))
        raise NonFiniteError(f"train_gan: images expects finite numbers, has {images[where]} at index {where}")
    if low_high is not None and (lowest < low_high[0] or highest > low_high[1]):
        raise RangeError(
            f"train_gan: images expects numbers from {low_high[0]:g} to {low_high[1]:g}, the range of the generator's "
            f"last layer, has {lowest:g} to {highest:g}"
        )
