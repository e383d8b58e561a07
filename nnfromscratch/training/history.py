"""What happened during training, in numbers: figures of every epoch, and of the epoch that is under way."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from nnfromscratch.errors import CheckpointError


@dataclass
class History:
    """The figures of a training run; every list but ``step_loss`` has one entry for each epoch.

    step_loss: the loss of every batch   loss, accuracy: means over the epoch's images, each seen with the parameters
    as they were at that moment   validation_loss, validation_accuracy: after the epoch; empty without validation data
    learning_rate: of the epoch's last step   gradient_norm: for each layer with parameters, by its index, the mean over
    the epoch's steps of √(Σ g²)   seconds: spent in training steps, also before a resumed run was interrupted
    validation_seconds, images_per_second
    best_epoch: the index of the epoch with the highest validation accuracy (of equal ones that with the lowest
    validation loss, then the first)   stopped_early: patience ran out
    """

    step_loss: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    gradient_norm: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    validation_seconds: list[float] = field(default_factory=list)
    images_per_second: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    stopped_early: bool = False

    @property
    def epochs(self) -> int:
        """How many epochs are complete."""
        return len(self.loss)

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.step_loss)

    def add_validation(self, loss: float, accuracy: float, seconds: float) -> bool:
        """Note the figures of a validation; True where they are the best so far."""
        self.validation_loss.append(loss)
        self.validation_accuracy.append(accuracy)
        self.validation_seconds.append(seconds)
        best = self.best_epoch
        if best is not None and (accuracy, -loss) <= (self.validation_accuracy[best], -self.validation_loss[best]):
            return False
        self.best_epoch = len(self.validation_loss) - 1
        return True

    def to_dict(self) -> dict[str, Any]:
        """A copy as plain lists and numbers, as JSON holds them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, figures: Mapping[str, Any]) -> History:
        """The history whose ``to_dict`` this is. Raises CheckpointError where an entry is missing or unknown.

        >>> history = History(loss=[0.5, 0.25])
        >>> History.from_dict(history.to_dict()) == history
        True
        """
        expected, has = {entry.name for entry in fields(cls)}, set(figures)
        if expected != has:
            lacks, extra = (", ".join(sorted(names)) or "nothing" for names in (expected - has, has - expected))
            raise CheckpointError(f"History: expects the entries of to_dict, lacks {lacks}, has also {extra}")
        return cls(**copy.deepcopy(dict(figures)))


@dataclass
class EpochSums:
    """Sums over the steps of the epoch under way; a checkpoint saves them, so that a resumed epoch is complete."""

    steps: int = 0
    images: int = 0
    correct: int = 0
    loss: float = 0.0
    gradient_norm: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, loss: float, correct: int, images: int, gradient_norm: Mapping[str, float]) -> None:
        """Count one step in: ``loss`` is the mean over its images."""
        self.steps += 1
        self.images += images
        self.correct += correct
        self.loss += loss * images
        for layer, norm in gradient_norm.items():
            self.gradient_norm[layer] = self.gradient_norm.get(layer, 0.0) + norm

    def close(self, history: History, learning_rate: float) -> None:
        """Write the epoch's means into ``history``."""
        history.loss.append(self.loss / self.images)
        history.accuracy.append(self.correct / self.images)
        history.learning_rate.append(learning_rate)
        for layer, total in self.gradient_norm.items():
            history.gradient_norm.setdefault(layer, []).append(total / self.steps)
        history.seconds.append(self.seconds)
        history.images_per_second.append(self.images / self.seconds)
