"""The fully connected layer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch import functional
from nnfromscratch.errors import require_generator, require_int
from nnfromscratch.initializers import Initializer, he_normal
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.types import Array, Backward


class Dense(Layer):
    """y = x·W + b, see ``functional.dense``.

    x: (N, in_features)   weight: (in_features, out_features)   bias: (out_features,)   y: (N, out_features)
    Weights start from ``initializer`` (He's, for relu), the bias from 0.
    Raises RangeError for a size under 1.

    >>> Dense(784, 10, rng=np.random.default_rng(0)).params["weight"].shape
    (784, 10)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
        initializer: Initializer = he_normal,
    ) -> None:
        shape = (
            require_int("Dense", "in_features", in_features, least=1),
            require_int("Dense", "out_features", out_features, least=1),
        )
        params = {"weight": initializer(shape, require_generator("Dense", rng), dtype)}
        if bias:
            params["bias"] = np.zeros(out_features, dtype)
        super().__init__(params)

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """y = x·W + b."""
        y, backward = self.weighted_sum(x, self.params.get("bias"))
        return y, self.way_back(backward)

    def weighted_sum(self, x: Array, bias: Array | None) -> tuple[Array, Backward]:
        """The operation alone, with the layer's weight and the given bias."""
        return functional.dense(x, self.params["weight"], bias)

    def __repr__(self) -> str:
        return "Dense({}, {})".format(*self.params["weight"].shape)
