"""The three sets of kernels against each other: the same operations, the same step, other loops."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from nnfromscratch import kernels
from nnfromscratch.bench.digits import make_batches
from nnfromscratch.bench.interleaved import Times, Variant, interleaved
from nnfromscratch.bench.operations import Operation, convolution
from nnfromscratch.bench.step_times import BATCHES, next_batch, torch_variants
from nnfromscratch.bench.steps import training_step
from nnfromscratch.bench.ways import FORWARD, INPUT, our_calls
from nnfromscratch.bench.workloads import Workload
from nnfromscratch.data import Dataset
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.layers import MaxPool2d

TINY = (
    convolution(4, 8, 3, 1, 1, 8),
    Operation("max pooling 2×2, 8×8×8", lambda _: MaxPool2d(2), (8, 8, 8), (FORWARD, INPUT)),
)
TINY_BATCH = 4  # the loops of Python take a second for each million multiplications


def installed_sets() -> list[str]:
    """The sets that work here: compiled needs Numba."""
    return [name for name in kernels.SETS if name != "compiled" or kernels.default() == "compiled"]


def tiny_times(operation: Operation, *, seconds: float, seed: int) -> list[dict[str, Any]]:
    """A row for each way through a tiny operation, with the milliseconds of all three sets on one thread."""
    rng = np.random.default_rng(seed)
    layer = operation.make(rng)
    x = rng.standard_normal((TINY_BATCH, *operation.sample), dtype=np.float32)
    dy = rng.standard_normal((TINY_BATCH, *layer.output_shape(operation.sample)), dtype=np.float32)
    variants: dict[tuple[str, str], Variant] = {}
    for name in installed_sets():
        with kernels.use(name):  # a way back uses the kernels of its forward
            calls = our_calls(layer, x, dy, operation.ways)
        variants |= {(way, name): Variant(call, partial(_inside, 1, name)) for way, call in calls.items()}
    times = interleaved(variants, seconds=seconds, rng=rng)
    return [
        _row(f"{operation.name}, {way}", TINY_BATCH, {key[1]: each for key, each in times.items() if key[0] == way})
        for way in operation.ways
    ]


def kernel_step_times(
    workload: Workload, digits: Dataset, batch_size: int, *, seconds: float, seed: int
) -> dict[str, Any]:
    """A row of a training step with NumPy's kernels, with Numba's, and PyTorch's best setting, on one thread."""
    rng = np.random.default_rng([seed, batch_size])
    batches = make_batches(workload, digits, batch_size, BATCHES, rng=rng)
    variants = {
        name: Variant(next_batch(training_step(workload, workload.networks(seed), batches)), partial(_inside, 1, name))
        for name in installed_sets()
        if name != "loops"
    }
    theirs = torch_variants(workload, batches, 1, seed=seed)
    times = interleaved(variants | theirs, seconds=seconds, rng=rng)
    shown = {name: times[name] for name in variants}
    if theirs:
        shown["torch"] = min((times[name] for name in theirs), key=lambda each: each.median)
    return _row(f"{workload.name}, training step", batch_size, shown)


def _row(what: str, batch_size: int, times: dict[str, Times]) -> dict[str, Any]:
    return {
        "what": what,
        "batch": batch_size,
        "threads": 1,
        "ms": {name: each.median for name, each in times.items()},
        "quartiles_ms": {name: list(each.quartiles) for name, each in times.items()},
        "rounds": len(next(iter(times.values())).rounds),
    }


@contextmanager
def _inside(threads: int, name: str) -> Iterator[None]:
    with use_threads(threads), kernels.use(name):
        yield
