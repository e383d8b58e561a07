"""The whole run: everything that was chosen, one thing after the other, into one dictionary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from nnfromscratch import data
from nnfromscratch.bench import agreement, machine, table
from nnfromscratch.bench.chosen import Chosen
from nnfromscratch.bench.step_times import step_times
from nnfromscratch.bench.torch_steps import has_torch
from nnfromscratch.bench.workloads import WORKLOADS
from nnfromscratch.data import Dataset
from nnfromscratch.wording import counted

Say = Callable[[str], object]

PEAK_SECONDS = 2.0


def measure(chosen: Chosen, *, say: Say, now: Say) -> dict[str, Any]:
    """All measurements by part, and ``"failures"``: in words, where the two sides do not compute the same.

    say: is given the lines of the tables as they come.   now: is given what is being measured.
    """
    rng = np.random.default_rng([chosen.seed, 0])
    now("matrix product")
    results: dict[str, Any] = {
        "peak": machine.peaks(chosen.threads, seconds=min(PEAK_SECONDS, chosen.seconds), rng=rng)
    }
    for peak in results["peak"]:
        say(f"Peak     {peak['gflops']:.0f} GFLOP/s, matrix product on {counted(peak['threads'], 'thread')}")
    results |= {"checks": [], "steps": [], "failures": []}
    if "steps" in chosen.parts:
        _steps(chosen, data.load("mnist").train, results, say=say, now=now)
    return results


def _steps(chosen: Chosen, digits: Dataset, results: dict[str, Any], *, say: Say, now: Say) -> None:
    """First the check of the losses, then, where they agree, the times."""
    say(f"\n{table.steps_header()}")
    for name in chosen.workloads:
        workload = WORKLOADS[name]
        for batch in chosen.batches:
            if has_torch():
                now(f"{name}, batch {batch}: same losses?")
                most = max(chosen.threads)
                agreed = agreement.check(workload, digits, batch, most, seed=chosen.seed)
                where = {"workload": name, "batch": batch, "threads": most}
                results["checks"].append({**where, **asdict(agreed), "passed": not agreed.failures})
                if agreed.failures:
                    results["failures"] += [f"{name}, batch {batch}: {failure}" for failure in agreed.failures]
                    say(f"{name:<12} {batch:>5}          not measured: the losses differ")
                    continue
            for threads in chosen.threads:
                now(f"{name}, batch {batch}, {counted(threads, 'thread')}")
                row = step_times(workload, digits, batch, threads, seconds=chosen.seconds, seed=chosen.seed)
                results["steps"].append(row)
                say(table.steps_line(row))
