"""A network on data that it has not learned from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nnfromscratch.data import Dataset, batches
from nnfromscratch.errors import NonFiniteError, require_int
from nnfromscratch.functional import softmax, softmax_cross_entropy
from nnfromscratch.layers import Layer
from nnfromscratch.training.checks import require_classifier, require_dataset
from nnfromscratch.training.metrics import ClassFigures, accuracy, class_figures, confusion_matrix
from nnfromscratch.training.nonfinite import Loss, first_non_finite
from nnfromscratch.types import Array


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network made of a data set, image by image, and the figures that follow.

    loss: the mean over all images   labels: (N,)   predictions: (N,), the class with the highest score
    probabilities: (N, K), softmax of the scores   classes: the names of the K classes
    """

    loss: float
    labels: Array
    predictions: Array
    probabilities: Array
    classes: tuple[str, ...]

    @cached_property
    def accuracy(self) -> float:
        """The share of images classified rightly, see ``metrics.accuracy``."""
        return accuracy(self.labels, self.predictions)

    @cached_property
    def confusion(self) -> Array:
        """(K, K): row t holds the images of class t, column k those taken for k, see ``metrics.confusion_matrix``."""
        return confusion_matrix(self.labels, self.predictions, self.probabilities.shape[1])

    @cached_property
    def per_class(self) -> ClassFigures:
        """Precision, recall, F1 and support of every class, see ``metrics.class_figures``."""
        return class_figures(self.confusion)

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON holds them: accuracy, loss, confusion_matrix, per_class by the classes' names."""
        figures = self.per_class
        return {
            "accuracy": self.accuracy,
            "loss": self.loss,
            "confusion_matrix": self.confusion.tolist(),
            "per_class": {
                name: {
                    "precision": float(figures.precision[k]),
                    "recall": float(figures.recall[k]),
                    "f1": float(figures.f1[k]),
                    "support": int(figures.support[k]),
                }
                for k, name in enumerate(self.classes)
            },
        }

    def __repr__(self) -> str:
        return f"Evaluation({len(self.labels)} images, accuracy {self.accuracy:.2%}, loss {self.loss:.4f})"


def evaluate(
    network: Layer, dataset: Dataset, *, loss: Loss = softmax_cross_entropy, batch_size: int = 256
) -> Evaluation:
    """Classify every image of ``dataset`` in evaluation mode; the network stays as it is.

    network: images (N, C, H, W) → scores (N, K), K at least the number of classes.
    loss: ``loss(scores, labels)`` gives the mean over a batch, as all of ``functional`` do.
    Raises DtypeError, ShapeError or RangeError where network and data do not fit, NonFiniteError, naming the layer,
    where the loss is NaN or infinite.

    >>> from nnfromscratch.layers import Dense, Flatten, Sequential
    >>> data = Dataset(np.zeros((4, 1, 8, 8), np.uint8), np.array([0, 1, 1, 0]), classes=("cat", "dog"))
    >>> evaluate(Sequential(Flatten(), Dense(64, 2, rng=np.random.default_rng(0))), data)
    Evaluation(4 images, accuracy 50.00%, loss 0.6931)
    """
    require_dataset("evaluate", "dataset", dataset)
    require_classifier("evaluate", network, dataset)
    require_int("evaluate", "batch_size", batch_size, least=1)
    total, scores = 0.0, []
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # looked for, and named, below
        for x, labels in batches(dataset, batch_size):
            x = x.astype(network.dtype, copy=False)
            logits = network.predict(x, batch_size)
            value, _ = loss(logits, labels)
            if not math.isfinite(value):
                where = first_non_finite(network, x, labels, loss, training=False)
                raise NonFiniteError(f"evaluate: loss expects a finite number, is {value}; where it began: {where}")
            total += float(value) * len(labels)
            scores.append(logits)
        logits = np.concatenate(scores)
        probabilities, _ = softmax(logits)
    mean = total / len(dataset)
    return Evaluation(mean, dataset.labels, logits.argmax(axis=1), probabilities, dataset.classes)
