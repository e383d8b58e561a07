"""How accurate methods became, over the time of training and by the number of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from nnfromscratch.errors import DataError
from nnfromscratch.plotting.accuracy_axis import accuracy_axis, error_of
from nnfromscratch.plotting.style import INK, MUTED, SERIES, SMALL_SIZE, add_axes, calm, new_figure
from nnfromscratch.wording import percent

_LINES = ("-", (0, (4, 2)), (0, (1, 1.5)))  # once the colours are used up, the next kind of line begins

_FAINT = 5  # of more arms than these the single trainings are not drawn

Course: TypeAlias = tuple[Sequence[float], Sequence[float]]  # times and accuracies of one training


def accuracy_over_time(courses: Mapping[str, Sequence[Course] | float], *, subtitle: str = "") -> Figure:
    r"""Validation accuracy against seconds of training: the mean over the label sets, and of few arms each of them.

    courses: for each arm the times and accuracies of each training; for one without steps the accuracy alone, which is
    drawn as a level line.
    Raises DataError where there is nothing to draw.

    >>> figure = accuracy_over_time({"gan": [([1.0, 2.0], [0.8, 0.9]), ([1.0, 2.0], [0.7, 0.8])], "hog": 0.75})
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['gan  85.0\xa0%', 'hog  75.0\xa0%']
    """
    _require_some("accuracy_over_time", "courses", courses)
    single = len(courses) <= _FAINT
    faint = "Bold: the mean over the label sets; faint: each of them." if single else "The mean over the label sets."
    figure = new_figure(9.2, 4.9, title="Accuracy over time", subtitle=subtitle or f"On validation images. {faint}")
    axes = add_axes(figure, 0.9, 1.0, 5.7, 3.25)
    calm(axes, xlabel="seconds of training", ylabel="accuracy")
    trainings = {name: course for name, course in courses.items() if not isinstance(course, float)}
    longest = max((times[-1] for several in trainings.values() for times, _ in several), default=1.0)
    errors: list[float] = []
    for place, (name, course) in enumerate(courses.items()):
        style = _style(place)
        if isinstance(course, float):
            errors.append(error_of(course))
            axes.plot([0, longest], [error_of(course)] * 2, label=_named(name, course), linewidth=1.4, **style)
            continue
        for times, values in course:
            errors += map(error_of, values)
            if len(course) > 1 and single:
                axes.plot(times, list(map(error_of, values)), linewidth=0.8, alpha=0.3, **style)
        length = min(len(times) for times, _ in course)
        times, values = (np.mean([training[which][:length] for training in course], axis=0) for which in (0, 1))
        axes.plot(times, list(map(error_of, values)), label=_named(name, values[-1]), linewidth=2, **style)
        axes.plot(times[-1:], [error_of(values[-1])], "o", color=style["color"], markersize=4)
    accuracy_axis(axes, errors, vertical=True)
    axes.set_xlim(0, 1.02 * longest)
    _legend(axes)
    return figure


def label_curve(accuracies: Mapping[str, Mapping[int, Sequence[float]]], *, subtitle: str = "") -> Figure:
    """Test accuracy against the number of labels: the mean over the label sets, and a bar from the worst to the best.

    accuracies: for each arm and number of labels those of the label sets
    Raises DataError where there is nothing to draw.

    >>> figure = label_curve({"gan": {10: [0.6, 0.8], 100: [0.95, 0.96]}})
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['10', '100']
    """
    _require_some("label_curve", "accuracies", accuracies)
    figure = new_figure(
        9.2, 4.9, title="Accuracy by the number of labels",
        subtitle=subtitle or "On test images. The mean over the label sets; bars reach from the worst to the best.",
    )  # fmt: skip
    axes = add_axes(figure, 0.9, 1.0, 5.7, 3.25)
    calm(axes, xlabel="labels", ylabel="accuracy")
    errors: list[float] = []
    counts = sorted({count for points in accuracies.values() for count in points})
    for place, (name, points) in enumerate(accuracies.items()):
        style = _style(place)
        at = sorted(points)
        means = [float(np.mean(points[count])) for count in at]
        axes.plot(
            at,
            [error_of(mean) for mean in means],
            "o",
            label=_named(name, means[-1]),
            linewidth=2,
            markersize=4.5,
            **style,
        )
        for count in at:
            ends = [error_of(value) for value in (min(points[count]), max(points[count]))]
            axes.plot([count] * 2, ends, color=style["color"], linewidth=1.2, alpha=0.6)
            errors += ends
    accuracy_axis(axes, errors, vertical=True)
    axes.set_xscale("log")
    axes.set_xlim(min(counts) / 1.3, max(counts) * 1.3)
    axes.xaxis.set_major_locator(FixedLocator(counts))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    _legend(axes)
    return figure


def _style(place: int) -> dict[str, Any]:
    return {"color": SERIES[place % len(SERIES)], "linestyle": _LINES[place // len(SERIES) % len(_LINES)]}


def _named(name: str, accuracy: float) -> str:
    return f"{name}  {percent(float(accuracy), 1)}"


def _legend(axes: Axes) -> None:
    """Beside the axes, the best at the top."""
    handles, names = axes.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda place: float(np.ravel(cast("Line2D", handles[place]).get_ydata())[-1]))
    legend = axes.legend(
        [handles[place] for place in order], [names[place] for place in order], loc="upper left",
        bbox_to_anchor=(1.02, 1.02), frameon=False, fontsize=SMALL_SIZE, labelcolor=INK, handlelength=2.2,
        title="at the end", title_fontsize=SMALL_SIZE, alignment="left",
    )  # fmt: skip
    legend.get_title().set_color(MUTED)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _require_some(operation: str, argument: str, given: Mapping[str, Any]) -> None:
    if not given or not all(values if isinstance(values, Mapping) else np.size(values) for values in given.values()):
        raise DataError(f"{operation}: {argument} expects at least one arm with figures, has {list(given) or 'none'}")
