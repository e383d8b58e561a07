"""``python -m nnfromscratch semi``: from a command to a folder with arms that were compared on few labels."""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from nnfromscratch import kernels, runs
from nnfromscratch.cli.gan_warm_up import seconds_of, seconds_of_a_step
from nnfromscratch.cli.semi_experiment import load_experiment
from nnfromscratch.cli.semi_jobs import Trainer, trainer_of
from nnfromscratch.cli.semi_settings import semi_settings
from nnfromscratch.cli.settings import command_line
from nnfromscratch.cli.stopped import Stopped
from nnfromscratch.data import Splits
from nnfromscratch.errors import RunError
from nnfromscratch.kernels.threads import thread_count
from nnfromscratch.report.few_labels_words import outcome
from nnfromscratch.semi import Cell, Experiment
from nnfromscratch.semi.arm import Steps
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
        experiment, splits = load_experiment(settings)
        jobs = min(arguments.jobs or thread_count(), len(experiment.open_cells))
        if folder is None:
            folder = runs.new_folder("semi", arguments.out)
            described = runs.describe(
                "semi",
                settings,
                seed=settings["seed"],
                kernels=settings["kernels"],
                threads=1 if jobs > 1 else thread_count(),
            )
            words = command_line("semi", {**settings, "jobs": arguments.jobs})
            runs.write_run(folder, described | {"jobs": jobs, "command_line": words})
        experiment.folder = folder / TRAININGS
        try:
            with runs.held(folder, "semi"), trainer_of(experiment, settings, jobs) as trainer:
                _train_and_report(folder, settings, splits, experiment, trainer, began, resumed)
        except KeyboardInterrupt as error:
            raise Stopped("semi", folder) from error
    return _say_finished(folder)


def _train_and_report(
    folder: Path,
    settings: dict[str, Any],
    splits: Splits,
    experiment: Experiment,
    trainer: Trainer,
    began: float,
    resumed: bool,
) -> None:
    _say_what_comes(folder, settings, splits, experiment)
    timings = {"began": began, "compile_seconds": 0.0}
    described = runs.read_run(folder, "semi")
    steps: dict[str, Steps] | None = described.get("steps")
    if steps is None:
        steps = _plan(settings, experiment, trainer, timings)
        described |= {
            "steps": steps,
            "failed_at_once": {name: _first_failure(experiment, name) for name in experiment.arms if name not in steps},
        }
        runs.write_run(folder, described)
    else:
        for name, why in described["failed_at_once"].items():
            experiment.fail(name, why)
    number = len(list(experiment.cells))
    on, at_once = " on from their checkpoints" if resumed else "", f", {trainer.jobs} at a time" * (trainer.jobs > 1)
    print(f"Training {counted(number, 'network')}{on}{at_once} …", flush=True)
    places = {cell: place for place, cell in enumerate(experiment.cells, start=1)}
    trainer.run(
        steps, on_done=lambda cell: _say_beside_bar(f"  {places[cell]:>3}/{number}  {_result(experiment, cell)}")
    )
    print(f"Testing on {counted(len(splits.test), 'image')}, for the first and only time …", flush=True)
    os.environ["MPLBACKEND"] = "agg"  # pictures go into files, whatever windows somebody has chosen
    from nnfromscratch.cli import semi_outcome  # with matplotlib, which takes a moment

    semi_outcome.write_outcome(folder, settings, splits, experiment, timings=timings, resumed=resumed)


def _plan(
    settings: dict[str, Any], experiment: Experiment, trainer: Trainer, timings: dict[str, float]
) -> dict[str, Steps]:
    """From minutes to steps, once. Raises RunError where not one arm has time for a step."""
    if settings["kernels"] == "compiled":
        print("Getting the kernels ready (they are compiled once on each machine) …", flush=True)
        timings["compile_seconds"] = seconds_of(trainer.warm_up)
    at_once = f", {trainer.jobs} at once, as they will train" if trainer.jobs > 1 else ""
    print(f"Timing a few steps of each arm{at_once} …", flush=True)
    minutes = settings["budget"]
    steps = trainer.plan(60 * minutes, partial(seconds_of_a_step, minutes=minutes), on_plan=_say_plan)
    if not steps:
        raise RunError(f"semi: --budget {minutes:g}: no arm can be trained; {next(iter(experiment.failures.values()))}")
    return steps


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
