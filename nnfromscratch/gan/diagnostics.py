"""The clinic: what is wrong with a game of two networks, in words, with the figures that show it and a remedy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnfromscratch.errors import NonFiniteError
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.gan.symptoms import (
    APART,
    COLLAPSED,
    COPIED,
    EXPLODED,
    GREW,
    LEAST_LOOKS,
    PINNED,
    REPEATED,
    VANISHED,
    Symptoms,
    lengths,
    since,
    symptoms,
)
from nnfromscratch.types import Array
from nnfromscratch.wording import percent

MODE_COLLAPSE = "mode collapse"
DISCRIMINATOR_WON = "a discriminator that has won"
EXPLODING_GRADIENTS = "exploding gradients"
PINNED_WEIGHTS = "clipping that pins weights"
COPIED_IMAGES = "a copy of the training set"

KINDS = (MODE_COLLAPSE, DISCRIMINATOR_WON, EXPLODING_GRADIENTS, PINNED_WEIGHTS, COPIED_IMAGES)


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a game.

    kind: what it is called, one of ``KINDS``   step: from where on it was so   evidence: what is seen, with the figures
    remedy: what is likely to help, with the switches that do it   source: who described it
    ``str(finding)`` is all of it, to be read.
    """

    kind: str
    step: int
    evidence: str
    remedy: str
    source: str

    def __str__(self) -> str:
        return (
            f"{self.kind[0].upper()}{self.kind[1:]}, since step {self.step:,}. Seen: {self.evidence}. "
            f"Likely remedy: {self.remedy}. Source: {self.source}."
        )


def diagnose(
    history: GanHistory,
    *,
    samples: Array | None = None,
    training: Array | None = None,
    held_out: Array | None = None,
    stopped: NonFiniteError | None = None,
) -> list[Finding]:
    """What is wrong with a game, judged by how it stood at its end; nothing for one that goes well.

    Five failures are recognized: mode collapse; a discriminator that has won, with no gradient left for the generator;
    exploding gradients; clipping that pins weights; a copy of the training set. What follows from another failure is
    not named besides: gradients that explode wreck images and scores; and from images that are all the same any
    discriminator can tell what is real.

    history: of ``train_gan``, with at least 4 looks. A game that is still going on can be judged as well.
    samples: (N, C, H, W), generated images   training: (M, C, H, W), what the discriminator saw   held_out: (K, C, H,
    W), real images that it did not see. Bytes, or floats from 0 to 1. All three or none: without them nobody can tell
    whether images were copied, and a generator that copied just a few seems to have collapsed.
    stopped: the error by which ``train_gan`` ended, where it did; the history is the one that ``on_samples`` was given.
    Raises DataError, ShapeError, DtypeError, RangeError or NonFiniteError for arguments that do not fit.
    Source: Goodfellow, NIPS 2016 Tutorial: Generative Adversarial Networks (2016), section 5, for what goes wrong; each
    finding names its own.

    >>> all_the_same = GanHistory(
    ...     real_score=[4.0] * 400, generated_score=[-4.0] * 400, look_step=[100, 200, 300, 400],
    ...     generator_gradient={"0": [2.0, 1.5, 1.0, 1.0]}, discriminator_gradient={"1": [1.0] * 4},
    ...     diversity=[0.4, 0.01, 0.01, 0.0], nearest=[0.4, 0.002, 0.001, 0.0],
    ... )
    >>> [(finding.kind, finding.step) for finding in diagnose(all_the_same)]
    [('mode collapse', 200)]
    """
    if stopped is not None and len(history.look_step) < LEAST_LOOKS:
        return [_stopped(history, stopped)]
    seen = symptoms(history, samples=samples, training=training, held_out=held_out)
    exploded = _stopped(history, stopped) if stopped is not None else _exploding(history, seen)
    copied = _copied(history, seen)
    collapsed = None if exploded else _collapsed(history, seen, few_images=copied is not None)
    won = None if exploded or collapsed else _won(history, seen)
    return [finding for finding in (exploded, collapsed, won, _pinned(history, seen), copied) if finding]


def _collapsed(history: GanHistory, seen: Symptoms, *, few_images: bool) -> Finding | None:
    """few_images: the training set itself is small, so that equal images in a batch are to be expected."""
    if seen.diversity is None or seen.nearest is None:
        return None
    same = seen.diversity <= COLLAPSED
    if not same and (few_images or seen.nearest > REPEATED):
        return None
    alike = np.array(history.diversity) <= COLLAPSED if same else np.array(history.nearest) <= REPEATED
    return Finding(
        MODE_COLLAPSE,
        since(history.look_step, alike),
        f"two generated images of a batch are {seen.diversity:.2g} times as far apart as two real ones (healthy: above "
        f"{COLLAPSED:g}), and each of them from the one most like it {seen.nearest:.2g} times (above {REPEATED:g})",
        "let the discriminator compare the images of a batch (minibatch_discrimination=True in the model and in "
        "Techniques), or let it keep up with the generator: a higher lr of discriminator_optimizer, a lower one of "
        "generator_optimizer, Adam(beta1=0.5) for both",
        "Goodfellow, NIPS 2016 Tutorial (2016), section 5.1.1; Salimans et al. (2016), section 3.2; Radford et al. "
        "(2016), section 4, for beta1",
    )


def _won(history: GanHistory, seen: Symptoms) -> Finding | None:
    apart = seen.real_score - seen.generated_score
    if apart < APART or seen.generator_gradient > VANISHED:
        return None
    return Finding(
        DISCRIMINATOR_WON,
        since(history.look_step, lengths(history.generator_gradient) <= VANISHED),
        f"real images get scores of {seen.real_score:.3g}, generated ones {seen.generated_score:.3g}, and the gradient "
        f"of the generator has a length of {seen.generator_gradient:.1g} (healthy: above {VANISHED:g})",
        'a generator loss that does not saturate (objective="non-saturating"), or one whose critic may win '
        '(objective="wasserstein" with gradient_penalty=10); else a discriminator that learns more slowly (fewer '
        "critic_steps, a lower lr of discriminator_optimizer) or sees less well (Techniques(instance_noise=0.3))",
        "Goodfellow et al. (2014), section 3; Arjovsky and Bottou (2017), theorem 2.4 and section 3",
    )


def _exploding(history: GanHistory, seen: Symptoms) -> Finding | None:
    players = {
        "discriminator": (seen.discriminator_gradient, seen.discriminator_growth, history.discriminator_gradient),
        "generator": (seen.generator_gradient, seen.generator_growth, history.generator_gradient),
    }
    grown = {player: each for player, each in players.items() if each[0] >= EXPLODED and each[1] >= GREW}
    if not grown:
        return None
    player = max(grown, key=lambda name: grown[name][0])
    length, growth, layers = grown[player]
    longest = max(layers, key=lambda layer: layers[layer][-1])
    return _explosion(
        min(since(history.look_step, lengths(each[2]) >= EXPLODED) for each in grown.values()),
        f"the gradient of the {player} has a length of {length:,.0f} (healthy: below {EXPLODED:,.0f}), {growth:,.0f} "
        f"times that of its first looks, most of it in layer {longest}; real images have come to scores of "
        f"{seen.real_score:,.0f}, generated ones to {seen.generated_score:,.0f}",
    )


def _stopped(history: GanHistory, error: NonFiniteError) -> Finding:
    """A game that ran into infinity has no more to tell about it than its last step and where the numbers broke."""
    last = ""
    if history.steps:
        losses = history.discriminator_loss[-1], history.generator_loss[-1]
        last = f"after losses of {losses[0]:.2g} for the discriminator and {losses[1]:.2g} for the generator, "
    return _explosion(history.steps + 1, f"{last}numbers were no longer finite ({error})")


def _explosion(step: int, evidence: str) -> Finding:
    return Finding(
        EXPLODING_GRADIENTS,
        step,
        evidence,
        "lower learning rates; and a limit to how steep the discriminator can become, without which "
        'objective="wasserstein" has no end: gradient_penalty=10, or SpectralNorm around its layers, or weight_limit',
        "Pascanu, Mikolov, Bengio (2013), section 2, for the name; Arjovsky et al. (2017), section 3, and Gulrajani et "
        "al. (2017), section 4, for the limit; Miyato et al. (2018)",
    )


def _pinned(history: GanHistory, seen: Symptoms) -> Finding | None:
    if seen.pinned is None or seen.pinned < PINNED:
        return None
    return Finding(
        PINNED_WEIGHTS,
        since(history.look_step, np.array(history.pinned) >= PINNED),
        f"{percent(seen.pinned, 0)} of the discriminator's weights lie at the limit (healthy: less than "
        f"{percent(PINNED, 0)}), where nothing is left of them but a sign",
        "a penalty in place of the limit (gradient_penalty=10, weight_limit=None); else a lower lr of "
        "discriminator_optimizer, or a larger weight_limit",
        "Gulrajani et al. (2017), section 3; Arjovsky et al. (2017), section 3, who call clipping clearly terrible",
    )


def _copied(history: GanHistory, seen: Symptoms) -> Finding | None:
    if seen.copy_distance is None or seen.copy_distance > COPIED:
        return None
    return Finding(
        COPIED_IMAGES,
        history.steps,
        f"generated images are {seen.copy_distance:.2g} times as far from the nearest training image as real images "
        f"that were held out (healthy: above {COPIED:g})",
        "more training images (images); with these few a smaller model (width) and fewer steps",
        "Meehan, Chaudhuri, Dasgupta, A Non-Parametric Test to Detect Data-Copying in Generative Models (2020), "
        "section 2; Goodfellow et al. (2014), figure 2, who look at the nearest training images",
    )
