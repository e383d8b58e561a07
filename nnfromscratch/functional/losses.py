"""Losses: operations that end in a number. Those on *logits* take scores from before the softmax or sigmoid.

Labels and targets are constants and get no gradient. ``reduction`` is "mean" (the sum divided by the number of elements
of the unreduced loss), "sum", or "none" (the unreduced loss, an array). ``backward(dloss=1.0)`` takes ∂L/∂loss: a
number, or for "none" also an array of the loss's shape.
"""

from __future__ import annotations

import math

import numpy as np

from nnfromscratch.errors import (
    DtypeError,
    RangeError,
    ShapeError,
    require_choice,
    require_labels,
    require_nonempty_axes,
    require_same_float,
    require_shape,
)
from nnfromscratch.functional.activations import log_softmax, sigmoid
from nnfromscratch.types import Array, Backward


def softmax_cross_entropy(logits: Array, labels: Array, reduction: str = "mean") -> tuple[float | Array, Backward]:
    """How surprised the network is by the right class: minus the logarithm of the probability that it gave it.

    ℓ[n] = −log softmax(z[n])[t[n]]                    ∂ℓ[n]/∂z[n, k] = softmax(z[n])[k] − [k = t[n]]

    logits z: (N, K)   labels t: (N,) whole numbers from 0 to K − 1   ℓ: (N,)
    Raises ShapeError where N disagrees, where K is zero and for the mean of an empty batch; DtypeError for labels that
    are not whole numbers; RangeError for labels outside 0 … K − 1 and for an unknown reduction.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.3.

    >>> loss, backward = softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(loss, 4), backward()
    (0.6931, array([[ 0.5, -0.5]]))
    """
    name = "softmax_cross_entropy"
    require_same_float(name, logits=logits)
    require_shape(name, "logits", logits.shape, ("N", "K"))
    require_nonempty_axes(name, "logits", logits.shape)
    classes = logits.shape[1]
    require_labels(name, labels, classes, f"logits have {classes} classes")
    require_shape(name, "labels", labels.shape, (len(logits),))
    log_probabilities, _ = log_softmax(logits)
    rows = np.arange(len(labels))
    loss, each = _reduced(name, -log_probabilities[rows, labels], reduction)

    def backward(dloss: float | Array = 1.0) -> Array:
        dlogits = np.exp(log_probabilities)
        dlogits[rows, labels] -= 1
        return dlogits * each(dloss)[:, None]

    return loss, backward


def binary_cross_entropy_with_logits(
    logits: Array, targets: Array | float, reduction: str = "mean"
) -> tuple[float | Array, Backward]:
    """How surprised a yes-or-no answer is by the truth.

    ℓ = −t · log σ(z) − (1 − t) · log(1 − σ(z)) = max(z, 0) − z·t + log(1 + e^{−|z|})          ∂ℓ/∂z = σ(z) − t

    The form on the right is finite for every finite z. logits z: any shape   targets t: the same shape, or one number
    for all; from 0 to 1   ℓ: the shape of z
    Raises ShapeError where the shapes differ and for the mean of an empty array, RangeError for targets outside 0 … 1
    and for an unknown reduction, DtypeError where the types differ.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.2.

    >>> loss, backward = binary_cross_entropy_with_logits(np.array([0.0, 1e4]), np.array([1.0, 1.0]))
    >>> round(loss, 4), backward()
    (0.3466, array([-0.25,  0.  ]))
    """
    name = "binary_cross_entropy_with_logits"
    t = _targets(name, "logits", logits, targets)
    least, most = (t.min(), t.max()) if t.ndim and t.size else (t, t)
    if t.size and not (least >= 0 and most <= 1):
        raise RangeError(f"{name}: targets expects numbers from 0 to 1, has {least:g} to {most:g}")
    unreduced = np.maximum(logits, 0) - logits * t + np.log1p(np.exp(-np.abs(logits)))
    loss, each = _reduced(name, unreduced, reduction)

    def backward(dloss: float | Array = 1.0) -> Array:
        return (sigmoid(logits)[0] - t) * each(dloss)

    return loss, backward


def mean_squared_error(
    predictions: Array, targets: Array | float, reduction: str = "mean"
) -> tuple[float | Array, Backward]:
    """How far predictions lie from their targets, squared.

    ℓ = (x − t)²                    ∂ℓ/∂x = 2 · (x − t)

    predictions x: any shape   targets t: the same shape, or one number for all   ℓ: the shape of x
    Raises ShapeError where the shapes differ and for the mean of an empty array, RangeError for an unknown reduction,
    DtypeError where the types differ.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), equation (5.4).

    >>> loss, backward = mean_squared_error(np.array([1.0, 4.0]), np.array([1.0, 2.0]))
    >>> loss, backward()
    (2.0, array([0., 2.]))
    """
    name = "mean_squared_error"
    difference = predictions - _targets(name, "predictions", predictions, targets)
    loss, each = _reduced(name, difference * difference, reduction)

    def backward(dloss: float | Array = 1.0) -> Array:
        return 2 * difference * each(dloss)

    return loss, backward


class _Each:
    """What reaches each element of the unreduced loss when ``dloss`` reaches the reduced one; one number may be all."""

    def __init__(self, operation: str, unreduced: Array, reduction: str) -> None:
        self.operation, self.shape, self.dtype, self.reduction = operation, unreduced.shape, unreduced.dtype, reduction

    def __call__(self, dloss: float | Array) -> Array:
        expected = self.shape if self.reduction == "none" else ()
        given = np.asarray(dloss)
        if given.shape not in ((), expected):
            raise ShapeError(f"{self.operation}: dloss expects the shape of the loss, {expected}; has {given.shape}")
        if given.ndim > 0 and given.dtype != self.dtype:
            raise DtypeError(f"{self.operation}: dloss expects {self.dtype} like the loss, has {given.dtype}")
        count = math.prod(self.shape) if self.reduction == "mean" else 1
        each: Array = np.asarray(given.astype(self.dtype) / self.dtype.type(count))
        return each if given.ndim else each.reshape((1,) * len(self.shape))


def _reduced(operation: str, unreduced: Array, reduction: str) -> tuple[float | Array, _Each]:
    require_choice(operation, "reduction", reduction, ("mean", "sum", "none"))
    if reduction == "mean" and unreduced.size == 0:
        raise ShapeError(f"{operation}: reduction 'mean' expects at least 1 element, the batch is empty")
    each = _Each(operation, unreduced, reduction)
    if reduction == "none":
        return unreduced, each
    total = float(np.add.reduce(unreduced, axis=None))
    return total / unreduced.size if reduction == "mean" else total, each


def _targets(operation: str, argument: str, x: Array, targets: Array | float) -> Array:
    """The targets as an array of x's type that broadcasts to x."""
    if isinstance(targets, np.ndarray):
        require_same_float(operation, **{argument: x}, targets=targets)
        require_shape(operation, "targets", targets.shape, x.shape)
        return targets
    require_same_float(operation, **{argument: x})
    if isinstance(targets, bool) or not isinstance(targets, (int, float, np.integer, np.floating)):
        raise DtypeError(f"{operation}: targets expects an array or a number, is {type(targets).__name__}")
    return np.asarray(targets, x.dtype)
