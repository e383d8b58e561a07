"""How fast convolutions are: over the number of channels, and under the roof of the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nnfromscratch.errors import DataError
from nnfromscratch.plotting.bars import legend
from nnfromscratch.plotting.style import INK, MUTED, SERIES, SMALL_SIZE, TEXT_SIZE, add_axes, calm, new_figure

_WAYS = {"forward": "forward", "input": "gradient of the input", "weight": "gradient of the weight"}


def throughput(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """GFLOP/s of a convolution and its two gradients over the number of channels, a panel for each kernel size.

    Dots and lines are ours, dashed lines are PyTorch's in its best memory format. The line at the top is the machine's
    matrix product in the same run.
    rows: ``"channels"`` of the benchmark's JSON.
    Raises DataError where there is nothing to draw.

    >>> row = {"channels": 4, "kernel_size": 3, "way": "forward", "gflops": 50.0}
    >>> throughput([{**row, "torch_gflops": 40.0, "share_of_peak": 0.5}]).axes[0].get_ylabel()
    'GFLOP/s'
    """
    if not rows:
        raise DataError("throughput: rows expects at least one measurement, is empty")
    sizes = list(dict.fromkeys(row["kernel_size"] for row in rows))
    peak = float(np.median([row["gflops"] / row["share_of_peak"] for row in rows]))
    has_torch = any(row["torch_gflops"] for row in rows)
    figure = new_figure(
        max(0.9 + 4.4 * len(sizes) - 0.2, 8.6), 4.7, title="Throughput of a convolution over its channels",
        subtitle="As many channels in as out, one thread." + " Dashed: PyTorch in its best memory format." * has_torch,
    )  # fmt: skip
    highest = max(peak, *(max(row["gflops"], row["torch_gflops"] or 0) for row in rows))
    for number, size in enumerate(sizes):
        axes = add_axes(figure, 0.9 + 4.4 * number, 1.4, 3.8, 2.6)
        calm(axes, xlabel="channels", ylabel="" if number else "GFLOP/s")
        axes.set_title(f"kernel {size}×{size}", loc="left", size=TEXT_SIZE, color=INK)
        _curves(axes, [row for row in rows if row["kernel_size"] == size])
        axes.axhline(peak, color=INK, linewidth=1)
        axes.annotate(
            "matrix product", (0, peak), (3, 3), xycoords=("axes fraction", "data"), textcoords="offset points",
            size=SMALL_SIZE, color=INK,
        )  # fmt: skip
        _in_powers_of_two(axes, [row["channels"] for row in rows])
        axes.set_ylim(0, 1.1 * highest)
    legend(figure, 0.9, list(_WAYS.values()), marker="●")
    return figure


def roofline(rows: Sequence[Mapping[str, Any]], *, peak_gflops: float, bandwidth: float, threads: int = 1) -> Figure:
    """Each convolution and matrix product under the roof of the machine: what arithmetic and memory allow at most.

    roof(I) = min(peak, I · bandwidth)            I = operations / bytes, with every array read or written once

    rows: ``"operations"`` of the benchmark's JSON, of which those with GFLOP/s on so many threads are drawn.
    peak_gflops: of the matrix product.   bandwidth: of the memory, in GB/s.
    Raises DataError where there is nothing to draw.
    Source: Williams, Waterman, Patterson, Roofline: an insightful visual performance model (2009).

    >>> row = {"operation": "dense 4→2", "way": "forward", "threads": 1, "gflops": 50.0, "flops": 1e6, "bytes": 1e5}
    >>> roofline([row], peak_gflops=90.0, bandwidth=10.0).axes[0].get_xlabel()
    'operations for each byte'
    """
    rows = [row for row in rows if row.get("gflops") and row["threads"] == threads]
    if not rows:
        raise DataError("roofline: rows expects at least one measurement with GFLOP/s, has none")
    figure = new_figure(
        8.6, 5.4, title="Under the roof of the machine",
        subtitle="Slanted: what the memory can deliver. Level: what the matrix product reaches. Higher is better.",
    )  # fmt: skip
    axes = add_axes(figure, 0.9, 1.35, 7.2, 3.3)
    calm(axes, xlabel="operations for each byte", ylabel="GFLOP/s")
    for which, way in enumerate(_WAYS):
        shown = [row for row in rows if row["way"] == way]
        axes.plot(
            [row["flops"] / row["bytes"] for row in shown], [row["gflops"] for row in shown], "o",
            color=SERIES[which], markersize=6, markeredgecolor="white", markeredgewidth=0.7, zorder=3,
        )  # fmt: skip
    intensities = [row["flops"] / row["bytes"] for row in rows]
    ridge = peak_gflops / bandwidth
    x = np.array(sorted({min(*intensities, ridge) / 1.6, ridge, max(*intensities, ridge) * 1.6}))
    axes.plot(x, np.minimum(peak_gflops, x * bandwidth), color=INK, linewidth=1.2)
    axes.annotate(
        f"{peak_gflops:.0f} GFLOP/s", (ridge, peak_gflops), (0, 4), textcoords="offset points",
        size=SMALL_SIZE, color=MUTED,
    )  # fmt: skip
    axes.annotate(
        f"{bandwidth:.0f} GB/s", (x[0], x[0] * bandwidth), (10, 0), textcoords="offset points",
        va="center", size=SMALL_SIZE, color=MUTED,
    )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(x[0], x[-1])
    speeds = [row["gflops"] for row in rows]
    axes.set_ylim(min(speeds) / 1.3, 1.4 * max(peak_gflops, *speeds))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    legend(figure, 0.9, list(_WAYS.values()), marker="●")
    return figure


def _curves(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    for which, way in enumerate(_WAYS):
        shown = [row for row in rows if row["way"] == way]
        channels = [row["channels"] for row in shown]
        colour = SERIES[which]
        axes.plot(channels, [row["gflops"] for row in shown], color=colour, linewidth=1.8, marker="o", markersize=3.5)
        if all(row["torch_gflops"] for row in shown):
            axes.plot(channels, [row["torch_gflops"] for row in shown], color=colour, linewidth=1, dashes=(4, 3))


def _in_powers_of_two(axes: Axes, values: Sequence[int]) -> None:
    """A scale on which each doubling takes the same room, with its powers of two named."""
    axes.set_xscale("log", base=2)
    axes.set_xticks([2**k for k in range(12) if min(values) <= 2**k <= max(values)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
