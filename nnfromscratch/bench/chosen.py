"""What a run of the benchmark was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from nnfromscratch.bench.machine import processors
from nnfromscratch.bench.workloads import WORKLOADS
from nnfromscratch.errors import RangeError, require_choice, require_int, require_number

# What can be measured: training steps, where their time goes, operations, the sets of kernels, how the cost grows in
# three ways, memory.
PARTS = ("steps", "profile", "operations", "kernels", "channels", "images", "batches", "memory")
MOST_BATCH = 4096  # a batch of digits beyond which the checks alone would need gigabytes


@dataclass(frozen=True)
class Chosen:
    """What to measure, for how long, and from which seed weights and batches are drawn.

    parts: out of ``PARTS``.   workloads, batches, threads: every combination is measured.   seconds: for each of them;
    what is smaller than a training step gets a part of that.
    Raises RangeError for a name that is unknown, a batch outside 1 … 4096, more threads than the machine has.

    >>> Chosen(workloads=("small",), batches=(8,), threads=(1,)).seconds
    15.0
    """

    parts: tuple[str, ...] = ("steps",)
    workloads: tuple[str, ...] = tuple(WORKLOADS)
    batches: tuple[int, ...] = (32, 128)
    threads: tuple[int, ...] = tuple(range(1, min(2, processors()) + 1))
    seconds: float = 15.0
    seed: int = 0

    def __post_init__(self) -> None:
        for part in self.parts:
            require_choice("bench", "part", part, PARTS)
        for workload in self.workloads:
            require_choice("bench", "--workload", workload, WORKLOADS)
        for batch in self.batches:
            if require_int("bench", "--batch", batch, least=1) > MOST_BATCH:
                raise RangeError(f"bench: --batch expects at most {MOST_BATCH:,} images, is {batch:,}")
        for threads in self.threads:
            if require_int("bench", "--threads", threads, least=1) > processors():
                raise RangeError(
                    f"bench: --threads expects at most {processors()}, the processors that this process may use, "
                    f"is {threads}"
                )
        require_number("bench", "--seconds", self.seconds, least=0)
        require_int("bench", "--seed", self.seed, least=0)
