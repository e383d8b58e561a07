"""The layers that remember or draw (BatchNorm, LayerNorm, Dropout, GaussianNoise): their cases and mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch import functional
from nnfromscratch.catalogue.built import built, layer_case, wrong_layer
from nnfromscratch.catalogue.case import Arguments, Case, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake
from nnfromscratch.layers import BatchNorm, Dropout, GaussianNoise, LayerNorm
from nnfromscratch.layers.layer import LayerBackward
from nnfromscratch.types import Array


class BatchNormOfConstants(BatchNorm):
    """Takes the statistics of the batch for constants."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The right result, but no gradient through mean and variance."""
        if not training:
            return super().forward(x, training)
        axes = (0, *range(2, x.ndim))
        weight, bias = self.params["weight"], self.params["bias"]
        y, backward = functional.batch_norm(
            x, weight, bias, mean=x.mean(axis=axes), variance=x.var(axis=axes), eps=self.eps
        )
        return y, self.way_back(backward)


class BatchNormAlwaysTraining(BatchNorm):
    """Sends gradients through the batch's statistics in evaluation too."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The right result with training's way back."""
        y, _ = super().forward(x, training)
        _, backward = functional.batch_norm(x, self.params["weight"], self.params["bias"], eps=self.eps)
        return y, self.way_back(backward)


class DropoutAgain(Dropout):
    """Draws its mask anew on the way back."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The mask of the way back is another one."""
        y, _ = super().forward(x, training)

        def backward(dy: Array) -> Any:
            return functional.dropout(dy, self.rate, rng=self.state["rng"])[0], {}

        return y, backward


def _random_batch_norm(rng: np.random.Generator) -> Arguments:
    c, training = small(rng, 3), bool(rng.random() < 0.6)
    shape = (1 + small(rng), c) if rng.random() < 0.5 else (2, c, small(rng, 3), small(rng, 2))
    return Arguments((values(rng, shape),), {"num_features": c}, int(rng.integers(1000)), training)


def _random_layer_norm(rng: np.random.Generator) -> Arguments:
    own = tuple(small(rng) for _ in range(rng.integers(1, 4)))
    return Arguments((values(rng, (small(rng, 3), *own)),), {"shape": own}, int(rng.integers(1000)))


def _random_dropout(rng: np.random.Generator) -> Arguments:
    training = bool(rng.random() < 0.7)
    return Arguments((values(rng, (small(rng), small(rng))),), {"rate": 0.4}, int(rng.integers(1000)), training)


def _random_gaussian(rng: np.random.Generator) -> Arguments:
    training = bool(rng.random() < 0.7)
    return Arguments((values(rng, (small(rng), small(rng))),), {"std": 0.4}, int(rng.integers(1000)), training)


BATCH_NORM_LAYER = Entry(
    "BatchNorm",
    BatchNorm,
    (
        Case("typical", layer_case((5, 3), num_features=3)),
        Case("images", layer_case((2, 2, 3, 2), num_features=2)),
        Case("evaluation", layer_case((4, 3), training=False, num_features=3)),
        Case("one sample in evaluation", layer_case((1, 3), training=False, num_features=3)),
    ),
    _random_batch_norm,
    (
        Mistake(
            "BatchNorm",
            "statistics taken for constants",
            "missing-term",
            "sends no gradient through mean and variance",
            "On how many ways does one x reach the results of the other samples?",
            BatchNormOfConstants,
        ),
        Mistake(
            "BatchNorm",
            "training's way back in evaluation",
            None,
            "sends gradients through statistics of the batch that were not used",
            "Which statistics made this result: the batch's, or the running ones?",
            BatchNormAlwaysTraining,
            "evaluation",
        ),
        Mistake(
            "BatchNorm",
            "zero gradient",
            "zero",
            "returns zeros for x",
            "The sum of y does not depend on x; but does y itself?",
            wrong_layer(BatchNorm, lambda at: (0 * at.dx, at.grads)),
        ),
        Mistake(
            "BatchNorm",
            "weight and bias exchanged",
            "swapped",
            "puts each gradient under the other's name",
            "Which of the two is multiplied, and which added?",
            wrong_layer(BatchNorm, lambda at: (at.dx, {"weight": at.grads["bias"], "bias": at.grads["weight"]})),
        ),
    ),
    subject=built,
    kernels=True,
)

LAYER_NORM_LAYER = Entry(
    "LayerNorm",
    LayerNorm,
    (
        Case("typical", layer_case((4, 5), shape=5)),
        Case("images", layer_case((2, 2, 2, 3), shape=(2, 2, 3))),
    ),
    _random_layer_norm,
    (
        Mistake(
            "LayerNorm",
            "zero gradient",
            "zero",
            "returns zeros for x",
            "The sum of x̂ does not depend on x; but does x̂ itself?",
            wrong_layer(LayerNorm, lambda at: (0 * at.dx, at.grads)),
        ),
        Mistake(
            "LayerNorm",
            "bias of the first sample",
            "missing-sum",
            "returns dy[0] for the bias",
            "The shape fits, but how many samples have been counted?",
            wrong_layer(LayerNorm, lambda at: (at.dx, {**at.grads, "bias": at.dy[0].copy()})),
        ),
    ),
    subject=built,
)

DROPOUT_LAYER = Entry(
    "Dropout",
    Dropout,
    (
        Case("typical", layer_case((4, 5), rate=0.4)),
        Case("evaluation", layer_case((4, 5), training=False, rate=0.4)),
    ),
    _random_dropout,
    (
        Mistake(
            "Dropout",
            "another mask",
            "second-call",
            "draws the mask anew on the way back",
            "Which numbers had been dropped on the way forward?",
            DropoutAgain,
        ),
        Mistake(
            "Dropout",
            "scaled in evaluation",
            "factor",
            "multiplies by 1 − rate in evaluation, though training had divided already",
            "If training keeps the mean, what is left to do in evaluation?",
            wrong_layer(Dropout, lambda at: (0.6 * at.dx, at.grads)),
            "evaluation",
        ),
    ),
    subject=built,
)

GAUSSIAN_NOISE_LAYER = Entry(
    "GaussianNoise",
    GaussianNoise,
    (
        Case("typical", layer_case((4, 5), std=0.3)),
        Case("evaluation", layer_case((4, 5), training=False, std=0.3)),
    ),
    _random_gaussian,
    (
        Mistake(
            "GaussianNoise",
            "noise blocks the way",
            "zero",
            "returns zeros, since the result is random",
            "With the noise held fixed, does y change with x?",
            wrong_layer(GaussianNoise, lambda at: (0 * at.dx, at.grads)),
        ),
    ),
    kernels=True,
    subject=built,
)
