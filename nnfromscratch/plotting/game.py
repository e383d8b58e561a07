"""How two networks played: their losses and the scores that the discriminator gave, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nnfromscratch.errors import DataError, ShapeError
from nnfromscratch.plotting.style import BLUE, INK, MUTED, ORANGE, SMALL_SIZE, add_axes, calm, new_figure
from nnfromscratch.types import Array

Numbers = Sequence[float]


def game_curves(
    discriminator_loss: Numbers, generator_loss: Numbers, real_score: Numbers, generated_score: Numbers
) -> Figure:
    """Both losses, and the mean scores of real and of generated images, against the step, counted from 1.

    All of the same length, a number a step. What every step gave is drawn faintly, and over it the mean of the steps
    around, a fiftieth of all. The axes leave out the few values that lie far from all others.
    Raises DataError where there is no step, ShapeError where the lengths differ.

    >>> figure = game_curves([0.7, 0.6], [0.7, 0.9], [0.1, 0.4], [0.0, -0.3])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'mean score of a batch']
    """
    length = len(discriminator_loss)
    if length == 0:
        raise DataError("game_curves: discriminator_loss expects at least one step, is empty")
    others = {"generator_loss": generator_loss, "real_score": real_score, "generated_score": generated_score}
    for name, values in others.items():
        if len(values) != length:
            raise ShapeError(f"game_curves: {name} expects {length} steps like discriminator_loss, has {len(values)}")
    figure = new_figure(
        10.2,
        4.3,
        title="Two networks at play",
        subtitle="Each player lowers its own loss. The discriminator raises the scores of real images and lowers\n"
        "those of generated ones; where the lines meet it cannot tell them apart. Faint: every step. Line: their mean.",
    )
    panels = (
        ("loss", (("discriminator", discriminator_loss), ("generator", generator_loss))),
        ("mean score of a batch", (("real images", real_score), ("generated images", generated_score))),
    )
    for place, (label, lines) in enumerate(panels):
        axes = add_axes(figure, 0.85 + 4.9 * place, 1.4, 4.1, 2.3)
        calm(axes, xlabel="step", ylabel=label)
        _lines(axes, lines)
    return figure


def _lines(axes: Axes, lines: Sequence[tuple[str, Numbers]]) -> None:
    shown = [np.asarray(values, np.float64) for _, values in lines]
    x = np.arange(1, len(shown[0]) + 1)
    for (name, _), values, colour in zip(lines, shown, (BLUE, ORANGE), strict=True):
        axes.plot(x, values, color=colour, linewidth=0.6, alpha=0.22)
        smooth = moving_mean(values, len(values) // 50)
        axes.plot(x, smooth, color=colour, linewidth=1.8, label=f"{name}  {smooth[-1]:.3g}".replace("-", "−"), zorder=3)
    finite = np.concatenate([values[np.isfinite(values)] for values in shown])
    if finite.size:
        low, high = np.quantile(finite, [0.002, 0.998])
        room = 0.06 * (high - low) or 0.5
        axes.set_ylim(low - room, high + room)
    axes.axhline(0, color=MUTED, linewidth=0.8, zorder=1)
    axes.set_xlim(1, max(2, len(x)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, frameon=False, fontsize=SMALL_SIZE, labelcolor=INK,
        borderpad=0.2, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip


def moving_mean(values: Array, width: int) -> Array:
    """The mean over the ``width`` values around each, at the ends over those that are there.

    >>> moving_mean(np.array([0.0, 3.0, 6.0, 3.0]), 3)
    array([1.5, 3. , 4. , 4.5])
    """
    half = max(0, width // 2)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    start, end = np.maximum(0, places - half), np.minimum(len(values), places + half + 1)
    return (sums[end] - sums[start]) / (end - start)
