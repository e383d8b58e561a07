"""The settings of ``generate``: a recipe, and what was typed instead of its entries."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from nnfromscratch import gan, kernels, runs
from nnfromscratch.cli.gan_recipes import OTHERS, RECIPES, TECHNIQUES, TYPED, Recipe, make_techniques, recipe_settings
from nnfromscratch.cli.settings import of_resumed_run, option, require_kernels, typed
from nnfromscratch.errors import NNFromScratchError, RunError, require_choice

NO_JUDGE = (
    "none that knows these images, so classifier score, Fréchet distance, classes and confidence are left out; train "
    "one with `python -m nnfromscratch classify --data {data}` and give its folder as --judge RUN"
)
_NOT_PLAIN = (*TECHNIQUES, "lr_generator", "lr_discriminator")


def generate_settings(arguments: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any]]:
    """All settings, and those that were typed. With --minutes the number of steps is None until it is known."""
    chosen = typed(arguments, TYPED)
    if "gan" in chosen:
        require_choice("generate", "--gan", chosen["gan"], RECIPES)
    if "kernels" in chosen:
        require_choice("generate", "--kernels", chosen["kernels"], kernels.SETS)
    if "steps" in chosen and "minutes" in chosen and arguments.resume is None:
        raise RunError("generate: expects either --steps or --minutes, has both")
    others = [name for name in _NOT_PLAIN if chosen.get("plain") and chosen.get(name)]
    if others:
        raise RunError(f"generate: --plain expects the recipe as it was printed, without {option(others[0])}")
    if arguments.resume is None:
        settings = {**OTHERS, "kernels": kernels.default(), **chosen}
        settings = {**recipe_settings(settings["gan"], plain=settings["plain"]), **settings}
        if settings["minutes"] is not None:
            settings["steps"] = None
    else:
        names = (*OTHERS, *(entry.name for entry in fields(Recipe)))
        settings = of_resumed_run("generate", arguments, chosen, names)
        _require_settings(settings, arguments.resume)
    try:
        make_techniques(settings)
    except NNFromScratchError as error:
        raise in_words_of_the_command(error, settings) from error
    require_kernels("generate", settings["kernels"])
    return settings, chosen


def typed_again(chosen: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be typed for the same run once more: the same bits, so steps instead of minutes, and the seed."""
    again = {"gan": settings["gan"], **chosen, "seed": settings["seed"]}
    if settings["steps"] is not None:
        again.pop("minutes", None)
        again["steps"] = settings["steps"]
    return {name: again[name] for name in TYPED if name in again}


def _require_settings(settings: dict[str, Any], folder: str) -> None:
    """Raise RunError where the settings of a run to be resumed are none that this command wrote."""
    where = f"generate: {folder}/{runs.RUN}"
    expected = {**recipe_settings("article", plain=True), **OTHERS, "kernels": "", "judge": "", "minutes": 1.0}
    for name, default in expected.items():
        value = settings[name]
        kinds: tuple[type, ...] = (int, float) if isinstance(default, float) else (type(default),)
        optional = name in ("judge", "minutes", "weight_limit", "image_size") or (
            name == "steps" and settings["minutes"] is not None
        )
        fits = isinstance(value, (int, float) if default is None else kinds) and (
            isinstance(value, bool) == isinstance(default, bool)
        )
        if not (fits or (optional and value is None)):
            raise RunError(f"{where} expects the settings of a run, has {name} {value!r}")
    choices: dict[str, Iterable[str]] = {
        "gan": RECIPES,
        "model": sorted({recipe.model for recipe in RECIPES.values()}),
        "objective": gan.OBJECTIVES,
        "optimizer": ("adam", "rmsprop"),
        "schedule": ("constant", "linear", "cosine"),
        "kernels": kernels.SETS,
    }
    for name, known in choices.items():
        require_choice("generate", f"{name} in {folder}/{runs.RUN}", settings[name], known)


def in_words_of_the_command(error: NNFromScratchError, settings: Mapping[str, Any]) -> NNFromScratchError:
    """The error as one about what was typed."""
    message, where = str(error), f"generate: with --gan {settings['gan']}"
    replaced = {
        "train_gan: batch_size": "generate: --batch-size",
        "smoothed: objective expects one": "generate: --label-smoothing expects an objective",
        **{f"Techniques: {name}": f"generate: {option(name)}" for name in TECHNIQUES},
        **{f"train_gan: techniques with {name} expect": f"{where}, {option(name)} expects" for name in TECHNIQUES},
        "train_gan: ": "generate: ",
        f"{settings['model']}: image_shape expects": f"{where}, --data expects images with",
    }
    for ours, theirs in replaced.items():
        if message.startswith(ours):
            message = theirs + message.removeprefix(ours)
            break
    return type(error)(message)
