"""Where in the game the first number that is not finite came from: the step is computed again, layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from nnfromscratch.gan.game import Game, States
from nnfromscratch.gan.gradient_penalty import gradient_penalty
from nnfromscratch.layers import Layer, WithReference
from nnfromscratch.models import Conditional
from nnfromscratch.training.nonfinite import back_until_bad, bad_numbers, bad_parameter, forward_until_bad
from nnfromscratch.types import Array

NOWHERE = "nowhere when computed again"

# From the gradient of a network's result to that of x, and in words what was not finite on the way.
Back: TypeAlias = Callable[[Array], tuple[Array, str]]


def discriminator_trouble(
    game: Game,
    states: States,
    z: Array,
    labels: tuple[Array, ...],
    real: Array,
    generated: Array,
    points: Array | None,
) -> str:
    """Says in words where the first NaN or infinity appears in a step of the discriminator, and in which player.

    The order is that of the computation: the generator's images, the scores of real and of generated images, the loss,
    the ways back, the gradient penalty at the ``points`` between. states: those of the players before the step.
    """
    game.restore_states(states)
    if found := _forward(game.generator, z, labels)[2]:
        return f"the generator: {found}"
    scores, ways = [], []
    for what, images in (("real", real), ("generated", generated)):
        y, back, found = _forward(game.discriminator, images, labels)
        if found := found or _named(f"the {what} images", images):
            return f"the discriminator, on {what} images: {found}"
        scores.append(y)
        ways.append((what, back))
    loss, backward = game.rules.objective.discriminator_loss(*scores)
    if not np.isfinite(loss):
        return f"the discriminator's loss itself: {loss}, of scores that are finite"
    for gradient, (what, back) in zip(backward(), ways, strict=True):
        if found := _named("the gradient of the loss", gradient) or back(gradient)[1]:
            return f"the discriminator, on {what} images: {found}"
    if points is not None:
        penalty, penalty_backward = gradient_penalty(game.discriminator, points)
        if not np.isfinite(penalty):
            return f"the gradient penalty of the discriminator: {penalty}"
        for name, gradient in penalty_backward().items():
            if found := _named(f"the gradient of the penalty by {name}", gradient):
                return f"the discriminator: {found}"
    return NOWHERE


def generator_trouble(
    game: Game, states: States, z: Array, labels: tuple[Array, ...], real: Array | None, generated: Array
) -> str:
    """As ``discriminator_trouble`` for a step of the generator; ``real`` images are there with feature matching."""
    game.restore_states(states)
    _, generator_back, found = _forward(game.generator, z, labels)
    if found:
        return f"the generator: {found}"
    real_features = None
    if real is not None:
        real_features, _, found = _forward(game.critic, real, labels)
        if found := found or _named("the real images", real):
            return f"the discriminator, on real images: {found}"
    scores, critic_back, found = _forward(game.critic, generated, labels)
    if found:
        return f"the discriminator, on generated images: {found}"
    loss, backward = game.generator_loss(scores, real_features)
    if not np.isfinite(loss):
        return f"the generator's loss itself: {loss}, of numbers that are finite"
    gradient = backward()
    dimages, found = critic_back(gradient)
    if found := _named("the gradient of the loss", gradient) or found:
        return f"the discriminator, on generated images: {found}"
    if found := generator_back(dimages)[1]:
        return f"the generator: {found}"
    return NOWHERE


def _named(what: str, array: Array) -> str:
    bad = bad_numbers(array)
    return f"{what} {bad}" if bad else ""


def _forward(network: Layer, x: Array, labels: tuple[Array, ...] = ()) -> tuple[Array, Back, str]:
    """A network's result, its way back, and what was not finite before it; also inside what stands around a network."""
    if isinstance(network, Conditional):
        joined, _ = network.join(x, labels[0])
        y, back, found = _forward(network.network, joined)
        first = network.input_shape[0]
        return y, lambda g: (back(g)[0][:, :first], back(g)[1]), bad_parameter(network.embedding) or found
    if isinstance(network, WithReference):
        reference: Array = network.state["reference.batch"]
        y, back, found = _forward(network.network, np.concatenate([reference, x]))
        count = len(reference)

        def back_behind(g: Array) -> tuple[Array, str]:
            gradient, found = back(np.concatenate([np.zeros((count, *g.shape[1:]), g.dtype), g]))
            return gradient[count:], found

        return y[count:], back_behind, found
    y, way_back, found = forward_until_bad(network, x)
    return y, lambda g: back_until_bad(way_back, g), found
