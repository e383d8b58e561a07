"""What the two players want: a pair of losses for each kind of game, and what belongs to them.

``loss, backward = objective.discriminator_loss(real_scores, generated_scores)`` and ``dreal, dgenerated = backward()``;
``loss, backward = objective.generator_loss(generated_scores)`` and ``dgenerated = backward()``. Both players minimize
their own loss. Scores are raw: the discriminator's last layer is a Dense without a sigmoid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from nnfromscratch.errors import RangeError, require_choice, require_number
from nnfromscratch.gan.losses import (
    cross_entropy_discriminator_loss,
    hinge_discriminator_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    minimax_generator_loss,
    non_saturating_generator_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from nnfromscratch.types import Array, Backward

Loss: TypeAlias = Callable[..., tuple[float, Backward]]


@dataclass(frozen=True)
class Objective:
    """The losses of the two players.

    real_target: what the discriminator should say to a real image, for those losses that have such a number (1 as the
    papers have it, less with ``smoothed``); None for the others.

    >>> objective = require_objective("non-saturating")
    >>> loss, backward = objective.generator_loss(np.zeros((2, 1)))
    >>> round(loss, 4), backward().ravel()
    (0.6931, array([-0.25, -0.25]))
    """

    name: str
    discriminator_loss: Loss
    generator_loss: Loss
    real_target: float | None = None


MINIMAX = Objective("minimax", cross_entropy_discriminator_loss, minimax_generator_loss, 1.0)
NON_SATURATING = Objective("non-saturating", cross_entropy_discriminator_loss, non_saturating_generator_loss, 1.0)
LEAST_SQUARES = Objective("least-squares", least_squares_discriminator_loss, least_squares_generator_loss, 1.0)
WASSERSTEIN = Objective("wasserstein", wasserstein_critic_loss, wasserstein_generator_loss)
HINGE = Objective("hinge", hinge_discriminator_loss, wasserstein_generator_loss)

#: The ready-made objectives by name: minimax, non-saturating, least-squares, wasserstein, hinge.
OBJECTIVES = {each.name: each for each in (MINIMAX, NON_SATURATING, LEAST_SQUARES, WASSERSTEIN, HINGE)}


def require_objective(name: str) -> Objective:
    """The objective of this name, or RangeError that lists the names and suggests the nearest.

    >>> require_objective("wasserstien")
    Traceback (most recent call last):
    nnfromscratch.errors.RangeError: objective: name expects one of minimax, non-saturating, least-squares, wasserstein,
    hinge; is 'wasserstien' (did you mean 'wasserstein'?)
    """
    return OBJECTIVES[require_choice("objective", "name", name, OBJECTIVES)]


def smoothed(objective: Objective, amount: float) -> Objective:
    """The objective with one-sided label smoothing: real images should get 1 − amount instead of 1.

    t = 1 − amount        D(x) = t · p_data(x) / (p_data(x) + p_model(x))

    This D, the best discriminator there is, is never certain, and so its gradients stay alive. One-sided: were the
    target of generated images raised too, p_model would stand above the line, and images that resemble nothing would
    be left where they are.
    amount: at least 0 and below 1; 0 leaves the objective as it is.
    Raises RangeError for another amount, and for an objective that has no target (wasserstein, hinge).
    Source: Salimans et al., Improved techniques for training GANs (2016), section 3.4.

    >>> smoothed(NON_SATURATING, 0.1).real_target
    0.9
    """
    target = 1.0 - require_number("smoothed", "amount", amount, least=0, below=1)
    if objective.real_target is None:
        fitting = ", ".join(each.name for each in OBJECTIVES.values() if each.real_target is not None)
        raise RangeError(
            f"smoothed: objective expects one with a target for real images ({fitting}), is {objective.name}"
        )
    plain = objective.discriminator_loss
    loss = partial(plain.func if isinstance(plain, partial) else plain, real_target=target)
    return dataclasses.replace(objective, discriminator_loss=loss, real_target=target)


def clip_weights(params: MutableMapping[str, Array], limit: float) -> None:
    """Move every parameter that has left −limit … limit back to the border.

    w ← min(max(w, −c), c)

    A crude way to keep a Wasserstein critic from rising without bounds; its authors call it clearly terrible.
    limit c: a finite number above 0, in the paper 0.01
    Raises RangeError for another limit.
    Source: Arjovsky, Chintala, Bottou, Wasserstein generative adversarial networks (2017), Algorithm 1 and section 3.

    >>> params = {"weight": np.array([-0.5, 0.02])}
    >>> clip_weights(params, 0.1)
    >>> params["weight"]
    array([-0.1 ,  0.02])
    """
    c = require_number("clip_weights", "limit", limit, above=0)
    for name, array in params.items():
        params[name] = np.clip(array, -c, c)
