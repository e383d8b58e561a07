"""How good a classifier is, in numbers: functions of the right labels and the predicted ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnfromscratch.errors import DtypeError, RangeError, ShapeError, require_int, require_shape
from nnfromscratch.types import Array


@dataclass(frozen=True, eq=False)
class ClassFigures:
    """Precision, recall, F1 and support of every class, each an array of K numbers."""

    precision: Array
    recall: Array
    f1: Array
    support: Array


def accuracy(labels: Array, predictions: Array) -> float:
    """The share of samples that were classified rightly.

    accuracy = 1/N · Σ_n [predictions[n] = labels[n]]

    labels, predictions: (N,) whole numbers
    Raises ShapeError where N disagrees or is zero, DtypeError for anything but whole numbers.

    >>> accuracy(np.array([0, 1, 2, 2]), np.array([0, 2, 2, 2]))
    0.75
    """
    _require_classes("accuracy", labels, predictions)
    return float((labels == predictions).mean())


def confusion_matrix(labels: Array, predictions: Array, classes: int) -> Array:
    """How often each class was taken for each: row t holds the samples of class t, column k those predicted to be k.

    M[t, k] = Σ_n [labels[n] = t] · [predictions[n] = k]

    labels, predictions: (N,) whole numbers in 0..classes-1   M: (classes, classes), int64
    Raises ShapeError where N disagrees or is zero, DtypeError for anything but whole numbers, RangeError for a number
    outside.

    >>> confusion_matrix(np.array([0, 1, 2, 2]), np.array([0, 2, 2, 2]), 3)
    array([[1, 0, 0],
           [0, 0, 1],
           [0, 0, 2]])
    """
    classes = require_int("confusion_matrix", "classes", classes, least=1)
    _require_classes("confusion_matrix", labels, predictions)
    for name, numbers in (("labels", labels), ("predictions", predictions)):
        if numbers.min() < 0 or numbers.max() >= classes:
            raise RangeError(
                f"confusion_matrix: {name} expects whole numbers from 0 to {classes - 1} ({classes} classes), "
                f"has {numbers.min()} to {numbers.max()}"
            )
    cells = labels.astype(np.int64) * classes + predictions.astype(np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def class_figures(confusion: Array) -> ClassFigures:
    """Precision, recall, F1 and support of every class, from the confusion matrix M.

    precision[k] = M[k, k] / Σ_t M[t, k]            of what was called k, the share that is k
    recall[k]    = M[k, k] / Σ_j M[k, j]            of what is k, the share that was called so
    F1[k]        = 2 · precision · recall / (precision + recall)
    support[k]   = Σ_j M[k, j]                      how many samples are k

    0 / 0 counts as 0: a class that was never predicted has precision 0, one that never occurs recall 0.
    confusion: (K, K), rows the right class   each result: (K,)
    Raises ShapeError where the matrix is not square.
    Source: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), sections 8.3 and 13.6.

    >>> figures = class_figures(np.array([[1, 0, 0], [0, 0, 1], [0, 0, 2]]))
    >>> figures.precision.round(3), figures.recall, figures.f1.round(3), figures.support
    (array([1.   , 0.   , 0.667]), array([1., 0., 1.]), array([1. , 0. , 0.8]), array([1, 1, 2]))
    """
    require_shape("class_figures", "confusion", confusion.shape, ("K", "K"))
    if confusion.shape[0] != confusion.shape[1]:
        raise ShapeError(f"class_figures: confusion expects as many rows as columns, has shape {confusion.shape}")
    right, support, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _ratio(right, predicted), _ratio(right, support)
    return ClassFigures(precision, recall, _ratio(2 * precision * recall, precision + recall), support)


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0)


def _require_classes(operation: str, labels: Array, predictions: Array) -> None:
    for name, numbers in (("labels", labels), ("predictions", predictions)):
        if not isinstance(numbers, np.ndarray) or numbers.dtype.kind not in "iu":
            came = numbers.dtype if isinstance(numbers, np.ndarray) else type(numbers).__name__
            raise DtypeError(f"{operation}: {name} expects an array of whole numbers, is {came}")
        require_shape(operation, name, numbers.shape, ("N",))
    require_shape(operation, "predictions", predictions.shape, labels.shape)
    if len(labels) == 0:
        raise ShapeError(f"{operation}: labels expects at least 1 sample, has none")
