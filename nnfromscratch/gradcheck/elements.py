"""Move one element of an argument, or many at once, and judge what backward said about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nnfromscratch.gradcheck.conduct import Observation, copies, flat, observe_at
from nnfromscratch.gradcheck.differences import LARGEST, SMALLEST, Along
from nnfromscratch.gradcheck.subject import Subject
from nnfromscratch.gradcheck.verdict import Judge, Outcome
from nnfromscratch.types import Array


def step_scales(x: Array) -> Array:
    """For every element the power of two next above its size, or above the median size where it is smaller.

    >>> step_scales(np.array([0.0, 3.0, -1000.0, 1.0]))
    array([   4.,    4., 1024.,    4.])
    """
    sizes = np.abs(x)
    typical = float(np.median(sizes[sizes > 0])) if np.any(sizes > 0) else 1.0
    return np.asarray(2.0 ** np.ceil(np.log2(np.maximum(sizes, typical))))


class Prober:
    """Judges elements and directions of one argument at one point."""

    def __init__(self, subject: Subject, which: int, observation: Observation, rtol: float) -> None:
        self.subject, self.which, self.observation, self.rtol = subject, which, observation, rtol
        self.values = copies(observation.values)
        x = self.values[which]
        self.x: Array = np.zeros(0) if x is None else x
        self.scales = step_scales(self.x)
        self.gradients = np.array([np.asarray(g[which], dtype=np.float64) for g in observation.gradients])
        claimed = np.abs(self.gradients * self.scales).reshape(len(self.gradients), -1)
        self.largest: Array = claimed.max(axis=1, initial=0.0)
        self.judge = Judge(observation.y, observation.cotangents, rtol)
        # The largest step: an argument beside whose results its own values are small must move far to be seen.
        self.reach = max(1.0, *(float(np.max(np.abs(a), initial=0.0)) for a in (self.x, observation.y)))

    def hurry(self) -> None:
        """The argument is known to be wrong: let fewer steps suffice from now on."""
        self.judge = replace(self.judge, thorough=False)

    def forward(self) -> Array | None:
        """y at the values as they stand now; None where it is not finite or outside the function's domain."""
        with np.errstate(all="ignore"):
            try:
                y = flat(self.subject.forward(self.values)[0])
            except (ValueError, ArithmeticError):
                return None
        return y if y.size == self.observation.y.size and np.isfinite(y).all() else None

    def along_element(self, index: tuple[int, ...]) -> Along:
        """t → y with x[index] moved by t times its scale."""
        middle, scale = float(self.x[index]), float(self.scales[index])

        def along(t: float) -> Array | None:
            self.x[index] = middle + t * scale
            try:
                return self.forward()
            finally:
                self.x[index] = middle

        return along

    def along_direction(self, direction: Array) -> Along:
        """t → y with x moved by t·direction."""

        def along(t: float) -> Array | None:
            self.values[self.which] = np.asarray(self.x + t * direction)
            try:
                return self.forward()
            finally:
                self.values[self.which] = self.x

        return along

    def element(self, index: tuple[int, ...]) -> Outcome:
        """The verdict on one element; slopes are of the element itself, not of its scaled step."""
        scale = float(self.scales[index])
        size = abs(float(self.x[index]))
        # An element much smaller than the others may need steps of its own size.
        smallest = SMALLEST if size == 0 else min(SMALLEST, 2 * math.floor((math.log2(size / scale) - 14) / 2))
        analytic = np.array([g[index] for g in self.gradients]) * scale
        elementwise = self.observation.shape == self.x.shape
        most = max(2.0**LARGEST, self.reach / scale)
        outcome = self.judge.element(self.along_element(index), analytic, self.largest, smallest, most, elementwise)
        return replace(outcome, analytic=outcome.analytic / scale, numeric=outcome.numeric / scale)

    def direction(self, flat_indices: Array, rng: np.random.Generator) -> Outcome:
        """The verdict on the given elements moved together, each by ±[0.5, 1.5] of its scale (in exact eighths)."""
        eighths = rng.integers(4, 13, flat_indices.size) * rng.choice([-1, 1], flat_indices.size) / 8
        return self.move(flat_indices, eighths * self.scales.ravel()[flat_indices])

    def move(self, flat_indices: Array, steps: Array) -> Outcome:
        """The verdict on the given elements, moved together by these steps."""
        direction = np.zeros(self.x.size)
        direction[flat_indices] = steps
        terms = self.gradients.reshape(len(self.gradients), -1)[:, flat_indices] * steps
        along = self.along_direction(direction.reshape(self.x.shape))
        return self.judge.direction(along, terms.sum(axis=1), np.linalg.norm(terms, axis=1), SMALLEST)


def shifted(prober: Prober, rng: np.random.Generator) -> Prober | None:
    """The same argument a little beside its value, where ties are broken and no element sits on a kink."""
    values = copies(prober.observation.values)
    moved = prober.scales * rng.uniform(0.5, 1.5, prober.x.shape) * rng.choice([-1.0, 1.0], prober.x.shape) * 2.0**-6
    values[prober.which] = np.asarray(prober.x + moved)
    observation = observe_at(prober.subject, values, prober.observation)
    return None if observation is None else Prober(prober.subject, prober.which, observation, prober.rtol)


def once(make: Callable[[], Prober | None]) -> Callable[[], Prober | None]:
    """``make`` called when first needed, and its answer kept."""
    kept: list[Prober | None] = []

    def get() -> Prober | None:
        if not kept:
            kept.append(make())
        return kept[0]

    return get
