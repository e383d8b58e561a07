"""Multinomial logistic regression: one dense layer, learned from all examples at once."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import (
    NonFiniteError,
    ShapeError,
    require_int,
    require_labels,
    require_nonempty_axes,
    require_number,
    require_same_float,
    require_shape,
)
from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.initializers import zeros
from nnfromscratch.layers import Dense
from nnfromscratch.optimizers import Adam
from nnfromscratch.schedules import LinearToZero
from nnfromscratch.types import Array


def fit_linear(
    features: Array, labels: Array, *, classes: int, steps: int = 500, lr: float = 0.05, penalty: float = 1e-3
) -> Dense:
    """The straight boundaries between classes that explain the labels best.

    L = −mean_n log softmax(x[n]·W + b)[t[n]] + ½ · λ · Σ W²

    L has one valley only: where W and b start does not matter, so they start from 0, nothing is random, and the same
    examples give the same bits. Adam takes every step with all examples, its rate falling in a straight line to 0.
    features x: (N, D)   labels t: (N,) whole numbers from 0 to ``classes`` − 1
    classes: at least 2. steps: at least 1. lr: the rate of the first step, at least 0. penalty λ: at least 0
    Returns the layer: ``fit_linear(...).predict(features)`` are the logits, (N, classes).
    Raises ShapeError where N disagrees or is zero, DtypeError for features that are no floats and labels that are no
    whole numbers, RangeError for labels or settings out of range, NonFiniteError for NaN or infinity.
    Source: Bishop, Pattern Recognition and Machine Learning (2006), section 4.3.4, equations (4.108) and (4.109).

    >>> x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    >>> fit_linear(x, np.array([0, 0, 1, 1]), classes=2).predict(x).argmax(axis=1)
    array([0, 0, 1, 1])
    """
    name = "fit_linear"
    require_same_float(name, features=features)
    require_shape(name, "features", features.shape, ("N", "D"))
    require_nonempty_axes(name, "features", features.shape)
    if not len(features):
        raise ShapeError(f"{name}: features expects at least 1 example, has shape {features.shape}")
    require_int(name, "classes", classes, least=2)
    require_labels(name, labels, classes, f"{classes} classes")
    require_shape(name, "labels", labels.shape, (len(features),))
    require_int(name, "steps", steps, least=1)
    require_number(name, "penalty", penalty, least=0)
    if not np.isfinite(features).all():
        raise NonFiniteError(f"{name}: features expects finite numbers, has NaN or infinity")

    nothing = np.random.default_rng(0)  # the layer wants a generator, zeros draws from none
    layer = Dense(features.shape[1], classes, rng=nothing, dtype=features.dtype, initializer=zeros)
    optimizer, schedule = Adam(lr), LinearToZero(steps)
    for step in range(steps):
        logits, backward = layer.forward(features)
        _, loss_backward = softmax_cross_entropy(logits, labels)
        _, grads = backward(loss_backward(), wrt=("params",))
        grads["weight"] = grads["weight"] + penalty * layer.params["weight"]
        optimizer.lr = lr * schedule(step)
        optimizer.step(layer.params, grads)
    return layer
