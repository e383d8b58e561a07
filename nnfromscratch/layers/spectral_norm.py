"""Spectral normalization of another layer's weight."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import TypeAlias

import numpy as np

from nnfromscratch.errors import RangeError, require_generator
from nnfromscratch.functional.spectral_norm import power_iteration, spectral_norm
from nnfromscratch.layers.conv import Conv2d, ConvTranspose2d
from nnfromscratch.layers.dense import Dense
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.layers.parameters import Parameters
from nnfromscratch.types import Array

Weighted: TypeAlias = "Dense | Conv2d | ConvTranspose2d"

OUTPUTS = {Dense: 1, Conv2d: 0, ConvTranspose2d: 1}  # the axis of the weight that belongs to the outputs


class SpectralNorm(Layer):
    """Computes what ``layer`` does with W / σ(W) in the place of its weight W, see ``functional.spectral_norm``.

    The parameters are the layer's own: its weight is what training changes, W / σ(W) is made anew in each forward. The
    bias is left alone. A training forward first brings u one power iteration nearer; evaluation takes u as it is.
    The gradient takes u for a constant: exact where u has arrived, nearly so while it follows a weight that learns.
    For a convolution σ is that of the kernels laid out as a matrix, one row each, as in the paper.

    layer: a Dense, Conv2d or ConvTranspose2d. rng: draws the first u.
    x, y: as for the layer   state: u, one number for each output feature or channel, of length 1
    Raises RangeError for another kind of layer, and in forward for a weight of zeros.
    Source: Miyato, Kataoka, Koyama, Yoshida, Spectral normalization for generative adversarial networks (2018),
    Algorithm 1.

    >>> rng = np.random.default_rng(0)
    >>> layer = SpectralNorm(Dense(3, 2, rng=rng), rng=rng)
    >>> layer, sorted(layer.params), layer.state["u"].shape
    (SpectralNorm(Dense(3, 2)), ['bias', 'weight'], (2,))
    """

    def __init__(self, layer: Weighted, *, rng: np.random.Generator) -> None:
        if type(layer) not in OUTPUTS:
            known = ", ".join(kind.__name__ for kind in OUTPUTS)
            raise RangeError(f"SpectralNorm: layer expects one of {known}, is {layer!r}")
        self.layer = layer
        self.axis = OUTPUTS[type(layer)]
        weight = layer.params["weight"]
        u = require_generator("SpectralNorm", rng).standard_normal((weight.shape[self.axis],))
        self.params = layer.params
        self.state = {"u": (u / np.sqrt((u * u).sum())).astype(weight.dtype)}

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The layer's result with the normalized weight."""
        if training:
            self.state["u"] = power_iteration(self.params["weight"], self.state["u"], axis=self.axis)
        weight, weight_backward = spectral_norm(self.params["weight"], u=self.state["u"], axis=self.axis)
        normalized = copy.copy(self.layer)
        normalized.params = Parameters({"weight": weight})
        y, sum_backward = normalized.weighted_sum(x, self.params.get("bias"))

        def backward(dy: Array, wrt: Collection[str]) -> tuple[Array | None, ...]:
            dx, dweight, dbias = sum_backward(dy, wrt=wrt)
            return dx, None if dweight is None else weight_backward(dweight), dbias

        return y, self.way_back(backward)

    def __repr__(self) -> str:
        return f"SpectralNorm({self.layer!r})"
