"""sigmoid, tanh and softplus: their cases and the mistakes that people make."""

from __future__ import annotations

import numpy as np

from nnfromscratch.catalogue.elementwise import elementwise_cases, random_array
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import sigmoid, softplus, tanh
from nnfromscratch.types import Array


def _s(x: Array) -> Array:
    s: Array = sigmoid(x)[0]
    return s


SIGMOID = Entry(
    "sigmoid",
    sigmoid,
    elementwise_cases(),
    random_array,
    (
        Mistake(
            "sigmoid",
            "1 − x for 1 − y",
            None,
            "mixes the input into y·(1 − y)",
            "In the formula y·(1 − y), does x appear anywhere?",
            wrong(sigmoid, x=lambda at: at.dy * at.y * (1 - at.x)),
        ),
        Mistake(
            "sigmoid",
            "x in the place of y",
            None,
            "computes x·(1 − x)",
            "The short formula speaks of the sigmoid's result, not of its input.",
            wrong(sigmoid, x=lambda at: at.dy * at.x * (1 - at.x)),
        ),
        Mistake(
            "sigmoid",
            "factor 1 − y forgotten",
            "missing-factor",
            "multiplies by y only",
            "What should the slope be where the sigmoid is close to 1?",
            wrong(sigmoid, x=lambda at: at.dy * at.y),
        ),
        Mistake(
            "sigmoid",
            "factor y forgotten",
            "missing-factor",
            "multiplies by 1 − y only",
            "What should the slope be where the sigmoid is close to 0?",
            wrong(sigmoid, x=lambda at: at.dy * (1 - at.y)),
        ),
        Mistake(
            "sigmoid",
            "1 + y for 1 − y",
            None,
            "has a sign wrong in the formula",
            "Can the slope of the sigmoid exceed 1/4?",
            wrong(sigmoid, x=lambda at: at.dy * at.y * (1 + at.y)),
        ),
        Mistake(
            "sigmoid",
            "minus from the inner derivative",
            "sign",
            "keeps the minus of e⁻ˣ",
            "Does the sigmoid rise or fall?",
            wrong(sigmoid, x=lambda at: -at.dy * at.y * (1 - at.y)),
        ),
        Mistake(
            "sigmoid",
            "sigmoid applied twice",
            None,
            "applies the sigmoid to y before using y·(1 − y)",
            "Is what your backward holds the input or already the result?",
            wrong(sigmoid, x=lambda at: at.dy * _s(at.y) * (1 - _s(at.y))),
        ),
        Mistake(
            "sigmoid",
            "tanh's derivative",
            None,
            "computes 1 − y²",
            "That is the derivative of a sister of the sigmoid: which?",
            wrong(sigmoid, x=lambda at: at.dy * (1 - at.y**2)),
        ),
        Mistake(
            "sigmoid",
            "dy forgotten",
            "ignores-dy",
            "returns the slope alone",
            "The chain rule multiplies two things: which one is missing?",
            wrong(sigmoid, x=lambda at: at.y * (1 - at.y)),
        ),
        Mistake(
            "sigmoid",
            "a quarter everywhere",
            None,
            "uses the slope at zero for every x",
            "Is the curve as steep far out as in the middle?",
            wrong(sigmoid, x=lambda at: at.dy / 4),
        ),
    ),
)

TANH = Entry(
    "tanh",
    tanh,
    elementwise_cases(),
    random_array,
    (
        Mistake(
            "tanh",
            "square forgotten",
            None,
            "computes 1 − y",
            "The slope is the same at x and −x: is yours?",
            wrong(tanh, x=lambda at: at.dy * (1 - at.y)),
        ),
        Mistake(
            "tanh",
            "x in the place of y",
            None,
            "computes 1 − x²",
            "Can the slope of tanh be negative?",
            wrong(tanh, x=lambda at: at.dy * (1 - at.x**2)),
        ),
        Mistake(
            "tanh",
            "plus for minus",
            None,
            "computes 1 + y²",
            "Where is tanh steepest: in the middle, or far out?",
            wrong(tanh, x=lambda at: at.dy * (1 + at.y**2)),
        ),
        Mistake(
            "tanh",
            "the sigmoid's derivative",
            None,
            "computes y·(1 − y)",
            "What is the slope of tanh at zero, and what is yours?",
            wrong(tanh, x=lambda at: at.dy * at.y * (1 - at.y)),
        ),
        Mistake(
            "tanh",
            "tanh applied twice",
            None,
            "computes 1 − tanh²(y)",
            "Is what your backward holds the input or already the result?",
            wrong(tanh, x=lambda at: at.dy * (1 - np.tanh(at.y) ** 2)),
        ),
        Mistake(
            "tanh",
            "1 forgotten",
            None,
            "computes −y²",
            "What is the slope of tanh at zero, and what is yours?",
            wrong(tanh, x=lambda at: -at.dy * at.y**2),
        ),
        Mistake(
            "tanh",
            "gradient let through everywhere",
            "missing-factor",
            "returns dy as it came",
            "Is the curve as steep far out as in the middle?",
            wrong(tanh, x=lambda at: at.dy.copy()),
        ),
    ),
)

SOFTPLUS = Entry(
    "softplus",
    softplus,
    elementwise_cases(),
    random_array,
    (
        Mistake(
            "softplus",
            "sigmoid of the result",
            None,
            "computes the slope from y instead of from x",
            "The slope is a function of x: what did you put in?",
            wrong(softplus, x=lambda at: at.dy * _s(at.y)),
        ),
        Mistake(
            "softplus",
            "sigmoid of minus x",
            None,
            "has the sign of the exponent wrong",
            "Far right softplus is nearly x: what is its slope there?",
            wrong(softplus, x=lambda at: at.dy * _s(-at.x)),
        ),
        Mistake(
            "softplus",
            "the sigmoid's derivative",
            "missing-factor",
            "computes s·(1 − s), one derivative too many",
            "How often has softplus to be differentiated?",
            wrong(softplus, x=lambda at: at.dy * _s(at.x) * (1 - _s(at.x))),
        ),
        Mistake(
            "softplus",
            "relu's slope",
            None,
            "uses 0 and 1 as for relu",
            "Softplus is smooth: can its slope jump?",
            wrong(softplus, x=lambda at: at.dy * (at.x > 0)),
        ),
        Mistake(
            "softplus",
            "inner derivative forgotten",
            None,
            "computes 1 / (1 + eˣ)",
            "Differentiate log(1 + eˣ) from outside to inside: what is the last factor?",
            wrong(softplus, x=lambda at: at.dy / (1 + np.exp(at.x))),
        ),
        Mistake(
            "softplus",
            "gradient let through everywhere",
            "missing-factor",
            "returns dy as it came",
            "Far left softplus is nearly 0: what is its slope there?",
            wrong(softplus, x=lambda at: at.dy.copy()),
        ),
    ),
)
