"""binary_cross_entropy_with_logits and mean_squared_error: their cases and the mistakes that people make."""

from __future__ import annotations

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import binary_cross_entropy_with_logits, mean_squared_error, sigmoid
from nnfromscratch.types import Array


def _case(shape: tuple[int, ...], reduction: str = "mean", scale: float = 1.0) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        return Arguments((scale * rng.standard_normal(shape), rng.random(shape)), {"reduction": reduction})

    return make


def _one_target(rng: np.random.Generator) -> Arguments:
    return Arguments((rng.standard_normal((5, 1)),), {"targets": 0.9})


def _hit(rng: np.random.Generator) -> Arguments:
    targets = rng.random((3, 4))
    return Arguments((np.where(rng.random((3, 4)) < 0.5, targets, 0.25), targets))


CASES = (
    Case("typical", _case((4, 3))),
    Case("sum", _case((4, 3), "sum")),
    Case("none", _case((4, 3), "none")),
    Case("one number", _case((1,))),
    Case("images", _case((2, 1, 3, 3))),
    Case("one target for all", _one_target),
    Case("targets hit exactly", _hit),
    Case("tiny numbers", _case((3, 4), "mean", 1e-6)),
    Case("huge numbers", _case((3, 4), "mean", 1e6)),
    Case("large", _case((128, 160))),
)


def _random_bce(rng: np.random.Generator) -> Arguments:
    logits = values(rng, tuple(small(rng) for _ in range(rng.integers(1, 4))))
    targets = rng.random(logits.shape) if rng.random() < 0.5 else rng.integers(0, 2, logits.shape).astype(np.float64)
    return Arguments((logits, targets), {"reduction": str(rng.choice(["mean", "sum", "none"]))})


def _random_mse(rng: np.random.Generator) -> Arguments:
    predictions = values(rng, tuple(small(rng) for _ in range(rng.integers(1, 4))))
    targets = predictions.copy() if rng.random() < 0.2 else values(rng, predictions.shape)
    return Arguments((predictions, targets), {"reduction": str(rng.choice(["mean", "sum", "none"]))})


def _s(x: Array) -> Array:
    s: Array = sigmoid(x)[0]
    return s


BINARY_CROSS_ENTROPY = Entry(
    "binary_cross_entropy_with_logits",
    binary_cross_entropy_with_logits,
    CASES,
    _random_bce,
    (
        Mistake(
            "binary_cross_entropy_with_logits",
            "sigmoid applied twice",
            None,
            "puts the probability through the sigmoid again",
            "Are your numbers logits, or probabilities already?",
            wrong(
                binary_cross_entropy_with_logits,
                logits=lambda at: (_s(_s(at.logits)) - at.targets) * at.dy / at.logits.size,
            ),
        ),
        Mistake(
            "binary_cross_entropy_with_logits",
            "sigmoid forgotten",
            None,
            "subtracts the target from the logit",
            "In which range does the target lie, and in which the logit?",
            wrong(
                binary_cross_entropy_with_logits, logits=lambda at: (at.logits - at.targets) * at.dy / at.logits.size
            ),
        ),
        Mistake(
            "binary_cross_entropy_with_logits",
            "wrong way round",
            "sign",
            "subtracts the probability from the target",
            "Target 1: if the logit rises, does the loss rise or fall?",
            wrong(binary_cross_entropy_with_logits, logits=lambda at: -at.right),
        ),
        Mistake(
            "binary_cross_entropy_with_logits",
            "target forgotten",
            "missing-term",
            "returns the probability alone, as if every answer were no",
            "A perfect prediction should have no gradient: does yours?",
            wrong(binary_cross_entropy_with_logits, logits=lambda at: _s(at.logits) * at.dy / at.logits.size),
        ),
        Mistake(
            "binary_cross_entropy_with_logits",
            "targets exchanged",
            None,
            "uses 1 − t for t",
            "Which target means yes?",
            wrong(
                binary_cross_entropy_with_logits,
                logits=lambda at: (_s(at.logits) - 1 + at.targets) * at.dy / at.logits.size,
            ),
        ),
        Mistake(
            "binary_cross_entropy_with_logits",
            "derivative of the sigmoid kept",
            None,
            "multiplies by s·(1 − s), which the logarithm had cancelled",
            "Differentiate log σ(z) once by hand: what remains of σ′?",
            wrong(
                binary_cross_entropy_with_logits,
                logits=lambda at: at.right * _s(at.logits) * (1 - _s(at.logits)),
            ),
        ),
        Mistake(
            "binary_cross_entropy_with_logits",
            "mean forgotten",
            "factor",
            "does not divide by the number of elements",
            "The loss is a mean: what does that do to each element's share?",
            wrong(binary_cross_entropy_with_logits, logits=lambda at: at.right * at.logits.size),
        ),
        Mistake(
            "binary_cross_entropy_with_logits",
            "mean over the batch only",
            "factor",
            "divides by N where the loss divides by all elements",
            "Over how many numbers does the forward pass take the mean?",
            wrong(binary_cross_entropy_with_logits, logits=lambda at: at.right * at.logits.size / len(at.logits)),
        ),
        Mistake(
            "binary_cross_entropy_with_logits",
            "yes part only",
            None,
            "differentiates −t·log σ(z) and forgets the other half",
            "What does the loss say where the target is 0?",
            wrong(
                binary_cross_entropy_with_logits,
                logits=lambda at: at.targets * (_s(at.logits) - 1) * at.dy / at.logits.size,
            ),
        ),
        Mistake(
            "binary_cross_entropy_with_logits",
            "dloss ignored",
            "ignores-dy",
            "takes the loss for the end of the chain",
            "What if the loss is one of two that are added with weights?",
            wrong(binary_cross_entropy_with_logits, logits=lambda at: (_s(at.logits) - at.targets) / at.logits.size),
        ),
    ),
    wrt=("logits",),
)

MEAN_SQUARED_ERROR = Entry(
    "mean_squared_error",
    mean_squared_error,
    CASES,
    _random_mse,
    (
        Mistake(
            "mean_squared_error",
            "2 forgotten",
            "factor",
            "forgets the 2 of the square",
            "What is the derivative of a square?",
            wrong(mean_squared_error, predictions=lambda at: at.right / 2),
        ),
        Mistake(
            "mean_squared_error",
            "mean forgotten",
            "factor",
            "does not divide by the number of elements",
            "The loss is a mean: what does that do to each element's share?",
            wrong(mean_squared_error, predictions=lambda at: at.right * at.predictions.size),
        ),
        Mistake(
            "mean_squared_error",
            "mean over the batch only",
            "factor",
            "divides by N where the loss divides by all elements",
            "Over how many numbers does the forward pass take the mean?",
            wrong(mean_squared_error, predictions=lambda at: at.right * at.predictions.size / len(at.predictions)),
        ),
        Mistake(
            "mean_squared_error",
            "mean where the sum was asked for",
            "factor",
            "divides by the number of elements whatever the reduction",
            "Which reduction was asked for?",
            wrong(mean_squared_error, predictions=lambda at: at.right / at.predictions.size),
            "sum",
        ),
        Mistake(
            "mean_squared_error",
            "wrong way round",
            "sign",
            "subtracts the prediction from the target",
            "If the prediction is too large and rises, does the loss rise or fall?",
            wrong(mean_squared_error, predictions=lambda at: -at.right),
        ),
        Mistake(
            "mean_squared_error",
            "target forgotten",
            "missing-term",
            "returns 2·x, the slope of x²",
            "Where is the loss flat: at 0, or at the target?",
            wrong(mean_squared_error, predictions=lambda at: 2 * at.predictions * at.dy / at.predictions.size),
        ),
        Mistake(
            "mean_squared_error",
            "sign of the difference",
            None,
            "goes back as the absolute error does",
            "Should an error twice as large give the same gradient?",
            wrong(mean_squared_error, predictions=lambda at: np.sign(at.right) * at.dy / at.predictions.size),
        ),
        Mistake(
            "mean_squared_error",
            "error not differentiated",
            None,
            "returns the squared error itself",
            "Can the gradient be positive on both sides of the target?",
            wrong(
                mean_squared_error,
                predictions=lambda at: (at.predictions - at.targets) ** 2 * at.dy / at.predictions.size,
            ),
        ),
        Mistake(
            "mean_squared_error",
            "root of the error",
            "factor",
            "goes back as the root of the mean squared error does",
            "Is there a square root in the loss?",
            wrong(mean_squared_error, predictions=lambda at: at.right / (2 * np.sqrt(at.y))),
        ),
        Mistake(
            "mean_squared_error",
            "dloss ignored",
            "ignores-dy",
            "takes the loss for the end of the chain",
            "What if the loss is one of two that are added with weights?",
            wrong(mean_squared_error, predictions=lambda at: 2 * (at.predictions - at.targets) / at.predictions.size),
        ),
    ),
    wrt=("predictions",),
)
