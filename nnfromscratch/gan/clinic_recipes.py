"""Five games that fail, each in its own way and whenever it is played; and the same games with the remedy.

    print(*play(mode_collapse()).findings)                        what the clinic says
    print(*play(mode_collapse(remedied=True)).findings)           nothing any more

Each takes seconds on one core. Where nothing else is said these are the article's networks, learning from digits of
16×16 pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.gan.clinic import Recipe, digits
from nnfromscratch.gan.diagnostics import (
    COPIED_IMAGES,
    DISCRIMINATOR_WON,
    EXPLODING_GRADIENTS,
    MODE_COLLAPSE,
    PINNED_WEIGHTS,
)
from nnfromscratch.gan.techniques import Techniques
from nnfromscratch.models import article_gan
from nnfromscratch.optimizers import Adam, RMSProp
from nnfromscratch.schedules import LinearToZero

SHAPE = (1, 16, 16)


def mode_collapse(*, seed: int = 0, steps: int = 800, remedied: bool = False) -> Recipe:
    """The discriminator learns ten times more slowly than the generator, which finds one image that pleases it.

    While it stands almost still, the best that the generator can do is to make the image with the highest score, always
    the same. By the time the discriminator has found out, the generator moves on to another single image.
    Remedied: the discriminator learns as fast as the generator, both with less momentum, and minibatch discrimination
    lets it see whether all images of a batch are alike.
    """
    return _recipe(
        seed,
        model={"minibatch_discrimination": remedied},
        objective="non-saturating",
        generator_optimizer=Adam(1e-3, beta1=0.5) if remedied else Adam(1e-3),
        discriminator_optimizer=Adam(1e-3, beta1=0.5) if remedied else Adam(1e-4),
        techniques=Techniques(minibatch_discrimination=remedied),
        steps=steps,
        look_every=20,
    )


def discriminator_won(*, seed: int = 0, steps: int = 1000, remedied: bool = False) -> Recipe:
    """The minimax game with a discriminator that learns ten times faster than the generator.

    It soon gives every generated image a score far below 0, where log(1 − σ(score)) is flat.
    Remedied: the generator loss −log σ(score), which is steep there; nothing else is changed.
    """
    return _recipe(
        seed,
        objective="non-saturating" if remedied else "minimax",
        generator_optimizer=Adam(2e-4, beta1=0.5),
        discriminator_optimizer=Adam(2e-3, beta1=0.5),
        steps=steps,
        look_every=20,
    )


def exploding_gradients(*, seed: int = 0, steps: int = 400, remedied: bool = False) -> Recipe:
    """The Wasserstein game without any limit to the critic, at a large learning rate.

    Steeper is better for a critic, and so it becomes steeper and steeper.
    Remedied: a gradient penalty; the rates stay.
    """
    return _recipe(
        seed,
        objective="wasserstein",
        gradient_penalty=10.0 if remedied else 0.0,
        generator_optimizer=Adam(5e-3, beta1=0.5),
        discriminator_optimizer=Adam(5e-3, beta1=0.5),
        steps=steps,
        look_every=10,
    )


def pinned_weights(*, seed: int = 0, steps: int = 300, remedied: bool = False) -> Recipe:
    """A critic whose weights are clipped to ±0.01, and whose steps are five times as long: each ends at the border.

    Remedied: a gradient penalty in place of the clipping, and for the critic the generator's learning rate.
    """
    return _recipe(
        seed,
        objective="wasserstein",
        weight_limit=None if remedied else 0.01,
        gradient_penalty=10.0 if remedied else 0.0,
        critic_steps=2,
        generator_optimizer=RMSProp(5e-4),
        discriminator_optimizer=RMSProp(5e-4 if remedied else 0.05),
        steps=steps,
        look_every=10,
    )


def copied_images(*, seed: int = 0, steps: int = 4000, images: int = 12, remedied: bool = False) -> Recipe:
    """A generator with a hundred thousand parameters learns a dozen images by heart.

    Nothing in the game forbids it: a generator that makes the training images, and no others, has won.
    Remedied: 5,000 images; nothing else is changed.
    """
    training, _ = digits()
    return _recipe(
        seed,
        images=training if remedied else training[:images],
        batch_size=images,
        model={"width": 256, "latent": 16},
        objective="wasserstein",
        gradient_penalty=1.0,
        generator_optimizer=Adam(2e-3, beta1=0.5),
        discriminator_optimizer=Adam(2e-3, beta1=0.5),
        generator_schedule=LinearToZero(steps),
        discriminator_schedule=LinearToZero(steps),
        steps=steps,
        look_every=20,
    )


RECIPES = {
    MODE_COLLAPSE: mode_collapse,
    DISCRIMINATOR_WON: discriminator_won,
    EXPLODING_GRADIENTS: exploding_gradients,
    PINNED_WEIGHTS: pinned_weights,
    COPIED_IMAGES: copied_images,
}


def _recipe(
    seed: int, *, images: Any = None, batch_size: int = 32, model: dict[str, Any] | None = None, **settings: Any
) -> Recipe:
    training, held_out = digits()
    generator, discriminator = article_gan(rng=np.random.default_rng(seed), image_shape=SHAPE, **(model or {}))
    return Recipe(
        generator,
        discriminator,
        training if images is None else images,
        held_out,
        seed + 1,
        {"batch_size": batch_size, **settings},
    )
