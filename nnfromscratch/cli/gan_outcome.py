"""What a finished run of ``generate`` is made into: samples, figures by name, pictures, a page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from operator import methodcaller
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from nnfromscratch import gan, plotting, runs
from nnfromscratch.cli import gan_clinic, gan_measures
from nnfromscratch.cli.gan_files import ANIMATION, DISCRIMINATOR, GENERATOR, REPORT, SAMPLES
from nnfromscratch.cli.gan_game import CommandGame
from nnfromscratch.cli.gan_looks import SHOWN, Looks
from nnfromscratch.files import write_whole
from nnfromscratch.gan.history import PER_STEP, GanHistory
from nnfromscratch.gan.players import input_shape_of, layers_of
from nnfromscratch.gan.sampling import draw_samples, images_of, write_samples
from nnfromscratch.gan.slerp import slerp
from nnfromscratch.layers import Layer
from nnfromscratch.models import Conditional
from nnfromscratch.report import generation_report, write_page
from nnfromscratch.types import Array

Pairs: TypeAlias = tuple[Array, Array, Array, float]
_POINTS = 500  # of each curve in results.json; the checkpoint has every step
_LISTED = 12  # pairs of a sample and its nearest training image
_ROWS, _STEPS = 8, 11  # of the picture of what lies between samples


def write_outcome(
    folder: Path,
    game: CommandGame,
    judge: gan.Judge | None,
    history: GanHistory,
    looks: Looks,
    *,
    timings: dict[str, float],
    resumed: bool,
) -> None:
    """Draw and measure the samples and write everything, ``results.json`` last: with it the run counts as finished.

    timings: has when the run began, "began", and what is known already.
    """
    settings, splits = game.settings, game.splits
    game.generator.save(folder / GENERATOR)
    game.discriminator.save(folder / DISCRIMINATOR)
    clock = time.perf_counter()
    images = draw_samples(game.generator, gan_measures.SAMPLES, rng=np.random.default_rng([settings["seed"], 5]))
    labels = np.arange(len(images)) % game.generator.classes if isinstance(game.generator, Conditional) else None
    write_samples(folder / SAMPLES, images, labels)
    rng = np.random.default_rng([settings["seed"], 6])
    yardstick = gan_measures.make_measure(splits, judge, len(images), gan_measures.NEAREST, rng)
    measured = yardstick.measure(images, rng=rng)
    some = images[: gan_measures.NEAREST]
    distances, nearest = gan.nearest_training_images(some, splits.train.images)
    timings |= {
        "measuring_seconds": time.perf_counter() - clock,
        "training_seconds": history.seconds,
        "steps_per_second": history.steps / history.seconds,
        "images_per_second": history.steps * settings["critic_steps"] * settings["batch_size"] / history.seconds,
    }
    found = gan_clinic.findings_of(settings, history, images, splits)
    results = _gather(game, history, looks, measured) | {
        "closest_pairs": _closest(distances, nearest),
        "clinic": None if found is None else [asdict(finding) for finding in found],
    }
    pairs = some, splits.train.images[nearest], distances, results["nearest_distance"]["real"]
    pictures = draw(folder, game, history, looks, images, labels, pairs)
    timings["total_seconds"] = time.perf_counter() - timings.pop("began")
    described = runs.read_run(folder, "generate") | {"resumed": resumed}
    results["timings"] = timings
    page = generation_report(described, runs.plain(results), pictures, command=described["command_line"])
    write_page(folder / REPORT, page)
    runs.write_results(folder, described, results)


def draw(
    folder: Path,
    game: CommandGame,
    history: GanHistory,
    looks: Looks,
    images: Array,
    labels: Array | None,
    pairs: Pairs,
) -> dict[str, bytes]:
    """The pictures of a game, written to ``folder`` and returned: PNG by name, and the animation, a GIF.

    pairs: samples, the training image nearest to each, their distances, and the mean distance of test images.
    """
    moments = sorted(looks.frames)
    frames = np.stack([looks.frames[step] for step in moments])
    over_time = looks.over_time()
    courses: dict[str, Sequence[float]] = {name: over_time[name] for name in over_time["real"]}
    figures = {
        "samples": plotting.sample_grid(
            images[:SHOWN],
            labels=None if labels is None else labels[:SHOWN],
            classes=game.splits.train.classes,
            title=f"{game.settings['gan']} after {history.steps:,} steps",
        ),
        "progress": plotting.training_strip(moments, frames),
        "scores": plotting.game_curves(
            history.discriminator_loss, history.generator_loss, history.real_score, history.generated_score
        ),
        "metrics": plotting.metrics_over_training(
            over_time["step"],
            courses,
            over_time["real"],
            samples=over_time["samples"],
            nearest_samples=over_time["nearest_samples"],
        ),
        "interpolation": plotting.interpolations(_between(game)),
        "nearest": plotting.nearest_images(*pairs[:3], typical=pairs[3]),
    }
    pictures = {name: _written(folder / f"{name}.png", plotting.png_bytes(figure)) for name, figure in figures.items()}
    pictures["animation"] = _written(folder / ANIMATION, plotting.training_animation(moments, frames))
    return pictures


def _written(path: Path, picture: bytes) -> bytes:
    write_whole(path, methodcaller("write", picture))
    return picture


def _gather(game: CommandGame, history: GanHistory, looks: Looks, measured: dict[str, Any]) -> dict[str, Any]:
    """The part "results" of ``results.json``, so far as it does not need the pictures or the clock."""
    settings, train = game.settings, game.splits.train
    metrics = gan_measures.only_metrics(measured)
    players = {"generator": game.generator, "discriminator": game.discriminator}
    return {
        **metrics,
        "measured": {name: value for name, value in measured.items() if name not in metrics},
        "over_time": looks.over_time(),
        "history": thinned(history),
        "steps": history.steps,
        "data": Path(settings["data"]).name,
        "classes": train.classes,
        "images": {"train": len(train), "test": len(game.splits.test)},
        "image_shape": train.image_shape,
        "network": {"gan": settings["gan"], **{name: _network(player) for name, player in players.items()}},
    }


def thinned(history: GanHistory, points: int = _POINTS) -> dict[str, Any]:
    """The history with at most ``points`` means over steps in a row instead of every step; "step" is the last of each.

    >>> history = GanHistory(generator_loss=[1.0, 2.0, 3.0, 4.0, 5.0])
    >>> figures = thinned(history, points=3)
    >>> figures["step"], figures["generator_loss"]
    ([2, 4, 5], [1.5, 3.5, 5.0])
    """
    figures = history.to_dict()
    del figures["seconds"]
    width = -(-history.steps // points) or 1
    starts = range(0, history.steps, width)
    for name in PER_STEP:
        values = figures[name]
        figures[name] = [float(np.mean(values[start : start + width])) for start in starts if values]
    return {"step": [min(start + width, history.steps) for start in starts], **figures}


def _network(player: Layer) -> dict[str, Any]:
    rows = [
        {"layer": repr(layer), "parameters": sum(array.size for array in layer.params.values())}
        for layer in layers_of(player)
    ]
    return {"parameters": sum(array.size for array in player.params.values()), "layers": rows}


def _closest(distances: Array, nearest: Array) -> list[dict[str, Any]]:
    order = np.argsort(distances, kind="stable")[:_LISTED]
    return [
        {"sample": int(place), "training_image": int(nearest[place]), "distance": float(distances[place])}
        for place in order
    ]


def _between(game: CommandGame) -> Array:
    """Rows of images, each from one sample to another; where the generator is told classes, a row keeps its class."""
    rng = np.random.default_rng([game.settings["seed"], 7])
    (latent,) = input_shape_of("generator", game.generator)
    ends = rng.standard_normal((_ROWS, 2, latent), game.generator.dtype.type)
    noise = np.concatenate([slerp(start, end, np.linspace(0, 1, _STEPS)) for start, end in ends])
    labels = None
    if isinstance(game.generator, Conditional):
        labels = np.repeat(np.arange(_ROWS) % game.generator.classes, _STEPS)
    images = images_of(game.generator, noise, labels)
    return images.reshape(_ROWS, _STEPS, *images.shape[1:])
