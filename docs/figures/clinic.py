"""Play the games of the clinic, for docs/gan-clinic.md: those that fail, with and without the remedy, and healthy ones.

    NUMBA_NUM_THREADS=1 python docs/figures/clinic.py

It takes half an hour on one core. After every game it writes what it has; started again, it goes on with what is
missing. Another file may be named behind it.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from nnfromscratch import models, runs
from nnfromscratch.bench import machine
from nnfromscratch.gan.clinic import digits, play
from nnfromscratch.gan.clinic_healthy import HEALTHY
from nnfromscratch.gan.clinic_recipes import RECIPES, SHAPE
from nnfromscratch.gan.diagnostics import (
    COPIED_IMAGES,
    DISCRIMINATOR_WON,
    EXPLODING_GRADIENTS,
    MODE_COLLAPSE,
    PINNED_WEIGHTS,
)
from nnfromscratch.gan.symptoms import lengths
from nnfromscratch.kernels.threads import use_threads

FILE = Path(__file__).with_name("clinic.json")
SEEDS = 0, 1, 2
SHOWN = 16  # images of the first seed
POINTS = 50  # of its curves


# What the article asks for, one at a time, everything else as in the recipe that fails.


def other_rates(recipe, generator, discriminator):
    recipe.settings["generator_optimizer"].lr = generator
    recipe.settings["discriminator_optimizer"].lr = discriminator
    return recipe


def larger_batches(recipe):
    return changed(recipe, batch_size=4 * recipe.settings["batch_size"])


def convolutional(recipe):
    """DCGAN's networks; in the Wasserstein games, whose penalty needs it, those whose critic normalizes nothing."""
    model = models.wgan if recipe.settings["objective"] == "wasserstein" else models.dcgan
    players = model(rng=np.random.default_rng(recipe.seed), image_shape=SHAPE, width=8)
    return dataclasses.replace(recipe, generator=players[0], discriminator=players[1])


def wasserstein(recipe):
    return changed(recipe, objective="wasserstein", gradient_penalty=10.0, weight_limit=None)


def more_images(recipe):
    return dataclasses.replace(recipe, images=digits()[0])


def changed(recipe, **settings):
    return dataclasses.replace(recipe, settings={**recipe.settings, **settings})


# Other learning rates, generator and discriminator: equal ones where they differed, else a hundredth or a tenth.
RATES = {
    MODE_COLLAPSE: (1e-3, 1e-3),
    DISCRIMINATOR_WON: (2e-4, 2e-4),
    EXPLODING_GRADIENTS: (5e-5, 5e-5),
    PINNED_WEIGHTS: (5e-4, 5e-4),
    COPIED_IMAGES: (2e-4, 2e-4),
}
CHANGES = {
    "other learning rates": lambda kind: partial(other_rates, generator=RATES[kind][0], discriminator=RATES[kind][1]),
    "batches four times as large": lambda kind: None if kind == COPIED_IMAGES else larger_batches,
    "convolutional networks (DCGAN)": lambda _: convolutional,
    "Wasserstein with gradient penalty (WGAN)": lambda _: wasserstein,
    "more images": lambda kind: more_images if kind == COPIED_IMAGES else None,
}


def wanted():
    """All games: (group, what, change, seed) and how each is made, the first seed of all first."""
    games = {}
    for seed in SEEDS:
        for kind, recipe in RECIPES.items():
            games["failing", kind, "", seed] = partial(recipe, seed=seed)
            games["remedied", kind, "", seed] = partial(recipe, seed=seed, remedied=True)
        for name, recipe in HEALTHY.items():
            games["healthy", name, "", seed] = partial(recipe, seed=recipe.keywords["seed"] + 100 * seed)
        for kind, recipe in RECIPES.items():
            for words, change in CHANGES.items():
                if alter := change(kind):
                    games["changed", kind, words, seed] = partial(_altered, recipe, alter, seed)
    return games


def _altered(recipe, alter, seed):
    return alter(recipe(seed=seed))


def measured(make, *, shown):
    """One game, played to its end, and what the clinic says. shown: with curves and samples."""
    recipe = make()
    clock = time.process_time()
    with use_threads(1):
        outcome = play(recipe)
    entry = {
        "seconds": round(time.process_time() - clock, 1),
        "findings": [dataclasses.asdict(finding) for finding in outcome.findings],
        "figures": None if outcome.figures is None else _rounded(dataclasses.asdict(outcome.figures)),
        "stopped": None if outcome.stopped is None else str(outcome.stopped),
        "steps": outcome.history.steps,
    }
    if shown:
        images = np.ascontiguousarray(outcome.samples[:SHOWN])
        entry |= {"curves": _curves(outcome.history), "samples": base64.b64encode(images.tobytes()).decode()}
    return entry


def _curves(history):
    """The figures of the looks, thinned; scores are means over the steps up to each."""
    chosen = np.linspace(0, len(history.look_step) - 1, min(POINTS, len(history.look_step))).round().astype(int)
    steps = [history.look_step[place] for place in chosen]
    each = {
        "generator_gradient": lengths(history.generator_gradient),
        "discriminator_gradient": lengths(history.discriminator_gradient),
        "diversity": history.diversity,
        "nearest": history.nearest,
        "pinned": history.pinned,
    }
    curves = {name: [float(values[place]) for place in chosen] for name, values in each.items() if len(values)}
    for name in ("real_score", "generated_score"):
        parts = zip([0, *steps], steps, strict=False)
        curves[name] = [float(np.mean(getattr(history, name)[start:end])) for start, end in parts]
    return {"step": steps, **_rounded(curves)}


def _rounded(figures):
    """Three digits that count."""

    def short(value):
        return value if value is None or not np.isfinite(value) else float(f"{value:.3g}")

    return {
        name: [short(v) for v in value] if isinstance(value, list) else short(value) for name, value in figures.items()
    }


def main(file=FILE):
    file, games = Path(file), wanted()
    kept = json.loads(file.read_text(encoding="utf-8"))["games"] if file.exists() else []
    kept = [entry for entry in kept if key(entry) in games]
    made = {key(entry) for entry in kept}
    for (group, what, change, seed), make in games.items():
        if (group, what, change, seed) in made:
            continue
        game = {"group": group, "what": what, "change": change, "seed": seed}
        kept.append(game | measured(make, shown=seed == SEEDS[0] and group in ("failing", "remedied")))
        runs.write_json(file, {**machine.describe(), "finished": runs.now(), "games": kept})
        said = ", ".join(finding["kind"] for finding in kept[-1]["findings"]) or "nothing"
        print(f"{group} {what} {change} {seed}: {said}, {kept[-1]['seconds']} s", flush=True)


def key(entry):
    return entry["group"], entry["what"], entry["change"], entry["seed"]


if __name__ == "__main__":
    main(*sys.argv[1:2])
