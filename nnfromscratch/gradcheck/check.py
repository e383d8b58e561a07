"""The gradient checker: compares what a backward says with central differences of its forward."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from nnfromscratch.errors import require_generator, require_int, require_number
from nnfromscratch.gradcheck.conduct import Observation, RejectedShapeError, another_point, observe, observe_at
from nnfromscratch.gradcheck.diagnosis import diagnose, diagnose_shape
from nnfromscratch.gradcheck.elements import Prober, once, shifted
from nnfromscratch.gradcheck.findings import Finding, severity
from nnfromscratch.gradcheck.report import Diagnosis, GradientError, RejectedError, Report
from nnfromscratch.gradcheck.subject import Subject, make_subject, reject
from nnfromscratch.gradcheck.verdict import Outcome
from nnfromscratch.types import Array

BLOCKS = 64  # directions through a large array; each element is in one of them
SAMPLES = 32  # elements of a large array that are also checked alone
TRACKED = 3  # wrong elements that are searched for
CERTAIN = 4  # wrong elements, after which more are believed on less evidence
PLENTY = 16  # wrong elements, after which the others need not be looked at
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
        # An argument known to two digits, or that hardly moves y, may stay uncertain beside others that are certain.
        certain = any(finding.elements and not finding.all_unsure for finding in findings)
        for finding in findings:
            finding.excused = certain and finding.excusable
        if not all(finding.passed for finding in findings):
            diagnosis = diagnose(subject, observation, findings, rng)
        else:
            check_elsewhere(subject, observation, rng, rtol)
    except RejectedError as rejected:
        diagnosis = rejected.diagnosis
    except RejectedShapeError as rejected:
        diagnosis = diagnose_shape(rejected)
    worst = max((finding.worst for finding in findings if finding.worst), key=severity, default=None)
    entries = tuple(finding.entry() for finding in findings)
    report = Report(
        subject.name, diagnosis is None, entries, worst.place if worst else None, diagnosis, subject.evaluations
    )
    if raise_error and not report.passed:
        raise GradientError(report)
    return report


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
        if len(finding.bad) == CERTAIN:
            prober.hurry()
        if len(finding.bad) == PLENTY:
            break
    if len(kinked) > 1 and not finding.bad:
        _check_tie(prober, np.array(kinked), finding)
    return finding


def check_elsewhere(subject: Subject, observation: Observation, rng: np.random.Generator, rtol: float) -> None:
    """One direction at another point: a backward may be right only where forward was called first."""
    elsewhere = observe_at(subject, another_point(subject, rng), observation)
    if elsewhere is None:
        return
    for which in subject.checked:
        prober = Prober(subject, which, elsewhere, rtol)
        if prober.x.size and prober.direction(np.arange(prober.x.size), rng).status == "differ":
            name = subject.names[which]
            text = (
                f"The gradient of {name} is right at the given arguments but wrong at others that came later: "
                "backward holds on to an earlier forward, or is right by accident."
            )
            raise reject("shared-state", name, text)


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
            prober.hurry()
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
