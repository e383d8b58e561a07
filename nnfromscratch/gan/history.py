"""What happened in the game, in numbers: losses and scores of every step, and what was looked at now and then."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from nnfromscratch.errors import CheckpointError

# The figures of every step, which are many: checkpoints keep them as arrays.
PER_STEP = ("discriminator_loss", "generator_loss", "real_score", "generated_score", "gradient_penalty")


@dataclass
class GanHistory:
    """The figures of a game between two networks.

    One entry for each step: discriminator_loss, real_score, generated_score: means over the step's critic steps, the
    loss without penalties, the scores over the images of a batch. generator_loss. gradient_penalty: the unweighted
    penalty, a mean like the loss; empty where the run has none.

    One entry for each look, every ``look_every`` steps: look_step: after how many steps it was. discriminator_gradient,
    generator_gradient: for each layer with parameters, by its place in the network, √(Σ g²) of that step's gradient.
    diversity: the mean distance between two generated images of the batch, divided by that between two real ones.
    nearest: the same with each image's distance to the nearest other of its batch. pinned: the share of the
    discriminator's weights at ``weight_limit``; empty without a limit.

    seconds: spent in steps, also before a resumed run was interrupted.
    """

    discriminator_loss: list[float] = field(default_factory=list)
    generator_loss: list[float] = field(default_factory=list)
    real_score: list[float] = field(default_factory=list)
    generated_score: list[float] = field(default_factory=list)
    gradient_penalty: list[float] = field(default_factory=list)
    look_step: list[int] = field(default_factory=list)
    discriminator_gradient: dict[str, list[float]] = field(default_factory=dict)
    generator_gradient: dict[str, list[float]] = field(default_factory=dict)
    diversity: list[float] = field(default_factory=list)
    nearest: list[float] = field(default_factory=list)
    pinned: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.generator_loss)

    def note(
        self,
        discriminator_loss: float,
        generator_loss: float,
        real_score: float,
        generated_score: float,
        gradient_penalty: float | None,
    ) -> None:
        """Write down the figures of a step."""
        self.discriminator_loss.append(discriminator_loss)
        self.generator_loss.append(generator_loss)
        self.real_score.append(real_score)
        self.generated_score.append(generated_score)
        if gradient_penalty is not None:
            self.gradient_penalty.append(gradient_penalty)

    def to_dict(self) -> dict[str, Any]:
        """A copy as plain lists and numbers, as JSON holds them."""
        return {entry.name: _copy(getattr(self, entry.name)) for entry in fields(self)}

    @classmethod
    def from_dict(cls, figures: Mapping[str, Any]) -> GanHistory:
        """The history whose ``to_dict`` this is. Raises CheckpointError where an entry is missing or unknown.

        >>> history = GanHistory(generator_loss=[0.5, 0.25])
        >>> GanHistory.from_dict(history.to_dict()) == history
        True
        """
        expected, has = {entry.name for entry in fields(cls)}, set(figures)
        if expected != has:
            lacks, extra = (", ".join(sorted(names)) or "nothing" for names in (expected - has, has - expected))
            raise CheckpointError(f"GanHistory: expects the entries of to_dict, lacks {lacks}, has also {extra}")
        return cls(**copy.deepcopy(dict(figures)))


def _copy(figures: Any) -> Any:
    """A number, a list of them or lists by name. ``dataclasses.asdict`` would look at every number of a long game."""
    if isinstance(figures, dict):
        return {name: list(values) for name, values in figures.items()}
    return list(figures) if isinstance(figures, list) else figures
