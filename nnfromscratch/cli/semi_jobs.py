"""One training after the other, or several at the same time, and the bars that a user sees meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from nnfromscratch.cli.compiling import seconds_to_compile
from nnfromscratch.cli.semi_experiment import experiment_alone
from nnfromscratch.semi import Cell, Experiment, SideBySide
from nnfromscratch.semi.arm import Steps, TimeStep
from nnfromscratch.semi.progress import Course
from nnfromscratch.training.progress import is_terminal

if TYPE_CHECKING:
    from tqdm import tqdm


class Trainer(Protocol):
    """Plans and trains an experiment; jobs: so many cells at a time."""

    jobs: int

    def warm_up(self) -> None:
        """Use every kernel once; an arm that fails at it is told when it is planned."""

    def plan(self, seconds: float, time_step: TimeStep, *, on_plan: Callable[[str, Steps], object]) -> dict[str, Steps]:
        """As ``Experiment.plan``."""

    def run(self, steps: dict[str, Steps], *, on_done: Callable[[Cell], object]) -> None:
        """As ``Experiment.run``, on from the checkpoints; a new folder has none to go on from."""


@contextmanager
def trainer_of(experiment: Experiment, settings: dict[str, Any], jobs: int) -> Iterator[Trainer]:
    """The trainer for so many jobs; at the end of the block its processes end."""
    if jobs <= 1:
        yield _OneByOne(experiment)
        return
    make = partial(experiment_alone, settings)
    with SideBySide(experiment, make, jobs=jobs, kernels=settings["kernels"]) as several:
        yield _Several(several)


class _OneByOne:
    """In this process, with all its threads."""

    jobs = 1

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self.plan = experiment.plan

    def warm_up(self) -> None:
        for arm in self._experiment.arms:
            with suppress(Exception):  # not Ctrl-C
                seconds_to_compile(partial(self._experiment.warm_up, arm))

    def run(self, steps: dict[str, Steps], *, on_done: Callable[[Cell], object]) -> None:
        self._experiment.run(steps, resume=True, progress=None, on_done=on_done)


class _Several:
    """In processes of one thread each, with a bar for every training that is under way."""

    def __init__(self, several: SideBySide) -> None:
        self._several = several
        self.jobs, self.warm_up, self.plan = several.jobs, several.warm_up, several.plan

    def run(self, steps: dict[str, Steps], *, on_done: Callable[[Cell], object]) -> None:
        bars = Bars(self.jobs)

        def done(cell: Cell) -> None:
            bars.close(cell)
            on_done(cell)

        try:
            self._several.run(steps, resume=True, on_done=done, on_course=bars.show if is_terminal() else None)
        finally:
            bars.close_all()


class Bars:
    """A bar for each training under way, below each other, on standard error."""

    def __init__(self, most: int) -> None:
        self._free = list(range(most))  # lines
        self._bars: dict[Cell, tqdm[Any]] = {}

    def show(self, cell: Cell, course: Course) -> None:
        """Move the bar of a training; the next part of an arm gets a new one."""
        from tqdm import tqdm  # only where a bar is drawn

        if cell in self._bars and self._bars[cell].desc != course.title:
            self.close(cell)
        if cell not in self._bars:
            # news come twice a second: each is shown
            settings: dict[str, Any] = {"unit": " steps", "file": sys.stderr, "leave": False, "mininterval": 0.0}
            self._bars[cell] = tqdm(
                total=course.steps, initial=course.done, desc=course.title, position=self._free.pop(0), **settings
            )
        bar = self._bars[cell]
        if course.accuracy is not None:
            bar.set_postfix_str(f"validation accuracy {course.accuracy:.2%}", refresh=False)
        bar.update(course.done - bar.n)

    def close(self, cell: Cell) -> None:
        """Take away the bar of a training, where it has one."""
        if cell in self._bars:
            bar = self._bars.pop(cell)
            self._free = sorted([*self._free, -bar.pos])
            bar.close()

    def close_all(self) -> None:
        """Take away all bars."""
        for cell in list(self._bars):
            self.close(cell)
