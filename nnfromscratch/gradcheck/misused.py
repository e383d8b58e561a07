"""Another argument used the wrong way round: W where Wᵀ belongs, a kernel that should have been flipped.

y = x·W        dx = dy·Wᵀ        backward says dy·W: the right gradient of another function, the one whose weight is Wᵀ
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from nnfromscratch.gradcheck.conduct import Observation, copies, flat
from nnfromscratch.gradcheck.elements import Prober
from nnfromscratch.gradcheck.evidence import Evidence, gather
from nnfromscratch.gradcheck.relations import axes_text, explains
from nnfromscratch.gradcheck.report import Diagnosis, Kind
from nnfromscratch.types import Array


def misused(evidence: Evidence, name: str, seed: int, wrong: tuple[int, ...] | None) -> Diagnosis | None:
    """The gradient would be right if another argument were flipped or transposed.

    ``seed`` and ``wrong`` are those that the evidence was gathered with: they give the same grid again.
    """
    subject = evidence.prober.subject
    for i in subject.floats:
        value = evidence.prober.values[i]
        if value is None or i == evidence.prober.which:
            continue
        for kind, said, other in _turned(value):
            prober = _with(evidence.prober, i, other)
            if prober is None:
                continue
            there = gather(prober, np.random.default_rng(seed), wrong)
            if there.known.all() and explains(evidence, there.numeric):
                text = f"The gradient of {name} would be right if {subject.names[i]} were {said}."
                return Diagnosis(kind, name, text)
    return None


def _turned(value: Array) -> Iterator[tuple[Kind, str, Array]]:
    """The array flipped along its last two axes, and with two axes of the same length exchanged."""
    if value.ndim >= 2:
        axes = (value.ndim - 2, value.ndim - 1)
        yield "flipped", f"flipped along {axes_text(axes)}", np.flip(value, axes)
    for a, b in combinations(range(value.ndim), 2):
        if value.shape[a] == value.shape[b]:
            yield "transpose", f"transposed ({axes_text((a, b))} exchanged)", value.swapaxes(a, b)


def _with(prober: Prober, i: int, value: Array) -> Prober | None:
    """The same argument, while argument ``i`` has another value; None where the function is not finite there."""
    here = prober.observation
    values = copies(here.values)
    values[i] = value.copy()
    with np.errstate(all="ignore"):
        y = flat(prober.subject.forward(copies(values))[0])
    if y.size != here.y.size or not np.isfinite(y).all():
        return None
    there = Observation(values, y, here.shape, here.cotangents, here.gradients)
    return Prober(prober.subject, prober.which, there, prober.rtol)
