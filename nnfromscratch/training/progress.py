"""What a user sees while a network learns."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nnfromscratch.training.history import EpochSums, History

if TYPE_CHECKING:
    from tqdm import tqdm


def is_terminal() -> bool:
    """Whether somebody is watching: standard error is a terminal, and the variable CI is not set."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("CI", "").lower() in ("", "0", "false")


class Progress:
    """A bar for every epoch, with loss, accuracy and images per second, on standard error.

    wanted: None shows bars in a terminal and nothing in a pipe or in CI, True one plain line for each epoch there;
    False shows nothing anywhere.
    """

    def __init__(self, wanted: bool | None, epochs: int, images: int) -> None:
        self.bars = wanted is not False and is_terminal()
        self.lines = wanted is True and not self.bars
        self.epochs, self.images = epochs, images
        self._bar: tqdm[Any] | None = None

    @contextmanager
    def epoch(self, number: int, sums: EpochSums) -> Iterator[None]:
        """The bar of epoch ``number``, counted from 1, of which ``sums`` is already done."""
        if not self.bars:
            yield
            return
        from tqdm import tqdm  # only where a bar is drawn

        title = f"epoch {number}/{self.epochs}"
        with tqdm(total=self.images, initial=sums.images, desc=title, unit=" images", file=sys.stderr) as self._bar:
            yield
        self._bar = None

    def step(self, sums: EpochSums, images: int) -> None:
        """One more step is done, of so many images."""
        if self._bar is not None:
            self._bar.set_postfix_str(_figures(sums.loss / sums.images, sums.correct / sums.images), refresh=False)
            self._bar.update(images)

    def epoch_done(self, history: History) -> None:
        """The epoch's figures, validation included: the last words of the bar, or a line."""
        text = _figures(history.loss[-1], history.accuracy[-1])
        if history.validation_loss:
            text += f", validation {_figures(history.validation_loss[-1], history.validation_accuracy[-1])}"
        if self._bar is not None:
            self._bar.set_postfix_str(text)
        if self.lines:
            rate = f"{history.images_per_second[-1]:,.0f} images/s"
            print(f"epoch {history.epochs}/{self.epochs}: {text}, {rate}", file=sys.stderr, flush=True)


def _figures(loss: float, accuracy: float) -> str:
    return f"loss {loss:.4f}, accuracy {accuracy:.2%}"
