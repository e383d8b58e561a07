"""An axis for accuracies of which the best lie close together: halving the errors is the same way everywhere."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

_ERRORS = (
    0.9,
    0.8,
    0.7,
    0.5,
    0.4,
    0.3,
    0.2,
    0.15,
    0.1,
    0.07,
    0.05,
    0.03,
    0.02,
    0.015,
    0.01,
    0.007,
    0.005,
    0.003,
    0.002,
)
_LEAST = 0.001  # the error that stands for none
_MOST = 9  # numbers on an axis


def error_of(accuracy: float) -> float:
    """Where an accuracy stands on the axis: its errors, of which there are at least a thousandth.

    >>> round(error_of(0.9), 9), error_of(1.0)
    (0.1, 0.001)
    """
    return max(1 - accuracy, _LEAST)


def accuracy_axis(axes: Axes, errors: Iterable[float], *, vertical: bool) -> None:
    """Make the axis logarithmic in the errors, the best at the top or the right, with accuracies as its numbers."""
    shown = list(errors)
    low, high = min(shown) / 1.15, min(1.0, max(shown) * 1.15)
    ticks = [error for error in _ERRORS if low <= error <= high]
    ticks = ticks[:: -(-len(ticks) // _MOST) or 1]
    ticks = _apart(ticks, (high / low) ** (0.04 if vertical else 0.1))  # a number's height, or its length
    if len(ticks) < 3:  # a short stretch is nearly even
        even = MaxNLocator(5).tick_values(1 - high, 1 - low)
        ticks = [1 - accuracy for accuracy in even if low <= 1 - accuracy <= high]
    axis = axes.yaxis if vertical else axes.xaxis
    (axes.set_ylim if vertical else axes.set_xlim)(high, low)  # first: a scale for one single value cannot be chosen
    (axes.set_yscale if vertical else axes.set_xscale)("log")
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda error, _: f"{100 * (1 - error):.4g} %"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _apart(ticks: list[float], factor: float) -> list[float]:
    """Of falling numbers those that are smaller than the last one kept by this factor at least.

    >>> _apart([0.3, 0.2, 0.15, 0.1], 1.4)
    [0.3, 0.2, 0.1]
    """
    kept: list[float] = []
    for tick in ticks:
        if not kept or kept[-1] >= factor * tick:
            kept.append(tick)
    return kept
