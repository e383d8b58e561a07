"""How good generated images are, in numbers: functions of what a judge made of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnfromscratch.errors import (
    DtypeError,
    NonFiniteError,
    RangeError,
    ShapeError,
    require_int,
    require_number,
    require_shape,
)
from nnfromscratch.types import Array


def classifier_score(probabilities: Array) -> float:
    """The Inception score with another classifier: high where each image is of one class, and all classes occur.

    score = exp(1/N · Σ_n Σ_k p[n, k]·log(p[n, k] / q[k]))        q[k] = 1/N · Σ_n p[n, k]

    The exponent is the mean Kullback-Leibler divergence of the classes of one image, p[n], from those of all, q. The
    score is 1 where all images get the same answer, K where each is surely of one class and the classes are equally
    many, and never outside. A term whose p[n, k] = 0 is 0.
    probabilities p: (N, K), rows that add up to 1   score: a number from 1 to K
    Raises DtypeError, ShapeError, RangeError or NonFiniteError for anything but N ≥ 1 rows of probabilities.
    Source: Salimans et al., Improved techniques for training GANs (2016), section 4.

    >>> classifier_score(np.eye(10)), classifier_score(np.full((5, 10), 0.1))
    (10.0, 1.0)
    """
    p = _require_probabilities("classifier_score", probabilities)
    q = p.mean(axis=0)
    logarithms = np.log(np.where(p > 0, p, 1)) - np.log(np.where(q > 0, q, 1))
    divergence = (p * logarithms).sum(axis=1).mean()
    return float(np.clip(np.exp(divergence), 1, p.shape[1]))  # rounding can leave it a hair outside


def frechet_distance(features: Array, reference: Array) -> float:
    """How far apart two clouds of features are, each taken for a Gaussian: the squared Fréchet distance of the two.

    distance = |μ₁ − μ₂|² + tr(S₁ + S₂ − 2·(S₁^½·S₂·S₁^½)^½)

    μ₁ and S₁ are mean and covariance (over N − 1) of the features, μ₂ and S₂ those of the reference. The roots are
    taken by symmetric eigendecomposition, which also works where a covariance is singular, as it is for N ≤ F;
    eigenvalues that rounding made negative count as 0. The inner root has the trace of the paper's (S₁·S₂)^½ and needs
    no root of a matrix that is not symmetric. With Inception's features this is the FID; another judge has another
    scale. Few samples make it too large, about in proportion to 1/N: compare equal numbers only.
    features: (N, F), at least 2 rows   reference: (M, F), at least 2 rows   distance: a number from 0
    Raises DtypeError, ShapeError or NonFiniteError.
    Source: Heusel et al., GANs trained by a two time-scale update rule (2017), equation (6); Dowson & Landau, The
    Fréchet distance between multivariate normal distributions (1982).

    >>> frechet_distance(np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]]))
    9.0
    """
    mean, covariance = _gaussian("features", features)
    other_mean, other_covariance = _gaussian("reference", reference)
    if mean.shape != other_mean.shape:
        raise ShapeError(
            f"frechet_distance: reference expects {len(mean)} features like the other, has {len(other_mean)}"
        )
    eigenvalues, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(eigenvalues, 0)) @ vectors.T
    inner = np.linalg.eigvalsh(root @ other_covariance @ root)
    trace = np.trace(covariance) + np.trace(other_covariance) - 2 * np.sqrt(np.maximum(inner, 0)).sum()
    return float(max(0.0, ((mean - other_mean) ** 2).sum() + trace))


def classes_covered(probabilities: Array, *, least: float | None = None) -> int:
    """How many classes are there at all: those of which more than a share of ``least`` of the images are.

    An image is of the class with the highest probability.
    probabilities: (N, K), rows that add up to 1
    least: where it is None, a fifth of an even share, which is 2 % of ten classes
    Raises DtypeError, ShapeError, RangeError or NonFiniteError.

    >>> classes_covered(np.eye(10)[[0, 0, 0, 7]])
    2
    """
    p = _require_probabilities("classes_covered", probabilities)
    classes = p.shape[1]
    share = 1 / (5 * classes) if least is None else require_number("classes_covered", "least", least, least=0, below=1)
    return int((np.bincount(p.argmax(axis=1), minlength=classes) / len(p) > share).sum())


def confident_share(probabilities: Array, *, above: float = 0.9) -> float:
    """Of how many images the judge is sure: the share whose highest probability is over ``above``.

    share = 1/N · Σ_n [max_k p[n, k] > above]

    It misleads alone: a thousand times the same digit have a share of 1.
    probabilities p: (N, K), rows that add up to 1   share: a number from 0 to 1
    Raises DtypeError, ShapeError, RangeError or NonFiniteError.

    >>> confident_share(np.array([[0.95, 0.05], [0.6, 0.4]]))
    0.5
    """
    p = _require_probabilities("confident_share", probabilities)
    return float((p.max(axis=1) > require_number("confident_share", "above", above, least=0, below=1)).mean())


def jackknife(statistic: Callable[[Array], float], count: int, *, groups: int = 10) -> float:
    """How much a figure would differ from one draw of the samples to the next: its standard error, by the jackknife.

    error = √((G − 1) / G · Σ_g (t[g] − μ)²)        μ = 1/G · Σ_g t[g]

    t[g] is the figure without every G-th sample, from the g-th on. It still comes from nearly all samples, which
    matters for the Fréchet distance: on a tenth of them that would be ten times as biased. The samples should be in
    random order. With 10 groups the error itself is known to about a quarter.
    statistic: gives the figure of the samples with these indices
    count: how many samples there are, at least two for each group
    groups G: how often a part is left out, at least 2
    Raises RangeError.
    Source: Efron & Tibshirani, An introduction to the bootstrap (1993), chapter 11; Kott, The delete-a-group
    jackknife (2001).

    >>> x = np.array([0.0, 1.0] * 10)
    >>> round(jackknife(lambda chosen: x[chosen].mean(), 20), 4)
    0.1667
    """
    groups = require_int("jackknife", "groups", groups, least=2)
    count = require_int("jackknife", "count", count, least=2 * groups)
    indices = np.arange(count)
    figures = np.array([statistic(indices[indices % groups != group]) for group in range(groups)], np.float64)
    return float(np.sqrt((groups - 1) / groups * ((figures - figures.mean()) ** 2).sum()))


def _gaussian(argument: str, features: Array) -> tuple[Array, Array]:
    """Mean and covariance of the rows."""
    x = _require_rows("frechet_distance", argument, features)
    if len(x) < 2:
        raise ShapeError(
            f"frechet_distance: {argument} expects at least 2 rows, to have a covariance, has shape {features.shape}"
        )
    mean = x.mean(axis=0)
    deviations = x - mean
    return mean, deviations.T @ deviations / (len(x) - 1)


def _require_rows(operation: str, argument: str, array: object) -> Array:
    """The array as float64, if it is a table of at least one row of finite numbers."""
    if not isinstance(array, np.ndarray) or array.dtype not in (np.float32, np.float64):
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise DtypeError(f"{operation}: {argument} expects an array of float32 or float64, is {kind}")
    require_shape(operation, argument, array.shape, ("N", "K" if argument == "probabilities" else "F"))
    if array.size == 0:
        raise ShapeError(f"{operation}: {argument} expects at least 1 row and 1 column, has shape {array.shape}")
    if not np.isfinite(array).all():
        row = int((~np.isfinite(array)).any(axis=1).argmax())
        raise NonFiniteError(f"{operation}: {argument} expects finite numbers, has others in row {row}")
    return array.astype(np.float64)


def _require_probabilities(operation: str, probabilities: object) -> Array:
    p = _require_rows(operation, "probabilities", probabilities)
    wrong = (p.min(axis=1) < 0) | (np.abs(p.sum(axis=1) - 1) > 1e-4)
    if wrong.any():
        row = int(wrong.argmax())
        raise RangeError(
            f"{operation}: probabilities expects rows of numbers from 0 that add up to 1; row {row} adds up to "
            f"{p[row].sum():g}, its lowest is {p[row].min():g}"
        )
    return p
