"""The article's networks, told the class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import require_int
from nnfromscratch.models.article_gan import dense_discriminator, dense_generator
from nnfromscratch.models.conditional import Conditional
from nnfromscratch.models.convolutional import image_shape_of


def conditional_gan(
    *,
    rng: np.random.Generator,
    classes: int = 10,
    latent: int = 100,
    label_size: int = 32,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    width: int = 128,
    dtype: npt.DTypeLike = np.float32,
) -> tuple[Conditional, Conditional]:
    """The networks of ``article_gan`` with the class of the image as a second input of both.

    The generator gets ``label_size`` learned numbers for the class beside its noise, the discriminator a learned image
    for the class as a further channel. So the generator can be asked for a three, and is told off for a fine seven.

    generator: noise (N, latent), labels (N,) → images (N, *image_shape) from 0 to 1
    discriminator: images, labels → scores (N, 1)
    Raises ShapeError for an image_shape that is none, RangeError for a size under 1.
    Source: Mirza and Osindero, Conditional Generative Adversarial Nets (2014), section 3.2.

    >>> generator, _ = conditional_gan(rng=np.random.default_rng(0))
    >>> generator.predict(np.zeros((10, 100), np.float32), np.arange(10)).shape
    (10, 1, 28, 28)
    """
    colours, height, across = image_shape_of("conditional_gan", image_shape)
    sizes = {"classes": classes, "latent": latent, "label_size": label_size, "width": width}
    for name, size in sizes.items():
        require_int("conditional_gan", name, size, least=1)
    shape = (colours, height, across)
    makes = dense_generator(latent + label_size, shape, width, rng=rng, dtype=dtype)
    judges = dense_discriminator((colours + 1, height, across), width, rng=rng, dtype=dtype)
    return (
        Conditional(makes, classes, (latent,), (label_size,), rng=rng, dtype=dtype),
        Conditional(judges, classes, shape, (1, height, across), rng=rng, dtype=dtype),
    )
