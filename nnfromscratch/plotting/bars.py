"""Groups of bars, a panel beside the other, each bar with its number and a thin line for its spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnfromscratch.plotting.style import INK, MUTED, SERIES, SMALL_SIZE, TEXT_SIZE, add_axes, calm, new_figure

_GROUP = 0.8  # of the room for a group, what its bars take


class Bar(NamedTuple):
    """A bar and where it stands. low, high: the ends of the thin line; None where there is no spread."""

    panel: str
    group: str
    series: str
    height: float
    low: float | None = None
    high: float | None = None

    @property
    def top(self) -> float:
        """Where bar and line end."""
        return max(self.height, self.high or 0)


def grouped_bars(bars: Sequence[Bar], *, title: str, subtitle: str, ylabel: str, one: str = "") -> Figure:
    """All bars on one scale from zero. one: what a bar of height 1 is as large as, drawn as a line."""
    panels, groups, series = (list(dict.fromkeys(names)) for names in list(zip(*bars, strict=True))[:3])
    left, gap, right = 0.9, 0.75, 0.95
    width = max(0.3 + 0.85 * len(groups) * max(1, len(series) / 2), 7.0 / len(panels) - gap)
    figure = new_figure(left + len(panels) * (width + gap) - gap + right, 4.4, title=title, subtitle=subtitle)
    highest = max(bar.top for bar in bars)
    for number, panel in enumerate(panels):
        axes = add_axes(figure, left + number * (width + gap), 1.35, width, 2.5)
        calm(axes, ylabel="" if number else ylabel)
        axes.grid(False, axis="x")
        axes.set_title(panel, loc="left", size=TEXT_SIZE, color=INK)
        for bar in bars:
            if bar.panel == panel:
                _draw(axes, bar, groups.index(bar.group), series)
        axes.set_xlim(-0.5, len(groups) - 0.5)
        axes.set_xticks(range(len(groups)), groups, size=TEXT_SIZE, color=INK, parse_math=False)
        axes.tick_params(axis="x", length=0)
        axes.set_ylim(0, 1.12 * max(highest, 1.0 if one else 0))
        if one:
            axes.axhline(1, color=INK, linewidth=1, zorder=3)
        if one and number == len(panels) - 1:
            axes.annotate(
                one, (1, 1), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                va="center", size=SMALL_SIZE, color=INK,
            )  # fmt: skip
    legend(figure, left, series)
    return figure


def _draw(axes: Axes, bar: Bar, group: int, series: list[str]) -> None:
    width = _GROUP / len(series)
    which = series.index(bar.series)
    x = group + (which - (len(series) - 1) / 2) * width
    axes.bar(x, bar.height, 0.92 * width, color=SERIES[which % len(SERIES)], zorder=2)
    if bar.low is not None and bar.high is not None:
        axes.plot([x, x], [bar.low, bar.high], color=INK, linewidth=1, zorder=4)
    axes.annotate(
        f"{bar.height:.2f}" if bar.height < 10 else f"{bar.height:.0f}", (x, bar.top), (0, 3),
        textcoords="offset points", ha="center", size=SMALL_SIZE, color=INK,
        zorder=5, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},  # legible where the line of 1 passes
    )  # fmt: skip


def legend(figure: Figure, left: float, series: Sequence[str], marker: str = "■") -> None:
    """The series with their colours in a line under the subtitle, from ``left`` inches on."""
    width, height = figure.get_size_inches()
    x = left
    for which, name in enumerate(series):
        y = height - 0.98
        figure.text(x / width, y / height, marker, color=SERIES[which % len(SERIES)], size=TEXT_SIZE, va="center")
        figure.text((x + 0.17) / width, y / height, name, color=MUTED, size=SMALL_SIZE, va="center", parse_math=False)
        x += 0.5 + 0.064 * len(name)
