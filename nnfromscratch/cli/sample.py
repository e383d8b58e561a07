"""``python -m nnfromscratch sample``: images by a generator that ``generate`` trained."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch import kernels, runs
from nnfromscratch.cli.gan_files import GENERATOR
from nnfromscratch.cli.gan_recipes import make_players
from nnfromscratch.errors import DataError, RangeError, RunError
from nnfromscratch.gan.sampling import draw_samples, load_generator, write_samples
from nnfromscratch.layers import Layer
from nnfromscratch.models import Conditional
from nnfromscratch.types import Array
from nnfromscratch.wording import counted


def run(arguments: argparse.Namespace) -> int:
    """Draw and write the images, as one picture or as they are."""
    folder = Path(arguments.folder).expanduser()
    described = runs.read_run(folder, "generate", "sample: RUN")
    named = f"sample-{arguments.n}-seed-{arguments.seed}.png"
    path = folder / named if arguments.out is None else Path(arguments.out).expanduser()
    if path.suffix.lower() not in (".png", ".npz"):
        raise RangeError(f"sample: --out expects a file that ends in .png or .npz, is {path}")
    if path.exists():
        raise RunError(f"sample: {path} exists and is never overwritten; give another --out")
    generator, steps = trained_generator(folder, described)
    labels = _labels(arguments, generator, described["classes"])
    with kernels.use("vectorized" if arguments.n <= 256 else kernels.default()):  # a few: quicker than loading Numba
        rng = np.random.default_rng([arguments.seed, 0])
        images = draw_samples(generator, arguments.n, rng=rng, labels=labels)
    if path.suffix.lower() == ".npz":
        write_samples(path, images, labels)
    else:
        os.environ["MPLBACKEND"] = "agg"
        from nnfromscratch import plotting  # with matplotlib, which takes a moment

        title = f"{counted(arguments.n, 'sample')}: {described['settings']['gan']} after {counted(steps, 'step')}"
        plotting.save_figure(
            plotting.sample_grid(images, labels=labels, classes=described["classes"], title=title), path
        )
    print(f"{counted(arguments.n, 'sample')} after {counted(steps, 'step')} of training: {path}")
    return 0


def trained_generator(folder: Path, described: dict[str, Any]) -> tuple[Layer, int]:
    """The generator of a finished run, or of the checkpoint of one under way, and how many steps it has learned.

    Raises RunError where nothing was learned yet or run.json was spoiled, CheckpointError where weights are damaged.
    """
    settings = described["settings"]
    try:
        channels, height, width = map(int, described["image_shape"])
        classes = len(described["classes"])
        generator, _ = make_players(settings, (channels, height, width), classes, np.random.default_rng(0))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"sample: {folder / runs.RUN} expects the settings of a run, is damaged: {error!r}") from error
    if runs.is_finished(folder):
        generator.load(folder / GENERATOR)
        return generator, int(settings["steps"])
    if not (folder / runs.CHECKPOINT).exists():
        raise RunError(f"sample: {folder} expects a generator that has learned something, has no checkpoint yet")
    _, steps = load_generator(folder / runs.CHECKPOINT, generator)
    return generator, steps


def _labels(arguments: argparse.Namespace, generator: Layer, classes: list[str]) -> Array | None:
    """The classes that were typed, or all, in turn; None for a generator that is told none."""
    if not isinstance(generator, Conditional):
        if arguments.classes is not None:
            raise RangeError("sample: --classes expects a run of a conditional GAN, this one makes what it likes")
        return None
    for name in arguments.classes or ():
        if name not in classes:
            raise DataError(f"sample: --classes expects names out of {', '.join(classes)}; is {name!r}")
    chosen = [classes.index(name) for name in arguments.classes or classes]
    return np.resize(np.array(chosen), arguments.n)
