"""Methods beside each other: how good each became on every label set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from nnfromscratch.errors import DataError
from nnfromscratch.plotting.accuracy_axis import accuracy_axis, error_of
from nnfromscratch.plotting.style import FAINT, INK, SERIES, SMALL_SIZE, TEXT_SIZE, add_axes, calm, new_figure
from nnfromscratch.wording import percent

_ROW = 0.32


def arm_accuracies(accuracies: Mapping[str, Sequence[float]], *, subtitle: str = "") -> Figure:
    """A row for each arm, a dot for the test accuracy on each label set, a line at the mean; the best arm at the top.

    accuracies: from 0 to 1, by the arm's name
    Raises DataError where there is nothing to draw.

    >>> figure = arm_accuracies({"labels-only": [0.76, 0.75], "gan": [0.95, 0.96]})
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['gan', 'labels-only']
    """
    if not accuracies or not all(map(len, accuracies.values())):
        raise DataError(
            f"arm_accuracies: accuracies expects at least one arm with figures, has {list(accuracies) or 'none'}"
        )
    means = {name: float(np.mean(values)) for name, values in accuracies.items()}
    rows = sorted(means, key=lambda name: -means[name])
    left = 0.55 + 0.078 * max(map(len, rows))
    height = _ROW * len(rows)
    figure = new_figure(
        max(left + 6.1, 7.2), 1.3 + height + 0.6, title="Accuracy on the test images",
        subtitle=subtitle or "A dot for each label set, a line at the mean.",
    )  # fmt: skip
    axes = add_axes(figure, left, 1.0, 4.6, height + 0.2)
    calm(axes)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.hlines(range(len(rows)), 0, 1, transform=axes.get_yaxis_transform(), color=FAINT, linewidth=0.8, zorder=0)
    for row, name in enumerate(rows):
        colour = SERIES[list(accuracies).index(name) % len(SERIES)]
        errors = [error_of(value) for value in accuracies[name]]
        axes.plot(
            errors, [row] * len(errors), "o", color=colour, markersize=6, markeredgecolor="white", alpha=0.85, zorder=3
        )
        axes.plot([error_of(means[name])] * 2, [row - 0.28, row + 0.28], color=colour, linewidth=2.2, zorder=4)
        axes.annotate(
            _mean_in_words(accuracies[name]), (1.02, row), xycoords=axes.get_yaxis_transform(), va="center",
            size=SMALL_SIZE, color=INK, annotation_clip=False,
        )  # fmt: skip
    accuracy_axis(axes, [error_of(value) for values in accuracies.values() for value in values], vertical=False)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), rows, size=TEXT_SIZE, color=INK, parse_math=False)
    axes.tick_params(axis="y", length=0)
    return figure


def _mean_in_words(values: Sequence[float]) -> str:
    mean = percent(float(np.mean(values)), 2)
    return mean if len(values) < 2 else f"{mean} ± {100 * np.std(values, ddof=1):.2f}"
