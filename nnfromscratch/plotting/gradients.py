"""How long the gradients were, layer by layer: vanishing and exploding ones show here first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nnfromscratch.errors import DataError
from nnfromscratch.plotting.style import INK, SERIES, SMALL_SIZE, add_axes, calm, new_figure

_STYLES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))


def gradient_norms(norms: Mapping[str, Sequence[float]]) -> Figure:
    """The Euclidean norm of every layer's gradient against the epoch, on a logarithmic scale.

    norms: for each layer, from the first to the last, a number an epoch. What is not a positive number leaves a gap.
    Raises DataError where there is no layer or no epoch.

    >>> gradient_norms({"Conv2d": [0.5, 0.2], "Dense": [0.9, 0.3]}).axes[0].get_yscale()
    'log'
    """
    if not norms or not all(len(values) for values in norms.values()):
        raise DataError("gradient_norms: norms expects at least one layer and one epoch, has none")
    rows = len(norms)
    figure = new_figure(
        10.2,
        max(4.1, 1.5 + 0.27 * rows),
        title="Gradient norms",
        subtitle="‖∂L/∂parameters‖ of each layer, the mean over an epoch's steps, on a logarithmic scale.",
    )
    axes = add_axes(figure, 0.95, 0.95, 6.2, figure.get_size_inches()[1] - 1.6)
    calm(axes, xlabel="epoch", ylabel="norm of the gradient")
    for index, (name, values) in enumerate(norms.items()):
        shown = np.asarray(values, float)
        shown = np.where(np.isfinite(shown) & (shown > 0), shown, np.nan)
        # Layers beyond the eighth take the colours again, dashed.
        style = _STYLES[index // len(SERIES) % len(_STYLES)]
        axes.plot(
            *(np.arange(1, len(shown) + 1), shown),
            color=SERIES[index % len(SERIES)], linestyle=style, linewidth=1.8, marker="o", markersize=3, label=name,
        )  # fmt: skip
    axes.set_yscale("log")
    lowest, highest = axes.get_ylim()
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    # Within less than a power of ten the steps between its ends need their numbers as well.
    axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if highest < 10 * lowest else "")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10, min_n_ticks=1))
    axes.set_xlim(0.5, max(len(values) for values in norms.values()) + 0.5)
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.02, 1.02), frameon=False, fontsize=SMALL_SIZE + 0.5, labelcolor=INK,
        title="layer, from the input on", title_fontsize=SMALL_SIZE, alignment="left", handlelength=2.2,
    )  # fmt: skip
    return figure
