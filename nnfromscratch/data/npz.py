"""A user's own arrays: images and labels in one .npz file."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from nnfromscratch.data.dataset import Dataset
from nnfromscratch.errors import DataError, NNFromScratchError
from nnfromscratch.types import Array

# The names under which the four arrays are looked for: Keras's, and plain ones.
_NAMES = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("images", "labels", "test_images", "test_labels"),
)


def read_npz(path: str | Path) -> tuple[Dataset, Dataset | None]:
    """Train and test out of an .npz file; test is None where the file has no part of that name.

    Arrays: ``x_train, y_train, x_test, y_test`` (as Keras names them), or ``images, labels`` (and ``test_images,
    test_labels``), or ``train_images, train_labels, ...``; if wanted ``classes``, the names. Images: (N, H, W),
    (N, C, H, W) or (N, H, W, C) with C = 1 or 3; whole numbers in 0..255, or floats in [0, 1], kept as float32.
    Labels: whole numbers, (N,) or (N, 1). Without ``classes`` these are the numbers up to the largest label.
    Nothing is unpickled. Raises DataError that names the file and what is wrong with it.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} is a folder, not an .npz file" if path.exists() else f"{path} does not exist")
    arrays = _read_arrays(path)
    names = next((names for names in _NAMES if names[0] in arrays and names[1] in arrays), None)
    if names is None:
        raise DataError(f"{path} expects arrays x_train, y_train or images, labels; has {', '.join(arrays) or 'none'}")
    if (names[2] in arrays) != (names[3] in arrays):
        missing = names[2] if names[3] in arrays else names[3]
        raise DataError(f"{path} expects {names[2]} and {names[3]} together, lacks {missing}")
    parts = [
        (_channels_first(arrays[images], path, images), _whole_numbers(arrays[labels], path, labels))
        for images, labels in (names[:2], names[2:])
        if images in arrays
    ]
    if "classes" in arrays:
        classes = tuple(str(name) for name in np.atleast_1d(arrays["classes"]))
    else:
        largest = max(int(labels.max(initial=0)) for _, labels in parts)
        images = sum(len(labels) for _, labels in parts)
        if largest > images:  # more classes than images: years, prices or the like, not classes
            raise DataError(f"{path} expects labels 0, 1, 2, … or an array classes, has {largest} in {images} labels")
        classes = tuple(str(k) for k in range(largest + 1))
    try:
        train, *rest = (Dataset(images, labels, classes) for images, labels in parts)
    except NNFromScratchError as failure:
        raise DataError(f"{path}: {failure}") from failure
    return train, rest[0] if rest else None


def _read_arrays(path: Path) -> dict[str, Array]:
    wanted = {name for names in _NAMES for name in names} | {"classes"}
    try:
        with path.open("rb") as file:  # np.load would leave a damaged file open
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray):
                raise DataError(f"{path} holds a single array, not an .npz of images and labels")
            with content:
                return {name: content[name] for name in content.files if name in wanted}
    except DataError:
        raise
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as failure:
        raise DataError(f"{path} cannot be read as .npz: {failure}") from failure


def _channels_first(images: Array, path: Path, name: str) -> Array:
    """(N, C, H, W) of bytes or float32; other types only where no value changes its meaning."""
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[1] not in (1, 3) and images.shape[3] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        wanted = "(N, H, W), (N, C, H, W) or (N, H, W, C) with 1 or 3 channels"
        raise DataError(f"{path}: {name} expects shape {wanted}, has {images.shape}")
    if images.dtype.kind in "iu":
        if images.size and not (images.min() >= 0 and images.max() <= 255):
            raise DataError(f"{path}: {name} expects whole numbers in 0..255, has {images.min()}..{images.max()}")
        return images.astype(np.uint8, copy=False)
    if images.dtype.kind == "f":
        return images.astype(np.float32, copy=False)
    raise DataError(f"{path}: {name} expects numbers, has {images.dtype}")


def _whole_numbers(labels: Array, path: Path, name: str) -> Array:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise DataError(f"{path}: {name} expects whole numbers of shape (N,), has {labels.dtype} of {labels.shape}")
    return labels
