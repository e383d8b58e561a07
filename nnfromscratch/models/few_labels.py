"""The networks for few labels and many images: a noisy dense discriminator that tells classes, and its generator."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import require_int
from nnfromscratch.layers import (
    BatchNorm,
    Dense,
    Flatten,
    GaussianNoise,
    Layer,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Softplus,
    WeightNorm,
)
from nnfromscratch.models.convolutional import image_shape_of


def few_labels_discriminator(
    *,
    rng: np.random.Generator,
    classes: int = 10,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    widths: tuple[int, ...] = (300, 150, 150),
    input_noise: float = 0.3,
    hidden_noise: float = 0.5,
    dtype: npt.DTypeLike = np.float32,
) -> Sequential:
    """Dense layers with weight normalization and ReLU, 784-300-150-150-10, and noise on everything that they see.

    The noise keeps a few labels from being learned by heart. Only the last layer learns how long its weights are, the
    others just their direction; ``layers.initialize_from_data`` chooses the lengths. The features that a generator
    matches are those of the last hidden layer, before its noise. Salimans et al. take five hidden layers of 1000, 500,
    250, 250, 250; these learn more in a few minutes.

    x: (N, *image_shape), pixels from 0 to 1   y: (N, classes), logits; the logit of "generated" is 0, see
    ``gan.real_or_generated``
    widths: of the hidden layers, at least one. input_noise, hidden_noise: standard deviations, at least 0.
    Raises ShapeError for an image_shape that is none, RangeError for a size under 1 or a negative noise.
    Source: Salimans et al., Improved Techniques for Training GANs (2016), section 6.1.

    >>> few_labels_discriminator(rng=np.random.default_rng(0)).output_shape((1, 28, 28))
    (10,)
    """
    name = "few_labels_discriminator"
    shape = image_shape_of(name, image_shape)
    require_int(name, "classes", classes, least=1)
    require_int(name, "the number of widths", len(widths), least=1)
    layers: list[Layer] = [Flatten(), GaussianNoise(input_noise, rng=rng)]
    inputs = math.prod(shape)
    for width in widths:
        require_int(name, "widths", width, least=1)
        layers += [WeightNorm(Dense(inputs, width, rng=rng, dtype=dtype), learn_gain=False), ReLU()]
        layers.append(GaussianNoise(hidden_noise, rng=rng))
        inputs = width
    layers.append(WeightNorm(Dense(inputs, classes, rng=rng, dtype=dtype)))
    return Sequential(*layers, input_shape=shape)


def few_labels_generator(
    *,
    rng: np.random.Generator,
    latent: int = 100,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    width: int = 200,
    dtype: npt.DTypeLike = np.float32,
) -> Sequential:
    """From noise to an image by dense layers, 100-200-200-784, with softplus and batch normalization behind each.

    z: (N, latent), uniform from 0 to 1   y: (N, *image_shape), from 0 to 1
    Raises ShapeError for an image_shape that is none, RangeError for a size under 1.
    Source: Salimans et al., Improved Techniques for Training GANs (2016), section 6.1 (there with two layers of 500,
    and weight normalization behind the last).

    >>> few_labels_generator(rng=np.random.default_rng(0)).output_shape((100,))
    (1, 28, 28)
    """
    shape = image_shape_of("few_labels_generator", image_shape)
    for name, size in (("latent", latent), ("width", width)):
        require_int("few_labels_generator", name, size, least=1)
    layers: list[Layer] = []
    for inputs in (latent, width):
        layers += [Dense(inputs, width, rng=rng, dtype=dtype), Softplus(), BatchNorm(width, dtype=dtype)]
    last = Dense(width, math.prod(shape), rng=rng, dtype=dtype)
    return Sequential(*layers, last, Sigmoid(), Reshape(shape), input_shape=(latent,))
