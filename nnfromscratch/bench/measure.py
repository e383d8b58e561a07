"""The whole run: every part that was chosen, one thing after the other, into one dictionary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np

from nnfromscratch import data
from nnfromscratch.bench import agreement, kernel_times, machine, memory, scaling, table
from nnfromscratch.bench.chosen import PARTS, Chosen
from nnfromscratch.bench.operation_times import operation_times
from nnfromscratch.bench.operations import OPERATIONS
from nnfromscratch.bench.optimizer_times import adam_times
from nnfromscratch.bench.step_profile import step_profile
from nnfromscratch.bench.step_times import step_times
from nnfromscratch.bench.torch_steps import has_torch
from nnfromscratch.bench.workloads import WORKLOADS, Workload
from nnfromscratch.wording import counted

Say: TypeAlias = Callable[[str], object]
Row: TypeAlias = dict[str, Any]


def measure(chosen: Chosen, *, say: Say, now: Say) -> dict[str, Any]:
    """The rows of every part, the peak, the checks, and ``"failures"``: where the two sides compute different things.

    say: is given the lines of the tables as they come.   now: is given what is being measured.
    """
    return _Run(chosen, say, now).results()


class _Run:
    def __init__(self, chosen: Chosen, say: Say, now: Say) -> None:
        self.chosen, self.say, self.now = chosen, say, now
        self.digits = data.load("mnist").train
        self.rows: dict[str, list[Row]] = {"peak": [], "checks": [], **{part: [] for part in PARTS}}
        self.failures: list[str] = []

    def results(self) -> dict[str, Any]:
        self.now("matrix product")
        rng = np.random.default_rng([self.chosen.seed, 0])
        self.rows["peak"] = machine.peaks(self.chosen.threads, seconds=0.1 * self.chosen.seconds, rng=rng)
        bandwidth = machine.bandwidth(seconds=0.1 * self.chosen.seconds, rng=rng)
        for row in self.rows["peak"]:
            self.say(f"Peak     {row['gflops']:.0f} GFLOP/s, matrix product on {counted(row['threads'], 'thread')}")
        self.say(f"Memory   {bandwidth:.0f} GB/s, copying on 1 thread")
        for part in self.chosen.parts:
            if part == "memory" and not memory.can_measure():
                self.say("\nMemory can be measured on Linux only.")
                continue
            self.say(f"\n{table.header(part)}")
            getattr(self, f"_{part}")()
        return {"bandwidth_gb": bandwidth, **self.rows, "failures": self.failures}

    def _add(self, part: str, row: Row) -> None:
        self.rows[part].append(row)
        self.say(table.line(part, row))

    def _steps(self) -> None:
        chosen = self.chosen
        for workload in self._workloads():
            for batch in chosen.batches:
                if not self._agree(workload, batch, max(chosen.threads)):
                    continue
                for threads in chosen.threads:
                    self.now(f"{workload.name}, batch {batch}, {counted(threads, 'thread')}")
                    row = step_times(workload, self.digits, batch, threads, seconds=chosen.seconds, seed=chosen.seed)
                    self._add("steps", row)

    def _profile(self) -> None:
        chosen = self.chosen
        for workload in self._workloads():
            for batch in chosen.batches:
                self.now(f"profile: {workload.name}, batch {batch}")
                row = step_profile(workload, self.digits, batch, seconds=chosen.seconds, seed=chosen.seed)
                self._add("profile", row)

    def _operations(self) -> None:
        chosen, seconds = self.chosen, self.chosen.seconds / 5
        for threads in chosen.threads:
            for batch in chosen.batches:
                for operation in OPERATIONS:
                    self.now(f"{operation.name}, batch {batch}, {counted(threads, 'thread')}")
                    for row in operation_times(operation, batch, threads, seconds=seconds, seed=chosen.seed):
                        self._add_if_right("operations", row)
            self.now(f"Adam, {counted(threads, 'thread')}")
            self._add_if_right("operations", adam_times(WORKLOADS["lenet"], threads, seconds=seconds, seed=chosen.seed))

    def _kernels(self) -> None:
        seconds, seed = self.chosen.seconds / 3, self.chosen.seed
        for operation in kernel_times.TINY:
            self.now(f"kernels: {operation.name}")
            for row in kernel_times.tiny_times(operation, seconds=seconds, seed=seed):
                self._add("kernels", row)
        for workload in self._workloads():
            for batch in self.chosen.batches:
                self.now(f"kernels: {workload.name}, batch {batch}")
                row = kernel_times.kernel_step_times(workload, self.digits, batch, seconds=seconds, seed=seed)
                self._add("kernels", row)

    def _channels(self) -> None:
        for channels, kernel_size in scaling.CHANNELS:
            self.now(f"{channels} channels, {kernel_size}×{kernel_size}")
            for row in scaling.by_channels(
                channels, kernel_size, seconds=self.chosen.seconds / 10, seed=self.chosen.seed
            ):
                self._add_if_right("channels", row)

    def _images(self) -> None:
        for size in scaling.IMAGES:
            self.now(f"images of {size}×{size}")
            for row in scaling.by_image_size(size, seconds=self.chosen.seconds / 5, seed=self.chosen.seed):
                self._add_if_right("images", row)

    def _batches(self) -> None:
        workload, seconds, seed = WORKLOADS[scaling.BATCH_WORKLOAD], self.chosen.seconds / 3, self.chosen.seed
        for batch in scaling.BATCHES:
            if self._agree(workload, batch, 1):
                self.now(f"{workload.name}, batch {batch}")
                self._add("batches", step_times(workload, self.digits, batch, 1, seconds=seconds, seed=seed))

    def _memory(self) -> None:
        for workload in self._workloads():
            for batch in self.chosen.batches:
                self.now(f"memory: {workload.name}, batch {batch}")
                self._add("memory", memory.step_memory(workload, batch, seed=self.chosen.seed))

    def _workloads(self) -> list[Workload]:
        return [WORKLOADS[name] for name in self.chosen.workloads]

    def _agree(self, workload: Workload, batch: int, threads: int) -> bool:
        """Whether both sides compute the same losses; true where there is but one side."""
        if not has_torch():
            return True
        self.now(f"{workload.name}, batch {batch}: the same losses?")
        agreed = agreement.check(workload, self.digits, batch, threads, seed=self.chosen.seed)
        failures = agreement.failures(agreed)
        self.rows["checks"].append(
            {
                "workload": workload.name,
                "batch": batch,
                "threads": threads,
                "differences": [asdict(each) for each in agreed],
                "passed": not failures,
            }
        )
        self.failures += [f"{workload.name}, batch {batch}: {failure}" for failure in failures]
        if failures:
            self.say(f"{workload.name}, batch {batch}: not timed, the losses differ")
        return not failures

    def _add_if_right(self, part: str, row: Row) -> None:
        if "ours_ms" in row:
            self._add(part, row)
            return
        self.failures.append(
            f"{row['operation']}, {row['way']}, batch {row['batch']}: results expected to be the same, differ by "
            f"{row['difference']:.1e} of the largest number"
        )
        self.say(f"{row['operation']}, {row['way']}: not timed, the results differ")
