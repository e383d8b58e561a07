"""Sequential: networks to check it with and the mistakes that people make in the chain rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.built import built
from nnfromscratch.catalogue.case import Arguments, Case, Function, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake
from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
)
from nnfromscratch.layers.layer import LayerBackward
from nnfromscratch.types import Array


def classifier(rng: np.random.Generator) -> Layer:
    """Convolution, pooling, fully connected."""
    return Sequential(
        Conv2d(1, 2, 3, padding=1, rng=rng),
        BatchNorm(2),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Dropout(0.3, rng=rng),
        Dense(8, 3, rng=rng),
    )


def generator(rng: np.random.Generator) -> Layer:
    """From four numbers to an image."""
    return Sequential(
        Dense(4, 8, rng=rng),
        LeakyReLU(),
        Reshape((2, 2, 2)),
        ConvTranspose2d(2, 1, 4, stride=2, padding=1, rng=rng),
        Tanh(),
    )


def nested(rng: np.random.Generator) -> Layer:
    """A network inside a network."""
    return Sequential(Dense(4, 3, rng=rng), Sequential(Tanh(), Dense(3, 3, rng=rng)), Dense(3, 2, rng=rng))


def chain(network: Function, rng: np.random.Generator) -> Layer:
    """The network that ``network`` makes, as a function of settings."""
    layer: Layer = network(rng=rng)
    return layer


def _case(network: Function, *shape: int, training: bool = True) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        seed = int(rng.integers(1000))
        return Arguments((rng.standard_normal(shape),), {"network": network}, seed, training)

    return make


def _random(rng: np.random.Generator) -> Arguments:
    network, shape = [(classifier, (1, 4, 4)), (generator, (4,)), (nested, (4,))][rng.integers(3)]
    x = values(rng, (1 + small(rng, 2), *shape))
    return Arguments((x,), {"network": network}, int(rng.integers(1000)), bool(rng.random() < 0.6))


def _wrong_chain(way_back: Any) -> Function:
    """Networks whose way back is ``way_back(backwards, dy)``: the layers' own backwards, and dy."""

    class Wrong(Sequential):
        def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
            backwards = []
            for layer in self.layers:
                x, backward = layer.forward(x, training)
                backwards.append(backward)
            return x, lambda dy: way_back(backwards, dy)

    def make(network: Function, rng: np.random.Generator) -> Layer:
        return Wrong(*network(rng).layers)

    return make


def _named(parts: list[dict[str, Array]]) -> dict[str, Array]:
    """Gradients by name, from one dictionary for each layer."""
    return {f"{i}.{name}": gradient for i, part in enumerate(parts) for name, gradient in part.items()}


def _backward(backwards: list[Any], dy: Array, skipped: int | None = None) -> tuple[Array, list[dict[str, Array]]]:
    """The chain rule, but for one layer whose ∂L/∂x is dy as it came."""
    parts: list[dict[str, Array]] = []
    for i in reversed(range(len(backwards))):
        dx, grads = backwards[i](dy)
        dy = dy if i == skipped else dx
        parts.insert(0, grads)
    return dy, parts


def _skip_tanh(backwards: list[Any], dy: Array) -> Any:
    dx, parts = _backward(backwards, dy, skipped=4)
    return dx, _named(parts)


def _zero_first(backwards: list[Any], dy: Array) -> Any:
    dx, parts = _backward(backwards, dy)
    return dx, _named([{name: np.zeros_like(g) for name, g in parts[0].items()}, *parts[1:]])


def _averaged(backwards: list[Any], dy: Array) -> Any:
    dx, parts = _backward(backwards, dy / len(dy))
    return dx, _named(parts)


def _in_reverse(backwards: list[Any], dy: Array) -> Any:
    dx, parts = _backward(backwards, dy)
    return dx, _named(parts[::-1])


def _one_missing(backwards: list[Any], dy: Array) -> Any:
    dx, parts = _backward(backwards, dy)
    return dx, _named([*parts[:-1], {}])


def _doubled(backwards: list[Any], dy: Array) -> Any:
    dx, parts = _backward(backwards, dy)
    return dx, _named([{name: 2 * g for name, g in part.items()} for part in parts[:-1]] + parts[-1:])


SEQUENTIAL = Entry(
    "Sequential",
    chain,
    (
        Case("typical", _case(generator, 2, 4)),
        Case("classifier", _case(classifier, 3, 1, 4, 4)),
        Case("classifier in evaluation", _case(classifier, 2, 1, 4, 4, training=False)),
        Case("nested", _case(nested, 3, 4)),
    ),
    _random,
    (
        Mistake(
            "Sequential",
            "last activation skipped",
            None,
            "leaves the last layer's slope out of the chain",
            "How many layers does your loop visit on the way back?",
            _wrong_chain(_skip_tanh),
        ),
        Mistake(
            "Sequential",
            "first layer not reached",
            "zero",
            "stops before the first layer",
            "Which is the last layer that your loop visits on the way back?",
            _wrong_chain(_zero_first),
        ),
        Mistake(
            "Sequential",
            "divided by the batch size once more",
            "factor",
            "averages over the batch on the way in",
            "The loss takes the mean: who else does?",
            _wrong_chain(_averaged),
        ),
        Mistake(
            "Sequential",
            "gradients under the names of other layers",
            "count",
            "collects them from the last layer to the first and numbers them from the first",
            "Your loop runs backwards: which layer's gradient comes first?",
            _wrong_chain(_in_reverse),
        ),
        Mistake(
            "Sequential",
            "last layer's gradients lost",
            "count",
            "returns no gradients for the last layer",
            "Compare the names in grads with those in params.",
            _wrong_chain(_one_missing),
            "nested",
        ),
        Mistake(
            "Sequential",
            "chain counted twice",
            "factor",
            "doubles what comes back to the lower layers",
            "Through how many paths does the result depend on the first layer's weights?",
            _wrong_chain(_doubled),
            "nested",
        ),
    ),
    kernels=True,
    subject=built,
)
