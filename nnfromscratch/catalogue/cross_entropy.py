"""softmax_cross_entropy: its cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import softmax, softmax_cross_entropy
from nnfromscratch.types import Array


def _case(n: int, k: int, reduction: str = "mean", scale: float = 1.0) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        return Arguments((scale * rng.standard_normal((n, k)), rng.permutation(n) % k), {"reduction": reduction})

    return make


def _random(rng: np.random.Generator) -> Arguments:
    n, k = small(rng, 6), small(rng, 6)
    reduction = str(rng.choice(["mean", "sum", "none"]))
    return Arguments((values(rng, (n, k)), rng.integers(k, size=n)), {"reduction": reduction})


def _p(at: Any, axis: int = 1) -> Array:
    """The probabilities."""
    return np.asarray(softmax(at.logits.swapaxes(axis, 1))[0].swapaxes(axis, 1))


def _one_hot(at: Any, off: int = 0) -> Array:
    classes = at.logits.shape[1]
    return np.asarray(np.eye(classes)[(at.labels + off) % classes])


CROSS_ENTROPY = Entry(
    "softmax_cross_entropy",
    softmax_cross_entropy,
    (
        Case("typical", _case(4, 5)),
        Case("sum", _case(4, 3, "sum")),
        Case("none", _case(4, 3, "none")),
        Case("one sample", _case(1, 4)),
        Case("one class", _case(3, 1)),
        Case("as many classes as samples", _case(4, 4)),
        Case("equal scores", lambda _: Arguments((np.zeros((3, 4)), np.array([0, 3, 1])))),
        Case("certain", _case(3, 4, "mean", 30.0)),
        Case("huge numbers", _case(3, 4, "mean", 1e6)),
        Case("large", _case(256, 80)),
    ),
    _random,
    (
        Mistake(
            "softmax_cross_entropy",
            "mean forgotten",
            "factor",
            "does not divide by N, though the loss is a mean",
            "The loss is a mean over the batch: what does that do to each sample's share?",
            wrong(softmax_cross_entropy, logits=lambda at: at.right * len(at.labels)),
        ),
        Mistake(
            "softmax_cross_entropy",
            "mean taken twice",
            "factor",
            "divides by N twice",
            "Count the divisions by N on the way forward.",
            wrong(softmax_cross_entropy, logits=lambda at: at.right / len(at.labels)),
        ),
        Mistake(
            "softmax_cross_entropy",
            "divided by the classes as well",
            "factor",
            "takes the mean over all N·K scores",
            "How many losses are there: one for each sample, or one for each score?",
            wrong(softmax_cross_entropy, logits=lambda at: at.right / at.logits.shape[1]),
        ),
        Mistake(
            "softmax_cross_entropy",
            "mean where the sum was asked for",
            "factor",
            "divides by N whatever the reduction",
            "Which reduction was asked for?",
            wrong(softmax_cross_entropy, logits=lambda at: at.right / len(at.labels)),
            "sum",
        ),
        Mistake(
            "softmax_cross_entropy",
            "one-hot forgotten",
            "missing-term",
            "returns the probabilities, without subtracting 1 at the label",
            "A perfect prediction should have no gradient: does yours?",
            wrong(softmax_cross_entropy, logits=lambda at: _p(at) * at.dy / len(at.labels)),
        ),
        Mistake(
            "softmax_cross_entropy",
            "label column only",
            None,
            "sends a gradient back to the label's score and to no other",
            "Do the scores of the wrong classes change the loss?",
            wrong(softmax_cross_entropy, logits=lambda at: at.right * _one_hot(at)),
        ),
        Mistake(
            "softmax_cross_entropy",
            "wrong way round",
            "sign",
            "subtracts the probabilities from the one-hot labels",
            "If the right class's score rises, does the loss rise or fall?",
            wrong(softmax_cross_entropy, logits=lambda at: (_one_hot(at) - _p(at)) * at.dy / len(at.labels)),
        ),
        Mistake(
            "softmax_cross_entropy",
            "labels counted from one",
            None,
            "subtracts 1 at the class after the label",
            "Which column belongs to label 0?",
            wrong(softmax_cross_entropy, logits=lambda at: (_p(at) - _one_hot(at, 1)) * at.dy / len(at.labels)),
        ),
        Mistake(
            "softmax_cross_entropy",
            "softmax over the batch",
            None,
            "normalizes along axis 0",
            "What should add up to 1: the classes of a sample, or the samples of a class?",
            wrong(softmax_cross_entropy, logits=lambda at: (_p(at, 0) - _one_hot(at)) * at.dy / len(at.labels)),
        ),
        Mistake(
            "softmax_cross_entropy",
            "softmax forgotten",
            None,
            "subtracts the labels from the scores",
            "Are the scores probabilities already?",
            wrong(softmax_cross_entropy, logits=lambda at: (at.logits - _one_hot(at)) * at.dy / len(at.labels)),
        ),
        Mistake(
            "softmax_cross_entropy",
            "logarithms for probabilities",
            None,
            "subtracts the labels from log-probabilities",
            "Your forward computed logarithms: what does the gradient need?",
            wrong(softmax_cross_entropy, logits=lambda at: (np.log(_p(at)) - _one_hot(at)) * at.dy / len(at.labels)),
        ),
        Mistake(
            "softmax_cross_entropy",
            "through softmax once more",
            None,
            "multiplies p − t by p·(1 − p), though that derivative is already in it",
            "With respect to what is p − t the derivative: the probabilities, or the scores?",
            wrong(softmax_cross_entropy, logits=lambda at: at.right * _p(at) * (1 - _p(at))),
        ),
        Mistake(
            "softmax_cross_entropy",
            "dloss ignored",
            "ignores-dy",
            "takes the loss for the end of the chain",
            "What if the loss is one of two that are added with weights?",
            wrong(softmax_cross_entropy, logits=lambda at: (_p(at) - _one_hot(at)) / len(at.labels)),
        ),
        Mistake(
            "softmax_cross_entropy",
            "last sample left out",
            "slice",
            "stops its loop one sample early",
            "How many rows has your gradient, and how many did your loop visit?",
            wrong(softmax_cross_entropy, logits=lambda at: at.right * (np.arange(len(at.labels)) < 3)[:, None]),
        ),
    ),
    wrt=("logits",),
)
