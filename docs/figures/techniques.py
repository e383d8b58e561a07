"""Train the same GAN without and with each technique, for docs/gan-techniques.md.

    NUMBA_NUM_THREADS=1 python docs/figures/techniques.py

It takes an hour or two on one core. After every run it writes what it has; started again, it goes on with what is
missing, and measures anew what has other settings by now. Another file may be named behind it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from nnfromscratch import data, gan, models, runs
from nnfromscratch.bench import machine
from nnfromscratch.gan import measuring
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.optimizers import Adam

FILE = Path(__file__).with_name("techniques.json")
SEEDS = 0, 1, 2
WINDOW = 500  # steps: the discriminator's loss is kept as means over so many
SAME = {
    "model": "article_gan",
    "objective": "non-saturating",
    "steps": 10_000,
    "batch_size": 128,
    "lr_generator": 1e-3,
    "lr_discriminator": 1e-3,
    "beta1": 0.5,
    "samples": 5000,
}
# What each run has besides, or instead.
RUNS = {
    "none": {},
    "together": {"lr_discriminator": 5e-4, "label_smoothing": 0.1, "average": 0.999},
    "as printed": {"beta1": 0.9},
    "label smoothing": {"label_smoothing": 0.1},
    "averaged weights": {"average": 0.999},
    "two learning rates": {"lr_discriminator": 5e-4},
    "feature matching": {"feature_matching": True},
    "instance noise": {"instance_noise": 0.2},
    "virtual batch normalization": {"virtual_batch_norm": True},
    "minibatch discrimination": {"minibatch_discrimination": True},
    "historical averaging": {"historical_averaging": 1e-3},
}
IN_THE_NETWORKS = "minibatch_discrimination", "virtual_batch_norm"


def play(settings, seed, images):
    """The trained generator, the history, and the seconds of computing."""
    rng = np.random.default_rng(seed)
    techniques = {name: value for name, value in settings.items() if name not in SAME}
    layers = {name: techniques[name] for name in IN_THE_NETWORKS if name in techniques}
    generator, discriminator = getattr(models, settings["model"])(**layers, rng=rng)
    adams = [Adam(settings[f"lr_{player}"], beta1=settings["beta1"]) for player in ("generator", "discriminator")]
    clock = time.process_time()
    history = gan.train_gan(
        generator,
        discriminator,
        images,
        objective=settings["objective"],
        generator_optimizer=adams[0],
        discriminator_optimizer=adams[1],
        steps=settings["steps"],
        batch_size=settings["batch_size"],
        techniques=gan.Techniques(**techniques),
        rng=rng,
        progress=False,
    )
    return generator, history, time.process_time() - clock


def measured(settings, seed, images, judge, reference):
    """One run: train, draw samples, and let the judge look at them."""
    play({**settings, "steps": 3}, seed, images)  # compiles what it needs
    generator, history, seconds = play(settings, seed, images)
    z = np.random.default_rng([seed, 1]).standard_normal((settings["samples"], 100), np.float32)
    losses = np.array(history.discriminator_loss)
    return {
        "seed": seed,
        "settings": settings,
        "figures": measuring.judge_figures(*gan.judge_features(judge, generator.predict(z)), reference),
        "cpu_seconds": seconds,
        "discriminator_loss": losses[: len(losses) // WINDOW * WINDOW].reshape(-1, WINDOW).mean(axis=1),
        "finished": runs.now(),
    }


def wanted():
    """All runs: name, settings and seed, the first seed of all names first."""
    return [(what, {**SAME, **special}, seed) for seed in SEEDS for what, special in RUNS.items()]


def main(file=FILE):
    file, splits, judge = Path(file), data.load("mnist"), gan.load_judge()
    kept = json.loads(file.read_text(encoding="utf-8"))["runs"] if file.exists() else []
    kept = [entry for entry in kept if (entry["what"], entry["settings"], entry["seed"]) in wanted()]
    made = [(entry["what"], entry["seed"]) for entry in kept]
    reference, _ = gan.judge_features(judge, splits.test.images)
    drawn = splits.train.images[np.random.default_rng(0).permutation(len(splits.train))[: SAME["samples"]]]
    real = measuring.judge_figures(*gan.judge_features(judge, drawn), reference)
    for what, settings, seed in wanted():
        if (what, seed) in made:
            continue
        print(f"{runs.now()} {what}, seed {seed}", flush=True)
        with use_threads(1):
            entry = {"what": what, **measured(settings, seed, splits.train, judge, reference)}
        kept.append(entry)
        runs.write_json(file, {**machine.describe(), "real": real, "runs": kept})
        values = ", ".join(f"{name} {figure['value']:.4g}" for name, figure in entry["figures"].items())
        print(f"    {values}, {entry['cpu_seconds']:.0f} s", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:2])
