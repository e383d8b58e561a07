"""Where the first number that is not finite came from: the step is computed again, layer by layer."""

from __future__ import annotations

import numpy as np

from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.semi.learner import Learner
from nnfromscratch.training.nonfinite import back_until_bad, bad_numbers, forward_until_bad
from nnfromscratch.types import Array


def trouble(learner: Learner, x: Array, labels: Array) -> str:
    """Says in words where the first NaN or infinity appears, and in which player.

    x, labels: those of the step. The order is that of the computation: the images, what the network makes of them, what
    the generator makes, what the network makes of that; the ways back, of the labelled images' loss and of a
    gradient of ones to the generator's images; last what the teacher says. The states must be those before the step.
    """
    if bad := bad_numbers(x):
        return f"the data: the batch of images {bad}"
    logits, way_back, found = forward_until_bad(learner.network, x)
    if found:
        return f"the network, on real images: {found}"
    if learner.generator is not None:
        images, generator_way_back, found = forward_until_bad(
            learner.generator, learner.draw_noise(learner.method.generated)
        )
        if found:
            return f"the generator: {found}"
        if found := forward_until_bad(learner.network, images)[2]:
            return f"the network, on generated images: {found}"
        if found := back_until_bad(generator_way_back, np.ones_like(images))[1]:
            return f"the generator: {found}"
    gradient = np.zeros_like(logits)
    _, backward = softmax_cross_entropy(logits[: len(labels)], labels)
    gradient[: len(labels)] = backward()
    if found := back_until_bad(way_back, gradient)[1]:
        return f"the network, on real images: {found}"
    if found := forward_until_bad(learner.averaged.network, x, training=False)[2]:
        return f"the teacher: {found}"
    return "nowhere when computed again"
