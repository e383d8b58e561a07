"""Where a training step's time goes: kernel by kernel, what Python takes around them, and what no kernel could save."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nnfromscratch import kernels
from nnfromscratch.bench.comparison import OURS, compared
from nnfromscratch.bench.digits import make_batches
from nnfromscratch.bench.interleaved import Variant, interleaved
from nnfromscratch.bench.machine import SIDE, gflops, matrix_product
from nnfromscratch.bench.products import Product, product_of
from nnfromscratch.bench.step_times import BATCHES, next_batch, torch_variants
from nnfromscratch.bench.steps import training_step
from nnfromscratch.bench.watched import Function, Stopwatches, watched
from nnfromscratch.bench.workloads import Workload
from nnfromscratch.data import Dataset
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.types import Array

KINDS = {
    "convolution": ("conv2d",),
    "input gradient": ("conv2d_grad_input",),
    "weight gradient": ("conv2d_grad_weight",),
    "matrix product": ("matmul",),
    "pooling": ("max_pool2d", "max_pool2d_grad", "avg_pool2d", "avg_pool2d_grad"),
    "element-wise": ("bias_activation", "bias_activation_grad", "batch_statistics", "batch_norm", "batch_norm_grad"),
    "in NumPy": ("sigmoid", "softmax_cross_entropy", "binary_cross_entropy_with_logits"),
    "optimizer": ("adam",),
}
THREADS = 1
TIMED, BLAS, BLOCK = "timed", "BLAS", "block"


class Call(NamedTuple):
    """A call in a step: of which function, and the product in it, if it is one."""

    name: str
    product: Product | None


def step_profile(workload: Workload, digits: Dataset, batch_size: int, *, seconds: float, seed: int) -> dict[str, Any]:
    """A row as ``step_times`` gives it, on one thread, and what ``"ours_ms"`` is made of.

    ``"parts"``: for each of ``KINDS`` the milliseconds of its calls, those of them in compiled code, the number of
    calls and, for products, operations and GFLOP/s.   ``"around_ms"``: the rest, Python between the calls. All of these
    are shares of a step in which every call is timed, taken of ``"ours_ms"``.   ``"timed_ms"``: the median of such a
    step, which tells what the stopwatches cost.
    ``"peak_gflops"``, ``"block_gflops"``: of a large matrix product, by BLAS and by our own kernel.
    ``"floors_ms"``: the products of the step alone, all at the higher of these two rates (``"peak"``); and each at the
    higher of BLAS's rate for matrices of its very size and ours (``"sizes"``).
    """
    batches = make_batches(workload, digits, batch_size, BATCHES, rng=np.random.default_rng([seed, batch_size]))
    calls = _calls(training_step(workload, workload.networks(seed), batches))
    step = _TimedStep(next_batch(training_step(workload, workload.networks(seed), batches)))
    ours = training_step(workload, workload.networks(seed), batches)
    sides = {OURS: Variant(next_batch(ours), partial(use_threads, THREADS))}
    sides |= torch_variants(workload, batches, THREADS, seed=seed)
    rng = np.random.default_rng([seed, batch_size])
    peaks = {BLAS: matrix_product(THREADS), BLOCK: _block()}
    products = {call.product: call.product.in_blas(THREADS) for call in calls if call.product}
    times = interleaved({**sides, TIMED: Variant(step, step.around), **peaks, **products}, seconds=seconds, rng=rng)

    each, compiled = (share * times[OURS].median for share in step.shares())
    peak, block = (gflops(2.0 * SIDE**3, times[name].median) for name in (BLAS, BLOCK))
    flops = sum(call.product.flops for call in calls if call.product)
    sizes = [min(ms, times[call.product].median) for call, ms in zip(calls, each, strict=True) if call.product]
    return {
        "workload": workload.name,
        "batch": batch_size,
        "threads": THREADS,
        **compared({name: times[name] for name in sides}),
        "timed_ms": times[TIMED].median,
        "parts": _parts(calls, each, compiled),
        "around_ms": times[OURS].median - float(each.sum()),
        "peak_gflops": peak,
        "block_gflops": block,
        "floors_ms": {"peak": flops / max(peak, block) / 1e6, "sizes": float(sum(sizes))},
    }


def _calls(step: Callable[[int], object]) -> list[Call]:
    """What a step calls: always the same, in the same order."""
    found: list[Call] = []

    def noting(name: str, function: Function) -> Function:
        def noted(*arguments: Any) -> Any:
            found.append(Call(name, product_of(name, arguments)))
            return function(*arguments)

        return noted

    with use_threads(THREADS), watched(noting):
        step(0)
    return found


class _TimedStep:
    """A step that notes, each time that it is called, how many seconds it and every call in it took."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call, self._watches = call, Stopwatches()
        self._steps: list[tuple[float, Array, Array]] = []

    def __call__(self) -> None:
        self._watches.start()
        clock = time.perf_counter()
        self._call()
        taken = time.perf_counter() - clock
        self._steps.append((taken, np.array(self._watches.calls), np.array(self._watches.compiled)))

    @contextmanager
    def around(self) -> Iterator[None]:
        """What the step runs inside, to be timed."""
        with use_threads(THREADS), self._watches.around():
            yield

    def shares(self) -> tuple[Array, Array]:
        """What part of a step each call takes, and what is compiled in it; without the slowest and fastest quarters."""
        steps = sorted(self._steps, key=lambda one: one[0])
        kept = steps[len(steps) // 4 : -(len(steps) // 4) or None]
        total, calls, compiled = (np.sum(values, axis=0) for values in zip(*kept, strict=True))
        return calls / total, compiled / total


def _block() -> Variant:
    """Our own kernel's product of the matrices whose product by BLAS is the peak."""
    a, b = np.random.default_rng(0).standard_normal((2, SIDE, SIDE), dtype=np.float32)
    return Variant(partial(kernels.active().matmul, a, b), partial(use_threads, THREADS))


def _parts(calls: Sequence[Call], each: Array, compiled: Array) -> dict[str, dict[str, Any]]:
    parts = {}
    for kind, names in KINDS.items():
        mine = [index for index, call in enumerate(calls) if call.name in names]
        if not mine:
            continue
        ms, flops = float(each[mine].sum()), sum(p.flops for index in mine if (p := calls[index].product))
        parts[kind] = {
            "ms": ms,
            "compiled_ms": float(compiled[mine].sum()),
            "calls": len(mine),
            "flops": flops or None,
            "gflops": gflops(flops, ms) if flops else None,
        }
    return parts
