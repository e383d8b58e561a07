"""Single operations, ours beside PyTorch's, and as a share of what the machine can do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from nnfromscratch.bench.comparison import OURS, compared
from nnfromscratch.bench.interleaved import Times, Variant, interleaved
from nnfromscratch.bench.machine import SIDE, gflops, matrix_product
from nnfromscratch.bench.operations import Operation
from nnfromscratch.bench.torch_steps import has_torch
from nnfromscratch.bench.ways import difference, our_calls, torch_calls
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.layers import Conv2d, ConvTranspose2d, Dense, Layer

TOLERANCE = 1e-4  # of the largest number in the result: how far float32 may be apart
PEAK = "matrix product"


def operation_times(
    operation: Operation, batch_size: int, threads: int, *, seconds: float, seed: int
) -> list[dict[str, Any]]:
    """A row for each way through the operation, ours and PyTorch's in its memory formats.

    Where the work is multiplications, with the floating-point operations, GFLOP/s and the share of the matrix
    product's, which takes part in every round. ``"bytes"``: of all arrays, each read or written once.
    ``"difference"``: how far the results are apart; a way in which they differ is not timed, and its row has no
    ``"ours_ms"``.
    """
    rng = np.random.default_rng([seed, batch_size])
    layer = operation.make(rng)
    x = rng.standard_normal((batch_size, *operation.sample), dtype=np.float32)
    dy = rng.standard_normal((batch_size, *layer.output_shape(operation.sample)), dtype=np.float32)
    around = partial(use_threads, threads)
    with around():
        ours = our_calls(layer, x, dy, operation.ways)
    theirs = {}
    if has_torch():
        theirs = torch_calls(layer, x, dy, operation.ways, threads)
    differences = _differences(ours, theirs)
    variants: dict[Any, Variant] = {}
    for way in operation.ways:
        if differences[way] <= TOLERANCE:
            variants[way, OURS] = Variant(ours[way], around)
            variants |= {(way, side): Variant(calls[way]) for side, calls in theirs.items()}
    work = 2.0 * batch_size * multiplications(layer, operation.sample)
    if work:
        variants[PEAK] = matrix_product(threads)
    times = interleaved(variants, seconds=seconds, rng=rng)
    rows = []
    for way in operation.ways:
        row = {"operation": operation.name, "way": way, "batch": batch_size, "threads": threads}
        row["difference"] = differences[way] if theirs else None
        if (way, OURS) in times:
            row |= compared({key[1]: each for key, each in times.items() if key[0] == way})
            row |= _speed(row, work, times.get(PEAK))
            row |= {"flops": work or None, "bytes": x.nbytes + dy.nbytes + sum(w.nbytes for w in layer.params.values())}
        rows.append(row)
    return rows


def multiplications(layer: Layer, sample: tuple[int, ...]) -> int:
    """How often a sample's way through the layer multiplies by a weight; 0 where there is no such thing.

    Every weight is counted at every place, also where the kernel hangs over the edge, as is usual.

    >>> multiplications(Conv2d(1, 32, 5, padding=2, rng=np.random.default_rng(0)), (1, 28, 28))
    627200
    """
    if isinstance(layer, Conv2d):
        return layer.params["weight"].size * math.prod(layer.output_shape(sample)[1:])
    if isinstance(layer, ConvTranspose2d):
        return layer.params["weight"].size * math.prod(sample[1:])
    return layer.params["weight"].size if isinstance(layer, Dense) else 0


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """For each way, how far the farthest of PyTorch's results is; 0 where there is none."""
    results = {way: call() for way, call in ours.items()}
    return {
        way: float(np.max([difference(result, calls[way]()) for calls in theirs.values()], initial=0.0))
        for way, result in results.items()
    }


def _speed(row: Mapping[str, Any], work: float, peak: Times | None) -> dict[str, float | None]:
    if peak is None:
        return {"gflops": None, "torch_gflops": None, "share_of_peak": None}
    ours = gflops(work, row["ours_ms"])
    theirs = row["torch_ms"][row["best"]] if row["best"] else None
    return {
        "gflops": ours,
        "torch_gflops": gflops(work, theirs) if theirs else None,
        "share_of_peak": ours / gflops(2.0 * SIDE**3, peak.median),
    }
