"""Whole training steps, ours beside PyTorch's in every setting."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from nnfromscratch.bench.digits import make_batches
from nnfromscratch.bench.interleaved import Times, Variant, interleaved
from nnfromscratch.bench.steps import Step, training_step
from nnfromscratch.bench.torch_steps import has_torch, settings, torch_step
from nnfromscratch.bench.workloads import Workload
from nnfromscratch.data import Dataset
from nnfromscratch.kernels.threads import use_threads

OURS = "ours"
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
    variants = {OURS: Variant(_next(ours), around=partial(use_threads, threads))}
    if has_torch():
        import torch

        torch.set_num_threads(threads)
        for setting in settings(workload):
            theirs = torch_step(workload, workload.networks(seed), batches, setting)
            variants[str(setting)] = Variant(_next(theirs))
    times = interleaved(variants, seconds=seconds, rng=rng)
    return {"workload": workload.name, "batch": batch_size, "threads": threads, **compared(times)}


def compared(times: Mapping[str, Times]) -> dict[str, Any]:
    """Ours against the best of the others, which is the one with the smallest median.

    ratio_to_best: of the medians.   ratio_by_round: median and quartiles of the ratio within each round, in which
    what slows down the whole machine cancels out.

    >>> row = compared({"ours": Times([1.0, 2.0, 3.0]), "a": Times([4.0, 4.0, 4.0]), "b": Times([5.0, 5.0, 5.0])})
    >>> row["ours_ms"], row["best"], row["ratio_to_best"], row["torch_ms"]
    (2.0, 'a', 0.5, {'a': 4.0, 'b': 5.0})
    """
    ours = times[OURS]
    others = {name: variant for name, variant in times.items() if name != OURS}
    row: dict[str, Any] = {
        "ours_ms": ours.median,
        "ours_quartiles_ms": list(ours.quartiles),
        "torch_ms": {name: variant.median for name, variant in others.items()},
        "torch_quartiles_ms": {name: list(variant.quartiles) for name, variant in others.items()},
        "best": None,
        "ratio_to_best": None,
        "ratio_by_round": None,
        "rounds": len(ours.rounds),
    }
    if others:
        best = min(others, key=lambda name: others[name].median)
        ratios = Times([mine / its for mine, its in zip(ours.rounds, others[best].rounds, strict=True)])
        row |= {
            "best": best,
            "ratio_to_best": ours.median / others[best].median,
            "ratio_by_round": {"median": ratios.median, "quartiles": list(ratios.quartiles)},
        }
    return row


def _next(step: Step) -> Any:
    """The step as a call without arguments, which takes the next batch each time."""
    numbers = count()
    return lambda: step(next(numbers))
