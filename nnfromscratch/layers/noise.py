"""Layers that add noise in training and do nothing in evaluation."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from nnfromscratch import functional
from nnfromscratch.errors import require_generator, require_gradient, require_number, require_wrt
from nnfromscratch.layers.layer import Gradients, Layer, LayerBackward
from nnfromscratch.randomness import own_generator
from nnfromscratch.types import Array


class _Noise(Layer):
    """Noise from a generator of the layer's own, which is part of its state: a resumed run draws the same."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(state={"rng": own_generator(require_generator(type(self).__name__, rng))})

    def pass_through(self, x: Array) -> tuple[Array, LayerBackward]:
        """y = x and ∂L/∂x = ∂L/∂y."""
        shape, dtype = x.shape, x.dtype

        def backward(dy: Array, wrt: Collection[str] = ("x", "params")) -> tuple[Array | None, Gradients]:
            require_wrt(type(self).__name__, wrt, ("x", "params"))
            require_gradient(type(self).__name__, dy, shape, dtype)
            return (dy if "x" in wrt else None), {}

        return x, backward


class Dropout(_Noise):
    """Sets numbers to zero at random in training, see ``functional.dropout``; passes everything on in evaluation.

    rate: the probability of zero, at least 0 and below 1. The generator of the layer's own is seeded from ``rng``.

    >>> layer = Dropout(0.5, rng=np.random.default_rng(0))
    >>> layer.forward(np.ones((1, 4)), training=False)[0]
    array([[1., 1., 1., 1.]])
    """

    def __init__(self, rate: float, *, rng: np.random.Generator) -> None:
        self.rate = require_number("Dropout", "rate", rate, least=0, below=1)
        super().__init__(rng)

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """Dropout in training, x itself in evaluation."""
        if not training:
            return self.pass_through(x)
        y, backward = functional.dropout(x, self.rate, rng=self.state["rng"])
        return y, self.way_back(backward)

    def __repr__(self) -> str:
        return f"Dropout({self.rate:g})"


class GaussianNoise(_Noise):
    """Adds normal noise in training, see ``functional.gaussian_noise``; passes everything on in evaluation.

    std: its standard deviation, at least 0. The generator of the layer's own is seeded from ``rng``.
    """

    def __init__(self, std: float, *, rng: np.random.Generator) -> None:
        self.std = require_number("GaussianNoise", "std", std, least=0)
        super().__init__(rng)

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """Noise in training, x itself in evaluation."""
        if not training:
            return self.pass_through(x)
        y, backward = functional.gaussian_noise(x, self.std, rng=self.state["rng"])
        return y, self.way_back(backward)

    def __repr__(self) -> str:
        return f"GaussianNoise({self.std:g})"
