"""What was seen of the generator while it learned: always the same noise, now and then measured. Kept in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch.archive import read_archive, write_archive
from nnfromscratch.cli.gan_measures import Measure, in_words, only_metrics
from nnfromscratch.errors import CheckpointError
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.gan.sampling import as_bytes
from nnfromscratch.types import Array

SAMPLES = 1000  # made of the same noise, and measured
SHOWN = 64  # of them, that the pictures show
NEAREST = 200  # of them, whose nearest training images are looked for
# At how many hundredths of the steps samples are kept: often at first, when most happens; and when they are measured.
_KEPT = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, *range(15, 101, 5))
_MEASURED = tuple(range(0, 101, 5))
MEASUREMENTS = len(_MEASURED)


def sample_every(steps: int) -> int:
    """How often ``train_gan`` is to make samples: at every hundredth of the steps, in whole steps.

    >>> sample_every(60_000), sample_every(250), sample_every(7)
    (600, 3, 1)
    """
    return -(-steps // 100)


class Looks:
    """``on_samples`` of ``train_gan``: keeps samples and figures in ``path``, so that a resumed run has all of them.

    A look at a step depends on nothing but the samples and the seed; a resumed run that looks again sees the same.
    low_high: the range of the generator's images   say: is given the step of each measurement, and its figures in words
    """

    def __init__(
        self,
        path: Path,
        *,
        steps: int,
        seed: int,
        yardstick: Measure,
        low_high: tuple[float, float] | None,
        classes: int,
        say: Callable[[int, str], object],
    ) -> None:
        self.path, self.steps, self.seed, self.classes = path, steps, seed, classes
        self.yardstick, self.low_high, self.say = yardstick, low_high, say
        self.frames: dict[int, Array] = {}
        self.figures: dict[int, dict[str, Any]] = {}
        self.history: GanHistory | None = None  # of the game, as it goes on; None before the first look
        if path.exists():
            arrays, description = read_archive(path)
            try:
                self.frames = {int(step): frame for step, frame in arrays.items()}
                self.figures = {int(step): dict(figures) for step, figures in description["figures"].items()}
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise CheckpointError(f"{path}: expects what was seen of a generator, is damaged: {error!r}") from error

    def __call__(self, step: int, samples: Array, history: GanHistory | None = None) -> None:
        """Look at ``samples`` (N, C, H, W), made after so many steps, if it is time."""
        self.history = history
        hundredths, rest = divmod(step, sample_every(self.steps))
        if not rest and hundredths in _KEPT:
            self.look(step, as_bytes(samples, self.low_high), measured=hundredths in _MEASURED)

    def look(self, step: int, images: Array, *, measured: bool = True) -> None:
        """Keep some of the images (N, C, H, W) in bytes, measure all of them, and write that down."""
        self.frames[step] = images[:SHOWN]
        if measured and step not in self.figures:
            rng = np.random.default_rng([self.seed, 4, step])
            self.figures[step] = self.yardstick.measure(images, rng=rng)
            self.say(step, in_words(self.figures[step], self.classes))
        arrays = {str(place): frame for place, frame in self.frames.items()}
        write_archive(self.path, arrays, {"figures": self.figures})

    def over_time(self) -> dict[str, Any]:
        """The figures by metric, {"step": [...], "classifier_score": [...], ..., "real": {...}}, and their basis."""
        steps = sorted(self.figures)
        last = self.figures[steps[-1]]
        names = only_metrics(last)
        counts = {name: value for name, value in last.items() if name not in names}
        return {
            "step": steps,
            **{name: [self.figures[step][name]["value"] for step in steps] for name in names},
            "real": {name: figure["real"] for name, figure in names.items()},
            **counts,
        }
