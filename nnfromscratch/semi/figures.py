"""What came out of an experiment, in numbers: the part of ``results.json`` that holds the arms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnfromscratch.data import Dataset
from nnfromscratch.semi.experiment import Cell, Experiment, Labels, labels_in_words
from nnfromscratch.semi.paired import paired_difference
from nnfromscratch.types import Array


def figures(experiment: Experiment, answers: Mapping[Cell, Array], test: Dataset) -> dict[str, Any]:
    """What came out, for each number of labels: ``arms``, by name, and ``paired``, arm against arm.

    An arm counts with the label sets on which it did not fail; ``seeds`` says which.
    """
    accuracy = {cell: float((found == test.labels).mean()) for cell, found in answers.items()}
    return {
        labels_in_words(count): {
            "arms": {arm: found for arm in experiment.arms if (found := _of_arm(experiment, accuracy, arm, count))},
            "paired": _pairs(experiment, accuracy, count),
        }
        for count in experiment.labels
    }


def _of_arm(experiment: Experiment, accuracy: Mapping[Cell, float], arm: str, count: Labels) -> dict[str, Any]:
    cells = [cell for cell in accuracy if (cell.arm, cell.labels) == (arm, count)]
    if not cells:
        return {}
    values = [accuracy[cell] for cell in cells]
    outcomes = [experiment.outcomes[cell] for cell in cells]
    histories = [outcome.history for outcome in outcomes]
    return {
        "accuracy_mean": float(np.mean(values)),
        "accuracy_std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "accuracy": values,
        "seconds": float(np.mean([outcome.seconds for outcome in outcomes])),
        "samples": float(np.mean([outcome.samples for outcome in outcomes])),
        "seeds": [cell.seed for cell in cells],
        "validation_accuracy": [outcome.accuracy for outcome in outcomes],
        "chosen": [outcome.chosen for outcome in outcomes],
        "over_time": [
            {
                # what came before the last training, such as a teacher's, has taken its time as well
                "seconds": [outcome.seconds - history.seconds_done + at for at in history.seconds],
                "samples": [outcome.samples - history.samples_done + at for at in history.samples],
                "step": history.step,
                "validation_accuracy": history.accuracy,
                "losses": history.losses,
            }
            for outcome, history in zip(outcomes, histories, strict=True)
            if history is not None
        ],
    }


def _pairs(experiment: Experiment, accuracy: Mapping[Cell, float], count: Labels) -> list[dict[str, Any]]:
    """Each arm against each that comes before it, on the label sets that both have."""
    names, found = list(experiment.arms), []
    for place, arm in enumerate(names):
        for other in names[:place]:
            both = [
                (accuracy[Cell(arm, count, seed)], accuracy[Cell(other, count, seed)])
                for seed in experiment.seeds
                if Cell(arm, count, seed) in accuracy and Cell(other, count, seed) in accuracy
            ]
            if both:
                difference = paired_difference(*zip(*both, strict=True))
                found.append({"arm": arm, "other": other, **vars(difference)})
    return found
