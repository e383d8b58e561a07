"""A small CNN with noise inside, for few labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import require_int
from nnfromscratch.layers import Conv2d, Dense, Flatten, GaussianNoise, LeakyReLU, Sequential, WeightNorm
from nnfromscratch.models.convolutional import image_shape_of


def noisy_cnn(
    *,
    rng: np.random.Generator,
    classes: int = 10,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    dtype: npt.DTypeLike = np.float32,
) -> Sequential:
    """Two convolutions of stride 2 and a dense layer, weight-normalized, with Gaussian noise before each of them.

    5×5 to 16 maps, 3×3 to 32 maps, dense 128; leaky ReLU of slope 0.1. Strides take the place of pooling. The noise has
    a standard deviation of 0.3 on the image, 0.15 behind the first convolution and 0.3 behind the rest. As in
    ``few_labels_discriminator`` only the last layer learns how long its weights are.

    x: (N, *image_shape), pixels from 0 to 1   y: (N, classes), logits
    Raises ShapeError for an image_shape that is none, RangeError for less than one class.
    Source: the kind of network is that of Rasmus et al., Semi-Supervised Learning with Ladder Networks (2015), section
    4.2, with noise in every layer; the sizes are our own.

    >>> noisy_cnn(rng=np.random.default_rng(0)).output_shape((1, 28, 28))
    (10,)
    """
    channels, height, width = image_shape_of("noisy_cnn", image_shape)
    require_int("noisy_cnn", "classes", classes, least=1)
    features = Sequential(
        GaussianNoise(0.3, rng=rng),
        WeightNorm(Conv2d(channels, 16, 5, stride=2, padding="same", rng=rng, dtype=dtype), learn_gain=False),
        LeakyReLU(0.1),
        GaussianNoise(0.15, rng=rng),
        WeightNorm(Conv2d(16, 32, 3, stride=2, padding="same", rng=rng, dtype=dtype), learn_gain=False),
        LeakyReLU(0.1),
        GaussianNoise(0.3, rng=rng),
        Flatten(),
    )
    (size,) = features.output_shape((channels, height, width))
    return Sequential(
        *features,
        WeightNorm(Dense(size, 128, rng=rng, dtype=dtype), learn_gain=False),
        LeakyReLU(0.1),
        GaussianNoise(0.3, rng=rng),
        WeightNorm(Dense(128, classes, rng=rng, dtype=dtype)),
        input_shape=(channels, height, width),
    )
