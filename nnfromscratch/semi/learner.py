"""A training with few labels between two steps: the networks, the images, and all that changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnfromscratch.data import as_input
from nnfromscratch.data.batches import Augment
from nnfromscratch.errors import DtypeError, RangeError, ShapeError, require_generator, require_int
from nnfromscratch.gan.averaging import AveragedWeights
from nnfromscratch.gan.real_images import RealImages
from nnfromscratch.gan.semi_supervised import DistributionAlignment
from nnfromscratch.kernels.memory import empty_images
from nnfromscratch.layers import GaussianNoise, Layer, Sequential, initialize_from_data
from nnfromscratch.models import few_labels_generator
from nnfromscratch.optimizers import Adam
from nnfromscratch.schedules import ConstantThenLinear
from nnfromscratch.semi.history import FewLabelsHistory
from nnfromscratch.semi.labels import FewLabels
from nnfromscratch.semi.method import Method
from nnfromscratch.training.settings import data_in_words, in_words, layers_in_words, seed_in_words
from nnfromscratch.types import Array

_FIRST = 500  # images by which the lengths of the weights are chosen
LATENT = 100  # numbers of which the generator makes an image


@dataclass
class Learner:
    """A classifier that learns by a method, and what it learns with.

    network = head(body(x)); body ends with the last hidden layer, whose features a generator has to match.
    averaged: the running mean of the network's weights, the teacher and the result. settings: what must be the same
    when the training is taken up again.
    """

    data: FewLabels
    method: Method
    steps: int
    rng: np.random.Generator
    network: Sequential
    generator: Sequential | None
    optimizer: Adam
    generator_optimizer: Adam
    averaged: AveragedWeights
    alignment: DistributionAlignment
    settings: dict[str, str] = field(default_factory=dict)
    history: FewLabelsHistory = field(default_factory=FewLabelsHistory)

    def __post_init__(self) -> None:
        self.body, self.head = _halves(self.network)

    @property
    def players(self) -> dict[str, Layer]:
        """The networks that learn, by the name that messages call them."""
        return {"network": self.network, **({} if self.generator is None else {"generator": self.generator})}

    @property
    def teaches(self) -> bool:
        """Whether the teacher has something to say in the next step."""
        return self.method.uses_teacher and self.history.steps_done >= self.method.start * self.steps

    def draw(self) -> tuple[Array, Array, Array | None]:
        """A minibatch as the network is to see it, first the labelled images, then the others; labels; clean others.

        All are drawn with replacement; a few labels would else be used up within one step.
        """
        data, method, rng = self.data, self.method, self.rng
        chosen = rng.integers(len(data.labelled), size=method.labelled)
        known, labels = as_input(data.labelled.images[chosen]), data.labelled.labels[chosen]
        if method.augment_labelled is not None:
            known = method.augment_labelled(known, rng)
        if not method.uses_unlabelled:
            return known, labels, None
        clean = as_input(data.unlabelled[rng.integers(len(data.unlabelled), size=method.unlabelled)])
        x = empty_images((len(known) + len(clean), *known.shape[1:]), known.dtype)
        x[: len(known)] = known
        x[len(known) :] = _changed(clean, method.augment_unlabelled, rng)
        return x, labels, clean

    def draw_noise(self, count: int) -> Array:
        """Noise that the generator makes images of: (count, latent), uniform from 0 to 1."""
        return self.rng.random((count, LATENT), np.float32)

    def set_rates(self) -> None:
        """Give both optimizers the learning rates of the next step."""
        share = ConstantThenLinear(self.steps)(self.history.steps_done)
        self.optimizer.lr = self.method.learning_rate * share
        self.generator_optimizer.lr = (self.method.generator_rate or 0.0) * share

    def states(self) -> dict[str, dict[str, Any]]:
        """A copy of what the players remember besides their parameters; of a random generator, its state alone."""
        return {
            name: {
                key: value.bit_generator.state if isinstance(value, np.random.Generator) else value.copy()
                for key, value in player.state.items()
            }
            for name, player in self.players.items()
        }

    def restore_states(self, states: dict[str, dict[str, Any]]) -> None:
        """Give the players back the states of which ``states`` is a copy."""
        for name, player in self.players.items():
            for key, value in states[name].items():
                if isinstance(value, dict):
                    player.state[key].bit_generator.state = value
                else:
                    player.state[key] = value.copy()

    def place(self) -> str:
        """How far the training has come, for messages."""
        return f"step {self.history.steps_done}"


def new_learner(data: FewLabels, method: Method, *, steps: int, rng: np.random.Generator) -> Learner:
    """A learner before its first step; the weights' lengths are chosen by the images that it will learn from.

    Raises, naming the argument, where something does not fit together.
    """
    name = "train_few_labels"
    if not isinstance(data, FewLabels):
        raise DtypeError(f"{name}: data expects FewLabels, such as split_labels gives, is {type(data).__name__}")
    if not isinstance(method, Method):
        raise DtypeError(f"{name}: method expects a Method, is {type(method).__name__}")
    require_int(name, "steps", steps, least=1)
    require_generator(name, rng)
    _require_alike(data)
    shape, classes = data.labelled.image_shape, len(data.labelled.classes)
    if classes < 2:
        raise RangeError(f"{name}: data expects at least 2 classes to tell apart, has {classes}")
    network = method.network(rng=rng, classes=classes, image_shape=shape)
    generator = None
    if method.generator_rate is not None:
        generator = few_labels_generator(rng=rng, latent=LATENT, image_shape=shape)
    pool = data.unlabelled if method.uses_unlabelled else data.labelled.images
    initialize_from_data(network, as_input(pool[rng.integers(len(pool), size=min(_FIRST, len(pool)))]))
    return Learner(
        data,
        method,
        steps,
        rng,
        network,
        generator,
        Adam(method.learning_rate, beta1=method.beta1),
        Adam(method.generator_rate or 0.0, beta1=method.beta1),
        AveragedWeights(method.average, network),
        DistributionAlignment(classes),
    )


def learner_settings(learner: Learner) -> dict[str, str]:
    """All that decides the bits of a training, by name and in words: it is taken up again by a call with the same."""
    data = learner.data
    words: dict[str, str] = {}
    for player, network in learner.players.items():
        words |= {f"layer {index} of the {player}": text for index, text in layers_in_words(network)}
    unlabelled = RealImages(data.unlabelled, None, np.dtype(np.float32))
    return words | {
        "labelled images": data_in_words(data.labelled),
        "unlabelled images": unlabelled.in_words(),
        "validation images": data_in_words(data.validation),
        "seed": seed_in_words(learner.rng),
        "steps": in_words(learner.steps),
        **{name: in_words(value) for name, value in vars(learner.method).items() if name != "network"},
    }


def _halves(network: Sequential) -> tuple[Sequential, Sequential]:
    """Up to the last hidden layer's activation, and what comes behind; both share their layers with the network."""
    cut = max(place for place, layer in enumerate(network.layers) if layer.params)
    if cut and isinstance(network.layers[cut - 1], GaussianNoise):
        cut -= 1
    return Sequential(*network.layers[:cut], input_shape=network.input_shape), Sequential(*network.layers[cut:])


def _changed(images: Array, augment: Augment | None, rng: np.random.Generator) -> Array:
    return images if augment is None else augment(images, rng)


def _require_alike(data: FewLabels) -> None:
    """Raise unless labelled, unlabelled and validation images have one shape and one range."""
    shape, dtype = data.labelled.image_shape, data.labelled.images.dtype
    for argument, images in (("unlabelled", data.unlabelled), ("validation", data.validation.images)):
        if images.shape[1:] != shape or not len(images):
            raise ShapeError(
                f"train_few_labels: {argument} images expect shape (N, {', '.join(map(str, shape))}) like the labelled "
                f"ones, N at least 1; have {images.shape}"
            )
        if images.dtype != dtype:
            raise DtypeError(
                f"train_few_labels: {argument} images expect {dtype} like the labelled ones, bytes from 0 to 255 or "
                f"float32 from 0 to 1; have {images.dtype}"
            )
        if dtype == np.float32 and not (images.min() >= 0 and images.max() <= 1):  # NaN is neither
            raise RangeError(
                f"train_few_labels: {argument} images expect numbers from 0 to 1 like the labelled ones, have "
                f"{images.min():g} to {images.max():g}"
            )
