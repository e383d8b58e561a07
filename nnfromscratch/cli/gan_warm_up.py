"""What comes before training: the kernels are compiled, and a number of minutes becomes a number of steps."""

from __future__ import annotations

import time
from collections.abc import Callable

from nnfromscratch.cli.gan_looks import MEASUREMENTS

LONGEST = 4096  # steps that are timed at once
_ENOUGH = 4.0  # seconds; after the short stretches that precede, the machine is awake


def seconds_of_a_step(take: Callable[[int], float], minutes: float) -> float:
    """Take twice as many steps again and again, until they last long enough to be timed; seconds a step.

    take: takes so many steps and gives the seconds that they took. Of few minutes no more than a tenth is spent so.
    """
    count = 1
    while True:
        seconds = take(count)
        if seconds >= min(_ENOUGH, 3 * minutes) or count >= LONGEST:
            return seconds / count
        count *= 2


def steps_in(minutes: float, step_seconds: float, look_seconds: float) -> int:
    """How many steps fit into so many minutes, with the looks in between; from 1,000 on a multiple of 100.

    At least half of the time is for steps.

    >>> steps_in(10, 0.002, 1.0)
    289500
    >>> steps_in(0.1, 0.5, 1.0)
    6
    """
    budget = 60 * minutes
    left = max(budget / 2, budget - MEASUREMENTS * look_seconds)
    steps = max(1, int(left / step_seconds))
    return steps if steps < 1000 else steps // 100 * 100


def seconds_of(action: Callable[[], object]) -> float:
    """How long it takes."""
    clock = time.perf_counter()
    action()
    return time.perf_counter() - clock
