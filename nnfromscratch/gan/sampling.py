"""Images out of a generator."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from nnfromscratch.archive import read_archive
from nnfromscratch.errors import CheckpointError, RangeError, require_generator, require_int
from nnfromscratch.files import write_whole
from nnfromscratch.gan.players import input_shape_of, output_range
from nnfromscratch.layers import Layer
from nnfromscratch.layers.storage import restore_contents
from nnfromscratch.models import Conditional
from nnfromscratch.types import Array


def draw_samples(
    generator: Layer, count: int, *, rng: np.random.Generator, labels: Array | None = None, batch_size: int = 250
) -> Array:
    """So many images by a generator in evaluation mode, as bytes.

    images[n] = G(z[n])        z[n] ~ N(0, 1)

    generator: noise (N, latent) → images (N, C, H, W), in the range of its last layer (see ``as_bytes``)
    count: at least 1   images: (count, C, H, W), uint8 from 0 to 255
    labels: (count,), for a ``models.Conditional`` generator; the classes in turn where it is None
    The same generator of random numbers gives the same images for any batch_size, but for the last bit of a pixel.
    Raises RangeError, ShapeError or DtypeError for arguments that do not fit.

    >>> from nnfromscratch.models import article_gan
    >>> generator, _ = article_gan(rng=np.random.default_rng(0))
    >>> images = draw_samples(generator, 5, rng=np.random.default_rng(1))
    >>> images.shape, images.dtype
    ((5, 1, 28, 28), dtype('uint8'))
    """
    require_generator("draw_samples", rng)
    require_int("draw_samples", "count", count, least=1)
    (latent,) = input_shape_of("generator", generator)
    noise = rng.standard_normal((count, latent), generator.dtype.type)
    return images_of(generator, noise, labels, batch_size)


def images_of(generator: Layer, noise: Array, labels: Array | None = None, batch_size: int = 250) -> Array:
    """What a generator makes of noise (N, latent), in evaluation mode and as bytes: (N, C, H, W), uint8.

    labels: as for ``draw_samples``, which says the rest.
    """
    if not isinstance(generator, Conditional):
        if labels is not None:
            raise RangeError("draw_samples: labels expects a generator that is told classes, this one is not")
        return as_bytes(generator.predict(noise, batch_size), output_range(generator))
    if labels is None:
        labels = np.arange(len(noise)) % generator.classes
    return as_bytes(generator.predict(noise, labels, batch_size=batch_size), output_range(generator))


def as_bytes(images: Array, low_high: tuple[float, float] | None) -> Array:
    """Images in the range of a generator's last layer as bytes: its low end is 0, its high end 255.

    byte = round(255 · (x − low) / (high − low))

    images x: any shape   low_high: that range, 0 to 1 where it is None; what leaves it is cut off
    Raises RangeError where a number is NaN.

    >>> as_bytes(np.array([-1.0, 0.0, 1.0]), (-1.0, 1.0))
    array([  0, 128, 255], dtype=uint8)
    """
    low, high = low_high or (0.0, 1.0)
    if np.isnan(images).any():
        raise RangeError("draw_samples: images expects numbers, has NaN")
    return np.rint(np.clip((images - low) * (255 / (high - low)), 0, 255)).astype(np.uint8)


def write_samples(path: str | os.PathLike[str], images: Array, labels: Array | None = None) -> None:
    """Write images (N, C, H, W), and their labels if there are any, to an ``.npz`` file, whole or not at all."""
    arrays: dict[str, Any] = {"images": images} if labels is None else {"images": images, "labels": labels}
    write_whole(path, lambda file: np.savez_compressed(file, **arrays))


def load_generator(path: str | os.PathLike[str], generator: Layer) -> tuple[Array, int]:
    """Give ``generator`` the weights of the one that made the samples of a game under way; its noise, and the steps.

    path: a checkpoint of ``train_gan``. Where the game averages the generator's weights, these are the mean ones.
    Raises CheckpointError, and changes nothing, where the file is damaged, another's or another generator's.
    """
    arrays, description = read_archive(path)
    if description.get("kind") != "gan":
        raise CheckpointError(f"{path}: expects a checkpoint of train_gan, is a saved {description.get('kind')}")
    prefix = "averaged/" if any(name.startswith("averaged/") for name in arrays) else "generator/"
    own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    try:
        noise, steps = arrays["noise"], len(arrays["history/generator_loss"])
        restore_contents(generator, own, description["generators"]["generator"], source=str(path))
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: expects a checkpoint of train_gan, is damaged: {error!r}") from error
    return noise, steps
