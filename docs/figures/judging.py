"""Measure how the judge and the metrics behave on images whose worth is known, for docs/judging-generated-images.md.

    python docs/figures/judging.py

It takes a minute or two on one core. ``--record RUN`` instead puts the judge into the package, from the folder of the
run that trained it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np

from nnfromscratch import data, gan, runs
from nnfromscratch.bench import machine
from nnfromscratch.gan import measuring

FILE = Path(__file__).with_name("judging.json")
PACKAGE = Path(gan.__file__).parent
COUNTS = 1000, 2500, 5000, 10_000
SAMPLES, NEAREST, DRAWS = 10_000, 1000, 20


def known_images(splits, count, rng):
    """Kinds of images, none of them made by a network, by what they are: ``count`` of each."""

    def draw(images):
        return as_floats(images[rng.permutation(len(images))[:count]])

    train, test = splits.train, splits.test
    digits = draw(test.images)
    ones = train.images[train.labels == 1]
    means = np.stack([train.images[train.labels == k].mean(axis=0) for k in range(10)]) / np.float32(255)
    return {
        "test images": digits,
        "copies of training images": draw(train.images),
        "copies, one pixel to the right": np.roll(draw(train.images), 1, axis=3),
        "100 training images, each many times": as_floats(train.images[rng.integers(len(train), size=100)])[
            np.arange(count) % 100
        ],
        "copies in noise of 0.1": noisy(draw(train.images), 0.1, rng),
        "test images in noise of 0.1": noisy(digits, 0.1, rng),
        "test images in noise of 0.3": noisy(digits, 0.3, rng),
        "test images, blurred": blurred(digits),
        "test images, blurred twice": blurred(blurred(digits)),
        "upper and lower halves of different ones": np.concatenate([digits[:, :, :14], digits[::-1, :, 14:]], axis=2),
        "the mean of each digit, in turn": means[np.arange(count) % 10],
        "nothing but ones": as_floats(ones[rng.integers(len(ones), size=count)]),
        "empty images": np.zeros((count, 1, 28, 28), np.float32),
        "random pixels": rng.random((count, 1, 28, 28), dtype=np.float32),
    }


def as_floats(images):
    return images.astype(np.float32) / np.float32(255)


def noisy(images, std, rng):
    return np.clip(images + std * rng.standard_normal(images.shape, dtype=np.float32), 0, 1)


def blurred(images):
    """Each pixel a mean of nine, weighted 1 2 1 in both directions."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    rows = (padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]) / 4
    return (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 4


def repeated_draws(splits, yardstick, rng):
    """Images drawn again and again: the mean of each metric, its spread over the draws, and the spread that is told."""

    def drawn(part, count):
        return (part.images[rng.permutation(len(part))[:count]] for _ in range(DRAWS))

    def judged(images):
        return measuring.judge_figures(*gan.judge_features(yardstick.judge, images), yardstick.reference)

    rows = []
    for count in COUNTS:
        figures = [judged(images) for images in drawn(splits.train, count)]
        rows.append({"what": "training images", "count": count, "draws": DRAWS, **_over(figures)})
    for count in (COUNTS[0], COUNTS[-1]):
        figures = [judged(noisy(as_floats(images), 0.1, rng)) for images in drawn(splits.train, count)]
        rows.append({"what": "training images in noise of 0.1", "count": count, "draws": DRAWS, **_over(figures)})
    distances = [gan.nearest_training_images(images, splits.train.images)[0] for images in drawn(splits.test, NEAREST)]
    figures = [measuring.distance_figures(each, yardstick.copied_below) for each in distances]
    return rows, {"what": "test images", "count": NEAREST, "draws": DRAWS, **_over(figures)}


def _over(figures):
    names = [name for name in figures[0] if "spread" in figures[0][name]]
    return {
        name: {
            "mean": float(np.mean([each[name]["value"] for each in figures])),
            "over_draws": float(np.std([each[name]["value"] for each in figures], ddof=1)),
            "told": float(np.sqrt(np.mean([each[name]["spread"] ** 2 for each in figures]))),
        }
        for name in names
    }


def record(folder):
    """Put the network of a finished run into the package as its judge."""
    run, results = (runs.read_results(folder)[part] for part in ("run", "results"))
    shutil.copyfile(Path(folder) / "network.npz", PACKAGE / "judge.npz")
    settings = run["settings"]
    words = ["--model", settings["model"], "--epochs", str(settings["epochs"]), "--seed", str(settings["seed"])]
    runs.write_json(
        PACKAGE / "judge.json",
        {
            "what": "models.judge_cnn, trained on MNIST; the weights are in judge.npz",
            "command": " ".join(["python -m nnfromscratch classify", *words]),
            "seed": settings["seed"],
            "epochs": settings["epochs"],
            "classes": results["classes"],
            "parameters": results["network"]["parameters"],
            "training_images": results["images"]["train"],
            "validation_accuracy": results["validation_accuracy"],
            "test_images": results["images"]["test"],
            "test_accuracy": results["test_accuracy"],
            "test_errors": results["test_errors"],
            "kernels": run["kernels"],
            "versions": run["versions"],
            "platform": run["platform"],
            "sha256": hashlib.sha256((PACKAGE / "judge.npz").read_bytes()).hexdigest(),
        },
    )


def main():
    rng, splits = np.random.default_rng(0), data.load("mnist")
    yardstick = gan.real_yardstick(splits.train, splits.test, SAMPLES, nearest_count=NEAREST, rng=rng)
    kinds = known_images(splits, SAMPLES, rng)
    known = [{"what": what, **yardstick.measure(images, rng=rng)} for what, images in kinds.items()]
    by_count, near = repeated_draws(splits, yardstick, rng)
    results = {
        **machine.describe(),
        "finished": runs.now(),
        "yardstick": yardstick.figures,
        "by_count": by_count,
        "near": near,
        "known": known,
    }
    runs.write_json(FILE, results)
    print(json.dumps(runs.plain(results), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"]:
        record(sys.argv[2])
    else:
        main()
