"""A game between two steps: the players, the rules, and all that changes while they play."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from nnfromscratch.errors import require_int, require_number
from nnfromscratch.gan.averaging import AveragedWeights, HistoricalAveraging
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.gan.objectives import Objective
from nnfromscratch.gan.real_images import RealImages
from nnfromscratch.gan.techniques import Techniques, decayed, feature_matching, instance_noise
from nnfromscratch.layers.layer import Gradients
from nnfromscratch.optimizers import Optimizer
from nnfromscratch.schedules import Schedule
from nnfromscratch.training.nonfinite import restore_state
from nnfromscratch.types import Array, Backward

Player: TypeAlias = Any  # a Layer; the forward of a Conditional takes labels as well
States: TypeAlias = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class Rules:
    """What both players go by; ``train_gan`` says what each means. Raises RangeError for what makes no sense."""

    objective: Objective
    steps: int
    batch_size: int
    critic_steps: int
    gradient_penalty: float
    weight_limit: float | None
    techniques: Techniques
    generator_schedule: Schedule | None
    discriminator_schedule: Schedule | None
    look_every: int
    samples: int

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "critic_steps", "look_every", "samples"):
            require_int("train_gan", name, getattr(self, name), least=1)
        require_number("train_gan", "gradient_penalty", self.gradient_penalty, least=0)
        if self.weight_limit is not None:
            require_number("train_gan", "weight_limit", self.weight_limit, above=0)


@dataclass
class Game:
    """Two networks, their optimizers, and the generator of random numbers from which everything is drawn.

    critic: what the generator learns from: the discriminator; with feature matching without its last layer.
    latent: how many numbers the generator makes an image of. classes: those that the players are told, 0 for none.
    noise: that of the samples, the same all the time. past, averaged: what the techniques remember of the players.
    settings: what must be the same when the game is taken up again.
    """

    generator: Player
    discriminator: Player
    critic: Player
    generator_optimizer: Optimizer
    discriminator_optimizer: Optimizer
    rng: np.random.Generator
    rules: Rules
    latent: int
    classes: int
    noise: Array
    past: dict[str, HistoricalAveraging]
    averaged: AveragedWeights | None
    settings: dict[str, str] = field(default_factory=dict)
    history: GanHistory = field(default_factory=GanHistory)

    def draw(self, real: RealImages) -> tuple[Array, tuple[Array, ...]]:
        """A minibatch of different real images and, where the players are told them, their labels."""
        chosen = self.rng.choice(len(real), self.rules.batch_size, replace=False, shuffle=False)
        return real.batch(chosen), self._labels(real, chosen)

    def draw_labels(self, real: RealImages) -> tuple[Array, ...]:
        """The labels of a minibatch, as often as they occur with the real images; nothing for players not told them."""
        return self._labels(real, self.rng.integers(len(real), size=self.rules.batch_size)) if self.classes else ()

    def _labels(self, real: RealImages, chosen: Array) -> tuple[Array, ...]:
        return (real.labels[chosen],) if self.classes and real.labels is not None else ()

    def draw_noise(self, count: int) -> Array:
        """Noise that the generator makes images of: (count, latent), standard normal."""
        dtype = np.float32 if self.generator.dtype == np.float32 else np.float64
        return self.rng.standard_normal((count, self.latent), dtype)

    def as_seen(self, images: Array) -> Array:
        """The images as the discriminator is to see them: with instance noise, where that is on."""
        std = self.rules.techniques.instance_noise
        return instance_noise(images, decayed(std, self.history.steps, self.rules.steps), self.rng) if std else images

    def generator_loss(self, judged: Array, real_features: Array | None) -> tuple[float, Backward]:
        """The generator's loss on what the critic makes of its images: scores or, with feature matching, features."""
        if real_features is not None:
            return feature_matching(judged, real_features)
        return self.rules.objective.generator_loss(judged)

    def samples(self) -> Array:
        """Images of always the same noise, by the generator or, where it is on, by its average; each class in turn."""
        network = self.generator if self.averaged is None else self.averaged.network
        labels = (np.arange(len(self.noise)) % self.classes,) if self.classes else ()
        return network.predict(self.noise, *labels)

    def set_rates(self, base: tuple[float, float]) -> None:
        """Give both optimizers the learning rates that their schedules have for the next step."""
        schedules = self.rules.generator_schedule, self.rules.discriminator_schedule
        optimizers = self.generator_optimizer, self.discriminator_optimizer
        for optimizer, lr, schedule in zip(optimizers, base, schedules, strict=True):
            if schedule is not None:
                optimizer.lr = lr * schedule(self.history.steps)

    def place(self) -> str:
        """How far the game has come, for messages."""
        return f"step {self.history.steps}"

    def states(self) -> States:
        """A copy of what both players remember besides their parameters."""
        return copy.deepcopy(dict(self.generator.state)), copy.deepcopy(dict(self.discriminator.state))

    def restore_states(self, states: States) -> None:
        """Give both players back the states of which ``states`` is a copy."""
        restore_state(self.generator, states[0])
        restore_state(self.discriminator, states[1])


@dataclass
class Lesson:
    """What a player has learned from in one update: the loss, the gradients, and the images, real or generated.

    With the discriminator also the gradient penalty and the mean scores.
    """

    loss: float
    grads: Gradients
    images: Array
    penalty: float = 0.0
    real_score: float = 0.0
    generated_score: float = 0.0


class Undo:
    """All that a step of the game changes before its last update, to be put back where a number is not finite.

    The generator is the last to learn, so its parameters and its optimizer need not be kept.
    """

    def __init__(self, game: Game) -> None:
        self.params = {name: array.copy(order="K") for name, array in game.discriminator.params.items()}
        self.optimizer = game.discriminator_optimizer.state_dict()
        self.states = game.states()
        self.rng = game.rng.bit_generator.state

    def put_back(self, game: Game) -> None:
        """Make both players, the discriminator's optimizer and the generator of random numbers what they were."""
        for name, array in self.params.items():
            game.discriminator.params[name] = array
        game.discriminator_optimizer.load_state_dict(self.optimizer)
        game.restore_states(self.states)
        game.rng.bit_generator.state = self.rng
