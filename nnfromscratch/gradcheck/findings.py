"""What is known of an argument while it is checked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nnfromscratch.gradcheck.report import ArgumentReport, Worst
from nnfromscratch.gradcheck.verdict import Outcome


@dataclass(frozen=True)
class Placed:
    """An outcome and where it was."""

    outcome: Outcome
    place: Worst


def severity(placed: Placed | None) -> tuple[bool, float]:
    """How bad: wrong ones by their distance, then the others by their relative error."""
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
    excusable: bool = True
    excused: bool = False
    bad: list[tuple[int, ...]] = field(default_factory=list)
    wrong_directions: int = 0
    isolated: bool = True
    tie: Outcome | None = None
    jump: bool = False
    worst: Placed | None = None
    absolute: float = 0.0

    @property
    def passed(self) -> bool:
        """Nothing is wrong, and not everything is uncertain (unless it is ``excused``)."""
        wrong = self.bad or self.wrong_directions or self.tie or self.jump
        return not wrong and (not self.all_unsure or self.excused)

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
            self.excusable = self.excusable and (outcome.excusable or outcome.status != "unsure")
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
        if first or (not (index is None and self.bad) and severity(placed) > severity(self.worst)):
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
