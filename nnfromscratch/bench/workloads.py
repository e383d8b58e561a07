"""What is measured: four small networks as people train them on MNIST, written as any user would write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
)

NOISE = 100  # numbers from which a generator makes an image


def lenet(rng: np.random.Generator) -> Sequential:
    """Convolution 5×5 to 32 and to 64 channels, each with pooling, then 512 and 10 neurons."""
    return Sequential(
        Conv2d(1, 32, 5, padding=2, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Conv2d(32, 64, 5, padding=2, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Dense(64 * 7 * 7, 512, rng=rng),
        ReLU(),
        Dense(512, 10, rng=rng),
    )


def small(rng: np.random.Generator) -> Sequential:
    """Convolution 3×3 to 16 and to 32 channels, each with pooling, then 10 neurons."""
    return Sequential(
        Conv2d(1, 16, 3, padding=1, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Conv2d(16, 32, 3, padding=1, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Dense(32 * 7 * 7, 10, rng=rng),
    )


def dcgan_generator(rng: np.random.Generator) -> Sequential:
    """From noise to an image by two transposed convolutions; no bias where batch normalization would take it away."""
    return Sequential(
        Dense(NOISE, 128 * 7 * 7, bias=False, rng=rng),
        Reshape((128, 7, 7)),
        BatchNorm(128),
        ReLU(),
        ConvTranspose2d(128, 64, 4, stride=2, padding=1, bias=False, rng=rng),
        BatchNorm(64),
        ReLU(),
        ConvTranspose2d(64, 1, 4, stride=2, padding=1, rng=rng),
        Sigmoid(),
    )


def dcgan_discriminator(rng: np.random.Generator) -> Sequential:
    """From an image to one logit by two convolutions of stride 2."""
    return Sequential(
        Conv2d(1, 64, 4, stride=2, padding=1, rng=rng),
        LeakyReLU(),
        Conv2d(64, 128, 4, stride=2, padding=1, bias=False, rng=rng),
        BatchNorm(128),
        LeakyReLU(),
        Flatten(),
        Dense(128 * 7 * 7, 1, rng=rng),
    )


def article_generator(rng: np.random.Generator) -> Sequential:
    """The article's: fully connected layers 100, 128, 128, 784."""
    return Sequential(
        Dense(NOISE, 128, rng=rng),
        LeakyReLU(),
        Dense(128, 128, rng=rng),
        LeakyReLU(),
        Dense(128, 784, rng=rng),
        Sigmoid(),
    )


def article_discriminator(rng: np.random.Generator) -> Sequential:
    """The article's: fully connected layers 784, 128, 128, 1."""
    return Sequential(
        Dense(784, 128, rng=rng),
        LeakyReLU(),
        Dense(128, 128, rng=rng),
        LeakyReLU(),
        Dense(128, 1, rng=rng),
    )


@dataclass(frozen=True)
class Workload:
    """A network, or two that play against each other, and what they are trained with.

    makers: one function for a classifier, (generator, discriminator) for a game.   image_shape: of one image.
    lr, beta1: of Adam.
    """

    name: str
    makers: tuple[Callable[[np.random.Generator], Sequential], ...]
    image_shape: tuple[int, ...] = (1, 28, 28)
    lr: float = 1e-3
    beta1: float = 0.9

    @property
    def is_game(self) -> bool:
        """Whether a generator and a discriminator are trained instead of a classifier."""
        return len(self.makers) == 2

    def networks(self, seed: int) -> tuple[Sequential, ...]:
        """The networks with their first weights in float32: the same for the same seed."""
        rng = np.random.default_rng([seed, 1])
        return tuple(make(rng) for make in self.makers)


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("lenet", (lenet,)),
        Workload("small", (small,)),
        Workload("dcgan", (dcgan_generator, dcgan_discriminator), lr=2e-4, beta1=0.5),
        Workload("article-gan", (article_generator, article_discriminator), image_shape=(784,)),
    )
}
