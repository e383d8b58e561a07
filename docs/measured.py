"""The committed figures of ``docs/figures/bench.json`` as tables, sentences and pictures; what is missing is left out.

The JSON is written by another command on another day: a row may be absent, a number null. Then a table is shorter, and
a picture is replaced by a line that says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from nnfromscratch import plotting
from nnfromscratch.errors import DataError

FILE = Path(__file__).resolve().parent / "figures" / "bench.json"
NOTHING = "*This part has not been measured.*"
RUNGS = {
    "loops": "1. as printed, interpreted (`loops`)",
    "seven_loops": "2. the same seven loops, compiled",
    "batch_innermost": "3. another order of memory and loops, compiled",
    "vectorized": "4. matrix products on slices, NumPy (`vectorized`)",
    "compiled": "5. register blocks, compiled (`compiled`)",
    "matrix_product": "the machine's matrix product (BLAS)",
}
RECOVERABLE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, StopIteration)

Row = Mapping[str, Any]
Results = Mapping[str, Any]


def load(file: Path = FILE) -> Results:
    return json.loads(file.read_text(encoding="utf-8"))


def machine(results: Results) -> str:
    """What was measured, where and when."""
    versions = results.get("versions") or {}
    known = [f"{name} {versions[key]}" for name, key in _PACKAGES.items() if versions.get(key)]
    cores = results.get("processors")
    words = [
        results.get("processor") or "an unnamed processor",
        f"{cores} core{'s' * (cores != 1)}" if cores else "",
        *known,
        f"measured on {str(results['finished'])[:10]}" if results.get("finished") else "",
    ]
    return f"*{', '.join(word for word in words if word)}.*"


_PACKAGES = {"Python": "python", "NumPy": "numpy", "Numba": "numba", "PyTorch": "torch"}


def ladder(results: Results) -> str:
    """From the printed loops to the compiled kernel: speed, and how much each step brought."""
    measured = (results.get("ladder") or {}).get("convolution") or {}
    speeds = measured.get("gflops") or {}
    lines, before = [], None
    for name, words in RUNGS.items():
        speed = speeds.get(name)
        if not speed:
            continue
        step = "" if before is None or name == "matrix_product" else f"×{three(speed / before)}"
        peak = speeds.get("matrix_product")
        lines.append((words, three(speed), step, f"{three(100 * speed / peak)} %" if peak else ""))
        before = speed
    rungs = table(("", "GFLOP/s", "against the line above", "of the matrix product"), lines)
    return f"{measured.get('what', '')}, batch {measured.get('batch', '')}, one thread\n\n{rungs}" if lines else NOTHING


def gain(results: Results, name: str, before: str) -> str:
    """How many times as fast as the step before."""
    speeds = ((results.get("ladder") or {}).get("convolution") or {}).get("gflops") or {}
    if not speeds.get(name) or not speeds.get(before):
        return NOTHING
    speed, factor = speeds[name], speeds[name] / speeds[before]
    return f"**Measured:** {three(speed)} GFLOP/s, {three(factor)} times the step before."


def passes(results: Results) -> str:
    """What sharing a pass over memory brings."""
    rows = (results.get("ladder") or {}).get("passes") or []
    return table(
        ("", "pass after pass, ms", "together, ms", "ratio"),
        [
            (row["what"], three(apart), three(together), _ratio(together, apart))
            for row in rows
            if (apart := row.get("apart_ms")) and (together := row.get("together_ms"))
        ],
    )


def threads(results: Results) -> str:
    """Our own steps on one and on two threads."""
    rows = {(row["workload"], row["batch"], row["threads"]): row.get("ours_ms") for row in results.get("steps") or []}
    pairs = {key[:2]: (ms, rows.get((*key[:2], 2))) for key, ms in rows.items() if key[2] == 1}
    return table(
        ("training step", "batch", "1 thread, ms", "2 threads, ms", "ratio"),
        [
            (workload, batch, three(one), three(two), _ratio(two, one))
            for (workload, batch), (one, two) in pairs.items()
            if one and two
        ],
    )


def steps(results: Results) -> str:
    """Whole training steps beside PyTorch's best setting, every row; a ratio above 1 is set in bold."""
    return table(
        ("workload", "batch", "threads", "ours, ms", "PyTorch, ms", "in its best setting", "ratio", "half the rounds"),
        [
            (
                row["workload"],
                row["batch"],
                row["threads"],
                three(row.get("ours_ms")),
                three((row.get("torch_ms") or {}).get(row.get("best"))),
                row.get("best") or "–",
                _bold_above_one(row.get("ratio_to_best")),
                " – ".join(map(two, (row.get("ratio_by_round") or {}).get("quartiles") or ())) or "–",
            )
            for row in results.get("steps") or []
        ],
    )


def verdict(results: Results) -> str:
    """In how many rows ours is faster, and in which it is not."""
    rows = [row for row in results.get("steps") or [] if row.get("ratio_to_best")]
    if not rows:
        return NOTHING
    slower = sorted((row for row in rows if row["ratio_to_best"] >= 1), key=lambda row: -row["ratio_to_best"])
    said = f"Our step takes less time than PyTorch's best in {len(rows) - len(slower)} of {len(rows)} rows."
    if not slower:
        return said
    named = [
        f"{row['workload']} with batch {row['batch']} on {row['threads']} thread{'s' * (row['threads'] != 1)} "
        f"({two(row['ratio_to_best'])})"
        for row in slower
    ]
    return f"{said} It does not in: {', '.join(named)}."


def operations(results: Results, count: int = 1) -> str:
    """Single operations on one thread where PyTorch is ahead, the worst first; and how many they are of how many."""
    rows = [row for row in results.get("operations") or [] if row.get("ratio_to_best") and row.get("threads") == count]
    slower = sorted((row for row in rows if row["ratio_to_best"] > 1), key=lambda row: -row["ratio_to_best"])
    if not rows:
        return NOTHING
    said = f"On {count} thread{'s' * (count != 1)}, PyTorch is ahead in {len(slower)} of {len(rows)} rows"
    if not slower:
        return f"{said}."
    return f"{said}:\n\n" + table(
        ("operation", "way", "batch", "ours, ms", "PyTorch, ms", "ratio"),
        [
            (
                row["operation"],
                row["way"],
                row["batch"] or "–",
                three(row.get("ours_ms")),
                three((row.get("torch_ms") or {}).get(row.get("best"))),
                two(row["ratio_to_best"]),
            )
            for row in slower
        ],
    )


def sets(results: Results) -> str:
    """The three sets of kernels at the same work."""
    names = ("loops", "vectorized", "compiled", "torch")
    return table(
        ("one thread, ms", "batch", *(f"`{name}`" for name in names[:3]), "PyTorch"),
        [
            (row["what"], row["batch"], *(three((row.get("ms") or {}).get(name)) for name in names))
            for row in results.get("kernels") or []
        ],
    )


def memory(results: Results) -> str:
    """Peak memory of a training step."""
    return table(
        ("workload", "batch", "ours, MiB", "PyTorch, MiB", "in its leanest setting", "ratio"),
        [
            (
                row["workload"],
                row["batch"],
                three(row.get("ours_mib")),
                three((row.get("torch_mib") or {}).get(row.get("least"))),
                row.get("least") or "–",
                _bold_above_one(row.get("ratio_to_least")),
            )
            for row in results.get("memory") or []
        ],
    )


def agreement(results: Results) -> str:
    """How far the losses of both sides are apart."""
    checks = [check for check in results.get("checks") or [] if check.get("differences")]
    apart = [each.get("float64") for check in checks for each in check["differences"][:1] if each.get("float64")]
    if not apart:
        return NOTHING
    passed = sum(bool(check.get("passed")) for check in checks)
    return (
        f"{passed} of {len(checks)} comparisons of the losses passed; in float64 they are at most "
        f"{max(apart):.0e} apart, relative, over twenty steps."
    )


class Text:
    """Markdown that a cell shows as such."""

    def __init__(self, markdown: str) -> None:
        self.markdown = markdown

    def _repr_markdown_(self) -> str:
        return self.markdown


class Picture:
    """A PNG that a cell shows as such."""

    def __init__(self, png: bytes) -> None:
        self.png = png

    def _repr_png_(self) -> bytes:
        return self.png


def picture(draw: Callable[[], Figure]) -> Picture | Text:
    """The figure that ``draw`` makes, or a line where there is nothing to draw."""
    try:
        return Picture(plotting.png_bytes(draw()))
    except (DataError, *RECOVERABLE):
        return Text(NOTHING)


def roofline(results: Results) -> Figure:
    """The operations on one thread under the roof of the machine."""
    peak = next(row for row in results["peak"] if row["threads"] == 1)
    return plotting.roofline(
        results["operations"], peak_gflops=peak["gflops"], bandwidth=results["bandwidth_gb"], threads=1
    )


def table(titles: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    lines = list(lines)
    if not lines:
        return NOTHING
    columns = [[str(cell) for cell in column if cell != ""] for column in zip(*lines, strict=True)]
    numeric = [all(cell[0] in "0123456789*×–" for cell in column) for column in columns]
    rule = ["---:" if index and numeric[index] else "---" for index in range(len(titles))]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in (titles, rule, *lines))


def three(number: float | None) -> str:
    """Three digits that count, and none that do not: 0.0123, 1.23, 123, 1,230."""
    if number is None:
        return "–"
    size = abs(number)
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3 if size >= 0.1 else 4
    return f"{number:,.{digits}f}"


def two(number: float | None) -> str:
    return "–" if number is None else f"{number:.2f}"


def _bold_above_one(ratio: float | None) -> str:
    return f"**{ratio:.2f}**" if ratio and ratio >= 1 else two(ratio)


def _ratio(new: float | None, old: float | None) -> str:
    return f"{new / old:.2f}" if new and old else "–"
