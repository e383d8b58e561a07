"""Before anything is timed: do both sides compute the same losses? Whoever computes something else is not faster."""

from __future__ import annotations

from collections.abc import Mapping
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
FLOAT64, FLOAT32_FIRST, TIMES_ROUNDING = 1e-9, 1e-3, 3.0


@dataclass(frozen=True)
class Agreement:
    """How far apart the losses are, each difference relative to the loss and the largest of its steps.

    float64: over 20 steps.   float32_first: over the first 3 steps, from whichever of PyTorch's settings is farthest.
    float32: over 20 steps.   rounding: what PyTorch's own rounding does over 20 steps in float32.
    """

    float64: float
    float32_first: float
    float32: float
    rounding: float

    @property
    def failures(self) -> list[str]:
        """What is wrong, in words; nothing where all is well. A NaN is always wrong."""
        limits = (
            (f"float64, {STEPS} steps", self.float64, FLOAT64),
            (f"float32, first {FIRST} steps", self.float32_first, FLOAT32_FIRST),
            (f"float32, {STEPS} steps", self.float32, TIMES_ROUNDING * self.rounding),
        )
        return [
            f"{what}: losses expected to differ by at most {limit:.1e}, differ by {difference:.1e}"
            for what, difference, limit in limits
            if not difference <= limit
        ]


def compare(
    ours: Mapping[str, Array], theirs: Mapping[Setting, Array], theirs_float64: Array, others: Mapping[Setting, Array]
) -> Agreement:
    """The agreement of losses, arrays (steps, losses of a step).

    ours: by float type.   theirs: PyTorch's in float32, over all steps, with the default Adam in each memory format.
    theirs_float64: the same in float64, contiguous.   others: PyTorch's other settings, over the first steps.

    PyTorch's rounding is the difference between its two memory formats, which add up the same numbers in different
    orders. Fully connected networks have but one; there it is PyTorch's difference from its own float64 losses, and
    ours is measured from the same float64 losses.
    """
    plain, *formats = theirs.values()
    expected = formats[0] if formats else theirs_float64
    from_where = plain if formats else theirs_float64
    return Agreement(
        float64=difference(ours["float64"], theirs_float64),
        float32_first=max(
            difference(ours["float32"][:FIRST], losses[:FIRST]) for losses in (*theirs.values(), *others.values())
        ),
        float32=difference(ours["float32"], from_where),
        rounding=difference(plain, expected),
    )


def difference(actual: Array, expected: Array) -> float:
    """The largest relative difference, max |a − e| / |e|; NaN where there is one.

    >>> difference(np.array([1.0, 2.02]), np.array([1.0, 2.0])).round(6)
    0.01
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.max(np.abs(actual - expected) / np.abs(expected)))


def check(workload: Workload, digits: Dataset, batch_size: int, threads: int, *, seed: int) -> Agreement:
    """Train both sides from the same weights on the same batches, in float64 and in float32, and compare the losses."""
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
