"""One image on its way through the network."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nnfromscratch.errors import ShapeError
from nnfromscratch.layers import Layer
from nnfromscratch.plotting.style import (
    BLUE,
    FAINT,
    HAIRLINE,
    INK,
    MUTED,
    ORANGE,
    SIGNED,
    SMALL_SIZE,
    TEXT_SIZE,
    add_axes,
    bare,
    new_figure,
    show_image,
)
from nnfromscratch.types import Array
from nnfromscratch.wording import percent

_MAPS = 16  # in a row
_MAP, _GAP, _LABEL = 0.5, 0.05, 2.0  # inches
_ROW = _MAPS * (_MAP + _GAP) - _GAP


def activations(layers: Iterable[Layer], image: Array) -> list[tuple[str, Array]]:
    """Every layer's number, name and result for one image, in evaluation mode.

    image: (1, C, H, W)   results: without the batch, (C, H, W) or (D,). Layers that change no number (``Flatten``,
    ``Dropout`` in evaluation) are left out.

    >>> from nnfromscratch.layers import Flatten, MaxPool2d
    >>> [(name, y.shape) for name, y in activations([MaxPool2d(2), Flatten()], np.ones((1, 3, 8, 8), np.float32))]
    [('0 MaxPool2d(2×2)', (3, 4, 4))]
    """
    results = []
    x = image
    for index, layer in enumerate(layers):
        y = layer.predict(x)
        if y.size != x.size or not np.array_equal(y.ravel(), x.ravel()):
            results.append((f"{index} {layer!r}", y[0]))
        x = y
    return results


def feature_maps(
    image: Array, results: Sequence[tuple[str, Array]], *, classes: Sequence[str] | None = None, title: str = ""
) -> Figure:
    """An image and below it a row for each layer: its channels as small pictures, or its numbers as a strip.

    Within a row all have one scale: white is zero, orange above, blue below.
    image: (C, H, W), bytes or in [0, 1]   results: names and arrays as ``activations`` gives them.
    classes: K names; the last result, (K,) logits, is then drawn as the probabilities softmax(logits).
    Raises ShapeError for a result of another number of axes.

    >>> figure = feature_maps(np.zeros((1, 8, 8)), [("Conv2d(1, 4, 3×3)", np.ones((4, 6, 6)))])
    >>> figure.axes[0].texts[3].get_text()
    '4 × 6 × 6'
    """
    for name, values in results:
        if values.ndim not in (1, 3):
            raise ShapeError(f"feature_maps: {name} expects shape (C, H, W) or (D,), has {values.shape}")
    results = [(name, values.ravel() if values.shape[1:] == (1, 1) else values) for name, values in results]
    bars = classes is not None and bool(results) and results[-1][1].shape == (len(classes),)
    rows = sum(_MAP + 0.26 if values.ndim == 3 else 0.5 for _, values in results)
    width, height = _LABEL + _ROW + 0.3, 0.95 + 1.35 + rows + (1.5 if bars else 0.2)
    figure = new_figure(
        width,
        height,
        title=title or "One image through the network",
        subtitle="A row for each layer, from the image down to the answer. White: zero. Orange: above. Blue: below.",
    )
    # One pair of axes, in inches from the left and the top, carries all maps: a pair for each would take seconds.
    sheet = add_axes(figure, 0, 0, width, height)
    sheet.set(xlim=(0, width), ylim=(height, 0))
    sheet.axis("off")

    top = 0.95
    _label(sheet, top, "the image", image.shape)
    show_image(add_axes(figure, _LABEL, top, 1.1, 1.1), image)
    top += 1.35
    for name, values in results:
        limit = float(np.abs(values).max(initial=0)) or 1.0
        _label(sheet, top, name, values.shape)
        if values.ndim == 3:
            for index, channel in enumerate(values[:_MAPS]):
                _tile(sheet, channel, limit, _LABEL + index * (_MAP + _GAP), top, _MAP, _MAP)
            if len(values) > _MAPS:
                note = sheet.text(_LABEL - 0.12, top + _MAP + 0.02, f"the first {_MAPS}", ha="right", va="bottom")
                note.set(size=SMALL_SIZE - 1, color=MUTED)
            top += _MAP + 0.26
        else:
            _tile(sheet, values[None], limit, _LABEL, top, _ROW, 0.26)
            top += 0.5
    if bars and classes is not None:
        _label(sheet, top, "softmax", (len(classes),))
        _probabilities(add_axes(figure, _LABEL, top, _ROW, 0.85), results[-1][1], classes)
    return figure


def _tile(sheet: Axes, values: Array, limit: float, left: float, top: float, width: float, height: float) -> None:
    """A map, as a small picture with a hairline around."""
    extent = (left, left + width, top + height, top)
    sheet.imshow(values, cmap=SIGNED, vmin=-limit, vmax=limit, interpolation="nearest", extent=extent, aspect="auto")
    sheet.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=HAIRLINE, linewidth=0.7))


def _label(sheet: Axes, top: float, name: str, shape: tuple[int, ...]) -> None:
    """The name and the shape at the left of a row."""
    name = name.removesuffix("()")
    lines = textwrap.wrap(name, 23) if len(shape) == 3 else [name]
    sheet.text(0.3, top, "\n".join(lines), size=TEXT_SIZE - 0.5, color=INK, va="top")
    under = top + 0.02 + 0.16 * len(lines)
    sheet.text(0.3, under, " × ".join(map(str, shape)), size=SMALL_SIZE, color=MUTED, va="top")


def _probabilities(axes: Axes, logits: Array, classes: Sequence[str]) -> None:
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    best = int(shares.argmax())
    axes.bar(range(len(classes)), shares, color=[ORANGE if k == best else BLUE for k in range(len(classes))], width=0.7)
    axes.text(
        best, float(shares[best]), percent(float(shares[best]), 1),
        size=SMALL_SIZE, color=INK, ha="center", va="bottom",
    )  # fmt: skip
    bare(axes, frame=False)
    axes.axhline(0, color=FAINT, linewidth=1)
    axes.set_ylim(0, 1.25)
    axes.set_xlim(-0.5, len(classes) - 0.5)  # each bar under its cell of the strip above
    long = max(map(len, classes)) > 3 and len(classes) > 8
    axes.set_xticks(
        range(len(classes)), classes, rotation=30 if long else 0, ha="right" if long else "center", parse_math=False
    )
    axes.tick_params(labelsize=TEXT_SIZE if len(classes) <= 26 else 6, length=0, labelcolor=INK)
