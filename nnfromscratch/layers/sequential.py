"""A chain of layers, which is a layer."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from nnfromscratch.errors import RangeError, require_same_float, require_shape, require_wrt
from nnfromscratch.layers.fusion import forward_group
from nnfromscratch.layers.layer import Gradients, Layer, LayerBackward
from nnfromscratch.layers.parameters import Nested
from nnfromscratch.layers.summary import summary_table
from nnfromscratch.types import Array


class Sequential(Layer):
    """One layer after the other: y = f_k(… f_2(f_1(x)) …), and the way back in reverse (the chain rule).

    ∂L/∂x_{i−1} = backward_i(∂L/∂x_i), from the last layer to the first

    Parameters and state are those of the layers, "0.weight" being layer 0's; a Sequential inside gives "0.1.weight".
    input_shape: the shape of one sample, (1, 28, 28) say; then ``summary`` needs no argument and a wrong x is
    refused at the entrance.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.5, Algorithms 6.3 and 6.4.

    >>> from nnfromscratch.layers import Dense, ReLU
    >>> rng = np.random.default_rng(0)
    >>> network = Sequential(Dense(4, 8, rng=rng), ReLU(), Dense(8, 3, rng=rng))
    >>> y, backward = network.forward(np.ones((2, 4), np.float32))
    >>> dx, grads = backward(np.ones_like(y))
    >>> sorted(grads)
    ['0.bias', '0.weight', '2.bias', '2.weight']
    """

    def __init__(self, *layers: Layer, input_shape: tuple[int, ...] | None = None) -> None:
        for index, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise RangeError(f"Sequential: layer {index} expects a Layer, is {layer!r}")
        self.layers = layers
        self.input_shape = input_shape
        self.takes_labels = bool(layers) and layers[0].takes_labels
        parts = {str(index): layer for index, layer in enumerate(layers)}
        self.params = Nested({index: layer.params for index, layer in parts.items()})
        self.state = Nested({index: layer.state for index, layer in parts.items()})

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The last layer's result, and the way back through all."""
        self._require_input(x)
        groups: list[tuple[int, LayerBackward]] = []  # the first layer of each, and the group's way back
        index = 0
        while index < len(self.layers):
            count, x, group_backward = forward_group(self.layers[index:], x, training)
            groups.append((index, group_backward))
            index += count
        first = next((index for index, layer in enumerate(self.layers) if layer.params), len(self.layers))

        def backward(dy: Array, wrt: Collection[str] = ("x", "params")) -> tuple[Array | None, Gradients]:
            require_wrt("Sequential", wrt, ("x", "params"))
            found: list[tuple[int, Gradients]] = []
            gradient: Array | None = dy
            del dy  # where nobody else keeps it, its memory is free once the last layer has used it
            for index, group_backward in reversed(groups):
                # Below the first layer with parameters nobody needs ∂L/∂x, unless it was asked for.
                needed = "x" in wrt or index > first
                wanted = (*(("x",) if needed else ()), *(("params",) if "params" in wrt else ()))
                if wanted and gradient is not None:
                    gradient, grads = group_backward(gradient, wrt=wanted)
                    found.append((index, grads))
            named = {f"{index}.{name}": g for index, grads in reversed(found) for name, g in grads.items()}
            return gradient if "x" in wrt else None, named

        return x, backward

    def _infer(self, x: Array) -> Array:
        self._require_input(x)
        index = 0
        while index < len(self.layers):
            layer = self.layers[index]
            if isinstance(layer, Sequential):
                count, x = 1, layer._infer(x)
            else:
                count, x = forward_group(self.layers[index:], x, training=False)[:2]  # drops the way back
            index += count
        return x

    def _require_input(self, x: Array) -> None:
        if self.input_shape is not None:
            if not self.takes_labels:
                require_same_float("Sequential", x=x)
            require_shape("Sequential", "x", np.shape(x), ("N", *self.input_shape))

    def _cast(self, dtype: np.dtype[Any]) -> None:
        for layer in self.layers:
            layer._cast(dtype)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def summary(self, input_shape: tuple[int, ...] | None = None) -> None:
        """Print a table: layer, output shape, parameters.

        Raises RangeError where neither this call nor the network says the shape of a sample.
        """
        shape = input_shape or self.input_shape
        if shape is None:
            raise RangeError("summary: input_shape expects the shape of one sample, such as (1, 28, 28), is None")
        print(summary_table(self.layers, shape))
