"""Cases: what an operation is called with when it is checked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from nnfromscratch.types import Array

Function: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class Arguments:
    """What a function is called with: arrays in their order, settings by name.

    seed: not None where the function takes a generator; each call then gets a fresh one with this seed, so that it
    draws the same numbers.   training: how a layer is run.
    """

    arrays: tuple[Any, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    training: bool = True


Make: TypeAlias = Callable[[np.random.Generator], Arguments]


@dataclass(frozen=True)
class Case:
    """A named point at which an operation is checked; ``make(rng)`` draws its arguments.

    large: too much work for kernels that are plain loops.
    """

    name: str
    make: Make
    large: bool = False


def bound(function: Function, arguments: Arguments) -> Function:
    """The function of its arrays alone, the settings filled in.

    >>> from nnfromscratch.functional import leaky_relu
    >>> arguments = Arguments((np.array([-2.0]),), {"negative_slope": 0.5})
    >>> bound(leaky_relu, arguments)(*arguments.arrays)[0]
    array([-1.])
    """

    @functools.wraps(function)
    def of_arrays(*arrays: Any) -> Any:
        noise = {} if arguments.seed is None else {"rng": np.random.default_rng(arguments.seed)}
        return function(*arrays, **arguments.settings, **noise)

    return of_arrays


def small(rng: np.random.Generator, largest: int = 4) -> int:
    """A length from 1 to ``largest``."""
    return int(rng.integers(1, largest + 1))


def values(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers as they come in life: around 1, 1e-6 or 1e6, of mixed sizes, tied, with zeros; in any memory order.

    >>> values(np.random.default_rng(0), (2, 3)).shape
    (2, 3)
    """
    x = np.asarray(rng.standard_normal(shape))
    kind = rng.choice(["around 1", "tiny", "huge", "mixed", "tied", "with zeros"])
    if kind == "tiny":
        x = 1e-6 * x
    elif kind == "huge":
        x = 1e6 * x
    elif kind == "mixed":
        x = x * 10.0 ** rng.uniform(-6, 6, shape)
    elif kind == "tied":
        x = rng.integers(-2, 3, shape).astype(np.float64)
    elif kind == "with zeros":
        x = np.where(rng.random(shape) < 0.3, 0.0, x)
    order = rng.permutation(len(shape))
    return np.array(x.transpose(order), order="C").transpose(np.argsort(order))
