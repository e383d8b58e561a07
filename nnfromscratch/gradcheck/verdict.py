"""One slope that backward claims, against the slope that is measured: right, wrong, at a kink, or not to be told.

Agreement to six digits at one step needs no further evidence: a wrong number does not match by chance. Disagreement
does: is the gradient wrong, or the difference? So only then the whole ladder of steps is measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nnfromscratch.gradcheck.differences import EPS, Along, Kink, Ladder, Rung, Slope, noise
from nnfromscratch.types import Array

TELLING = 1e-4  # an uncertainty above this share of the slope cannot tell an error of one part in ten thousand
MARGIN = 4.0  # an uncertainty is itself an estimate: only so many times further off is a gradient condemned
ROUGH = 1e-2  # an uncertainty of at most this share still tells two digits
ZERO = 8 * EPS  # a slope below this share of y/x is zero but for rounding
NEGLIGIBLE = 1e-10  # below this share of y/x a slope can hardly be told from zero, and hardly matters


@dataclass(frozen=True)
class Outcome:
    """``relative`` is what is left of the difference after the uncertainty, over the larger of the two slopes.

    "bent" is a kink at which the claimed slope lies outside the one-sided slopes, and yet may be right, because
    several kinks meet in one output: the check goes on at a point close by. ``excusable`` where an uncertain slope
    agrees to two digits, or is too small beside y to be told from zero.
    """

    status: Literal["agree", "kink", "bent", "differ", "jump", "unsure"]
    analytic: float
    numeric: float
    relative: float
    excusable: bool = False

    @property
    def absolute(self) -> float:
        """|analytic − numeric|."""
        return abs(self.analytic - self.numeric)


@dataclass(frozen=True)
class Judge:
    """Compares slopes at one point: ``y`` (M,) there, ``cotangents`` (K, M), relative tolerance.

    ``thorough``: condemn on the evidence of all steps only; needless once an argument is known to be wrong.
    """

    y: Array
    cotangents: Array
    rtol: float
    thorough: bool = True

    def element(
        self, along: Along, analytic: Array, largest: Array, smallest: int, most: float, elementwise: bool
    ) -> Outcome:
        """The verdict on one element, moved alone by steps from ``most`` down to 2**smallest of its scale.

        ``largest`` is the largest slope of any element: a gradient has 16 digits of that, not of its smallest element.
        """
        ladder = Ladder(along, self.y, self.cotangents)
        scale = np.maximum(np.abs(analytic), 16 * EPS / self.rtol * largest)
        quick = self._quick(ladder, analytic, scale)
        if quick is not None:
            return quick
        return self._examine(ladder, analytic, scale, smallest, most, elementwise, direction=False)

    def direction(self, along: Along, analytic: Array, size: Array, smallest: int) -> Outcome:
        """The verdict on a direction; ``size`` ‖gradient ⊙ direction‖ keeps a sum that cancels from seeming exact."""
        ladder = Ladder(along, self.y, self.cotangents)
        scale = np.maximum(np.abs(analytic), 1e-2 * size)
        quick = self._quick(ladder, analytic, scale)
        return quick or self._examine(ladder, analytic, scale, smallest, 1.0, elementwise=False, direction=True)

    def _quick(self, ladder: Ladder, analytic: Array, scale: Array) -> Outcome | None:
        quick: Rung | None = ladder.quick()
        if quick is None:
            return None
        scale = np.maximum(scale, np.abs(quick.central))
        distance = np.abs(analytic - quick.central)
        if not np.all(distance <= self.rtol * scale):
            return None
        relative = np.divide(distance, scale, out=np.zeros_like(scale), where=scale > 0)
        k = int(np.argmax(relative))
        return Outcome("agree", float(analytic[k]), float(quick.central[k]), float(relative[k]))

    def _examine(
        self,
        ladder: Ladder,
        analytic: Array,
        scale: Array,
        smallest: int,
        most: float,
        elementwise: bool,
        direction: bool,
    ) -> Outcome:
        size = np.sqrt(((self.cotangents * self.y) ** 2).sum(axis=1))

        def enough(slopes: list[Slope]) -> bool:
            return all(
                self._enough(slope, float(analytic[k]), float(scale[k]), size[k]) for k, slope in enumerate(slopes)
            )

        slopes = ladder.descend(enough, smallest)
        if slopes is not None and not enough(slopes):
            slopes = ladder.ascend(enough, most)
        outcomes = self._outcomes(ladder, analytic, scale, slopes, most)
        if self.thorough and any(outcome.status == "differ" for outcome in outcomes):
            # Condemned only on the evidence of all steps.
            slopes = ladder.descend(None, smallest)
            outcomes = self._outcomes(ladder, analytic, scale, slopes, most)
        outcomes = [
            outcome if outcome.status == "agree" else self._rough(ladder, outcome, k, elementwise, direction)
            for k, outcome in enumerate(outcomes)
        ]
        for status in ("jump", "differ", "bent", "kink", "agree", "unsure"):
            same = [outcome for outcome in outcomes if outcome.status == status]
            if same:
                return max(same, key=lambda outcome: outcome.relative)
        return Outcome("unsure", float(analytic[0]), float("nan"), 0.0)

    def _enough(self, slope: Slope, analytic: float, scale: float, size: float) -> bool:
        """Six digits of the slope, or six digits of agreement, or a slope that is zero but for rounding."""
        known = slope.error <= self.rtol * abs(slope.value)
        agrees = slope.error + abs(analytic - slope.value) <= self.rtol * scale
        zero = max(scale, abs(slope.value)) <= ZERO * size and slope.error <= NEGLIGIBLE * size
        return known or agrees or zero

    def _outcomes(
        self, ladder: Ladder, analytic: Array, scale: Array, slopes: list[Slope] | None, most: float
    ) -> list[Outcome]:
        return [
            self._smooth(ladder, float(analytic[k]), float(scale[k]), slope, k, most)
            for k, slope in enumerate(slopes or [])
        ]

    def _rough(self, ladder: Ladder, outcome: Outcome, k: int, elementwise: bool, direction: bool) -> Outcome:
        """The verdict if the function has a kink or a jump at x after all; else the outcome itself."""
        kink = ladder.kink(k)
        if kink is not None:
            return self._at_kink(ladder, outcome.analytic, kink, k, elementwise, direction)
        return replace(outcome, status="jump") if ladder.jumps() else outcome

    def _smooth(self, ladder: Ladder, analytic: float, scale: float, slope: Slope, k: int, most: float) -> Outcome:
        """The verdict if the function is smooth along the line."""
        scale = max(scale, abs(slope.value))
        distance, error = abs(analytic - slope.value), slope.error
        size = self._size(ladder.moved, k)
        if distance > self.rtol * scale + error:
            # A saturated output does not move in 16 digits, yet has a slope of 1e-17: no step can tell that from zero.
            floor = float(4 * noise(self.cotangents[k : k + 1], self.y, slope.step)[0])
            if distance <= floor or abs(slope.value) <= slope.error:
                moved, secant, sizes = self._far(ladder, most, k)
                size = self._size(moved, k)
                error += float(4 * noise(self.cotangents[k : k + 1], self.y * moved, slope.step)[0])
                # What does not move however far x goes: what x adds may be lost in the last digit of a large y.
                error += float(4 * noise(self.cotangents[k : k + 1], self.y * ~moved, 2 * most)[0])
                if not moved.any():
                    size = self._size(np.ones(self.y.size), k)
                if abs(slope.value) <= slope.error:
                    # What is computed from numbers of the size that y has further on may come in steps of their digits.
                    error += 16 * EPS * secant
                    error += float(noise(self.cotangents[k : k + 1], sizes, slope.step)[0])
        relative = max(distance - error, 0.0) / scale if scale > 0 else 0.0
        if distance > self.rtol * scale + MARGIN * error:
            status: Literal["differ", "unsure", "agree"] = "differ"
        elif distance > self.rtol * scale + error:
            status = "unsure"
        else:
            status = "agree" if error <= TELLING * scale or scale <= ZERO * size else "unsure"
        excusable = scale <= NEGLIGIBLE * size or error <= ROUGH * scale
        return Outcome(status, analytic, slope.value, relative, excusable)

    def _size(self, outputs: Array, k: int) -> float:
        return float(np.sqrt(((self.cotangents[k] * self.y * outputs) ** 2).sum()))

    def _far(self, ladder: Ladder, most: float, k: int) -> tuple[Array, float, Array]:
        """Over steps that leave any saturation: which outputs move at all, how steeply, and how large they become."""
        moved, secant, sizes = ladder.moved, 0.0, np.zeros(self.y.size)
        for step in (2.0, -2.0, 2 * most, -2 * most):
            y = ladder.along(step)
            if y is not None:
                moved = moved | (y != self.y)
                if abs(step) == 2:
                    sizes = np.maximum(sizes, np.abs(y) * (y != self.y))
                secant = max(secant, float(np.abs(self.cotangents[k] * (y - self.y)).sum()) / abs(step))
        return moved, secant, sizes

    def _at_kink(
        self, ladder: Ladder, analytic: float, kink: Kink, k: int, elementwise: bool, direction: bool
    ) -> Outcome:
        """The claimed slope must lie between the one-sided ones: Σ_j dy_j · [slope of y_j left, slope of y_j right]."""
        plus, minus = ladder.along(kink.step), ladder.along(-kink.step)
        if direction or plus is None or minus is None:
            return Outcome("bent", analytic, (kink.left + kink.right) / 2, 0.0)
        right, left = self.cotangents[k] * (plus - self.y), self.cotangents[k] * (self.y - minus)
        low = float(np.minimum(left, right).sum()) / kink.step
        high = float(np.maximum(left, right).sum()) / kink.step
        slack = self.rtol * max(abs(low), abs(high)) + MARGIN * kink.error
        nearest = min(max(analytic, low), high)
        outside = max(abs(analytic - nearest) - slack, 0.0)
        if outside == 0:
            return Outcome("kink", analytic, nearest, 0.0)
        # The bounds are exact where each output has a single kink: for one output to each element, and where one side
        # is flat. In a network several kinks may meet in one output, and its own choice of sides may lie anywhere.
        bent = np.abs(right - left) > 1e-3 * np.maximum(np.abs(right), np.abs(left))
        flat = np.minimum(np.abs(right), np.abs(left)) <= 1e-9 * np.maximum(np.abs(right), np.abs(left))
        exact = elementwise or bool(np.all(flat[bent]))
        near = not exact and abs(analytic) <= 3 * max(abs(low), abs(high))
        return Outcome("bent" if near else "differ", analytic, nearest, outside / max(abs(analytic), abs(nearest)))
