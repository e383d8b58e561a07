"""From what ``train_gan`` was given to a game that can begin: everything is looked at before anything changes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnfromscratch.data import Dataset
from nnfromscratch.errors import DtypeError
from nnfromscratch.gan import checks
from nnfromscratch.gan.averaging import AveragedWeights, HistoricalAveraging
from nnfromscratch.gan.game import Game, Rules
from nnfromscratch.gan.objectives import Objective, require_objective, smoothed
from nnfromscratch.gan.players import input_shape_of, output_range, without_last_dense
from nnfromscratch.gan.real_images import RealImages
from nnfromscratch.gan.techniques import Techniques
from nnfromscratch.layers import Layer
from nnfromscratch.models import Conditional
from nnfromscratch.optimizers import Optimizer
from nnfromscratch.training.settings import in_words, layers_in_words, seed_in_words
from nnfromscratch.types import Array


def objective_of(objective: Objective | str, techniques: Techniques) -> Objective:
    """The objective, or the one of that name, with the target of real images that the techniques ask for.

    Raises RangeError for a name that is none and where there is no target to smooth, DtypeError for something else.
    """
    if not isinstance(techniques, Techniques):
        raise DtypeError(f"train_gan: techniques expects Techniques(...), is {type(techniques).__name__}")
    if isinstance(objective, str):
        objective = require_objective(objective)
    if not isinstance(objective, Objective):
        raise DtypeError(f"train_gan: objective expects an Objective or its name, is {type(objective).__name__}")
    return smoothed(objective, techniques.label_smoothing) if techniques.label_smoothing else objective


def new_game(
    generator: Layer,
    discriminator: Layer,
    images: Dataset | Array,
    labels: Array | None,
    generator_optimizer: Optimizer,
    discriminator_optimizer: Optimizer,
    rng: np.random.Generator,
    rules: Rules,
) -> tuple[Game, RealImages]:
    """A game without a step, and the images; the noise of its samples is not drawn yet.

    Raises, naming the argument, unless all of it fits together.
    """
    checks.require_players(generator, discriminator)
    checks.require_optimizers(generator_optimizer, discriminator_optimizer, rng)
    real = RealImages(images, output_range(generator), generator.dtype, labels)
    checks.require_shapes(generator, discriminator, real.image_shape)
    checks.require_batches(rules, generator, discriminator, real)
    checks.require_techniques(rules, generator, discriminator)
    classes = generator.classes if isinstance(generator, Conditional) else 0
    checks.require_labels(real, labels, classes)
    techniques = rules.techniques
    latent = input_shape_of("generator", generator)[0]
    game = Game(
        generator,
        discriminator,
        without_last_dense(discriminator) if techniques.feature_matching else discriminator,
        generator_optimizer,
        discriminator_optimizer,
        rng,
        rules,
        latent,
        classes,
        np.empty((0, latent), generator.dtype),
        _pasts(techniques.historical_averaging),
        AveragedWeights(techniques.average, generator) if techniques.average else None,
    )
    return game, real


def _pasts(weight: float) -> dict[str, HistoricalAveraging]:
    return {player: HistoricalAveraging(weight) for player in ("generator", "discriminator")} if weight else {}


def game_settings(game: Game, real: RealImages) -> dict[str, str]:
    """All that decides the bits of a game, by name and in words: it is taken up again by a call with the same."""
    rules = game.rules
    settings = dict(_in_words("generator", game.generator)) | dict(_in_words("discriminator", game.discriminator))
    settings |= {
        "images": real.in_words(),
        "generator_optimizer": in_words(game.generator_optimizer, besides="steps"),
        "discriminator_optimizer": in_words(game.discriminator_optimizer, besides="steps"),
        "seed": seed_in_words(game.rng),
        **{name: in_words(value) for name, value in vars(rules).items() if name != "steps"},
    }
    if rules.techniques.instance_noise:  # it is gone at the last step: another number of steps is another game
        settings["steps"] = in_words(rules.steps)
    return settings


def _in_words(player: str, network: Layer) -> Iterator[tuple[str, str]]:
    while hasattr(network, "network"):
        yield f"what is around the {player}", in_words(network)
        network = network.network
    for index, text in layers_in_words(network):
        yield f"layer {index} of the {player}", text
