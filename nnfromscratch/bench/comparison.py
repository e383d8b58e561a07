"""Ours against the best of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnfromscratch.bench.interleaved import Times

OURS = "ours"


def compared(times: Mapping[str, Times]) -> dict[str, Any]:
    """The medians of ours and of PyTorch's settings, and ours against the best: the one with the smallest median.

    ``"ratio_to_best"`` is that of the medians, ``"ratio_by_round"`` has median and quartiles of the ratio within each
    round, in which what slows down the whole machine cancels out.

    >>> row = compared({"ours": Times([1.0, 2.0, 3.0]), "a": Times([4.0, 4.0, 4.0]), "b": Times([5.0, 5.0, 5.0])})
    >>> row["ours_ms"], row["best"], row["ratio_to_best"], row["torch_ms"]
    (2.0, 'a', 0.5, {'a': 4.0, 'b': 5.0})
    """
    ours = times[OURS]
    others = {name: each for name, each in times.items() if name != OURS}
    row: dict[str, Any] = {
        "ours_ms": ours.median,
        "ours_quartiles_ms": list(ours.quartiles),
        "torch_ms": {name: each.median for name, each in others.items()},
        "torch_quartiles_ms": {name: list(each.quartiles) for name, each in others.items()},
        "best": None,
        "ratio_to_best": None,
        "ratio_by_round": None,
        "rounds": len(ours.rounds),
    }
    if others:
        best = min(others, key=lambda name: others[name].median)
        ratios = Times([mine / its for mine, its in zip(ours.rounds, others[best].rounds, strict=True)])
        row |= {
            "best": best,
            "ratio_to_best": ours.median / others[best].median,
            "ratio_by_round": {"median": ratios.median, "quartiles": list(ratios.quartiles)},
        }
    return row
