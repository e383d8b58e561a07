"""Networks for the hinge game: a discriminator whose every layer is held to a slope of 1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import require_int
from nnfromscratch.initializers import he_normal
from nnfromscratch.layers import BatchNorm, Sequential, SpectralNorm
from nnfromscratch.models.convolutional import ImageShape, Weighted, image_discriminator, image_generator, maps_of


def sngan(
    *,
    rng: np.random.Generator,
    latent: int = 100,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    width: int = 64,
    dtype: npt.DTypeLike = np.float32,
) -> tuple[Sequential, Sequential]:
    """The generator of ``dcgan`` and a discriminator with spectral normalization in the place of batch normalization.

    Every weight of the discriminator is divided by its largest singular value, so that no layer makes differences
    between its inputs larger, as far as the singular value of the kernels laid out as a matrix tells it for a
    convolution. It was made for the hinge objective of ``gan.OBJECTIVES`` and does not need a penalty.

    generator: noise (N, latent) → images (N, *image_shape) from −1 to 1   discriminator: images → scores (N, 1)
    width: the channels next to the image; they double with every step away from it.
    Raises ShapeError for images that cannot be halved twice, RangeError for a size under 1.
    Source: Miyato, Kataoka, Koyama, Yoshida, Spectral Normalization for Generative Adversarial Networks (2018),
    sections 2.1 and 4; their networks are deeper.

    >>> generator, discriminator = sngan(rng=np.random.default_rng(0), width=16)
    >>> generator.output_shape((100,)), discriminator.output_shape((1, 28, 28)), discriminator.layers[-1]
    ((1, 28, 28), (1,), SpectralNorm(Dense(1024, 1)))
    """
    require_int("sngan", "latent", latent, least=1)
    maps = maps_of("sngan", image_shape, width)

    def norm(maps: ImageShape) -> BatchNorm:
        return BatchNorm(maps[0], dtype=dtype)

    def spectral(layer: Weighted) -> SpectralNorm:
        return SpectralNorm(layer, rng=rng)

    generator = image_generator(maps, latent, norm=norm, rng=rng, dtype=dtype)
    discriminator = image_discriminator(maps, around=spectral, initializer=he_normal, rng=rng, dtype=dtype)
    return generator, discriminator
