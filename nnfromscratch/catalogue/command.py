"""``python -m nnfromscratch gradcheck``: prove every gradient of the library, and that the proof can fail."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from nnfromscratch import kernels as kernel_sets
from nnfromscratch.catalogue import LAYERS, OPERATIONS
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.proof import Row, prove, ticks
from nnfromscratch.errors import require_choice

RANDOMS, RANDOMS_QUICK = 10, 3  # random arguments for each operation or layer, and set of kernels


def main(*, kernels: str | None = None, operation: str | None = None, seed: int = 0, quick: bool = False) -> int:
    """Check, print the table, and give the exit code: 1 where anything was missed or falsely rejected.

    kernels: sets by name, with commas between; None means all that are installed.   operation: one operation or layer
    by name.   quick: fewer random arguments, and no faults but the mistakes that people make.
    Raises RangeError for an unknown name.
    """
    sets = chosen_sets(kernels)
    entries: Sequence[Entry] = (*OPERATIONS, *LAYERS)
    if operation is not None:
        require_choice("gradcheck", "--operation", operation, [entry.name for entry in entries])
        entries = [entry for entry in entries if entry.name == operation]
    randoms = RANDOMS_QUICK if quick else RANDOMS
    rows: list[Row] = []
    with _bar(sum(ticks(entry, sets, randoms, quick) for entry in entries)) as bar:
        for entry in entries:
            bar.set_description(entry.name)
            rows += prove(entry, sets, seed=seed, randoms=randoms, quick=quick, tick=bar.update)
    print(table(rows))
    return 0 if all(row.right for row in rows) else 1


def chosen_sets(kernels: str | None) -> list[str]:
    """The sets of kernels by name.

    >>> chosen_sets("loops,vectorized")
    ['loops', 'vectorized']
    """
    if kernels is None:
        return [name for name in kernel_sets.SETS if name != "compiled" or kernel_sets.default() == "compiled"]
    return [require_choice("gradcheck", "--kernels", name.strip(), kernel_sets.SETS) for name in kernels.split(",")]


def table(rows: Iterable[Row]) -> str:
    """The rows as a table with totals, and below it whatever is wrong."""
    rows = list(rows)
    width = max(len("operation or layer"), *(len(row.name) for row in rows))
    lines = [
        f"{'operation or layer':<{width}}  {'kernels':<10} {'cases':>6} {'elements':>9} {'worst rel. error':>16} "
        f"{'false alarms':>12} {'unclear':>7} {'faults planted':>14} {'caught':>7}"
    ]
    lines.append("─" * len(lines[0]))
    before = None
    for row in rows:
        lines.append(_line(row, width, row.name if row.name != before else ""))
        before = row.name
    total = Row(
        "all",
        "",
        sum(row.cases for row in rows),
        sum(row.elements for row in rows),
        max(row.worst for row in rows),
        tuple(f"{row.name} on {row.kernels} kernels: {case}" for row in rows for case in row.alarms),
        tuple(f"{row.name} on {row.kernels} kernels: {case}" for row in rows for case in row.unclear),
        sum(row.planted for row in rows),
        tuple(f"{row.name}: {fault}" for row in rows for fault in row.missed),
    )
    lines += [lines[1], _line(total, width, total.name)]
    lines += [f"false alarm: {case}" for case in total.alarms]
    lines += [f"missed: {fault}" for fault in total.missed]
    lines += [f"could not be checked, rounding hides the slopes: {case}" for case in total.unclear]
    lines.append("Every gradient is right, every planted fault was caught." if total.right else "Something is wrong.")
    return "\n".join(lines)


def _line(row: Row, width: int, name: str) -> str:
    planted = f"{row.planted:>14,} {row.planted - len(row.missed):>7,}" if row.planted else " " * 22
    return (
        f"{name:<{width}}  {row.kernels:<10} {row.cases:>6,} {row.elements:>9,} {row.worst:>16.1e} "
        f"{len(row.alarms):>12,} {len(row.unclear):>7,} {planted}"
    ).rstrip()


def _bar(total: int) -> Any:
    from tqdm import tqdm

    watched = sys.stderr.isatty() and os.environ.get("CI", "").lower() in ("", "0", "false")
    return tqdm(total=total, unit=" checks", file=sys.stderr, leave=False, disable=not watched)
