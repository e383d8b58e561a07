"""How sure a difference between two classifiers is that were tested once, on the same images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.types import Array


@dataclass(frozen=True)
class SameImages:
    """value: by how much the first classifier is more accurate. uncertainty: half of its 95 % interval."""

    value: float
    uncertainty: float


def difference_on_same_images(first: Array, second: Array) -> SameImages:
    """By how much the first classifier is more accurate, and how far another draw of test images could move that.

    d = (b − c) / n        s = √(b + c − (b − c)²/n) / n        uncertainty = 1.96 · s

    b images are recognised by the first classifier alone, c by the second alone; the others say nothing about which is
    better. s is the standard error of the mean of n differences, each 1, −1 or 0. It knows of the choice of test images
    and of nothing else: not of the labels, the weights at the start or the order of the batches that the classifiers
    happened to learn by.
    first, second: (N,) booleans, whether each of the N images was recognised
    Raises DtypeError, ShapeError or RangeError (for N = 0) for anything else.
    Source: McNemar, Note on the sampling error of the difference between correlated proportions (1947).

    >>> first, second = np.arange(1000) < 970, np.arange(1000) < 950
    >>> difference_on_same_images(first, second)
    SameImages(value=0.02, uncertainty=0.00867...)
    """
    name = "difference_on_same_images"
    for argument, given in (("first", first), ("second", second)):
        if given.dtype != np.bool_:
            raise DtypeError(f"{name}: {argument} expects booleans, is {given.dtype}")
    if first.ndim != 1 or first.shape != second.shape:
        raise ShapeError(f"{name}: first and second expect the same shape (N,), have {first.shape} and {second.shape}")
    if not len(first):
        raise RangeError(f"{name}: first expects at least one image, has none")
    count, alone = len(first), int((first & ~second).sum())
    other_alone = int((second & ~first).sum())
    lead = alone - other_alone
    error = math.sqrt(alone + other_alone - lead**2 / count) / count
    return SameImages(lead / count, 1.96 * error)
