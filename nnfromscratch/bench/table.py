"""Measurements as aligned text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_STEPS = "{:<12} {:>5} {:>7}  {:>9} {:>17}  {:>9}  {:<27} {:>5} {:>13}"


def steps_header() -> str:
    """The head of the table of training steps.

    >>> steps_header().split()[:3]
    ['workload', 'batch', 'threads']
    """
    titles = ("workload", "batch", "threads", "ours, ms", "half of rounds", "torch, ms", "in its best setting")
    line = _STEPS.format(*titles, "ratio", "half of rounds")
    return f"{line}\n{'─' * len(line)}"


def steps_line(row: Mapping[str, Any]) -> str:
    """A row of ``step_times``: below a ratio of 1 ours is faster."""
    ours = row["ours_ms"], spread(row["ours_quartiles_ms"], 2)
    where = row["workload"], row["batch"], row["threads"], f"{ours[0]:.2f}", ours[1]
    if row["best"] is None:
        return _STEPS.format(*where, "", "", "", "").rstrip()
    ratio = f"{row['ratio_to_best']:.2f}", spread(row["ratio_by_round"]["quartiles"], 2)
    return _STEPS.format(*where, f"{row['torch_ms'][row['best']]:.2f}", row["best"], *ratio)


def spread(quartiles: list[float], digits: int) -> str:
    """Two quartiles.

    >>> spread([1.0, 2.5], 2)
    '1.00 – 2.50'
    """
    low, high = quartiles
    return f"{low:.{digits}f} – {high:.{digits}f}"
