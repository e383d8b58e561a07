"""How the cost grows with the batch and with the size of the images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nnfromscratch.errors import DataError
from nnfromscratch.plotting.bars import legend
from nnfromscratch.plotting.style import INK, SERIES, TEXT_SIZE, add_axes, calm, new_figure

Points = Sequence[tuple[int, float]]


def growth(batches: Sequence[Mapping[str, Any]], images: Sequence[Mapping[str, Any]]) -> Figure:
    """Left: the time of a training step for each image of the batch. Right: that of a convolution for each pixel.

    Where the cost is proportional to the work, a curve is level; what is high at the left is cost that comes with
    every call. The convolution is all three ways together.
    batches, images: of these names in the benchmark's JSON.
    Raises DataError where there is nothing to draw.

    >>> batch = {"workload": "small", "batch": 32, "ours_ms": 3.2, "torch_ms": {"fused": 6.4}, "best": "fused"}
    >>> figure = growth([batch], [{"size": 7, "batch": 32, "ours_ms": 1.0, "torch_ms": {}, "best": None}])
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['images in a batch', 'height and width of an image']
    """
    if not batches or not images:
        raise DataError("growth: batches and images expect at least one measurement each, one of them has none")
    figure = new_figure(
        8.9,
        4.7,
        title="How the cost grows",
        subtitle="Level: a cost proportional to the work. One thread.",
    )
    per_image = {
        name: [(row["batch"], 1e3 * _time(row, name) / row["batch"]) for row in batches if _time(row, name)]
        for name in _SIDES
    }
    pixels = {
        name: [
            (size, 1e6 * sum(_time(row, name) for row in images if row["size"] == size) / count / size**2)
            for size, count in dict.fromkeys((row["size"], row["batch"]) for row in images)
        ]
        for name in _SIDES
    }
    workload = batches[0]["workload"]
    for left, title, xlabel, ylabel, curves in (
        (0.9, f"training step of {workload}", "images in a batch", "µs for each image", per_image),
        (5.2, "convolution 3×3, 16→32", "height and width of an image", "ns for each pixel", pixels),
    ):
        axes = add_axes(figure, left, 1.4, 3.3, 2.6)
        calm(axes, xlabel=xlabel, ylabel=ylabel)
        axes.set_title(title, loc="left", size=TEXT_SIZE, color=INK)
        _draw(axes, curves)
    figure.axes[0].set_yscale("log")
    figure.axes[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    figure.axes[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    figure.axes[0].yaxis.set_minor_locator(NullLocator())
    figure.axes[1].set_ylim(bottom=0)
    shown = [label for name, label in _SIDES.items() if any(value for _, value in per_image[name])]
    legend(figure, 0.9, shown, marker="●")
    return figure


_SIDES = {"ours": "ours", "torch": "PyTorch in its best setting"}


def _time(row: Mapping[str, Any], side: str) -> float:
    """Milliseconds; 0 where PyTorch was not measured."""
    if side == "ours":
        return float(row["ours_ms"])
    return float(row["torch_ms"][row["best"]]) if row["best"] else 0.0


def _draw(axes: Axes, curves: Mapping[str, Points]) -> None:
    ticks: set[int] = set()
    for which, points in enumerate(curves.values()):
        points = [(x, y) for x, y in points if y]
        if points:
            axes.plot(*zip(*points, strict=True), color=SERIES[which], linewidth=1.8, marker="o", markersize=4)
            ticks |= {x for x, _ in points}
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
