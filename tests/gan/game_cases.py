"""Small players, small images, and a game that a test can kill: as a script, a process of its own."""

import os
import sys
from pathlib import Path

import numpy as np
from death_cases import countdown, plan_death

from nnfromscratch import kernels
from nnfromscratch.gan.game import Game
from nnfromscratch.gan.techniques import Techniques
from nnfromscratch.gan.training import train_gan
from nnfromscratch.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    Reshape,
    Sequential,
    Sigmoid,
    SpectralNorm,
    Tanh,
)
from nnfromscratch.models import Conditional
from nnfromscratch.optimizers import SGD, Adam
from nnfromscratch.randomness import generator_state
from nnfromscratch.schedules import Cosine

SHAPE, PIXELS, LATENT, CLASSES = (1, 4, 4), 16, 3, 4


def pictures(count=40, seed=0):
    """Bytes: a bright quarter, in noise. The quarters follow each other."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 100, (count, *SHAPE), np.uint8)
    for k, (i, j) in enumerate([(0, 0), (0, 2), (2, 0), (2, 2)]):
        images[k::4, 0, i : i + 2, j : j + 2] += 150
    return images


def quarters(count=40):
    return np.arange(count) % CLASSES


def players(seed=0, dtype=np.float32, last=Sigmoid, width=5, extra=0):
    """Dense players with biases and smooth activations: nothing of them has a gradient that is zero by chance."""
    rng = np.random.default_rng(seed)
    generator = Sequential(
        Dense(LATENT + extra, width, rng=rng, dtype=dtype), Tanh(),
        Dense(width, PIXELS, rng=rng, dtype=dtype), last(), Reshape(SHAPE),
        input_shape=(LATENT + extra,),
    )  # fmt: skip
    shape = (SHAPE[0] + (1 if extra else 0), *SHAPE[1:])
    discriminator = Sequential(
        Flatten(), Dense(PIXELS * shape[0], width, rng=rng, dtype=dtype), Tanh(), Dense(width, 1, rng=rng, dtype=dtype),
        input_shape=shape,
    )  # fmt: skip
    return generator, discriminator


def conditional_players(seed=0, dtype=np.float32, width=5):
    rng = np.random.default_rng(seed + 100)
    generator, discriminator = players(seed, dtype, width=width, extra=2)
    return (
        Conditional(generator, CLASSES, (LATENT,), (2,), rng=rng, dtype=dtype),
        Conditional(discriminator, CLASSES, SHAPE, (1, *SHAPE[1:]), rng=rng, dtype=dtype),
    )


def rich_players(seed=0):
    """Everything that a checkpoint has to keep: parameters, running statistics, a generator, a singular vector."""
    rng = np.random.default_rng(seed)
    generator = Sequential(
        Dense(LATENT, 8, rng=rng), BatchNorm(8), LeakyReLU(0.2), Dense(8, PIXELS, rng=rng), Sigmoid(), Reshape(SHAPE),
        input_shape=(LATENT,),
    )  # fmt: skip
    discriminator = Sequential(
        Flatten(), Dense(PIXELS, 8, rng=rng), BatchNorm(8), LeakyReLU(0.2), Dropout(0.3, rng=rng),
        SpectralNorm(Dense(8, 1, rng=rng), rng=rng),
        input_shape=SHAPE,
    )  # fmt: skip
    return generator, discriminator


def play(pair=None, images=None, steps=3, seed=1, **settings):
    """A game of plain gradient steps; the players, the optimizers and the history."""
    generator, discriminator = players() if pair is None else pair
    settings = {
        "objective": "non-saturating",
        "generator_optimizer": SGD(0.1),
        "discriminator_optimizer": SGD(0.1),
        "batch_size": 8,
        "samples": 4,
        "look_every": 2,
        **settings,
    }
    rng = np.random.default_rng(seed)
    images = pictures() if images is None else images
    history = train_gan(generator, discriminator, images, steps=steps, rng=rng, **settings)
    return generator, discriminator, history


def bits(network):
    return {
        name: generator_state(value) if isinstance(value, np.random.Generator) else np.asarray(value).tobytes().hex()
        for name, value in {**network.params, **network.state}.items()
    }


def resumable(checkpoint, *, steps=12, seed=1, pair=None, images=None, **changes):
    """The game that the tests of resuming interrupt; everything that can be random is random."""
    generator, discriminator = rich_players() if pair is None else pair
    seen = []
    settings = {
        "objective": "non-saturating",
        "generator_optimizer": Adam(0.01, beta1=0.5),
        "discriminator_optimizer": Adam(0.02),
        "techniques": Techniques(historical_averaging=1e-3, label_smoothing=0.1, average=0.9),
        "generator_schedule": Cosine(20, warmup=2),
        "batch_size": 8,
        "critic_steps": 2,
        "look_every": 5,
        "samples": 4,
        "sample_every": 4,
        "on_samples": lambda step, images, history: seen.append((step, images.tobytes().hex())),
        "checkpoint": checkpoint,
        "resume": True,
        "checkpoint_seconds": 0,
        **changes,
    }
    rng = np.random.default_rng(seed)
    with kernels.use("vectorized"):  # nothing to compile in a new process
        history = train_gan(
            generator, discriminator, pictures() if images is None else images, steps=steps, rng=rng, **settings
        )
    optimizers = settings["generator_optimizer"], settings["discriminator_optimizer"]
    return generator, discriminator, *optimizers, rng, history, seen


def fingerprint(generator, discriminator, generator_optimizer, discriminator_optimizer, rng, history, seen):
    """All that must have the same bits at the end of two games, as text."""
    figures = {name: value for name, value in history.to_dict().items() if name != "seconds"}
    memory = [
        {name: np.asarray(value).tobytes().hex() for name, value in optimizer.state_dict().items()}
        for optimizer in (generator_optimizer, discriminator_optimizer)
    ]
    return repr((figures, bits(generator), bits(discriminator), memory, generator_state(rng), dict(seen)))


def plan(where, when):
    """A death as ``plan_death`` knows them, or one that only a game can die; "signalling" sends signal ``when``."""
    if where == "showing":
        Game.samples = countdown(Game.samples, when)
    elif where == "signalling":  # in the middle of the second step
        step, count = Adam.step, 0

        def signalling(self, params, grads):
            nonlocal count
            count += 1
            if count == 5:
                os.kill(os.getpid(), when)
            step(self, params, grads)

        Adam.step = signalling
    else:
        plan_death(where, when)


def main(folder, where="", when="0"):
    folder = Path(folder)
    plan(where, int(when))
    with np.errstate(all="raise", under="ignore"):
        done = resumable(folder / "game.npz")
    (folder / "done.txt").write_text(fingerprint(*done))


if __name__ == "__main__":
    main(*sys.argv[1:])
