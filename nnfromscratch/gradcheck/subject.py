"""What is checked, made uniform: a function, a loss or a layer becomes ``forward(values) → y, backward``.

``values`` are private float64 copies of the arguments (labels keep their whole numbers), ``backward(dy)`` returns a
list with one gradient for each of them, None for those that get none.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeAlias

import numpy as np

from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError
from nnfromscratch.gradcheck.report import Diagnosis, RejectedError
from nnfromscratch.types import Array

Values: TypeAlias = list[Array | None]
Pull: TypeAlias = Callable[[Any], list[Any]]


def is_layer(function: Any) -> bool:
    """A layer is known by its ``forward`` and its ``params``."""
    return callable(getattr(function, "forward", None)) and hasattr(getattr(function, "params", None), "keys")


def to_float64(name: str, argument: Any) -> Array | None:
    """A private copy in the same memory order: floats as float64, whole numbers and booleans as they are."""
    if argument is None:
        return None
    array = np.array(argument, order="K")
    if array.dtype.kind in "iub":
        return array
    if array.dtype.kind != "f":
        raise DtypeError(f"gradcheck: {name} expects floats, whole numbers or booleans, has {array.dtype}")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise NonFiniteError(f"gradcheck: {name} expects finite numbers, has {array[where]} at {list(where)}")
    return array.astype(np.float64, order="K")


def reject(kind: Any, argument: str, text: str) -> RejectedError:
    """The exception that ends a check with this diagnosis."""
    return RejectedError(Diagnosis(kind, argument, text))


class Subject:
    """A function ``y, backward = function(*arrays)``."""

    def __init__(self, function: Any, arguments: Sequence[Any], wrt: Collection[str | int] | str | int | None) -> None:
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self.names = _argument_names(function, len(arguments))
        self._prepare(arguments, wrt)

    def _prepare(self, arguments: Sequence[Any], wrt: Collection[str | int] | str | int | None) -> None:
        self.values: Values = [to_float64(name, a) for name, a in zip(self.names, arguments, strict=True)]
        self.floats = [i for i, v in enumerate(self.values) if v is not None and v.dtype.kind == "f"]
        self.checked = list(self.floats) if wrt is None else self._chosen(wrt)
        self.evaluations = 0
        if not self.checked:
            raise RangeError(f"gradcheck: {self.name} expects at least one array of floats to check, has none")

    def _chosen(self, wrt: Collection[str | int] | str | int) -> list[int]:
        chosen = set()
        for which in [wrt] if isinstance(wrt, (str, int)) else wrt:
            known = which in self.names if isinstance(which, str) else 0 <= which < len(self.names)
            index = (self.names.index(which) if isinstance(which, str) else which) if known else -1
            if index not in self.floats:
                names = ", ".join(self.names[i] for i in self.floats)
                raise RangeError(f"gradcheck: wrt expects float arguments out of {names}, has {which!r}")
            chosen.add(index)
        return sorted(chosen)

    @property
    def inputs(self) -> list[int]:
        """The arguments of floats that may differ from call to call."""
        return self.floats

    def forward(self, values: Values) -> tuple[Any, Pull]:
        """Evaluate at ``values``, which the function gets to see itself: pass copies where it matters."""
        self.evaluations += 1
        y, backward = _pair(self.name, self.function(*values))
        return y, lambda dy: self._in_order(backward(dy))

    def held(self, values: Values) -> Values:
        """The arrays that the last ``forward(values)`` worked on."""
        return values

    def _in_order(self, gradients: Any) -> list[Any]:
        """One gradient for each argument, from any of the forms that are plain enough."""
        wanted, count = [self.names[i] for i in self.checked], len(self.values)
        if not isinstance(gradients, (tuple, list)):
            if len(self.checked) > 1:
                raise reject(
                    "count",
                    wanted[0],
                    f"backward returns a single {type(gradients).__name__}, but {len(wanted)} arguments are arrays of "
                    f"floats ({', '.join(wanted)}): one gradient each, as a tuple. "
                    f'If the others are constants, say so: wrt="{wanted[0]}".',
                )
            gradients = [gradients]
        arrays = [i for i, value in enumerate(self.values) if value is not None]
        for places in (range(count), arrays, self._floats_or_none(), self.floats, self.checked):
            if len(gradients) == len(places):
                by_place = dict(zip(places, gradients, strict=True))
                break
        else:
            raise reject(
                "count",
                wanted[0],
                f"backward returns {len(gradients)} gradients for {len(self.floats)} arguments of floats "
                f"({', '.join(self.names[i] for i in self.floats)}).",
            )
        for i, value in enumerate(self.values):
            if value is None and by_place.get(i) is not None:
                raise reject("count", self.names[i], f"{self.names[i]} is None, so its gradient must be None as well.")
        return [by_place.get(i) if i in self.floats else None for i in range(count)]

    def _floats_or_none(self) -> list[int]:
        """The places of floats and of arguments that are None: labels alone get no place in the tuple."""
        return [i for i, value in enumerate(self.values) if value is None or i in self.floats]


class LayerSubject(Subject):
    """A layer: ``y, backward = layer.forward(x, training=...)`` and ``dx, grads = backward(dy)``.

    Works on a copy of the layer in float64, so that the caller's stays exactly as it was.
    """

    def __init__(
        self, layer: Any, arguments: Sequence[Any], wrt: Collection[str | int] | str | int | None, training: bool
    ) -> None:
        if len(arguments) != 1:
            raise RangeError(f"gradcheck: a layer expects one input array x, has {len(arguments)}")
        self.layer, self.training = copy.deepcopy(layer), training
        if callable(getattr(self.layer, "astype", None)):
            self.layer = self.layer.astype(np.float64)
        self.name = type(layer).__name__
        self.keys = list(self.layer.params.keys())
        self.names = ("x", *self.keys)
        self._prepare([arguments[0], *(self.layer.params[key] for key in self.keys)], wrt)
        self.state = {key: _float64_state(value) for key, value in dict(getattr(layer, "state", None) or {}).items()}
        self._restore()
        self._assigned: Values = [None] * len(self.names)

    @property
    def inputs(self) -> list[int]:
        """x, if it has floats, but no parameter."""
        return [i for i in self.floats if i == 0]

    def forward(self, values: Values) -> tuple[Any, Pull]:
        """Evaluate with these values of x and of the parameters, from the state in which the layer came."""
        self.evaluations += 1
        self._restore()
        for i, key in enumerate(self.keys, start=1):
            value, before = values[i], self._assigned[i]
            # A layer may refuse an old backward once a parameter was assigned: assign only what differs.
            if value is not None and (before is None or not np.array_equal(value, before)):
                self.layer.params[key] = value.copy(order="K")
                self._assigned[i] = value.copy(order="K")
        y, backward = _pair(self.name, self.layer.forward(values[0], training=self.training))
        return y, lambda dy: self._by_name(backward(dy))

    def held(self, values: Values) -> Values:
        """x as given, and the parameters that the layer holds now."""
        return [values[0], *(self.layer.params[key] for key in self.keys)]

    def _restore(self) -> None:
        state: Any = getattr(self.layer, "state", None)
        if state is None:
            return
        for key, saved in self.state.items():
            if isinstance(saved, np.random.Generator):
                # In place, because the layer may hold the same generator elsewhere.
                state[key].bit_generator.state = saved.bit_generator.state
            else:
                # Replaced, because an earlier backward may still hold the array.
                state[key] = copy.deepcopy(saved)
        for key in [key for key in state if key not in self.state]:
            del state[key]

    def _by_name(self, result: Any) -> list[Any]:
        if not (isinstance(result, tuple) and len(result) == 2 and hasattr(result[1], "keys")):
            raise reject(
                "structure", "x", "the backward of a layer returns dx, grads: a gradient and a dict named like params."
            )
        dx, grads = result
        if set(grads.keys()) != set(self.keys):
            odd = sorted(set(grads.keys()) ^ set(self.keys))
            raise reject("count", odd[0], f"grads has the names {sorted(grads)}, params has {sorted(self.keys)}.")
        return [dx if 0 in self.floats else None, *(grads[key] for key in self.keys)]


def make_subject(
    function: Any, arguments: Sequence[Any], wrt: Collection[str | int] | str | int | None, training: bool
) -> Subject:
    """The right kind of subject for what was given."""
    if is_layer(function):
        return LayerSubject(function, arguments, wrt, training)
    if not callable(function):
        raise DtypeError(
            f"gradcheck: function expects something to call or a layer with forward and params, "
            f"is {type(function).__name__}"
        )
    return Subject(function, arguments, wrt)


def _pair(name: str, result: Any) -> tuple[Any, Callable[[Any], Any]]:
    if not (isinstance(result, tuple) and len(result) == 2 and callable(result[1])):
        raise reject("structure", "y", f"{name} returns y, backward: a result and the function that leads back.")
    return result


def _float64_state(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(np.float64)
    return copy.deepcopy(value)


def _argument_names(function: Any, count: int) -> tuple[str, ...]:
    """The names in the function's own definition, as far as it gives any."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return tuple(named[i] if i < len(named) else f"argument{i}" for i in range(count))
