"""What beside_augmentation.json says: whether a trial with a generator is ahead of all without one, augmented both."""

from __future__ import annotations

import json
import statistics

from figures import beside_augmentation as search
from figures.gan_gain import counted_in_words
from figures.gan_gain_tables import table
from measured import NOTHING

from nnfromscratch.wording import percent


def load(file=search.FILE):
    """The runs of the search; without a file there are none."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"runs": []}


def trials_table(results):
    """Every trial: what a run of it takes, and its accuracy on each label set, for each number of labels."""
    entries, lines = _entries(results), []
    for trial in search.TRIALS:
        runs = [entry for entry in entries if entry["trial"] == trial]
        if runs:
            steps = statistics.mean(entry["steps"] for entry in runs)
            seconds = [entry["seconds"] for entry in runs if not entry["failed"]]
            taken = f"{statistics.mean(seconds):.0f}" if seconds else "–"
            cells = [_accuracies(runs, labels) for labels in search.LABELS]
            lines.append((_named(trial), f"{steps:,.0f}", taken, *cells))
    return table(("trial", "steps", "seconds", *(f"{labels} labels" for labels in search.LABELS)), lines)


def found_or_not(results):
    """For each number of labels the best trial with a generator beside the best without, and what that comes to."""
    said, found, perhaps = [], [], []
    for labels in search.LABELS:
        compared = _compared(results, labels)
        if compared is None:
            continue
        gan, other, apart = compared
        mean = statistics.mean(apart)
        if mean > 0:
            (found if min(apart) > 0 else perhaps).append(str(labels))
        each = ", ".join(f"{100 * points:+.2f}".replace("-", "−") for points in apart)
        where = "ahead of" if mean > 0 else "behind" if mean < 0 else "from"
        said.append(
            f"- With {labels} labels the best with a generator, {_named(gan)}, is {100 * abs(mean):.2f} points {where} "
            f"the best without, {_named(other)} ({counted_in_words(len(apart), 'label set')}: {each})."
        )
    if not said:
        return NOTHING
    with_one = sum(method.generator_rate is not None for method in search.TRIALS.values())
    remark = (
        f"There are {with_one} trials with a generator and {len(search.TRIALS) - with_one} without: chance alone "
        "favours the best of more. One run each on two label sets at most shows no small difference. This says "
        "where to look, on validation images; nothing here was tested."
    )
    return f"{_answer(found, perhaps)}\n\n" + "\n".join(said) + f"\n\n{remark}"


def progress(results):
    """How much has been measured, and which trainings failed."""
    entries, runs = _entries(results), search.wanted()
    if not entries:
        return NOTHING
    failed = [
        f"- {entry['trial']}, {entry['labels']} labels, seed {entry['seed']}: {entry['failed']}"
        for entry in entries
        if entry["failed"]
    ]
    made = f"{len(entries)} of {len(runs)} runs have been made, of {60 * search.MINUTES:.0f} seconds each"
    return f"{made}, and these failed:\n\n" + "\n".join(failed) if failed else f"{made}, and none failed."


def _answer(found, perhaps):
    if not found and not perhaps:
        seconds = f"{60 * search.MINUTES:.0f} seconds"
        return f"**Not found**: in trials of {seconds} a generator is ahead with no number of labels."
    parts = []
    if found:
        parts.append(f"**Ahead with {_and(found)} labels**: there a generator is better on every label set.")
    if perhaps:
        some = f"With {_and(perhaps)} labels" if found else f"**Not found for sure**: with {_and(perhaps)} labels"
        parts.append(f"{some} it is better in the mean, but not on every label set.")
    return " ".join(parts)


def _and(numbers):
    return " and ".join((", ".join(numbers[:-1]), numbers[-1]) if numbers[1:] else numbers)


def _compared(results, labels):
    """The best trial with and the best without a generator, and how far apart they are on each label set.

    Only label sets count that all trials have had; a trial that failed on one of them is never the best.
    """
    of = {}
    for entry in _entries(results):
        if entry["labels"] == labels:
            of.setdefault(entry["seed"], {})[entry["trial"]] = entry.get("validation_accuracy")
    seeds = sorted(seed for seed, accuracy in of.items() if accuracy.keys() == search.TRIALS.keys())
    held = [trial for trial in search.TRIALS if seeds and all(of[seed][trial] is not None for seed in seeds)]
    groups = [[trial for trial in held if _has_generator(trial) == wanted] for wanted in (True, False)]
    if not all(groups):
        return None
    gan, other = (max(group, key=lambda trial: statistics.mean(of[seed][trial] for seed in seeds)) for group in groups)
    return gan, other, [of[seed][gan] - of[seed][other] for seed in seeds]


def _accuracies(runs, labels):
    """Of a trial on each label set, in the order of the seeds."""
    each = sorted((entry["seed"], entry.get("validation_accuracy")) for entry in runs if entry["labels"] == labels)
    return ", ".join("failed" if accuracy is None else percent(accuracy, 2) for _, accuracy in each) or "–"


def _entries(results):
    return [
        entry for entry in results["runs"] if entry["minutes"] == search.MINUTES and entry["trial"] in search.TRIALS
    ]


def _has_generator(trial):
    return search.TRIALS[trial].generator_rate is not None


def _named(trial):
    return f"`{trial}`"
