"""What a user sees while two networks play."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nnfromscratch.gan.history import GanHistory
from nnfromscratch.training.progress import is_terminal

if TYPE_CHECKING:
    from tqdm import tqdm

LINES = 20  # in a whole game, where there is no bar


class GanProgress:
    """A bar over all steps, with both losses and both mean scores, on standard error.

    wanted: None shows the bar in a terminal and nothing in a pipe or in CI, True a few plain lines there; False shows
    nothing anywhere.
    """

    def __init__(self, wanted: bool | None, steps: int) -> None:
        self.bar = wanted is not False and is_terminal()
        self.lines = wanted is True and not self.bar
        self.steps = steps
        self._bar: tqdm[Any] | None = None

    @contextmanager
    def game(self, done: int) -> Iterator[None]:
        """The bar of the game, of which ``done`` steps are already taken."""
        if not self.bar:
            yield
            return
        from tqdm import tqdm  # only where a bar is drawn

        with tqdm(total=self.steps, initial=done, desc="training", unit=" steps", file=sys.stderr) as self._bar:
            yield
        self._bar = None

    def step(self, history: GanHistory) -> None:
        """One more step is done."""
        if self._bar is not None:
            self._bar.set_postfix_str(_figures(history), refresh=False)
            self._bar.update()
        elif self.lines and (history.steps % max(1, self.steps // LINES) == 0 or history.steps == self.steps):
            print(f"step {history.steps:,}/{self.steps:,}: {_figures(history)}", file=sys.stderr, flush=True)


def _figures(history: GanHistory) -> str:
    return (
        f"losses D {history.discriminator_loss[-1]:.3f} G {history.generator_loss[-1]:.3f}, "
        f"scores real {history.real_score[-1]:+.2f} generated {history.generated_score[-1]:+.2f}"
    )
