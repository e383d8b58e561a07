"""A row for each thing that was measured, and in it a dot for each of its numbers, on a scale of factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from nnfromscratch.plotting.bars import legend
from nnfromscratch.plotting.style import FAINT, INK, SERIES, SMALL_SIZE, TEXT_SIZE, add_axes, calm, new_figure


class Dot(NamedTuple):
    """A number and where it stands."""

    panel: str
    row: str
    series: str
    value: float


def dot_rows(dots: Sequence[Dot], *, title: str, subtitle: str, xlabel: str, one: str = "") -> Figure:
    """Panels beside each other, on one logarithmic scale. one: what the line at 1 stands for."""
    panels, rows, series = (list(dict.fromkeys(names)) for names in list(zip(*dots, strict=True))[:3])
    left, gap, row_height = 0.5 + 0.072 * max(map(len, rows)), 0.3, 0.27
    width = max(2.3, 5.0 / len(panels))
    height = row_height * len(rows)
    whole = max(left + len(panels) * (width + gap) + 0.2, 8.6)
    top = 1.2 + 0.25 * bool(one) + 0.25 * (panels != [""])
    figure = new_figure(whole, top + height + 0.75, title=title, subtitle=subtitle)
    values = [dot.value for dot in dots] + [1.0] * bool(one)
    low, high = min(values) / 1.6, max(values) * 1.6
    ticks = [
        factor * 10.0**power
        for power in range(-6, 7)
        for factor in ((1, 2, 5) if high < 100 * low else (1,))
        if low <= factor * 10.0**power <= high
    ]
    for number, panel in enumerate(panels):
        axes = add_axes(figure, left + number * (width + gap), top, width, height)
        calm(axes, xlabel=xlabel)
        axes.grid(False)
        axes.hlines(range(len(rows)), 0, 1, transform=axes.get_yaxis_transform(), color=FAINT, linewidth=0.8, zorder=0)
        axes.spines["left"].set_visible(False)
        axes.set_title(panel, loc="left", size=TEXT_SIZE, color=INK, pad=20 if one else 6)
        for which, name in enumerate(series):
            shown = [dot for dot in dots if (dot.panel, dot.series) == (panel, name)]
            axes.plot(
                [dot.value for dot in shown], [rows.index(dot.row) for dot in shown], "o",
                color=SERIES[which % len(SERIES)], markersize=6, markeredgecolor="white", markeredgewidth=0.7, zorder=3,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks(range(len(rows)), [] if number else rows, size=SMALL_SIZE, color=INK, parse_math=False)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        if one:
            axes.axvline(1, color=INK, linewidth=1, zorder=2)
            axes.annotate(
                one, (1, 1), (0, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
                ha="center", size=SMALL_SIZE, color=INK,
            )  # fmt: skip
    legend(figure, left, series, marker="●")
    return figure
