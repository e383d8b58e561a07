"""The gradient checker: compares what a backward says with central differences of its forward."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnfromscratch.errors import require_generator, require_int, require_number
from nnfromscratch.gradcheck.conduct import Observation, RejectedShapeError, observe
from nnfromscratch.gradcheck.diagnosis import diagnose, diagnose_shape
from nnfromscratch.gradcheck.elements import Prober, once, shifted
from nnfromscratch.gradcheck.report import ArgumentReport, Diagnosis, GradientError, RejectedError, Report, Worst
from nnfromscratch.gradcheck.subject import Subject, make_subject
from nnfromscratch.gradcheck.verdict import Outcome
from nnfromscratch.types import Array

BLOCKS = 64  # directions through a large array; each element is in one of them
SAMPLES = 32  # elements of a large array that are also checked alone
TRACKED = 3  # wrong elements that are searched for
ENOUGH = 8  # wrong directions after which no more are tried


def gradcheck(
    function: Any,
    *arrays: Any,
    rng: np.random.Generator,
    wrt: Collection[str | int] | str | int | None = None,
    raise_error: bool = True,
    rtol: float = 1e-6,
    limit: int = 400,
    training: bool = True,
) -> Report:
    """Check the backward of anybody's function, loss or layer against central differences.

    ∂L/∂x[i] ≈ Σ dy · (y(x + h·eᵢ) − y(x − h·eᵢ)) / 2h          L = Σ dy · y, with dy random

    function: ``y, backward = function(*arrays)``, where ``backward(dy)`` gives one gradient for each array of floats;
    or a layer with ``forward(x, training)`` and ``params``.   arrays: any shapes; floats are checked in float64,
    whole numbers, booleans and None are passed on.   rng: draws dy and the directions.   wrt: names or positions of the
    arguments to check; default all floats.   rtol: the relative error that is allowed.   limit: arrays of up to so many
    elements are checked element by element, larger ones along directions that together reach every element.

    Raises GradientError with the diagnosis where the gradient is wrong; with ``raise_error=False`` returns the report
    in any case. Raises NonFiniteError, DtypeError or RangeError where the arguments make no sense.
    Source: Griewank and Walther, Evaluating Derivatives (2008), sections 1.1 and 3.2 (cotangents); differences.py.

    >>> def square(x):
    ...     return x * x, lambda dy: 2 * x * dy
    >>> gradcheck(square, np.array([1.0, -3.0]), rng=np.random.default_rng(0)).passed
    True
    >>> def wrong(x):
    ...     return x * x, lambda dy: x * dy
    >>> print(gradcheck(wrong, np.ones(5), rng=np.random.default_rng(0), raise_error=False).diagnosis)
    The gradient of x is 1/2 times what it should be.
    """
    require_generator("gradcheck", rng)
    require_int("gradcheck", "limit", limit, least=1)
    require_number("gradcheck", "rtol", rtol, above=0, most=1e-2)
    subject = make_subject(function, arrays, wrt, training)
    findings: list[Finding] = []
    diagnosis: Diagnosis | None = None
    try:
        observation = observe(subject, rng)
        findings = [check_argument(subject, which, observation, rng, rtol, limit) for which in subject.checked]
        if not all(finding.passed for finding in findings):
            diagnosis = diagnose(subject, observation, findings, rng)
    except RejectedError as rejected:
        diagnosis = rejected.diagnosis
    except RejectedShapeError as rejected:
        diagnosis = diagnose_shape(rejected)
    worst = max((finding.worst for finding in findings if finding.worst), key=_severity, default=None)
    entries = tuple(finding.entry() for finding in findings)
    report = Report(
        subject.name, diagnosis is None, entries, worst.place if worst else None, diagnosis, subject.evaluations
    )
    if raise_error and not report.passed:
        raise GradientError(report)
    return report


@dataclass(frozen=True)
class Placed:
    """An outcome and where it was."""

    outcome: Outcome
    place: Worst


def _severity(placed: Placed | None) -> tuple[bool, float]:
    if placed is None:
        return False, -1.0
    wrong = placed.outcome.status in ("differ", "jump")
    return wrong, placed.outcome.absolute if wrong else placed.outcome.relative


@dataclass
class Finding:
    """What is known of one argument while it is checked."""

    which: int
    name: str
    shape: tuple[int, ...]
    elements: int = 0
    directions: int = 0
    kinks: int = 0
    unsure: int = 0
    bad: list[tuple[int, ...]] = field(default_factory=list)
    wrong_directions: int = 0
    isolated: bool = True
    tie: Outcome | None = None
    jump: bool = False
    worst: Placed | None = None
    absolute: float = 0.0

    @property
    def passed(self) -> bool:
        """Nothing is wrong, and not everything is uncertain."""
        wrong = self.bad or self.wrong_directions or self.tie or self.jump
        return not wrong and not self.all_unsure

    @property
    def all_unsure(self) -> bool:
        """Whether nothing could be told."""
        return self.unsure > 0 and self.unsure == self.elements + self.directions

    def note(self, outcome: Outcome, index: tuple[int, ...] | None, count: bool = True) -> None:
        """Take down one outcome."""
        if count:
            self.elements += index is not None
            self.directions += index is None
            self.kinks += outcome.status in ("kink", "bent")
            self.unsure += outcome.status == "unsure"
        wrong = outcome.status in ("differ", "jump")
        self.jump = self.jump or outcome.status == "jump"
        if wrong and index is not None and index not in self.bad:
            self.bad.append(index)
        if index is not None and np.isfinite(outcome.numeric):
            self.absolute = max(self.absolute, outcome.absolute)
        place = Worst(self.name, index, outcome.analytic, outcome.numeric, outcome.relative)
        placed = Placed(outcome, place)
        # An element says more than a direction, which mixes several.
        first = self.worst is None or (wrong and index is not None and self.worst.place.index is None)
        if first or (not (index is None and self.bad) and _severity(placed) > _severity(self.worst)):
            self.worst = placed

    def entry(self) -> ArgumentReport:
        """The part of the report on this argument."""
        relative = self.worst.outcome.relative if self.worst else 0.0
        return ArgumentReport(
            self.name,
            self.shape,
            self.passed,
            self.elements,
            self.directions,
            self.kinks,
            self.unsure,
            relative,
            self.absolute,
        )


def check_argument(
    subject: Subject, which: int, observation: Observation, rng: np.random.Generator, rtol: float, limit: int
) -> Finding:
    """Check one argument: every element of a small array; directions and a sample of elements of a large one."""
    prober = Prober(subject, which, observation, rtol)
    beside = once(lambda: shifted(prober, rng))
    finding = Finding(which, subject.names[which], prober.x.shape)
    if prober.x.size <= limit:
        chosen = np.arange(prober.x.size)
    else:
        check_directions(prober, beside, finding, rng)
        chosen = rng.choice(prober.x.size, SAMPLES, replace=False)
    kinked = []
    for k in chosen:
        index = tuple(int(i) for i in np.unravel_index(k, prober.x.shape))
        outcome = prober.element(index)
        if outcome.status in ("kink", "bent"):
            kinked.append(int(k))
        if outcome.status == "bent":
            outcome = _beside(outcome, beside(), index)
        finding.note(outcome, index)
    if len(kinked) > 1 and not finding.bad:
        _check_tie(prober, np.array(kinked), finding)
    return finding


def _beside(outcome: Outcome, beside: Prober | None, index: tuple[int, ...]) -> Outcome:
    """At a kink whose bounds are not known exactly, the gradient a little beside it decides."""
    if beside is None:
        return Outcome("unsure", outcome.analytic, outcome.numeric, 0.0)
    there = beside.element(index)
    if there.status in ("agree", "kink"):
        return Outcome("kink", outcome.analytic, outcome.numeric, 0.0)
    return Outcome("unsure", outcome.analytic, outcome.numeric, 0.0) if there.status == "bent" else there


def _check_tie(prober: Prober, kinked: Array, finding: Finding) -> None:
    """Tied elements that rise together keep the tie: there the function is smooth, and their gradients must add up."""
    together = np.full(kinked.size, float(prober.scales.ravel()[kinked].min()))
    outcome = prober.move(kinked, together)
    if outcome.status == "differ":
        finding.tie = outcome
        finding.note(outcome, None)


def check_directions(prober: Prober, beside: Any, finding: Finding, rng: np.random.Generator) -> None:
    """Directions through blocks of elements whose gradients are of like size, so that one wrong element stands out."""
    claimed = np.abs(prober.gradients[0] * prober.scales).ravel()
    # Shuffled first, so that equal gradients fall into blocks at random.
    order = rng.permutation(claimed.size)
    order = order[np.argsort(claimed[order], kind="stable")]
    wrong = []
    for block in [order, *np.array_split(order, min(BLOCKS, claimed.size))]:
        outcome = prober.direction(block, rng)
        where = prober
        if outcome.status == "bent" and beside() is not None:
            where = beside()
            there = where.direction(block, rng)
            outcome = Outcome("kink", there.analytic, there.numeric, 0.0) if there.status == "agree" else there
        finding.note(outcome, None)
        if outcome.status in ("differ", "jump"):
            finding.wrong_directions += 1
            wrong.append((where, block, outcome))
        if len(wrong) == ENOUGH:
            break
    # The direction through everything says least about where; each block is searched until it is right.
    todo = [entry[:2] for entry in wrong if entry[1] is not order] or [entry[:2] for entry in wrong]
    for _ in range(TRACKED):
        if not todo:
            break
        where, block = todo.pop()
        k = _search(where, block, rng)
        index = tuple(int(i) for i in np.unravel_index(k, prober.x.shape))
        outcome = where.element(index)
        if outcome.status not in ("differ", "jump"):
            break
        finding.note(outcome, index, count=False)
        rest = block[block != k]
        if rest.size and where.direction(rest, rng).status in ("differ", "jump"):
            todo.append((where, rest))
    finding.isolated = not todo


def _search(prober: Prober, block: Array, rng: np.random.Generator) -> int:
    """Halve a wrong block, each time keeping the half that is further off, down to one element."""
    while block.size > 1:
        halves = np.array_split(block, 2)
        block = max(halves, key=lambda half: _distance(prober.direction(half, rng)))
    return int(block[0])


def _distance(outcome: Outcome) -> float:
    return outcome.absolute if outcome.status in ("differ", "jump") else 0.0
