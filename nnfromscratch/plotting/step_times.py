"""How long training steps take, beside PyTorch's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnfromscratch.errors import DataError
from nnfromscratch.plotting.style import INK, MUTED, SERIES, SMALL_SIZE, TEXT_SIZE, add_axes, calm, new_figure
from nnfromscratch.wording import counted

_GROUP = 0.8  # of the room for a workload, what its bars take


def step_times(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Our time for a training step as a share of PyTorch's in its best setting; in milliseconds where there is none.

    A panel for each number of threads, a group of bars for each workload, a bar for each batch size. Below 1 ours is
    faster. The thin lines span half of the rounds: the quartiles of the ratio within a round, or of the time.
    rows: ``"steps"`` of the benchmark's JSON.
    Raises DataError where there is nothing to draw.

    >>> row = {"workload": "small", "batch": 32, "threads": 1, "ours_ms": 2.0, "ours_quartiles_ms": [1.9, 2.2]}
    >>> figure = step_times([{**row, "ratio_to_best": 0.5, "ratio_by_round": {"quartiles": [0.48, 0.55]}}])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0.50', 'PyTorch']
    """
    if not rows:
        raise DataError("step_times: rows expects at least one measurement, is empty")
    is_ratio = all(row["ratio_to_best"] is not None for row in rows)
    workloads, batches, threads = (list(dict.fromkeys(row[key] for row in rows)) for key in _KEYS)
    subtitle = "The lower the better. Thin lines: half of the rounds."
    if is_ratio:
        subtitle = "Against PyTorch in its best setting: below the line ours is faster. Thin lines: half of the rounds."
    left, gap, right = 0.9, 0.75, 0.95
    width = max(1.15 * len(workloads), 7.0 / len(threads) - gap)
    figure = new_figure(
        left + len(threads) * (width + gap) - gap + right, 4.4, title="Time for a training step", subtitle=subtitle
    )
    highest = max(_bar(row, is_ratio)[2] for row in rows)
    for panel, count in enumerate(threads):
        axes = add_axes(figure, left + panel * (width + gap), 1.35, width, 2.5)
        calm(axes, ylabel=("our time / PyTorch's" if is_ratio else "milliseconds") if panel == 0 else "")
        axes.grid(False, axis="x")
        axes.set_title(counted(count, "thread"), loc="left", size=TEXT_SIZE, color=INK)
        _bars(axes, [row for row in rows if row["threads"] == count], workloads, batches, is_ratio)
        axes.set_xlim(-0.5, len(workloads) - 0.5)
        axes.set_xticks(range(len(workloads)), workloads, size=TEXT_SIZE, color=INK, parse_math=False)
        axes.tick_params(axis="x", length=0)
        axes.set_ylim(0, 1.12 * max(highest, 1.0 if is_ratio else 0))
        if is_ratio:
            axes.axhline(1, color=INK, linewidth=1, zorder=3)
            axes.annotate(
                "PyTorch", (1, 1), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                va="center", size=SMALL_SIZE, color=INK,
            )  # fmt: skip
    _legend(figure, left, batches)
    return figure


_KEYS = ("workload", "batch", "threads")


def _bars(
    axes: Axes, rows: Sequence[Mapping[str, Any]], workloads: list[str], batches: list[int], is_ratio: bool
) -> None:
    width = _GROUP / len(batches)
    for row in rows:
        which = batches.index(row["batch"])
        x = workloads.index(row["workload"]) + (which - (len(batches) - 1) / 2) * width
        height, low, high = _bar(row, is_ratio)
        axes.bar(x, height, 0.92 * width, color=SERIES[which % len(SERIES)], zorder=2)
        axes.plot([x, x], [low, high], color=INK, linewidth=1, zorder=4)
        axes.annotate(
            f"{height:.2f}" if height < 10 else f"{height:.0f}", (x, max(height, high)), (0, 3),
            textcoords="offset points", ha="center", size=SMALL_SIZE, color=INK,
        )  # fmt: skip


def _bar(row: Mapping[str, Any], is_ratio: bool) -> tuple[float, float, float]:
    """Height, and the ends of the line of its spread."""
    if is_ratio:
        return (row["ratio_to_best"], *row["ratio_by_round"]["quartiles"])
    return (row["ours_ms"], *row["ours_quartiles_ms"])


def _legend(figure: Figure, left: float, batches: list[int]) -> None:
    """Colours and batch sizes, under the subtitle."""
    width, height = figure.get_size_inches()
    for which, batch in enumerate(batches):
        x, y = left + 1.0 * which, height - 0.98
        figure.text(x / width, y / height, "■", color=SERIES[which % len(SERIES)], size=TEXT_SIZE, va="center")
        figure.text((x + 0.17) / width, y / height, f"batch {batch}", color=MUTED, size=SMALL_SIZE, va="center")
