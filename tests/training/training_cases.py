"""Small data, a small network, and a run that a test can kill: as a script, a process of its own."""

import sys
from pathlib import Path

import numpy as np
from death_cases import plan_death

from nnfromscratch import kernels, optimizers
from nnfromscratch.data import Augmentation, Dataset
from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.layers import BatchNorm, Conv2d, Dense, Dropout, Flatten, ReLU, Sequential
from nnfromscratch.randomness import generator_state
from nnfromscratch.schedules import Cosine
from nnfromscratch.training import fit


def cnn(seed=0, classes=10):
    """Everything that a checkpoint has to keep: parameters, running statistics, a generator."""
    rng = np.random.default_rng(seed)
    return Sequential(
        Conv2d(1, 4, 5, stride=3, rng=rng),
        BatchNorm(4),
        ReLU(),
        Sequential(Flatten(), Dropout(0.3, rng=rng), Dense(256, classes, rng=rng)),
        input_shape=(1, 28, 28),
    )


def mlp(seed=0, size=64, classes=4):
    rng = np.random.default_rng(seed)
    return Sequential(Flatten(), Dense(size, 16, rng=rng), ReLU(), Dense(16, classes, rng=rng))


def blobs(count=64, classes=4, seed=0):
    """Images of 8 by 8 that are easy to tell apart: a bright quarter, in noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    images = rng.random((count, 1, 8, 8), np.float32) * np.float32(0.6)
    for k, (i, j) in enumerate([(0, 0), (0, 4), (4, 0), (4, 4)][:classes]):
        images[labels == k, 0, i : i + 4, j : j + 4] += np.float32(0.4)
    return Dataset(images, labels, tuple("abcdefgh"[:classes]))


def resumable(train, validation, checkpoint, *, seed=1, **changes):
    """The run that the tests of resuming interrupt; everything that can be random is random."""
    network, optimizer = cnn(), optimizers.Adam(lr=0.005)
    rng = np.random.default_rng(seed)
    settings = {
        "loss": softmax_cross_entropy,
        "epochs": 3,
        "batch_size": 24,
        "schedule": Cosine(steps=30, warmup=3),
        "augment": Augmentation(),
        "restore_best": True,
        "resume": True,
        "checkpoint": checkpoint,
        "checkpoint_seconds": 0,
        **changes,
    }
    with kernels.use("vectorized"):  # nothing to compile in a new process
        history = fit(network, train, validation, optimizer=optimizer, rng=rng, **settings)
    return network, optimizer, rng, history


def fingerprint(network, optimizer, rng, history):
    """All that must have the same bits at the end of two runs, as text."""
    figures = {name: value for name, value in history.to_dict().items() if "second" not in name}
    arrays = {**network.params, **network.state, **optimizer.state_dict()}
    bits = {
        name: generator_state(value) if isinstance(value, np.random.Generator) else np.asarray(value).tobytes().hex()
        for name, value in arrays.items()
    }
    return repr((figures, bits, optimizer.lr, generator_state(rng)))


def main(folder, where="", when="0"):
    folder = Path(folder)
    with np.load(folder / "digits.npz") as file:
        parts = [Dataset(file[f"{p}_images"], file[f"{p}_labels"], tuple("0123456789")) for p in ("train", "val")]
    plan_death(where, int(when))
    with np.errstate(all="raise", under="ignore"):
        done = resumable(*parts, folder / "run.npz")
    (folder / "done.txt").write_text(fingerprint(*done))


if __name__ == "__main__":
    main(*sys.argv[1:])
