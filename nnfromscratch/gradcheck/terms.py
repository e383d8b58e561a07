"""Missing terms and factors: relations in which something known is left out of the gradient.

y = x − mean(x)        dx = dy − mean(dy)              without the second term the difference is constant along the axis
y = softmax(x)         dx = y ⊙ (dy − Σ dy ⊙ y)        without it the difference is y times one number for each row
y = σ(x)               dx = dy ⊙ y ⊙ (1 − y)           without a factor the ratio is y or 1 − y
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from nnfromscratch.gradcheck.evidence import Evidence
from nnfromscratch.gradcheck.relations import axes_text, axis_subsets, explains
from nnfromscratch.gradcheck.report import Diagnosis
from nnfromscratch.types import Array


def missing_factor(evidence: Evidence, name: str) -> Diagnosis | None:
    """The right gradient times or over a known array, or times one number for each slice."""
    for said, array in _known_arrays(evidence, name):
        if said == "dy":
            continue
        values = evidence.on_grid(array)
        with np.errstate(all="ignore"):
            for text, guess in (
                (f"the factor {said} is missing from the gradient of {name}", evidence.numeric / values),
                (f"the gradient of {name} has the factor {said} once too often", evidence.numeric * values),
            ):
                guess = np.where(np.isfinite(guess), guess, evidence.analytic)
                if np.ptp(values) > 0 and np.mean(values != 0) > 0.5 and explains(evidence, guess):
                    return Diagnosis("missing-factor", name, f"{text[0].upper()}{text[1:]}.")
    for axes in reversed(list(axis_subsets(len(evidence.shape)))):
        fitted = _fit(evidence, [evidence.numeric], evidence.analytic, axes)
        if fitted is not None and explains(evidence, fitted):
            text = (
                f"The gradient of {name} has a wrong factor that is the same along {axes_text(axes)}, else different."
            )
            return Diagnosis("missing-factor", name, text)
    return None


def only_local(evidence: Evidence, name: str) -> Diagnosis | None:
    """Elementwise functions: dy handed back without the derivative. Others: without what goes from x[i] to y[j]."""
    if evidence.y.shape != evidence.shape:
        return None
    dys = np.stack([evidence.on_grid(dy.reshape(evidence.shape)) for dy in evidence.dys])
    if explains(evidence, dys):
        text = f"The gradient of {name} is dy itself: the factor ∂y/∂{name} is missing."
        return Diagnosis("missing-factor", name, text)
    places = evidence.on_grid(np.arange(evidence.y.size).reshape(evidence.shape))
    diagonal = evidence.jacobian[np.arange(places.size), places]
    if explains(evidence, dys * diagonal):
        text = (
            f"A term is missing from the gradient of {name}: it has only what leads from each element of {name} to the "
            "same element of y; but every element moves others as well."
        )
        return Diagnosis("missing-term", name, text)
    return None


def missing_term(evidence: Evidence, name: str) -> Diagnosis | None:
    """A difference that is a known array, or known arrays with one coefficient for each slice."""
    difference = evidence.analytic - evidence.numeric
    known = [(said, np.stack([evidence.on_grid(a) for a in _per_dy(array)])) for said, array in _arrays(evidence, name)]
    for said, values in known:
        # dy itself, or dy times a known array: a path around the function, or one side of the product rule.
        for sign in (1.0, -1.0):
            if explains(evidence, evidence.numeric + sign * values):
                return Diagnosis("missing-term", name, f"A term is missing from the gradient of {name}: ±{said}.")
    steady = [(said, values) for said, values in known if "dy" not in said]
    ones = ("a constant", np.ones_like(difference))
    for count, axes in itertools.product((1, 2, 3), reversed(list(axis_subsets(len(evidence.shape))))):
        for basis in itertools.combinations([ones, *steady], count):
            guess = _fit(evidence, [values for _, values in basis], difference, axes)
            if guess is not None and explains(evidence, evidence.numeric + guess):
                said = " and ".join(said for said, _ in basis)
                text = (
                    f"A term is missing from the gradient of {name}: the difference is {said}, with one coefficient "
                    f"for all elements along {axes_text(axes)}, as what passes through a mean or a variance."
                )
                return Diagnosis("missing-term", name, text)
    return None


def _fit(evidence: Evidence, basis: list[Array], target: Array, axes: tuple[int, ...]) -> Array | None:
    """The target (K, G) by least squares from the basis, one coefficient for all elements along ``axes``.

    None where there are too few elements for each coefficient to prove anything.
    """
    shape = evidence.grid_shape
    rest = [axis for axis in range(len(shape)) if axis not in axes]
    order = [0, *(1 + axis for axis in rest), *(1 + axis for axis in axes)]
    count = int(np.prod([shape[axis] for axis in axes]))

    def slices(array: Array) -> Array:
        return np.where(evidence.known, array, 0.0).reshape(-1, *shape).transpose(order).reshape(-1, count)

    columns = np.stack([slices(array) for array in basis], axis=2)  # (slices, count, basis)
    # Only elements that differ prove anything, and only beyond one for each coefficient.
    differ = np.abs(slices(target)) > 1e-6 * np.abs(target).max(initial=0.0)
    proof = np.maximum(np.count_nonzero(differ, axis=1) - len(basis), 0).sum()
    if not np.isfinite(columns).all() or proof < max(4, np.count_nonzero(differ.any(axis=1))):
        return None
    wanted = slices(target)[:, :, None]
    fitted = (columns @ (np.linalg.pinv(columns, rcond=1e-9) @ wanted))[:, :, 0]
    moved = [len(target), *(shape[axis] for axis in rest), *(shape[axis] for axis in axes)]
    return np.asarray(fitted.reshape(moved).transpose(np.argsort(order)).reshape(target.shape))


def _per_dy(array: Array | list[Array]) -> list[Array]:
    return array if isinstance(array, list) else [array, array]


def _known_arrays(evidence: Evidence, name: str) -> Iterator[tuple[str, Array]]:
    """Arrays of the argument's shape that its derivative may contain."""
    x, y = evidence.prober.x, evidence.y
    yield name, x
    yield f"1 − {name}", 1 - x
    yield f"softmax({name})", _softmax(x)
    if y.shape == x.shape:
        yield "y", y
        yield "1 − y", 1 - y
        yield "y (1 − y)", y * (1 - y)
        yield "1 − y²", 1 - y * y
        with np.errstate(all="ignore"):
            yield "exp(y)", np.exp(y)
    subject = evidence.prober.subject
    for other, value in zip(subject.names, evidence.prober.values, strict=True):
        if value is None or other == name or x.ndim == 0:
            continue
        if value.dtype.kind == "f" and value.shape == x.shape:
            yield other, value
        if value.dtype.kind in "iu" and value.shape == x.shape[:-1] and np.all((value >= 0) & (value < x.shape[-1])):
            yield f"one-hot {other}", np.eye(x.shape[-1])[value]


def _arrays(evidence: Evidence, name: str) -> Iterator[tuple[str, Array | list[Array]]]:
    """Known arrays, dy, and dy times known arrays."""
    known = list(_known_arrays(evidence, name))
    yield from known
    if evidence.y.shape == evidence.shape:
        dys = [dy.reshape(evidence.shape) for dy in evidence.dys]
        yield "dy", dys
        for said, array in known:
            yield f"dy ⊙ {said}", [dy * array for dy in dys]


def _softmax(x: Array) -> Array:
    if x.ndim == 0 or x.size == 0:
        return np.ones_like(x)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))
