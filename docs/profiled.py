"""Where a training step's time goes, from ``"profile"`` of ``docs/figures/bench.json``: tables, sentences, picture."""

from __future__ import annotations

from typing import NamedTuple

from matplotlib.figure import Figure
from measured import NOTHING, Results, Row, table, three, two

from nnfromscratch import plotting

# The ratios to PyTorch's best setting on one thread that this package set out to reach.
MARKS = {
    ("lenet", 128): 0.85, ("lenet", 32): 1.0, ("small", 128): 0.6, ("small", 32): 0.6,
    ("dcgan", 128): 0.9, ("dcgan", 32): 1.0, ("article-gan", 128): 0.7, ("article-gan", 32): 0.6,
}  # fmt: skip
PRODUCTS = ("convolution", "input gradient", "weight gradient", "matrix product")
KINDS = (*PRODUCTS, "pooling", "element-wise", "in NumPy", "optimizer")


def shares(results: Results) -> str:
    """How much of a step each kind of call takes."""
    return table(
        ("% of our step", "batch", *KINDS, "preparing", "Python"),
        [
            (
                row["workload"],
                row["batch"],
                *(_percent(_inside(row["parts"].get(kind)), row) for kind in KINDS),
                _percent(_preparing(row), row),
                _percent(row["around_ms"], row),
            )
            for row in _rows(results)
        ],
    )


def rates(results: Results) -> str:
    """GFLOP/s of the products in a step, beside those of large matrices."""
    return table(
        ("GFLOP/s", "batch", *PRODUCTS, "large, our block", "large, BLAS"),
        [
            (
                row["workload"],
                row["batch"],
                *(three((row["parts"].get(kind) or {}).get("gflops")) for kind in PRODUCTS),
                three(row["block_gflops"]),
                three(row["peak_gflops"]),
            )
            for row in _rows(results)
        ],
    )


def bounds(results: Results) -> str:
    """The ratio to PyTorch's step as it is, and as it would be if parts of ours took less time or none."""
    return table(
        (
            "workload",
            "batch",
            "ratio",
            "mark",
            "without Python",
            "products like BLAS",
            "both",
            "products alone",
            "at the peak",
        ),
        [(row["workload"], row["batch"], *map(two, _ratios(row))) for row in _compared(results)],
    )


def verdict(results: Results) -> str:
    """Which marks are missed, and what would have to be gained to reach each."""
    rows = _compared(results)
    if not rows:
        return NOTHING
    missed = {f"{row['workload']} at {row['batch']}": each for row in rows if (each := _ratios(row)).now > each.mark}
    said = f"{len(rows) - len(missed)} of {len(rows)} marks are reached in this run."
    if not missed:
        return said
    for meaning, found in (
        (
            "Out of reach for whoever multiplies no faster than BLAS does large matrices",
            [name for name, each in missed.items() if each.at_the_peak > each.mark],
        ),
        (
            "Out of reach even if all but the products took no time, and each of these ran at the higher of BLAS's "
            "rate and ours",
            [name for name, each in missed.items() if each.alone > each.mark],
        ),
        (
            "Missed by no more than Python costs",
            [name for name, each in missed.items() if each.without_python <= each.mark],
        ),
        (
            "Missed by no more than our products lose against BLAS",
            [name for name, each in missed.items() if each.like_blas <= each.mark],
        ),
        ("By no more than both together", [name for name, each in missed.items() if each.both <= each.mark]),
        ("By more than both", [name for name, each in missed.items() if each.both > each.mark]),
    ):
        said += f" {meaning}: {', '.join(found) or 'none'}."
    return said


def stopwatches(results: Results) -> str:
    """What taking the time costs."""
    more = [100 * (row["timed_ms"] / row["ours_ms"] - 1) for row in _rows(results) if row.get("timed_ms")]
    if not more:
        return NOTHING
    return (
        f"The steps with stopwatches took between {min(more):.0f} % and {max(more):.0f} % more time than those "
        "without, which ran in turn with them; where that is below zero, it is one of the machine's moods."
    )


def picture(results: Results) -> Figure:
    """The parts of each step as a share of PyTorch's."""
    return plotting.step_profile(_rows(results), MARKS)


class Ratios(NamedTuple):
    """To PyTorch's step: as it is; the mark; without Python; with each product at BLAS's rate, where that is higher.

    Both; then the products alone: at that rate, and all at the rate of large matrices.
    """

    now: float
    mark: float
    without_python: float
    like_blas: float
    both: float
    alone: float
    at_the_peak: float


def _ratios(row: Row) -> Ratios:
    theirs, floors, step = row["torch_ms"][row["best"]], row["floors_ms"], row["ours_ms"]
    parts = row["parts"]
    products = sum(parts[kind]["ms"] for kind in PRODUCTS if kind in parts)
    others = sum(_inside(part) or 0.0 for kind, part in parts.items() if kind not in PRODUCTS)
    return Ratios(
        row["ratio_to_best"],
        MARKS[_place(row)],
        (step - row["around_ms"] - _preparing(row)) / theirs,
        (step - products + floors["sizes"]) / theirs,
        (others + floors["sizes"]) / theirs,
        floors["sizes"] / theirs,
        floors["peak"] / theirs,
    )


def _rows(results: Results) -> list[Row]:
    return [row for row in results.get("profile") or [] if row.get("ours_ms")]


def _compared(results: Results) -> list[Row]:
    return [row for row in _rows(results) if row.get("ratio_to_best") and _place(row) in MARKS]


def _place(row: Row) -> tuple[str, int]:
    return row["workload"], row["batch"]


def _inside(part: Row | None) -> float | None:
    """Milliseconds in the compiled code of a kind of call; all where it has none."""
    return None if part is None else part["compiled_ms"] or part["ms"]


def _preparing(row: Row) -> float:
    """Milliseconds in kernels, but not in their compiled code."""
    return sum(part["ms"] - (_inside(part) or 0.0) for part in row["parts"].values())


def _percent(ms: float | None, row: Row) -> str:
    return "–" if ms is None else f"{100 * ms / row['ours_ms']:.0f}"
