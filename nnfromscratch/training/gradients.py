"""How long the gradients are, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from nnfromscratch.types import Array


def gradient_norms(grads: Mapping[str, Array]) -> dict[str, float]:
    """The length of every layer's gradient, its parameters taken together: NaN or infinity shows in the length.

    norm[layer] = √(Σ_parameters Σ g²)

    grads: by name as a layer's ``backward`` gives them; "0.weight" and "0.bias" are of layer "0", a name without a dot
    is of the layer "". The squares are added in float64, where no float32 overflows.

    >>> gradient_norms({"0.weight": np.array([3.0, 0.0]), "0.bias": np.array([4.0]), "2.weight": np.array([1.0])})
    {'0': 5.0, '2': 1.0}
    """
    squares: dict[str, float] = {}
    for name, g in grads.items():
        layer = name.rpartition(".")[0]
        squares[layer] = squares.get(layer, 0.0) + float(np.square(g, dtype=np.float64).sum())
    return {layer: math.sqrt(total) for layer, total in squares.items()}
