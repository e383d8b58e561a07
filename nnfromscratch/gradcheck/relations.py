"""The ways in which a wrong gradient can be made from the right one, each tried on the evidence.

A relation is accepted only if it leaves less than a hundredth of the difference between wrong and right unexplained.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from nnfromscratch.gradcheck.evidence import Evidence
from nnfromscratch.gradcheck.report import Diagnosis
from nnfromscratch.types import Array


def explains(evidence: Evidence, guess: Array) -> bool:
    """Whether ``guess`` (K, G) is what backward said."""
    return matches(evidence, guess, evidence.analytic)


def matches(evidence: Evidence, guess: Array, target: Array) -> bool:
    """Whether ``guess`` and ``target`` (K, G) are equal, measured by how far the gradient is from right."""
    with np.errstate(all="ignore"):
        known = evidence.known
        left = (guess - target)[:, known] / _sizes(evidence)
        wrong = (evidence.analytic - evidence.numeric)[:, known] / _sizes(evidence)
        whole = np.linalg.norm(target[:, known] / _sizes(evidence))
        distance, apart = np.linalg.norm(left), np.linalg.norm(wrong)
        # Where nothing on the grid is wrong, nothing is explained.
        return bool(apart > 1e-6 * whole and distance <= 1e-2 * apart and distance <= 1e-4 * whole)


def _sizes(evidence: Evidence) -> Array:
    """The size of each cotangent's gradient, so that the larger does not outweigh the smaller."""
    known = evidence.known
    largest = np.maximum(np.abs(evidence.analytic[:, known]), np.abs(evidence.numeric[:, known]))
    sizes = largest.max(axis=1, initial=0.0, keepdims=True)
    return np.where(sizes > 0, sizes, 1.0)


def axis_subsets(ndim: int) -> Iterator[tuple[int, ...]]:
    """All sets of axes but the empty one, the small ones first."""
    for count in range(1, ndim + 1):
        yield from itertools.combinations(range(ndim), count)


def axes_text(axes: tuple[int, ...]) -> str:
    """``axis 0`` or ``axes 0 and 2``.

    >>> axes_text((0, 2))
    'axes 0 and 2'
    """
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes[:-1]))} and {axes[-1]}"


def zero(evidence: Evidence, name: str) -> Diagnosis | None:
    """Nothing comes back at all."""
    if np.any(evidence.claimed):
        return None
    return Diagnosis("zero", name, f"The gradient of {name} is zero everywhere.")


def ignores_dy(evidence: Evidence, name: str) -> Diagnosis | None:
    """The same gradient for every dy: right at most for dy of ones."""
    first, second = evidence.claimed
    if not np.any(first) or not np.allclose(first, second, rtol=1e-9, atol=0):
        return None
    text = f"The gradient of {name} does not depend on dy: backward must multiply by the dy that it is given."
    return Diagnosis("ignores-dy", name, text)


def factor(evidence: Evidence, name: str) -> Diagnosis | None:
    """A constant multiple."""
    known, numeric = evidence.known, evidence.numeric / _sizes(evidence)
    analytic = evidence.analytic / _sizes(evidence)
    square = float(np.sum(numeric[:, known] ** 2))
    if square == 0:
        return None
    c = float(np.sum(analytic[:, known] * numeric[:, known])) / square
    if abs(c) < 1e-9 or not explains(evidence, c * evidence.numeric):
        return None
    if abs(c + 1) < 1e-5:
        return Diagnosis("sign", name, f"The gradient of {name} has the wrong sign.", -1.0)
    return Diagnosis("factor", name, f"The gradient of {name} is {_named_factor(evidence, c)}.", c)


def _named_factor(evidence: Evidence, c: float) -> str:
    size, sign = abs(c), "-" if c < 0 else ""
    names = _lengths(evidence)
    for value, said in ((size, "{n}"), (1 / size, "1/{n}")):
        n = round(value)
        if n >= 2 and abs(value - n) < 1e-5 * n:
            meaning = f" ({said.format(n=names[n])})" if n in names else ""
            return f"{sign}{said.format(n=n)} times what it should be{meaning}"
    return f"{c:.6g} times what it should be"


def _lengths(evidence: Evidence) -> dict[int, str]:
    """Numbers that a sum or a mean may have brought in, and what they count here."""
    prober = evidence.prober
    arrays = [prober.values[i] for i in prober.subject.floats[:1]]
    shapes = [evidence.y.shape, *(array.shape for array in arrays if array is not None)]
    names: dict[int, str] = {}
    for shape in shapes:
        if len(shape) > 1 or (shape and shape == shapes[-1]):
            names.setdefault(shape[0], "N, the batch size")
    for shape in shapes:
        if len(shape) > 2:
            positions = int(np.prod(shape[2:]))
            names.setdefault(positions, "H·W, the number of positions")
            names.setdefault(shape[0] * positions, "N·H·W, samples times positions")
    for shape in shapes:
        if shape:
            names.setdefault(int(np.prod(shape)), "the number of elements")
            names.setdefault(shape[-1], "the length of the last axis")
    return names


def transpose(evidence: Evidence, name: str) -> Diagnosis | None:
    """Axes exchanged."""
    shape, claimed = evidence.shape, evidence.claimed
    for order in itertools.permutations(range(len(shape))):
        back = np.argsort(order)
        if order == tuple(range(len(shape))) or len(shape) > 4:
            continue
        exchanged = tuple(shape[i] for i in order)
        said = "transposed" if len(shape) == 2 else f"transposed: its axes come in the order {order}"
        if exchanged == shape:
            candidate = np.stack([evidence.on_grid(g.transpose(tuple(back))) for g in claimed])
        else:
            said = "the transpose, reshaped: reshape does not exchange axes"
            candidate = np.stack([evidence.on_grid(g.reshape(exchanged).transpose(tuple(back))) for g in claimed])
        if matches(evidence, candidate, evidence.numeric):
            return Diagnosis("transpose", name, f"The gradient of {name} is {said}.")
    return None


def flipped(evidence: Evidence, name: str) -> Diagnosis | None:
    """Axes run backwards: convolution and cross-correlation mixed up."""
    ndim = len(evidence.shape)
    for axes in sorted(axis_subsets(ndim), key=lambda axes: axes != (ndim - 2, ndim - 1)):
        candidate = np.stack([evidence.on_grid(np.flip(g, axes)) for g in evidence.claimed])
        if matches(evidence, candidate, evidence.numeric):
            text = f"The gradient of {name} is flipped: it runs backwards along {axes_text(axes)}."
            return Diagnosis("flipped", name, text)
    return None


def shift(evidence: Evidence, name: str) -> Diagnosis | None:
    """Moved by one or two places, around the end or out of the array."""
    for axis, length in enumerate(evidence.shape):
        for by in (1, -1, 2, -2):
            if length < 2 or abs(by) >= length:
                continue
            rolled = np.stack([evidence.on_grid(np.roll(g, -by, axis)) for g in evidence.claimed])
            # What left the array at one end may be lost: leave the places that wrapped around out of the comparison.
            places = evidence.on_grid(np.broadcast_to(_index_along(evidence.shape, axis), evidence.shape))
            inside = (places < length - by) if by > 0 else (places >= -by)
            candidate = np.where(inside, rolled, evidence.numeric)
            enough = length >= 4 and inside.any()
            if matches(evidence, rolled, evidence.numeric) or (
                enough and matches(evidence, candidate, evidence.numeric)
            ):
                return Diagnosis("shift", name, f"The gradient of {name} is shifted by {by} along axis {axis}.")
    for by in (1, -1):
        candidate = np.stack([evidence.on_grid(np.roll(g.ravel(), -by).reshape(g.shape)) for g in evidence.claimed])
        if evidence.claimed[0].size > 2 and matches(evidence, candidate, evidence.numeric):
            return Diagnosis("shift", name, f"The gradient of {name} is shifted by {by} in memory order.")
    return None


def _index_along(shape: tuple[int, ...], axis: int) -> Array:
    return np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))])


def swapped(evidence: Evidence, name: str, others: dict[str, Evidence]) -> Diagnosis | None:
    """The gradient of another argument of the same shape."""
    for other, theirs in others.items():
        if theirs.shape == evidence.shape and np.array_equal(theirs.known, evidence.known):
            whole = [np.array_equal(a, b) for a, b in zip(theirs.grid, evidence.grid, strict=True)]
            if all(whole) and explains(evidence, theirs.numeric):
                text = f"backward returns the gradient of {other} in the place of {name}: the order is mixed up."
                return Diagnosis("swapped", name, text)
    return None


def missing_sum(evidence: Evidence, name: str) -> Diagnosis | None:
    """Only a part of the samples, positions or outputs was added up."""
    shape = evidence.y.shape
    for axes in axis_subsets(len(shape)):
        if len(axes) > 2 or (len(axes) == 2 and axes != (len(shape) - 2, len(shape) - 1)):
            continue
        count = int(np.prod([shape[axis] for axis in axes]))
        if count < 2:
            continue
        parts = _contributions(evidence, axes)  # (K, G, count)
        if np.all(np.count_nonzero(parts, axis=2) <= 1):
            continue  # nothing to add up along these axes
        what = _axes_meaning(axes, shape)
        for part in range(count):
            place = [int(i) for i in np.unravel_index(part, [shape[axis] for axis in axes])]
            at = f"{place[0] if len(place) == 1 else place} of {count}"
            if explains(evidence, parts[:, :, part]):
                return Diagnosis(
                    "missing-sum",
                    name,
                    f"The gradient of {name} lacks the sum over {what} of y: it has the part of {at} only.",
                )
            if explains(evidence, evidence.numeric - parts[:, :, part]):
                return Diagnosis(
                    "missing-sum",
                    name,
                    f"The gradient of {name} lacks a part of the sum over {what} of y: {at} is left out.",
                )
    return None


def _contributions(evidence: Evidence, axes: tuple[int, ...]) -> Array:
    """The right gradient in parts: what each index along ``axes`` of y contributes."""
    shape = evidence.y.shape
    rest = tuple(axis for axis in range(len(shape)) if axis not in axes)
    parts = []
    for dy in evidence.dys:
        terms = (evidence.jacobian * dy).reshape(-1, *shape)
        parts.append(terms.sum(axis=tuple(axis + 1 for axis in rest)).reshape(len(evidence.jacobian), -1))
    return np.stack(parts)


def _axes_meaning(axes: tuple[int, ...], shape: tuple[int, ...]) -> str:
    if axes == (0,) and len(shape) > 1:
        return "the batch (axis 0)"
    return f"the positions ({axes_text(axes)})" if min(axes) >= 2 else axes_text(axes)
