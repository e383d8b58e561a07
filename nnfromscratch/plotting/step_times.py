"""Training steps beside PyTorch's: how long they take, and how much memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from nnfromscratch.errors import DataError
from nnfromscratch.plotting.bars import Bar, grouped_bars
from nnfromscratch.wording import counted


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
    _require_rows("step_times", rows)
    title, groups = "Time for a training step", [_place(row) for row in rows]
    if any(row["ratio_to_best"] is None for row in rows):
        bars = [Bar(*at, row["ours_ms"], *row["ours_quartiles_ms"]) for at, row in zip(groups, rows, strict=True)]
        subtitle = "The lower the better. Thin lines: half of the rounds."
        return grouped_bars(bars, title=title, subtitle=subtitle, ylabel="milliseconds")
    bars = [
        Bar(*at, row["ratio_to_best"], *row["ratio_by_round"]["quartiles"])
        for at, row in zip(groups, rows, strict=True)
    ]
    subtitle = "Against PyTorch in its best setting: below the line ours is faster. Thin lines: half of the rounds."
    return grouped_bars(bars, title=title, subtitle=subtitle, ylabel="our time / PyTorch's", one="PyTorch")


def step_memory(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Our peak memory in a training step as a share of PyTorch's in its leanest setting; in MiB where there is none.

    rows: ``"memory"`` of the benchmark's JSON.
    Raises DataError where there is nothing to draw.

    >>> row = {"workload": "small", "batch": 32, "ours_mib": 6.0, "ratio_to_least": 0.75}
    >>> [text.get_text() for text in step_memory([row]).axes[0].texts]
    ['0.75', 'PyTorch']
    """
    _require_rows("step_memory", rows)
    is_ratio = all(row["ratio_to_least"] is not None for row in rows)
    bars = [
        Bar("", row["workload"], f"batch {row['batch']}", row["ratio_to_least" if is_ratio else "ours_mib"])
        for row in rows
    ]
    title = "Peak memory of a training step"
    if not is_ratio:
        return grouped_bars(bars, title=title, subtitle="The lower the better.", ylabel="MiB")
    subtitle = "Against PyTorch in its leanest setting: below the line ours needs less."
    return grouped_bars(bars, title=title, subtitle=subtitle, ylabel="our memory / PyTorch's", one="PyTorch")


def _place(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Panel, group and series."""
    return counted(row["threads"], "thread"), row["workload"], f"batch {row['batch']}"


def _require_rows(function: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        raise DataError(f"{function}: rows expects at least one measurement, is empty")
