"""Where the first number that is not finite came from: the batch is computed again, layer by layer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from nnfromscratch.layers import Layer
from nnfromscratch.types import Array, Backward

# (logits, labels) -> the loss of a batch and its way back; functional.softmax_cross_entropy is one.
Loss: TypeAlias = Callable[[Array, Array], tuple[Any, Backward]]


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
    if bad := _bad(x):
        return f"the data: the batch of images {bad}"
    backwards: list[tuple[str, Any]] = []
    for name, layer in _leaves(network):
        if what := _bad_in(layer.params):
            return f"parameter {what.replace(' ', f' of {name} ', 1)}"
        x, backward = layer.forward(x, training)
        if what := _bad_in(layer.state):
            return f"state {what.replace(' ', f' of {name} ', 1)}"
        if bad := _bad(x):
            return f"the result of {name} {bad}"
        backwards.append((name, backward))
    value, loss_backward = loss(x, labels)
    if not np.isfinite(value):
        return f"the loss itself: {value}, of scores that are finite"
    if not training:
        return "nowhere when computed again"
    gradient: Array = loss_backward()
    if bad := _bad(gradient):
        return f"the gradient of the loss {bad}"
    for name, backward in reversed(backwards):
        passed_on, grads = backward(gradient)
        if what := _bad_in(grads):
            return f"the gradient of parameter {what.replace(' ', f' of {name} ', 1)}"
        if bad := _bad(passed_on):
            return f"the gradient that {name} passes back {bad}"
        gradient = passed_on
    return "nowhere when computed again"


def bad_parameter(network: Layer) -> str | None:
    """The first parameter or state that holds a NaN or an infinity, in words; None where all are finite."""
    for name, layer in _leaves(network):
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


def _leaves(layer: Layer, index: str = "") -> Iterator[tuple[str, Layer]]:
    """The layers of a network in the order of computation, each with its place and what it is."""
    inner = getattr(layer, "layers", None)
    if inner is None:
        yield f"layer {index}, {layer!r}" if index else repr(layer), layer
        return
    for position, part in enumerate(inner):
        yield from _leaves(part, f"{index}.{position}" if index else str(position))


def _bad_in(arrays: Mapping[str, Any]) -> str:
    """The name of the first array with a number that is not finite, and what is wrong with it."""
    for name, array in arrays.items():
        if isinstance(array, np.ndarray) and (bad := _bad(array)):
            return f"{name} {bad}"
    return ""


def _bad(array: Array) -> str:
    finite = np.isfinite(array)
    if finite.all():
        return ""
    where = tuple(int(place) for place in np.unravel_index(int((~finite).argmax()), array.shape))
    return f"({(~finite).sum():,} of {array.size:,} numbers, the first {array[where]} at {where})"
