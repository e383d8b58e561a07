"""The convolutional GAN whose rules made GANs trainable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import require_int
from nnfromscratch.initializers import dcgan_normal
from nnfromscratch.layers import BatchNorm, Layer, Sequential, VirtualBatchNorm
from nnfromscratch.models.convolutional import (
    REFERENCE,
    ImageShape,
    image_discriminator,
    image_generator,
    maps_of,
    with_reference,
)


def dcgan(
    *,
    rng: np.random.Generator,
    latent: int = 100,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    width: int = 64,
    minibatch_discrimination: bool = False,
    virtual_batch_norm: bool = False,
    dtype: npt.DTypeLike = np.float32,
) -> tuple[Layer, Sequential]:
    """A GAN by the five rules of Radford, Metz and Chintala.

    1. Strided convolutions in the discriminator and transposed ones in the generator, instead of pooling.
    2. Batch normalization in both, but not on the generator's output and not on the discriminator's input.
    3. No hidden dense layers: the noise is projected straight into maps, and the last maps straight into a score.
    4. ReLU in the generator, tanh at its end.
    5. Leaky ReLU of slope 0.2 in the discriminator.

    Weights start from a normal distribution of standard deviation 0.02. The paper's networks have four steps, for
    images of 64×64; here there are as many as the image can be halved: three for 28×28 and for 32×32.

    generator: noise (N, latent) → images (N, *image_shape) from −1 to 1   discriminator: images → scores (N, 1)
    width: the channels next to the image; they double with every step away from it. minibatch_discrimination: before
    the discriminator's last layer. virtual_batch_norm: in the generator, in the place of batch normalization.
    Raises ShapeError for images that cannot be halved twice, RangeError for a size under 1.
    Source: Radford, Metz, Chintala, Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
    Networks (2016), section 3.

    >>> generator, discriminator = dcgan(rng=np.random.default_rng(0), image_shape=(3, 32, 32), width=16)
    >>> generator.output_shape((100,)), discriminator.output_shape((3, 32, 32))
    ((3, 32, 32), (1,))
    """
    require_int("dcgan", "latent", latent, least=1)
    maps = maps_of("dcgan", image_shape, width)

    def norm(maps: ImageShape) -> BatchNorm:
        return BatchNorm(maps[0], dtype=dtype)

    def beside_reference(maps: ImageShape) -> VirtualBatchNorm:
        return VirtualBatchNorm(maps[0], REFERENCE, dtype=dtype)

    generator = image_generator(
        maps, latent, norm=beside_reference if virtual_batch_norm else norm, rng=rng, dtype=dtype
    )
    discriminator = image_discriminator(
        maps,
        norm=norm,
        bias=False,
        compare=minibatch_discrimination,
        initializer=dcgan_normal,
        rng=rng,
        dtype=dtype,
    )
    return with_reference(generator, latent, rng, dtype) if virtual_batch_norm else generator, discriminator
