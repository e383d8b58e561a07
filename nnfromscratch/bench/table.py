"""Measurements as aligned text: for each part a header, and a line for each row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from nnfromscratch.bench.step_profile import KINDS
from nnfromscratch.kernels import SETS

Row: TypeAlias = Mapping[str, Any]

_STEP = "{:<12} {:>5} {:>7}  {:>9} {:>17}  {:>9}  {:<27} {:>5} {:>13}"
_STEP_TITLES = ("workload", "batch", "threads", "ours, ms", "half of rounds", "torch, ms", "in its best setting",
                "ratio", "half of rounds")  # fmt: skip
_PROFILE = "{:<12} {:>5}  {:>9} {:>9} {:>5}  " + 9 * " {:>8}" + "  {:>7} {:>8}"
_PROFILE_TITLES = ("workload", "batch", "ours, ms", "torch, ms", "ratio", "conv", "∂input", "∂weight",
                   "product", "pooling", "elements", "in NumPy", "Adam", "Python", "at peak", "at sizes")  # fmt: skip
_OPERATION = "{:<43} {:<8} {:>5} {:>7}  {:>9}  {:>9}  {:<13} {:>5}  {:>8} {:>8}"
_OPERATION_TITLES = ("operation", "way", "batch", "threads", "ours, ms", "torch, ms", "best setting", "ratio",
                     "GFLOP/s", "of peak")  # fmt: skip
_KERNELS = "{:<42} {:>5}  {:>12} {:>12} {:>12} {:>12}"
_MEMORY = "{:<12} {:>5}  {:>9} {:>10}  {:<27} {:>5}"
_MEMORY_TITLES = ("workload", "batch", "ours, MiB", "torch, MiB", "in its leanest setting", "ratio")


def header(part: str) -> str:
    """The head of a part's table.

    >>> header("memory").split()[:3]
    ['workload', 'batch', 'ours,']
    """
    _, columns, titles = _TABLES[part]
    text = columns.format(*titles).rstrip()
    return f"{text}\n{'─' * len(text)}"


def line(part: str, row: Row) -> str:
    """A row of a part's table."""
    return _TABLES[part][0](row).rstrip()


def _step(row: Row) -> str:
    where = row["workload"], row["batch"], row["threads"], _ms(row["ours_ms"]), _spread(row["ours_quartiles_ms"])
    if row["best"] is None:
        return _STEP.format(*where, "", "", "", "")
    best = row["best"]
    ratio = f"{row['ratio_to_best']:.2f}", _spread(row["ratio_by_round"]["quartiles"])
    return _STEP.format(*where, _ms(row["torch_ms"][best]), best, *ratio)


def _profile(row: Row) -> str:
    """Milliseconds of each kind of call and of Python between them; the ratios of the products alone."""
    parts = [_ms(row["parts"][kind]["ms"]) if kind in row["parts"] else "" for kind in KINDS]
    where = row["workload"], row["batch"], _ms(row["ours_ms"])
    if row["best"] is None:
        return _PROFILE.format(*where, "", "", *parts, _ms(row["around_ms"]), "", "")
    theirs = row["torch_ms"][row["best"]]
    floors = (f"{row['floors_ms'][name] / theirs:.2f}" for name in ("peak", "sizes"))
    ratio = f"{row['ratio_to_best']:.2f}"
    return _PROFILE.format(*where, _ms(theirs), ratio, *parts, _ms(row["around_ms"]), *floors)


def _operation(row: Row) -> str:
    best = row["best"]
    theirs = (_ms(row["torch_ms"][best]), best, f"{row['ratio_to_best']:.2f}") if best else ("", "", "")
    speed = ("", "") if row["gflops"] is None else (f"{row['gflops']:.1f}", f"{row['share_of_peak']:.0%}")
    where = row["operation"], row["way"], row["batch"] or "", row["threads"], _ms(row["ours_ms"])
    return _OPERATION.format(*where, *theirs, *speed)


def _kernels(row: Row) -> str:
    times = (_ms(row["ms"][name]) if name in row["ms"] else "" for name in (*SETS, "torch"))
    return _KERNELS.format(row["what"], row["batch"], *times)


def _memory(row: Row) -> str:
    least = row["least"]
    theirs = (f"{row['torch_mib'][least]:.1f}", least, f"{row['ratio_to_least']:.2f}") if least else ("", "", "")
    return _MEMORY.format(row["workload"], row["batch"], f"{row['ours_mib']:.1f}", *theirs)


def _ms(milliseconds: float) -> str:
    """Three digits that count, as they stand in a column.

    >>> _ms(0.01234), _ms(1.234), _ms(123.4)
    ('0.012', '1.23', '123')
    """
    return f"{milliseconds:.{3 if milliseconds < 1 else 2 if milliseconds < 10 else 1 if milliseconds < 100 else 0}f}"


def _spread(quartiles: list[float]) -> str:
    return " – ".join(map(_ms, quartiles))


_TABLES: dict[str, tuple[Callable[[Row], str], str, tuple[str, ...]]] = {
    "steps": (_step, _STEP, _STEP_TITLES),
    "profile": (_profile, _PROFILE, _PROFILE_TITLES),
    "operations": (_operation, _OPERATION, _OPERATION_TITLES),
    "kernels": (_kernels, _KERNELS, ("on one thread, ms", "batch", *SETS, "torch")),
    "channels": (_operation, _OPERATION, _OPERATION_TITLES),
    "images": (_operation, _OPERATION, _OPERATION_TITLES),
    "batches": (_step, _STEP, _STEP_TITLES),
    "memory": (_memory, _MEMORY, _MEMORY_TITLES),
}
