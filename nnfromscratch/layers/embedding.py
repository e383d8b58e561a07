"""A learned row of numbers for each label."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from nnfromscratch import functional
from nnfromscratch.errors import require_generator, require_int
from nnfromscratch.initializers import lecun_normal
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.types import Array


class Embedding(Layer):
    """y[n] = W[t[n]], see ``functional.embedding``.

    labels t: any shape, whole numbers from 0 to num_embeddings − 1   weight W: (num_embeddings, features)
    y: (*labels.shape, features)
    Rows start normal with standard deviation 1, as the noise has beside which a generator gets them. Labels are whole
    numbers, so there is no ∂L/∂x: ``backward`` gives None in its place.
    Raises RangeError for a size under 1 and for labels outside the table, DtypeError for labels that are no whole
    numbers.

    >>> layer = Embedding(10, 3, rng=np.random.default_rng(0))
    >>> y, backward = layer.forward(np.array([7, 7, 1]))
    >>> backward(np.ones_like(y))[1]["weight"][7]
    array([2., 2., 2.], dtype=float32)
    """

    takes_labels = True

    def __init__(
        self, num_embeddings: int, features: int, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
    ) -> None:
        rows = require_int("Embedding", "num_embeddings", num_embeddings, least=1)
        columns = require_int("Embedding", "features", features, least=1)
        # One of the rows comes out, not a sum over all: as for a layer with a single input.
        weight = lecun_normal((1, rows * columns), require_generator("Embedding", rng), dtype)
        super().__init__({"weight": weight.reshape(rows, columns)})

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The rows of the labels x."""
        y, backward = functional.embedding(x, self.params["weight"])

        def of_table(dy: Array, wrt: Collection[str]) -> tuple[None, Array | None]:
            return None, backward(dy) if "weight" in wrt else None

        return y, self.way_back(of_table)

    def __repr__(self) -> str:
        return "Embedding({}, {})".format(*self.params["weight"].shape)
