"""softmax and log_softmax: their cases and the mistakes that people make."""

from __future__ import annotations

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import log_softmax, softmax


def _case(shape: tuple[int, ...], scale: float = 1.0, shift: float = 0.0) -> Make:
    return lambda rng: Arguments((shift + scale * rng.standard_normal(shape),))


def _random(rng: np.random.Generator) -> Arguments:
    return Arguments((values(rng, (*(small(rng) for _ in range(rng.integers(3))), small(rng, 6))),))


CASES = (
    Case("typical", _case((4, 5))),
    Case("square", _case((4, 4))),
    Case("one row", _case((6,))),
    Case("rows of images", _case((2, 3, 4))),
    Case("one class", _case((3, 1))),
    Case("equal scores", lambda _: Arguments((np.full((2, 4), 0.5),))),
    Case("far from zero", _case((2, 4), 1.0, 1e4)),
    Case("certain", _case((3, 4), 30.0)),
    Case("huge numbers", _case((3, 4), 1e6)),
    Case("tiny numbers", _case((3, 4), 1e-6)),
    Case("large", _case((256, 80))),
)

SOFTMAX = Entry(
    "softmax",
    softmax,
    CASES,
    _random,
    (
        Mistake(
            "softmax",
            "diagonal only",
            "missing-term",
            "computes y·(1 − y), as for a sigmoid",
            "If one score rises, what happens to the probabilities of the other classes?",
            wrong(softmax, x=lambda at: at.dy * at.y * (1 - at.y)),
        ),
        Mistake(
            "softmax",
            "zero gradient",
            "zero",
            "returns zeros, which is right for dy of ones only",
            "The probabilities always add up to 1; does that mean that none of them changes?",
            wrong(softmax, x=lambda at: np.zeros_like(at.x)),
        ),
        Mistake(
            "softmax",
            "sum term forgotten",
            "missing-term",
            "computes y ⊙ dy",
            "Every score appears in the denominator of every probability: where is that in your formula?",
            wrong(softmax, x=lambda at: at.dy * at.y),
        ),
        Mistake(
            "softmax",
            "sum not weighted by y",
            "missing-term",
            "subtracts Σ dy where Σ y ⊙ dy belongs",
            "What is ∂y[j]/∂x[k] for j ≠ k?",
            wrong(softmax, x=lambda at: at.y * (at.dy - at.dy.sum(axis=-1, keepdims=True))),
        ),
        Mistake(
            "softmax",
            "mean instead of the weighted sum",
            "missing-term",
            "subtracts the mean of dy",
            "Do all classes weigh the same in the sum?",
            wrong(softmax, x=lambda at: at.y * (at.dy - at.dy.mean(axis=-1, keepdims=True))),
        ),
        Mistake(
            "softmax",
            "sum over the batch",
            None,
            "sums over axis 0 instead of over the classes",
            "Along which axis do the probabilities add up to 1?",
            wrong(softmax, x=lambda at: at.y * (at.dy - (at.y * at.dy).sum(axis=0, keepdims=True))),
        ),
        Mistake(
            "softmax",
            "sum over everything",
            "missing-term",
            "sums over the whole array, all rows together",
            "Does the softmax of one row know of the other rows?",
            wrong(softmax, x=lambda at: at.y * (at.dy - (at.y * at.dy).sum())),
        ),
        Mistake(
            "softmax",
            "factor y forgotten",
            "missing-factor",
            "computes dy − Σ y ⊙ dy",
            "If a class has probability 0, does its score still matter?",
            wrong(softmax, x=lambda at: at.dy - (at.y * at.dy).sum(axis=-1, keepdims=True)),
        ),
        Mistake(
            "softmax",
            "plus for minus",
            "missing-term",
            "adds the sum term",
            "If one probability rises, do the others rise or fall?",
            wrong(softmax, x=lambda at: at.y * (at.dy + (at.y * at.dy).sum(axis=-1, keepdims=True))),
        ),
        Mistake(
            "softmax",
            "sign of the Jacobian",
            "sign",
            "has all signs the wrong way round",
            "If a score rises, does its own probability rise or fall?",
            wrong(softmax, x=lambda at: -at.right),
        ),
        Mistake(
            "softmax",
            "cross-entropy's shortcut",
            None,
            "computes y − dy, as if dy were the labels",
            "That short formula belongs to softmax and loss together: what is dy here?",
            wrong(softmax, x=lambda at: at.y - at.dy),
        ),
    ),
)

LOG_SOFTMAX = Entry(
    "log_softmax",
    log_softmax,
    CASES,
    _random,
    (
        Mistake(
            "log_softmax",
            "exponential forgotten",
            None,
            "multiplies by y, the logarithm, where the probability belongs",
            "Your forward returns logarithms: what do you get back probabilities with?",
            wrong(log_softmax, x=lambda at: at.dy - at.y * at.dy.sum(axis=-1, keepdims=True)),
        ),
        Mistake(
            "log_softmax",
            "sum term forgotten",
            "missing-factor",
            "returns dy as it came",
            "Every score appears in the sum under the logarithm: where is that in your formula?",
            wrong(log_softmax, x=lambda at: at.dy.copy()),
        ),
        Mistake(
            "log_softmax",
            "softmax's gradient",
            None,
            "goes back as softmax does",
            "What does the logarithm do to the slope?",
            wrong(log_softmax, x=lambda at: softmax(at.x)[1](at.dy)),
        ),
        Mistake(
            "log_softmax",
            "diagonal only",
            "missing-term",
            "computes dy ⊙ (1 − eʸ)",
            "If one score rises, what happens to the log-probabilities of the other classes?",
            wrong(log_softmax, x=lambda at: at.dy * (1 - np.exp(at.y))),
        ),
        Mistake(
            "log_softmax",
            "sum over the batch",
            None,
            "sums dy over axis 0",
            "Along which axis do the probabilities add up to 1?",
            wrong(log_softmax, x=lambda at: at.dy - np.exp(at.y) * at.dy.sum(axis=0, keepdims=True)),
        ),
        Mistake(
            "log_softmax",
            "mean instead of sum",
            "missing-term",
            "takes the mean of dy over the classes",
            "Differentiate the logarithm of a sum: is there a division by the number of classes?",
            wrong(log_softmax, x=lambda at: at.dy - np.exp(at.y) * at.dy.mean(axis=-1, keepdims=True)),
        ),
        Mistake(
            "log_softmax",
            "sum weighted by the probabilities",
            "missing-term",
            "uses the sum that belongs to softmax",
            "Which terms does x[k] reach through the normalizing sum, and with what weight?",
            wrong(log_softmax, x=lambda at: at.dy - np.exp(at.y) * (np.exp(at.y) * at.dy).sum(-1, keepdims=True)),
        ),
        Mistake(
            "log_softmax",
            "zero gradient",
            "zero",
            "returns zeros",
            "Change one score by hand and look at the result.",
            wrong(log_softmax, x=lambda at: np.zeros_like(at.x)),
        ),
        Mistake(
            "log_softmax",
            "plus for minus",
            "missing-term",
            "adds the sum term",
            "If another score rises, does this log-probability rise or fall?",
            wrong(log_softmax, x=lambda at: at.dy + np.exp(at.y) * at.dy.sum(axis=-1, keepdims=True)),
        ),
    ),
)
