"""Where the network was sure and wrong: the images that teach most about it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from nnfromscratch.errors import ShapeError, require_shape
from nnfromscratch.plotting.style import (
    INK,
    MUTED,
    ORANGE,
    SMALL_SIZE,
    TEXT_SIZE,
    add_axes,
    new_figure,
    show_image,
)
from nnfromscratch.types import Array
from nnfromscratch.wording import percent

_COLUMNS = 8


def confident_mistakes(labels: Array, probabilities: Array, *, most: int = 24) -> Array:
    """The indices of the wrong answers, the most confident first, at most so many.

    labels: (N,)   probabilities: (N, K). The answer is the most probable class, its probability the confidence.
    Raises ShapeError where they do not fit.

    >>> confident_mistakes(np.array([0, 1, 1]), np.array([[0.2, 0.8], [0.9, 0.1], [0.3, 0.7]]))
    array([1, 0])
    """
    require_shape("confident_mistakes", "labels", labels.shape, ("N",))
    require_shape("confident_mistakes", "probabilities", probabilities.shape, (len(labels), "K"))
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    order = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[order][:most]


def most_confident_mistakes(
    images: Array, labels: Array, probabilities: Array, classes: Sequence[str], *, most: int = 24
) -> Figure:
    """A grid of the wrong answers, the most confident first: the image, the true class → the answer, the confidence.

    images: (N, C, H, W), bytes or in [0, 1]   labels: (N,)   probabilities: (N, K)   classes: K names.
    Without a mistake the figure says so. Raises ShapeError where the arguments do not fit.

    >>> images = np.zeros((3, 1, 8, 8), np.float32)
    >>> probabilities = np.array([[0.2, 0.8], [0.9, 0.1], [0.3, 0.7]])
    >>> figure = most_confident_mistakes(images, np.array([0, 1, 1]), probabilities, ("cat", "dog"))
    >>> [axes.get_title() for axes in figure.axes]
    ['dog → cat', 'cat → dog']
    """
    if images.ndim != 4 or len(images) != len(labels):
        raise ShapeError(f"most_confident_mistakes: images expects shape ({len(labels)}, C, H, W), has {images.shape}")
    require_shape("most_confident_mistakes", "probabilities", probabilities.shape, (len(labels), len(classes)))
    chosen = confident_mistakes(labels, probabilities, most=most)
    total = int((probabilities.argmax(axis=1) != labels).sum())
    if total == 0:
        figure = new_figure(8.6, 1.6, title="No mistakes", subtitle="")
        figure.text(0.035, 0.45, f"All {len(labels):,} images were recognised.", size=TEXT_SIZE, color=INK)
        return figure

    rows = math.ceil(len(chosen) / _COLUMNS)
    pairs = [(classes[labels[index]], classes[probabilities[index].argmax()]) for index in chosen]
    long = max(len(true) + len(answer) for true, answer in pairs) > 8
    words = ["\n→ ".join(pair) if long else " → ".join(pair) for pair in pairs]
    cell, head = 1.2, 0.42 if long else 0.24
    high = cell + head + 0.12
    shown = (
        f"The {len(chosen)} most confident of {total:,} mistakes"
        if total > len(chosen)
        else "All mistakes, surest first"
    )
    figure = new_figure(
        _COLUMNS * cell + 0.6,
        rows * high + 1.0,
        title="Most confident mistakes",
        subtitle=f"{shown}. Above each image: true class → predicted class; below: the network's confidence.",
    )
    longest = max(len(line) for text in words for line in text.split("\n"))
    title_size = min(TEXT_SIZE, max(5.5, (cell - 0.16) * 72 / (0.7 * longest)))
    for place, index in enumerate(chosen):
        row, column = divmod(place, _COLUMNS)
        axes = add_axes(figure, 0.3 + column * cell, 0.92 + head + row * high, cell - 0.16, cell - 0.16)
        show_image(axes, images[index])
        for spine in axes.spines.values():
            spine.set_color(ORANGE)
        axes.set_title(words[place], size=title_size, color=INK, weight="bold", pad=4, parse_math=False)
        axes.set_xlabel(percent(probabilities[index].max(), 1), size=SMALL_SIZE, color=MUTED, labelpad=3)
    return figure
