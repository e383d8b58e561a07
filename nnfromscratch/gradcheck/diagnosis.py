"""Tell a person what is wrong with a gradient: how it relates to the right one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np

from nnfromscratch.gradcheck.conduct import Observation, RejectedShapeError
from nnfromscratch.gradcheck.elements import Prober, shifted
from nnfromscratch.gradcheck.evidence import Evidence, gather
from nnfromscratch.gradcheck.findings import Finding
from nnfromscratch.gradcheck.misused import misused
from nnfromscratch.gradcheck.relations import factor, flipped, ignores_dy, missing_sum, shift, swapped, transpose, zero
from nnfromscratch.gradcheck.report import Diagnosis
from nnfromscratch.gradcheck.subject import Subject
from nnfromscratch.gradcheck.terms import missing_factor, missing_term, only_local

# The plain relations come first: one that has no free numbers is not believed by accident.
BEFORE: tuple[Callable[[Evidence, str], Diagnosis | None], ...] = (zero, ignores_dy, factor, transpose, flipped)
AFTER: tuple[Callable[[Evidence, str], Diagnosis | None], ...] = (
    shift,
    missing_sum,
    only_local,
    missing_factor,
    missing_term,
)


def diagnose(
    subject: Subject, observation: Observation, findings: list[Finding], rng: np.random.Generator
) -> Diagnosis:
    """What is wrong with the first argument that failed."""
    failed = [finding for finding in findings if not finding.passed]
    first = failed[0]
    certain = _without_evidence(first)
    if certain is not None:
        return certain
    probers = {finding.name: Prober(subject, finding.which, observation, 1e-6) for finding in failed}
    seed = int(rng.integers(2**32))
    wrong = first.bad[0] if first.bad else None
    evidence = _gather(probers[first.name], seed, wrong)
    others = {
        finding.name: _gather(probers[finding.name], seed, wrong)
        for finding in failed[1:]
        if finding.shape == first.shape and first.shape
    }
    found = (
        _first(BEFORE, evidence, first.name)
        or swapped(evidence, first.name, others)
        or few(evidence, first)
        or one_slice(evidence, first.name)
        or _first(AFTER, evidence, first.name)
        or misused(evidence, first.name, seed, wrong)
        or unrelated(evidence, first.name)
    )
    more = [finding.name for finding in failed[1:]]
    if more:
        text = f"{found.text} Wrong as well: {', '.join(more)}."
        return Diagnosis(found.kind, found.argument, text, found.factor)
    return found


def _gather(prober: Prober, seed: int, wrong: tuple[int, ...] | None) -> Evidence:
    """The same grid for arguments of the same shape; beside the point where too much of it sits on kinks."""
    evidence = gather(prober, np.random.default_rng(seed), wrong)
    if np.mean(evidence.known) < 0.9:
        beside = shifted(prober, np.random.default_rng(seed))
        if beside is not None:
            moved = gather(beside, np.random.default_rng(seed), wrong)
            if moved.known.sum() > evidence.known.sum():
                return moved
    return evidence


def _first(
    relations: tuple[Callable[[Evidence, str], Diagnosis | None], ...], evidence: Evidence, name: str
) -> Diagnosis | None:
    for relation in relations:
        found = relation(evidence, name)
        if found is not None:
            return found
    return None


def _without_evidence(finding: Finding) -> Diagnosis | None:
    name = finding.name
    if finding.jump:
        text = f"The function jumps as {name} passes through the given value: it has no derivative there."
        return Diagnosis("discontinuous", name, text)
    if finding.all_unsure:
        text = (
            f"Nothing can be said of {name}: rounding noise, or values that are not finite, drown every difference. "
            "Check at other values."
        )
        return Diagnosis("inconclusive", name, text)
    if finding.tie is not None:
        text = (
            f"Where elements of {name} tie, their gradients add up to {finding.tie.analytic:.6g} instead of "
            f"{finding.tie.numeric:.6g} when they move together: the ties get it more than once, or not at all."
        )
        return Diagnosis("tie", name, text)
    return None


def few(evidence: Evidence, finding: Finding) -> Diagnosis | None:
    """One wrong element, or two or three, among many right ones."""
    size, bad = int(np.prod(finding.shape)), finding.bad
    if not bad or not finding.isolated or len(bad) > (3 if size >= 16 else 1 if size >= 2 else 0):
        return None
    for axis in range(len(finding.shape)):
        at = bad[0][axis]
        if len(bad) > 1 and {index[axis] for index in bad} == {at} and not np.any(evidence.claimed.take(at, axis + 1)):
            return None  # a whole slice is left out, though few of its elements should not be zero
    where = ", ".join(str(list(index)) for index in bad)
    said = "a single element of the gradient" if len(bad) == 1 else f"{len(bad)} elements of the gradient"
    text = f"Only {said} of {finding.name} {'is' if len(bad) == 1 else 'are'} wrong, of {size}: at {where}."
    return Diagnosis("one-element", finding.name, text)


def one_slice(evidence: Evidence, name: str) -> Diagnosis | None:
    """All wrong elements, or all right ones, lie in one slice: one sample, one channel, one column."""
    scale = np.maximum(np.abs(evidence.analytic), np.abs(evidence.numeric)).max(axis=1, keepdims=True)
    wrong = np.any(np.abs(evidence.analytic - evidence.numeric) > 1e-5 * scale, axis=0) & evidence.known
    places = np.argwhere(wrong.reshape(evidence.grid_shape))
    for axis, indices in enumerate(evidence.grid):
        if len(places) and len(indices) > 2 and np.ptp(places[:, axis]) == 0:
            at = int(indices[places[0, axis]])
            empty = not np.any(np.take(evidence.claimed, at, axis=axis + 1))
            text = f"The gradient of {name} is wrong only where axis {axis} is {at}{': it is zero there' * empty}."
            return Diagnosis("slice", name, text)
    right = np.argwhere((~wrong & np.any(evidence.numeric != 0, axis=0)).reshape(evidence.grid_shape))
    for axis, indices in enumerate(evidence.grid):
        if len(right) and len(indices) > 1 and np.ptp(right[:, axis]) == 0:
            at = int(indices[right[0, axis]])
            if not np.any(np.delete(evidence.claimed, at, axis=axis + 1)):
                text = f"The gradient of {name} is right only where axis {axis} is {at}, and zero elsewhere."
                return Diagnosis("slice", name, text)
    return None


def unrelated(evidence: Evidence, name: str) -> Diagnosis:
    """No known relation: say how far apart the two are."""
    a, n = evidence.analytic[:, evidence.known].ravel(), evidence.numeric[:, evidence.known].ravel()
    size = float(np.linalg.norm(a) * np.linalg.norm(n))
    if size == 0:
        said = "it should be zero" if np.any(a) else "it is zero where it should not be"
        return Diagnosis("other", name, f"The gradient of {name} is wrong: {said}.")
    cosine, best = float(a @ n) / size, float(a @ n) / float(n @ n)
    text = (
        f"The gradient of {name} is wrong in no way that has a name: its cosine to the right one is {cosine:.4f}, "
        f"nearest factor {best:.4g}."
    )
    return Diagnosis("other", name, text)


def diagnose_shape(rejected: RejectedShapeError) -> Diagnosis:
    """A gradient of the wrong shape: perhaps a sum or a transpose would make it right."""
    name, gradient, expected = rejected.argument, rejected.gradient, rejected.expected
    plain = f"d{name} has {name}'s shape {expected}, but backward returns {gradient.shape}"
    if gradient.ndim > len(expected) or (gradient.ndim == len(expected) and gradient.size > int(np.prod(expected))):
        axes = _surplus_axes(gradient.shape, expected)
        if axes is not None:
            over = "the batch (axis 0)" if axes == (0,) else f"axes {axes}"
            return Diagnosis("missing-sum", name, f"{plain}: the sum over {over} is missing.")
    if sorted(gradient.shape) == sorted(expected) and gradient.shape != expected:
        return Diagnosis("transpose", name, f"{plain}: the same axes in another order.")
    return Diagnosis("shape", name, f"{plain}.")


def _surplus_axes(shape: tuple[int, ...], expected: tuple[int, ...]) -> tuple[int, ...] | None:
    """The axes over which to sum an array of ``shape`` so that ``expected`` remains."""
    if len(shape) == len(expected):
        wide = tuple(axis for axis, (have, want) in enumerate(zip(shape, expected, strict=True)) if have != want)
        return wide if all(expected[axis] == 1 for axis in wide) else None
    for axes in combinations(range(len(shape)), len(shape) - len(expected)):
        if tuple(length for axis, length in enumerate(shape) if axis not in axes) == expected:
            return axes
    return None
