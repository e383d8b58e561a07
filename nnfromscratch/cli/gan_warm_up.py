"""What comes before training: the kernels are compiled, and a number of minutes becomes a number of steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from nnfromscratch.cli.gan_looks import MEASUREMENTS

LONGEST = 4096  # steps that are timed at once
_ENOUGH = 3.0  # seconds; after the short stretches that precede, the machine is awake


def seconds_of_a_step(take: Callable[[int], float], minutes: float) -> float:
    """Take more and more steps until they last long enough to be timed; seconds a step.

    First twice as many each time; once an eighth of the time is reached, that tells how many are needed.
    take: takes so many steps and gives the seconds that they took. Of few minutes no more than a tenth is spent so.
    """
    enough, count = min(_ENOUGH, 3 * minutes), 1
    while True:
        seconds = take(count)
        if seconds >= enough or count >= LONGEST:
            return seconds / count
        count = 2 * count if seconds < enough / 8 else math.ceil(1.05 * count * enough / seconds)
        count = min(count, LONGEST)


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
