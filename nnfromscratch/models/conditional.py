"""A network that is told the class."""

from __future__ import annotations

import copy
import math
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import ShapeError, require_int, require_same_float, require_shape, require_wrt
from nnfromscratch.functional.reshape import sample_shape
from nnfromscratch.kernels.memory import empty_images
from nnfromscratch.layers import Embedding, Layer
from nnfromscratch.layers.layer import Gradients, LayerBackward
from nnfromscratch.layers.parameters import Nested
from nnfromscratch.types import Array


class Conditional(Layer):
    """A network whose x is joined by what it has learned about the class: further features, or a further channel.

    y = f([x, e])        e[n] = E[t[n]]        [ , ] joins along axis 1

    [∂L/∂x, ∂L/∂e] = ∂L/∂[x, e]        ∂L/∂E[k] = Σ_{n: t[n]=k} ∂L/∂e[n]

    ``y, backward = conditional.forward(x, labels)``; ``dx, grads = backward(dy)``, labels being constants.
    network f: takes the joined samples   classes: how many there are   input_shape: the shape of x without the batch
    label_shape: that of e, different from input_shape in its first axis at most
    x: (N, *input_shape)   labels t: (N,) whole numbers from 0 to classes − 1   y: as f's
    Parameters: those of f, named "network....", and "embedding.weight", (classes, numbers in label_shape), normal with
    standard deviation 1 at first.
    Raises ShapeError where the shapes cannot be joined, RangeError for a size under 1.
    Source: Mirza and Osindero, Conditional Generative Adversarial Nets (2014), section 3.2.

    >>> from nnfromscratch.layers import Dense
    >>> rng = np.random.default_rng(0)
    >>> generator = Conditional(Dense(100 + 8, 784, rng=rng), 10, (100,), (8,), rng=rng)
    >>> y, backward = generator.forward(np.ones((2, 100), np.float32), np.array([3, 7]))
    >>> y.shape, sorted(backward(np.ones_like(y))[1])
    ((2, 784), ['embedding.weight', 'network.bias', 'network.weight'])
    """

    def __init__(
        self,
        network: Layer,
        classes: int,
        input_shape: tuple[int, ...],
        label_shape: tuple[int, ...],
        *,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        self.network = network
        self.classes = require_int("Conditional", "classes", classes, least=1)
        self.input_shape = sample_shape("Conditional", input_shape)
        self.label_shape = sample_shape("Conditional", label_shape)
        if self.input_shape[1:] != self.label_shape[1:] or not self.input_shape or not self.label_shape:
            raise ShapeError(
                f"Conditional: label_shape expects the lengths of input_shape {self.input_shape} but for the first, "
                f"is {self.label_shape}"
            )
        self.embedding = Embedding(classes, math.prod(self.label_shape), rng=rng, dtype=dtype)
        self.params = Nested({"network": network.params, "embedding": self.embedding.params})
        self.state = Nested({"network": network.state})

    def forward(  # type: ignore[override]  # the one kind of layer that takes a second argument
        self, x: Array, labels: Array, training: bool = True
    ) -> tuple[Array, LayerBackward]:
        """The network's result for x and what is known of its labels."""
        joined, embedding_backward = self.join(x, labels, training)
        y, network_backward = self.network.forward(joined, training)
        first = self.input_shape[0]
        flat = (len(x), math.prod(self.label_shape))

        def backward(dy: Array, wrt: Collection[str] = ("x", "params")) -> tuple[Array | None, Gradients]:
            require_wrt("Conditional", wrt, ("x", "params"))
            djoined, grads = network_backward(dy, wrt=("x", *wrt))
            found = {f"network.{name}": gradient for name, gradient in grads.items()}
            if djoined is not None and "params" in wrt:
                _, table = embedding_backward(djoined[:, first:].reshape(flat), wrt=("params",))
                found |= {f"embedding.{name}": gradient for name, gradient in table.items()}
            return djoined[:, :first] if djoined is not None and "x" in wrt else None, found

        return y, backward

    def join(self, x: Array, labels: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """[x, e], and the way back of the embedding."""
        require_shape("Conditional", "x", x.shape, ("N", *self.input_shape))
        require_shape("Conditional", "labels", np.shape(labels), (len(x),))
        e, embedding_backward = self.embedding.forward(labels, training)
        require_same_float("Conditional", x=x, weight=e)
        channels, *others = self.input_shape
        shape = (len(x), channels + self.label_shape[0], *others)
        # with the batch innermost in memory, as images mostly come
        joined = empty_images(shape, x.dtype) if len(shape) == 4 else np.empty(shape[::-1], x.dtype).T
        joined[:, :channels] = x
        joined[:, channels:] = e.reshape(len(x), *self.label_shape)
        return joined, embedding_backward

    def around(self, network: Layer) -> Conditional:
        """The same, labels and all, with another network inside; the embedding is shared."""
        other = copy.copy(self)
        other.network = network
        other.params = Nested({"network": network.params, "embedding": self.embedding.params})
        other.state = Nested({"network": network.state})
        return other

    def predict(  # type: ignore[override]
        self, x: Array, labels: Array, batch_size: int = 256
    ) -> Array:
        """The result in evaluation mode for x and labels, computed in batches."""
        require_shape("Conditional", "labels", np.shape(labels), (len(x),))
        return self.network.predict(self.join(x, labels, training=False)[0], batch_size)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of one sample's result, without the batch and without the label."""
        require_shape("Conditional", "input_shape", input_shape, self.input_shape)
        return self.network.output_shape((self.input_shape[0] + self.label_shape[0], *self.input_shape[1:]))

    def _cast(self, dtype: np.dtype[Any]) -> None:
        self.network._cast(dtype)
        self.embedding._cast(dtype)

    def __repr__(self) -> str:
        return f"Conditional({self.input_shape} and {self.classes} classes as {self.label_shape})"
