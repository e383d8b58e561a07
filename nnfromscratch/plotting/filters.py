"""What the first layer looks for."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from nnfromscratch.errors import require_nonempty_axes, require_shape
from nnfromscratch.plotting.style import (
    INK,
    MUTED,
    SIGNED,
    SMALL_SIZE,
    add_axes,
    bare,
    new_figure,
    show_signed,
)
from nnfromscratch.types import Array

_MOST = 64


def first_layer_filters(weight: Array) -> Figure:
    """The kernels of a convolution, each on the same scale: orange adds to the result, blue takes away, white ignores.

    weight: (F, C, KH, KW). Three channels are shown as colours, grey being zero; of any other number the mean over the
    channels. At most 64 kernels are shown.
    Raises ShapeError for another shape.

    >>> len(first_layer_filters(np.ones((16, 1, 3, 3))).axes)
    17
    """
    require_shape("first_layer_filters", "weight", weight.shape, ("F", "C", "KH", "KW"))
    require_nonempty_axes("first_layer_filters", "weight", weight.shape)
    count, channels, height, width = weight.shape
    shown = weight[:_MOST]
    columns = min(8, max(1, len(shown)))
    rows = max(1, math.ceil(len(shown) / columns))
    limit = float(np.abs(shown).max(initial=0)) or 1.0
    tile, gap = 0.82, 0.26
    more = "" if count <= _MOST else f" The first {_MOST} of {count}."
    key = "Each colour channel: grey is zero." if channels == 3 else "Orange adds, blue takes away, white ignores."
    if channels not in (1, 3):
        key += f" The mean over {channels} channels."
    figure = new_figure(
        max(columns * (tile + gap) + 1.6, 7.2),
        rows * (tile + gap) + 1.0,
        title=f"The first layer's {count} filters, {height} × {width} pixels each",
        subtitle=key + more,
    )
    for index, kernel in enumerate(shown):
        row, column = divmod(index, columns)
        axes = add_axes(figure, 0.3 + column * (tile + gap), 1.02 + row * (tile + gap), tile, tile)
        if channels == 3:
            axes.imshow(0.5 + 0.5 * kernel.transpose(1, 2, 0) / limit, interpolation="nearest", aspect="auto")
            bare(axes)
        else:
            show_signed(axes, kernel.mean(axis=0), limit)
        axes.set_title(str(index), size=SMALL_SIZE, color=MUTED, pad=2)
    if channels != 3:
        box = add_axes(figure, 0.3 + columns * (tile + gap) + 0.15, 1.02, 0.16, rows * (tile + gap) - gap)
        scale = figure.colorbar(ScalarMappable(Normalize(-limit, limit), SIGNED), cax=box)
        scale.outline.set_visible(False)
        scale.ax.tick_params(labelsize=SMALL_SIZE, colors=MUTED, length=2)
        scale.ax.set_title("weight", size=SMALL_SIZE, color=INK, pad=5)
    return figure
