"""DCGAN, told the class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import require_int
from nnfromscratch.initializers import dcgan_normal
from nnfromscratch.layers import BatchNorm
from nnfromscratch.models.conditional import Conditional
from nnfromscratch.models.convolutional import ImageShape, image_discriminator, image_generator, maps_of


def conditional_dcgan(
    *,
    rng: np.random.Generator,
    classes: int = 10,
    latent: int = 100,
    label_size: int = 32,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    width: int = 64,
    dtype: npt.DTypeLike = np.float32,
) -> tuple[Conditional, Conditional]:
    """The networks of ``dcgan`` with the class of the image as a second input of both.

    The generator gets ``label_size`` learned numbers for the class beside its noise, the discriminator a learned image
    for the class as a further channel.

    generator: noise (N, latent), labels (N,) → images (N, *image_shape) from −1 to 1
    discriminator: images, labels → scores (N, 1)
    width: the channels next to the image; they double with every step away from it.
    Raises ShapeError for images that cannot be halved twice, RangeError for a size under 1.
    Source: Mirza and Osindero, Conditional Generative Adversarial Nets (2014), section 3.2; Radford, Metz, Chintala
    (2016) for the networks.

    >>> generator, _ = conditional_dcgan(rng=np.random.default_rng(0), width=16)
    >>> generator.predict(np.zeros((10, 100), np.float32), np.arange(10)).shape
    (10, 1, 28, 28)
    """
    for name, size in {"classes": classes, "latent": latent, "label_size": label_size}.items():
        require_int("conditional_dcgan", name, size, least=1)
    image, *maps = maps_of("conditional_dcgan", image_shape, width)
    colours, height, across = image

    def norm(maps: ImageShape) -> BatchNorm:
        return BatchNorm(maps[0], dtype=dtype)

    makes = image_generator([image, *maps], latent + label_size, norm=norm, rng=rng, dtype=dtype)
    judges = image_discriminator(
        [(colours + 1, height, across), *maps], norm=norm, bias=False, initializer=dcgan_normal, rng=rng, dtype=dtype
    )
    return (
        Conditional(makes, classes, (latent,), (label_size,), rng=rng, dtype=dtype),
        Conditional(judges, classes, image, (1, height, across), rng=rng, dtype=dtype),
    )
