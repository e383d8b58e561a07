"""What a training run was asked to do, in words: a run is taken up again only by a call that asks for the same."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnfromscratch.data import Dataset
from nnfromscratch.layers import Layer
from nnfromscratch.optimizers import Optimizer


def run_settings(
    network: Layer,
    train: Dataset,
    validation: Dataset | None,
    *,
    optimizer: Optimizer,
    rng: np.random.Generator,
    **others: object,
) -> dict[str, str]:
    """Everything that decides the bits of a run: the layers, the data, the optimizer, the seed and ``others``, by name.

    Layers, optimizer and ``others`` are known by what they print and by their numbers, data by a checksum.
    """
    return {
        **{f"layer {index}": text for index, text in layers_in_words(network)},
        "train": data_in_words(train),
        "validation": data_in_words(validation),
        "optimizer": in_words(optimizer, besides="steps"),
        "seed": seed_in_words(rng),
        **{name: in_words(value) for name, value in others.items()},
    }


def layers_in_words(layer: Layer, index: str = "") -> Iterator[tuple[str, str]]:
    """The layers of a network in the order of computation: the place of each, and what it is."""
    inner = getattr(layer, "layers", None)
    if inner is None:
        yield index or "0", f"{in_words(layer)} of {layer.dtype}"
        return
    for position, part in enumerate(inner):
        yield from layers_in_words(part, f"{index}.{position}" if index else str(position))


def data_in_words(dataset: Dataset | None) -> str:
    """What ``dataset`` prints, and a checksum of its images and labels."""
    if dataset is None:
        return "None"
    checksum = zlib.crc32(np.ascontiguousarray(dataset.labels).data)
    for start in range(0, len(dataset), 1000):  # in pieces: a view of a large array is never copied as a whole
        checksum = zlib.crc32(np.ascontiguousarray(dataset.images[start : start + 1000]).data, checksum)
    return f"{dataset!r} with checksum {checksum:08x}"


def seed_in_words(rng: np.random.Generator) -> str:
    """What ``rng`` was made from, however much has been drawn from it since."""
    sequence = rng.bit_generator.seed_seq
    entropy, spawned = getattr(sequence, "entropy", None), getattr(sequence, "spawn_key", ())
    return f"{type(rng.bit_generator).__name__} from {entropy}" + (f" spawned as {spawned}" if spawned else "")


def in_words(thing: Any, besides: str = "") -> str:
    """What ``thing`` prints, without its place in memory, and the plain numbers that it holds."""
    if isinstance(thing, (int, float, str, type(None))):
        return repr(thing)
    if hasattr(thing, "__qualname__"):
        return f"{thing.__module__}.{thing.__qualname__}"
    text = re.sub(r"<(\S+) object at 0x\w+>", r"\1", repr(thing))
    text = re.sub(r" at 0x\w+", "", text)
    numbers = [
        f"{name}={value!r}"
        for name, value in getattr(thing, "__dict__", {}).items()
        if isinstance(value, (int, float, tuple)) and name != besides and f"{name}=" not in text
    ]
    return " ".join([text, *numbers])
