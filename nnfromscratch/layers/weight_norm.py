"""Weight normalization of another layer's weight."""

from __future__ import annotations

import copy
from collections.abc import Collection, MutableMapping
from typing import TypeAlias

import numpy as np

from nnfromscratch.errors import NonFiniteError, RangeError, ShapeError
from nnfromscratch.functional.weight_norm import weight_norm
from nnfromscratch.layers.conv import Conv2d, ConvTranspose2d
from nnfromscratch.layers.dense import Dense
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.types import Array, Backward

Weighted: TypeAlias = "Dense | Conv2d | ConvTranspose2d"

OUTPUTS = {Dense: 1, Conv2d: 0, ConvTranspose2d: 1}  # the axis of the weight that belongs to the outputs


class WeightNorm(Layer):
    """Computes what ``layer`` does with g · v / ‖v‖ in the place of its weight, see ``functional.weight_norm``.

    Parameters: v, which starts as a copy of the layer's weight; g, one length for each output unit, which starts as
    that of v, so that a new WeightNorm computes what the layer does; the layer's bias, if it has one. The weight is
    made anew in each forward. ``initialize_from_data`` gives g and the bias the values that the paper starts from.
    A g that is not learned is state, which optimizers leave alone and checkpoints save.

    layer: a Dense, Conv2d or ConvTranspose2d; the WeightNorm keeps copies of its arrays. learn_gain: whether g is a
    parameter.
    x, y: as for the layer   v: as the layer's weight   g: one number for each output feature or channel
    Raises RangeError for another kind of layer, for a unit whose weights are all 0, here and in forward, and for a
    learn_gain that is neither True nor False.
    Source: Salimans and Kingma, Weight normalization: a simple reparameterization to accelerate training of deep
    neural networks (2016), section 2.

    >>> layer = WeightNorm(Dense(3, 2, rng=np.random.default_rng(0)))
    >>> layer, list(layer.params), layer.params["g"].shape
    (WeightNorm(Dense(3, 2)), ['v', 'g', 'bias'], (2,))
    >>> list(WeightNorm(Dense(3, 2, rng=np.random.default_rng(0)), learn_gain=False).params)
    ['v', 'bias']
    """

    def __init__(self, layer: Weighted, *, learn_gain: bool = True) -> None:
        if type(layer) not in OUTPUTS:
            known = ", ".join(kind.__name__ for kind in OUTPUTS)
            raise RangeError(f"WeightNorm: layer expects one of {known}, is {layer!r}")
        if not isinstance(learn_gain, bool):
            raise RangeError(f"WeightNorm: learn_gain expects True or False, is {learn_gain!r}")
        self.layer = layer
        self.axis = OUTPUTS[type(layer)]
        v = layer.params["weight"].copy(order="K")
        g = np.sqrt((v * v).sum(axis=tuple(place for place in range(v.ndim) if place != self.axis)))
        weight_norm(v, g, axis=self.axis)  # says no here already
        gain, bias = {"g": g}, layer.params.get("bias")
        super().__init__(
            {"v": v, **(gain if learn_gain else {}), **({} if bias is None else {"bias": bias.copy()})},
            {} if learn_gain else gain,
        )

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The layer's result with the normalized weight."""
        y, backward = self.weighted_sum(x, self.params.get("bias"))
        return y, self.way_back(backward)

    def weighted_sum(self, x: Array, bias: Array | None) -> tuple[Array, Backward]:
        """The layer's operation alone, with the normalized weight and the given bias; the gradients of x, v, g, bias.

        That of g only where it is learned.
        """
        weight, weight_backward = weight_norm(self.params["v"], self._home_of_g()["g"], axis=self.axis)
        y, sum_backward = self._with(weight).weighted_sum(x, bias)
        learned = tuple(name for name in ("v", "g") if name in self.params)

        def backward(dy: Array, wrt: Collection[str]) -> tuple[Array | None, ...]:
            wanted = [name for name, asked in (("x", "x"), ("weight", "v"), ("bias", "bias")) if asked in wrt]
            dx, dweight, dbias = sum_backward(dy, wrt=wanted)
            grads = (None,) * len(learned) if dweight is None else weight_backward(dweight, wrt=learned)
            return dx, *grads[: len(learned)], dbias

        return y, backward

    def standardize(self, x: Array, *, name: str = "WeightNorm.standardize") -> None:
        """Choose g and the bias so that each unit's results for the batch x have mean 0 and variance 1.

        g ← 1 / σ        b ← −μ / σ        t = v·x / ‖v‖        μ = mean(t)        σ² = mean((t − μ)²)

        The means are over the batch and, for a convolution, over all positions. v stays. Without a bias only the
        variance becomes 1.
        x: as for the layer, N at least 1   name: what an error's message begins with
        Raises ShapeError for an empty batch, NonFiniteError where a result is NaN or infinite, RangeError where one
        unit's results are all the same, as for a batch of one row; nothing is changed then.
        Source: as above, section 3, equations (5) and (6).
        """
        if not len(x):
            raise ShapeError(f"{name}: x expects at least 1 sample, the batch is empty")
        v = self.params["v"]
        direction, _ = weight_norm(v, np.ones(v.shape[self.axis], v.dtype), axis=self.axis)
        t = np.asarray(self._with(direction).weighted_sum(x, None)[0], np.float64)
        everywhere = (0, *range(2, t.ndim))
        mean, std = t.mean(axis=everywhere), t.std(axis=everywhere)
        if not np.isfinite(std).all():
            raise NonFiniteError(
                f"{name}: x expects a batch with finite results, unit {np.isfinite(std).argmin()} has none"
            )
        # what rounding alone makes of results that are all the same
        noise = 16 * np.finfo(v.dtype).eps * np.abs(t).max(axis=everywhere)
        if (std <= noise).any():
            raise RangeError(
                f"{name}: x expects a batch in which each unit's results differ, those of unit "
                f"{(std <= noise).argmax()} are all the same: their variance is 0"
            )
        self._home_of_g()["g"] = (1 / std).astype(v.dtype)
        if "bias" in self.params:
            self.params["bias"] = (-mean / std).astype(v.dtype)

    def take_start(self, other: WeightNorm) -> None:
        """Copy g and the bias of another WeightNorm like this one."""
        self._home_of_g()["g"] = other._home_of_g()["g"].copy()
        if "bias" in self.params:
            self.params["bias"] = other.params["bias"].copy()

    def _home_of_g(self) -> MutableMapping[str, Array]:
        return self.params if "g" in self.params else self.state

    def _with(self, weight: Array) -> Weighted:
        """The layer with this weight."""
        layer = copy.copy(self.layer)
        layer.params = {"weight": weight}
        return layer

    def __repr__(self) -> str:
        return f"WeightNorm({self.layer!r})"
