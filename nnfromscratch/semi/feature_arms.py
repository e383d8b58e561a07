"""The arms without a network: hand-made features, and a classifier whose one setting the validation images choose."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from nnfromscratch.layers import Layer
from nnfromscratch.semi.arm import Outcome, Steps, Task, TimeStep
from nnfromscratch.semi.hog import hog
from nnfromscratch.semi.linear import fit_linear
from nnfromscratch.semi.nearest_neighbours import classify_by_neighbours
from nnfromscratch.types import Array

FromFeatures: TypeAlias = Callable[[Array], Array]  # features (N, D) → classes (N,)


@dataclass(frozen=True)
class LinearArm:
    """Oriented gradients and multinomial logistic regression. penalties: to choose from."""

    penalties: tuple[float, ...] = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)

    def plan(self, _task: Task, _seconds: float, _time_step: TimeStep, /) -> Steps:
        """Nothing: it takes the time that it takes, a few seconds."""
        return {}

    def run(self, task: Task, _steps: Mapping[str, int], /) -> Outcome:
        """Fit one classifier for each penalty and keep the best."""

        def fit(features: Array, labels: Array, penalty: float) -> FromFeatures:
            return _Linear(fit_linear(features, labels, classes=len(task.data.labelled.classes), penalty=penalty))

        return _best("penalty", self.penalties, fit, task)


@dataclass(frozen=True)
class NeighboursArm:
    """Oriented gradients and the k nearest labelled images. neighbours: the k to choose from."""

    neighbours: tuple[int, ...] = (1, 3, 5, 9)

    def plan(self, _task: Task, _seconds: float, _time_step: TimeStep, /) -> Steps:
        """Nothing: it takes the time that it takes, a few seconds."""
        return {}

    def run(self, task: Task, _steps: Mapping[str, int], /) -> Outcome:
        """Try each k that there are labelled images for, and keep the best."""
        labelled = task.data.labelled

        def fit(_features: Array, labels: Array, k: float) -> FromFeatures:
            return _Neighbours(labelled.images, labels, int(k))

        possible = tuple(k for k in self.neighbours if k <= len(labelled))
        return _best("k", possible, fit, task)


def _best(
    name: str, settings: tuple[float, ...], fit: Callable[[Array, Array, float], FromFeatures], task: Task
) -> Outcome:
    """The classifier with the setting that is right most often on the validation images; the first of equally good."""
    clock = time.perf_counter()
    labelled, validation = task.data.labelled, task.data.validation
    features, unseen = hog(labelled.images), hog(validation.images)
    fitted = {setting: fit(features, labelled.labels, setting) for setting in settings}
    accuracy = {setting: float((found(unseen) == validation.labels).mean()) for setting, found in fitted.items()}
    chosen = max(accuracy, key=accuracy.__getitem__)
    best, seconds = fitted[chosen], time.perf_counter() - clock
    return Outcome(_FromImages(best), seconds, len(labelled), accuracy[chosen], chosen={name: chosen})


# Classifiers as objects: they can be pickled, as nested functions cannot.


@dataclass(frozen=True)
class _Linear:
    layer: Layer

    def __call__(self, features: Array) -> Array:
        return self.layer.predict(features).argmax(axis=1)


@dataclass(frozen=True)
class _Neighbours:
    images: Array  # and not their features, which are many times as large
    labels: Array
    k: int

    def __call__(self, features: Array) -> Array:
        return classify_by_neighbours(features, hog(self.images), self.labels, k=self.k)


@dataclass(frozen=True)
class _FromImages:
    classify: FromFeatures

    def __call__(self, images: Array) -> Array:
        return self.classify(hog(images))
