"""The two halves that the convolutional GANs share: a step up doubles the sides of an image, a step down halves them.

The kernels are 4×4 at stride 2: on the way up every pixel then has the same number of contributions, and no
checkerboard appears (Odena, Dumoulin, Olah, Deconvolution and Checkerboard Artifacts, 2016). Between an odd side and
its half, which is rounded up, only a kernel of 3 fits.

How many steps there are decides how much of the image a score can see at once. Behind two, of 4×4, a channel knows a
piece of 10×10 pixels, and the last layer just adds up what the pieces look like: digits then come out with good strokes
and wrong shapes. Behind three it knows 18×18 of 28×28.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import ShapeError, require_int
from nnfromscratch.initializers import Initializer, dcgan_normal
from nnfromscratch.layers import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    Layer,
    LeakyReLU,
    MinibatchDiscrimination,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
    WithReference,
)

ImageShape: TypeAlias = tuple[int, int, int]
Norm: TypeAlias = Callable[[ImageShape], Layer]  # the normalization of maps of shape (C, H, W)
Weighted: TypeAlias = "Conv2d | Dense"

REFERENCE = 64  # samples in the reference batch of virtual batch normalization
COMPARED = (16, 8)  # kernels of minibatch discrimination, and the numbers that each compares


def image_shape_of(operation: str, image_shape: object) -> ImageShape:
    """``image_shape`` as three whole numbers of at least 1, or ShapeError.

    >>> image_shape_of("dcgan", (28, 28))
    Traceback (most recent call last):
    nnfromscratch.errors.ShapeError: dcgan: image_shape expects (channels, height, width), each at least 1, is (28, 28)
    """
    sizes = tuple(image_shape) if isinstance(image_shape, (tuple, list)) else ()
    if len(sizes) != 3 or not all(isinstance(size, (int, np.integer)) and size > 0 for size in sizes):
        raise ShapeError(
            f"{operation}: image_shape expects (channels, height, width), each at least 1, is {image_shape!r}"
        )
    return int(sizes[0]), int(sizes[1]), int(sizes[2])


def maps_of(operation: str, image_shape: object, width: object) -> list[ImageShape]:
    """The shapes of the maps between an image and a row of numbers, the image first.

    Each step halves height and width, rounded up, as often as at least 4 remains, and doubles the channels, beginning
    with ``width``.
    Raises ShapeError for a shape that is none or cannot be halved twice, RangeError for a width under 1.

    >>> maps_of("dcgan", (1, 28, 28), 64)
    [(1, 28, 28), (64, 14, 14), (128, 7, 7), (256, 4, 4)]
    >>> maps_of("dcgan", (3, 32, 32), 64)
    [(3, 32, 32), (64, 16, 16), (128, 8, 8), (256, 4, 4)]
    """
    channels = require_int(operation, "width", width, least=1)
    maps = [image_shape_of(operation, image_shape)]
    while all(side >= 7 for side in maps[-1][1:]):
        _, height, across = maps[-1]
        maps.append((channels, -(-height // 2), -(-across // 2)))
        channels *= 2
    if len(maps) < 3:
        raise ShapeError(
            f"{operation}: image_shape expects a height and a width that can be halved twice, at least 13, is "
            f"{image_shape!r}"
        )
    return maps


def _kernel(large: ImageShape) -> tuple[int, int]:
    """The kernel of a step between these maps and those of half their height and width."""
    return 4 - large[1] % 2, 4 - large[2] % 2


def image_generator(
    maps: list[ImageShape], latent: int, *, norm: Norm, rng: np.random.Generator, dtype: npt.DTypeLike
) -> Sequential:
    """From ``latent`` numbers to an image from −1 to 1, through ``maps`` from the last to the first.

    z: (N, latent)   y: (N, *maps[0])
    What is normalized goes without a bias, which the normalization would take away again.
    """
    up = partial(ConvTranspose2d, stride=2, padding=1, rng=rng, dtype=dtype, initializer=dcgan_normal)
    project = Dense(latent, math.prod(maps[-1]), bias=False, rng=rng, dtype=dtype, initializer=dcgan_normal)
    layers: list[Layer] = [project, Reshape(maps[-1]), norm(maps[-1]), ReLU()]
    for after, before in reversed(list(pairwise(maps[1:]))):
        layers += [up(before[0], after[0], _kernel(after), bias=False), norm(after), ReLU()]
    return Sequential(*layers, up(maps[1][0], maps[0][0], _kernel(maps[0])), Tanh(), input_shape=(latent,))


def image_discriminator(
    maps: list[ImageShape],
    *,
    norm: Norm | None = None,
    bias: bool = True,
    around: Callable[[Weighted], Layer] | None = None,
    compare: bool = False,
    initializer: Initializer,
    rng: np.random.Generator,
    dtype: npt.DTypeLike,
) -> Sequential:
    """From an image to its score, through ``maps`` from the first to the last.

    x: (N, *maps[0])   y: (N, 1)
    norm: of all maps but the first. bias: whether what is normalized has one. around: what is put around every layer
    with weights. compare: let the last layer know how close the images of a batch are, by MinibatchDiscrimination.
    """
    down = partial(Conv2d, stride=2, padding=1, rng=rng, dtype=dtype, initializer=initializer)
    wrapped = around or (lambda layer: layer)
    layers: list[Layer] = [wrapped(down(maps[0][0], maps[1][0], _kernel(maps[0]))), LeakyReLU(0.2)]
    for before, after in pairwise(maps[1:]):
        layers.append(wrapped(down(before[0], after[0], _kernel(before), bias=bias)))
        layers += [LeakyReLU(0.2)] if norm is None else [norm(after), LeakyReLU(0.2)]
    layers.append(Flatten())
    size = math.prod(maps[-1])
    if compare:
        layers.append(MinibatchDiscrimination(size, *COMPARED, rng=rng, dtype=dtype))
        size += COMPARED[0]
    score = Dense(size, 1, rng=rng, dtype=dtype, initializer=initializer)
    return Sequential(*layers, wrapped(score), input_shape=maps[0])


def with_reference(generator: Sequential, latent: int, rng: np.random.Generator, dtype: npt.DTypeLike) -> WithReference:
    """A generator with virtual batch normalization inside, and the noise of its reference batch."""
    noise = rng.standard_normal((REFERENCE, latent)).astype(dtype)
    return WithReference(generator, noise)
