"""What a check found: a table that can be printed, and the same facts for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

# How a wrong gradient relates to the right one, or what else is wrong with a backward.
Kind: TypeAlias = Literal[
    # the wrong numbers, explained by diagnosis.py
    "factor",
    "sign",
    "zero",
    "transpose",
    "flipped",
    "shift",
    "swapped",
    "missing-sum",
    "missing-term",
    "missing-factor",
    "ignores-dy",
    "one-element",
    "slice",
    "tie",
    "other",
    # the wrong manners, noticed by conduct.py
    "structure",
    "count",
    "shape",
    "dtype",
    "non-finite",
    "written",
    "second-call",
    "nondeterministic",
    "shared-state",
    # the function itself has no derivative here, or none that can be measured
    "discontinuous",
    "inconclusive",
]


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong: ``kind`` for programs, ``text`` for people; ``factor`` where the gradient is a multiple."""

    kind: Kind
    argument: str
    text: str
    factor: float | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Worst:
    """The place where gradient and central difference lie furthest apart (index None: along a direction)."""

    argument: str
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    relative_error: float


@dataclass(frozen=True)
class ArgumentReport:
    """What was checked of one argument.

    ``elements`` were checked one by one, ``directions`` move many elements at once. ``kinks`` of these have two
    one-sided slopes, with the gradient between them; ``inconclusive`` ones drown in rounding noise.
    ``worst_relative_error`` is |analytic − numeric|, less the uncertainty of the numeric value, over the larger of the
    two; it is at most the tolerance where the argument passed. ``worst_absolute_error`` is |analytic − numeric|.
    """

    name: str
    shape: tuple[int, ...]
    passed: bool
    elements: int
    directions: int
    kinks: int
    inconclusive: int
    worst_relative_error: float
    worst_absolute_error: float

    @property
    def checks(self) -> int:
        """Elements and directions together."""
        return self.elements + self.directions


@dataclass(frozen=True)
class Report:
    """The outcome of ``gradcheck``; ``print(report)`` shows it as a table.

    ``evaluations`` counts how often the function's forward was called.
    """

    name: str
    passed: bool
    arguments: tuple[ArgumentReport, ...]
    worst: Worst | None
    diagnosis: Diagnosis | None
    evaluations: int

    def __getitem__(self, argument: str) -> ArgumentReport:
        """The report on the argument of this name."""
        for entry in self.arguments:
            if entry.name == argument:
                return entry
        raise KeyError(argument)

    def __str__(self) -> str:
        unknown = self.diagnosis is not None and self.diagnosis.kind == "inconclusive"
        verdict = "is right" if self.passed else "could not be checked" if unknown else "is WRONG"
        lines = [f"{self.name}: the gradient {verdict}"]
        if self.diagnosis is not None:
            lines.append(f"  {self.diagnosis.text}")
        if self.worst is not None and not self.passed:
            place = "along one direction" if self.worst.index is None else f"at {list(self.worst.index)}"
            lines.append(
                f"  worst: {self.worst.argument} {place}: backward says {self.worst.analytic:.9g}, "
                f"central differences say {self.worst.numeric:.9g}"
            )
        if self.arguments:
            width = max(8, *(len(entry.name) for entry in self.arguments))
            lines.append(
                f"  {'argument':<{width}}  {'shape':<16} {'elements':>8} {'directions':>10} {'kinks':>6} "
                f"{'unclear':>7} {'rel. error':>10}"
            )
        for entry in self.arguments:
            lines.append(
                f"  {entry.name:<{width}}  {entry.shape!s:<16} {entry.elements:>8} {entry.directions:>10} "
                f"{entry.kinks:>6} {entry.inconclusive:>7} {entry.worst_relative_error:>10.1e}"
                f"{'' if entry.passed else '  wrong'}"
            )
        return "\n".join(lines)


class GradientError(AssertionError):
    """A gradient was rejected; ``report`` tells what was found."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


class RejectedError(Exception):
    """Inside the checker: something is wrong that makes further checking pointless."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(diagnosis.text)
        self.diagnosis = diagnosis
