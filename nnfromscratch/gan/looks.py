"""What is looked at now and then while two networks play: their gradients, pinned weights, how different images are."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import ShapeError
from nnfromscratch.gan.game import Lesson
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.kernels.threads import one_blas_thread
from nnfromscratch.layers import Layer
from nnfromscratch.training.gradients import gradient_norms
from nnfromscratch.types import Array


def look(history: GanHistory, discriminator: Layer, judged: Lesson, made: Lesson, weight_limit: float | None) -> None:
    """Add a look to ``history``, of the step that has just been noted there: the last lessons of both players."""
    history.look_step.append(history.steps)
    for norms, grads in (
        (history.discriminator_gradient, judged.grads),
        (history.generator_gradient, made.grads),
    ):
        for layer, norm in gradient_norms(grads).items():
            norms.setdefault(layer, []).append(norm)
    if len(made.images) > 1:
        between, nearest = (
            mine / theirs if theirs else 1.0
            for mine, theirs in zip(distances(made.images), distances(judged.images), strict=True)
        )
        history.diversity.append(between)
        history.nearest.append(nearest)
    if weight_limit is not None:
        history.pinned.append(pinned_share(discriminator, weight_limit))


def distances(images: Array) -> tuple[float, float]:
    """The mean distance between two different images, and the mean distance from each to the nearest other.

    d[n, j]² = Σ_pixels (x[n] − x[j])² = |x[n]|² + |x[j]|² − 2·x[n]·x[j]

    Where a generator has collapsed to a single image both are 0; where it makes a few images again and again, the
    second is.
    images: (N, ...), at least 2, else ShapeError. Computed in float64 and from the centre of the images, so that small
    distances are not lost beside large numbers.

    >>> between, nearest = distances(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0], [3.0, 4.0]]))
    >>> round(between, 6), round(nearest, 6)
    (2.5, 1.25)
    """
    if images.ndim < 2 or len(images) < 2:
        raise ShapeError(f"distances: images expects at least 2, (N, ...), has shape {images.shape}")
    x = images.reshape(len(images), -1).astype(np.float64)
    x -= x.mean(axis=0)
    squares = (x * x).sum(axis=1)
    with one_blas_thread():  # by NumPy: for float64 a kernel would be compiled now, in the midst of a game
        products = x @ x.T
    d = np.sqrt(np.maximum(squares[:, None] + squares - 2 * products, 0))
    np.fill_diagonal(d, 0)
    between = d.sum() / (len(d) * (len(d) - 1))
    np.fill_diagonal(d, np.inf)
    return float(between), float(d.min(axis=1).mean())


def pinned_share(discriminator: Layer, limit: float) -> float:
    """The share of a discriminator's parameters that lie at −limit or limit, where ``clip_weights`` leaves them."""
    arrays = list(discriminator.params.values())
    pinned = sum(int((np.abs(array) >= array.dtype.type(limit)).sum()) for array in arrays)
    return pinned / sum(array.size for array in arrays)
