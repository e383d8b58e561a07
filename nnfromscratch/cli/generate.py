"""``python -m nnfromscratch generate``: from a command to a folder with two trained players and what they make."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch import gan, kernels, runs
from nnfromscratch.cli import gan_clinic, gan_looks, gan_measures
from nnfromscratch.cli.compiling import seconds_to_compile
from nnfromscratch.cli.gan_files import LOOKS, REPORT
from nnfromscratch.cli.gan_game import CommandGame, make_game
from nnfromscratch.cli.gan_recipes import rules_in_words
from nnfromscratch.cli.gan_settings import NO_JUDGE, generate_settings, typed_again
from nnfromscratch.cli.gan_warm_up import seconds_of, seconds_of_a_step, steps_in
from nnfromscratch.cli.real_images import load_real_images
from nnfromscratch.cli.settings import command_line
from nnfromscratch.cli.stopped import Stopped
from nnfromscratch.errors import NonFiniteError, RunError
from nnfromscratch.gan.diagnostics import Finding
from nnfromscratch.gan.players import output_range
from nnfromscratch.gan.sampling import draw_samples, images_of, load_generator
from nnfromscratch.kernels.threads import thread_count
from nnfromscratch.wording import counted


def run(arguments: argparse.Namespace) -> int:
    """Train, measure and report, in a new folder or from where a run in an old one was stopped."""
    began = time.perf_counter()
    settings, typed = generate_settings(arguments)
    resumed = arguments.resume is not None
    folder = Path(arguments.resume).expanduser() if resumed else None
    if folder is not None and runs.is_finished(folder):
        _say_finished(folder)
        return 0
    with kernels.use(settings["kernels"]):
        splits = load_real_images("generate", settings, np.random.default_rng([settings["seed"], 0]))
        judge = gan_measures.find_judge(settings, splits)
        game = make_game(settings, splits)
        if folder is None:
            folder = runs.new_folder("generate", arguments.out)
            described = runs.describe(
                "generate", settings, seed=settings["seed"], kernels=settings["kernels"], threads=thread_count()
            )
            described |= {"image_shape": splits.train.image_shape, "classes": splits.train.classes, "typed": typed}
            _write_run(folder, described, settings)
        try:
            _train_and_report(folder, game, judge, began, resumed)
        except KeyboardInterrupt as error:
            raise Stopped("generate", folder) from error
    return 0


def _write_run(folder: Path, described: dict[str, Any], settings: dict[str, Any]) -> None:
    again = command_line("generate", typed_again(described["typed"], settings))
    runs.write_run(folder, described | {"settings": settings, "command_line": again})


def _train_and_report(folder: Path, game: CommandGame, judge: gan.Judge | None, began: float, resumed: bool) -> None:
    settings, splits = game.settings, game.splits
    _say_what_comes(folder, game, judge)
    timings = {"began": began, "compile_seconds": 0.0}
    if settings["kernels"] == "compiled":
        print("Getting the kernels ready (they are compiled once on each machine) …", flush=True)
        timings["compile_seconds"] = seconds_to_compile(lambda: _compile(game.rehearsal(), judge))
    print("Measuring real images, to have a yardstick …", flush=True)
    yardstick = gan_measures.make_measure(
        splits, judge, gan_looks.SAMPLES, gan_looks.NEAREST, np.random.default_rng([settings["seed"], 3])
    )
    if settings["steps"] is None:
        with runs.held(folder, "generate"):
            settings["steps"] = _steps_in_time(game.rehearsal(), yardstick)
            _write_run(folder, runs.read_run(folder, "generate"), settings)
    with runs.held(folder, "generate"):
        looks = gan_looks.Looks(
            folder / LOOKS,
            steps=settings["steps"],
            seed=settings["seed"],
            yardstick=yardstick,
            low_high=output_range(game.generator),
            classes=len(splits.train.classes),
            say=lambda step, words: _say_beside_bar(f"  step {step:>7,}: {words}"),
        )
        again = " on from its checkpoint" if resumed and (folder / runs.CHECKPOINT).exists() else ""
        print(f"Training{again}: {counted(settings['steps'], 'step')} …", flush=True)
        try:
            history = game.play(
                settings["steps"],
                look_every=max(1, settings["steps"] // 400),
                samples=gan_looks.SAMPLES,
                sample_every=gan_looks.sample_every(settings["steps"]),
                on_samples=looks,
                checkpoint=folder / runs.CHECKPOINT,
                resume=resumed,
            )
        except NonFiniteError as error:
            raise gan_clinic.explained(error, looks.history, settings) from error
        noise, _ = load_generator(folder / runs.CHECKPOINT, game.generator)
        looks.look(settings["steps"], images_of(game.generator, noise))
        print(f"Measuring {counted(gan_measures.SAMPLES, 'sample')} …", flush=True)
        os.environ["MPLBACKEND"] = "agg"  # pictures go into files, whatever windows somebody has chosen
        from nnfromscratch.cli import gan_outcome  # with matplotlib, which takes a moment

        gan_outcome.write_outcome(folder, game, judge, history, looks, timings=timings, resumed=resumed)
    _say_finished(folder)


def _say_what_comes(folder: Path, game: CommandGame, judge: gan.Judge | None) -> None:
    settings, splits = game.settings, game.splits
    print(
        f"Data     {settings['data']}: {len(splits.train):,} images to learn from, {len(splits.test):,} to be measured "
        "against"
    )
    sizes = [sum(array.size for array in player.params.values()) for player in (game.generator, game.discriminator)]
    print(f"Players  {settings['gan']}: generator {sizes[0]:,} parameters, discriminator {sizes[1]:,}")
    print(f"Rules    {rules_in_words(settings)}")
    if judge is None:
        print(f"Judge    {NO_JUDGE.format(data=settings['data'])}")
    print(f"Run      {folder}", flush=True)


def _compile(game: CommandGame, judge: gan.Judge | None) -> None:
    """Use every kernel once."""
    game.play(1)
    images = draw_samples(game.generator, 50, rng=np.random.default_rng(0))
    if judge is not None:
        gan.judge_features(judge, images)


def _steps_in_time(game: CommandGame, yardstick: gan_measures.Measure) -> int:
    minutes = game.settings["minutes"]
    print("Timing a few steps …", flush=True)
    step = seconds_of_a_step(lambda count: game.play(count).seconds, minutes)
    rng = np.random.default_rng(0)
    look = seconds_of(lambda: yardstick.measure(draw_samples(game.generator, gan_looks.SAMPLES, rng=rng), rng=rng))
    steps = steps_in(minutes, step, look)
    print(f"         {1000 * step:.3g} ms a step: {counted(steps, 'step')} in {minutes:g} min, with looks in between")
    return steps


def _say_beside_bar(line: str) -> None:
    """Print a line, above the bar where there is one."""
    from tqdm import tqdm

    tqdm.write(line, file=sys.stdout)
    sys.stdout.flush()


def _say_finished(folder: Path) -> None:
    results = runs.read_results(folder, "generate")["results"]
    try:
        words = gan_measures.in_words(results, len(results["classes"]))
        found = results.get("clinic")
        clinic = None if found is None else [str(Finding(**each)) for each in found] or ["finds nothing wrong"]
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{folder / runs.RESULTS}: expects the results of generate, is damaged: {error!r}") from error
    print(f"Finished: {words}")
    for line in clinic or []:
        print(f"Clinic   {line}")
    print(f"Report   {folder / REPORT}")
