"""embedding and Embedding: their cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.built import built, wrong_layer
from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import embedding
from nnfromscratch.layers import Embedding
from nnfromscratch.layers.layer import LayerBackward
from nnfromscratch.types import Array


class EmbeddingOfTheLast(Embedding):
    """Keeps of several gradients of one row the last."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The right result, but an assignment where a sum belongs."""
        y, _ = super().forward(x, training)

        def backward(dy: Array) -> Any:
            dweight = np.zeros_like(self.params["weight"])
            dweight[x] = dy
            return None, {"weight": dweight}

        return y, backward


def _case(labels: list[Any], table: tuple[int, int], scale: float = 1.0) -> Make:
    return lambda rng: Arguments((np.array(labels), scale * rng.standard_normal(table)))


def _random_case(count: int, table: tuple[int, int]) -> Make:
    return lambda rng: Arguments((rng.integers(0, table[0], count), rng.standard_normal(table)))


def _random(rng: np.random.Generator) -> Arguments:
    table = (small(rng), small(rng))
    labels = rng.integers(0, table[0], tuple(small(rng) for _ in range(rng.integers(1, 3))))
    return Arguments((labels.astype(rng.choice(["int64", "int32", "uint8"])), values(rng, table)))


def _layer_case(*labels: int, training: bool = True) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        settings = {"num_embeddings": 5, "features": 3}
        return Arguments((np.array(labels),), settings, int(rng.integers(1000)), training)

    return make


def _random_layer(rng: np.random.Generator) -> Arguments:
    rows = small(rng)
    settings = {"num_embeddings": rows, "features": small(rng)}
    labels = rng.integers(0, rows, small(rng))
    return Arguments((labels,), settings, int(rng.integers(1000)), bool(rng.random() < 0.7))


def _last_only(at: Any) -> Array:
    dweight = np.zeros_like(at.weight)
    dweight[at.labels] = at.dy
    return dweight


def _first_only(at: Any) -> Array:
    dweight = np.zeros_like(at.weight)
    seen, first = np.unique(at.labels, return_index=True)
    dweight[seen] = at.dy[first]
    return dweight


def _averaged(at: Any) -> Array:
    counts = np.bincount(at.labels, minlength=len(at.weight))
    return np.asarray(at.right / np.maximum(counts, 1)[:, None])


def _by_place(at: Any) -> Array:
    dweight = np.zeros_like(at.weight)
    dweight[: len(at.dy)] = at.dy[: len(dweight)]
    return dweight


def _everywhere(at: Any) -> Array:
    return np.asarray(np.broadcast_to(at.dy.sum(axis=0), at.weight.shape)).copy()


EMBEDDING = Entry(
    "embedding",
    embedding,
    (
        Case("typical", _case([2, 0, 2, 4, 2, 1], (5, 3))),
        Case("every label once", _case([2, 0, 1], (3, 4))),
        Case("one label for all", _case([1, 1, 1], (3, 2))),
        Case("one sample", _case([3], (4, 2))),
        Case("one row", _case([0, 0], (1, 3))),
        Case("labels with two axes", _case([[0, 2, 1], [2, 2, 0]], (4, 2))),
        Case("tiny numbers", _case([0, 1, 1], (2, 3), 1e-6)),
        Case("huge numbers", _case([0, 1, 1], (2, 3), 1e6)),
        Case("large", _random_case(300, (40, 100))),
    ),
    _random,
    (
        Mistake(
            "embedding",
            "last one wins",
            "slice",
            "assigns dy to the rows, so that of several gradients of one row the last remains",
            "What becomes of the gradient of a label that occurs twice in the batch?",
            wrong(embedding, weight=_last_only),
        ),
        Mistake(
            "embedding",
            "first one wins",
            "slice",
            "takes for each row the gradient of the first sample that has its label",
            "What becomes of the gradient of a label that occurs twice in the batch?",
            wrong(embedding, weight=_first_only),
        ),
        Mistake(
            "embedding",
            "averaged over the samples of a label",
            "slice",
            "divides each row by the number of times that it was looked up",
            "Sum or mean: what does the chain rule say about several paths to one number?",
            wrong(embedding, weight=_averaged),
        ),
        Mistake(
            "embedding",
            "averaged over the batch",
            "factor",
            "divides by the batch size",
            "Where in the forward equation is a division by the batch size?",
            wrong(embedding, weight=lambda at: at.right / len(at.labels)),
        ),
        Mistake(
            "embedding",
            "rows in the order of the batch",
            None,
            "gives row n the gradient of sample n",
            "Which row of the table did sample n look up?",
            wrong(embedding, weight=_by_place),
        ),
        Mistake(
            "embedding",
            "gradient to every row",
            None,
            "gives all rows the sum of dy",
            "Does the result change when a row changes that nobody looked up?",
            wrong(embedding, weight=_everywhere),
        ),
        Mistake(
            "embedding",
            "labels counted from 1",
            "shift",
            "takes the row after the one that was looked up",
            "Is the first row number 0 or number 1?",
            wrong(embedding, weight=lambda at: np.roll(at.right, 1, axis=0)),
        ),
        Mistake(
            "embedding",
            "multiplied by the row",
            "missing-factor",
            "multiplies by the weight, as if y were its square",
            "How steep is y as a function of the row it is a copy of?",
            wrong(embedding, weight=lambda at: at.right * at.weight),
        ),
    ),
    wrt=("weight",),
)

EMBEDDING_LAYER = Entry(
    "Embedding",
    Embedding,
    (
        Case("typical", _layer_case(4, 0, 4, 2, 4)),
        Case("one sample", _layer_case(3)),
        Case("evaluation", _layer_case(1, 1, 2, training=False)),
    ),
    _random_layer,
    (
        Mistake(
            "Embedding",
            "last one wins",
            "slice",
            "keeps of several gradients of one row the last",
            "What becomes of the gradient of a label that occurs twice in the batch?",
            EmbeddingOfTheLast,
        ),
        Mistake(
            "Embedding",
            "averaged over the batch",
            "factor",
            "divides by the batch size",
            "Where in the forward equation is a division by the batch size?",
            wrong_layer(Embedding, lambda at: (None, {"weight": at.grads["weight"] / len(at.dy)})),
        ),
    ),
    subject=built,
)
