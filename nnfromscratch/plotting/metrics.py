"""How good the samples were, time after time, beside what real images get."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nnfromscratch.errors import DataError, ShapeError
from nnfromscratch.plotting.style import BLUE, INK, MUTED, SMALL_SIZE, TEXT_SIZE, add_axes, calm, new_figure

# What stands over each panel, and what is good.
METRICS = {
    "classifier_score": ("classifier score", "higher is better"),
    "frechet_distance": ("Fréchet distance", "lower is better"),
    "classes_covered": ("classes covered", "higher is better"),
    "confident_share": ("share of confident samples", "as high as real"),
    "nearest_distance": ("distance to nearest training image", "far below: copies"),
    "copied_share": ("share closer than 99 % of test images", "far above: copies"),
}
_SHARES = ("confident_share", "copied_share")


def metrics_over_training(
    steps: Sequence[int],
    figures: Mapping[str, Sequence[float]],
    real: Mapping[str, float],
    *,
    samples: int,
    nearest_samples: int | None = None,
) -> Figure:
    """A panel for each metric: its course over the steps, and as a dashed line what real images get.

    steps: T whole numbers   figures: by the name of the metric, T numbers each
    real: the yardstick, by the same names   samples: how many were measured each time, of generated and of real images
    nearest_samples: for how many of them the nearest training image was looked for, where that is another number
    Raises DataError where there is no step or no metric, ShapeError where the lengths differ.

    >>> figures, real = {"classifier_score": [1.0, 5.5]}, {"classifier_score": 9.6}
    >>> figure = metrics_over_training([0, 100], figures, real, samples=1000)
    >>> figure.axes[0].get_title(loc="left")
    'classifier score'
    """
    if not len(steps) or not figures:
        raise DataError("metrics_over_training: figures expects at least one metric and one step, has none")
    for name, values in figures.items():
        if len(values) != len(steps) or name not in real:
            raise ShapeError(
                f"metrics_over_training: {name} expects {len(steps)} figures like steps and one of real images, has "
                f"{len(values)} and {'one' if name in real else 'none'}"
            )
    fewer = "" if nearest_samples is None else f", nearest training images of {nearest_samples:,}"
    columns = min(3, len(figures))
    rows = math.ceil(len(figures) / columns)
    figure = new_figure(
        max(0.7 + 3.55 * columns, 7.2),
        0.95 + 2.45 * rows,
        title="How good the samples are",
        subtitle=f"Measured on {samples:,} samples each time{fewer}. Dashed: as many real images.",
    )
    for place, (name, values) in enumerate(figures.items()):
        row, column = divmod(place, columns)
        axes = add_axes(figure, 0.8 + 3.55 * column, 1.42 + 2.45 * row, 2.75, 1.45)
        _panel(axes, name, steps, values, real[name], bottom=place + columns >= len(figures))
    return figure


def _panel(axes: Axes, name: str, steps: Sequence[int], values: Sequence[float], real: float, *, bottom: bool) -> None:
    title, good = METRICS.get(name, (name.replace("_", " "), ""))
    calm(axes, xlabel="step" if bottom else "")
    axes.plot(steps, values, color=BLUE, linewidth=1.8, marker="o", markersize=3, zorder=3)
    axes.axhline(real, color=INK, linewidth=1.2, linestyle=(0, (4, 3)), zorder=2)
    if name == "frechet_distance" and min((*values, real)) > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        low, high = axes.get_ylim()
        axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if high < 10 * low else "")
    elif name in _SHARES:
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
        axes.set_ylim(bottom=0)
    else:
        everything = np.asarray([*values, real], np.float64)
        axes.set_ylim(0, 1.12 * (np.nanmax(everything) or 1.0))
    axes.set_title(title, loc="left", size=TEXT_SIZE, color=INK, weight="bold", pad=18)
    axes.annotate(
        f"samples {_say(name, values[-1])} · real {_say(name, real)} · {good}", (0, 1), (0, 5),
        xycoords="axes fraction", textcoords="offset points", size=SMALL_SIZE - 0.5, color=MUTED,
    )  # fmt: skip
    axes.set_xlim(min(steps), max(max(steps), min(steps) + 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=4, min_n_ticks=1))
    axes.xaxis.set_major_formatter("{x:,.0f}")


def _say(name: str, figure: float) -> str:
    return f"{100 * figure:.1f} %" if name in _SHARES else f"{figure:.3g}"
