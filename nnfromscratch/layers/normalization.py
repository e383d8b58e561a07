"""Normalization layers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch import functional
from nnfromscratch.errors import require_int, require_number
from nnfromscratch.functional.normalization import batch_norm_in_evaluation, batch_norm_in_training
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.types import Array


class BatchNorm(Layer):
    """Batch normalization, see ``functional.batch_norm``: by the batch in training, by running statistics afterwards.

    running ← (1 − momentum) · running + momentum · batch,    the variance taken unbiased: M / (M − 1) · σ²

    x: (N, num_features) or (N, num_features, H, W)   weight, bias: (num_features,), starting from 1 and 0
    state: running_mean, running_variance, starting from 0 and 1
    Raises RangeError for a size under 1, a momentum outside 0 … 1 or an eps that is not positive.
    Source: Ioffe & Szegedy, Batch normalization (2015), Algorithms 1 and 2.

    >>> layer = BatchNorm(3)
    >>> _ = layer.forward(np.ones((8, 3), np.float32))
    >>> layer.state["running_mean"]
    array([0.1, 0.1, 0.1], dtype=float32)
    """

    def __init__(
        self, num_features: int, *, momentum: float = 0.1, eps: float = 1e-5, dtype: npt.DTypeLike = np.float32
    ) -> None:
        size = require_int("BatchNorm", "num_features", num_features, least=1)
        self.momentum = require_number("BatchNorm", "momentum", momentum, least=0, most=1)
        self.eps = require_number("BatchNorm", "eps", eps, above=0)
        super().__init__(
            {"weight": np.ones(size, dtype), "bias": np.zeros(size, dtype)},
            {"running_mean": np.zeros(size, dtype), "running_variance": np.ones(size, dtype)},
        )

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """Normalize by the batch and remember its statistics, or, in evaluation, by those remembered."""
        return self.forward_activated(x, training, negative_slope=1.0)

    def forward_activated(self, x: Array, training: bool, negative_slope: float) -> tuple[Array, LayerBackward]:
        """``forward``, and (leaky) ReLU in the same pass over memory; a slope of 1 is none."""
        weight, bias = self.params["weight"], self.params["bias"]
        if not training:
            mean, variance = self.state["running_mean"], self.state["running_variance"]
            y, backward = batch_norm_in_evaluation(
                x, weight, bias, mean, variance, eps=self.eps, negative_slope=negative_slope
            )
            return y, self.way_back(backward)
        y, backward, (mean, variance) = batch_norm_in_training(
            x, weight, bias, eps=self.eps, negative_slope=negative_slope
        )
        count = x.size // x.shape[1]
        self._remember("running_mean", mean)
        self._remember("running_variance", variance * x.dtype.type(count / (count - 1)))
        return y, self.way_back(backward)

    def _remember(self, name: str, batch: Array) -> None:
        m = batch.dtype.type(self.momentum)
        self.state[name] = (1 - m) * self.state[name] + m * batch

    def __repr__(self) -> str:
        return f"BatchNorm({self.params['weight'].size})"


class LayerNorm(Layer):
    """Layer normalization over the last axes, see ``functional.layer_norm``.

    x: (N, ..., *shape)   weight, bias: shape, starting from 1 and 0
    Raises RangeError for a shape with a size under 1 or an eps that is not positive.
    """

    def __init__(self, shape: int | tuple[int, ...], *, eps: float = 1e-5, dtype: npt.DTypeLike = np.float32) -> None:
        sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
        axes = tuple(require_int("LayerNorm", "shape", size, least=1) for size in sizes)
        self.eps = require_number("LayerNorm", "eps", eps, above=0)
        super().__init__({"weight": np.ones(axes, dtype), "bias": np.zeros(axes, dtype)})

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """Normalize every sample by its own mean and variance."""
        y, backward = functional.layer_norm(x, self.params["weight"], self.params["bias"], eps=self.eps)
        return y, self.way_back(backward)

    def __repr__(self) -> str:
        return f"LayerNorm({' × '.join(map(str, self.params['weight'].shape))})"
