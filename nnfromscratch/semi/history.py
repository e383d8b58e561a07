"""What happened while a network learned from few labels, in numbers."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from nnfromscratch.errors import CheckpointError


@dataclass
class FewLabelsHistory:
    """The figures of a training, one entry for each look at the validation images.

    step: after how many steps it was. seconds: spent in steps until then, also before a resumed run was interrupted.
    samples: images that have gone through a network until then; one that goes through two, classifier and teacher,
    counts twice, a way back does not count. accuracy: of the averaged network on the validation images.
    losses: for each part of the loss its mean over the steps since the last look, unweighted. "generator" and
    "pull-away" are the generator's; "sure" is no loss but the share of unlabelled images of whose class the teacher
    was sure enough.

    steps_done, seconds_done, samples_done: the same counted up to now. sums, counts: of the losses since the last look.
    """

    step: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    samples: list[int] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    losses: dict[str, list[float | None]] = field(default_factory=dict)
    steps_done: int = 0
    seconds_done: float = 0.0
    samples_done: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def note(self, losses: Mapping[str, float], samples: int) -> None:
        """Write down a step."""
        for name, loss in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + loss
            self.counts[name] = self.counts.get(name, 0) + 1
        self.steps_done += 1
        self.samples_done += samples

    def look(self, accuracy: float) -> None:
        """Write down a look, and begin new means; a loss that was not computed since the last has None.

        >>> history = FewLabelsHistory()
        >>> for loss in (1.0, 3.0):
        ...     history.note({"labelled": loss}, samples=25)
        >>> history.look(0.5)
        >>> history.step, history.samples, history.losses
        ([2], [50], {'labelled': [2.0]})
        """
        before = len(self.step)
        self.step.append(self.steps_done)
        self.seconds.append(self.seconds_done)
        self.samples.append(self.samples_done)
        self.accuracy.append(accuracy)
        for name in {**self.losses, **self.sums}:
            count = self.counts.get(name, 0)
            values = self.losses.setdefault(name, [None] * before)  # one that sets in later was not there before
            values.append(self.sums[name] / count if count else None)
        self.sums, self.counts = {}, {}

    def to_dict(self) -> dict[str, Any]:
        """A copy as plain lists and numbers, as JSON holds them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, figures: Mapping[str, Any]) -> FewLabelsHistory:
        """The history whose ``to_dict`` this is. Raises CheckpointError where an entry is missing or unknown."""
        expected, has = {entry.name for entry in fields(cls)}, set(figures)
        if expected != has:
            lacks, extra = (", ".join(sorted(names)) or "nothing" for names in (expected - has, has - expected))
            raise CheckpointError(f"FewLabelsHistory: expects the entries of to_dict, lacks {lacks}, has also {extra}")
        return cls(**copy.deepcopy(dict(figures)))
