"""Generators of random numbers: a layer's own, and their state as text."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from nnfromscratch.errors import CheckpointError


def own_generator(rng: np.random.Generator) -> np.random.Generator:
    """A new generator seeded by a draw from ``rng``: two layers given the same ``rng`` do not share a stream.

    >>> rng = np.random.default_rng(0)
    >>> own_generator(rng).random() == own_generator(rng).random()
    False
    """
    return np.random.default_rng(rng.integers(0, 2**63, size=2))


def generator_state(rng: np.random.Generator) -> str:
    """Everything that decides what ``rng`` draws next, as JSON."""
    return json.dumps(rng.bit_generator.state, default=_as_list)


def restore_generator(rng: np.random.Generator, state: str) -> None:
    """Make ``rng`` draw next what the generator would have drawn whose ``generator_state`` this is.

    Raises CheckpointError where the state is damaged or of another kind of generator.

    >>> rng = np.random.default_rng(0)
    >>> state = generator_state(rng)
    >>> first = rng.random()
    >>> restore_generator(rng, state)
    >>> rng.random() == first
    True
    """
    try:
        rng.bit_generator.state = json.loads(state)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        kind = type(rng.bit_generator).__name__
        raise CheckpointError(f"generator: state expects that of a {kind}, is {str(state)[:80]!r}") from error


def _as_list(value: Any) -> Any:
    return value.tolist()  # the arrays inside some generators' states, such as MT19937's key
