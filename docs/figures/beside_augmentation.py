"""Search for a GAN that adds to the best method without one where images are augmented, for docs/does-a-gan-help.md.

    python docs/figures/beside_augmentation.py --jobs 2

Each trial is a method, and each is trained with 10, 20 and 100 labels for the same time: before the first run the steps
of all trials are timed, in turns in one process, and the minutes become a number of steps for each. Settings are
compared here, so test images are never looked at, and the label sets are those of seeds from 100 on. The first seed has
all its runs before the second begins, and few labels come first: the page can be made at any time.

After every run the file is written; started again, the script goes on with what is missing, by the same step times.
Another file may be named, and ``--minutes 0.02`` gives every run another budget, to try whether all of it works.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnfromscratch import data, runs
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.semi import ARMS, Experiment, Method, train_few_labels
from nnfromscratch.semi.arm import Task
from nnfromscratch.training.settings import in_words

sys.path.append(str(Path(__file__).parents[1]))  # docs, from where the page imports this script too
from figures.few_labels import write

FILE = Path(__file__).with_name("beside_augmentation.json")
LABELS, SEEDS, VALIDATION, MINUTES = (10, 20, 100), (100, 101), 5000, 0.75
ROUNDS, STEPS = 9, 10  # of the timing: turns of each trial, the first of which compiles, and the steps of a turn

CNN = ARMS["consistency-aug"].method
DENSE = replace(ARMS["gan-aug"].method, augment_unlabelled=CNN.augment_unlabelled, start=0.0)
GAN, FAST_GAN = replace(CNN, generator_rate=0.003), replace(CNN, generator_rate=0.006)
ENTROPY = {"conditional_entropy": 0.1}
BAD = {**ENTROPY, "pull_away": 1.0}

TRIALS: dict[str, Method] = {
    "CNN": CNN,
    "CNN, entropy": replace(CNN, **ENTROPY),
    "CNN, GAN 0.003": GAN,
    "CNN, GAN 0.006": FAST_GAN,
    "CNN, GAN 0.003, entropy": replace(GAN, **ENTROPY),
    "CNN, GAN 0.006, entropy": replace(FAST_GAN, **ENTROPY),
    "CNN, GAN 0.003, entropy, pull-away": replace(GAN, **BAD),
    "CNN, GAN 0.006, entropy, pull-away": replace(FAST_GAN, **BAD),
    "dense": replace(DENSE, generator_rate=None),
    "dense, GAN 0.006": DENSE,
}


class Run(NamedTuple):
    """One training."""

    trial: str
    labels: int
    seed: int
    minutes: float


def wanted(minutes: float = MINUTES) -> list[Run]:
    """All runs in their order."""
    return [Run(trial, labels, seed, minutes) for seed in SEEDS for labels in LABELS for trial in TRIALS]


def settings(trial: str) -> dict[str, str]:
    """In which fields the method of a trial differs from ``Method()``, in words."""
    method, usual = vars(TRIALS[trial]), vars(Method())
    return {name: _named(value) for name, value in method.items() if value != usual[name]}


@cache
def experiment() -> Experiment:
    """What draws the label sets and validation images, the same that ``python -m nnfromscratch semi`` has."""
    train = data.load("mnist", rng=np.random.default_rng(0)).train
    return Experiment({"CNN": ARMS["consistency-aug"]}, train, LABELS, SEEDS, VALIDATION)


def timed() -> dict[str, float]:
    """Seconds that a step of each trial takes, the median over turns that all take one after the other."""
    few = experiment().few(LABELS[-1], SEEDS[0])
    taken: dict[str, list[float]] = {trial: [] for trial in TRIALS}
    with use_threads(1):
        for _ in range(ROUNDS):
            for trial, method in TRIALS.items():
                rng = np.random.default_rng(0)
                learned = train_few_labels(few, method, steps=STEPS, rng=rng, looks=0, progress=False)
                taken[trial].append(learned.history.seconds_done / STEPS)
    return {trial: statistics.median(seconds[1:]) for trial, seconds in taken.items()}


def measured(run: Run, steps: int) -> dict[str, object]:
    """One training: what it arrived at on the validation images, or why it failed."""
    entry = {**run._asdict(), "settings": settings(run.trial), "steps": steps, "failed": ""}
    try:
        task = Task(experiment().few(run.labels, run.seed), run.seed)
        with use_threads(1):  # one look, at the end: more would only take time
            history = train_few_labels(
                task.data, TRIALS[run.trial], steps=steps, rng=task.rng(0), looks=1, progress=False
            ).history
    except Exception as error:  # a method that does not hold is a result of a search; the others go on
        return entry | {"failed": str(error) or type(error).__name__, "finished": runs.now()}
    return entry | {
        "seconds": round(history.seconds_done, 2),
        "samples": history.samples_done,
        "validation_accuracy": history.accuracy[-1],
        "finished": runs.now(),
    }


def steps_of(run: Run, seconds_a_step: dict[str, float]) -> int:
    """How many steps fit into the minutes of a run, at least one."""
    return max(1, int(60 * run.minutes / seconds_a_step[run.trial]))


def trained(missing: list[Run], seconds_a_step: dict[str, float], jobs: int) -> Iterator[dict[str, object]]:
    """Entries as they are made, by so many processes; after an interruption nothing more is begun."""
    processes = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        begun = [processes.submit(measured, run, steps_of(run, seconds_a_step)) for run in missing]
        for each in as_completed(begun):
            yield each.result()
    finally:
        processes.shutdown(cancel_futures=True)


def run_of(entry) -> Run:
    """The run that an entry of the file is of."""
    return Run(*(entry[name] for name in Run._fields))


def main(typed=None) -> None:
    parser = argparse.ArgumentParser(
        prog="beside_augmentation.py", description="Measure docs/figures/beside_augmentation.json."
    )
    parser.add_argument("file", type=Path, nargs="?", default=FILE)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once, each on one thread (default: 1)")
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"for each training (default: {MINUTES:g})")
    given = parser.parse_args(typed)
    kept = json.loads(given.file.read_text(encoding="utf-8")) if given.file.exists() else {"runs": []}
    # a trial whose settings have changed since is another one
    entries = [each for each in kept["runs"] if each["trial"] in TRIALS and each["settings"] == settings(each["trial"])]
    made = {run_of(entry) for entry in entries}
    missing = [run for run in wanted(given.minutes) if run not in made]
    if not missing:
        return
    seconds_a_step = kept.get("seconds_a_step", {})
    if set(seconds_a_step) != set(TRIALS):
        seconds_a_step = timed()
    for entry in trained(missing, seconds_a_step, given.jobs):
        entries.append(entry)
        entries.sort(key=_place)
        write(given.file, entries, seconds_a_step=seconds_a_step)
        said = entry["failed"] or f"{entry['validation_accuracy']:.4f} in {entry['seconds']:.0f} s"
        print(f"{entry['trial']}, {entry['labels']} labels, seed {entry['seed']}: {said}", flush=True)


def _place(entry):
    """The order of the file: that of the runs, whichever ended first."""
    run = run_of(entry)
    return run.minutes, wanted(run.minutes).index(run)


def _named(value):
    return value.__name__ if callable(value) and hasattr(value, "__name__") else in_words(value)


if __name__ == "__main__":
    main()
