"""What a finished experiment is made into: answers, figures by name, pictures, a page."""

from __future__ import annotations

import time
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnfromscratch import plotting, runs
from nnfromscratch.archive import write_archive
from nnfromscratch.cli.semi import REPORT
from nnfromscratch.data import Dataset, Splits
from nnfromscratch.files import write_whole
from nnfromscratch.plotting.disagreements import where_they_disagree
from nnfromscratch.report import few_labels_report, write_page
from nnfromscratch.semi import Cell, Experiment, figures
from nnfromscratch.semi.experiment import labels_in_words
from nnfromscratch.types import Array

ANSWERS = "answers.npz"  # of every classifier to every test image: (N,) by the training's title
_SHOWN = 64  # samples of the generator
_COMPARED = 4  # arms in the picture of disagreements


def write_outcome(
    folder: Path,
    settings: dict[str, Any],
    splits: Splits,
    experiment: Experiment,
    *,
    timings: dict[str, float],
    resumed: bool,
) -> None:
    """Test all classifiers and write everything, ``results.json`` last: with it the run counts as finished.

    timings: has when the run began, "began", and what is known already.
    """
    test = splits.test
    answers = experiment.test(test)
    write_archive(folder / ANSWERS, {cell.title: found for cell, found in answers.items()}, {"kind": "answers"})
    by_labels = figures(experiment, answers, test)
    first = by_labels[labels_in_words(experiment.labels[0])]
    compared = _compared(experiment, answers)
    described = runs.read_run(folder, "semi") | {"resumed": resumed}
    results: dict[str, Any] = {
        "arms": first["arms"],
        "paired": first["paired"],
        "by_labels": by_labels,
        "failed": {cell.title: why for cell, why in experiment.failures.items()},
        "steps": described["steps"],
        "labels": list(by_labels),
        "labelled": {labels_in_words(count): _labelled(experiment, count) for count in experiment.labels},
        "seeds": list(experiment.seeds),
        "budget_minutes": settings["budget"],
        "disagreements": _disagreements(test, compared),
        "data": Path(settings["data"]).name,
        "classes": splits.train.classes,
        "images": {
            "train": len(splits.train) - experiment.validation, "validation": experiment.validation, "test": len(test),
        },
        "image_shape": splits.train.image_shape,
    }  # fmt: skip
    pictures = draw(folder, experiment, results, test, compared)
    timings["training_seconds"] = sum(outcome.seconds for outcome in experiment.outcomes.values())
    timings["total_seconds"] = time.perf_counter() - timings.pop("began")
    results["timings"] = timings
    page = few_labels_report(described, runs.plain(results), pictures, command=described["command_line"])
    write_page(folder / REPORT, page)
    runs.write_results(folder, described, results)


def draw(
    folder: Path, experiment: Experiment, results: dict[str, Any], test: Dataset, compared: dict[str, Array]
) -> dict[str, bytes]:
    """The pictures, written to ``folder`` and returned: PNG by name; one that there is nothing for is left out."""
    arms, count = results["arms"], results["labels"][0]
    shown: dict[str, Figure] = {}
    if arms:
        sets = f"{count} labels. A dot for each label set, a line at the mean."
        shown["accuracy"] = plotting.arm_accuracies(
            {name: arm["accuracy"] for name, arm in arms.items()}, subtitle=sets
        )
        shown["curves"] = plotting.accuracy_over_time(
            {name: _course(arm) for name, arm in arms.items()},
            subtitle=f"{count} labels, on validation images."
            + (" Bold: the mean over the label sets." if len(experiment.seeds) > 1 else ""),
        )
    if len(results["labels"]) > 1:
        shown["labels"] = plotting.label_curve(
            {
                name: {
                    results["labelled"][label]: found["arms"][name]["accuracy"]
                    for label, found in results["by_labels"].items()
                    if name in found["arms"]
                }
                for name in experiment.arms
                if any(name in found["arms"] for found in results["by_labels"].values())
            }
        )
    made = next(
        ((cell, each.generated) for cell, each in experiment.outcomes.items() if each.generated is not None), None
    )
    if made is not None and made[1] is not None and made[1].shape[1] in (1, 3):
        shown["samples"] = plotting.sample_grid(made[1][:_SHOWN], title=f"What the generator of {made[0].arm} makes")
    if compared and test.images.shape[1] in (1, 3):
        shown["disagreements"] = plotting.disagreements(test.images, test.labels, compared, test.classes)
    return {name: _written(folder / f"{name}.png", plotting.png_bytes(figure)) for name, figure in shown.items()}


def _written(path: Path, picture: bytes) -> bytes:
    write_whole(path, methodcaller("write", picture))
    return picture


def _course(arm: dict[str, Any]) -> Any:
    """Times and accuracies of each training, or the mean validation accuracy of an arm without steps."""
    if arm["over_time"]:
        return [(each["seconds"], each["validation_accuracy"]) for each in arm["over_time"]]
    return float(np.mean(arm["validation_accuracy"]))


def _labelled(experiment: Experiment, count: int | None) -> int:
    return len(experiment.train) - experiment.validation if count is None else count


def _compared(experiment: Experiment, answers: dict[Cell, Array]) -> dict[str, Array]:
    """The answers on the first label set of the arms that are put beside each other: the first ones."""
    count, seed = experiment.labels[0], experiment.seeds[0]
    found = {cell.arm: each for cell, each in answers.items() if (cell.labels, cell.seed) == (count, seed)}
    return dict(list(found.items())[:_COMPARED])


def _disagreements(test: Dataset, compared: dict[str, Array]) -> list[dict[str, Any]]:
    if not compared:
        return []
    return [
        {
            "index": int(place),
            "true": test.classes[int(test.labels[place])],
            "answers": {name: test.classes[int(each[place])] for name, each in compared.items()},
        }
        for place in where_they_disagree(list(compared.values()), test.labels)
    ]
