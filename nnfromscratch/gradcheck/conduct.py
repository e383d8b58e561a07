"""The manners of a backward: right shapes and types, nothing written to, the same answer whenever it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfromscratch.gradcheck.report import Kind
from nnfromscratch.gradcheck.subject import Pull, Subject, Values, reject
from nnfromscratch.types import Array

COTANGENTS = (1.0, 8.0)  # two, of different size: a backward must be linear in dy


@dataclass(frozen=True)
class Observation:
    """One point, and what forward and backward say there.

    y: (M,), flat.   cotangents: (K, M), one flat dy a row.   gradients: K lists, one gradient for each argument.
    """

    values: Values
    y: Array
    shape: tuple[int, ...]
    cotangents: Array
    gradients: list[list[Any]]


def random_cotangent(shape: tuple[int, ...], rng: np.random.Generator, size: float = 1.0) -> Array:
    """±size·[0.5, 1.5): never ones, never so small that a wrong gradient could hide behind it.

    >>> bool((abs(random_cotangent((3, 4), np.random.default_rng(0))) >= 0.5).all())
    True
    """
    return np.asarray(size * rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape))


def copies(values: Values) -> Values:
    """Copies with the same memory order."""
    return [None if value is None else value.copy(order="K") for value in values]


def flat(y: Any) -> Array:
    """A flat float64 copy of a result."""
    return np.array(y, dtype=np.float64).ravel()


def as_given(dy: Array, y: Any) -> Any:
    """``dy`` as a backward expects it: a plain number where y is one, else an array of its own."""
    return float(dy) if np.ndim(y) == 0 else dy.copy()


def observe(subject: Subject, rng: np.random.Generator) -> Observation:
    """Run forward and backward at the given point and check everything but the numbers."""
    values = subject.values
    given = copies(values)
    y, backward = subject.forward(given)
    _check_unwritten(subject, given, "forward")
    y = _checked_result(subject, y)
    dys = [random_cotangent(y.shape, rng, size) for size in COTANGENTS]
    y_before = y.copy()
    gradients = []
    for dy in dys:
        passed = as_given(dy, y)
        gradients.append(_checked_gradients(subject, backward(passed)))
        _check_unwritten(subject, given, "backward")
        if not np.array_equal(passed, dy):
            raise reject("written", "dy", "backward writes into dy, which belongs to the caller.")
        if not np.array_equal(y, y_before):
            raise reject("written", "y", "backward writes into y, the result that the caller holds.")
    _check_repeats(subject, backward, as_given(dys[0], y), gradients[0])
    _check_second_forward(subject, y)
    _check_independence(subject, rng, dys[0], y, gradients[0])
    return Observation(values, flat(y), y.shape, np.stack([dy.ravel() for dy in dys]), gradients)


def observe_at(subject: Subject, values: Values, observation: Observation) -> Observation | None:
    """The same cotangents at another point; None where the function gives nothing finite there."""
    with np.errstate(all="ignore"):
        y, backward = subject.forward(copies(values))
        gradients = [backward(as_given(dy.reshape(observation.shape), y)) for dy in observation.cotangents]
    arrays = [flat(y), *(np.asarray(g[i]) for g in gradients for i in subject.checked)]
    if flat(y).size != observation.y.size or not all(np.isfinite(array).all() for array in arrays):
        return None
    return Observation(values, flat(y), observation.shape, observation.cotangents, gradients)


def _checked_result(subject: Subject, y: Any) -> Array:
    array = np.asarray(y)
    if array.dtype.kind != "f":
        raise reject("dtype", "y", f"{subject.name} returns y as {array.dtype}, not as floats.")
    if array.dtype != np.float64:
        raise reject("dtype", "y", f"{subject.name} turns float64 arguments into a {array.dtype} result.")
    if not np.isfinite(array).all():
        where = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
        raise reject("non-finite", "y", f"y is {array[tuple(where)]} at {where}, though every argument is finite.")
    return array


def _checked_gradients(subject: Subject, gradients: list[Any]) -> list[Any]:
    checked: list[Any] = [None] * len(gradients)
    for i in subject.checked:
        name, value, gradient = subject.names[i], subject.values[i], gradients[i]
        if gradient is None:
            raise reject("count", name, f"backward returns None for {name}, which is an array of floats.")
        array = np.asarray(gradient)
        if array.dtype.kind != "f":
            raise reject("dtype", name, f"d{name} expects floats, has {array.dtype}.")
        if value is not None and array.shape != value.shape:
            raise RejectedShapeError(name, array.copy(), value.shape)
        if array.dtype != np.float64:
            raise reject("dtype", name, f"d{name} has {array.dtype}, though {name} and dy are float64.")
        if not np.isfinite(array).all():
            where = [int(k) for k in np.argwhere(~np.isfinite(array))[0]]
            raise reject("non-finite", name, f"d{name} is {array[tuple(where)]} at {where}.")
        checked[i] = array.copy(order="K")
    return checked


def _check_unwritten(subject: Subject, given: Values, who: str) -> None:
    for name, now, before in zip(subject.names, subject.held(given), subject.values, strict=True):
        if now is not None and before is not None and not np.array_equal(now, before):
            raise reject("written", name, f"{who} writes into its argument {name}.")


def _check_repeats(subject: Subject, backward: Pull, dy: Any, first: list[Any]) -> None:
    text = (
        "backward answers differently when it is called again with the same dy: "
        "it accumulates, or uses up something that it holds."
    )
    _require_same(subject, first, backward(dy), "second-call", text)


def _check_second_forward(subject: Subject, y: Array) -> None:
    again, _ = subject.forward(copies(subject.values))
    if not _same(y, np.asarray(again)):
        text = (
            f"{subject.name} returns another result when it is called again with the same arguments: randomness or "
            "hidden state. Give it a fresh generator with the same seed in every call."
        )
        raise reject("nondeterministic", "y", text)


def _check_independence(subject: Subject, rng: np.random.Generator, dy: Array, y: Array, first: list[Any]) -> None:
    """Two forwards before two backwards, in either order, give what each gives alone."""
    other = another_point(subject, rng)
    text = "backward gives another gradient once forward was called again: it reads state that the later call replaced."
    with np.errstate(all="ignore"):
        other_y, other_backward = subject.forward(copies(other))
        if np.shape(other_y) != y.shape:
            return
        other_alone = [None if g is None else np.array(g) for g in other_backward(as_given(dy, y))]
        for reverse in (False, True):
            _, backward = subject.forward(copies(subject.values))
            _, other_backward = subject.forward(copies(other))
            if reverse:
                _require_same(subject, other_alone, other_backward(as_given(dy, y)), "shared-state", text)
            _require_same(subject, first, backward(as_given(dy, y)), "shared-state", text)
            if not reverse:
                _require_same(subject, other_alone, other_backward(as_given(dy, y)), "shared-state", text)


def another_point(subject: Subject, rng: np.random.Generator) -> Values:
    """The same numbers in another order and a little smaller, so that they stay in the function's domain.

    The parameters of a layer stay as they are: once they change, an old backward may refuse.
    """
    other = copies(subject.values)
    for i in subject.inputs:
        value = np.asarray(subject.values[i])
        other[i] = rng.permutation(value.ravel()).reshape(value.shape) * rng.uniform(0.5, 0.9, value.shape)
    return other


def _require_same(subject: Subject, first: list[Any], second: list[Any], kind: Kind, text: str) -> None:
    for i in subject.checked:
        if not _same(np.asarray(first[i]), np.asarray(second[i])):
            raise reject(kind, subject.names[i], text)


def _same(first: Array, second: Array) -> bool:
    """Equal up to the last bits, which a sum in another order may change."""
    if first.shape != second.shape:
        return False
    scale = float(np.max(np.abs(first), initial=0.0, where=np.isfinite(first)))
    return bool(np.allclose(first, second, rtol=1e-9, atol=1e-12 * scale, equal_nan=True))


class RejectedShapeError(Exception):
    """A gradient of the wrong shape: diagnosis.py looks whether a sum or a transpose is missing."""

    def __init__(self, argument: str, gradient: Array, expected: tuple[int, ...]) -> None:
        super().__init__(argument)
        self.argument, self.gradient, self.expected = argument, gradient, expected
