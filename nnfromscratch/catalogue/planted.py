"""Everything that is planted in an entry of the catalogue: its own mistakes, and what can go wrong anywhere."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfromscratch.catalogue.built import wrong_layer
from nnfromscratch.catalogue.case import Arguments, Function, bound
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.gradcheck import Kind, Report
from nnfromscratch.gradcheck.faults import Fault, gradient_faults, listed
from nnfromscratch.gradcheck.misconduct import conduct_faults
from nnfromscratch.layers import Layer


@dataclass(frozen=True)
class Planted:
    """A fault in an entry's function, with arguments at which it shows.

    kinds: what the diagnosis may say; empty where no name fits.   large: too much work for loops.
    """

    entry: Entry
    name: str
    arguments: Arguments
    function: Function
    kinds: tuple[Kind, ...]
    large: bool = False

    def report(self, rng: np.random.Generator) -> Report:
        """What the gradient checker says of it."""
        return self.entry.check(self.arguments, rng, self.function)


def mistakes(entry: Entry) -> Iterator[Planted]:
    """The entry's own mistakes, and one wrong element in its large array."""
    for mistake in entry.mistakes:
        kinds = () if mistake.kind is None else (mistake.kind,)
        yield Planted(entry, mistake.name, entry.arguments(mistake.case), mistake.function, kinds)
    for case in entry.cases:
        if case.name == "large":
            arguments = entry.arguments("large")
            fault = next(fault for fault in gradient_faults(0) if fault.name == "one element")
            function = _with(entry, fault, arguments)
            yield Planted(entry, "large: one wrong element", arguments, function, ("one-element",), case.large)


def general(entry: Entry) -> Iterator[Planted]:
    """The faults that any backward can have and that change anything here, taking turns on the arguments."""
    arguments = entry.arguments("typical")
    subject = entry.subject(entry.function, arguments)
    dy, right, names = _gradients(subject, arguments)
    of_argument = [gradient_faults(i) for i in range(len(right))]
    for turn in range(len(of_argument[0])):
        # Some faults change nothing in some arguments: a bias has nothing to transpose.
        for i in np.roll(range(len(right)), -turn):
            fault = of_argument[i][turn]
            if fault.applies_to(arguments.arrays, dy, right):
                yield Planted(
                    entry, f"d{names[i]}: {fault.name}", arguments, _with(entry, fault, arguments), fault.kinds
                )
                break
    if not isinstance(subject, Layer):
        for fault in conduct_faults():
            harmless = fault.kind == "shared-state" and _same_everywhere(subject, arguments, dy, right)
            if fault.applies_to(arguments.arrays, dy, right) and not harmless:
                yield Planted(entry, fault.name, arguments, _with(entry, fault, arguments), fault.kinds)


def _gradients(subject: Any, arguments: Arguments) -> tuple[Any, list[Any], list[str]]:
    """A dy, the right gradients for it, and the names of what they belong to."""
    rng = np.random.default_rng(0)
    if isinstance(subject, Layer):
        y, backward = subject.astype(np.float64).forward(arguments.arrays[0], training=arguments.training)
        dy: Any = rng.standard_normal(np.shape(y))
        dx, grads = backward(dy)
        return dy, [dx, *grads.values()], ["x", *grads]
    y, backward = subject(*arguments.arrays)
    dy = np.asarray(rng.standard_normal(np.shape(y))) if np.ndim(y) else 1.5
    right = listed(backward(dy))
    return dy, right, list(subject.__wrapped__.__code__.co_varnames[: len(right)])


def _same_everywhere(subject: Function, arguments: Arguments, dy: Any, right: list[Any]) -> bool:
    """Whether the way back is the same for other arrays, as that of a mean is: then it may be an older call's."""
    other = [a * 0.7 if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in arguments.arrays]
    there = listed(subject(*other)[1](dy))
    return all(a is None or np.array_equal(a, b) for a, b in zip(right, there, strict=True))


def _with(entry: Entry, fault: Fault, arguments: Arguments) -> Function:
    """The entry's function with a general fault planted in it."""
    if entry.subject is not bound:
        return wrong_layer(entry.function, functools.partial(_spoiled, fault))
    # Planted once and not in every call: a fault may keep something from one call to the next.
    spoiled = fault.apply(bound(entry.function, arguments))
    return functools.wraps(entry.function)(lambda *arrays, **_: spoiled(*arrays))


def _spoiled(fault: Fault, at: Any) -> tuple[Any, Any]:
    """A layer's gradients with the fault planted in them."""
    right = (at.dx, *at.grads.values())
    wrong = fault.apply(lambda _: (None, lambda _: right))(at.dy)[1](at.dy)
    return wrong[0], dict(zip(at.grads, wrong[1:], strict=True))
