"""Which classes were taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nnfromscratch.errors import RangeError, require_shape
from nnfromscratch.plotting.style import ERRORS, INK, MUTED, SMALL_SIZE, TEXT_SIZE, add_axes, bare, new_figure
from nnfromscratch.types import Array
from nnfromscratch.wording import counted, percent

_RIGHT = "#dbe8f1"
_NUMBERED = 40  # with more classes than this the numbers in the cells could not be read


def confusion_matrix(counts: Array, classes: Sequence[str]) -> Figure:
    """How many images of each true class (rows) were taken for each class (columns).

    The right answers stand on the diagonal in quiet blue; the errors, which a common scale would hide beside them, have
    a scale of their own: the more, the more orange. At the right the share of each row that is right.

    counts: (K, K) whole numbers, true class first.   classes: K names.
    Raises ShapeError where they do not fit, RangeError for a negative count.

    >>> figure = confusion_matrix(np.array([[97, 3], [1, 99]]), ("cat", "dog"))
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('predicted class', 'true class')
    """
    counts = np.asarray(counts)
    size = len(classes)
    require_shape("confusion_matrix", "counts", counts.shape, (size, size))
    if (counts < 0).any():
        raise RangeError(f"confusion_matrix: counts expects no negative number, has {counts.min()}")
    total, right = int(counts.sum()), int(np.trace(counts))
    cell = 0.62 if size <= 12 else 0.40 if size <= _NUMBERED else 0.2
    digits = max((len(str(count)) for count in counts.ravel()), default=1)
    text_size = min(TEXT_SIZE, cell * 72 / (0.66 * max(3, digits)) * 0.92)
    longest = max(map(len, classes), default=1)
    margin = 0.75 + 0.085 * longest
    head = 1.35 + (0.07 * longest if longest > 3 else 0)
    side = cell * size
    errors = total - right
    figure = new_figure(
        max(margin + side + 1.2, 7.4),
        head + side + 0.5,
        title=f"Confusion matrix: {counted(errors, 'error')} in {counted(total, 'image')}",
        subtitle="Row: what the image is. Column: what the network said. Orange: mistakes.",
    )
    axes = add_axes(figure, margin, head, side, side)
    off_diagonal = np.where(np.eye(size, dtype=bool) | (counts == 0), np.nan, counts)
    most = np.nanmax(off_diagonal) if np.isfinite(off_diagonal).any() else 1
    # The square root keeps single errors visible beside a class pair that is confused often.
    axes.imshow(off_diagonal, cmap=ERRORS, norm=PowerNorm(0.5, vmin=0, vmax=max(2, most)), interpolation="nearest")
    bare(axes)
    axes.set_xticks(np.arange(size), classes, parse_math=False)
    axes.set_yticks(np.arange(size), classes, parse_math=False)
    axes.tick_params(labelsize=TEXT_SIZE if cell > 0.2 else 6, length=0, labelcolor=INK, pad=4)
    axes.xaxis.tick_top()
    if longest > 3:
        for label in axes.get_xticklabels():
            label.set(rotation=45, horizontalalignment="left", rotation_mode="anchor")
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("predicted class", size=TEXT_SIZE, color=MUTED, labelpad=6)
    axes.set_ylabel("true class", size=TEXT_SIZE, color=MUTED, labelpad=6)
    axes.set_xticks(np.arange(-0.5, size), minor=True)
    axes.set_yticks(np.arange(-0.5, size), minor=True)
    axes.grid(True, which="minor", color="#eceef1", linewidth=0.8)
    axes.tick_params(which="minor", length=0)

    for row in range(size):
        axes.add_patch(_square(row))
        for column in np.flatnonzero(counts[row]) if size <= _NUMBERED else ():
            dark = column != row and counts[row, column] > 0.45 * most and most > 1
            axes.text(
                int(column), row, f"{counts[row, column]}",
                size=text_size, color="white" if dark else INK, weight="normal" if column == row else "bold",
                ha="center", va="center_baseline",
            )  # fmt: skip
        whole = counts[row].sum()
        share = percent(counts[row, row] / whole, 1) if whole else "–"
        place = size - 0.5 + 0.1 / cell
        axes.text(place, row, share, size=SMALL_SIZE if cell > 0.2 else 6, color=MUTED, va="center_baseline")
    axes.text(size - 0.5 + 0.1 / cell, size - 0.5 + 0.1 / cell, "recognised", size=SMALL_SIZE, color=MUTED, va="top")
    return figure


def _square(place: int) -> Rectangle:
    return Rectangle((place - 0.5, place - 0.5), 1, 1, facecolor=_RIGHT, edgecolor="none", zorder=0.9)
