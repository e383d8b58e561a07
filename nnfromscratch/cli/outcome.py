"""What a finished run is made into: figures by name, and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch import data, plotting
from nnfromscratch.data import Dataset, Splits
from nnfromscratch.files import write_whole
from nnfromscratch.layers import Sequential
from nnfromscratch.training import Evaluation, History
from nnfromscratch.types import Array

_EXAMPLE = 0  # the test image whose way through the network is shown
_LISTED = 24


def gather(
    settings: dict[str, Any], splits: Splits, network: Sequential, history: History, evaluation: Evaluation
) -> dict[str, Any]:
    """The part "results" of ``results.json``; timings still lack what is known at the end."""
    figures = evaluation.to_dict()
    best = history.best_epoch or 0
    epochs = history.to_dict()
    del epochs["step_loss"]  # thousands of numbers; the checkpoint has them
    layers = _layers(network, splits.train.image_shape)
    trained = sum(history.seconds)
    return {
        "test_accuracy": figures["accuracy"],
        "test_loss": figures["loss"],
        "test_errors": int((evaluation.predictions != evaluation.labels).sum()),
        "validation_accuracy": history.validation_accuracy[best],
        "validation_loss": history.validation_loss[best],
        "data": Path(settings["data"]).name,
        "classes": evaluation.classes,
        "per_class": figures["per_class"],
        "confusion_matrix": figures["confusion_matrix"],
        "confidence": _confidence(evaluation),
        "most_confident_mistakes": _mistakes(evaluation),
        "images": {
            "train": len(splits.train),
            "validation": len(splits.validation or ()),
            "test": len(splits.test),
        },
        "image_shape": splits.train.image_shape,
        "figure_box": None if Path(settings["data"]).is_dir() else figure_box(splits.train),
        "network": {
            "model": settings["model"],
            "parameters": sum(layer["parameters"] for layer in layers),
            "layers": layers,
        },
        "filters": _filters(network),
        "example": _example(network, splits.test, evaluation),
        "history": epochs,
        "timings": {
            "training_seconds": trained,
            "validation_seconds": sum(history.validation_seconds),
            "images_per_second": history.epochs * len(splits.train) / trained,
        },
    }


def draw(
    folder: Path, splits: Splits, network: Sequential, history: History, evaluation: Evaluation
) -> dict[str, bytes]:
    """The pictures, written to ``folder`` and returned: PNG by name."""
    test = splits.test
    norms = {f"{index} {network.layers[int(index)]!r}": values for index, values in history.gradient_norm.items()}
    x = data.as_input(test.images[_EXAMPLE : _EXAMPLE + 1])
    name = test.classes[int(test.labels[_EXAMPLE])]
    figures = {
        "learning_curves": plotting.learning_curves(
            history.loss,
            history.accuracy,
            validation_loss=history.validation_loss,
            validation_accuracy=history.validation_accuracy,
            learning_rate=history.learning_rate,
            best_epoch=None if history.best_epoch is None else history.best_epoch + 1,
        ),
        "gradient_norms": plotting.gradient_norms(norms),
        "confusion_matrix": plotting.confusion_matrix(evaluation.confusion, test.classes),
        "mistakes": plotting.most_confident_mistakes(
            test.images, evaluation.labels, evaluation.probabilities, test.classes, most=_LISTED
        ),
        "feature_maps": plotting.feature_maps(
            x[0],
            plotting.activations(network, x),
            classes=test.classes,
            title=f"“{name}” on its way through the network",
        ),
    }
    first = _first_convolution(network)
    if first is not None:
        figures["filters"] = plotting.first_layer_filters(first[1])
    pictures = {}
    for name, figure in figures.items():
        png = pictures[name] = plotting.png_bytes(figure)
        write_whole(folder / f"{name}.png", methodcaller("write", png))
    return pictures


def figure_box(dataset: Dataset) -> int | None:
    """The side of the square that figures on a dark ground fill, 20 for MNIST; None where the images are none.

    A picture from the disk is then brought into the same form (``data.read_digit``).
    """
    channels, height, width = dataset.image_shape
    if channels != 1 or height != width:
        return None
    images = data.as_input(dataset.images[:1000])[:, 0]
    edges = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    if (np.median(edges, axis=1) > 0.1).mean() > 0.1:
        return None
    sides = [max(_extent(image.any(axis=axis)) for axis in (0, 1)) for image in images > 0.1]
    return int(np.median(sides)) or None


def _extent(filled: Array) -> int:
    places = np.flatnonzero(filled)
    return int(places[-1] - places[0] + 1) if len(places) else 0


def _confidence(evaluation: Evaluation) -> dict[str, Any]:
    """How sure the network was, on average, when it was right and when it was wrong."""
    sure = evaluation.probabilities.max(axis=1)
    right = evaluation.predictions == evaluation.labels
    return {
        "right": float(sure[right].mean()) if right.any() else None,
        "wrong": float(sure[~right].mean()) if not right.all() else None,
        "mistakes_above_90_percent": int((sure[~right] > 0.9).sum()),
    }


def _mistakes(evaluation: Evaluation) -> list[dict[str, Any]]:
    chosen = plotting.confident_mistakes(evaluation.labels, evaluation.probabilities, most=_LISTED)
    return [
        {
            "index": int(index),
            "true": evaluation.classes[evaluation.labels[index]],
            "predicted": evaluation.classes[evaluation.predictions[index]],
            "confidence": float(evaluation.probabilities[index].max()),
        }
        for index in chosen
    ]


def _layers(network: Sequential, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    rows = []
    for layer in network:
        shape = layer.output_shape(shape)
        count = sum(array.size for array in layer.params.values())
        rows.append({"layer": repr(layer), "output_shape": shape, "parameters": count})
    return rows


def _first_convolution(network: Sequential) -> tuple[int, Array] | None:
    for index, layer in enumerate(network):
        weight = layer.params.get("weight")
        if weight is not None and weight.ndim == 4:
            return index, weight
    return None


def _filters(network: Sequential) -> dict[str, Any] | None:
    found = _first_convolution(network)
    if found is None:
        return None
    index, weight = found
    strength = np.abs(weight).sum(axis=(1, 2, 3))
    return {
        "layer": index,
        "count": len(weight),
        "channels": weight.shape[1],
        "size": weight.shape[2:],
        "cancelling": int((np.abs(weight.sum(axis=(1, 2, 3))) < 0.3 * strength).sum()),
        "largest": float(np.abs(weight).max()),
    }


def _example(network: Sequential, test: Dataset, evaluation: Evaluation) -> dict[str, Any]:
    """In numbers what the picture of the feature maps shows."""
    results = plotting.activations(network, data.as_input(test.images[_EXAMPLE : _EXAMPLE + 1]))
    maps = [(name, values) for name, values in results if values.ndim == 3]
    shares = [(name, float((values == 0).mean())) for name, values in maps]
    silent = [{"layer": name, "share": share} for name, share in shares if share > 0.05]
    return {
        "index": _EXAMPLE,
        "true": test.classes[test.labels[_EXAMPLE]],
        "predicted": test.classes[evaluation.predictions[_EXAMPLE]],
        "confidence": float(evaluation.probabilities[_EXAMPLE].max()),
        "maps": _without_repeats([values.shape for _, values in maps]),
        "silent": silent[-1] if silent else None,
    }


def _without_repeats(shapes: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    return [shape for place, shape in enumerate(shapes) if place == 0 or shape != shapes[place - 1]]
