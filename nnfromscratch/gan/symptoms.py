"""How a game stood at its end, in a dozen figures, and from where on each of them is a symptom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfromscratch.errors import DataError, ShapeError
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.gan.images import require_images
from nnfromscratch.gan.nearest import nearest_training_images
from nnfromscratch.types import Array

# Each limit lies between what the five failures of clinic_recipes.py show and what the ten healthy games of
# clinic_healthy.py do; docs/gan-clinic.md has the figures of all of them.

# Two generated images are a twentieth as different as two real ones. Generators that learn are at 0.15 or more even in
# their first hundreds of steps, when all their images are much alike; collapsed ones at 0.01 and less.
COLLAPSED = 0.05
# The same of every image and the one of its batch that is most like it: several images, but again and again. Images of
# a generator at work can lie close together before they spread, at 0.07; repeated ones are at 0.001.
REPEATED = 0.02
# The length of the generator's whole gradient. Those of games that work lie between 0.02 and 100. At a thousandth,
# plain gradient descent at the rate 0.1 would need ten thousand steps to move the weights by 1.
VANISHED = 1e-3
# How far the scores of real images lie above those of generated ones. Least squares asks for 1, hinge for 2,
# cross-entropy for as much as can be had. A critic whose weights are clipped has gaps, and gradients, of hundredths
# without having won anything.
APART = 0.9
# The length of a player's whole gradient, and how often that of its first looks. Losses are means over a batch, so both
# keep out of the hundreds where networks begin at a sensible scale; some begin with long gradients and calm down.
EXPLODED, GREW = 1000.0, 10.0
# More weights at the border than inside: what is learned is decided by the limit.
PINNED = 0.5
# Generated images are half as far from the nearest training image as unseen real ones are. Generators that learned from
# thousands of images are farther away than those (above 1), empty and blurred images about as far (0.85 to 1).
COPIED = 0.5

LEAST_LOOKS = 4  # fewer say nothing about how a game goes


@dataclass(frozen=True)
class Symptoms:
    """The figures by which ``diagnose`` judges a game: medians over the last quarter of its looks, or of its steps.

    diversity, nearest: how different the generated images of a batch are, and each from the one most like it; of real
    ones it is 1; None with batches of one image. real_score, generated_score. generator_gradient,
    discriminator_gradient: √(Σ g²) over all layers; generator_growth, discriminator_growth: divided by the median of
    the first three looks. pinned: the share of the discriminator's weights at the limit, None where there is no limit.
    copy_distance: the median distance of a sample to the nearest training image, divided by that of unseen real
    images; None where there were no samples.
    """

    diversity: float | None
    nearest: float | None
    real_score: float
    generated_score: float
    generator_gradient: float
    discriminator_gradient: float
    generator_growth: float
    discriminator_growth: float
    pinned: float | None
    copy_distance: float | None


def symptoms(
    history: GanHistory,
    *,
    samples: Array | None = None,
    training: Array | None = None,
    held_out: Array | None = None,
) -> Symptoms:
    """How a game stood at its end.

    history: with at least 4 looks   samples: (N, C, H, W), generated   training: (M, C, H, W), what the discriminator
    saw   held_out: (K, C, H, W), real images that it did not see. All three are bytes, or floats from 0 to 1; or none
    of them is given.
    Raises DataError where looks are too few, one of the three is missing or training images were held out, and
    DtypeError, ShapeError, RangeError or NonFiniteError for images that are none or do not fit together.

    >>> history = GanHistory(
    ...     real_score=[1.0] * 8, generated_score=[-1.0] * 8, look_step=[2, 4, 6, 8],
    ...     generator_gradient={"0": [3.0, 3.0, 3.0, 30.0], "2": [4.0, 4.0, 4.0, 40.0]},
    ...     discriminator_gradient={"1": [1.0] * 4}, diversity=[1.0, 0.5, 0.2, 0.0], nearest=[1.0, 0.5, 0.1, 0.0],
    ... )
    >>> found = symptoms(history)
    >>> found.diversity, found.generator_gradient, found.generator_growth
    (0.1, 27.5, 5.5)
    """
    looks = len(history.look_step)
    if looks < LEAST_LOOKS:
        raise DataError(
            f"diagnose: history expects at least {LEAST_LOOKS} looks (look_every of train_gan), has {looks}"
        )
    made, judged = lengths(history.generator_gradient), lengths(history.discriminator_gradient)
    return Symptoms(
        diversity=_late(history.diversity),
        nearest=_late(history.nearest),
        real_score=float(np.median(last_quarter(history.real_score))),
        generated_score=float(np.median(last_quarter(history.generated_score))),
        generator_gradient=float(np.median(last_quarter(made))),
        discriminator_gradient=float(np.median(last_quarter(judged))),
        generator_growth=_growth(made),
        discriminator_growth=_growth(judged),
        pinned=_late(history.pinned),
        copy_distance=_copy_distance(samples, training, held_out),
    )


def lengths(gradient: Mapping[str, Sequence[float]]) -> Array:
    """The length of a player's whole gradient at every look, √(Σ_layers norm²)."""
    return np.sqrt(np.square(np.array(list(gradient.values()), np.float64)).sum(axis=0))


def last_quarter(values: Sequence[float] | Array) -> Array:
    """The last quarter of the values, at least two of them."""
    return np.asarray(values, np.float64)[-max(2, len(values) // 4) :]


def since(look_step: Sequence[int], holds: Array) -> int:
    """The step of the look from which on something holds: after it there are no two looks in a row where it does not.

    >>> since([10, 20, 30, 40, 50, 60], np.array([True, False, False, True, False, True]))
    40
    """
    first = look = int(np.flatnonzero(holds)[-1]) if holds.any() else len(holds) - 1
    while look > 0 and holds[max(0, look - 2) : look].any():
        look -= 1
        first = look if holds[look] else first
    return look_step[first]


def _late(values: Sequence[float]) -> float | None:
    return float(np.median(last_quarter(values))) if values else None


def _growth(norms: Array) -> float:
    first = float(np.median(norms[:3]))
    return float(np.median(last_quarter(norms))) / first if first else np.inf


def _copy_distance(samples: Array | None, training: Array | None, held_out: Array | None) -> float | None:
    if samples is None and training is None and held_out is None:
        return None
    given = {"samples": samples, "training": training, "held_out": held_out}
    if missing := [name for name, images in given.items() if images is None]:
        raise DataError(f"diagnose: samples, training and held_out expect images together, lacks {', '.join(missing)}")
    for name, images in given.items():
        require_images("diagnose", name, images)
    generated, real = (_distance(name, given[name], training) for name in ("samples", "held_out"))
    if real == 0:
        raise DataError("diagnose: held_out expects images that are not in training, at least half of them are")
    return generated / real


def _distance(name: str, images: Any, training: Any) -> float:
    if images.shape[1:] != training.shape[1:]:
        raise ShapeError(
            f"diagnose: {name} expects images of shape {training.shape[1:]} like training, has {images.shape}"
        )
    distances, _ = nearest_training_images(images, training)
    return float(np.median(distances))
