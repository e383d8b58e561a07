"""How much memory a training step takes at its peak, ours and PyTorch's, each in a fresh process of its own.

What is counted: the memory of the process at its highest during three steps, above what it was just before them. By
then the process has imported everything, made networks and batches, and taken one step on a batch of two images, which
compiles or loads the kernels and makes what the optimizer remembers. So libraries, parameters, Adam's memory and the
batches are on neither side's bill; results kept for the way back, gradients, and whatever a kernel needs besides, are.
Pages of program code that are loaded meanwhile are taken off. It takes Linux, which can set the mark back to zero.

    python -m nnfromscratch.bench.memory lenet 128 ours 0          # one such process
"""

from __future__ import annotations

import ctypes
import gc
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch import data
from nnfromscratch.bench.comparison import OURS
from nnfromscratch.bench.digits import make_batches
from nnfromscratch.bench.steps import training_step
from nnfromscratch.bench.torch_steps import has_torch, settings, torch_step
from nnfromscratch.bench.workloads import WORKLOADS, Workload
from nnfromscratch.errors import RunError
from nnfromscratch.kernels.threads import use_threads

STEPS = 3
_STATUS, _MARK = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def can_measure() -> bool:
    """Whether the system keeps a mark of the highest memory that can be set back."""
    return _STATUS.exists() and _MARK.exists()


def step_memory(workload: Workload, batch_size: int, *, seed: int) -> dict[str, Any]:
    """A row: the peak of a step in MiB, ours and PyTorch's in every setting, on one thread.

    Raises RunError where a process ends otherwise than it should.
    """
    ours = _in_a_fresh_process(workload.name, batch_size, OURS, seed)
    theirs = (
        {str(each): _in_a_fresh_process(workload.name, batch_size, str(each), seed) for each in settings(workload)}
        if has_torch()
        else {}
    )
    least = min(theirs, key=lambda name: theirs[name]) if theirs else None
    return {
        "workload": workload.name,
        "batch": batch_size,
        "ours_mib": ours,
        "torch_mib": theirs,
        "least": least,
        "ratio_to_least": ours / theirs[least] if least else None,
    }


def _in_a_fresh_process(workload: str, batch_size: int, side: str, seed: int) -> float:
    command = [sys.executable, "-m", "nnfromscratch.bench.memory", workload, str(batch_size), side, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise RunError(f"bench: the memory of {workload}, batch {batch_size}, {side} expects a step, has {last[0]}")
    return float(json.loads(done.stdout))


def peak_of_steps(workload: Workload, batch_size: int, side: str, *, seed: int) -> float:
    """MiB that this process needs for a step at its peak; to be asked for once in a process.

    side: "ours", or one of PyTorch's settings by name.
    """
    digits = data.load("mnist").train
    rng = np.random.default_rng([seed, batch_size])
    batches = make_batches(workload, digits, 2, 1, rng=rng)
    batches += make_batches(workload, digits, batch_size, STEPS, rng=rng)
    networks = workload.networks(seed)
    if side == OURS:
        step = training_step(workload, networks, batches)
    else:
        import torch

        torch.set_num_threads(1)
        step = torch_step(workload, networks, batches, next(s for s in settings(workload) if str(s) == side))
    with use_threads(1):
        step(0)
        del digits
        _give_back()
        _MARK.write_text("5", encoding="ascii")  # the mark of the highest memory back to what is used now
        before = _kib("VmRSS") - _kib("RssFile")
        for number in range(1, STEPS + 1):
            step(number)
    return (_kib("VmHWM") - _kib("RssFile") - before) / 1024


def _give_back() -> None:
    """Memory that was freed goes back to the system, where a step would otherwise take it from for nothing."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of the usual C library on Linux
    if trim is not None:
        trim(0)


def _kib(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", _STATUS.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise RunError(f"bench: {_STATUS} expects a line {field}, has none")
    return int(found[1])


def _main(arguments: Sequence[str]) -> None:
    workload, batch_size, side, seed = arguments
    print(json.dumps(peak_of_steps(WORKLOADS[workload], int(batch_size), side, seed=int(seed))))


if __name__ == "__main__":
    _main(sys.argv[1:])
