"""Networks for the Wasserstein game, whose discriminator is a critic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import require_int
from nnfromscratch.initializers import he_normal
from nnfromscratch.layers import BatchNorm, LayerNorm, Sequential
from nnfromscratch.models.convolutional import ImageShape, image_discriminator, image_generator, maps_of


def wgan(
    *,
    rng: np.random.Generator,
    latent: int = 100,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    width: int = 64,
    layer_norm: bool = False,
    dtype: npt.DTypeLike = np.float32,
) -> tuple[Sequential, Sequential]:
    """The generator of ``dcgan`` and a critic without batch normalization.

    A critic gives every image a score of its own, and the penalty on its gradient is one for every image by itself;
    batch normalization would let the images of a batch change each other's scores. Layer normalization does not, and
    may take its place. Every layer of the critic is one whose second derivative ``gan.gradient_penalty`` knows. The
    discriminator of ``article_gan`` is such a critic as it stands.

    generator: noise (N, latent) → images (N, *image_shape) from −1 to 1   critic: images → scores (N, 1)
    width: the channels next to the image; they double with every step away from it. layer_norm: in the critic, behind
    all convolutions but the first.
    Raises ShapeError for images that cannot be halved twice, RangeError for a size under 1.
    Source: Arjovsky, Chintala, Bottou, Wasserstein Generative Adversarial Networks (2017), section 3; Gulrajani et al.,
    Improved Training of Wasserstein GANs (2017), section 4, "No critic batch normalization".

    >>> generator, critic = wgan(rng=np.random.default_rng(0), width=16, layer_norm=True)
    >>> generator.output_shape((100,)), critic.output_shape((1, 28, 28))
    ((1, 28, 28), (1,))
    """
    require_int("wgan", "latent", latent, least=1)
    maps = maps_of("wgan", image_shape, width)

    def batch_norm(maps: ImageShape) -> BatchNorm:
        return BatchNorm(maps[0], dtype=dtype)

    def per_image(maps: ImageShape) -> LayerNorm:
        return LayerNorm(maps, dtype=dtype)

    generator = image_generator(maps, latent, norm=batch_norm, rng=rng, dtype=dtype)
    critic = image_discriminator(
        maps, norm=per_image if layer_norm else None, initializer=he_normal, rng=rng, dtype=dtype
    )
    return generator, critic
