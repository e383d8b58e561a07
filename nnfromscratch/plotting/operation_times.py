"""Single operations beside PyTorch's, and the sets of kernels beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from nnfromscratch.errors import DataError
from nnfromscratch.plotting.dots import Dot, dot_rows
from nnfromscratch.wording import counted

_WAYS = {
    "forward": "forward",
    "input": "gradient of the input",
    "weight": "gradient of the weight",
    "both": "both gradients",
    "step": "step",
}


def operation_times(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Our time for an operation as a share of PyTorch's in its best memory format, for every way through it.

    A panel for each number of threads and batch size; what has no batch, Adam, stands in the first panel of its number
    of threads. Left of the line ours is faster. Without PyTorch: milliseconds.
    rows: ``"operations"`` of the benchmark's JSON.
    Raises DataError where there is nothing to draw.

    >>> row = {"operation": "dense 4→2", "way": "forward", "batch": 8, "threads": 1, "ours_ms": 1.0, "gflops": None}
    >>> operation_times([{**row, "ratio_to_best": 0.5}]).axes[0].get_xlabel()
    "our time / PyTorch's"
    """
    if not rows:
        raise DataError("operation_times: rows expects at least one measurement, is empty")
    is_ratio = all(row["ratio_to_best"] is not None for row in rows)
    batch_of = {row["threads"]: row["batch"] for row in reversed(rows) if row["batch"]}
    dots = [
        Dot(
            f"{counted(row['threads'], 'thread')}, batch {row['batch'] or batch_of.get(row['threads'])}",
            row["operation"],
            _WAYS[row["way"]],
            row["ratio_to_best" if is_ratio else "ours_ms"],
        )
        for row in rows
    ]
    title = "Time for an operation"
    if not is_ratio:
        return dot_rows(dots, title=title, subtitle="Further left is better.", xlabel="milliseconds")
    subtitle = "Against PyTorch in its best memory format: left of the line ours is faster."
    return dot_rows(dots, title=title, subtitle=subtitle, xlabel="our time / PyTorch's", one="PyTorch")


def kernel_times(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """How long the same takes with the loops of the printed equation, with NumPy, with Numba, and in PyTorch.

    rows: ``"kernels"`` of the benchmark's JSON.
    Raises DataError where there is nothing to draw.

    >>> row = {"what": "lenet, training step", "batch": 32, "ms": {"vectorized": 60.0, "compiled": 30.0}}
    >>> kernel_times([row]).axes[0].get_xlabel()
    'milliseconds'
    """
    if not rows:
        raise DataError("kernel_times: rows expects at least one measurement, is empty")
    sides = dict.fromkeys(side for row in rows for side in row["ms"])
    dots = [
        Dot("", f"{row['what']}, batch {row['batch']}", side, row["ms"][side])
        for side in sides
        for row in rows
        if side in row["ms"]
    ]
    order = list(dict.fromkeys(f"{row['what']}, batch {row['batch']}" for row in rows))
    dots.sort(key=lambda dot: order.index(dot.row))
    subtitle = "On one thread; each mark of the scale is ten times the one before. Further left is better."
    return dot_rows(dots, title="The same with other kernels", subtitle=subtitle, xlabel="milliseconds")
