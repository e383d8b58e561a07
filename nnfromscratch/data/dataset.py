"""Labelled images, checked once where they enter, so that nothing behind has to doubt them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnfromscratch.errors import (
    DataError,
    DtypeError,
    NonFiniteError,
    RangeError,
    ShapeError,
    require_generator,
    require_int,
    require_number,
)
from nnfromscratch.types import Array


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with their labels, and the names of the classes that the labels number.

    images: (N, C, H, W), uint8 in 0..255 or float32 in [0, 1]; bytes stay bytes (a quarter of the memory) until a batch
    is made of them. labels: (N,) whole numbers in 0..K-1, stored as int64. classes: K names.
    Both arrays are kept as read-only views: nothing is copied that already fits.
    Raises ShapeError, DtypeError, RangeError, NonFiniteError or DataError that names the first element that does not
    fit; DataError where there are no images.

    >>> data = Dataset(np.zeros((4, 1, 28, 28), np.uint8), np.array([0, 1, 1, 0]), classes=("cat", "dog"))
    >>> data
    Dataset(4 images of shape (1, 28, 28), uint8, 2 classes)
    >>> Dataset(data.images, np.array([0, 1, 1, 2]), data.classes)
    Traceback (most recent call last):
    nnfromscratch.errors.RangeError: Dataset: labels expects whole numbers in 0..1 (2 classes), has 2 at index 3
    """

    images: Array
    labels: Array
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        classes = _checked_classes(self.classes)
        images = _checked_images(self.images)
        labels = _checked_labels(self.labels, len(classes))
        if len(images) != len(labels):
            raise ShapeError(f"Dataset: labels expects one for each of the {len(images)} images, has {len(labels)}")
        # A frozen dataclass sets its own fields this way; the views keep a stray `images *= 2` from changing the data.
        for name, array in (("images", images), ("labels", labels)):
            view = array.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        object.__setattr__(self, "classes", classes)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return (
            f"Dataset({len(self)} images of shape {self.image_shape}, {self.images.dtype}, {len(self.classes)} classes)"
        )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    @property
    def class_counts(self) -> Array:
        """How many images each class has: (K,) whole numbers."""
        return np.bincount(self.labels, minlength=len(self.classes))

    def take(self, indices: Array | list[int] | slice) -> Dataset:
        """The part of the data at ``indices``: whole numbers, a mask of N truth values, or a slice.

        Raises DataError where nothing would be left, RangeError where an index is outside.

        >>> data = Dataset(np.zeros((4, 1, 8, 8), np.uint8), np.array([0, 1, 1, 0]), classes=("cat", "dog"))
        >>> data.take([1, 2]).labels
        array([1, 1])
        """
        try:
            return Dataset(self.images[indices], self.labels[indices], self.classes)
        except IndexError as failure:
            raise RangeError(f"Dataset.take: indices expects places among {len(self)} images: {failure}") from failure

    def split(self, size: int | float, *, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
        """Two parts without a common image: the rest, and ``size`` images whose classes are mixed as in the whole.

        Class k, with N_k of the N images, gives size · N_k / N of them, rounded so that the sum is exact (the largest
        remainders are rounded up). Which ones, ``rng`` decides; within a part the images keep their order.

        size: a whole number in 1..N-1, or a fraction in (0, 1).
        Raises RangeError where ``size`` leaves one of the parts empty.

        >>> data = Dataset(np.zeros((10, 1, 8, 8), np.uint8), np.arange(10) % 2, classes=("cat", "dog"))
        >>> train, validation = data.split(0.4, rng=np.random.default_rng(0))
        >>> train.class_counts, validation.class_counts
        (array([3, 3]), array([2, 2]))
        """
        require_generator("Dataset.split", rng)
        if isinstance(size, (float, np.floating)):
            size = round(require_number("Dataset.split", "size", size, above=0, below=1) * len(self))
        size = require_int("Dataset.split", "size", size, least=1)
        if size >= len(self):
            raise RangeError(f"Dataset.split: size expects fewer than the {len(self)} images, is {size}")
        chosen = np.zeros(len(self), bool)
        for label, quota in enumerate(_quotas(self.class_counts, size)):
            chosen[rng.permutation(np.flatnonzero(self.labels == label))[:quota]] = True
        return self.take(~chosen), self.take(chosen)


@dataclass(frozen=True)
class Splits:
    """The parts of a data set, kept apart: learn from ``train``, choose by ``validation``, report on ``test``."""

    train: Dataset
    test: Dataset
    validation: Dataset | None = None


def _quotas(counts: Array, size: int) -> Array:
    """``size`` shared out in proportion to ``counts``, by largest remainders; a tie goes to the earlier class."""
    shares, remainders = np.divmod(counts * size, counts.sum())
    missing = size - int(shares.sum())
    shares[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return shares


def _checked_classes(classes: object) -> tuple[str, ...]:
    if isinstance(classes, str) or not isinstance(classes, (tuple, list)):
        raise DtypeError(f"Dataset: classes expects a tuple of names, is {type(classes).__name__}")
    if not classes:
        raise DataError("Dataset: classes expects at least one name, is empty")
    for name in classes:
        if not isinstance(name, str):
            raise DtypeError(f"Dataset: classes expects names (str), has {name!r}")
    if len(set(classes)) < len(classes):
        twice = next(name for name in classes if classes.count(name) > 1)
        raise DataError(f"Dataset: classes expects different names, has {twice!r} more than once")
    return tuple(classes)


def _checked_images(images: object) -> Array:
    if not isinstance(images, np.ndarray) or images.dtype not in (np.uint8, np.float32):
        kind = images.dtype if isinstance(images, np.ndarray) else type(images).__name__
        raise DtypeError(f"Dataset: images expects an array of uint8 (0..255) or float32 (0..1), has {kind}")
    if images.ndim != 4:
        hint = "; images[:, None] adds the axis of a single channel" if images.ndim == 3 else ""
        raise ShapeError(f"Dataset: images expects shape (N, C, H, W), has {images.shape}{hint}")
    if len(images) == 0:
        raise DataError(f"Dataset: images expects at least one image, has shape {images.shape}")
    if 0 in images.shape:
        raise ShapeError(f"Dataset: images expects at least 1 along every axis, has shape {images.shape}")
    if images.dtype == np.float32:
        low, high = images.min(), images.max()  # NaN comes through both
        if not (np.isfinite(low) and np.isfinite(high)):
            where = _first(~np.isfinite(images))
            raise NonFiniteError(f"Dataset: images expects finite numbers, has {images[where]} at index {where}")
        if low < 0 or high > 1:
            where = _first((images < 0) | (images > 1))
            raise RangeError(
                f"Dataset: images of float32 expects numbers in [0, 1], has {images[where]:g} at index {where} "
                f"(lowest {low:g}, highest {high:g})"
            )
    return images


def _checked_labels(labels: object, number_of_classes: int) -> Array:
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu":
        kind = labels.dtype if isinstance(labels, np.ndarray) else type(labels).__name__
        raise DtypeError(f"Dataset: labels expects an array of whole numbers, has {kind}")
    if labels.ndim != 1:
        raise ShapeError(f"Dataset: labels expects shape (N,), has {labels.shape}")
    outside = (labels < 0) | (labels >= number_of_classes)  # before the conversion, which could wrap a uint64 around
    if outside.any():
        where = int(outside.argmax())
        raise RangeError(
            f"Dataset: labels expects whole numbers in 0..{number_of_classes - 1} ({number_of_classes} classes), "
            f"has {labels[where]} at index {where}"
        )
    return labels.astype(np.int64, copy=False)


def _first(mask: Array) -> tuple[int, ...]:
    """The index of the first true element."""
    return tuple(int(place) for place in np.unravel_index(int(mask.argmax()), mask.shape))
