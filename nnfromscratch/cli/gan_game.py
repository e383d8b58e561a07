"""The game that a recipe describes: its players, its rules, and ``gan.train_gan`` by them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnfromscratch.cli import gan_recipes
from nnfromscratch.cli.gan_settings import in_words_of_the_command
from nnfromscratch.data import Splits
from nnfromscratch.errors import NNFromScratchError
from nnfromscratch.gan.game import Rules
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.gan.setup import new_game, objective_of
from nnfromscratch.gan.training import train_gan
from nnfromscratch.layers import Layer


@dataclass(frozen=True, eq=False)
class CommandGame:
    """Two players, made by the recipe in ``settings``, and the images that they play about."""

    settings: dict[str, Any]
    splits: Splits
    generator: Layer
    discriminator: Layer

    def play(self, steps: int, **more: Any) -> GanHistory:
        """``gan.train_gan`` by the recipe for so many steps; more: what else it is to be given."""
        settings = self.settings
        schedule = gan_recipes.make_schedule(settings | {"steps": steps})
        generator_optimizer, discriminator_optimizer = gan_recipes.make_optimizers(settings)
        with _words_of_the_command(settings):
            return train_gan(
                self.generator,
                self.discriminator,
                self.splits.train,
                objective=settings["objective"],
                generator_optimizer=generator_optimizer,
                discriminator_optimizer=discriminator_optimizer,
                generator_schedule=schedule,
                discriminator_schedule=schedule,
                techniques=gan_recipes.make_techniques(settings),
                steps=steps,
                rng=np.random.default_rng([settings["seed"], 2]),
                **_rules(settings),
                **more,
            )

    def rehearsal(self) -> CommandGame:
        """A game like this one, whose players learn without these learning anything."""
        players = copy.deepcopy((self.generator, self.discriminator))
        return CommandGame(self.settings, self.splits, *players)


def make_game(settings: dict[str, Any], splits: Splits) -> CommandGame:
    """The game of the recipe; the seed decides the players' first weights.

    Raises, in the words of the command line, where players, images and rules do not fit together.
    """
    train = splits.train
    rng = np.random.default_rng([settings["seed"], 1])
    with _words_of_the_command(settings):
        players = gan_recipes.make_players(settings, train.image_shape, len(train.classes), rng)
        techniques = gan_recipes.make_techniques(settings)
        rules = Rules(
            objective=objective_of(settings["objective"], techniques),
            techniques=techniques,
            steps=1,
            generator_schedule=None,
            discriminator_schedule=None,
            look_every=1,
            samples=1,
            **_rules(settings),
        )
        new_game(*players, train, None, *gan_recipes.make_optimizers(settings), rng, rules)
    return CommandGame(settings, splits, *players)


def _rules(settings: dict[str, Any]) -> dict[str, Any]:
    names = ("batch_size", "critic_steps", "gradient_penalty", "weight_limit")
    return {name: settings[name] for name in names}


@contextmanager
def _words_of_the_command(settings: dict[str, Any]) -> Iterator[None]:
    """Errors inside become errors about what was typed."""
    try:
        yield
    except NNFromScratchError as error:
        raise in_words_of_the_command(error, settings) from error
