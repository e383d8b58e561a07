"""The article's GAN: two small networks of dense layers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import require_int
from nnfromscratch.initializers import glorot_uniform
from nnfromscratch.layers import Dense, Flatten, LeakyReLU, Reshape, Sequential, Sigmoid
from nnfromscratch.models.convolutional import image_shape_of


def article_gan(
    *,
    rng: np.random.Generator,
    latent: int = 100,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    width: int = 128,
    dtype: npt.DTypeLike = np.float32,
) -> tuple[Sequential, Sequential]:
    """The generator 100-128-128-784 and the discriminator 784-128-128-1 of the article's section 4.

    Leaky ReLU of slope 0.2 between the layers, a sigmoid behind the generator's last; weights start as in TensorFlow 1,
    Glorot's uniform. Two things are mended. As printed, the discriminator never flattens its image: its dense layers
    work on the last axis, 28-128-128-1, and give one score for each *row* of the image. Here it flattens first. And
    the sigmoid behind its last layer is part of the loss (see ``gan.OBJECTIVES``): log σ(s) computed in one piece
    is exact where σ(s) by itself would be rounded to 0 or 1.

    generator: noise (N, latent) → images (N, *image_shape) from 0 to 1   discriminator: images → scores (N, 1)
    Raises ShapeError for an image_shape that is none, RangeError for a size under 1.
    Source: the article's section 4; Goodfellow et al., Generative Adversarial Nets (2014).

    >>> generator, discriminator = article_gan(rng=np.random.default_rng(0))
    >>> generator.output_shape((100,)), discriminator.output_shape((1, 28, 28))
    ((1, 28, 28), (1,))
    """
    image_shape = image_shape_of("article_gan", image_shape)
    pixels = math.prod(image_shape)
    for name, size in (("latent", latent), ("width", width)):
        require_int("article_gan", name, size, least=1)

    def dense(inputs: int, outputs: int) -> Dense:
        return Dense(inputs, outputs, rng=rng, dtype=dtype, initializer=glorot_uniform)

    generator = Sequential(
        dense(latent, width),
        LeakyReLU(0.2),
        dense(width, width),
        LeakyReLU(0.2),
        dense(width, pixels),
        Sigmoid(),
        Reshape(image_shape),
        input_shape=(latent,),
    )
    discriminator = Sequential(
        Flatten(),
        dense(pixels, width),
        LeakyReLU(0.2),
        dense(width, width),
        LeakyReLU(0.2),
        dense(width, 1),
        input_shape=image_shape,
    )
    return generator, discriminator
