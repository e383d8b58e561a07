"""Layers that give the same numbers another shape."""

from __future__ import annotations

from nnfromscratch import functional
from nnfromscratch.functional.reshape import sample_shape
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.types import Array


class Flatten(Layer):
    """Every sample as one row of numbers, see ``functional.flatten``.

    >>> Flatten().output_shape((64, 7, 7))
    (3136,)
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """(N, ...) to (N, D)."""
        y, backward = functional.flatten(x)
        return y, self.way_back(backward)

    def __repr__(self) -> str:
        return "Flatten()"


class Reshape(Layer):
    """Every sample in another shape, see ``functional.reshape``. shape: without the batch.

    >>> Reshape((128, 7, 7)).output_shape((6272,))
    (128, 7, 7)
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = sample_shape("Reshape", shape)
        super().__init__()

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """(N, ...) to (N, *shape)."""
        y, backward = functional.reshape(x, self.shape)
        return y, self.way_back(backward)

    def __repr__(self) -> str:
        return f"Reshape({' × '.join(map(str, self.shape))})"
