"""Images about which classifiers disagree, and what each of them says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from nnfromscratch.errors import DataError, ShapeError, require_shape
from nnfromscratch.plotting.style import BLUE, INK, ORANGE, SMALL_SIZE, TEXT_SIZE, add_axes, new_figure, show_image
from nnfromscratch.plotting.tiles import require_pictures
from nnfromscratch.types import Array

_COLUMNS = 6


def where_they_disagree(answers: Sequence[Array], labels: Array, *, most: int = 18) -> Array:
    """The places of images to which at least one answer is right and at least one is wrong, evenly spread.

    answers: (N,) each   labels: (N,)   y: at most ``most`` places, rising

    >>> where_they_disagree([np.array([0, 1, 1]), np.array([0, 0, 2])], np.array([0, 0, 0]))
    array([1])
    """
    right = np.stack([np.asarray(each) == labels for each in answers])
    places = np.flatnonzero(right.any(axis=0) & ~right.all(axis=0))
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).round().astype(int)]


def disagreements(
    images: Array, labels: Array, answers: Mapping[str, Array], classes: Sequence[str], *, most: int = 18
) -> Figure:
    """Some of the images that one classifier recognises and another does not, with each one's answer.

    images: (N, C, H, W), bytes or from 0 to 1   labels: (N,)   answers: (N,) by classifier   classes: K names
    Where all agree, or all are wrong, the figure says so.
    Raises ShapeError where the arguments do not fit, DataError where there is no classifier.

    >>> images = np.zeros((3, 1, 8, 8), np.uint8)
    >>> answers = {"gan": np.array([0, 1, 1]), "labels-only": np.array([0, 0, 1])}
    >>> len(disagreements(images, np.array([0, 0, 1]), answers, ("cat", "dog")).axes)
    1
    """
    require_pictures("disagreements", "images", images)
    require_shape("disagreements", "labels", labels.shape, (len(images),))
    if not answers:
        raise DataError("disagreements: answers expects those of at least one classifier, is empty")
    for name, each in answers.items():
        if np.shape(each) != (len(images),):
            raise ShapeError(f"disagreements: answers of {name} expect shape ({len(images)},), have {np.shape(each)}")
    chosen = where_they_disagree(list(answers.values()), labels, most=most)
    title = "Where they disagree"
    if not len(chosen):
        figure = new_figure(8.6, 1.6, title=title)
        words = f"Of {len(images):,} images there is none that one recognises and another does not."
        figure.text(0.035, 0.45, words, size=TEXT_SIZE, color=INK)
        return figure
    right = np.stack([each == labels for each in answers.values()])
    total = int((right.any(axis=0) & ~right.all(axis=0)).sum())
    long = max(len(name) for name in answers)
    said = max(len(classes[int(each[place])]) for each in answers.values() for place in chosen)
    cell = max(1.3, 0.073 * (long + min(said, 14) + 2) + 0.2)
    lines = 0.155 * len(answers)
    high = 1.15 + 0.3 + lines + 0.1
    figure = new_figure(
        max(_COLUMNS * cell + 0.5, 8.0),
        math.ceil(len(chosen) / _COLUMNS) * high + 0.95,
        title=title,
        subtitle=f"{len(chosen)} of {total:,} test images that one recognises and another does not. Above: the true"
        " class; blue is right, orange wrong.",
    )
    for place, index in enumerate(chosen):
        row, column = divmod(place, _COLUMNS)
        left, top = 0.3 + column * cell, 0.95 + row * high
        axes = add_axes(figure, left, top + 0.22, 1.05, 1.05)
        show_image(axes, images[index])
        axes.set_title(
            _short(classes[int(labels[index])]), size=TEXT_SIZE, color=INK, weight="bold", pad=3, loc="left",
            parse_math=False,
        )  # fmt: skip
        for line, (name, each) in enumerate(answers.items()):
            axes.annotate(
                f"{name}  {_short(classes[int(each[index])])}", (0, 0), (0, -11 - 11 * line),
                xycoords="axes fraction", textcoords="offset points", size=SMALL_SIZE - 0.5, parse_math=False,
                color=BLUE if each[index] == labels[index] else ORANGE, annotation_clip=False,
            )  # fmt: skip
    return figure


def _short(name: str) -> str:
    return name if len(name) <= 14 else f"{name[:13]}…"
