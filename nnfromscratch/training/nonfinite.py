"""Where the first number that is not finite came from: the batch is computed again, layer by layer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from nnfromscratch.layers import Layer
from nnfromscratch.layers.layer import LayerBackward
from nnfromscratch.types import Array, Backward

# (logits, labels) -> the loss of a batch and its way back; functional.softmax_cross_entropy is one.
Loss: TypeAlias = Callable[[Array, Array], tuple[Any, Backward]]

# Each layer of a network by its name and place, with its way back.
WayBack: TypeAlias = list[tuple[str, LayerBackward]]


def first_non_finite(network: Layer, x: Array, labels: Array, loss: Loss, *, training: bool = True) -> str:
    """Says in words where the first NaN or infinity appears: in the data, on the way forward or on the way back.

    The order is that of the computation: the batch, then each layer's parameters, state and result, the loss, then
    from the last layer to the first the gradients of its parameters and the one that it passes on. With
    ``training=False`` there is no way back. The state of the network must be the one from before the batch.

    >>> from nnfromscratch.functional import softmax_cross_entropy
    >>> from nnfromscratch.layers import Dense, ReLU, Sequential
    >>> rng = np.random.default_rng(0)
    >>> network = Sequential(Dense(4, 8, rng=rng), ReLU(), Dense(8, 3, rng=rng))
    >>> network.params["2.weight"][0, 0] = np.nan
    >>> first_non_finite(network, np.ones((5, 4), np.float32), np.zeros(5, int), softmax_cross_entropy)
    'parameter weight of layer 2, Dense(8, 3) (1 of 24 numbers, the first nan at (0, 0))'
    """
    if bad := bad_numbers(x):
        return f"the data: the batch of images {bad}"
    y, way_back, found = forward_until_bad(network, x, training=training)
    if found:
        return found
    value, loss_backward = loss(y, labels)
    if not np.isfinite(value):
        return f"the loss itself: {value}, of scores that are finite"
    if not training:
        return "nowhere when computed again"
    gradient: Array = loss_backward()
    if bad := bad_numbers(gradient):
        return f"the gradient of the loss {bad}"
    _, found = back_until_bad(way_back, gradient)
    return found or "nowhere when computed again"


def forward_until_bad(network: Layer, x: Array, *, training: bool = True) -> tuple[Array, WayBack, str]:
    """The network's result, layer by layer, and each layer's way back; third, where a NaN or an infinity came up."""
    way_back: WayBack = []
    for name, layer in leaves(network):
        if what := _bad_in(layer.params):
            return x, way_back, f"parameter {what.replace(' ', f' of {name} ', 1)}"
        x, backward = layer.forward(x, training)
        if what := _bad_in(layer.state):
            return x, way_back, f"state {what.replace(' ', f' of {name} ', 1)}"
        if bad := bad_numbers(x):
            return x, way_back, f"the result of {name} {bad}"
        way_back.append((name, backward))
    return x, way_back, ""


def back_until_bad(way_back: WayBack, gradient: Any) -> tuple[Any, str]:
    """∂L/∂x from ∂L/∂y along the ``way_back`` of a network; second, where a NaN or an infinity came up."""
    for name, backward in reversed(way_back):
        gradient, grads = backward(gradient)
        if what := _bad_in(grads):
            return gradient, f"the gradient of parameter {what.replace(' ', f' of {name} ', 1)}"
        if bad := bad_numbers(gradient):
            return gradient, f"the gradient that {name} passes back {bad}"
    return gradient, ""


def bad_parameter(network: Layer) -> str | None:
    """The first parameter or state that holds a NaN or an infinity, in words; None where all are finite."""
    for name, layer in leaves(network):
        for kind, arrays in (("parameter", layer.params), ("state", layer.state)):
            if what := _bad_in(arrays):
                return f"{kind} {what.replace(' ', f' of {name} ', 1)}"
    return None


def restore_state(network: Layer, before: Mapping[str, Any]) -> None:
    """Give the network back the state of which ``before`` is a deep copy."""
    for name, value in before.items():
        if isinstance(value, np.random.Generator):
            network.state[name].bit_generator.state = value.bit_generator.state
        else:
            network.state[name] = copy.deepcopy(value)


def leaves(layer: Layer, index: str = "") -> Iterator[tuple[str, Layer]]:
    """The layers of a network in the order of computation, each with its place and what it is."""
    inner = getattr(layer, "layers", None)
    if inner is None:
        yield f"layer {index}, {layer!r}" if index else repr(layer), layer
        return
    for position, part in enumerate(inner):
        yield from leaves(part, f"{index}.{position}" if index else str(position))


def _bad_in(arrays: Mapping[str, Any]) -> str:
    """The name of the first array with a number that is not finite, and what is wrong with it."""
    for name, array in arrays.items():
        if isinstance(array, np.ndarray) and (bad := bad_numbers(array)):
            return f"{name} {bad}"
    return ""


def bad_numbers(array: Array) -> str:
    """How many of the numbers are not finite and where the first is, in words; nothing where all are."""
    finite = np.isfinite(array)
    if finite.all():
        return ""
    where = tuple(int(place) for place in np.unravel_index(int((~finite).argmax()), array.shape))
    return f"({(~finite).sum():,} of {array.size:,} numbers, the first {array[where]} at {where})"
