"""Generated images measured, each figure beside the one that real images get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfromscratch.data import Dataset
from nnfromscratch.errors import DataError, DtypeError, RangeError, ShapeError, require_generator, require_int
from nnfromscratch.gan.images import require_images
from nnfromscratch.gan.judge import OWN_JUDGE, Judge, judge_features, load_judge
from nnfromscratch.gan.metrics import classes_covered, classifier_score, confident_share, frechet_distance, jackknife
from nnfromscratch.gan.nearest import nearest_training_images
from nnfromscratch.types import Array

_LEAST = 20  # images: the spread leaves out a tenth at a time


@dataclass(frozen=True, eq=False)
class Yardstick:
    """What real images get, and all that is needed to measure generated ones in the same way; see ``real_yardstick``.

    judge: who looks at the images
    training: (T, C, H, W), all training images
    reference: (M, F), the features of all test images
    count: how many generated images it is for
    real_count: how many real training images were measured
    nearest_count: for how many images the nearest training image is looked for
    copied_below: the distance to it under which 1 % of the test images are
    judge_accuracy: on the test images
    figures: by the name of the metric, {"value": ..., "spread": ...}
    """

    judge: Judge
    training: Array
    reference: Array
    count: int
    real_count: int
    nearest_count: int
    copied_below: float
    judge_accuracy: float
    figures: dict[str, dict[str, float]]

    def measure(self, images: Array, *, rng: np.random.Generator) -> dict[str, Any]:
        """The figures of ``count`` generated images as ``measure_samples`` gives them.

        Raises RangeError for another number of images, and whatever ``judge_features`` raises.
        """
        require_generator("Yardstick.measure", rng)
        require_images("Yardstick.measure", "images", images)
        if len(images) != self.count:
            raise RangeError(f"Yardstick.measure: images expects {self.count} like the real ones, has {len(images)}")
        order = rng.permutation(len(images))  # samples may come sorted by class
        features, probabilities = judge_features(self.judge, images)
        figures = judge_figures(features[order], probabilities[order], self.reference)
        distances, _ = nearest_training_images(images[np.sort(order[: self.nearest_count])], self.training)
        figures |= distance_figures(distances, self.copied_below)
        return {
            **{name: _beside(name, figure, self.figures[name]) for name, figure in figures.items()},
            "samples": len(images),
            "real_samples": self.real_count,
            "test_images": len(self.reference),
            "nearest_samples": len(distances),
            "judge_accuracy": self.judge_accuracy,
        }


def measure_samples(
    images: Array, train: Dataset, test: Dataset, *, judge: Judge | None = None, rng: np.random.Generator
) -> dict[str, Any]:
    """How good generated images are: every metric, beside what real images get.

    Back comes ``{"classifier_score": {"value": 7.4, "real": 9.86, "spread": 0.04, "real_spread": 0.01}, ...}``, with
    classifier_score, classes_covered and confident_share (see the functions of these names), frechet_distance (to the
    features of all test images), nearest_distance (the mean distance to the nearest training image) and copied_share
    (of how many images that distance is shorter than that of all but 1 % of the test images).

    Under "value" is what the generated images get, under "real" what as many real training images get, which ``rng``
    draws; for the last two metrics test images instead, since a training image is its own nearest. The spreads are
    standard errors, by ``jackknife`` or of a mean; a count has none. The two distances have a "ratio", value by real:
    one of the nearest distances that is far below 1 is copying. Beside the metrics stand the numbers "samples",
    "real_samples", "test_images", "nearest_samples" (looked at for the last two) and "judge_accuracy" (on the test
    images). To measure more than once, keep the yardstick: ``real_yardstick(...).measure(images, rng=rng)``.

    images: (N, C, H, W), N at least 20, uint8 from 0 to 255 or floats from 0 to 1
    train, test: the real images, as data.load gives them
    judge: ``load_judge()`` where it is None
    Raises DataError where the judge does not know the classes of the data, and DtypeError, ShapeError, RangeError or
    NonFiniteError for images that it cannot look at.
    """
    require_images("measure_samples", "images", images)
    if len(images) < _LEAST:
        raise RangeError(f"measure_samples: images expects at least {_LEAST}, has {len(images)}")
    yardstick = real_yardstick(train, test, len(images), judge=judge, rng=rng)
    return yardstick.measure(images, rng=rng)


def real_yardstick(
    train: Dataset,
    test: Dataset,
    count: int,
    *,
    judge: Judge | None = None,
    nearest_count: int = 1000,
    rng: np.random.Generator,
) -> Yardstick:
    """Real images measured as generated ones will be: what a perfect generator gets, but for chance.

    train: the images that are measured: ``count`` of them, drawn by ``rng``, or all where there are fewer
    test: the images that they are measured against, all of them
    count: how many generated images will be measured, at least 20
    judge: ``load_judge()`` where it is None
    nearest_count: for so many of the generated images, and of the test images, the nearest of *all* training images is
    looked for; to draw from the training images would miss copies
    Raises DataError where the judge does not know the classes of the data, RangeError for a count that is too small,
    DtypeError or ShapeError where data, judge and rng are none or do not fit together.
    """
    require_generator("real_yardstick", rng)
    for name, part in (("train", train), ("test", test)):
        if not isinstance(part, Dataset):
            raise DtypeError(f"real_yardstick: {name} expects a data.Dataset, is {type(part).__name__}")
    if train.image_shape != test.image_shape:
        raise ShapeError(f"real_yardstick: test expects images of shape {train.image_shape}, has {test.image_shape}")
    require_int("real_yardstick", "count", count, least=_LEAST)
    require_int("real_yardstick", "nearest_count", nearest_count, least=2)
    if len(train) < _LEAST or len(test) < _LEAST:
        raise DataError(f"real_yardstick: expects at least {_LEAST} training and test images, has fewer")
    known = load_judge() if judge is None else judge
    _require_known(known, train)
    reference, answers = judge_features(known, test.images)
    accuracy = float((answers.argmax(axis=1) == test.labels).mean())
    if judge is None and accuracy < 0.5:  # digits by name, and something else by what is in the images
        raise DataError(
            f"real_yardstick: test expects images that the judge can read, it is right about {accuracy:.0%} of these: "
            f"{OWN_JUDGE}"
        )
    drawn = train.take(rng.permutation(len(train))[:count])
    figures = judge_figures(*judge_features(known, drawn.images), reference)
    some = test.images[rng.permutation(len(test))[:nearest_count]]
    distances, _ = nearest_training_images(some, train.images)
    limit = float(np.quantile(distances, 0.01))
    figures |= distance_figures(distances, limit)
    return Yardstick(known, train.images, reference, count, len(drawn), nearest_count, limit, accuracy, figures)


def _require_known(judge: Judge, train: Dataset) -> None:
    expected = judge.network.input_shape
    if expected is not None and train.image_shape != expected:
        raise DataError(
            f"real_yardstick: train expects images of shape {expected}, which the judge knows, "
            f"has {train.image_shape}: {OWN_JUDGE}"
        )
    if judge.classes != train.classes:
        raise DataError(
            f"real_yardstick: train expects the classes {_listed(judge.classes)}, which the judge knows, has "
            f"{_listed(train.classes)}: {OWN_JUDGE}"
        )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (f", … ({len(names)} in all)" if len(names) > 4 else "")


def judge_figures(features: Array, probabilities: Array, reference: Array) -> dict[str, dict[str, float]]:
    """Value and spread of all metrics that rest on the judge."""
    statistics: dict[str, Callable[[Any], float]] = {
        "classifier_score": lambda rows: classifier_score(probabilities[rows]),
        "frechet_distance": lambda rows: frechet_distance(features[rows], reference),
        "confident_share": lambda rows: confident_share(probabilities[rows]),
    }
    everything, count = slice(None), len(features)
    figures = {
        name: {"value": statistic(everything), "spread": jackknife(statistic, count)}
        for name, statistic in statistics.items()
    }
    return figures | {"classes_covered": {"value": classes_covered(probabilities)}}


def distance_figures(distances: Array, limit: float) -> dict[str, dict[str, float]]:
    """Value and spread of the metrics that rest on the distances to the nearest training images."""
    figures = {"nearest_distance": distances, "copied_share": (distances < limit).astype(np.float64)}
    error = np.sqrt(len(distances))
    return {
        name: {"value": float(each.mean()), "spread": float(each.std(ddof=1) / error)} for name, each in figures.items()
    }


def _beside(name: str, generated: dict[str, float], real: dict[str, float]) -> dict[str, float | None]:
    """One metric's figures, the generated images' and the real ones'."""
    figures: dict[str, float | None] = {"value": generated["value"], "real": real["value"]}
    if name in ("frechet_distance", "nearest_distance"):
        figures["ratio"] = generated["value"] / real["value"] if real["value"] > 0 else None
    if "spread" in generated:
        figures |= {"spread": generated["spread"], "real_spread": real["spread"]}
    return figures
