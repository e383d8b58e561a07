"""Whole training steps, ours beside PyTorch's in every setting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from nnfromscratch.bench.comparison import OURS, compared
from nnfromscratch.bench.digits import Batch, make_batches
from nnfromscratch.bench.interleaved import Variant, interleaved
from nnfromscratch.bench.steps import Step, training_step
from nnfromscratch.bench.torch_steps import has_torch, settings, torch_step
from nnfromscratch.bench.workloads import Workload
from nnfromscratch.data import Dataset
from nnfromscratch.kernels.threads import use_threads

BATCHES = 32  # different ones, trained on in turn


def step_times(
    workload: Workload, digits: Dataset, batch_size: int, threads: int, *, seconds: float, seed: int
) -> dict[str, Any]:
    """One row of the table: the medians of ours and of PyTorch's every setting, their spread and ratio.

    Everybody starts from the same weights and takes the same batches in the same order.
    """
    rng = np.random.default_rng([seed, batch_size])
    batches = make_batches(workload, digits, batch_size, BATCHES, rng=rng)
    ours = training_step(workload, workload.networks(seed), batches)
    variants = {OURS: Variant(next_batch(ours), partial(use_threads, threads))}
    variants |= torch_variants(workload, batches, threads, seed=seed)
    times = interleaved(variants, seconds=seconds, rng=rng)
    return {"workload": workload.name, "batch": batch_size, "threads": threads, **compared(times)}


def torch_variants(workload: Workload, batches: Sequence[Batch], threads: int, *, seed: int) -> dict[str, Variant]:
    """PyTorch's step in every setting, from now on with so many threads; none where it is not installed."""
    if not has_torch():
        return {}
    import torch

    torch.set_num_threads(threads)
    return {
        str(setting): Variant(next_batch(torch_step(workload, workload.networks(seed), batches, setting)))
        for setting in settings(workload)
    }


def next_batch(step: Step) -> Callable[[], object]:
    """The step as a call without arguments, which takes the next batch each time."""
    numbers = count()
    return lambda: step(next(numbers))
