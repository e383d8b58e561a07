"""Games to be played for the clinic: what is trained, how, on which images, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from nnfromscratch.data import load
from nnfromscratch.errors import NonFiniteError
from nnfromscratch.gan.diagnostics import Finding, diagnose
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.gan.sampling import draw_samples
from nnfromscratch.gan.symptoms import LEAST_LOOKS, Symptoms, symptoms
from nnfromscratch.gan.training import train_gan
from nnfromscratch.layers import Layer
from nnfromscratch.types import Array

_TRAINING, _HELD_OUT, _SAMPLES = 5000, 500, 200


@dataclass(frozen=True, eq=False)
class Recipe:
    """A game that is played once: its players and its optimizers learn by it.

    generator, discriminator   images: bytes (N, C, H, W), what is learned from   held_out: real images like them, just
    to compare with   seed: decides everything random in the game   settings: what else ``train_gan`` is given
    """

    generator: Layer
    discriminator: Layer
    images: Array
    held_out: Array
    seed: int
    settings: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a game.

    samples: 200 images by its generator, as bytes   findings: what the clinic says   figures: those that it judged by,
    None where the game ended before it had enough looks   stopped: the error that ended it, None where there was none
    """

    history: GanHistory
    samples: Array
    findings: list[Finding]
    figures: Symptoms | None
    stopped: NonFiniteError | None


def play(recipe: Recipe) -> Outcome:
    """Play a game to its end, be it infinity, and let the clinic look at it.

    Recipes of the same function and seed have the same outcome, bit for bit with the same kernels.
    """
    histories: list[GanHistory] = []
    stopped = None
    try:
        train_gan(
            recipe.generator,
            recipe.discriminator,
            recipe.images,
            rng=np.random.default_rng(recipe.seed),
            on_samples=lambda *seen: histories.append(seen[2]),
            progress=False,
            **recipe.settings,
        )
    except NonFiniteError as error:
        stopped = error
    (history,) = histories
    samples = draw_samples(recipe.generator, _SAMPLES, rng=np.random.default_rng(recipe.seed))
    compared = {"samples": samples, "training": recipe.images, "held_out": recipe.held_out}
    findings = diagnose(history, **compared, stopped=stopped)
    figures = symptoms(history, **compared) if len(history.look_step) >= LEAST_LOOKS else None
    return Outcome(history, samples, findings, figures, stopped)


@cache
def digits() -> tuple[Array, Array]:
    """5,000 of MNIST's training images to learn from and 500 test images held out, at 16×16 pixels so that it is quick.

    Two empty pixels are put around each image, and four pixels become their mean: bytes (N, 1, 16, 16).
    """
    splits = load("mnist")
    return _smaller(splits.train.images[:_TRAINING]), _smaller(splits.test.images[:_HELD_OUT])


def _smaller(images: Array) -> Array:
    framed = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    return np.rint(framed.reshape(len(images), 1, 16, 2, 16, 2).mean(axis=(3, 5))).astype(np.uint8)


@cache
def spots() -> tuple[Array, Array]:
    """3,000 images of one soft round spot each to learn from, and 500 held out: bytes (N, 1, 16, 16).

    x[i, j] = 255 · a · exp(−((i − u)² + (j − v)²) / (2·w²))

    u, v: uniform from 4 to 12   w: from 1.2 to 2.5   a: from 0.6 to 1
    """
    rng = np.random.default_rng(0)
    count = 3000 + _HELD_OUT
    u, v, w, a = (rng.uniform(low, high, (count, 1, 1)) for low, high in ((4, 12), (4, 12), (1.2, 2.5), (0.6, 1)))
    i, j = np.indices((16, 16))
    images = 255 * a * np.exp(-((i - u) ** 2 + (j - v) ** 2) / (2 * w**2))
    everything = np.rint(images[:, None]).astype(np.uint8)
    return everything[:3000], everything[3000:]
