"""What an array of images has to be before anything is measured on it."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError, ShapeError


def require_images(operation: str, argument: str, images: object) -> None:
    """Raise unless ``images`` are an array (N, C, H, W) of at least one image, bytes or finite floats from 0 to 1."""
    if not isinstance(images, np.ndarray) or images.dtype not in (np.uint8, np.float32, np.float64):
        kind = images.dtype if isinstance(images, np.ndarray) else type(images).__name__
        raise DtypeError(f"{operation}: {argument} expects an array of uint8, float32 or float64, is {kind}")
    if images.ndim != 4:
        hint = "; images[:, None] adds the axis of a single channel" if images.ndim == 3 else ""
        raise ShapeError(f"{operation}: {argument} expects shape (N, C, H, W), has {images.shape}{hint}")
    if images.size == 0:
        raise ShapeError(f"{operation}: {argument} expects at least one image with pixels, has shape {images.shape}")
    if images.dtype == np.uint8:
        return
    low, high = images.min(), images.max()  # NaN comes through both
    if not (np.isfinite(low) and np.isfinite(high)):
        where = tuple(int(place) for place in np.unravel_index(int(np.isfinite(images).argmin()), images.shape))
        raise NonFiniteError(f"{operation}: {argument} expects finite numbers, has {images[where]} at index {where}")
    if low < 0 or high > 1:
        raise RangeError(
            f"{operation}: {argument} of {images.dtype} expects numbers in [0, 1], has {low:g} to {high:g}; "
            "(images + 1) / 2 brings those of a Tanh generator there"
        )
