"""A discriminator that learns while the generator stands still, and what the generator would still hear from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from figures.one_dimension import discriminator_step

from nnfromscratch.functional import sigmoid
from nnfromscratch.gan.objectives import OBJECTIVES
from nnfromscratch.optimizers import Adam

BATCH = 128
LOSSES = "minimax", "non-saturating"


class Heard(NamedTuple):
    """After so many steps of the discriminator: the mean of D(G(z)), and the length of the generator's gradient."""

    step: int
    answer: float
    lengths: dict[str, float]


def gradient_lengths(generator, discriminator, z):
    """For each generator loss the length of its gradient, all of the generator's parameters together."""
    generated, generator_backward = generator.forward(z)
    scores, score_backward = discriminator.forward(generated)
    lengths = {}
    for name in LOSSES:
        _, backward = OBJECTIVES[name].generator_loss(scores)
        dgenerated, _ = score_backward(backward(), wrt=("x",))
        _, grads = generator_backward(dgenerated, wrt=("params",))
        lengths[name] = float(np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in grads.values())))
    return float(sigmoid(scores)[0].mean()), lengths


def teach_discriminator_alone(generator, discriminator, images, *, steps, rng, every=5):
    """Adam's steps for the discriminator, none for the generator. images: (M, 1, 28, 28)"""
    optimizer, heard = Adam(), []
    noise = rng.standard_normal((BATCH, 100)).astype(images.dtype)
    for step in range(steps + 1):
        if step % every == 0:
            heard.append(Heard(step, *gradient_lengths(generator, discriminator, noise)))
        z = rng.standard_normal((BATCH, 100)).astype(images.dtype)
        real = images[rng.integers(len(images), size=BATCH)]
        discriminator_step(discriminator, optimizer, real, generator.predict(z))
    return heard
