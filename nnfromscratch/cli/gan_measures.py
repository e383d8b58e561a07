"""What the samples of a run are measured by: a judge, where one knows the data, and the nearest training images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from nnfromscratch import gan
from nnfromscratch.data import Dataset, Splits
from nnfromscratch.errors import CheckpointError, DataError, RangeError, RunError
from nnfromscratch.gan.judge import OWN_JUDGE
from nnfromscratch.gan.measuring import distance_figures
from nnfromscratch.types import Array

METRICS = (
    "classifier_score", "frechet_distance", "classes_covered", "confident_share", "nearest_distance", "copied_share",
)  # fmt: skip
SAMPLES = 10_000  # at the end of a run
NEAREST = 1000  # of them, whose nearest training images are looked for
LEAST = 20  # images, to measure anything


class Measure(Protocol):
    """Measures images: ``gan.Yardstick`` is one."""

    def measure(self, images: Array, *, rng: np.random.Generator) -> dict[str, Any]:
        """By the name of the metric {"value": ..., "real": ..., ...}, and how many images that rests on."""


@dataclass(frozen=True, eq=False)
class NearestOnly:
    """What is left where no judge knows the data: the distances to the nearest training images."""

    training: Array
    nearest_count: int
    copied_below: float
    real: dict[str, dict[str, float]]

    def measure(self, images: Array, *, rng: np.random.Generator) -> dict[str, Any]:
        """As ``gan.Yardstick.measure``, with these two metrics alone."""
        chosen = np.sort(rng.permutation(len(images))[: self.nearest_count])
        distances, _ = gan.nearest_training_images(images[chosen], self.training)
        figures = distance_figures(distances, self.copied_below)
        beside: dict[str, Any] = {
            name: {
                "value": figure["value"],
                "real": self.real[name]["value"],
                "spread": figure["spread"],
                "real_spread": self.real[name]["spread"],
            }
            for name, figure in figures.items()
        }
        return beside | {"samples": len(images), "nearest_samples": len(distances)}


def find_judge(settings: Mapping[str, Any], splits: Splits) -> gan.Judge | None:
    """The judge in --judge, or the package's; None where that one does not know the data.

    Raises, in the words of the command line, where --judge is no trained classifier or knows other data, and
    CheckpointError where the file of a judge is damaged.
    """
    if len(splits.train) < LEAST or len(splits.test) < LEAST:
        raise DataError(
            f"generate: --data expects at least {LEAST} images to learn from and {LEAST} to be measured against, "
            f"{settings['data']} has {len(splits.train)} and {len(splits.test)}"
        )
    few = Splits(_few(splits.train), _few(splits.test))
    if settings["judge"] is None:
        judge = gan.load_judge()
        try:
            gan.real_yardstick(few.train, few.test, LEAST, nearest_count=2, rng=np.random.default_rng(0))
        except DataError:
            return None
        return judge
    try:
        judge = gan.load_judge(settings["judge"])
        gan.real_yardstick(few.train, few.test, LEAST, judge=judge, nearest_count=2, rng=np.random.default_rng(0))
    except CheckpointError:
        raise
    except (RunError, RangeError, DataError) as error:
        why = str(error).replace(f": {OWN_JUDGE}", "").replace("load_judge: ", "")
        raise type(error)(
            f"generate: --judge expects a run of classify on images and classes like those of {settings['data']}: {why}"
        ) from error
    return judge


def _few(part: Dataset) -> Dataset:
    """Some of the images, to see whether a judge knows their kind."""
    return part.take(slice(200))


def make_measure(
    splits: Splits, judge: gan.Judge | None, count: int, nearest_count: int, rng: np.random.Generator
) -> Measure:
    """What measures ``count`` samples, after it has measured real images."""
    if judge is not None:
        return gan.real_yardstick(splits.train, splits.test, count, judge=judge, nearest_count=nearest_count, rng=rng)
    some = splits.test.images[rng.permutation(len(splits.test))[:nearest_count]]
    distances, _ = gan.nearest_training_images(some, splits.train.images)
    limit = float(np.quantile(distances, 0.01))
    return NearestOnly(splits.train.images, nearest_count, limit, distance_figures(distances, limit))


def only_metrics(measured: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The metrics out of what ``measure`` gave, without the numbers of images."""
    return {name: measured[name] for name in METRICS if name in measured}


def in_words(measured: Mapping[str, Any], classes: int) -> str:
    """The metrics that matter most, in a line."""
    figures = only_metrics(measured)
    if "classifier_score" not in figures:
        nearest = figures["nearest_distance"]
        return f"distance to the nearest training image {nearest['value']:.2f} (real images {nearest['real']:.2f})"
    score, frechet = figures["classifier_score"], figures["frechet_distance"]
    return (
        f"classifier score {score['value']:.2f} (real images {score['real']:.2f}), Fréchet distance "
        f"{frechet['value']:.1f} ({frechet['real']:.2f}), {figures['classes_covered']['value']} of {classes} classes"
    )
