"""One image on its way through the network."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnfromscratch.errors import ShapeError
from nnfromscratch.layers import Layer
from nnfromscratch.plotting.style import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    ORANGE,
    SMALL_SIZE,
    TEXT_SIZE,
    add_axes,
    bare,
    new_figure,
    show_image,
    show_signed,
)
from nnfromscratch.types import Array
from nnfromscratch.wording import percent

_MAPS, _MAP, _LABEL, _GAP = 16, 0.5, 2.0, 0.05  # maps in a row; inches


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
    >>> figure.axes[2].texts[1].get_text()
    '4 × 6 × 6'
    """
    for name, values in results:
        if values.ndim not in (1, 3):
            raise ShapeError(f"feature_maps: {name} expects shape (C, H, W) or (D,), has {values.shape}")
    results = [(name, values.ravel() if values.shape[1:] == (1, 1) else values) for name, values in results]
    heights = [_MAP + 0.26 if values.ndim == 3 else 0.5 for _, values in results]
    bars = classes is not None and bool(results) and results[-1][1].shape == (len(classes),)
    foot = 1.5 if bars else 0.2
    figure = new_figure(
        _LABEL + _MAPS * (_MAP + _GAP) + 0.25,
        0.95 + 1.35 + sum(heights) + foot,
        title=title or "One image through the network",
        subtitle="A row for each layer, from the image down to the answer. White: zero. Orange: above. Blue: below.",
    )
    top = 0.95
    axes = _labelled(figure, top, 1.1, "the image", image.shape)
    show_image(add_axes(figure, _LABEL, top, 1.1, 1.1), image)
    top += 1.35
    for (name, values), height in zip(results, heights, strict=True):
        limit = float(np.abs(values).max(initial=0)) or 1.0
        if values.ndim == 3:
            axes = _labelled(figure, top, _MAP, name, values.shape)
            for index, channel in enumerate(values[:_MAPS]):
                show_signed(add_axes(figure, _LABEL + index * (_MAP + _GAP), top, _MAP, _MAP), channel, limit)
        else:
            axes = _labelled(figure, top, 0.26, name, values.shape)
            width = _MAPS * (_MAP + _GAP) - _GAP
            show_signed(add_axes(figure, _LABEL, top, width, 0.26), values[None], limit)
        if values.ndim == 3 and len(values) > _MAPS:
            axes.text(0.96, -0.25, f"the first {_MAPS}", size=SMALL_SIZE - 1, color=MUTED, ha="right", va="bottom")
        top += height
    if bars and classes is not None:
        _labelled(figure, top, 0.9, "softmax", (len(classes),))
        box = add_axes(figure, _LABEL, top, _MAPS * (_MAP + _GAP) - _GAP, 0.85)
        _probabilities(box, results[-1][1], classes)
    return figure


def _labelled(figure: Figure, top: float, height: float, name: str, shape: tuple[int, ...]) -> Axes:
    """The name and the shape at the left of a row."""
    axes = add_axes(figure, 0.3, top, _LABEL - 0.4, height)
    bare(axes, frame=False)
    axes.patch.set_visible(False)
    lines = textwrap.wrap(name.removesuffix("()"), 23) if height > 0.3 else [name.removesuffix("()")]
    axes.text(0, 0.98, "\n".join(lines), size=TEXT_SIZE - 0.5, color=INK, va="top")
    under = 0.98 - (0.03 + 0.16 * len(lines)) / height
    axes.text(0, under, " × ".join(map(str, shape)), size=SMALL_SIZE, color=MUTED, va="top")
    return axes


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
