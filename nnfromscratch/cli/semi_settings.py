"""The settings of ``semi``: what was typed, completed by the defaults or by those of the run to be resumed."""

from __future__ import annotations

import argparse
from typing import Any

import nnfromscratch
from nnfromscratch import kernels, runs
from nnfromscratch.cli.semi_parser import DEFAULTS
from nnfromscratch.cli.settings import of_resumed_run, require_kernels, typed
from nnfromscratch.errors import RangeError, RunError, require_choice
from nnfromscratch.semi import ARMS


def semi_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """All settings, checked. Raises RunError or RangeError, in the words of the command line."""
    chosen = typed(arguments, DEFAULTS)
    if "kernels" in chosen:
        require_choice("semi", "--kernels", chosen["kernels"], kernels.SETS)
    if arguments.resume is None:
        settings = {**DEFAULTS, "kernels": kernels.default(), **chosen}
    else:
        settings = of_resumed_run("semi", arguments, chosen, DEFAULTS)
        _require_settings(settings, arguments.resume)
        _require_this_version(arguments.resume)
    require_kernels("semi", settings["kernels"])
    labels_of(settings)
    arms_of(settings)
    return settings


def labels_of(settings: dict[str, Any]) -> tuple[int | None, ...]:
    """The numbers of labels; None for all.

    >>> labels_of({"labels": "10,all"})
    (10, None)
    """
    counts: list[int | None] = []
    for word in str(settings["labels"]).split(","):
        text = word.strip()
        if text != "all" and not (text.isascii() and text.isdigit() and int(text) > 0):
            raise RangeError(
                f"semi: --labels expects whole numbers of at least 1, or all, such as 10,100; has {text!r}"
            )
        counts.append(None if text == "all" else int(text))
    if len(set(counts)) < len(counts):
        raise RangeError(f"semi: --labels expects different numbers, is {settings['labels']}")
    return tuple(counts)


def arms_of(settings: dict[str, Any]) -> tuple[str, ...]:
    """The names of the arms.

    >>> arms_of({"arms": "gan, cnn-aug"})
    ('gan', 'cnn-aug')
    """
    if settings["arms"] == "all":
        return tuple(ARMS)
    names = tuple(name.strip() for name in str(settings["arms"]).split(","))
    for name in names:
        require_choice("semi", "--arms", name, (*ARMS, "all"))
    if "all" in names or len(set(names)) < len(names):
        raise RangeError(f"semi: --arms expects all, or different names, is {settings['arms']}")
    return names


def _require_settings(settings: dict[str, Any], folder: str) -> None:
    """Raise RunError where the settings of a run to be resumed are none that this command wrote."""
    for name, default in DEFAULTS.items():
        value = settings[name]
        kinds: tuple[type, ...] = (str,) if name == "kernels" else (type(default),)
        kinds = (int, float) if isinstance(default, float) else kinds
        optional = name == "image_size" and (value is None or isinstance(value, int))
        if isinstance(value, bool) or not (isinstance(value, kinds) or optional):
            raise RunError(f"semi: {folder}/{runs.RUN} expects the settings of a run, has {name} {value!r}")


def _require_this_version(folder: str) -> None:
    """Raise RunError where the run was started by another version, whose arms may be other ones."""
    began = runs.read_run(folder, "semi").get("versions", {}).get("nnfromscratch")
    if began != nnfromscratch.__version__:
        raise RunError(
            f"semi: --resume expects a run of nnfromscratch {nnfromscratch.__version__}, {folder} was started with "
            f"{began}; start a new run"
        )
