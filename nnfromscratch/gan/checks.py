"""What must fit together before two networks may play."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import (
    DtypeError,
    RangeError,
    ShapeError,
    require_generator,
)
from nnfromscratch.gan.game import Rules
from nnfromscratch.gan.players import input_shape_of, layers_of
from nnfromscratch.gan.real_images import RealImages
from nnfromscratch.gan.second_derivative import require_twice_differentiable
from nnfromscratch.layers import BatchNorm, Layer, MinibatchDiscrimination, VirtualBatchNorm
from nnfromscratch.models import Conditional
from nnfromscratch.optimizers import Optimizer


def require_players(generator: Layer, discriminator: Layer) -> None:
    """Raise unless both are networks with parameters, of one float type, both or none of them conditional."""
    for name, player in (("generator", generator), ("discriminator", discriminator)):
        if not isinstance(player, Layer):
            raise DtypeError(f"train_gan: {name} expects a layer, is {type(player).__name__}")
        if not player.params:
            raise RangeError(f"train_gan: {name} expects parameters to train, has none")
    if generator.dtype != discriminator.dtype:
        raise DtypeError(
            f"train_gan: discriminator expects {generator.dtype} like the generator, has {discriminator.dtype}"
        )
    classes = [player.classes if isinstance(player, Conditional) else 0 for player in (generator, discriminator)]
    if classes[0] != classes[1]:
        raise RangeError(
            f"train_gan: discriminator expects to be told {classes[0]} classes like the generator, is told {classes[1]}"
        )


def require_optimizers(generator_optimizer: Optimizer, discriminator_optimizer: Optimizer, rng: object) -> None:
    """Raise unless these are two optimizers and a generator of random numbers."""
    for name, optimizer in (
        ("generator_optimizer", generator_optimizer),
        ("discriminator_optimizer", discriminator_optimizer),
    ):
        if not isinstance(optimizer, Optimizer):
            raise DtypeError(f"train_gan: {name} expects an optimizer such as Adam(), is {type(optimizer).__name__}")
    if generator_optimizer is discriminator_optimizer:
        raise RangeError("train_gan: discriminator_optimizer expects one of its own, is the generator's")
    require_generator("train_gan", rng)


def require_callables(**functions: object) -> None:
    """Raise DtypeError for a function that is none; None is passed over."""
    for name, function in functions.items():
        if function is not None and not callable(function):
            raise DtypeError(f"train_gan: {name} expects a function, is {type(function).__name__}")


def require_shapes(generator: Layer, discriminator: Layer, image_shape: tuple[int, ...]) -> None:
    """Raise ShapeError, naming both, unless noise becomes images like the real ones and an image one score."""
    noise = input_shape_of("generator", generator)
    if len(noise) != 1:
        raise ShapeError(f"train_gan: generator expects noise of shape (N, latent), takes (N, {_in_words(noise)})")
    made = generator.output_shape(noise)
    if made != image_shape:
        raise ShapeError(
            f"train_gan: generator expects to make images of shape {image_shape} like the real ones, makes {made}"
        )
    try:
        score = discriminator.output_shape(image_shape)
    except ShapeError as error:
        raise ShapeError(
            f"train_gan: discriminator expects other images than those of shape {image_shape} that the generator "
            f"makes: {error}"
        ) from error
    if score not in ((), (1,)):
        raise ShapeError(
            f"train_gan: discriminator expects to give each image one score, shape (N, 1), gives shape "
            f"(N, {_in_words(score)})"
        )


def require_batches(rules: Rules, generator: Layer, discriminator: Layer, real: RealImages) -> None:
    """Raise RangeError for a batch_size that the images or the layers cannot have."""
    if rules.batch_size > len(real):
        raise RangeError(f"train_gan: batch_size expects at most the {len(real)} images, is {rules.batch_size}")
    for layer in (*layers_of(generator), *layers_of(discriminator)):
        if rules.batch_size == 1 and isinstance(layer, (BatchNorm, MinibatchDiscrimination)):
            raise RangeError(
                f"train_gan: batch_size expects at least 2 for {layer!r}, which compares the images of a batch, is 1"
            )


def require_techniques(rules: Rules, generator: Layer, discriminator: Layer) -> None:
    """Raise RangeError for a technique without its layer, or a gradient penalty for a layer that it does not know."""
    for name, wanted, player, argument in (
        ("minibatch_discrimination", MinibatchDiscrimination, discriminator, "discriminator"),
        ("virtual_batch_norm", VirtualBatchNorm, generator, "generator"),
    ):
        there = any(isinstance(layer, wanted) for layer in layers_of(player))
        if getattr(rules.techniques, name) and not there:
            raise RangeError(
                f"train_gan: techniques with {name} expect a {argument} with a {wanted.__name__}, which has none; "
                f"the models make one with {name}=True"
            )
    if rules.gradient_penalty:
        require_twice_differentiable(discriminator)


def require_labels(real: RealImages, given: object, classes: int) -> None:
    """Raise unless there is a label of one of the classes for each image, and nobody gives labels to no purpose."""
    if not classes:
        if given is not None:
            raise RangeError("train_gan: labels expects players that are told the class, these are not conditional")
        return
    labels = real.labels
    if labels is None:
        raise RangeError(
            f"train_gan: labels expects the class of each image for players that are told {classes}, is None"
        )
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu":
        kind = labels.dtype if isinstance(labels, np.ndarray) else type(labels).__name__
        raise DtypeError(f"train_gan: labels expects an array of whole numbers, is {kind}")
    if labels.shape != (len(real),):
        raise ShapeError(f"train_gan: labels expects one for each of the {len(real)} images, has shape {labels.shape}")
    if labels.min() < 0 or labels.max() >= classes:
        raise RangeError(
            f"train_gan: labels expects whole numbers from 0 to {classes - 1}, the classes that the players are told, "
            f"has {labels.min()} to {labels.max()}"
        )


def _in_words(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))
