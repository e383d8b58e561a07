"""Checkpoints: everything that decides how a run goes on, in one file, written whole or not at all."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from glob import escape
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from nnfromscratch.archive import read_archive, write_archive
from nnfromscratch.errors import CheckpointError, NonFiniteError
from nnfromscratch.layers import Layer
from nnfromscratch.layers.storage import layer_contents, restore_contents
from nnfromscratch.optimizers import Optimizer
from nnfromscratch.randomness import generator_state, restore_generator
from nnfromscratch.training.history import EpochSums, History
from nnfromscratch.training.nonfinite import bad_parameter
from nnfromscratch.types import Array

Saved = TypeVar("Saved")


@dataclass
class Run:
    """A training run between two steps.

    settings: what must be the same when the run is taken up again; epochs, the number wanted, may grow.
    epoch_rng: the state of ``rng`` when the epoch began; with it and the number of steps in ``sums`` the epoch is
    taken up in its middle. best: parameters and statistics after the best epoch, named as ``layer_contents`` does.
    """

    network: Layer
    optimizer: Optimizer
    rng: np.random.Generator
    epochs: int
    settings: dict[str, str] = field(default_factory=dict)
    history: History = field(default_factory=History)
    sums: EpochSums = field(default_factory=EpochSums)
    epoch_rng: str = ""
    best: dict[str, Array] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """All epochs are complete, or patience ran out."""
        return self.history.epochs >= self.epochs or self.history.stopped_early

    def begin_epoch(self) -> None:
        """Nothing of the next epoch is done; note the state of the generator before the epoch draws from it."""
        self.sums = EpochSums()
        self.epoch_rng = generator_state(self.rng)

    def place(self) -> str:
        """How far the run has come, for messages: "17 steps of epoch 2", epochs counted from 1."""
        return f"{self.sums.steps} steps of epoch {self.history.epochs + 1}"

    def keep_best(self) -> None:
        """Copy parameters and statistics: they are the best so far."""
        arrays, _ = layer_contents(self.network)
        self.best = {name: array.copy(order="K") for name, array in arrays.items()}

    def restore_best(self) -> None:
        """Give the network the parameters and statistics of the best epoch."""
        _, generators = layer_contents(self.network)
        restore_contents(self.network, self.best, generators, source="the best epoch")


def save_checkpoint(path: str | os.PathLike[str], run: Run) -> None:
    """Write ``run`` to ``path``, an ``.npz`` file without pickle, whole or not at all.

    Raises RunError where the folder cannot be written or is full.
    """
    network, generators = layer_contents(run.network)
    optimizer = run.optimizer.state_dict()
    history = run.history.to_dict()
    arrays = {
        **{f"network/{name}": array for name, array in network.items()},
        **{f"best/{name}": array for name, array in run.best.items()},
        **{f"optimizer/{name}": value for name, value in optimizer.items() if isinstance(value, np.ndarray)},
        "step_loss": np.array(history.pop("step_loss"), np.float64),
    }
    description = {
        "kind": "training",
        "settings": run.settings,
        "epochs": run.epochs,
        "generators": generators,
        "optimizer": {name: value for name, value in optimizer.items() if not isinstance(value, np.ndarray)},
        "epoch_rng": run.epoch_rng,
        "sums": asdict(run.sums),
        "history": history,
    }
    write_archive(path, arrays, description)


def load_checkpoint(path: str | os.PathLike[str], run: Run) -> None:
    """Make ``run``, its network, optimizer and generator included, what it was when ``path`` was written.

    Raises CheckpointError, and changes nothing, where the file is damaged, or was written by a run with other settings
    or more epochs: the message names the setting.
    """
    arrays, description = read_archive(path)
    if description.get("kind") != "training":
        raise CheckpointError(f"{path}: expects a checkpoint of training, is a saved {description.get('kind')}")
    try:
        require_same_settings(path, description["settings"], run.settings)
        if run.epochs < description["epochs"]:
            raise CheckpointError(f"{path}: resume expects at least {description['epochs']} epochs, is {run.epochs}")
        rehearsal = copy.deepcopy(run)  # what fails, fails before anything changes
        _restore(path, rehearsal, arrays, description)
        _restore(path, run, arrays, description)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: expects a checkpoint of training, is damaged: {error!r}") from error


def require_same_settings(path: str | os.PathLike[str], saved: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Raise CheckpointError that names the first setting which is not as when the run began."""
    for name in [*given, *(name for name in saved if name not in given)]:
        expected, has = saved.get(name, "none"), given.get(name, "none")
        if expected != has:
            raise CheckpointError(f"{path}: resume expects {name} as when the run began: {expected}; is {has}")


def _restore(
    path: str | os.PathLike[str], run: Run, arrays: Mapping[str, Array], description: Mapping[str, Any]
) -> None:
    restore_contents(run.network, _part(arrays, "network/"), description["generators"], source=str(path))
    run.optimizer.load_state_dict({**description["optimizer"], **_part(arrays, "optimizer/")})
    restore_generator(run.rng, description["epoch_rng"])
    run.epoch_rng = description["epoch_rng"]
    run.sums = EpochSums(**copy.deepcopy(description["sums"]))
    run.history = History.from_dict({**description["history"], "step_loss": arrays["step_loss"].tolist()})
    run.best = _part(arrays, "best/")


def _part(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


class PeriodicSave(Generic[Saved]):
    """Writes checkpoints: when asked, and in between every so many seconds, which takes at most 1/50 of the time.

    With 0 seconds it writes after every step. A subclass says how something is written and what must be finite in it.
    """

    def __init__(self, path: str | os.PathLike[str] | None, seconds: float) -> None:
        self.path = None if path is None else Path(path)
        self.seconds = seconds
        self._due = time.monotonic() + seconds
        if self.path is not None:  # what a run that was killed while it wrote has left
            for leftover in self.path.parent.glob(f".{escape(self.path.name)}.*.part"):
                with suppress(OSError):
                    leftover.unlink()

    def __call__(self, run: Saved) -> None:
        """Write ``run`` now. Raises NonFiniteError, and leaves the last file, where a parameter is not finite."""
        self.require_finite(run)
        if self.path is not None:
            began = time.monotonic()
            self.write(self.path, run)
            ended = time.monotonic()
            self._due = ended + (max(self.seconds, 50 * (ended - began)) if self.seconds else 0)

    def write(self, path: Path, run: Saved) -> None:
        """Write ``run`` to ``path``."""
        raise NotImplementedError(f"{type(self).__name__} has no write")

    def require_finite(self, run: Saved) -> None:
        """Raise NonFiniteError where a number of ``run`` is NaN or infinite."""
        raise NotImplementedError(f"{type(self).__name__} has no require_finite")

    def when_due(self, run: Saved) -> None:
        """Write ``run`` if it is time."""
        if self.path is not None and time.monotonic() >= self._due:
            self(run)

    def kept(self) -> str:
        """What remains, for the end of a message."""
        return "" if self.path is None else f"; the last good checkpoint is {self.path}"


class Autosave(PeriodicSave[Run]):
    """Writes the checkpoints of a training run."""

    def write(self, path: Path, run: Run) -> None:
        """Write ``run`` to ``path``."""
        save_checkpoint(path, run)

    def require_finite(self, run: Run) -> None:
        """Raise NonFiniteError that names the first parameter or statistic with a NaN or an infinity."""
        if what := bad_parameter(run.network):
            raise NonFiniteError(f"fit: after {run.place()}: expects finite parameters, has {what}{self.kept()}")
