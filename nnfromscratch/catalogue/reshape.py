"""flatten and reshape: their cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import flatten, reshape


def _case(x: tuple[int, ...], /, scale: float = 1.0, **settings: Any) -> Make:
    return lambda rng: Arguments((scale * rng.standard_normal(x),), settings)


def _batch_innermost(rng: np.random.Generator) -> Arguments:
    return Arguments((rng.standard_normal((3, 2, 2, 4)).transpose(3, 2, 0, 1),))


def _random_flatten(rng: np.random.Generator) -> Arguments:
    return Arguments((values(rng, tuple(small(rng) for _ in range(rng.integers(2, 5)))),))


def _random_reshape(rng: np.random.Generator) -> Arguments:
    shape = tuple(small(rng) for _ in range(rng.integers(2, 5)))
    target = [tuple(reversed(shape[1:])), (int(np.prod(shape[1:])),), (1, *shape[1:])][rng.integers(3)]
    return Arguments((values(rng, shape),), {"shape": target})


FLATTEN = Entry(
    "flatten",
    flatten,
    (
        Case("typical", _case((2, 3, 2, 2))),
        Case("one sample", _case((1, 2, 3, 2))),
        Case("flat already", _case((4, 3))),
        Case("batch innermost in memory", _batch_innermost),
        Case("huge numbers", _case((2, 3, 2), 1e6)),
    ),
    _random_flatten,
    (
        Mistake(
            "flatten",
            "shape not restored",
            "shape",
            "returns dy as a row for each sample",
            "Which shape has x, and which has your gradient?",
            wrong(flatten, x=lambda at: at.dy.copy()),
        ),
        Mistake(
            "flatten",
            "read in another order",
            None,
            "fills the image column by column",
            "Forward reads channel by channel, row by row: in which order do you write?",
            wrong(flatten, x=lambda at: at.dy.reshape(at.x.shape, order="F")),
        ),
        Mistake(
            "flatten",
            "rows and columns exchanged",
            "transpose",
            "restores (N, C, W, H)",
            "Follow one corner pixel forward and back.",
            wrong(flatten, x=lambda at: at.dy.reshape(at.x.shape).swapaxes(2, 3).copy()),
        ),
        Mistake(
            "flatten",
            "channels last",
            None,
            "takes the row for (H, W, C)",
            "Which of the axes runs fastest in the row?",
            wrong(flatten, x=lambda at: at.dy.reshape(2, 2, 2, 3).transpose(0, 3, 1, 2).copy()),
        ),
        Mistake(
            "flatten",
            "samples mixed",
            "transpose",
            "reshapes the transposed gradient",
            "Do the numbers of sample 0 come back to sample 0?",
            wrong(flatten, x=lambda at: at.dy.T.reshape(at.x.shape)),
        ),
        Mistake(
            "flatten",
            "divided by the number of features",
            "factor",
            "averages where nothing is to be averaged",
            "Did the forward pass change any number?",
            wrong(flatten, x=lambda at: at.dy.reshape(at.x.shape) / at.dy.shape[1]),
        ),
    ),
)

RESHAPE = Entry(
    "reshape",
    reshape,
    (
        Case("typical", _case((2, 6), shape=(2, 3))),
        Case("to images", _case((2, 12), shape=(3, 2, 2))),
        Case("from images", _case((2, 2, 2, 3), shape=(3, 4))),
        Case("one sample", _case((1, 4), shape=(2, 2))),
    ),
    _random_reshape,
    (
        Mistake(
            "reshape",
            "shape not restored",
            "shape",
            "returns dy in the new shape",
            "Which shape has x, and which has your gradient?",
            wrong(reshape, x=lambda at: at.dy.copy()),
        ),
        Mistake(
            "reshape",
            "read in another order",
            None,
            "reads dy column by column",
            "Forward reads row by row: in which order do you read?",
            wrong(reshape, x=lambda at: at.dy.reshape(at.x.shape, order="F")),
        ),
        Mistake(
            "reshape",
            "transposed before it is read",
            None,
            "exchanges the last two axes of dy first",
            "Follow one number forward and back.",
            wrong(reshape, x=lambda at: at.dy.swapaxes(1, 2).reshape(at.x.shape)),
        ),
        Mistake(
            "reshape",
            "backwards",
            "flipped",
            "reads dy from its end",
            "Follow the first number forward and back.",
            wrong(reshape, x=lambda at: at.dy[:, ::-1, ::-1].reshape(at.x.shape)),
        ),
    ),
)
