"""Before anything is timed: do both sides compute the same losses? Whoever computes something else is not faster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnfromscratch.bench.digits import make_batches
from nnfromscratch.bench.steps import Step, training_step
from nnfromscratch.bench.torch_steps import Setting, settings, torch_step
from nnfromscratch.bench.workloads import Workload
from nnfromscratch.data import Dataset
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.layers import Sequential
from nnfromscratch.types import Array

STEPS, FIRST = 20, 3
FLOAT64, FLOAT32_FIRST, TIMES = 1e-9, 1e-3, 3.0


@dataclass(frozen=True)
class Agreement:
    """How far apart the losses are, each difference relative to the loss, the largest of its steps.

    float64: over 20 steps.   first: in float32, over the first 3 steps, from PyTorch's farthest setting.
    float32: over 20 steps, from PyTorch's.   formats: of PyTorch's two memory formats from each other; None where a
    network, fully connected, has but one.
    rounding, torch_rounding: in float32 over 20 steps, ours and PyTorch's (the larger of its formats'), each from its
    own losses in float64.
    """

    float64: float
    first: float
    float32: float
    formats: float | None
    rounding: float
    torch_rounding: float

    @property
    def mistakes(self) -> list[str]:
        """In words, what no rounding explains; nothing where all is well. A NaN is a mistake."""
        limits = (
            (f"float64 over {STEPS} steps", self.float64, FLOAT64),
            (f"float32 over the first {FIRST} steps", self.first, FLOAT32_FIRST),
        )
        return [
            f"losses in {what} expected to differ by at most {limit:.1e}, differ by {actual:.1e}"
            for what, actual, limit in limits
            if not actual <= limit
        ]

    @property
    def drift(self) -> list[str]:
        """In words, how the losses in float32 drift apart over 20 steps, where that is farther than it should be.

        Two right programs do drift apart. How far they may is measured on PyTorch itself: its two memory formats add up
        the same numbers in different orders. By chance these can agree to the last bit, and fully connected networks
        have but one; so it is as good to stay as near to the losses in float64 as PyTorch does. Either way up to three
        times as far.
        """
        if self.formats is not None and self.float32 <= TIMES * self.formats:
            return []
        if self.rounding <= TIMES * self.torch_rounding:
            return []
        formats = "" if self.formats is None else f" (PyTorch's formats: {self.formats:.1e})"
        return [
            f"losses in float32 over {STEPS} steps expected within {TIMES:g} times PyTorch's own rounding, differ by "
            f"{self.float32:.1e}{formats}, and from those in float64 by {self.rounding:.1e} "
            f"(PyTorch's: {self.torch_rounding:.1e})"
        ]


def failures(agreements: Sequence[Agreement]) -> list[str]:
    """What is wrong after one check, or after three of which the first had drifted; nothing where all is well."""
    first, *others = agreements
    if not first.mistakes and others and not any(other.mistakes + other.drift for other in others):
        return []
    return first.mistakes + first.drift


def compare(
    ours: Mapping[str, Array],
    theirs: Mapping[Setting, Array],
    theirs_float64: Array,
    others: Mapping[Setting, Array],
) -> Agreement:
    """The agreement of losses, arrays (steps, losses of a step).

    ours: by float type.   theirs: PyTorch's in float32, over all steps, with the default Adam in each memory format.
    theirs_float64: the same in float64, contiguous.   others: PyTorch's other settings, over the first steps.
    """
    plain, *formats = theirs.values()
    return Agreement(
        float64=difference(ours["float64"], theirs_float64),
        first=_largest(
            difference(ours["float32"][:FIRST], each[:FIRST]) for each in (*theirs.values(), *others.values())
        ),
        float32=difference(ours["float32"], plain),
        formats=difference(formats[0], plain) if formats else None,
        rounding=difference(ours["float32"], ours["float64"]),
        torch_rounding=_largest(difference(each, theirs_float64) for each in theirs.values()),
    )


def _largest(differences: Iterable[float]) -> float:
    """The largest, or NaN where one of them is."""
    return float(np.max(list(differences)))


def difference(actual: Array, expected: Array) -> float:
    """The largest relative difference, max |a − e| / |e|; NaN where there is one.

    >>> difference(np.array([1.0, 2.02]), np.array([1.0, 2.0]))
    0.01...
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.max(np.abs(actual - expected) / np.abs(expected)))


def check(workload: Workload, digits: Dataset, batch_size: int, threads: int, *, seed: int) -> list[Agreement]:
    """Train both sides from the same weights on the same batches and compare the losses: once, or three times.

    Rounding can be unlucky: where a gradient is nearly zero its last bit decides about its sign, and Adam's first steps
    go by the sign. Such a drift is rare, and goes away with other weights and batches. So after a drift two more are
    drawn, and both of these must agree.
    """
    first = _check_once(workload, digits, batch_size, threads, seed)
    if first.mistakes or not first.drift:
        return [first]
    return [first, *(_check_once(workload, digits, batch_size, threads, seed + more) for more in (1, 2))]


def _check_once(workload: Workload, digits: Dataset, batch_size: int, threads: int, seed: int) -> Agreement:
    import torch

    torch.set_num_threads(threads)
    batches = {
        dtype: make_batches(
            workload, digits, batch_size, STEPS, rng=np.random.default_rng([seed, batch_size]), dtype=dtype
        )
        for dtype in ("float32", "float64")
    }

    def networks(dtype: str) -> tuple[Sequential, ...]:
        return tuple(network.astype(dtype) for network in workload.networks(seed))

    def losses_of_torch(setting: Setting, dtype: str, steps: int) -> Array:
        return losses(torch_step(workload, networks(dtype), batches[dtype], setting), steps)

    with use_threads(threads):
        ours = {dtype: losses(training_step(workload, networks(dtype), batches[dtype]), STEPS) for dtype in batches}
    default = [setting for setting in settings(workload) if not setting.fused]
    fused = [setting for setting in settings(workload) if setting.fused]
    return compare(
        ours,
        {setting: losses_of_torch(setting, "float32", STEPS) for setting in default},
        losses_of_torch(Setting(), "float64", STEPS),
        {setting: losses_of_torch(setting, "float32", FIRST) for setting in fused},
    )


def losses(step: Step, steps: int) -> Array:
    """The losses of the first steps: (steps, losses of a step)."""
    return np.array([step(number) for number in range(steps)])
