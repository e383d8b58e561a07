"""Fair timing on a machine that does other things too: all take turns, many times, and the medians are compared.

What slows the machine for a second slows all of them. In every round each variant has one turn, in an order that is
drawn anew. A turn is a first call that is not timed (it wakes threads and fills caches that the one before had for
itself), then several calls timed together.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np

TURN_SECONDS = 0.06  # about as long is a turn, where the time allows for it
CALLS = (2, 1000)  # timed in a turn, at least and at most
ROUNDS = (5, 400)

Key = TypeVar("Key", bound=Hashable)
Context: TypeAlias = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Variant:
    """Something to be timed. around: what its turns run inside, such as a number of threads; it is not timed."""

    call: Callable[[], object]
    around: Context = nullcontext


@dataclass(frozen=True)
class Times:
    """The milliseconds that one call took, in each round."""

    rounds: Sequence[float]

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return float(np.median(self.rounds))

    @property
    def quartiles(self) -> tuple[float, float]:
        """Half of the rounds lie between these two."""
        low, high = np.quantile(self.rounds, (0.25, 0.75))
        return float(low), float(high)


def interleaved(variants: Mapping[Key, Variant], *, seconds: float, rng: np.random.Generator) -> dict[Key, Times]:
    """The times of all variants, measured in turns for about so many seconds, after a warm-up.

    >>> times = interleaved({"sum": Variant(lambda: sum(range(100)))}, seconds=0, rng=np.random.default_rng(0))
    >>> len(times["sum"].rounds) == ROUNDS[0], times["sum"].median > 0
    (True, True)
    """
    end = time.perf_counter() + seconds
    for variant in variants.values():  # compiles, allocates, decides on algorithms
        _turn(variant, 1)
    turn_seconds = min(TURN_SECONDS, seconds / (4 * ROUNDS[0] * max(1, len(variants))))
    calls = {name: int(np.clip(round(turn_seconds / _turn(variant, 1)), *CALLS)) for name, variant in variants.items()}
    names = list(variants)
    taken: dict[Key, list[float]] = {name: [] for name in names}
    for number in range(ROUNDS[1]):
        if number >= ROUNDS[0] and time.perf_counter() > end:
            break
        gc.collect()  # so that nobody pays for what another left behind
        for index in rng.permutation(len(names)):
            name = names[index]
            taken[name].append(1e3 * _turn(variants[name], calls[name]))
    return {name: Times(values) for name, values in taken.items()}


def _turn(variant: Variant, calls: int) -> float:
    """Seconds for a call."""
    with variant.around():
        variant.call()
        clock = time.perf_counter()
        for _ in range(calls):
            variant.call()
        return (time.perf_counter() - clock) / calls
