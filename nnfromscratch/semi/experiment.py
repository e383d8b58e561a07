"""Arms against each other on the same label sets; the test images are looked at once, when all are trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from nnfromscratch.data import Dataset
from nnfromscratch.errors import RangeError, RunError, require_int
from nnfromscratch.semi.arm import Arm, Outcome, Steps, Task, TimeStep
from nnfromscratch.semi.labels import FewLabels, split_labels
from nnfromscratch.semi.paired import MOST
from nnfromscratch.semi.progress import ProgressLike
from nnfromscratch.types import Array

_VALIDATION_SEED = (0, 2)  # of the images put aside: always the same, and that of no label set, which end in 0

Labels: TypeAlias = "int | None"  # how many; None: all


@dataclass(frozen=True)
class Cell:
    """One training of the experiment: an arm, a number of labels, the seed of the label set."""

    arm: str
    labels: Labels
    seed: int

    @property
    def title(self) -> str:
        """What messages and folders call it."""
        return f"{self.arm}, {labels_in_words(self.labels)} labels, seed {self.seed}"


@dataclass(eq=False)
class Experiment:
    """Which arms on how many labels and which label sets, and what came out so far.

    arms: by name. train: the images, all with labels, from which validation images and few labels are drawn.
    labels: how many, None being all. seeds: of the label sets; they decide the training too. validation: how many
    images to put aside, the same for every label set. folder: for checkpoints, None: no checkpoints.
    outcomes: of the trainings that are done. failures: why the others failed.
    """

    arms: Mapping[str, Arm]
    train: Dataset
    labels: Sequence[Labels]
    seeds: Sequence[int]
    validation: int
    folder: Path | None = None
    outcomes: dict[Cell, Outcome] = field(default_factory=dict)
    failures: dict[Cell, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for argument in ("arms", "labels", "seeds"):
            if not getattr(self, argument) or len(set(getattr(self, argument))) < len(getattr(self, argument)):
                raise RangeError(
                    f"Experiment: {argument} expects at least one, all different, is {getattr(self, argument)!r}"
                )
        if len(self.seeds) > MOST:
            raise RangeError(f"Experiment: seeds expects at most {MOST}, has {len(self.seeds)}")
        for seed in self.seeds:
            require_int("Experiment", "seeds", seed, least=0)
        for count in self.labels:
            self.few(count, self.seeds[0])  # what cannot be drawn, shows at once

    @property
    def cells(self) -> Iterator[Cell]:
        """All trainings, the arms interleaved: what disturbs the machine for a while disturbs all."""
        for count in self.labels:
            for seed in self.seeds:
                for arm in self.arms:
                    yield Cell(arm, count, seed)

    def few(self, count: Labels, seed: int) -> FewLabels:
        """The label set of this size and seed, and the images that go with it."""
        return split_labels(
            self.train,
            count,
            validation=self.validation,
            validation_rng=np.random.default_rng(_VALIDATION_SEED),
            rng=np.random.default_rng([seed, 0]),
        )

    @property
    def open_cells(self) -> list[Cell]:
        """The trainings that have neither come out nor failed yet."""
        return [cell for cell in self.cells if cell not in self.outcomes and cell not in self.failures]

    def plan(self, seconds: float, time_step: TimeStep, *, on_plan: Callable[[str, Steps], object]) -> dict[str, Steps]:
        """How many steps of each arm fit into so many seconds; by the largest label set, for all of them.

        An arm that cannot even be timed fails here, for every label set. on_plan: called with an arm's name and steps.
        """
        steps: dict[str, Steps] = {}
        for arm in self.arms:
            try:
                steps[arm] = self.plan_arm(arm, seconds, time_step)
                on_plan(arm, steps[arm])
            except Exception as error:  # whatever it is, the other arms go on without this one
                self.fail(arm, in_words(error))
        return steps

    def plan_arm(self, arm: str, seconds: float, time_step: TimeStep) -> Steps:
        """The same for one arm; what goes wrong is raised."""
        seed = self.seeds[0]
        most = None if None in self.labels else max(filter(None, self.labels))
        return self.arms[arm].plan(Task(self.few(most, seed), seed), seconds, time_step)

    def warm_up(self, arm: str) -> None:
        """Let an arm take two steps of each part, the second with a teacher: what it needs is compiled then."""
        self.plan_arm(arm, 3600.0, lambda take: min(take(2), 1.0) or 1.0)  # of which one always fits

    def fail(self, arm: str, why: str) -> None:
        """Note that an arm has failed for every label set."""
        self.failures |= {cell: why for cell in self.cells if cell.arm == arm}

    def run(
        self,
        steps: Mapping[str, Steps],
        *,
        resume: bool = False,
        progress: ProgressLike = False,
        on_done: Callable[[Cell], object],
    ) -> None:
        """Train every cell that has not failed yet, one after the other; one that fails is noted, the others go on.

        resume: trainings go on from their checkpoints; those that are complete come back at once.
        on_done: called after each. Ctrl-C ends it, with a checkpoint. ``SideBySide.run`` trains several at a time.
        """
        for cell in self.open_cells:
            try:
                self.outcomes[cell] = self.train_cell(cell, steps[cell.arm], resume=resume, progress=progress)
            except Exception as error:  # what the others have learned in hours must not be lost
                self.failures[cell] = in_words(error)
            on_done(cell)
        self.require_outcome()

    def train_cell(self, cell: Cell, steps: Steps, *, resume: bool = False, progress: ProgressLike = False) -> Outcome:
        """Train one cell; what goes wrong is raised."""
        data = self.few(cell.labels, cell.seed)
        task = Task(data, cell.seed, self._folder_of(cell), resume, progress, cell.title)
        return self.arms[cell.arm].run(task, steps)

    def sort(self) -> None:
        """Bring what has come out into the order of the cells: the figures shall not depend on which was first."""
        self.outcomes = {cell: self.outcomes[cell] for cell in self.cells if cell in self.outcomes}
        self.failures = {cell: self.failures[cell] for cell in self.cells if cell in self.failures}

    def require_outcome(self) -> None:
        """Raise RunError where every training failed."""
        if not self.outcomes:
            raise RunError(f"every arm failed, the first: {next(iter(self.failures.values()))}")

    def test(self, test: Dataset) -> dict[Cell, Array]:
        """The answers of every classifier to the test images: the one look at them."""
        return {cell: outcome.classify(test.images) for cell, outcome in self.outcomes.items()}

    def _folder_of(self, cell: Cell) -> Path | None:
        if self.folder is None:
            return None
        folder = self.folder / f"{cell.arm}-{labels_in_words(cell.labels)}-labels-seed-{cell.seed}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{folder}: cannot be made: {error.strerror}") from error
        return folder


def labels_in_words(count: Labels) -> str:
    """A number of labels as results.json names it.

    >>> labels_in_words(100), labels_in_words(None)
    ('100', 'all')
    """
    return "all" if count is None else str(count)


def in_words(error: Exception) -> str:
    """Why something failed.

    >>> in_words(ValueError("too few")), in_words(MemoryError())
    ('too few', 'MemoryError')
    """
    return str(error) or type(error).__name__
