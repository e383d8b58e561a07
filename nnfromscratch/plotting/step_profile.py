"""Where a training step's time goes: a bar for each network, as long as its step, in pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from nnfromscratch.errors import DataError
from nnfromscratch.plotting.style import INK, MUTED, SERIES, SMALL_SIZE, TEXT_SIZE, add_axes, calm, new_figure

PREPARING, PYTHON = "preparing", "Python"
_GREYS = {PREPARING: "#8d95a1", PYTHON: "#c3c8d0"}
_LEFT, _WIDTH, _ROW = 1.75, 7.0, 0.4  # inches


def step_profile(rows: Sequence[Mapping[str, Any]], marks: Mapping[tuple[str, int], float] | None = None) -> Figure:
    """What compiled code of each kind takes of our step, preparing it, and Python, as a share of PyTorch's step.

    Of PyTorch's settings the best counts; without PyTorch it is a share of our own step. The white line: how long the
    products alone would take, each at the higher of BLAS's rate and ours. marks: by workload and batch a ratio that was
    aimed at, drawn as a triangle.
    rows: ``"profile"`` of the benchmark's JSON.
    Raises DataError where there is nothing to draw.

    >>> part = {"ms": 0.75, "compiled_ms": 0.5}
    >>> row = {"workload": "small", "batch": 32, "best": "a", "torch_ms": {"a": 2.0}, "ours_ms": 1.0}
    >>> figure = step_profile([{**row, "parts": {"pooling": part}, "around_ms": 0.25, "floors_ms": {"sizes": 0.4}}])
    >>> [float(bar.get_width()) for bar in figure.axes[0].patches]
    [0.25, 0.125, 0.125]
    """
    if not rows:
        raise DataError("step_profile: rows expects at least one measurement, is empty")
    alone = any(row["best"] is None for row in rows)
    kinds = dict.fromkeys(kind for row in rows for kind in row["parts"])
    colours = dict(zip(kinds, SERIES, strict=False)) | _GREYS
    height = _ROW * len(rows)
    figure = new_figure(
        _LEFT + _WIDTH + 0.6, height + 2.35, title="Where the time of a training step goes",
        subtitle="White line: the products alone, each as fast as BLAS or as ours, whichever is faster."
        + (" Triangle: the mark." if marks else ""),
    )  # fmt: skip
    axes = add_axes(figure, _LEFT, 1.5, _WIDTH, height)
    calm(axes, xlabel="share of our step" if alone else "share of PyTorch's step")
    axes.grid(False, axis="y")
    ends = []
    for place, row in enumerate(rows):
        whole = row["ours_ms"] if alone else row["torch_ms"][row["best"]]
        end = 0.0
        for kind, ms in _pieces(row):
            axes.barh(place, ms / whole, 0.72, left=end, color=colours[kind], zorder=2)
            end += ms / whole
        floor = row["floors_ms"]["sizes"] / whole
        axes.plot([floor, floor], [place - 0.36, place + 0.36], color="white", linewidth=2, zorder=3)
        axes.annotate(
            f"{end:.2f}",
            (end, place),
            (5, 0),
            textcoords="offset points",
            va="center",
            size=SMALL_SIZE,
            color=INK,
            zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
        )
        ends.append(end)
        if marks and (mark := marks.get((row["workload"], row["batch"]))):
            axes.plot([mark], [place - 0.36], marker="v", markersize=6, color=INK, zorder=4, clip_on=False)
    axes.set_yticks(range(len(rows)), [f"{row['workload']}, {row['batch']}" for row in rows], size=TEXT_SIZE, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1.1 * max(1.0, *ends))
    if not alone:
        axes.axvline(1, color=INK, linewidth=1, zorder=3)
    _legend(figure, colours)
    return figure


def _pieces(row: Mapping[str, Any]) -> list[tuple[str, float]]:
    """What compiled code takes of each kind, or NumPy, where there is none; what is left of the kernels; Python."""
    pieces = [(kind, part["compiled_ms"] or part["ms"]) for kind, part in row["parts"].items()]
    rest = row["ours_ms"] - row["around_ms"] - sum(ms for _, ms in pieces)
    return [*pieces, (PREPARING, rest), (PYTHON, row["around_ms"])]


def _legend(figure: Figure, colours: Mapping[str, str]) -> None:
    """The kinds with their colours, five in a line."""
    width, height = figure.get_size_inches()
    for which, (kind, colour) in enumerate(colours.items()):
        x, y = 0.35 + 1.8 * (which % 5), height - 0.98 - 0.22 * (which // 5)
        figure.text(x / width, y / height, "■", color=colour, size=TEXT_SIZE, va="center")
        figure.text((x + 0.17) / width, y / height, kind, color=MUTED, size=SMALL_SIZE, va="center")
