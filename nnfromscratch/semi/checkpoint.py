"""Checkpoints of a training with few labels: everything that decides how it goes on, in one file."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch.archive import read_archive, write_archive
from nnfromscratch.errors import CheckpointError, NonFiniteError
from nnfromscratch.layers.storage import layer_contents, restore_contents
from nnfromscratch.randomness import generator_state, restore_generator
from nnfromscratch.semi.history import FewLabelsHistory
from nnfromscratch.semi.learner import Learner
from nnfromscratch.training.checkpoint import PeriodicSave, require_same_settings
from nnfromscratch.training.nonfinite import bad_parameter
from nnfromscratch.types import Array

_KIND = "few labels"


def save_learner(path: str | os.PathLike[str], learner: Learner) -> None:
    """Write ``learner`` to ``path``, an ``.npz`` file without pickle, whole or not at all.

    Raises RunError where the folder cannot be written or is full.
    """
    arrays: dict[str, Array] = {}
    generators = {}
    for name, player in learner.players.items():
        contents, generators[name] = layer_contents(player)
        arrays |= {f"{name}/{key}": array for key, array in contents.items()}
    numbers: dict[str, Any] = {}
    for place, owner in _owners(learner).items():
        remembered = owner.state_dict()
        arrays |= {f"{place}/{key}": value for key, value in remembered.items() if isinstance(value, np.ndarray)}
        numbers[place] = {key: value for key, value in remembered.items() if not isinstance(value, np.ndarray)}
    description = {
        "kind": _KIND,
        "settings": learner.settings,
        "rng": generator_state(learner.rng),
        "generators": generators,
        "numbers": numbers,
        "history": learner.history.to_dict(),
    }
    write_archive(path, arrays, description)


def load_learner(path: str | os.PathLike[str], learner: Learner) -> None:
    """Make ``learner`` what it was when ``path`` was written.

    Raises CheckpointError, and changes nothing, where the file is damaged or was written by a training with other
    settings: the message names the setting.
    """
    arrays, description = read_archive(path)
    if description.get("kind") != _KIND:
        raise CheckpointError(f"{path}: expects a checkpoint of few labels, is a saved {description.get('kind')}")
    try:
        require_same_settings(path, description["settings"], learner.settings)
        kept = {id(learner.data): learner.data}  # the images need no copy
        rehearsal = copy.deepcopy(learner, kept)  # what fails, fails before anything changes
        _restore(path, rehearsal, arrays, description)
        _restore(path, learner, arrays, description)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: expects a checkpoint of few labels, is damaged: {error!r}") from error


class LearnerSave(PeriodicSave[Learner]):
    """Writes the checkpoints of a training with few labels."""

    def write(self, path: Path, run: Learner) -> None:
        """Write ``run`` to ``path``."""
        save_learner(path, run)

    def require_finite(self, run: Learner) -> None:
        """Raise NonFiniteError that names the player and its first parameter or statistic with a NaN or infinity."""
        for name, player in run.players.items():
            if what := bad_parameter(player):
                raise NonFiniteError(
                    f"train_few_labels: after {run.place()}: expects finite parameters, the {name} has {what}"
                    f"{self.kept()}"
                )


def _owners(learner: Learner) -> dict[str, Any]:
    """Who remembers something besides the players, by place."""
    return {
        "optimizer": learner.optimizer,
        "generator_optimizer": learner.generator_optimizer,
        "averaged": learner.averaged,
        "alignment": learner.alignment,
    }


def _restore(
    path: str | os.PathLike[str], learner: Learner, arrays: Mapping[str, Array], description: Mapping[str, Any]
) -> None:
    for name, player in learner.players.items():
        restore_contents(player, _part(arrays, name), description["generators"][name], source=f"{path}: the {name}")
    for place, owner in _owners(learner).items():
        owner.load_state_dict({**description["numbers"][place], **_part(arrays, place)})
    restore_generator(learner.rng, description["rng"])
    learner.history = FewLabelsHistory.from_dict(description["history"])


def _part(arrays: Mapping[str, Array], place: str) -> dict[str, Array]:
    prefix = f"{place}/"
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
