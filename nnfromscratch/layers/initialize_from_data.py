"""The start of a weight-normalized network, chosen by a batch of its data."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from nnfromscratch.errors import RangeError
from nnfromscratch.layers.layer import Layer
from nnfromscratch.layers.sequential import Sequential
from nnfromscratch.layers.weight_norm import WeightNorm
from nnfromscratch.types import Array


def initialize_from_data(network: Layer, x: Array, *, training: bool = True) -> None:
    """Choose g and the bias of each WeightNorm so that its results for the batch x have mean 0 and variance 1.

    g ← 1 / σ[t]        b ← −μ[t] / σ[t]        t = v·x / ‖v‖

    The batch goes through the network once; each WeightNorm gets g and b by what reaches it, see
    ``WeightNorm.standardize``, and hands on results that are standardized. Nothing else of the network changes: also
    noise and running statistics are afterwards as they were. Call it once, before training, with some hundred
    samples: the standard deviations are estimated from them.
    network: a WeightNorm, or a Sequential with at least one, nested or not
    x: as for the network, N at least 1. training: whether the layers between, such as noise, do what they do in
    training, in which case the same noise will be drawn again in the first step.
    Raises RangeError where the network has no WeightNorm and where a unit's results are all the same, ShapeError for
    an empty batch, NonFiniteError for NaN or infinity; nothing is changed then.
    Source: Salimans and Kingma, Weight normalization: a simple reparameterization to accelerate training of deep
    neural networks (2016), section 3, equations (5) and (6).

    >>> import numpy as np
    >>> from nnfromscratch.layers import Dense
    >>> layer = WeightNorm(Dense(3, 2, rng=np.random.default_rng(0), dtype=np.float64))
    >>> x = np.random.default_rng(1).uniform(0, 5, (100, 3))
    >>> initialize_from_data(layer, x)
    >>> y = layer.predict(x)
    >>> np.abs(y.mean(axis=0).round(8)), y.std(axis=0).round(8)
    (array([0., 0.]), array([1., 1.]))
    """
    trial = copy.deepcopy(network)  # so that nothing of the network changes before all is known
    found = dict(_weight_norms(trial, ""))
    if not found:
        raise RangeError(f"initialize_from_data: network expects at least one WeightNorm, has none: {network!r}")
    _standardize(trial, x, training, "")
    for name, layer in _weight_norms(network, ""):
        layer.take_start(found[name])


def _weight_norms(layer: object, name: str) -> Iterator[tuple[str, WeightNorm]]:
    """The WeightNorms by the number of their place, "0" or, nested, "0.1"; a layer alone has none."""
    if isinstance(layer, WeightNorm):
        yield name, layer
    elif isinstance(layer, Sequential):
        for index, inner in enumerate(layer):
            yield from _weight_norms(inner, f"{name}.{index}".lstrip("."))


def _standardize(layer: Layer, x: Array, training: bool, name: str) -> Array:
    """The layer's result after every WeightNorm in it has been standardized."""
    if isinstance(layer, Sequential):
        for index, inner in enumerate(layer):
            x = _standardize(inner, x, training, f"{name}.{index}".lstrip("."))
        return x
    if isinstance(layer, WeightNorm):
        layer.standardize(x, name="initialize_from_data" + (f": layer {name}" if name else ""))
    return layer.forward(x, training=training)[0]
