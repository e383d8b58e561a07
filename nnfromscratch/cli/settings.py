"""The settings of a run: what was typed, completed by the defaults or by what a run to be resumed was started with."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from nnfromscratch import data, kernels, runs
from nnfromscratch.errors import RunError


def command_line(command: str, settings: Mapping[str, Any]) -> str:
    """What to type for a run with these settings.

    >>> command_line("classify", {"data": "my pictures", "epochs": 2, "train_size": None})
    "python -m nnfromscratch classify --data 'my pictures' --epochs 2"
    >>> command_line("generate", {"plain": True, "feature_matching": False})
    'python -m nnfromscratch generate --plain --no-feature-matching'
    """
    words = ["python", "-m", "nnfromscratch", command]
    for name, value in settings.items():
        if value is True or value is False:
            words.append(option(name) if value else f"--no-{option(name)[2:]}")
        elif value is not None:
            words += [option(name), str(value)]
    return shlex.join(words)


def option(name: str) -> str:
    """How a setting is typed.

    >>> option("batch_size")
    '--batch-size'
    """
    return f"--{name.replace('_', '-')}"


def typed(arguments: argparse.Namespace, names: Collection[str]) -> dict[str, Any]:
    """The settings that were typed; the path of data made absolute, so that a run goes on from any folder."""
    found = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    for name in ("data", "judge"):
        if name in found and found[name] not in data.NAMES and Path(found[name]).expanduser().exists():
            found[name] = str(Path(found[name]).expanduser().resolve())
    return found


def of_resumed_run(
    command: str, arguments: argparse.Namespace, chosen: Mapping[str, Any], names: Collection[str]
) -> dict[str, Any]:
    """Those of ``names`` with which the run in --resume was started. Raises RunError where other ones were typed."""
    if arguments.out is not None:
        raise RunError(f"{command}: expects either --out, for a new run, or --resume, has both")
    described = runs.read_run(arguments.resume, command)["settings"]
    settings = {name: described.get(name) for name in names}
    for name, value in chosen.items():
        if value != settings[name]:
            raise RunError(
                f"{command}: {option(name)} expects {settings[name]}, with which {arguments.resume} was started, is "
                f"{value}; leave it out to go on, or start a new run without --resume"
            )
    return settings


def require_kernels(command: str, name: str) -> None:
    """Raise RunError where the compiled kernels are wanted and Numba is missing."""
    if name == "compiled" and (reason := kernels.why_not_compiled()) is not None:
        raise RunError(f"{command}: --kernels compiled expects Numba. {reason}")
