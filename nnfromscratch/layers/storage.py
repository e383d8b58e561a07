"""A layer's parameters and state in a file."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

import numpy as np

from nnfromscratch.archive import read_archive, write_archive
from nnfromscratch.errors import CheckpointError
from nnfromscratch.randomness import generator_state, restore_generator
from nnfromscratch.types import Array


class Storable(Protocol):
    """Anything with parameters and state."""

    params: MutableMapping[str, Array]
    state: MutableMapping[str, Any]


def save_layer(layer: Storable, path: str | os.PathLike[str]) -> None:
    """Write the layer to ``path``, whole or not at all."""
    arrays, generators = layer_contents(layer)
    write_archive(path, arrays, {"kind": "layer", "generators": generators})


def load_layer(layer: Storable, path: str | os.PathLike[str]) -> None:
    """Restore the layer from ``path``, or raise CheckpointError and change nothing."""
    arrays, description = read_archive(path)
    generators = description.get("generators")
    if not isinstance(generators, dict):
        raise CheckpointError(f"{path}: expects the states of a layer's generators, has {generators!r}")
    restore_contents(layer, arrays, generators, source=str(path))


def layer_contents(layer: Storable) -> tuple[dict[str, Array], dict[str, str]]:
    """The layer's arrays by name ("params/0.weight", "state/1.running_mean") and its generators' states as text."""
    generators = {
        name: generator_state(value) for name, value in layer.state.items() if isinstance(value, np.random.Generator)
    }
    return layer_arrays(layer), generators


def layer_arrays(layer: Storable) -> dict[str, Array]:
    """The layer's arrays alone, named as in ``layer_contents``: quick enough for every step of a training."""
    arrays = {f"params/{name}": array for name, array in layer.params.items()}
    return arrays | {f"state/{name}": value for name, value in layer.state.items() if isinstance(value, np.ndarray)}


def restore_contents(
    layer: Storable, arrays: Mapping[str, Array], generators: Mapping[str, str], *, source: str
) -> None:
    """Put back what ``layer_contents`` gave. Everything is compared before anything changes."""
    own, own_generators = layer_contents(layer)
    for ours, theirs in ((own, arrays), (own_generators, generators)):
        if missing := [name for name in ours if name not in theirs]:
            raise CheckpointError(
                f"{source}: expects {missing[0]!r} of this model, has none: written by another model?"
            )
        if foreign := [name for name in theirs if name not in ours]:
            raise CheckpointError(f"{source}: has {foreign[0]!r}, which this model lacks: written by another model?")
    for name, array in own.items():
        if arrays[name].shape != array.shape or arrays[name].dtype != array.dtype:
            raise CheckpointError(
                f"{source}: {name} expects {array.dtype} {array.shape}, has {arrays[name].dtype} {arrays[name].shape}"
            )
    for name, state in generators.items():
        restore_generator(copy.deepcopy(layer.state[name]), state)  # says no before anything has changed
    for name, state in generators.items():
        restore_generator(layer.state[name], state)
    for name, array in own.items():
        where, _, key = name.partition("/")
        restored = np.empty_like(array)  # in the memory order of the layer's own array: the same bits afterwards
        restored[...] = arrays[name]
        (layer.params if where == "params" else layer.state)[key] = restored
