"""Ways to spoil any backward: planted mistakes, which the checker must catch and name.

``spoil(function, fault)`` is the same function with a wrong way back. ``gradient_faults(i)`` spoil the gradient of
argument i; ``conduct_faults()`` in misconduct.py spoil the manners of backward as a whole. The faults of single
operations (no mean in batch normalisation, an unflipped kernel, ...) stand with the operations, in ``catalogue``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from nnfromscratch.gradcheck.report import Kind
from nnfromscratch.types import Array

Function: TypeAlias = Callable[..., tuple[Any, Callable[..., Any]]]


@dataclass(frozen=True)
class Fault:
    """A planted mistake: what it is called, what the diagnosis should say (one of ``kinds``), and how it is made.

    ``apply(function)`` is the spoiled function. ``applies_to(arguments, dy, gradients)`` tells from the arguments, dy
    and the right gradients whether the fault changes anything there (a factor changes no gradient that is zero).
    """

    name: str
    kinds: tuple[Kind, ...]
    description: str
    apply: Callable[[Function], Function]
    applies_to: Callable[[Sequence[Any], Any, Sequence[Any]], bool]

    @property
    def kind(self) -> Kind:
        """What the diagnosis should say where nothing else explains the gradient as well."""
        return self.kinds[0]


def spoil(function: Function, fault: Fault) -> Function:
    """The function with the fault planted in its backward; its result y stays right.

    >>> def double(x):
    ...     return 2 * x, lambda dy: 2 * dy
    >>> sign = next(fault for fault in gradient_faults(0) if fault.name == "sign")
    >>> y, backward = spoil(double, sign)(np.ones(2))
    >>> backward(np.ones(2))
    array([-2., -2.])
    """
    return fault.apply(function)


def gradients_of(function: Function, arguments: Sequence[Any], dy: Any) -> list[Any]:
    """The gradients that backward gives for ``dy``, always as a list."""
    return listed(function(*arguments)[1](dy))


def gradient_faults(i: int) -> tuple[Fault, ...]:
    """The ways to spoil the gradient of argument number ``i``, whatever the function."""

    def fault(name: str, kinds: tuple[Kind, ...], description: str, change: Callable[[Array, int], Array]) -> Fault:
        def applies_to(arguments: Sequence[Any], _: Any, gradients: Sequence[Any]) -> bool:
            if i >= len(gradients) or gradients[i] is None or np.size(gradients[i]) == 0:
                return False
            right = np.asarray(gradients[i])
            wrong = np.asarray(change(right.copy(), _batch(arguments[0])))
            return wrong.shape != right.shape or wrong.dtype != right.dtype or differ(wrong, right)

        return Fault(name, kinds, description, lambda f: _changed(f, i, change), applies_to)

    return (
        fault("times N", ("factor",), "forgets to divide by the batch size", lambda g, n: g * n),
        fault("over N", ("factor",), "divides by the batch size once too often", lambda g, n: g / n),
        fault("twice", ("factor",), "counts the gradient twice", lambda g, _: 2 * g),
        fault("half", ("factor",), "forgets the 2 of a square", lambda g, _: g / 2),
        fault("one in 10,000", ("factor",), "is off by one part in ten thousand", lambda g, _: g * 1.0001),
        fault("sign", ("sign",), "has the wrong sign", lambda g, _: -g),
        fault("zero", ("zero",), "returns zeros", lambda g, _: np.zeros_like(g)),
        fault("one element", ("one-element", "factor", "sign"), "has one wrong element in the middle", _one_element),
        fault("last element", ("one-element", "zero", "slice"), "stops one element early", _without_last),
        fault("transposed", ("transpose",), "exchanges the last two axes", _transposed),
        fault("flipped", ("flipped",), "runs backwards along the last two axes", _flipped),
        fault("shifted", ("shift",), "is moved by one along the last axis", _shifted),
        fault(
            "last of axis 0",
            ("slice", "missing-sum", "one-element"),
            "leaves out the last index of axis 0",
            _without_last_row,
        ),
        fault("constant added", ("missing-term", "other"), "has a constant too much", lambda g, _: g + _size(g)),
        fault(
            "absolute",
            ("factor", "other", "sign", "one-element", "missing-term", "slice"),
            "loses the sign",
            lambda g, _: np.abs(g),
        ),
        fault("clipped", ("other",), "is cut off where it is large", lambda g, _: np.clip(g, -_size(g), _size(g))),
        fault("float32", ("dtype",), "is computed in float32", lambda g, _: g.astype(np.float32)),
        fault("rounded", ("other",), "keeps three digits only", lambda g, _: g.astype(np.float16).astype(np.float64)),
        fault("not a number", ("non-finite",), "has a NaN", _with_nan),
        fault("summed away", ("shape",), "is summed over its last axis", lambda g, _: g.sum(axis=-1) if g.ndim else g),
        fault("extra axis", ("shape", "missing-sum"), "keeps an axis too many", lambda g, _: np.stack([g, g])),
    )


def _batch(first: Any) -> int:
    return int(np.shape(first)[0]) if np.ndim(first) else 1


def differ(wrong: Array, right: Array) -> bool:
    """Whether the fault changes more than rounding does."""
    if not np.isfinite(wrong).all():
        return True
    return bool(np.max(np.abs(wrong - right)) > 2e-5 * np.max(np.abs(right)))


def listed(gradients: Any) -> list[Any]:
    """Gradients as a list, also a single one."""
    return list(gradients) if isinstance(gradients, (tuple, list)) else [gradients]


def as_before(gradients: list[Any], like: Any) -> Any:
    """A list of gradients in the form of ``like``: a tuple, or a single array."""
    return tuple(gradients) if isinstance(like, (tuple, list)) else gradients[0]


def _changed(function: Function, i: int, change: Callable[[Array, int], Array]) -> Function:
    def spoiled(*arguments: Any) -> tuple[Any, Callable[..., Any]]:
        y, backward = function(*arguments)

        def wrong(dy: Any) -> Any:
            right = backward(dy)
            gradients = listed(right)
            gradients[i] = change(np.array(gradients[i]), _batch(arguments[0]))
            return as_before(gradients, right)

        return y, wrong

    return spoiled


def _size(g: Array) -> float:
    return float(np.mean(np.abs(g))) if g.size else 0.0


def _one_element(g: Array, _: int) -> Array:
    g.flat[g.size // 2] += 1.5 * _size(g)
    return g


def _without_last(g: Array, _: int) -> Array:
    g.flat[g.size - 1] = 0
    return g


def _with_nan(g: Array, _: int) -> Array:
    g.flat[g.size // 2] = np.nan
    return g


def _transposed(g: Array, _: int) -> Array:
    return g.swapaxes(-1, -2).copy() if g.ndim > 1 and g.shape[-1] == g.shape[-2] else g


def _flipped(g: Array, _: int) -> Array:
    return np.flip(g, (-2, -1)).copy() if g.ndim > 1 else g


def _shifted(g: Array, _: int) -> Array:
    return np.roll(g, 1, axis=-1) if g.ndim and g.shape[-1] > 2 else g


def _without_last_row(g: Array, _: int) -> Array:
    if g.ndim and g.shape[0] > 2:
        g[-1] = 0
    return g
