"""Classification by the most similar examples: nothing is learned, everything is remembered."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import (
    NonFiniteError,
    RangeError,
    ShapeError,
    require_int,
    require_labels,
    require_same_float,
    require_shape,
)
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.types import Array

_DISTANCES = 4_000_000  # so many at once: 32 MB
_ANY = np.iinfo(np.int64).max  # labels may be any whole numbers that are not negative


def classify_by_neighbours(features: Array, examples: Array, labels: Array, *, k: int = 1) -> Array:
    """The class that most of the k nearest examples have.

    distance[n, m] = √(Σ_d (x[n, d] − e[m, d])²)

    Of examples at the same distance those that come first are nearer. Of classes with as many votes the one whose
    voters have the smaller sum of distances wins, and if that is the same too, the smaller label. Distances are
    computed in blocks, so that memory stays bounded: |x − e|² = |x|² + |e|² − 2·x·e finds the k nearest, whose
    distances are then computed again, in float64, as differences; so only examples whose squared distances differ by
    less than rounding makes of |x|² + |e|² can change places.
    features x: (N, D)   examples e: (M, D), of the same float type   labels: (M,) whole numbers
    k: from 1 to M   y: (N,) labels
    Raises ShapeError where D or M disagree or there are no examples, DtypeError where types differ or labels are no
    whole numbers, RangeError for a negative label or another k, NonFiniteError for NaN or infinity.
    Source: Cover and Hart, Nearest Neighbor Pattern Classification (1967); Hastie, Tibshirani, Friedman, The Elements
    of Statistical Learning (2009), section 13.3.

    >>> examples, labels = np.array([[0.0], [1.0], [5.0]]), np.array([7, 3, 3])
    >>> classify_by_neighbours(np.array([[0.4], [4.0]]), examples, labels)
    array([7, 3])
    >>> classify_by_neighbours(np.array([[0.4], [4.0]]), examples, labels, k=2)
    array([7, 3])
    """
    name = "classify_by_neighbours"
    require_same_float(name, features=features, examples=examples)
    require_shape(name, "examples", examples.shape, ("M", "D"))
    require_shape(name, "features", features.shape, ("N", examples.shape[1]))
    require_labels(name, labels, _ANY, "any class")
    require_shape(name, "labels", labels.shape, (len(examples),))
    if not len(examples):
        raise ShapeError(f"{name}: examples expects at least 1, has shape {examples.shape}")
    if require_int(name, "k", k, least=1) > len(examples):
        raise RangeError(f"{name}: k expects at most the {len(examples)} examples, is {k}")
    for argument, array in (("features", features), ("examples", examples)):
        if not np.isfinite(array).all():
            raise NonFiniteError(f"{name}: {argument} expects finite numbers, has NaN or infinity")

    classes, numbers = np.unique(labels, return_inverse=True)
    lengths = np.einsum("md,md->m", examples, examples)
    block = max(1, _DISTANCES // max(len(examples), k * examples.shape[1]))
    found = np.empty(len(features), labels.dtype)
    with use_threads():
        for start in range(0, len(features), block):
            x = features[start : start + block]
            apart = np.einsum("nd,nd->n", x, x)[:, None] + lengths - 2 * (x @ examples.T)
            nearest = _smallest(apart, k)
            differences = x[:, None].astype(np.float64) - examples[nearest]
            distances = np.sqrt(np.einsum("nkd,nkd->nk", differences, differences))
            found[start : start + block] = classes[_elected(numbers[nearest], distances, len(classes))]
    return found


def _smallest(apart: Array, k: int) -> Array:
    """The places of the k smallest of each row, the earlier of equal ones first: (N, k), in no order."""
    if k == 1:
        return np.asarray(apart.argmin(axis=1)[:, None])
    limit = np.partition(apart, k - 1, axis=1)[:, k - 1 : k]
    # all below the limit, and as many of those at the limit, from the left, as there is room for
    below, at = apart < limit, apart == limit
    chosen = below | (at & (at.cumsum(axis=1) <= k - below.sum(axis=1, keepdims=True)))
    return chosen.nonzero()[1].reshape(-1, k)


def _elected(votes: Array, distances: Array, classes: int) -> Array:
    """The number of the class that wins each row's election."""
    rows = np.arange(len(votes))[:, None]
    count, total = np.zeros((len(votes), classes)), np.zeros((len(votes), classes))
    np.add.at(count, (rows, votes), 1)
    np.add.at(total, (rows, votes), distances)
    total[count < count.max(axis=1, keepdims=True)] = np.inf
    return np.asarray(total.argmin(axis=1))
