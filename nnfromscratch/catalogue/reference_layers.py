"""VirtualBatchNorm and WithReference: their cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.built import built, layer_case, wrong_layer
from nnfromscratch.catalogue.case import Arguments, Case, Function, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake
from nnfromscratch.layers import Dense, Sequential, Tanh, VirtualBatchNorm, WithReference
from nnfromscratch.layers.layer import LayerBackward
from nnfromscratch.types import Array


class VirtualBatchNormOfConstants(VirtualBatchNorm):
    """Takes the reference for constants, as it is only at the entrance of the network."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The right result, but no gradient to the reference."""
        y, right = super().forward(x, training)
        size = self.reference_size

        def backward(dy: Array, wrt: Any = ("x", "params")) -> Any:
            dx, grads = right(dy, wrt=wrt)
            return None if dx is None else np.concatenate([0 * dx[:size], dx[size:]]), grads

        return y, backward


class ReferenceAtTheEnd(WithReference):
    """Takes its part of ∂L/∂x from the wrong end."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The right result, but the gradient as if the reference came last."""
        size = len(self.state["reference.batch"])
        joined, network_backward = self.network.forward(np.concatenate([self.state["reference.batch"], x]), training)

        def backward(dy: Array) -> Any:
            dx, grads = network_backward(np.concatenate([np.zeros((size, *dy.shape[1:])), dy]))
            return np.asarray(dx)[: len(x)], {f"network.{name}": gradient for name, gradient in grads.items()}

        return joined[size:], backward


def _network(rng: np.random.Generator, norm: Function, around: Function) -> Any:
    """A layer with parameters, the normalization and one more, behind a reference of three samples."""
    dense = Dense(3, 4, bias=False, rng=rng)  # a bias would be taken away again
    network = Sequential(dense, norm(4, reference_size=3), Tanh(), Dense(4, 2, bias=False, rng=rng))
    return around(network, rng.standard_normal((3, 3), np.float32))


def with_reference(rng: np.random.Generator) -> Any:
    """The right one."""
    return _network(rng, VirtualBatchNorm, WithReference)


def with_constants(rng: np.random.Generator) -> Any:
    """One whose reference gets no gradient inside the network."""
    return _network(rng, VirtualBatchNormOfConstants, WithReference)


def with_reference_at_the_end(rng: np.random.Generator) -> Any:
    """One that looks for its gradient at the wrong end."""
    return _network(rng, VirtualBatchNorm, ReferenceAtTheEnd)


def _random_layer(rng: np.random.Generator) -> Arguments:
    reference, c = 1 + small(rng, 2), small(rng, 3)
    n = reference + int(rng.integers(0, 3))
    x = values(rng, (n, c) if rng.random() < 0.5 else (n, c, small(rng, 2), 2))
    settings = {"num_features": c, "reference_size": reference}
    return Arguments((x,), settings, int(rng.integers(1000)), bool(rng.random() < 0.6))


def _random_network(rng: np.random.Generator) -> Arguments:
    return Arguments((rng.standard_normal((small(rng), 3)),), {}, int(rng.integers(1000)), bool(rng.random() < 0.6))


VIRTUAL_BATCH_NORM_LAYER = Entry(
    "VirtualBatchNorm",
    VirtualBatchNorm,
    (
        Case("typical", layer_case((6, 3), num_features=3, reference_size=4)),
        Case("images", layer_case((4, 2, 2, 2), num_features=2, reference_size=3)),
        Case("evaluation", layer_case((6, 3), training=False, num_features=3, reference_size=4)),
    ),
    _random_layer,
    (
        Mistake(
            "VirtualBatchNorm",
            "reference taken for constants",
            None,
            "sends nothing back to the reference",
            "The reference comes from the layers below: do their parameters have no part in it?",
            VirtualBatchNormOfConstants,
        ),
        Mistake(
            "VirtualBatchNorm",
            "weight and bias exchanged",
            "swapped",
            "puts each gradient under the other's name",
            "Which of the two is multiplied, and which added?",
            wrong_layer(VirtualBatchNorm, lambda at: (at.dx, {"weight": at.grads["bias"], "bias": at.grads["weight"]})),
        ),
    ),
    subject=built,
)

WITH_REFERENCE = Entry(
    "WithReference",
    with_reference,
    (
        Case("typical", layer_case((4, 3))),
        Case("one sample", layer_case((1, 3))),
        Case("evaluation", layer_case((4, 3), training=False)),
    ),
    _random_network,
    (
        Mistake(
            "WithReference",
            "reference taken for constants",
            None,
            "leaves out what the parameters do to the reference inside the network",
            "The first layer's weight rises: which results change, and through which samples?",
            with_constants,
        ),
        Mistake(
            "WithReference",
            "gradient from the wrong end",
            None,
            "returns the first rows of ∂L/∂[r, x] for x",
            "Where does the reference stand: in front of the batch, or behind it?",
            with_reference_at_the_end,
        ),
        Mistake(
            "WithReference",
            "names without their prefix",
            "count",
            "returns the gradients under the inner network's names",
            "Compare the names in grads with those in params.",
            wrong_layer(
                with_reference,
                lambda at: (at.dx, {name.removeprefix("network."): g for name, g in at.grads.items()}),
            ),
        ),
    ),
    subject=built,
    kernels=True,
)
