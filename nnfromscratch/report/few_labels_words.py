"""What came out of arms on few labels, in words; each function takes ``results`` of ``results.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnfromscratch.report.page import Table
from nnfromscratch.wording import counted, percent

PAIRED = (
    "Two arms are compared on the same label sets, difference by difference: an easy set helps both. p is the share of "
    "all ways to exchange the two arms on some of the sets that give a mean difference at least as large: if neither "
    "arm were better, each of them would have been as likely.",
)
COURSE = (
    "Each arm may take the same time, counted in steps that were timed once before training; arms that learn from "
    "labels alone stop where more steps change nothing. The time is that of training alone, without the looks at the "
    "validation images that this picture is made of. What precedes the last network of an arm, such as its teacher, "
    "has taken time as well: the curve begins later.",
)
LABELS = (
    "Read it from left to right: with more labels there is less left to learn from the other images, and curves meet.",
)
SAMPLES = (
    "They need not look good to be of use: the generator matches what the classifier sees in real images on average, "
    "and the classifier learns where there are no images.",
)
DISAGREE = ("The answers on the first label set: images that some arms got right and others did not.",)


def outcome(results: Mapping[str, Any]) -> str:
    """The best arms and their distance in two sentences."""
    order = ranking(results)
    if not order:
        return f"No arm was trained on {_labels(results)}."
    arms = results["arms"]
    best = order[0]
    others = ", ".join(f"{name} {_accuracy(arms[name])}" for name in order[1:4])
    sets = "one label set" if len(results["seeds"]) == 1 else f"the mean over {len(results['seeds'])} label sets"
    said = f"With {_labels(results)}, {best} classifies {_accuracy(arms[best])} of the test images rightly"
    said += f" ({sets}); {others}." if others else f" ({sets})."
    if len(order) > 1 and (pair := difference(results, best, order[1])) is not None:
        said += f" {best} is {_points(pair)} ahead of {order[1]}{_certainty(pair)}."
    return said


def ranking(results: Mapping[str, Any]) -> list[str]:
    """The arms, the best first."""
    arms = results["arms"]
    return sorted(arms, key=lambda name: -arms[name]["accuracy_mean"])


def difference(results: Mapping[str, Any], arm: str, other: str) -> dict[str, Any] | None:
    """arm − other, whichever way round it stands in the results; None where they share no label set."""
    for pair in results["paired"]:
        if (pair["arm"], pair["other"]) == (arm, other):
            return dict(pair)
        if (pair["arm"], pair["other"]) == (other, arm):
            turned = [-value for value in pair["differences"]]
            return {**pair, "arm": arm, "other": other, "mean": -pair["mean"], "differences": turned}
    return None


def arms_table(results: Mapping[str, Any]) -> Table:
    """Every arm: accuracy, spread, and what it took."""
    rows = []
    for name in ranking(results):
        arm = results["arms"][name]
        spread = "" if arm["accuracy_std"] is None else f"± {100 * arm['accuracy_std']:.2f}"
        steps = " + ".join(f"{count:,}" for count in results["steps"].get(name, {}).values())
        rows.append(
            (
                name, percent(arm["accuracy_mean"], 2), spread, str(len(arm["accuracy"])), f"{arm['seconds']:.1f}",
                steps, f"{arm['samples']:,.0f}",
            )
        )  # fmt: skip
    headings = (
        "arm",
        "test accuracy",
        "spread",
        "label sets",
        "seconds of training",
        "steps",
        "images through networks",
    )
    return Table(headings, rows, (1, 2, 3, 4, 5, 6))


def pairs_table(results: Mapping[str, Any]) -> Table:
    """The best arm against each of the others, and ``gan`` against each where it is not the best."""
    order = ranking(results)
    first = [order[0], *(["gan"] if "gan" in order[1:] else [])]
    rows = []
    for arm in first:
        for other in order:
            pair = difference(results, arm, other) if other not in first[: first.index(arm) + 1] else None
            if pair is not None:
                spread = "" if pair["std"] is None else f"± {100 * pair['std']:.2f}"
                each = ", ".join(f"{100 * value:+.2f}" for value in pair["differences"])
                rows.append((f"{arm} − {other}", f"{100 * pair['mean']:+.2f}", spread, _p(pair["p_value"]), each))
    return Table(("difference", "points", "spread", "p", "label set by label set"), rows, (1, 2, 3))


def protocol(results: Mapping[str, Any]) -> tuple[str, ...]:
    """How it was measured."""
    images, seeds = results["images"], results["seeds"]
    which = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    smallest = min(results["labelled"].values())
    validation = (
        f" The {images['validation']:,} labels of the validation images are far more than the {smallest:,} that the "
        "arms learn from: who has few labels only has no such set to choose by. That is why the arms' settings were "
        "chosen once, on label sets of the seeds 100, 101, 1000 and 1001; learning rates, noise and weights are older, "
        "and come from experiments whose first compared test images."
        if images["validation"] > smallest
        else ""
    )
    return (
        f"{counted(len(seeds), 'label set')} ({which}) were drawn, equally many labels of each class, from "
        f"{images['train']:,} images; all arms saw the same. Validation images were put aside before, always the same "
        f"ones; curves, and the settings of the arms with hand-made features, are theirs.{validation}",
        f"The {images['test']:,} test images were looked at once, after everything was trained; nothing in this run "
        "was chosen by them.",
    )


def failures(results: Mapping[str, Any]) -> tuple[str, ...]:
    """The trainings that failed, and why."""
    return tuple(f"{name}: {why}" for name, why in results["failed"].items())


def _labels(results: Mapping[str, Any]) -> str:
    label = results["labels"][0]
    return (
        f"all {results['labelled'][label]:,} labels" if label == "all" else counted(results["labelled"][label], "label")
    )


def _accuracy(arm: Mapping[str, Any]) -> str:
    return percent(arm["accuracy_mean"], 2)


def _points(pair: Mapping[str, Any]) -> str:
    spread = "" if pair["std"] is None else f" ± {100 * pair['std']:.2f}"
    return f"{100 * pair['mean']:.2f}{spread} points"


def _certainty(pair: Mapping[str, Any]) -> str:
    count, p = len(pair["differences"]), pair["p_value"]
    if count == 1:
        return ", on one label set, which proves nothing"
    if p <= 0.05:
        return f" (p = {_p(p)}, {count} label sets)"
    least = 2 / 2**count
    few = f"; so few label sets cannot give less than {_p(least)}" if least > 0.05 else ""
    return f" (p = {_p(p)}, {count} label sets: that may be chance{few})"


def _p(value: float) -> str:
    return f"{value:.2g}"
