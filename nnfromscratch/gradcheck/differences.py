"""The slope of a function along a line, by central differences at several step sizes.

D(h) = Σ dy · (y(x + h·v) − y(x − h·v)) / 2h  =  slope + c₂h² + c₄h⁴ + ...

A large step suffers from curvature (the terms in h), a small one from rounding (about 1e-16 · |y| / h). In between lies
a plateau on which successive estimates agree; there we read the slope, and their disagreement is its uncertainty.
Two steps h and h/4 together cancel the term in h² (Richardson extrapolation):  E = (16·D(h/4) − D(h)) / 15.

The difference is taken output by output before the sum over dy, so that outputs which do not move cancel exactly, and
steps are powers of two times a power of two, so that x + h is exact.

Source: Nocedal and Wright, Numerical Optimization (2006), section 8.1; Ridders, Accurate computation of F'(x) and
F'(x)F''(x), Advances in Engineering Software 4(2), 1982.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nnfromscratch.types import Array

EPS = float(np.finfo(np.float64).eps)
QUICK = 2.0**-17  # about the cube root of EPS: the best single step where the function varies on the scale of x
OUTSTANDING = 0.05  # an uncertainty of at most this share of the slope makes a plateau
LARGEST, SMALLEST = -2, -40  # the ladder of steps 2^-2, 2^-4, ..., 2^-40

# t → y(x + t·v), flat; None where that is not finite or outside the function's domain.
Along: TypeAlias = Callable[[float], "Array | None"]


@dataclass(frozen=True)
class Rung:
    """One step size: the slopes to the right and to the left for each cotangent, which outputs moved, their sizes."""

    step: float
    right: Array
    left: Array
    moved: Array
    sizes: Array

    @property
    def central(self) -> Array:
        """D(h), the mean of both sides."""
        return (self.right + self.left) / 2


@dataclass(frozen=True)
class Slope:
    """A measured slope and its uncertainty; ``step`` is where the plateau lies."""

    value: float
    error: float
    step: float


@dataclass(frozen=True)
class Kink:
    """Two one-sided slopes that stay apart as the step shrinks; ``step`` is where they were told apart."""

    left: float
    right: float
    error: float
    step: float


def rung(along: Along, y: Array, cotangents: Array, step: float) -> Rung | None:
    """Measure at one step size; None where the function gives nothing finite."""
    plus, minus = along(step), along(-step)
    if plus is None or minus is None:
        return None
    rise, fall = plus - y, y - minus
    sizes = np.maximum(np.abs(y), np.maximum(np.abs(plus), np.abs(minus)))
    return Rung(step, cotangents @ rise / step, cotangents @ fall / step, (rise != 0) | (fall != 0), sizes)


def noise(cotangents: Array, y: Array, step: float) -> Array:
    """What rounding of y to 16 digits does to a difference over this step: 4·eps·‖dy ⊙ y‖ / h."""
    return np.asarray(4 * EPS * np.sqrt(((cotangents * y) ** 2).sum(axis=-1)) / step)


class Ladder:
    """The slopes along one line at all step sizes, measured from large to small as far as they are needed."""

    def __init__(self, along: Along, y: Array, cotangents: Array) -> None:
        self.along, self.y, self.cotangents = along, y, cotangents
        self.rungs: list[Rung] = []
        self.rounding: list[Array] = []  # for each rung the noise of all outputs that move anywhere
        self.moved = np.zeros(y.size, dtype=bool)
        self.next = LARGEST

    def quick(self) -> Rung | None:
        """The one step that mostly suffices."""
        return rung(self.along, self.y, self.cotangents, QUICK)

    def descend(self, enough: Callable[[list[Slope]], bool] | None, smallest: int = SMALLEST) -> list[Slope] | None:
        """Go down until every cotangent's slope is known well ``enough``, without that to the end.

        None where there is nothing to measure.
        """
        while self.next >= smallest:
            measured = rung(self.along, self.y, self.cotangents, 2.0**self.next)
            self.next -= 2
            if measured is None:
                self.rungs, self.rounding = [], []  # outside the domain: begin again closer to x
                continue
            self._add(measured, len(self.rungs))
            if enough is not None:
                slopes = self.plateaus()
                if slopes is not None and enough(slopes):
                    return slopes
        return self.plateaus()

    def _add(self, measured: Rung, place: int) -> None:
        moved = self.moved | measured.moved
        if np.array_equal(moved, self.moved):
            self.rounding.insert(place, noise(self.cotangents, measured.sizes * moved, measured.step))
            self.rungs.insert(place, measured)
        else:  # an output that moves anywhere on the ladder brings its noise to all of it
            self.moved = moved
            self.rungs.insert(place, measured)
            self.rounding = [noise(self.cotangents, r.sizes * moved, r.step) for r in self.rungs]

    def ascend(self, enough: Callable[[list[Slope]], bool], most: float) -> list[Slope] | None:
        """Where even the largest step drowned in noise, try larger ones, up to ``most``.

        They count only if a plateau stands out from zero up there: a bounded function has no slope over long ways.
        """
        before, rungs, rounding = self.plateaus(), list(self.rungs), list(self.rounding)
        slopes = before
        while slopes is not None and not enough(slopes) and self.rungs[0].step < most:
            if all(slope.step < self.rungs[2].step for slope in slopes):
                break  # the plateau lies lower down: larger steps would not help
            measured = rung(self.along, self.y, self.cotangents, 4 * self.rungs[0].step)
            if measured is None:
                break
            self._add(measured, 0)
            slopes = self.plateaus()
        if slopes is not None and all(slope.error < OUTSTANDING * abs(slope.value) for slope in slopes):
            return slopes
        self.rungs, self.rounding = rungs, rounding
        return before

    def plateaus(self) -> list[Slope] | None:
        """For each cotangent the best estimate and its uncertainty; needs four rungs."""
        if len(self.rungs) < 4:
            return None
        steps = np.array([r.step for r in self.rungs])[:, None]
        central = np.array([r.central for r in self.rungs])
        gap = np.abs(np.array([r.right - r.left for r in self.rungs]))
        estimate = (16 * central[1:] - central[:-1]) / 15
        change = np.abs(np.diff(estimate, axis=0))
        # Three successive estimates that agree: two might agree by chance.
        spread = np.maximum(change[:-1], change[1:])
        # Rounding makes the estimates change in proportion to 1/h: what is seen at smaller steps holds here as well.
        seen = np.maximum.accumulate((change * steps[2:])[::-1])[::-1][1:] / steps[2:-1]
        # On a smooth function right and left differ by h·curvature: four times less at a step four times smaller.
        # A gap that stays shows a kink within the step, and there the mean of both sides means nothing.
        stays = np.where(gap[2:-1] > 0.6 * gap[1:-2], gap[2:-1], 0.0)
        error = 4 * spread + seen + stays + 1.2 * np.array(self.rounding)[2:-1]
        middle = estimate[1:-1]
        # A plateau stands out from zero; where none does, the smallest uncertainty is the best that can be had.
        share = np.divide(error, np.abs(middle), out=np.full_like(error, np.inf), where=middle != 0)
        best = np.where(share.min(axis=0) < OUTSTANDING, share.argmin(axis=0), error.argmin(axis=0))
        return [Slope(float(middle[b, k]), float(error[b, k]), self.rungs[int(b) + 2].step) for k, b in enumerate(best)]

    def kink(self, k: int) -> Kink | None:
        """The one-sided slopes for cotangent ``k``, if they stay apart down to the smallest step that can tell."""
        if len(self.rungs) < 3:
            return None
        right = np.array([r.right[k] for r in self.rungs])
        left = np.array([r.left[k] for r in self.rungs])
        rounding = 2 * np.array(self.rounding)[1:, k]
        # (4·D(h/4) − D(h)) / 3 cancels the term in h that one-sided differences have.
        right, left = (4 * right[1:] - right[:-1]) / 3, (4 * left[1:] - left[:-1]) / 3
        jump = right - left
        for j in range(len(jump) - 1, 0, -1):
            if rounding[j] >= 1e-3 * abs(jump[j]):
                continue  # too small a step to tell: look at the next larger one
            below = rounding[j + 1 :] < 0.1 * abs(jump[j])
            if np.any(np.abs(jump[j + 1 :] - jump[j])[below] > 0.3 * abs(jump[j])):
                return None  # closer to x the gap is gone: the kink lies beside x, not at x
            spread = max(abs(right[j] - right[j - 1]), abs(left[j] - left[j - 1]))
            if spread > 1e-2 * abs(jump[j]):
                return None
            return Kink(float(left[j]), float(right[j]), float(spread + rounding[j]), self.rungs[j + 1].step)
        return None

    def jumps(self) -> bool:
        """Whether y itself jumps at x: the rise stays the same however small the step."""
        if len(self.rungs) < 6:
            return False
        floor = 1e3 * np.array([noise(self.cotangents[0], r.sizes * r.moved, 1.0) for r in self.rungs[-4:]])
        for side in ("right", "left"):
            rise = np.array([getattr(r, side)[0] * r.step for r in self.rungs[-4:]])
            if np.all(np.abs(rise) > floor) and np.ptp(rise) < 1e-2 * np.abs(rise).max():
                return True
        return False
