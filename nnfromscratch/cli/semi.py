"""``python -m nnfromscratch semi``: from a command to a folder with arms that were compared on few labels."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch import kernels, runs
from nnfromscratch.cli import recipe
from nnfromscratch.cli.compiling import seconds_to_compile
from nnfromscratch.cli.gan_warm_up import seconds_of_a_step
from nnfromscratch.cli.real_images import load_real_images
from nnfromscratch.cli.semi_settings import arms_of, labels_of, semi_settings
from nnfromscratch.cli.settings import command_line, how_to_go_on
from nnfromscratch.data import Splits
from nnfromscratch.errors import DataError, RangeError, RunError
from nnfromscratch.kernels.threads import thread_count
from nnfromscratch.report.few_labels_words import outcome
from nnfromscratch.semi import ARMS, Cell, Experiment
from nnfromscratch.semi.arm import Steps, Task
from nnfromscratch.semi.experiment import labels_in_words
from nnfromscratch.wording import counted, duration, percent

REPORT, TRAININGS = "report.html", "trainings"


def run(arguments: argparse.Namespace) -> int:
    """Train every arm on every label set, test, and report, in a new folder or from where a run was stopped."""
    began = time.perf_counter()
    settings = semi_settings(arguments)
    resumed = arguments.resume is not None
    folder = Path(arguments.resume).expanduser() if resumed else None
    if folder is not None and runs.is_finished(folder):
        return _say_finished(folder)
    with kernels.use(settings["kernels"]):
        splits = load_real_images("semi", settings, np.random.default_rng(0))
        experiment = _experiment(settings, splits)
        if folder is None:
            folder = runs.new_folder("semi", arguments.out)
            described = runs.describe(
                "semi", settings, seed=settings["seed"], kernels=settings["kernels"], threads=thread_count()
            )
            runs.write_run(folder, described | {"command_line": command_line("semi", settings)})
        experiment.folder = folder / TRAININGS
        try:
            with runs.held(folder, "semi"):
                _train_and_report(folder, settings, splits, experiment, began, resumed)
        except KeyboardInterrupt:
            print(how_to_go_on("semi", folder), file=sys.stderr)
            return 130
    return _say_finished(folder)


def _experiment(settings: dict[str, Any], splits: Splits) -> Experiment:
    """The experiment that was asked for. Raises, in the words of the command line, where the data do not allow it."""
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


def _train_and_report(
    folder: Path, settings: dict[str, Any], splits: Splits, experiment: Experiment, began: float, resumed: bool
) -> None:
    _say_what_comes(folder, settings, splits, experiment)
    timings = {"began": began, "compile_seconds": 0.0}
    described = runs.read_run(folder, "semi")
    steps: dict[str, Steps] | None = described.get("steps")
    if steps is None:
        steps = _plan(settings, experiment, timings)
        described |= {
            "steps": steps,
            "failed_at_once": {name: _first_failure(experiment, name) for name in experiment.arms if name not in steps},
        }
        runs.write_run(folder, described)
    else:
        for name, why in described["failed_at_once"].items():
            experiment.failures |= {cell: why for cell in experiment.cells if cell.arm == name}
    number = len(list(experiment.cells))
    print(f"Training {counted(number, 'network')}{' on from their checkpoints' if resumed else ''} …", flush=True)
    places = {cell: place for place, cell in enumerate(experiment.cells, start=1)}
    experiment.run(
        steps,
        resume=True,  # a new folder has nothing to go on from
        progress=None,
        on_done=lambda cell: _say_beside_bar(f"  {places[cell]:>3}/{number}  {_result(experiment, cell)}"),
    )
    print(f"Testing on {counted(len(splits.test), 'image')}, for the first and only time …", flush=True)
    os.environ["MPLBACKEND"] = "agg"  # pictures go into files, whatever windows somebody has chosen
    from nnfromscratch.cli import semi_outcome  # with matplotlib, which takes a moment

    semi_outcome.write_outcome(folder, settings, splits, experiment, timings=timings, resumed=resumed)


def _plan(settings: dict[str, Any], experiment: Experiment, timings: dict[str, float]) -> dict[str, Steps]:
    """From minutes to steps, once. Raises RunError where not one arm has time for a step."""
    if settings["kernels"] == "compiled":
        print("Getting the kernels ready (they are compiled once on each machine) …", flush=True)
        timings["compile_seconds"] = _seconds_to_compile(experiment)
    print("Timing a few steps of each arm …", flush=True)
    minutes = settings["budget"]

    def time_step(take: Callable[[int], float]) -> float:
        return seconds_of_a_step(take, minutes)

    steps = experiment.plan(60 * minutes, time_step, on_plan=_say_plan)
    if not steps:
        raise RunError(f"semi: --budget {minutes:g}: no arm can be trained; {next(iter(experiment.failures.values()))}")
    return steps


def _seconds_to_compile(experiment: Experiment) -> float:
    """Use every kernel once; an arm that fails at it is told when it is timed."""
    count, seed = experiment.labels[0], experiment.seeds[0]
    task, seconds = Task(experiment.few(count, seed), seed), 0.0
    for arm in experiment.arms.values():
        with contextlib.suppress(Exception):  # not Ctrl-C
            seconds += seconds_to_compile(partial(arm.plan, task, 3600.0, _take_two))
    return seconds


def _take_two(take: Callable[[int], float]) -> float:
    """Two steps, of which the second has a teacher as well; one always fits."""
    return min(take(2), 1.0) or 1.0


def _first_failure(experiment: Experiment, name: str) -> str:
    return next(why for cell, why in experiment.failures.items() if cell.arm == name)


def _say_what_comes(folder: Path, settings: dict[str, Any], splits: Splits, experiment: Experiment) -> None:
    validation = experiment.validation
    print(
        f"Data     {settings['data']}: {len(splits.train) - validation:,} images to learn from, {validation:,} to "
        f"validate, {len(splits.test):,} to test"
    )
    seeds = experiment.seeds
    counts = ", ".join(labels_in_words(count) for count in experiment.labels)
    sets = f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"
    print(f"Labels   {counts} of them, {counted(len(seeds), 'label set')} ({sets})")
    print(f"Arms     {', '.join(experiment.arms)}, {settings['budget']:g} min each and label set at most")
    print(f"Run      {folder}", flush=True)


def _say_plan(name: str, steps: Steps) -> None:
    parts = ", ".join(f"{part} {counted(count, 'step')}" for part, count in steps.items())
    print(f"         {name}: {parts or 'no steps'}", flush=True)


def _result(experiment: Experiment, cell: Cell) -> str:
    if cell in experiment.failures:
        return f"{cell.title}: failed, {experiment.failures[cell]}"
    done = experiment.outcomes[cell]
    return f"{cell.title}: validation accuracy {percent(done.accuracy, 2)} in {duration(done.seconds)}"


def _say_beside_bar(line: str) -> None:
    """Print a line, above the bar where there is one."""
    from tqdm import tqdm

    tqdm.write(line, file=sys.stdout)
    sys.stdout.flush()


def _say_finished(folder: Path) -> int:
    """Say what came out; 1 where an arm failed, else 0."""
    results = runs.read_results(folder, "semi")["results"]
    try:
        words = outcome(results)
        failed: dict[str, str] = results["failed"]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RunError(f"{folder / runs.RESULTS}: expects the results of semi, is damaged: {error!r}") from error
    print(f"Finished: {words}")
    for name, why in failed.items():
        print(f"nnfromscratch: {name} failed: {why}", file=sys.stderr)
    print(f"Report   {folder / REPORT}")
    return 1 if failed else 0
