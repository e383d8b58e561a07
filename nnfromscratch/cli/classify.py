"""``python -m nnfromscratch classify``: from a command to a folder with a trained network and what became of it."""

from __future__ import annotations

import argparse
import copy
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch import data, kernels, models, runs, training
from nnfromscratch.cli import recipe
from nnfromscratch.cli.compiling import seconds_to_compile
from nnfromscratch.cli.real_images import load_real_images
from nnfromscratch.cli.settings import command_line, of_resumed_run, require_kernels, typed
from nnfromscratch.cli.stopped import Stopped
from nnfromscratch.data import Dataset, Splits
from nnfromscratch.errors import DataError, RangeError, RunError, ShapeError, require_choice
from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.kernels.threads import thread_count
from nnfromscratch.layers import Sequential
from nnfromscratch.wording import counted, percent

NETWORK, REPORT = "network.npz", "report.html"


def run(arguments: argparse.Namespace) -> int:
    """Train, test and report, in a new folder or from where a run in an old one was stopped."""
    began = time.perf_counter()
    settings = _settings(arguments)
    resumed = arguments.resume is not None
    folder = Path(arguments.resume).expanduser() if resumed else None
    if folder is not None and runs.is_finished(folder):
        _say_finished(folder)
        return 0
    with kernels.use(settings["kernels"]):
        splits = load_splits(settings)
        network = make_network(settings, splits.train)
        if folder is None:
            folder = runs.new_folder("classify", arguments.out)
            described = runs.describe(
                "classify",
                settings | recipe.FIXED,
                seed=settings["seed"],
                kernels=settings["kernels"],
                threads=thread_count(),
            )
            runs.write_run(folder, described | {"command_line": command_line("classify", settings)})
        try:
            with runs.held(folder, "classify"):
                _train_and_report(folder, settings, splits, network, began, resumed)
        except KeyboardInterrupt as error:
            raise Stopped("classify", folder) from error
    return 0


def load_splits(settings: dict[str, Any]) -> Splits:
    """The data in three parts: the seed decides which training images are kept for validation."""
    rng = np.random.default_rng([settings["seed"], 0])
    whole = load_real_images("classify", settings, rng)
    if len(whole.train.classes) < 2:
        raise DataError(f"classify: --data expects at least 2 classes to tell apart, {settings['data']} has 1")
    if len(whole.train) < 2:
        raise DataError(f"classify: --data expects more images, {settings['data']} leaves 1 to learn from")
    train, validation = whole.train.split(min(recipe.VALIDATION, max(1, len(whole.train) // 10)), rng=rng)
    wanted = settings["train_size"]
    if wanted is not None and wanted > len(train):
        raise RangeError(
            f"classify: --train-size expects at most {len(train)}, the images of {settings['data']} that are left to "
            f"learn from, is {wanted}"
        )
    if wanted is not None and wanted < len(train):
        _, train = train.split(wanted, rng=rng)
    if settings["batch_size"] > len(train):
        raise RangeError(
            f"classify: --batch-size expects at most {len(train)}, the images to learn from, "
            f"is {settings['batch_size']}"
        )
    return Splits(train, whole.test, validation)


def make_network(settings: dict[str, Any], train: Dataset) -> Sequential:
    """The network, its first weights decided by the seed."""
    rng = np.random.default_rng([settings["seed"], 1])
    try:
        return models.MODELS[settings["model"]](rng=rng, classes=len(train.classes), input_shape=train.image_shape)
    except ShapeError as error:
        height, width = train.image_shape[1:]
        raise DataError(
            f"classify: --model {settings['model']} expects larger images than {height}×{width} ({error}); "
            "--image-size N resizes the pictures of a folder"
        ) from error


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was typed, completed by the defaults, or by what a run to be resumed was started with."""
    chosen = typed(arguments, recipe.DEFAULTS)
    if "model" in chosen:
        require_choice("classify", "--model", chosen["model"], models.MODELS)
    if "kernels" in chosen:
        require_choice("classify", "--kernels", chosen["kernels"], kernels.SETS)
    if arguments.resume is None:
        settings = {**recipe.DEFAULTS, "kernels": kernels.default(), **chosen}
    else:
        settings = of_resumed_run("classify", arguments, chosen, recipe.DEFAULTS)
        _require_settings(settings, arguments.resume)
    require_kernels("classify", settings["kernels"])
    return settings


def _require_settings(settings: dict[str, Any], folder: str) -> None:
    """Raise RunError where the settings of a run to be resumed are none that this command wrote."""
    for name, default in recipe.DEFAULTS.items():
        kinds = (str,) if name == "kernels" else (int, type(None)) if default is None else (type(default),)
        if not isinstance(settings[name], kinds):
            raise RunError(
                f"classify: {folder}/{runs.RUN} expects the settings of a run, has {name} {settings[name]!r}"
            )
    require_choice("classify", f"model in {folder}/{runs.RUN}", settings["model"], models.MODELS)
    require_choice("classify", f"kernels in {folder}/{runs.RUN}", settings["kernels"], kernels.SETS)


def _train_and_report(
    folder: Path, settings: dict[str, Any], splits: Splits, network: Sequential, began: float, resumed: bool
) -> None:
    train, validation, test = splits.train, splits.validation, splits.test
    print(
        f"Data     {settings['data']}: {len(train):,} images to learn from, {len(validation or ()):,} to choose by, "
        f"{len(test):,} to be tested on"
    )
    parameters = sum(array.size for array in network.params.values())
    print(f"Network  {settings['model']}, {parameters:,} parameters")
    print(f"Run      {folder}", flush=True)
    timings = {"compile_seconds": 0.0}
    if settings["kernels"] == "compiled":
        print("Getting the kernels ready (they are compiled once on each machine) …", flush=True)
        timings["compile_seconds"] = _warm_up(network, train, settings["batch_size"])
    again = " on from its checkpoint" if resumed and (folder / runs.CHECKPOINT).exists() else ""
    print(f"Training{again}: {counted(settings['epochs'], 'epoch')} …", flush=True)
    history = training.fit(
        network,
        train,
        validation,
        loss=softmax_cross_entropy,
        optimizer=recipe.make_optimizer(settings["learning_rate"]),
        schedule=recipe.make_schedule(settings["epochs"] * data.batch_count(train, settings["batch_size"])),
        augment=recipe.make_augmentation(),
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        rng=np.random.default_rng([settings["seed"], 2]),
        restore_best=True,
        checkpoint=folder / runs.CHECKPOINT,
        resume=resumed,
    )
    print(f"Testing on {counted(len(test), 'image')} that it has never seen …", flush=True)
    clock = time.perf_counter()
    evaluation = training.evaluate(network, test)
    timings["test_seconds"] = time.perf_counter() - clock
    network.save(folder / NETWORK)

    os.environ["MPLBACKEND"] = "agg"  # pictures go into files, whatever windows somebody has chosen
    from nnfromscratch.cli import outcome  # with matplotlib, which takes a moment
    from nnfromscratch.report import classification_report, write_page

    results = outcome.gather(settings, splits, network, history, evaluation)
    pictures = outcome.draw(folder, splits, network, history, evaluation)
    timings["total_seconds"] = time.perf_counter() - began
    results["timings"] |= timings
    described = runs.read_run(folder, "classify") | {"resumed": resumed}
    page = classification_report(described, runs.plain(results), pictures, command=described["command_line"])
    write_page(folder / REPORT, page)
    runs.write_results(folder, described, results)  # last: from now on the run counts as finished
    _say_finished(folder)


def _warm_up(network: Sequential, train: Dataset, batch_size: int) -> float:
    """Let every kernel be compiled by a step on a copy of the network; the seconds that took."""
    trial = copy.deepcopy(network)
    x = data.as_input(train.images[:batch_size])

    def step() -> None:
        y, backward = trial.forward(x)
        _, grads = backward(y, wrt=("params",))
        recipe.make_optimizer(recipe.DEFAULTS["learning_rate"]).step(trial.params, grads)
        trial.predict(x)

    return seconds_to_compile(step)


def _say_finished(folder: Path) -> None:
    results = runs.read_results(folder, "classify")["results"]
    try:
        accuracy, errors = float(results["test_accuracy"]), int(results["test_errors"])
        tested = int(results["images"]["test"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{folder / runs.RESULTS}: expects the results of classify, is damaged: {error!r}") from error
    print(f"Finished: test accuracy {percent(accuracy, 2)} ({counted(errors, 'error')} in {counted(tested, 'image')})")
    print(f"Report   {folder / REPORT}")
