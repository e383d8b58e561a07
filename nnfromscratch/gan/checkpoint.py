"""Checkpoints of a game: everything that decides how it goes on, in one file, written whole or not at all."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch.archive import read_archive, write_archive
from nnfromscratch.errors import CheckpointError, NonFiniteError
from nnfromscratch.gan.game import Game
from nnfromscratch.gan.history import PER_STEP, GanHistory
from nnfromscratch.layers.storage import layer_contents, restore_contents
from nnfromscratch.randomness import generator_state, restore_generator
from nnfromscratch.training.checkpoint import PeriodicSave, require_same_settings
from nnfromscratch.training.nonfinite import bad_parameter
from nnfromscratch.types import Array

PLAYERS = ("generator", "discriminator")


def save_game(path: str | os.PathLike[str], game: Game) -> None:
    """Write ``game`` to ``path``, an ``.npz`` file without pickle, whole or not at all.

    Raises RunError where the folder cannot be written or is full.
    """
    history = game.history.to_dict()
    arrays: dict[str, Array] = {"noise": game.noise}
    arrays |= {f"history/{name}": np.array(history.pop(name), np.float64) for name in PER_STEP}
    numbers: dict[str, Any] = {}
    for place, contents in _memories(game).items():
        arrays |= {f"{place}/{name}": value for name, value in contents.items() if isinstance(value, np.ndarray)}
        numbers[place] = {name: value for name, value in contents.items() if not isinstance(value, np.ndarray)}
    generators = {}
    for player in PLAYERS:
        contents, generators[player] = layer_contents(getattr(game, player))
        arrays |= {f"{player}/{name}": array for name, array in contents.items()}
    description = {
        "kind": "gan",
        "settings": game.settings,
        "steps": game.rules.steps,
        "rng": generator_state(game.rng),
        "generators": generators,
        "numbers": numbers,
        "history": history,
    }
    write_archive(path, arrays, description)


def load_game(path: str | os.PathLike[str], game: Game) -> None:
    """Make ``game``, its players, optimizers and generator included, what it was when ``path`` was written.

    Raises CheckpointError, and changes nothing, where the file is damaged, or was written by a game with other settings
    or more steps: the message names the setting.
    """
    arrays, description = read_archive(path)
    if description.get("kind") != "gan":
        raise CheckpointError(f"{path}: expects a checkpoint of train_gan, is a saved {description.get('kind')}")
    try:
        require_same_settings(path, description["settings"], game.settings)
        if game.rules.steps < description["steps"]:
            raise CheckpointError(
                f"{path}: resume expects at least {description['steps']} steps, is {game.rules.steps}"
            )
        rehearsal = copy.deepcopy(game)  # what fails, fails before anything changes
        _restore(path, rehearsal, arrays, description)
        _restore(path, game, arrays, description)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: expects a checkpoint of train_gan, is damaged: {error!r}") from error


def _memories(game: Game) -> dict[str, Mapping[str, Any]]:
    """What optimizers and techniques remember, by place."""
    return {place: owner.state_dict() for place, owner in _owners(game).items()}


def _owners(game: Game) -> dict[str, Any]:
    owners: dict[str, Any] = {
        "generator_optimizer": game.generator_optimizer,
        "discriminator_optimizer": game.discriminator_optimizer,
        **{f"past_{player}": past for player, past in game.past.items()},
    }
    return owners if game.averaged is None else {**owners, "averaged": game.averaged}


def _restore(
    path: str | os.PathLike[str], game: Game, arrays: Mapping[str, Array], description: Mapping[str, Any]
) -> None:
    for player in PLAYERS:
        generators = description["generators"][player]
        restore_contents(getattr(game, player), _part(arrays, player), generators, source=f"{path}: the {player}")
    for place, owner in _owners(game).items():
        owner.load_state_dict({**description["numbers"][place], **_part(arrays, place)})
    restore_generator(game.rng, description["rng"])
    game.noise = arrays["noise"].copy()
    per_step = {name: arrays[f"history/{name}"].tolist() for name in PER_STEP}
    game.history = GanHistory.from_dict({**description["history"], **per_step})


def _part(arrays: Mapping[str, Array], place: str) -> dict[str, Array]:
    prefix = f"{place}/"
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


class GameSave(PeriodicSave[Game]):
    """Writes the checkpoints of a game."""

    def write(self, path: Path, run: Game) -> None:
        """Write ``run`` to ``path``."""
        save_game(path, run)

    def require_finite(self, run: Game) -> None:
        """Raise NonFiniteError that names the player and its first parameter or statistic with a NaN or infinity."""
        for player in PLAYERS:
            if what := bad_parameter(getattr(run, player)):
                raise NonFiniteError(
                    f"train_gan: after {run.place()}: expects finite parameters, the {player} has {what}{self.kept()}"
                )
