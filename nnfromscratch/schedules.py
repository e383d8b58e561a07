"""How the learning rate changes while training: schedule(step) is the share of the base learning rate, from 0 to 1.

The steps of the optimizer count from 0. Any function of that kind will do; these are the usual ones. The training loop
sets ``optimizer.lr = base * schedule(step)`` before each step.

With ``warmup`` = W the first W steps rise linearly, (t + 1) / (W + 1): no step is wasted at zero, and step W, where the
schedule proper begins, is the first at full rate.
Source: Goyal et al., Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour (2017), section 2.2, gradual warm-up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from nnfromscratch.errors import RangeError, require_int, require_number

Schedule: TypeAlias = Callable[[int], float]


@dataclass(frozen=True)
class Constant:
    """The base learning rate all the time.

    s(t) = 1
    Raises RangeError for a negative step or warmup.

    >>> Constant()(0), [Constant(warmup=3)(t) for t in range(5)]
    (1.0, [0.25, 0.5, 0.75, 1.0, 1.0])
    """

    warmup: int = 0

    def __post_init__(self) -> None:
        require_int("Constant", "warmup", self.warmup, least=0)

    def __call__(self, step: int) -> float:
        return _warm_up("Constant", step, self.warmup)


@dataclass(frozen=True)
class StepDecay:
    """Smaller by a factor every so many steps, counted from the very first.

    s(t) = factor^⌊t / every⌋
    Raises RangeError where factor is not in (0, 1], every < 1, or the warm-up is not over when the first decay comes.
    Source: Goyal et al. (2017), section 5.1 (a tenth at three points); He et al., Deep Residual Learning (2016),
    section 3.4.

    >>> [StepDecay(every=2, factor=0.5)(t) for t in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """

    every: int
    factor: float = 0.1
    warmup: int = 0

    def __post_init__(self) -> None:
        _require_span("StepDecay", "every", self.every, self.warmup)
        require_number("StepDecay", "factor", self.factor, above=0, most=1)

    def __call__(self, step: int) -> float:
        return _warm_up("StepDecay", step, self.warmup) * float(self.factor) ** (step // self.every)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from 1 down to 0: slow at both ends.

    s(t) = ½·(1 + cos(π·u))         u = (t − W) / (steps − W), at most 1
    It reaches 0 at t = steps, just after the last of the steps, and stays there.
    Raises RangeError where steps < 1 or the warm-up is not shorter than steps.
    Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017), equation 5 with
    η_min = 0 and no restart.

    >>> [round(Cosine(steps=4)(t), 3) for t in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    steps: int
    warmup: int = 0

    def __post_init__(self) -> None:
        _require_span("Cosine", "steps", self.steps, self.warmup)

    def __call__(self, step: int) -> float:
        rising = _warm_up("Cosine", step, self.warmup)
        return rising * 0.5 * (1 + math.cos(math.pi * _progress(step, self.steps, self.warmup)))


@dataclass(frozen=True)
class LinearToZero:
    """A straight line from 1 down to 0.

    s(t) = 1 − u                    u = (t − W) / (steps − W), at most 1
    It reaches 0 at t = steps, just after the last of the steps, and stays there.
    Raises RangeError where steps < 1 or the warm-up is not shorter than steps.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), equation 8.14 with ε_τ = 0.

    >>> [LinearToZero(steps=4)(t) for t in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    steps: int
    warmup: int = 0

    def __post_init__(self) -> None:
        _require_span("LinearToZero", "steps", self.steps, self.warmup)

    def __call__(self, step: int) -> float:
        return _warm_up("LinearToZero", step, self.warmup) * (1 - _progress(step, self.steps, self.warmup))


@dataclass(frozen=True)
class ConstantThenLinear:
    """The base learning rate for a share of the steps, then a straight line down.

    s(t) = 1                                                        where t < c·T
    s(t) = 1 − (1 − last) · u            u = (t − c·T) / (T − c·T), at most 1

    T = steps, c = constant. It reaches ``last`` at t = T, just after the last of the steps, and stays there.
    Raises RangeError where steps < 1, constant is not in [0, 1), or last not in [0, 1].
    Source: the code that comes with Salimans et al., Improved Techniques for Training GANs (2016), with c = 2/3 and
    last = 0.

    >>> [ConstantThenLinear(steps=4, last=0.5)(t) for t in range(6)]
    [1.0, 1.0, 1.0, 0.75, 0.5, 0.5]
    """

    steps: int
    constant: float = 0.5
    last: float = 0.02

    def __post_init__(self) -> None:
        require_int("ConstantThenLinear", "steps", self.steps, least=1)
        require_number("ConstantThenLinear", "constant", self.constant, least=0, below=1)
        require_number("ConstantThenLinear", "last", self.last, least=0, most=1)

    def __call__(self, step: int) -> float:
        turn = self.constant * self.steps
        fallen = (require_int("ConstantThenLinear", "step", step, least=0) - turn) / (self.steps - turn)
        return 1 - (1 - self.last) * min(max(0.0, fallen), 1.0)


def _require_span(schedule: str, argument: str, length: int, warmup: int) -> None:
    require_int(schedule, argument, length, least=1)
    if require_int(schedule, "warmup", warmup, least=0) >= length:
        raise RangeError(f"{schedule}: warmup expects fewer steps than {argument} = {length}, is {warmup}")


def _warm_up(schedule: str, step: int, warmup: int) -> float:
    return min(1.0, (require_int(schedule, "step", step, least=0) + 1) / (warmup + 1))


def _progress(step: int, steps: int, warmup: int) -> float:
    """The share of the way from the end of the warm-up to ``steps``; 0 before, 1 after."""
    return min(max(0, step - warmup) / (steps - warmup), 1.0)
