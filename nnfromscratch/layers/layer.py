"""What every layer is: a function with parameters, whose forward comes with its way back."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Collection, MutableMapping
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import (
    DtypeError,
    ShapeError,
    StaleBackwardError,
    require_int,
    require_same_float,
    require_wrt,
)
from nnfromscratch.kernels import use
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.layers.parameters import Parameters
from nnfromscratch.layers.storage import load_layer, save_layer
from nnfromscratch.types import Array, Backward

Gradients: TypeAlias = dict[str, Array]
LayerBackward: TypeAlias = Callable[..., tuple["Array | None", Gradients]]
Self = TypeVar("Self", bound="Layer")


class Layer:
    """A function with parameters.

    ``y, backward = layer.forward(x, training=True)``; ``dx, grads = backward(dy)``, ``grads`` keyed like ``params``.
    ``backward(dy, wrt=("params",))`` leaves ∂L/∂x uncomputed (None), ``wrt=("x",)`` the parameters' gradients ({}).

    params: arrays by name, what an optimizer changes. state: what else a layer remembers from one training step to
    the next (running statistics, the generator behind dropout); checkpoints save both. A forward in training changes
    nothing but ``state``, in evaluation nothing.

    A new layer gives its parameters to ``__init__`` and writes ``forward``, mostly with ``self.way_back``.
    """

    params: MutableMapping[str, Array]
    state: MutableMapping[str, Any]
    takes_labels = False  # whether x are whole numbers, as they are for an Embedding, instead of floats

    def __init__(
        self, params: MutableMapping[str, Array] | None = None, state: MutableMapping[str, Any] | None = None
    ) -> None:
        self.params = Parameters(params or {})
        self.state = dict(state or {})

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The layer's result and its way back."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def way_back(self, backward: Backward) -> LayerBackward:
        """The layer's backward from that of the operation it is made of, whose arguments are x and the parameters.

        Raises StaleBackwardError, when it is called, if the parameters have changed since.
        """
        names, version = tuple(self.params), self._version()

        def layer_backward(dy: Array, wrt: Collection[str] = ("x", "params")) -> tuple[Array | None, Gradients]:
            require_wrt(type(self).__name__, wrt, ("x", "params"))
            if self._version() != version:
                raise StaleBackwardError(
                    f"{type(self).__name__}: backward expects the parameters of its forward, "
                    f"which have been updated {self._version() - version} times since"
                )
            if not names:
                return (backward(dy) if "x" in wrt else None), {}
            wanted = (("x",) if "x" in wrt else ()) + (names if "params" in wrt else ())
            dx, *gradients = backward(dy, wrt=wanted)
            return dx, dict(zip(names, gradients, strict=False)) if "params" in wrt else {}

        return layer_backward

    def _version(self) -> int:
        return getattr(self.params, "version", 0)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The float type of the parameters; float32 where there are none."""
        return next((array.dtype for array in self.params.values()), np.dtype(np.float32))

    def astype(self: Self, dtype: npt.DTypeLike) -> Self:
        """A copy whose parameters and statistics are float32 or float64.

        Raises DtypeError for another type.
        """
        wanted = np.dtype(dtype)
        if wanted not in (np.float32, np.float64):
            raise DtypeError(f"{type(self).__name__}.astype: dtype expects float32 or float64, is {wanted}")
        other = copy.deepcopy(self)
        other._cast(wanted)
        return other

    def _cast(self, dtype: np.dtype[Any]) -> None:
        if isinstance(self.params, Parameters):
            self.params.cast(dtype)
        for name, value in self.state.items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                self.state[name] = value.astype(dtype)

    def predict(self, x: Array, batch_size: int = 256) -> Array:
        """The result in evaluation mode, computed in batches so that memory stays bounded.

        x: (N, ...)   y: (N, ...), for a classifier the logits: ``predict(x).argmax(axis=1)`` are the classes.
        """
        if not self.takes_labels:
            require_same_float("predict", x=x)
        require_int("predict", "batch_size", batch_size, least=1)
        if np.ndim(x) == 0:
            raise ShapeError("predict: x expects a batch, shape (N, ...), is a single number")
        with use_threads():
            parts = [self._infer(x[start : start + batch_size]) for start in range(0, max(1, len(x)), batch_size)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _infer(self, x: Array) -> Array:
        return self.forward(x, training=False)[0]

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of one sample's result, without the batch.

        >>> from nnfromscratch.layers import MaxPool2d
        >>> MaxPool2d(2).output_shape((16, 28, 28))
        (16, 14, 14)
        """
        with use("vectorized"):  # to make a network, and ask its shapes, need not wait for the compiler
            nothing = np.empty((0, *input_shape), np.int64 if self.takes_labels else self.dtype)
            return self._infer(nothing).shape[1:]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write parameters and state to an ``.npz`` file, whole or not at all. Raises RunError where that fails."""
        save_layer(self, path)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Take parameters and state from a file that ``save`` wrote.

        Raises CheckpointError, and changes nothing, where the file is damaged or was written by another model.
        """
        load_layer(self, path)
