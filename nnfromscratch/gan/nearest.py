"""Is it copying? Every image's distance to the training image that is most like it."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import ShapeError
from nnfromscratch.gan.images import require_images
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.types import Array

_IMAGES, _TRAINING = 1024, 4096  # so many at once: their products take 16 MB


def nearest_training_images(images: Array, training: Array) -> tuple[Array, Array]:
    """For every image the nearest training image, pixel by pixel, and how far away it is.

    distance[n] = min_m √(Σ_d (x[n, d] − t[m, d])²)        index[n] = the m of the minimum

    All M training images are looked at, in blocks: |x − t|² = |x|² + |t|² − 2·x·t, whose last term is one matrix
    product of a block of images with a block of training images, so that memory stays bounded. The products are in
    float32; the distance to the image that was found is computed again in float64, so that of a copy it is 0, but for
    the rounding of x. Of training images whose squared distances differ by less than some 10⁻⁴ either may be found.
    images x: (N, C, H, W), uint8 from 0 to 255 or floats from 0 to 1
    training t: (M, C, H, W), likewise   distance: (N,), float64, in units of a white pixel   index: (N,) whole numbers
    Raises DtypeError, ShapeError, RangeError or NonFiniteError.

    >>> training = np.zeros((2, 1, 2, 2), np.uint8)
    >>> training[1] = 255
    >>> nearest_training_images(np.array([[[[0.0, 0.5], [0.0, 0.0]]], [[[1.0, 1.0], [1.0, 1.0]]]]), training)
    (array([0.5, 0. ]), array([0, 1]))
    """
    require_images("nearest_training_images", "images", images)
    require_images("nearest_training_images", "training", training)
    if images.shape[1:] != training.shape[1:]:
        raise ShapeError(
            f"nearest_training_images: images expects those of shape {training.shape[1:]} like training, "
            f"has shape {images.shape}"
        )
    indices = np.empty(len(images), np.int64)
    with use_threads():
        for start in range(0, len(images), _IMAGES):
            indices[start : start + _IMAGES] = _nearest(_rows(images[start : start + _IMAGES], np.float32), training)
    distances = np.empty(len(images))
    for start in range(0, len(images), _IMAGES):
        part = slice(start, start + _IMAGES)
        apart = _rows(images[part], np.float64) - _rows(training[indices[part]], np.float64)
        distances[part] = np.sqrt((apart**2).sum(axis=1))
    return distances, indices


def _nearest(x: Array, training: Array) -> Array:
    """The index of the nearest training image for each row of x."""
    lowest, winner = np.full(len(x), np.inf, np.float32), np.zeros(len(x), np.int64)
    for start in range(0, len(training), _TRAINING):
        t = _rows(training[start : start + _TRAINING], np.float32)
        half = x @ t.T  # becomes ½·|t|² − x·t, which is least where |x − t|² is
        np.subtract(np.einsum("md,md->m", t, t) / 2, half, out=half)
        found = half.argmin(axis=1)
        least = half[np.arange(len(x)), found]
        better = least < lowest
        lowest[better], winner[better] = least[better], found[better] + start
    return winner


def _rows(images: Array, dtype: type[np.floating]) -> Array:
    """(N, C·H·W), from 0 to 1."""
    rows = images.reshape(len(images), -1)
    return np.divide(rows, 255, dtype=dtype) if images.dtype == np.uint8 else rows.astype(dtype)
