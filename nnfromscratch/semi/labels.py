"""Which images have labels: a few, as many of each class, drawn after those for validation were put aside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnfromscratch.data import Dataset
from nnfromscratch.errors import DtypeError, RangeError, require_generator, require_int, require_labels, require_shape
from nnfromscratch.types import Array


def draw_labelled(labels: Array, count: int, rng: np.random.Generator) -> Array:
    """The places of ``count`` images whose labels may be seen, equally many of each class.

    Class k gives ⌊count / K⌋ images; of the count mod K that are left, one each goes to classes drawn at random. Which
    images of a class, chance decides as well.
    labels: (N,) whole numbers from 0 to K − 1, where K − 1 is the largest label   count: from K to N
    y: (count,) places, rising
    Raises RangeError where count is less than K or more than N, or a class has too few images or none, ShapeError and
    DtypeError for something else than labels.
    Source: Salimans et al., Improved Techniques for Training GANs (2016), section 6.1.

    >>> labels = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    >>> chosen = draw_labelled(labels, 4, np.random.default_rng(0))
    >>> labels[chosen]
    array([0, 0, 1, 1])
    """
    name = "draw_labelled"
    require_labels(name, labels, np.iinfo(np.int64).max, "any class")
    require_shape(name, "labels", labels.shape, ("N",))
    require_int(name, "count", count, least=1)
    require_generator(name, rng)
    if count > len(labels):
        raise RangeError(f"{name}: count expects at most the {len(labels)} images, is {count}")
    available = np.bincount(labels)
    classes = len(available)
    if not available.all():
        raise RangeError(
            f"{name}: labels expects images of all {classes} classes, has none of class {available.argmin()}"
        )
    if count < classes:
        raise RangeError(f"{name}: count expects at least one label for each of the {classes} classes, is {count}")
    quotas = np.full(classes, count // classes)
    quotas[rng.permutation(classes)[: count % classes]] += 1
    if (available < quotas).any():
        short = int((available < quotas).argmax())
        raise RangeError(
            f"{name}: count expects at most the images that a class has: of class {short} there are "
            f"{available[short]}, wanted are {quotas[short]}"
        )
    chosen = [rng.permutation(np.flatnonzero(labels == k))[:quota] for k, quota in enumerate(quotas)]
    return np.sort(np.concatenate(chosen))


@dataclass(frozen=True)
class FewLabels:
    """A training set of which only a few labels are known.

    labelled: these few. unlabelled: the images to learn from without labels, all of them, also the labelled ones; the
    array has none, so that nobody can look. validation: images with labels to choose settings by, apart from both.
    """

    labelled: Dataset
    unlabelled: Array
    validation: Dataset

    def __repr__(self) -> str:
        return f"FewLabels({len(self.labelled)} labelled of {len(self.unlabelled)}, {len(self.validation)} to validate)"


def split_labels(
    train: Dataset, count: int | None, *, validation: int, validation_rng: np.random.Generator, rng: np.random.Generator
) -> FewLabels:
    """Put images for validation aside, then draw ``count`` labels among the rest.

    The validation images come first and from a generator of their own: give it the same seed for every label set, and
    settings that were chosen on one set were never chosen on images that another learns from. They are mixed as the
    classes are in the whole, see ``Dataset.split``; the labels are drawn by ``draw_labelled``.
    train: images with labels; test images have no place here   count: how many labels, None: those of all that
    are left   validation: how many images   validation_rng, rng: two generators
    Raises RangeError as ``Dataset.split`` and ``draw_labelled`` do, where both generators are the same object, and
    where a class has no image left to learn from; DtypeError for a train that is no Dataset.
    Source: Oliver et al., Realistic Evaluation of Deep Semi-Supervised Learning Algorithms (2018), section 4.6.

    >>> data = Dataset(np.zeros((50, 1, 8, 8), np.uint8), np.arange(50) % 5, classes=tuple("abcde"))
    >>> seed = np.random.default_rng
    >>> split_labels(data, 10, validation=20, validation_rng=seed(0), rng=seed(1))
    FewLabels(10 labelled of 30, 20 to validate)
    """
    if not isinstance(train, Dataset):
        raise DtypeError(f"split_labels: train expects a Dataset, is {type(train).__name__}")
    require_generator("split_labels", rng)
    if validation_rng is rng:
        raise RangeError("split_labels: validation_rng expects a generator of its own, is the same as rng")
    rest, aside = train.split(require_int("split_labels", "validation", validation, least=1), rng=validation_rng)
    if not (counts := rest.class_counts).all():
        missing = int(counts.argmin())
        raise RangeError(
            f"split_labels: train expects images of all {len(counts)} classes, has none of class {missing} "
            f"({train.classes[missing]!r}) to learn from"
        )
    labelled = rest if count is None else rest.take(draw_labelled(rest.labels, count, rng))
    return FewLabels(labelled, rest.images, aside)
