"""What a user sees while a network learns from few labels."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from nnfromscratch.semi.history import FewLabelsHistory
from nnfromscratch.training.progress import is_terminal

if TYPE_CHECKING:
    from tqdm import tqdm


@dataclass(frozen=True)
class Course:
    """How far a training has come: its title, steps that are done, of how many, the last validation accuracy."""

    title: str
    done: int
    steps: int
    accuracy: float | None


ProgressLike: TypeAlias = "bool | Callable[[Course], object] | None"


class FewLabelsProgress:
    """A bar over all steps, with the last validation accuracy, on standard error.

    wanted: None shows the bar in a terminal and nothing in a pipe or in CI, True a line for each look there; False
    shows nothing anywhere; a function shows nothing either, but is called after each step. title: what is being
    trained.
    """

    def __init__(self, wanted: ProgressLike, steps: int, title: str) -> None:
        self.told = wanted if callable(wanted) else None
        self.bar = self.told is None and wanted is not False and is_terminal()
        self.lines = wanted is True and not self.bar
        self.steps, self.title = steps, title
        self._bar: tqdm[Any] | None = None

    @contextmanager
    def training(self, done: int) -> Iterator[None]:
        """The bar of a training, of which ``done`` steps are already taken."""
        if not self.bar:
            yield
            return
        from tqdm import tqdm  # only where a bar is drawn

        settings: dict[str, Any] = {"unit": " steps", "file": sys.stderr, "leave": False}
        with tqdm(total=self.steps, initial=done, desc=self.title, **settings) as self._bar:
            yield
        self._bar = None

    def step(self, history: FewLabelsHistory) -> None:
        """One more step is done."""
        if self.told is not None:
            accuracy = history.accuracy[-1] if history.accuracy else None
            self.told(Course(self.title, history.steps_done, self.steps, accuracy))
        elif self._bar is not None:
            self._bar.update()

    def look(self, history: FewLabelsHistory) -> None:
        """The validation images were looked at."""
        text = f"validation accuracy {history.accuracy[-1]:.2%}"
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
        elif self.lines:
            print(f"{self.title}: step {history.step[-1]:,}/{self.steps:,}: {text}", file=sys.stderr, flush=True)
