"""relu, leaky_relu and elu: their cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case
from nnfromscratch.catalogue.elementwise import elementwise_cases, random_array
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import elu, leaky_relu, relu
from nnfromscratch.types import Array


def _masked_in_place(at: Any) -> Array:
    at.dy[at.x <= 0] = 0
    return np.asarray(at.dy)


def _scaled_in_place(at: Any) -> Array:
    at.dy[at.x <= 0] *= at.negative_slope
    return np.asarray(at.dy)


def _random_slope(rng: np.random.Generator) -> Arguments:
    return Arguments(random_array(rng).arrays, {"negative_slope": float(rng.choice([0.2, 0.01, 0.0, 1.0, -0.5]))})


def _random_alpha(rng: np.random.Generator) -> Arguments:
    return Arguments(random_array(rng).arrays, {"alpha": float(rng.choice([1.0, 0.5, 3.0]))})


RELU = Entry(
    "relu",
    relu,
    elementwise_cases(),
    random_array,
    (
        Mistake(
            "relu",
            "gradient let through everywhere",
            "missing-factor",
            "returns dy as it came",
            "What is the slope of relu left of zero?",
            wrong(relu, x=lambda at: at.dy.copy()),
        ),
        Mistake(
            "relu",
            "times the result",
            "missing-factor",
            "multiplies dy by y instead of by the slope",
            "The slope right of zero is a plain number: which?",
            wrong(relu, x=lambda at: at.dy * at.y),
        ),
        Mistake(
            "relu",
            "sign of the gradient asked instead of the input's",
            None,
            "lets positive gradients through instead of the gradients of positive inputs",
            "Who decides whether the gate is open: x, or dy?",
            wrong(relu, x=lambda at: at.dy * (at.dy > 0)),
        ),
        Mistake(
            "relu",
            "both must be positive",
            None,
            "stops negative gradients as well (as guided backpropagation does for pictures)",
            "May a gradient be negative?",
            wrong(relu, x=lambda at: np.maximum(at.dy, 0) * (at.x > 0)),
        ),
        Mistake(
            "relu",
            "gate the wrong way round",
            None,
            "lets the gradients of negative inputs through",
            "Try one positive and one negative number by hand.",
            wrong(relu, x=lambda at: at.dy * (at.x < 0)),
        ),
        Mistake(
            "relu",
            "relu of the gradient",
            None,
            "applies relu to dy",
            "The way back needs the slope at x: where is x in your backward?",
            wrong(relu, x=lambda at: np.maximum(at.dy, 0)),
        ),
        Mistake(
            "relu",
            "sign instead of step",
            None,
            "multiplies by the sign of x, which is −1 on the left",
            "On the left relu is flat: what is the slope of something flat?",
            wrong(relu, x=lambda at: at.dy * np.sign(at.x)),
        ),
        Mistake(
            "relu",
            "dy forgotten",
            "ignores-dy",
            "returns the slope alone",
            "The chain rule multiplies two things: which one is missing?",
            wrong(relu, x=lambda at: (at.x > 0) * 1.0),
        ),
        Mistake(
            "relu",
            "mask written into dy",
            "written",
            "sets elements of dy to zero in place",
            "Whose array is dy, and may you change it?",
            wrong(relu, x=_masked_in_place),
        ),
        Mistake(
            "relu",
            "slope 1 just left of zero",
            "other",
            "compares with a tolerance and opens the gate too early",
            "Is the gate open at x = −1e-9?",
            wrong(relu, x=lambda at: at.dy * (at.x > -1e-6)),
            "close to zero",
        ),
    ),
)

LEAKY_RELU = Entry(
    "leaky_relu",
    leaky_relu,
    (*elementwise_cases(), *(Case(f"{c.name}, slope 0.5", c.make) for c in elementwise_cases(negative_slope=0.5)[:2])),
    _random_slope,
    (
        Mistake(
            "leaky_relu",
            "slope left of zero forgotten",
            None,
            "goes back as plain relu does",
            "What is different from relu left of zero?",
            wrong(leaky_relu, x=lambda at: at.dy * (at.x > 0)),
        ),
        Mistake(
            "leaky_relu",
            "gradient let through everywhere",
            "missing-factor",
            "returns dy as it came",
            "What is the slope left of zero?",
            wrong(leaky_relu, x=lambda at: at.dy.copy()),
        ),
        Mistake(
            "leaky_relu",
            "leak everywhere",
            None,
            "scales every gradient by the leak, those of positive inputs too",
            "What is the slope right of zero?",
            wrong(leaky_relu, x=lambda at: at.negative_slope * at.dy),
        ),
        Mistake(
            "leaky_relu",
            "slope inverted",
            None,
            "divides by the slope where it should multiply",
            "If x moves by 1 left of zero, by how much does y move?",
            wrong(leaky_relu, x=lambda at: np.where(at.x > 0, at.dy, at.dy / at.negative_slope)),
        ),
        Mistake(
            "leaky_relu",
            "slope with a minus",
            None,
            "takes the slope left of zero for negative, because x is",
            "Left of zero, does y rise or fall as x rises?",
            wrong(leaky_relu, x=lambda at: np.where(at.x > 0, at.dy, -at.negative_slope * at.dy)),
        ),
        Mistake(
            "leaky_relu",
            "slope typed in",
            None,
            "uses 0.2 whatever slope was asked for",
            "Does your backward know the slope that the forward was called with?",
            wrong(leaky_relu, x=lambda at: np.where(at.x > 0, at.dy, 0.2 * at.dy)),
            "typical, slope 0.5",
        ),
        Mistake(
            "leaky_relu",
            "leak times x",
            None,
            "returns the value left of zero instead of the slope there",
            "Value or slope: which one does the chain rule ask for?",
            wrong(leaky_relu, x=lambda at: np.where(at.x > 0, at.dy, at.negative_slope * at.x * at.dy)),
        ),
        Mistake(
            "leaky_relu",
            "scaled in place",
            "written",
            "multiplies elements of dy in place",
            "Whose array is dy, and may you change it?",
            wrong(leaky_relu, x=_scaled_in_place),
        ),
    ),
)

ELU = Entry(
    "elu",
    elu,
    (*elementwise_cases(), *(Case(f"{c.name}, alpha 2", c.make) for c in elementwise_cases(alpha=2.0)[:4])),
    _random_alpha,
    (
        Mistake(
            "elu",
            "alpha forgotten",
            None,
            "uses eˣ left of zero whatever α is",
            "Differentiate α·(eˣ − 1): what becomes of α?",
            wrong(elu, x=lambda at: at.dy * np.where(at.x > 0, 1, np.exp(np.minimum(at.x, 0)))),
            "typical, alpha 2",
        ),
        Mistake(
            "elu",
            "alpha not added",
            None,
            "uses y left of zero where y + α belongs",
            "Express α·eˣ by y = α·eˣ − α.",
            wrong(elu, x=lambda at: at.dy * np.where(at.x > 0, 1, at.y)),
        ),
        Mistake(
            "elu",
            "1 added instead of alpha",
            None,
            "uses y + 1, which is right for α = 1 only",
            "Check your formula with another α than 1.",
            wrong(elu, x=lambda at: at.dy * np.where(at.x > 0, 1, at.y + 1)),
            "typical, alpha 2",
        ),
        Mistake(
            "elu",
            "exponential on both sides",
            None,
            "uses α·eˣ right of zero too",
            "Which branch is taken where x is positive?",
            wrong(elu, x=lambda at: at.dy * at.alpha * np.exp(at.x)),
        ),
        Mistake(
            "elu",
            "gradient let through everywhere",
            "missing-factor",
            "returns dy as it came",
            "Left of zero the curve bends: is its slope still 1?",
            wrong(elu, x=lambda at: at.dy.copy()),
        ),
        Mistake(
            "elu",
            "closed left of zero",
            None,
            "goes back as relu does",
            "Is elu flat left of zero?",
            wrong(elu, x=lambda at: at.dy * (at.x > 0)),
        ),
        Mistake(
            "elu",
            "exponent with a minus",
            None,
            "uses α·e⁻ˣ left of zero",
            "Far left the curve is almost flat: does your slope vanish there?",
            wrong(elu, x=lambda at: at.dy * np.where(at.x > 0, 1, at.alpha * np.exp(-at.x))),
        ),
    ),
)
