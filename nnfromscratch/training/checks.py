"""What must fit together before training or evaluation starts."""

from __future__ import annotations

import copy

import numpy as np

from nnfromscratch.data import Dataset, as_input
from nnfromscratch.errors import DtypeError, RangeError, ShapeError, require_generator, require_int
from nnfromscratch.layers import Layer
from nnfromscratch.optimizers import Optimizer


def require_dataset(operation: str, argument: str, dataset: object) -> None:
    """Raise DtypeError unless ``dataset`` is a ``data.Dataset``, whose contents were checked when it was made."""
    if not isinstance(dataset, Dataset):
        raise DtypeError(
            f"{operation}: {argument} expects a data.Dataset, is {type(dataset).__name__}; "
            "Dataset(images, labels, classes) makes one of arrays"
        )


def require_classifier(operation: str, network: Layer, dataset: Dataset) -> None:
    """Raise unless ``network`` takes the images of ``dataset`` and gives at least one score for each class."""
    if not (hasattr(network, "forward") and hasattr(network, "params")):
        raise DtypeError(f"{operation}: network expects a layer, is {type(network).__name__}")
    try:
        shape = network.output_shape(dataset.image_shape)
    except ShapeError as error:
        raise ShapeError(
            f"{operation}: network expects other images than these of shape {dataset.image_shape}: {error}"
        ) from error
    classes = len(dataset.classes)
    if len(shape) != 1 or shape[0] < classes:
        raise ShapeError(
            f"{operation}: network expects to give a score for each of the {classes} classes, shape (N, {classes}), "
            f"gives shape (N, {', '.join(map(str, shape))})"
        )


def require_callables(**functions: object) -> None:
    """Raise DtypeError for a function that is none; None is passed over where it is a default."""
    for name, function in functions.items():
        if not callable(function) and (function is not None or name == "loss"):
            raise DtypeError(f"fit: {name} expects a function, is {type(function).__name__}")


def require_trainable(
    network: Layer,
    train: Dataset,
    validation: Dataset | None,
    optimizer: Optimizer,
    rng: np.random.Generator,
    epochs: int,
    batch_size: int,
    patience: int | None,
    restore_best: bool,
) -> None:
    """Raise, naming the argument, unless all of what ``fit`` was given fits together."""
    require_dataset("fit", "train", train)
    require_classifier("fit", network, train)
    if not network.params:
        raise RangeError("fit: network expects parameters to train, has none")
    if validation is not None:
        require_dataset("fit", "validation", validation)
        require_classifier("fit", network, validation)
    elif patience is not None or restore_best:
        raise RangeError("fit: patience and restore_best expect validation data, validation is None")
    if patience is not None:
        require_int("fit", "patience", patience, least=1)
    if not isinstance(optimizer, Optimizer):
        raise DtypeError(f"fit: optimizer expects an optimizer such as Adam(), is {type(optimizer).__name__}")
    require_generator("fit", rng)
    require_int("fit", "epochs", epochs, least=1)
    if require_int("fit", "batch_size", batch_size, least=1) > len(train):
        raise RangeError(f"fit: batch_size expects at most the {len(train)} training images, is {batch_size}")
    if len(train) % batch_size == 1:
        _require_single(network, train, batch_size)


def _require_single(network: Layer, train: Dataset, batch_size: int) -> None:
    """Batch normalization of vectors cannot learn from the single image that would be left at the end of an epoch."""
    x = as_input(train.images[:1]).astype(network.dtype, copy=False)
    try:
        copy.deepcopy(network).forward(x)
    except ShapeError as error:
        raise ShapeError(
            f"fit: batch_size expects another number than {batch_size}, which leaves a last batch of a single one of "
            f"the {len(train)} images: {error}"
        ) from error
