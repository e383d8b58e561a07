"""minibatch_discrimination and MinibatchDiscrimination: their cases and the mistakes that people make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from nnfromscratch.catalogue.built import built, layer_case, wrong_layer
from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import minibatch_discrimination
from nnfromscratch.layers import MinibatchDiscrimination
from nnfromscratch.types import Array


def _case(n: int, weight: tuple[int, int, int], scale: float = 1.0) -> Make:
    """Samples that are neither far apart nor equal, whatever the scale of their features."""

    def make(rng: np.random.Generator) -> Arguments:
        return Arguments((scale * rng.standard_normal((n, weight[0])), rng.standard_normal(weight) / scale / weight[2]))

    return make


def _ties(rng: np.random.Generator) -> Arguments:
    x, weight = rng.integers(-1, 2, (6, 3)), rng.integers(-1, 2, (3, 2, 2))
    return Arguments((x.astype(np.float64), weight.astype(np.float64)))


def _equal_samples(rng: np.random.Generator) -> Arguments:
    x = rng.standard_normal((5, 3))
    x[3:] = x[:2]
    return Arguments((x, rng.standard_normal((3, 2, 2)) / 2))


def _far_apart(rng: np.random.Generator) -> Arguments:
    return Arguments((10 * rng.standard_normal((4, 3)), rng.standard_normal((3, 2, 2))))


def _random(rng: np.random.Generator) -> Arguments:
    a, b, c = small(rng), small(rng, 3), small(rng, 3)
    x = values(rng, (small(rng), a))
    weight = rng.standard_normal((a, b, c)) / max(1e-12, float(np.abs(x).max()))
    return Arguments((x, weight))


def _random_layer(rng: np.random.Generator) -> Arguments:
    features, training = small(rng), bool(rng.random() < 0.7)
    settings = {"in_features": features, "num_kernels": small(rng, 3), "kernel_size": small(rng, 3)}
    x = rng.standard_normal((small(rng) + training, features))
    return Arguments((x,), settings, int(rng.integers(1000)), training)


Pull: TypeAlias = Callable[[Array, Array, Array], Array]


def _pull(difference: Array, similarity: Array, do: Array) -> Array:
    """What the pair (n, j) does to M[n]: the right one. All are (N, N, B, C), (N, N, B, 1) or, do, (N, B)."""
    return (do[:, None] + do)[..., None] * similarity * -np.sign(difference)


def _dm(at: Any, pull: Pull = _pull) -> Array:
    """∂L/∂M, (N, B·C), with another pull between the samples of a pair."""
    a, b, c = at.weight.shape
    m = (at.x @ at.weight.reshape(a, b * c)).reshape(-1, b, c)
    difference = m[:, None] - m
    similarity = np.exp(-np.abs(difference).sum(axis=3, keepdims=True))
    similarity[np.arange(len(m)), np.arange(len(m))] = 0
    return np.asarray(pull(difference, similarity, at.dy[:, a:])).sum(axis=1).reshape(len(m), -1)


def _dx(at: Any, pull: Pull = _pull) -> Array:
    a = at.weight.shape[0]
    return np.asarray(at.dy[:, :a] + _dm(at, pull) @ at.weight.reshape(a, -1).T)


def _dweight(at: Any, pull: Pull = _pull) -> Array:
    return np.asarray(at.x.T @ _dm(at, pull)).reshape(at.weight.shape)


def _with(pull: Pull) -> Any:
    """The operation with another pull, on the way back to both arguments."""
    return wrong(minibatch_discrimination, x=lambda at: _dx(at, pull), weight=lambda at: _dweight(at, pull))


def _of_first_sample(at: Any) -> Array:
    return np.outer(at.x[0], _dm(at)[0]).reshape(at.weight.shape)


def _axes_exchanged(at: Any) -> Array:
    a, b, c = at.weight.shape
    return np.asarray((at.x.T @ _dm(at)).reshape(a, c, b).swapaxes(1, 2))


MINIBATCH_DISCRIMINATION = Entry(
    "minibatch_discrimination",
    minibatch_discrimination,
    (
        Case("typical", _case(5, (3, 2, 2))),
        Case("three kernels of one number", _case(4, (2, 3, 1))),
        Case("one kernel", _case(4, (3, 1, 3))),
        Case("two samples", _case(2, (3, 2, 2))),
        Case("one sample", _case(1, (3, 2, 2))),
        Case("ties", _ties),
        Case("equal samples", _equal_samples),
        Case("far apart", _far_apart),
        Case("tiny features", _case(4, (3, 2, 2), 1e-4)),
        Case("huge features", _case(4, (3, 2, 2), 1e4)),
        Case("large", _case(32, (20, 10, 4))),
    ),
    _random,
    (
        Mistake(
            "minibatch_discrimination",
            "features passed on only",
            None,
            "returns for x the part of dy that belongs to the features",
            "On how many ways does x reach the result?",
            wrong(minibatch_discrimination, x=lambda at: at.dy[:, : at.x.shape[1]].copy()),
        ),
        Mistake(
            "minibatch_discrimination",
            "features forgotten",
            None,
            "sends back what comes through the similarities and nothing else",
            "What stands in the first columns of the result?",
            wrong(minibatch_discrimination, x=lambda at: at.right[0] - at.dy[:, : at.x.shape[1]]),
        ),
        Mistake(
            "minibatch_discrimination",
            "one side of each pair",
            None,
            "lets a sample move its own similarities, but not those that the others have to it",
            "When one sample moves, whose o changes?",
            _with(lambda d, s, do: do[:, None, :, None] * s * -np.sign(d)),
        ),
        Mistake(
            "minibatch_discrimination",
            "the other side of each pair",
            None,
            "lets a sample move the similarities that the others have to it, but not its own",
            "When one sample moves, whose o changes?",
            _with(lambda d, s, do: do[None, :, :, None] * s * -np.sign(d)),
        ),
        Mistake(
            "minibatch_discrimination",
            "minus of the exponent lost",
            None,
            "treats exp(−d) like exp(d)",
            "Two samples move apart: does their similarity rise or fall?",
            _with(lambda d, s, do: -_pull(d, s, do)),
        ),
        Mistake(
            "minibatch_discrimination",
            "derivative of the exponential forgotten",
            None,
            "goes back as if o were the sum of the distances",
            "What is the derivative of exp?",
            _with(lambda d, s, do: _pull(d, s > 0, do)),
        ),
        Mistake(
            "minibatch_discrimination",
            "slope of the square",
            None,
            "differentiates (a − b)² where |a − b| stands",
            "Which distance does the forward pass take: that of squares or that of absolute values?",
            _with(lambda d, s, do: (do[:, None] + do)[..., None] * s * -2 * d),
        ),
        Mistake(
            "minibatch_discrimination",
            "sign of the difference lost",
            None,
            "takes the slope of |·| to be 1 on both sides",
            "Sample n lies to the left of j: which way must it move to come closer?",
            _with(lambda d, s, do: (do[:, None] + do)[..., None] * s * -(d != 0).astype(float)),
        ),
        Mistake(
            "minibatch_discrimination",
            "averaged over the batch",
            "factor",
            "divides the weight's gradient by the batch size",
            "Where in the forward equation is a division by the batch size?",
            wrong(minibatch_discrimination, weight=lambda at: at.right[1] / len(at.x)),
        ),
        Mistake(
            "minibatch_discrimination",
            "weight of the first sample",
            None,
            "computes the weight's gradient from sample 0",
            "The shape fits, but how many samples have been counted?",
            wrong(minibatch_discrimination, weight=_of_first_sample),
        ),
        Mistake(
            "minibatch_discrimination",
            "kernels and their numbers exchanged",
            "transpose",
            "reads the weight's gradient as (A, C, B)",
            "Which of the two axes did reshape put side by side on the way forward?",
            wrong(minibatch_discrimination, weight=_axes_exchanged),
        ),
    ),
    kernels=True,
)

MINIBATCH_DISCRIMINATION_LAYER = Entry(
    "MinibatchDiscrimination",
    MinibatchDiscrimination,
    (
        Case("typical", layer_case((4, 3), in_features=3, num_kernels=2, kernel_size=2)),
        Case("evaluation", layer_case((4, 3), training=False, in_features=3, num_kernels=2, kernel_size=2)),
        Case(
            "one sample in evaluation",
            layer_case((1, 3), training=False, in_features=3, num_kernels=2, kernel_size=2),
        ),
    ),
    _random_layer,
    (
        Mistake(
            "MinibatchDiscrimination",
            "features passed on only",
            None,
            "returns for x the part of dy that belongs to the features",
            "On how many ways does x reach the result?",
            wrong_layer(MinibatchDiscrimination, lambda at: (at.dy[:, : at.dx.shape[1]].copy(), at.grads)),
        ),
        Mistake(
            "MinibatchDiscrimination",
            "weight decay in the gradient",
            "missing-term",
            "adds the weight to its gradient",
            "Is the penalty part of this layer's result?",
            wrong_layer(
                MinibatchDiscrimination, lambda at: (at.dx, {"weight": at.grads["weight"] + at.layer.params["weight"]})
            ),
        ),
    ),
    subject=built,
    kernels=True,
)
