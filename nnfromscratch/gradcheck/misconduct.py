"""The ways in which a whole backward can misbehave: accumulate, write where it must not, forget what it was given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnfromscratch.gradcheck.faults import Fault, Function, as_before, differ, listed


def conduct_faults() -> tuple[Fault, ...]:
    """The ways in which a whole backward can misbehave, whatever the function."""

    def always(_: Sequence[Any], __: Any, gradients: Sequence[Any]) -> bool:
        return any(g is not None and np.any(g) for g in gradients)

    def exchangeable(_: Sequence[Any], __: Any, gradients: Sequence[Any]) -> bool:
        pair = _same_shape(gradients)
        return pair is not None and differ(np.asarray(gradients[pair[0]]), np.asarray(gradients[pair[1]]))

    def writable_x(arguments: Sequence[Any], _: Any, __: Sequence[Any]) -> bool:
        return np.ndim(arguments[0]) > 0 and np.size(arguments[0]) > 0

    def array_dy(arguments: Sequence[Any], dy: Any, gradients: Sequence[Any]) -> bool:
        return np.ndim(dy) > 0 and always(arguments, dy, gradients)

    def several_samples(arguments: Sequence[Any], dy: Any, gradients: Sequence[Any]) -> bool:
        return array_dy(arguments, dy, gradients) and len(dy) > 1

    return (
        Fault("accumulates", ("second-call",), "adds to what the first call returned", _accumulating, always),
        Fault("writes into dy", ("written", "second-call"), "scales dy in place", _writing_dy, array_dy),
        Fault("writes into x", ("written",), "changes its first argument", _writing_x, writable_x),
        Fault("dy of ones", ("ignores-dy", "factor", "sign", "other"), "ignores dy", _ignoring_dy, always),
        Fault("sign of dy", ("other", "ignores-dy", "factor", "sign"), "uses the sign of dy only", _sign_of_dy, always),
        Fault(
            "first sample",
            ("missing-sum", "slice", "zero", "one-element"),
            "forgets all but one sample",
            _first,
            several_samples,
        ),
        Fault("last sample left out", ("missing-sum", "slice"), "stops one sample early", _not_last, several_samples),
        Fault("state of the last call", ("shared-state",), "keeps the arguments of the last forward", _shared, always),
        Fault("swapped", ("swapped",), "returns two gradients in the wrong order", _swapping, exchangeable),
        Fault("one too few", ("count",), "forgets the last gradient", _one_too_few, lambda _, __, g: len(g) > 2),
    )


def _same_shape(gradients: Sequence[Any]) -> tuple[int, int] | None:
    shapes = [None if g is None else np.shape(g) for g in gradients]
    for i, shape in enumerate(shapes):
        if shape is not None and shape in shapes[i + 1 :]:
            return i, shapes.index(shape, i + 1)
    return None


def _with_backward(function: Function, make: Callable[[Callable[..., Any], tuple[Any, ...]], Any]) -> Function:
    def spoiled(*arguments: Any) -> tuple[Any, Callable[..., Any]]:
        y, backward = function(*arguments)
        return y, make(backward, arguments)

    return spoiled


def _map(gradients: Any, change: Callable[[Any], Any]) -> Any:
    return as_before([None if g is None else change(g) for g in listed(gradients)], gradients)


def _accumulating(function: Function) -> Function:
    def make(backward: Callable[..., Any], _: tuple[Any, ...]) -> Callable[..., Any]:
        calls: list[int] = []

        def wrong(dy: Any) -> Any:
            calls.append(1)
            return _map(backward(dy), lambda g: g * len(calls))

        return wrong

    return _with_backward(function, make)


def _writing_dy(function: Function) -> Function:
    def make(backward: Callable[..., Any], _: tuple[Any, ...]) -> Callable[..., Any]:
        def wrong(dy: Any) -> Any:
            gradients = _map(backward(dy), np.array)
            dy *= 0.5
            return gradients

        return wrong

    return _with_backward(function, make)


def _writing_x(function: Function) -> Function:
    def make(backward: Callable[..., Any], arguments: tuple[Any, ...]) -> Callable[..., Any]:
        def wrong(dy: Any) -> Any:
            gradients = _map(backward(dy), np.array)
            arguments[0][...] = arguments[0] + 1
            return gradients

        return wrong

    return _with_backward(function, make)


def _dy_replaced(function: Function, change: Callable[[Any], Any]) -> Function:
    return _with_backward(function, lambda backward, _: lambda dy: backward(change(dy)))


def _ignoring_dy(function: Function) -> Function:
    return _dy_replaced(function, lambda dy: np.ones_like(dy) if np.ndim(dy) else 1.0)


def _sign_of_dy(function: Function) -> Function:
    return _dy_replaced(function, lambda dy: np.sign(dy) if np.ndim(dy) else float(np.sign(dy)))


def _masked(dy: Any, kept: slice) -> Any:
    if np.ndim(dy) == 0:
        return dy  # a loss: there is nothing to leave out
    masked = np.zeros_like(dy)
    masked[kept] = dy[kept]
    return masked


def _first(function: Function) -> Function:
    return _dy_replaced(function, lambda dy: _masked(dy, slice(0, 1)))


def _not_last(function: Function) -> Function:
    return _dy_replaced(function, lambda dy: _masked(dy, slice(0, -1)))


def _shared(function: Function) -> Function:
    last: list[Any] = []

    def make(backward: Callable[..., Any], _: tuple[Any, ...]) -> Callable[..., Any]:
        last[:] = [backward]
        return lambda dy: last[0](dy)

    return _with_backward(function, make)


def _swapping(function: Function) -> Function:
    def make(backward: Callable[..., Any], _: tuple[Any, ...]) -> Callable[..., Any]:
        def wrong(dy: Any) -> Any:
            gradients = listed(backward(dy))
            pair = _same_shape(gradients)
            if pair is not None:
                i, j = pair
                gradients[i], gradients[j] = gradients[j], gradients[i]
            return tuple(gradients)

        return wrong

    return _with_backward(function, make)


def _one_too_few(function: Function) -> Function:
    return _with_backward(function, lambda backward, _: lambda dy: tuple(listed(backward(dy))[:-1]))
