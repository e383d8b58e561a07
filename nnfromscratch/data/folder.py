"""A user's own pictures: a folder for each class."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from nnfromscratch.data.dataset import Dataset
from nnfromscratch.data.image import read_pixels
from nnfromscratch.errors import DataError
from nnfromscratch.types import Array

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}


def read_folder(path: str | Path, *, size: tuple[int, int] | None = None) -> tuple[Dataset, Dataset | None]:
    """Train and test out of a folder of pictures by class; test is None where the folder does not tell them apart.

    Either ``path/cat/1.png``, or ``path/train/cat/1.png`` and ``path/test/cat/7.png``. The classes are the names of the
    folders in alphabetical order, numbers by their value. Other files and hidden ones are passed over. The images have
    one channel where every picture of the folder is grey, three otherwise.

    size: (H, W) to which every picture is resized; None expects all of one size.
    Raises DataError that names the file or the folder: no classes, a class without pictures, a picture of another size
    or one that cannot be read, other classes in test than in train.
    """
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"{root} is not a folder" if root.exists() else f"{root} does not exist")
    folders = _subfolders(root)
    if "train" not in folders:
        classes = tuple(folders)
        images, labels = _read(root, classes, size)
        return Dataset(_without_colour(images), labels, classes), None
    strangers = [name for name in folders if name not in ("train", "test")]
    if strangers:
        raise DataError(f"{root} expects only test beside train, has {', '.join(strangers)}")
    classes = tuple(_subfolders(root / "train"))
    images, labels = _read(root / "train", classes, size)
    if "test" not in folders:
        return Dataset(_without_colour(images), labels, classes), None
    test_classes = tuple(_subfolders(root / "test"))
    if test_classes != classes:
        has = ", ".join(test_classes) or "none"
        raise DataError(f"{root / 'test'} expects the classes of train ({', '.join(classes)}), has {has}")
    test_images, test_labels = _read(root / "test", classes, size)
    (height, width), (h, w) = images.shape[1:3], test_images.shape[1:3]
    if (h, w) != (height, width):
        raise DataError(
            f"{root / 'test'} has pictures {h} pixels high and {w} wide, those of train are {height} and {width}: "
            "give size=(height, width) to resize all"
        )
    both = _without_colour(np.concatenate([images, test_images]))
    return Dataset(both[: len(images)], labels, classes), Dataset(both[len(images) :], test_labels, classes)


def _subfolders(folder: Path) -> list[str]:
    names = [entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__"))]
    return sorted(names, key=lambda name: (int(name) if name.isdecimal() else math.inf, name))


def _read(folder: Path, classes: tuple[str, ...], size: tuple[int, int] | None) -> tuple[Array, Array]:
    """All pictures under ``folder``: (N, H, W, 3) bytes, and their labels."""
    if not classes:
        raise DataError(f"{folder} expects a folder of pictures for each class, has no folders")
    images: list[Array] = []
    labels = []
    first = None
    for label, name in enumerate(classes):
        files = sorted(
            file
            for file in (folder / name).iterdir()
            if file.suffix.lower() in _SUFFIXES and file.is_file() and not file.name.startswith(".")
        )
        if not files:
            raise DataError(f"{folder / name} expects pictures ({', '.join(sorted(_SUFFIXES))}), has none")
        for file in files:
            pixels = read_pixels(file, size=size)
            first = first or file
            if images and pixels.shape != images[0].shape:
                (height, width), (h, w) = images[0].shape[:2], pixels.shape[:2]
                raise DataError(
                    f"{file} is {h} pixels high and {w} wide, {first} {height} and {width}: "
                    "give size=(height, width) to resize all"
                )
            images.append(pixels)
            labels.append(label)
    return np.stack(images), np.array(labels)


def _without_colour(images: Array) -> Array:
    """(N, H, W, 3) as (N, 1, H, W) where red, green and blue agree everywhere, as (N, 3, H, W) otherwise."""
    grey = bool((images[..., :1] == images).all())
    return np.ascontiguousarray(images[..., :1] if grey else images).transpose(0, 3, 1, 2)
