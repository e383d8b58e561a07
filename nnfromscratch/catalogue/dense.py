"""dense: its cases and the mistakes that people make."""

from __future__ import annotations

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import dense


def _case(n: int, d: int, k: int, *, bias: bool = True, scale: float = 1.0) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        x, weight = scale * rng.standard_normal((n, d)), rng.standard_normal((d, k))
        return Arguments((x, weight, scale * rng.standard_normal(k) if bias else None))

    return make


def _random(rng: np.random.Generator) -> Arguments:
    n, d, k = small(rng, 6), small(rng, 6), small(rng, 6)
    bias = None if rng.random() < 0.2 else values(rng, (k,))
    return Arguments((values(rng, (n, d)), values(rng, (d, k)), bias))


DENSE = Entry(
    "dense",
    dense,
    (
        Case("typical", _case(4, 5, 3)),
        Case("square", _case(4, 4, 4)),
        Case("one sample", _case(1, 5, 3)),
        Case("one feature, one output", _case(3, 1, 1)),
        Case("no bias", _case(3, 4, 2, bias=False)),
        Case("tiny numbers", _case(4, 3, 2, scale=1e-6)),
        Case("large", _case(128, 160, 3)),
    ),
    _random,
    (
        Mistake(
            "dense",
            "weight not transposed",
            "transpose",
            "multiplies dy by W, which fits only where W is square",
            "Write the shapes of dy, W and x next to each other: which index of W should be summed over?",
            wrong(dense, x=lambda at: at.dy @ at.weight),
            "square",
        ),
        Mistake(
            "dense",
            "dx transposed",
            "transpose",
            "computes W·dyᵀ and reshapes it to fit",
            "A reshape gives numbers a new shape, but does it also exchange rows and columns?",
            wrong(dense, x=lambda at: (at.weight @ at.dy.T).reshape(at.x.shape)),
        ),
        Mistake(
            "dense",
            "dweight transposed",
            "transpose",
            "computes dyᵀ·x",
            "The weight's gradient has the weight's shape: which axis belongs to the inputs?",
            wrong(dense, weight=lambda at: at.dy.T @ at.x),
        ),
        Mistake(
            "dense",
            "dweight transposed, square",
            "transpose",
            "computes dyᵀ·x, whose shape is right by chance",
            "Try it with a different number of inputs and outputs, and look at the shapes.",
            wrong(dense, weight=lambda at: at.dy.T @ at.x),
            "square",
        ),
        Mistake(
            "dense",
            "dbias not summed over the batch",
            "missing-sum",
            "returns dy itself for the bias",
            "Every sample uses the same bias: how do several paths to one number combine?",
            wrong(dense, bias=lambda at: at.dy.copy()),
        ),
        Mistake(
            "dense",
            "dbias summed over the outputs",
            "shape",
            "sums dy over the wrong axis",
            "Each output has a bias of its own: which axis of dy does it stand along?",
            wrong(dense, bias=lambda at: at.dy.sum(axis=1)),
        ),
        Mistake(
            "dense",
            "dbias averaged over the batch",
            "factor",
            "takes the mean where the sum belongs",
            "Where in the forward equation is a division by the batch size?",
            wrong(dense, bias=lambda at: at.dy.mean(axis=0)),
        ),
        Mistake(
            "dense",
            "dweight averaged over the batch",
            "factor",
            "divides the weight's gradient by N",
            "If the loss takes a mean, who has already divided by N?",
            wrong(dense, weight=lambda at: at.x.T @ at.dy / len(at.x)),
        ),
        Mistake(
            "dense",
            "dweight of the first sample",
            "missing-sum",
            "uses sample 0 only, as if the batch were one sample",
            "Does the second sample of the batch have a say in your weight gradient?",
            wrong(dense, weight=lambda at: np.outer(at.x[0], at.dy[0])),
        ),
        Mistake(
            "dense",
            "dweight of the last sample",
            "missing-sum",
            "loops over the samples with = where += belongs",
            "In your loop over the batch, what happens to the contribution of the sample before?",
            wrong(dense, weight=lambda at: np.outer(at.x[-1], at.dy[-1])),
        ),
        Mistake(
            "dense",
            "dbias of the first sample",
            "missing-sum",
            "returns dy[0] for the bias",
            "The shape fits, but how many samples have been counted?",
            wrong(dense, bias=lambda at: at.dy[0].copy()),
        ),
        Mistake(
            "dense",
            "gradient already stepped downhill",
            "sign",
            "returns the direction of the update instead of the gradient",
            "Who subtracts: the backward, or the optimizer?",
            wrong(dense, weight=lambda at: -(at.x.T @ at.dy)),
        ),
        Mistake(
            "dense",
            "dy forgotten in dx",
            "ignores-dy",
            "hands back the sum of the weights, as if dy were ones",
            "What would have to change in dx if dy were twice as large?",
            wrong(dense, x=lambda at: np.ones_like(at.dy) @ at.weight.T),
        ),
        Mistake(
            "dense",
            "x counted twice",
            "missing-factor",
            "multiplies dx by x once more, as for a product of two variables",
            "The result is linear in x: can its slope depend on x?",
            wrong(dense, x=lambda at: at.dy @ at.weight.T * at.x),
        ),
        Mistake(
            "dense",
            "bias added to dx",
            None,
            "adds the bias on the way back too",
            "Does a constant that is added change any slope?",
            wrong(dense, x=lambda at: (at.dy + at.bias) @ at.weight.T),
        ),
    ),
    kernels=True,
)
