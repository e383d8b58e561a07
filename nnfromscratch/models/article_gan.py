"""The article's GAN: two small networks of dense layers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import require_int
from nnfromscratch.initializers import glorot_uniform
from nnfromscratch.layers import (
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    MinibatchDiscrimination,
    Reshape,
    Sequential,
    Sigmoid,
    VirtualBatchNorm,
)
from nnfromscratch.models.convolutional import COMPARED, REFERENCE, ImageShape, image_shape_of, with_reference


def article_gan(
    *,
    rng: np.random.Generator,
    latent: int = 100,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    width: int = 128,
    dropout: float = 0.0,
    minibatch_discrimination: bool = False,
    virtual_batch_norm: bool = False,
    dtype: npt.DTypeLike = np.float32,
) -> tuple[Layer, Sequential]:
    """The generator 100-128-128-784 and the discriminator 784-128-128-1 of the article's section 4.

    Leaky ReLU of slope 0.2 between the layers, a sigmoid behind the generator's last; weights start as in TensorFlow 1,
    Glorot's uniform. Two things are mended. As printed, the discriminator never flattens its image: its dense layers
    work on the last axis, 28-128-128-1, and give one score for each *row* of the image. Here it flattens first. And
    the sigmoid behind its last layer is part of the loss (see ``gan.OBJECTIVES``): log σ(s) computed in one piece
    is exact where σ(s) by itself would be rounded to 0 or 1.

    generator: noise (N, latent) → images (N, *image_shape) from 0 to 1   discriminator: images → scores (N, 1)
    The last three settings are not the article's. dropout: its rate in the discriminator, behind each activation.
    minibatch_discrimination: before the discriminator's last layer. virtual_batch_norm: in the generator, before each
    activation.
    Raises ShapeError for an image_shape that is none, RangeError for a size under 1 or a rate outside [0, 1).
    Source: the article's section 4; Goodfellow et al., Generative Adversarial Nets (2014).

    >>> generator, discriminator = article_gan(rng=np.random.default_rng(0))
    >>> generator.output_shape((100,)), discriminator.output_shape((1, 28, 28))
    ((1, 28, 28), (1,))
    """
    shape = image_shape_of("article_gan", image_shape)
    for name, size in (("latent", latent), ("width", width)):
        require_int("article_gan", name, size, least=1)
    reference = REFERENCE if virtual_batch_norm else 0
    generator = dense_generator(latent, shape, width, reference=reference, rng=rng, dtype=dtype)
    discriminator = dense_discriminator(
        shape, width, dropout=dropout, compare=minibatch_discrimination, rng=rng, dtype=dtype
    )
    return with_reference(generator, latent, rng, dtype) if reference else generator, discriminator


def dense_generator(
    latent: int,
    image_shape: ImageShape,
    width: int,
    *,
    reference: int = 0,
    rng: np.random.Generator,
    dtype: npt.DTypeLike,
) -> Sequential:
    """From ``latent`` numbers to an image from 0 to 1 by three dense layers.

    reference: the size of a reference batch, where there is one; what is normalized beside it goes without a bias.
    """
    layers: list[Layer] = []
    for inputs in (latent, width):
        layers.append(Dense(inputs, width, bias=not reference, rng=rng, dtype=dtype, initializer=glorot_uniform))
        layers += [VirtualBatchNorm(width, reference, dtype=dtype)] if reference else []
        layers.append(LeakyReLU(0.2))
    last = Dense(width, math.prod(image_shape), rng=rng, dtype=dtype, initializer=glorot_uniform)
    return Sequential(*layers, last, Sigmoid(), Reshape(image_shape), input_shape=(latent,))


def dense_discriminator(
    image_shape: ImageShape,
    width: int,
    *,
    dropout: float = 0.0,
    compare: bool = False,
    rng: np.random.Generator,
    dtype: npt.DTypeLike,
) -> Sequential:
    """From an image to its score by three dense layers.

    compare: let the last of them know how close the images of a batch are, by MinibatchDiscrimination.
    """
    layers: list[Layer] = [Flatten()]
    for inputs in (math.prod(image_shape), width):
        layers += [Dense(inputs, width, rng=rng, dtype=dtype, initializer=glorot_uniform), LeakyReLU(0.2)]
        layers += [Dropout(dropout, rng=rng)] if dropout else []
    if compare:
        layers.append(MinibatchDiscrimination(width, *COMPARED, rng=rng, dtype=dtype))
    features = width + (COMPARED[0] if compare else 0)
    score = Dense(features, 1, rng=rng, dtype=dtype, initializer=glorot_uniform)
    return Sequential(*layers, score, input_shape=image_shape)
