"""What the clinic says about a run of ``generate``, with remedies that can be typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nnfromscratch.data import Splits
from nnfromscratch.errors import DataError, NonFiniteError
from nnfromscratch.gan.diagnostics import (
    COPIED_IMAGES,
    DISCRIMINATOR_WON,
    EXPLODING_GRADIENTS,
    MODE_COLLAPSE,
    PINNED_WEIGHTS,
    Finding,
    diagnose,
)
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.types import Array

REMEDIES = {
    MODE_COLLAPSE: "let the discriminator compare the images of a batch (--minibatch-discrimination, where networks "
    "have a place for it), or let it keep up with the generator: a higher --lr-discriminator, a lower --lr-generator",
    DISCRIMINATOR_WON: "a generator loss that does not saturate (--gan article instead of minimax), or one whose "
    "critic may win (--gan wgan-gp); else a discriminator that learns more slowly (a lower --lr-discriminator) or sees "
    "less well (--instance-noise 0.3)",
    EXPLODING_GRADIENTS: "lower learning rates (--lr-generator, --lr-discriminator), or a discriminator that cannot "
    "become so steep (--gan wgan-gp, --gan hinge)",
    PINNED_WEIGHTS: "a penalty in place of the limit (--gan wgan-gp); else a lower --lr-discriminator",
    COPIED_IMAGES: "more training images (--data); with these few fewer --steps",
}
LEAST_STEPS = 100  # before them a game has hardly begun, and images that are still grey may be all alike
COMPARED = 200  # samples, and images held out, whose nearest training images are looked for


def findings_of(
    settings: Mapping[str, Any], history: GanHistory, images: Array, splits: Splits
) -> list[Finding] | None:
    """What is wrong with a game that was played to its end; None where it was too short to say.

    images: (N, C, H, W) bytes, the generator's samples
    """
    if history.steps < LEAST_STEPS:
        return None
    samples, held_out = images[:COMPARED], splits.test.images[:COMPARED]
    try:
        found = diagnose(history, samples=samples, training=splits.train.images, held_out=held_out)
    except DataError:  # most of a user's test images are training images too: nothing to compare copies with
        found = diagnose(history)
    return [_to_be_typed(finding, settings) for finding in found]


def explained(error: NonFiniteError, history: GanHistory | None, settings: Mapping[str, Any]) -> NonFiniteError:
    """The error of a game that ran into infinity, with what the clinic says about it.

    history: None where it was not seen, as in a run that was resumed a moment ago
    """
    exploded, *others = (_to_be_typed(each, settings) for each in diagnose(history or GanHistory(), stopped=error))
    words = f"That is what {exploded.kind} end in. Likely remedy: {exploded.remedy}. Source: {exploded.source}."
    return NonFiniteError(" ".join([f"{error}.", words, *map(str, others)]))


def _to_be_typed(finding: Finding, settings: Mapping[str, Any]) -> Finding:
    gentler = "; the recipe without --plain may do" if settings["plain"] else ""
    return replace(finding, remedy=REMEDIES[finding.kind] + gentler)
