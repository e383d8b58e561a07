"""The parts of the article's story: each is a command, with settings that fit into six minutes on two cores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from nnfromscratch import runs
from nnfromscratch.errors import RunError

REPORT = "report.html"

Plan: TypeAlias = dict[str, dict[str, Any]]  # what is typed after each command


@dataclass(frozen=True)
class Part:
    """A command, what it does here, and why that is part of the story."""

    command: str
    what: str
    why: str


PARTS = (
    Part(
        "classify",
        "A CNN learns to read digits. Every image has its label.",
        "This is the first half of the article, and the yardstick: how good is a classifier that lacks nothing?",
    ),
    Part(
        "generate",
        "The article's GAN learns to draw digits. It is told no label.",
        "This is the second half. Whoever can draw digits knows something about them; could that stand in for labels?",
    ),
    Part(
        "semi",
        "The thesis: one classifier with 100 labels alone, with all other images besides, and with these and a GAN.",
        "With every label known there is nothing left to gain. With few, a GAN must beat what the same images give in "
        "the same time without one; to beat the labels alone would say nothing about GANs.",
    ),
)

FULL: Plan = {"classify": {"epochs": 2}, "generate": {"steps": 5000}, "semi": {"labels": 100, "seeds": 1}}
QUICK: Plan = {
    "classify": {"epochs": 1, "train_size": 8000},
    "generate": {"steps": 1500},
    "semi": {"labels": 100, "seeds": 1, "budget": 0.15},
}

# Seconds. A machine that took longer over the first two parts leaves less to the arms of the third: all have the same.
_WHOLE = 345.0
_BESIDE_ARMS = 40.0  # of the third part, and of the page: compiling, timing steps, the short arm, testing, pictures
_LONG_ARMS = 2  # of the three, those that use all the time they are given
_LEAST = 30.0


def budget(spent: float, threads: int) -> float:
    """How many minutes of training each arm may have, after so many seconds; in steps of three seconds.

    threads: so many arms are trained side by side.

    >>> budget(105.0, 2), budget(105.0, 1), budget(1000.0, 2)
    (3.3, 1.65, 0.5)
    """
    rounds = -(-_LONG_ARMS // threads)
    seconds = max(_LEAST, (_WHOLE - _BESIDE_ARMS - spent) / rounds)
    return int(seconds / 3) / 20


def typed(part: Mapping[str, Any]) -> list[str]:
    """The words of a command's settings.

    >>> typed({"train_size": 8000, "epochs": 1})
    ['--train-size', '8000', '--epochs', '1']
    """
    return [word for name, value in part.items() for word in (f"--{name.replace('_', '-')}", str(value))]


def seconds_of(folder: Path) -> float:
    """How long a finished part took. Raises RunError where its results are damaged."""
    try:
        return float(runs.read_results(folder)["results"]["timings"]["total_seconds"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{folder / runs.RESULTS}: expects the results of a run, is damaged: {error!r}") from error
