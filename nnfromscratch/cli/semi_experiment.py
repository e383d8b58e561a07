"""The experiment of ``semi``, from its settings alone: every process that trains makes its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.cli import recipe
from nnfromscratch.cli.real_images import load_real_images
from nnfromscratch.cli.semi_settings import arms_of, labels_of
from nnfromscratch.data import Splits
from nnfromscratch.errors import DataError, RangeError
from nnfromscratch.semi import ARMS, Experiment


def load_experiment(settings: dict[str, Any]) -> tuple[Experiment, Splits]:
    """The experiment that was asked for, and its images.

    Raises, in the words of the command line, as ``data.load`` does and where the data do not allow it.
    """
    splits = load_real_images("semi", settings, np.random.default_rng(0))
    return _experiment(settings, splits), splits


def experiment_alone(settings: dict[str, Any]) -> Experiment:
    """The same without the images to test on."""
    return load_experiment(settings)[0]


def _experiment(settings: dict[str, Any], splits: Splits) -> Experiment:
    train = splits.train
    if len(train.classes) < 2:
        raise DataError(f"semi: --data expects at least 2 classes to tell apart, {settings['data']} has 1")
    if len(train) < 2:
        raise DataError(f"semi: --data expects more images, {settings['data']} leaves 1 to learn from")
    validation = min(recipe.VALIDATION, max(1, len(train) // 10))
    seeds = range(settings["seed"], settings["seed"] + settings["seeds"])
    try:
        return Experiment(
            {name: ARMS[name] for name in arms_of(settings)}, train, labels_of(settings), seeds, validation
        )
    except RangeError as error:
        words = (
            str(error)
            .replace("draw_labelled: count", "semi: --labels")
            .replace("draw_labelled: labels", "semi: --data")
        )
        raise RangeError(words) from error
