"""One step of learning from few labels: the losses that the method asks for, their gradients, an update of each player.

Real images, with and without labels, go through the network once, generated ones once. All gradients are computed from
these two passes, also the generator's, and then both players move at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from nnfromscratch.errors import NonFiniteError
from nnfromscratch.functional import softmax, softmax_cross_entropy
from nnfromscratch.gan.bad_gan import conditional_entropy, pull_away
from nnfromscratch.gan.semi_supervised import consistency_loss, pseudo_label_loss, real_or_generated
from nnfromscratch.gan.techniques import feature_matching
from nnfromscratch.layers.layer import Gradients, LayerBackward
from nnfromscratch.semi.learner import Learner
from nnfromscratch.semi.trouble import trouble
from nnfromscratch.types import Array


def step(learner: Learner) -> None:
    """Let the network, and the generator where there is one, learn from a minibatch.

    Raises NonFiniteError, and leaves parameters, optimizers and states as they were, where a number is not finite.
    """
    method = learner.method
    states = learner.states()
    x, labels, clean = learner.draw()
    features, body_backward = learner.body.forward(x)
    logits, head_backward = learner.head.forward(features)
    known = len(labels)
    losses: dict[str, float] = {}
    samples = len(x)

    loss, backward = softmax_cross_entropy(logits[:known], labels)
    losses["labelled"] = float(loss)
    dlogits = np.zeros_like(logits)
    dlogits[:known] = backward()
    if method.conditional_entropy:
        losses["conditional entropy"], backward = conditional_entropy(logits[known:])
        dlogits[known:] += backward(method.conditional_entropy)
    told: Array | None = None
    if clean is not None and learner.teaches:
        told = learner.averaged.network.predict(clean)
        samples += len(clean)
        dlogits[known:] += _learn_from_teacher(learner, logits[known:], told, losses)

    generator_grads: Gradients = {}
    if learner.generator is None:
        grads = _gradients(learner, (body_backward, head_backward), dlogits)
    else:
        z = learner.draw_noise(method.generated)
        images, generator_backward = learner.generator.forward(z)
        made, made_body_backward = learner.body.forward(images)
        made_logits, made_head_backward = learner.head.forward(made)
        samples += 2 * len(images)
        losses["real or generated"], game_backward = real_or_generated(logits[known:], made_logits)
        dreal, dmade = game_backward()
        dlogits[known:] += dreal
        grads = _gradients(learner, (body_backward, head_backward), dlogits)
        of_made = _gradients(learner, (made_body_backward, made_head_backward), dmade)
        grads = {name: gradient + of_made[name] for name, gradient in grads.items()}
        dmade_features = _learn_to_generate(learner, made, features[known:], losses)
        dimages, _ = made_body_backward(dmade_features, wrt=("x",))  # the network holds still for the generator
        _, generator_grads = generator_backward(dimages, wrt=("params",))

    if what := _not_finite(losses, grads | {f"generator.{name}": g for name, g in generator_grads.items()}):
        learner.restore_states(states)
        where = trouble(learner, x, labels)
        learner.restore_states(states)
        raise NonFiniteError(f"expects finite numbers, has {what}; where it began: {where}")
    learner.optimizer.step(learner.network.params, grads)
    if learner.generator is not None:
        learner.generator_optimizer.step(learner.generator.params, generator_grads)
    if told is not None:
        learner.alignment.update(softmax(told)[0])
    learner.averaged.update(learner.network)
    learner.history.note(losses, samples)


def _learn_from_teacher(learner: Learner, logits: Array, told: Array, losses: dict[str, float]) -> Array:
    """∂L/∂logits of what the teacher has told about the images without labels; notes the losses."""
    method = learner.method
    gradient = np.zeros_like(logits)
    if not np.isfinite(told).all():  # the step ends with this, and a search for where it began
        losses["teacher"] = math.nan
        return gradient
    if method.pseudo_labels:
        probabilities, _ = softmax(told)
        if method.alignment:
            probabilities = learner.alignment.align(probabilities)
        losses["pseudo-labels"], backward = pseudo_label_loss(logits, probabilities, threshold=method.threshold)
        losses["sure"] = float((probabilities.max(axis=1) > method.threshold).mean())
        gradient += backward(method.pseudo_labels)
    if method.consistency:
        losses["consistency"], backward = consistency_loss(logits, told)
        gradient += backward(method.consistency)
    return gradient


def _learn_to_generate(learner: Learner, made: Array, real: Array, losses: dict[str, float]) -> Array:
    """∂L/∂features of the generated images, for the generator; notes its losses."""
    losses["generator"], backward = feature_matching(made, real)
    gradient = backward()
    if learner.method.pull_away:
        losses["pull-away"], backward = pull_away(made)
        gradient = gradient + backward(learner.method.pull_away)
    return gradient


def _gradients(learner: Learner, ways_back: tuple[LayerBackward, LayerBackward], dlogits: Array) -> Gradients:
    """Those of the network's parameters, along the ways back of its body and its head."""
    body_backward, head_backward = ways_back
    dfeatures, of_head = head_backward(dlogits)
    _, grads = body_backward(dfeatures, wrt=("params",))
    for name, gradient in of_head.items():
        place, _, rest = name.partition(".")
        grads[f"{int(place) + len(learner.body)}.{rest}"] = gradient
    return grads


def _not_finite(losses: Mapping[str, float], grads: Gradients) -> str:
    """The first loss that is not finite, or that a gradient is not, in words."""
    for name, loss in losses.items():
        if not math.isfinite(loss):
            return f"a loss ({name}) of {loss:.4g}"
    # a sum is finite only where all its terms are; of the few that overflow the terms themselves are looked at
    if all(math.isfinite(g.sum()) or np.isfinite(g).all() for g in grads.values()):
        return ""
    return "a gradient that is not finite"
