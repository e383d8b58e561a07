"""What the three parts are made into: their main figures, one picture, one page."""

from __future__ import annotations

import time
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch import data, plotting, runs
from nnfromscratch.archive import read_archive
from nnfromscratch.cli.article_parts import PARTS, REPORT, seconds_of
from nnfromscratch.cli.gan_files import LOOKS
from nnfromscratch.cli.gan_measures import METRICS
from nnfromscratch.cli.semi_outcome import ANSWERS
from nnfromscratch.data import Dataset
from nnfromscratch.errors import RunError
from nnfromscratch.files import write_whole
from nnfromscratch.plotting import Course, Drawings, Mistakes
from nnfromscratch.report import article_report, article_words, write_page
from nnfromscratch.report.article import TITLE
from nnfromscratch.semi import difference_on_same_images

GAN, CONTROL = "gan", "self-training"
PICTURE = "article"
# Of the parts' pictures those that the page shows as well.
_TAKEN = {"mistakes": "classify", "progress": "generate", "curves": "semi"}


def write_outcome(folder: Path, *, resumed: bool) -> None:
    """Gather and write everything, ``results.json`` last: with it the run counts as finished."""
    clock = time.perf_counter()
    parts = {part.command: runs.read_results(folder / part.command) for part in PARTS}
    described = runs.read_run(folder, "article") | {"resumed": resumed}
    test = data.load(parts["semi"]["run"]["settings"]["data"]).test
    try:
        results = gather(described, {name: each["results"] for name, each in parts.items()}, folder, test)
        picture = draw(folder, results, parts["classify"]["results"], parts["semi"]["results"], test)
    except (KeyError, TypeError, IndexError) as error:
        raise RunError(f"{folder}: expects the results of its three parts, some are damaged: {error!r}") from error
    write_whole(folder / f"{PICTURE}.png", methodcaller("write", picture))
    pictures = {PICTURE: picture}
    for name, part in _TAKEN.items():
        path = folder / part / f"{name}.png"
        if path.is_file():  # there is nothing to show of arms that all failed
            pictures[name] = path.read_bytes()
    results["seconds"]["page"] = time.perf_counter() - clock
    total = sum(results["seconds"].values())
    results["timings"] = {"total_seconds": total}
    links = {part.command: f"{part.command}/{REPORT}" for part in PARTS}
    page = article_report(described, runs.plain(results), pictures, links, command=described["command_line"])
    write_page(folder / REPORT, page)
    runs.write_results(folder, described, results)


def gather(described: dict[str, Any], parts: dict[str, dict[str, Any]], folder: Path, test: Dataset) -> dict[str, Any]:
    """The part "results" of ``results.json``, so far as it does not need the clock."""
    classify, generate, semi = (parts[part.command] for part in PARTS)
    seconds = {part.command: seconds_of(folder / part.command) for part in PARTS}
    results: dict[str, Any] = {
        "sentence": "",
        "caution": "",
        "verdict": "",
        "rough": described["settings"]["quick"],
        "classify": {
            **{name: classify[name] for name in ("test_accuracy", "test_errors", "validation_accuracy", "images")},
            "epochs": len(classify["history"]["loss"]),
        },
        "generate": {
            **{
                name: {which: generate[name][which] for which in ("value", "real")}
                for name in METRICS
                if name in generate
            },
            "steps": generate["steps"],
        },
        "semi": {
            "arms": {
                name: {figure: arm[figure] for figure in ("accuracy_mean", "accuracy", "seconds", "samples")}
                for name, arm in semi["arms"].items()
            },
            "difference": _difference(semi, folder, test),
            "failed": semi["failed"],
            "labels": semi["labelled"][semi["labels"][0]],
            "seeds": semi["seeds"],
            "budget_minutes": semi["budget_minutes"],
            "steps": semi["steps"],
        },
        "images": {"test": len(test)},
        "seconds": seconds,
    }
    results["verdict"] = article_words.verdict(results)
    results["sentence"] = article_words.sentence(results)
    results["caution"] = article_words.caution(results)
    return results


def _difference(semi: dict[str, Any], folder: Path, test: Dataset) -> dict[str, Any] | None:
    """The GAN against the best of the others; None without the GAN, or without the control that sees what it sees.

    Validation images tell which is the best: test images must not choose what they are to judge.
    """
    arms = semi["arms"]
    if GAN not in arms or CONTROL not in arms:
        return None
    other = max((name for name in arms if name != GAN), key=lambda name: float(arms[name]["validation_accuracy"][0]))
    answers, _ = read_archive(folder / "semi" / ANSWERS)
    right = {title.split(",")[0]: found == test.labels for title, found in answers.items()}
    difference = difference_on_same_images(right[GAN], right[other])
    return {"arm": GAN, "other": other, "value": difference.value, "uncertainty": difference.uncertainty}


def draw(folder: Path, results: dict[str, Any], classify: dict[str, Any], semi: dict[str, Any], test: Dataset) -> bytes:
    """The three parts in one picture, as PNG."""
    wrong = classify["most_confident_mistakes"]
    looks, _ = read_archive(folder / "generate" / LOOKS)
    steps = sorted(map(int, looks))
    score = results["generate"].get("classifier_score", {"value": None, "real": None})
    courses = {
        name: Course(course["seconds"], course["validation_accuracy"], arm["accuracy_mean"])
        for name, arm in semi["arms"].items()
        for course in arm["over_time"][:1]
    }
    figure = plotting.article_overview(
        Mistakes(
            classify["test_accuracy"],
            test.images[[each["index"] for each in wrong]],
            [f"{each['true']} → {each['predicted']}" for each in wrong],
        ),
        Drawings(steps, np.stack([looks[str(step)] for step in steps]), score["value"], score["real"]),
        courses,
        title=TITLE,
        subtitle=results["sentence"],
        labels=results["semi"]["labels"],
    )
    return plotting.png_bytes(figure)
