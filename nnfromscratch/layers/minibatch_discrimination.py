"""The layer that lets a discriminator see whether the samples of a batch are all alike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch import functional
from nnfromscratch.errors import ShapeError, require_generator, require_int
from nnfromscratch.initializers import lecun_normal
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.types import Array


class MinibatchDiscrimination(Layer):
    """y[n] = [x[n], o[n]], see ``functional.minibatch_discrimination``.

    o tells how many others of the batch are like sample n. The layer stands before the last one of a discriminator. As
    a result depends on the whole batch, also in evaluation, ``predict`` depends on its ``batch_size``; real and
    generated images go through it in batches of their own.
    Weights start normal, with a deviation of 1 / (C·√A). Two samples whose features are independent with variance 1
    then have an expected distance of 2 / √π = 1.13, whatever the sizes, and a similarity of about 0.3: neither 0 nor
    1, where it hardly changes.
    x: (N, in_features)   weight: (in_features, num_kernels, kernel_size)
    y: (N, in_features + num_kernels)   in_features A, num_kernels B, kernel_size C: at least 1
    Raises RangeError for a size under 1; ShapeError in training for a batch of 1, in which nobody has others.

    >>> layer = MinibatchDiscrimination(128, 32, 8, rng=np.random.default_rng(0))
    >>> layer.output_shape((128,))
    (160,)
    """

    def __init__(
        self,
        in_features: int,
        num_kernels: int,
        kernel_size: int,
        *,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        name = "MinibatchDiscrimination"
        features = require_int(name, "in_features", in_features, least=1)
        kernels = require_int(name, "num_kernels", num_kernels, least=1)
        size = require_int(name, "kernel_size", kernel_size, least=1)
        weight = lecun_normal((features, kernels * size), require_generator(name, rng), dtype)
        weight /= size
        super().__init__({"weight": weight.reshape(features, kernels, size)})

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The features and, beside them, the similarities to the others."""
        y, backward = functional.minibatch_discrimination(x, self.params["weight"])
        if training and len(x) == 1:
            raise ShapeError("MinibatchDiscrimination: x expects at least 2 samples to compare in training, has 1")
        return y, self.way_back(backward)

    def __repr__(self) -> str:
        return "MinibatchDiscrimination({}, {}, {})".format(*self.params["weight"].shape)
