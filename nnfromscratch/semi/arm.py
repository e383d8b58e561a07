"""What every arm of the experiment is: a way from few labels to a classifier, with the time that it may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np

from nnfromscratch.semi.history import FewLabelsHistory
from nnfromscratch.semi.labels import FewLabels
from nnfromscratch.semi.progress import ProgressLike
from nnfromscratch.types import Array

Classify: TypeAlias = Callable[[Array], Array]  # images (N, C, H, W), as in the data set → classes (N,)
Steps: TypeAlias = dict[str, int]  # how many for each part of an arm, by its name
# From "take so many steps, and give the seconds that they took" to the seconds of one.
TimeStep: TypeAlias = Callable[[Callable[[int], float]], float]


@dataclass(frozen=True, eq=False)
class Task:
    """Few labels, the seed that decides everything else, and where to keep checkpoints (None: nowhere).

    resume: whether a training goes on from its checkpoint, where there is one. title: what the progress calls it.
    """

    data: FewLabels
    seed: int
    folder: Path | None = None
    resume: bool = False
    progress: ProgressLike = False
    title: str = ""

    def rng(self, purpose: int) -> np.random.Generator:
        """The generator for one purpose; always the same one for the same seed."""
        return np.random.default_rng([self.seed, 1, purpose])

    def checkpoint(self, part: str) -> Path | None:
        """The file in which a part of the arm keeps its checkpoints."""
        return None if self.folder is None else self.folder / f"{part}.npz"


@dataclass(frozen=True, eq=False)
class Outcome:
    """The classifier that an arm arrived at, and what it took.

    seconds, samples: of all parts together; see ``FewLabelsHistory``. accuracy: on the validation images.
    history: of its last training with looks, None for an arm that has no steps. generated: some images of its
    generator, where it has one. chosen: settings that were chosen on the validation images, by name.
    """

    classify: Classify
    seconds: float
    samples: int
    accuracy: float
    history: FewLabelsHistory | None = None
    generated: Array | None = None
    chosen: dict[str, float] = field(default_factory=dict)


class Arm(Protocol):
    """A way from few labels to a classifier."""

    def plan(self, task: Task, seconds: float, time_step: TimeStep, /) -> Steps:
        """How many steps of each part fit into so many seconds; nothing for an arm without steps."""

    def run(self, task: Task, steps: Mapping[str, int], /) -> Outcome:
        """Train, with the steps that ``plan`` gave."""
