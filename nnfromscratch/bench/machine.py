"""The machine that is measured: what it is, and how fast it multiplies matrices."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

import nnfromscratch
from nnfromscratch import kernels
from nnfromscratch.bench.interleaved import Variant, interleaved

SIDE = 1024  # of the matrices whose product is the peak
COPIED = 2**24  # numbers of 4 bytes: more than a cache holds


def describe() -> dict[str, Any]:
    """Processor, its number of cores, system, versions and kernels: what a figure means nothing without."""
    return {
        "processor": processor(),
        "processors": processors(),
        "platform": f"{platform.system()} {platform.machine()}",
        "blas": [{key: info.get(key) for key in ("internal_api", "version", "architecture")} for info in _blas()],
        "versions": {
            "nnfromscratch": nnfromscratch.__version__,
            "python": platform.python_version(),
            **{package: _version(package) for package in ("numpy", "numba", "torch")},
        },
        "kernels": kernels.default(),
    }


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def matrix_product(threads: int) -> Variant:
    """NumPy's product of two float32 matrices of 1024×1024 on so many threads: what BLAS makes of this machine."""
    a, b = np.random.default_rng(0).standard_normal((2, SIDE, SIDE), dtype=np.float32)
    out = np.empty_like(a)
    return Variant(lambda: np.matmul(a, b, out=out), around=lambda: threadpool_limits(limits=threads, user_api="blas"))


def bandwidth(*, seconds: float, rng: np.random.Generator) -> float:
    """GB/s between memory and processor, on one thread: 64 MiB copied, which are read once and written once."""
    source = np.ones(COPIED, np.float32)
    target = np.ones_like(source)
    times = interleaved({"copy": Variant(lambda: np.copyto(target, source))}, seconds=seconds, rng=rng)
    return float(2 * source.nbytes / times["copy"].median / 1e6)


def gflops(operations: float, milliseconds: float) -> float:
    """10⁹ floating-point operations in a second.

    >>> gflops(2e9, 20.0)
    100.0
    """
    return operations / milliseconds / 1e6


def peaks(threads: Sequence[int], *, seconds: float, rng: np.random.Generator) -> list[dict[str, Any]]:
    """The matrix product's speed for each number of threads: the peak that convolutions are held against."""
    times = interleaved({count: matrix_product(count) for count in threads}, seconds=seconds, rng=rng)
    return [
        {
            "threads": count,
            "matrix": SIDE,
            "gflops": gflops(2 * SIDE**3, times[count].median),
            "quartiles_gflops": [gflops(2 * SIDE**3, ms) for ms in reversed(times[count].quartiles)],
        }
        for count in threads
    ]


def _blas() -> list[dict[str, Any]]:
    return [info for info in threadpool_info() if info.get("user_api") == "blas"]


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
