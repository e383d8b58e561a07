"""The article in one picture: what the CNN gets wrong, what the GAN draws, and what both together are worth."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from nnfromscratch.errors import DataError
from nnfromscratch.plotting.accuracy_axis import accuracy_axis, error_of
from nnfromscratch.plotting.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    SERIES,
    SMALL_SIZE,
    TEXT_SIZE,
    add_axes,
    calm,
    new_figure,
    show_image,
)
from nnfromscratch.plotting.through_training import spread_steps
from nnfromscratch.plotting.tiles import Tiles, require_pictures
from nnfromscratch.types import Array
from nnfromscratch.wording import percent

_WIDTH, _HEIGHT = 10.4, 4.95
_LEFT, _PITCH, _PANEL = 0.3, 3.45, 3.0  # of the three panels, in inches
_TOP = 1.2
_BIG = 19


@dataclass(frozen=True, eq=False)
class Mistakes:
    """accuracy: on the test images. images: (N, C, H, W), wrong answers. words: what each is, and was taken for."""

    accuracy: float
    images: Array
    words: Sequence[str]


@dataclass(frozen=True, eq=False)
class Drawings:
    """steps, frames: as ``training_strip`` takes them. score, real: classifier score of samples, of real images."""

    steps: Sequence[int]
    frames: Array
    score: float | None
    real: float | None


@dataclass(frozen=True, eq=False)
class Course:
    """seconds, accuracy: of one training, on validation images. test: the accuracy on test images."""

    seconds: Sequence[float]
    accuracy: Sequence[float]
    test: float


def article_overview(
    mistakes: Mistakes, drawings: Drawings, courses: Mapping[str, Course], *, title: str, subtitle: str, labels: int
) -> Figure:
    r"""Three panels: mistakes of a CNN, the same noise through the training of a GAN, accuracy of ways over time.

    courses: by the name of the way; subtitle: is broken into lines. Without a mistake, or a way, the panel stays empty.
    Raises DtypeError, ShapeError, RangeError or DataError where images cannot be shown.

    >>> nothing = np.zeros((0, 1, 28, 28), np.uint8)
    >>> drawings = Drawings([0, 100], np.zeros((2, 5, 1, 28, 28), np.uint8), 6.5, 9.8)
    >>> courses = {"gan": Course([1.0, 2.0], [0.8, 0.9], 0.91)}
    >>> figure = article_overview(Mistakes(1.0, nothing, []), drawings, courses, title="T", subtitle="S", labels=100)
    >>> [text.get_text() for text in figure.texts if "%" in text.get_text()]
    ['100.0\xa0%', '91.0\xa0%']
    """
    if len(mistakes.images) != len(mistakes.words):
        raise DataError(
            f"article_overview: mistakes expects words for each of {len(mistakes.images)} images, "
            f"has {len(mistakes.words)}"
        )
    figure = new_figure(_WIDTH, _HEIGHT, title=title, subtitle=textwrap.fill(subtitle, 125, break_on_hyphens=False))
    _head(figure, 0, "1  A CNN with every label", percent(mistakes.accuracy, 1), "of test images\nare recognised")
    _show_mistakes(figure, mistakes)
    score = (
        ("", "")
        if drawings.score is None
        else (f"{drawings.score:.1f}", f"classifier score,\nreal {drawings.real:.1f}")
    )
    _head(figure, 1, "2  A GAN that draws", *score)
    _show_drawings(figure, drawings)
    best = max(courses, key=lambda name: courses[name].test, default="")
    reached = (percent(courses[best].test, 1), f"the best here:\n{best}") if courses else ("", "")
    _head(figure, 2, f"3  Both, and {labels} labels", *reached)
    if courses:
        _show_courses(figure, courses)
    return figure


def _head(figure: Figure, panel: int, title: str, number: str, meaning: str) -> None:
    """The panel's name, and under it the number that matters most, with what it is to the right of it."""

    def write(x: float, y: float, text: str, **style: Any) -> Text:
        return figure.text(x, 1 - y / _HEIGHT, text, parse_math=False, **style)

    left = (_LEFT + panel * _PITCH) / _WIDTH
    write(left, _TOP, title, size=TEXT_SIZE + 1, weight="bold", color=INK, va="top")
    large = write(left, _TOP + 0.43, number, size=_BIG, weight="bold", color=BLUE, va="center")
    right = large.get_window_extent().x1 / figure.bbox.width
    write(right + 0.01, _TOP + 0.43, meaning, size=SMALL_SIZE, color=MUTED, linespacing=1.15, va="center")


def _show_mistakes(figure: Figure, mistakes: Mistakes) -> None:
    columns, rows, pitch, size = 4, 3, 0.76, 0.56
    for place, (image, words) in enumerate(zip(mistakes.images, mistakes.words, strict=True)):
        row, column = divmod(place, columns)
        if row == rows:
            break
        require_pictures("article_overview", "mistakes", mistakes.images)
        axes = add_axes(figure, _LEFT + column * pitch, _TOP + 0.97 + row * 0.86, size, size)
        show_image(axes, image)
        for spine in axes.spines.values():
            spine.set_color(ORANGE)
        axes.set_title(words, size=SMALL_SIZE, color=INK, pad=2.5, parse_math=False)


def _show_drawings(figure: Figure, drawings: Drawings) -> None:
    require_pictures("article_overview", "drawings", drawings.frames, "T, N, C, H, W")
    columns, rows = 5, 4
    chosen = spread_steps(drawings.steps, columns)
    shown = drawings.frames[chosen, :rows].swapaxes(0, 1)
    tiles = Tiles("article_overview", shown.reshape(-1, *drawings.frames.shape[2:]), len(chosen), size=0.45)
    axes = tiles.show(figure, _LEFT + _PITCH, _TOP + 0.97)
    for column, place in enumerate(chosen):
        axes.text(
            tiles.column_centre(column), -3, f"{drawings.steps[place]:,}", size=SMALL_SIZE - 1, color=MUTED,
            ha="center", va="bottom",
        )  # fmt: skip
    axes.text(
        0, tiles.picture.shape[1] + 3, "The same noise after so many steps", size=SMALL_SIZE, color=MUTED, va="top"
    )


def _show_courses(figure: Figure, courses: Mapping[str, Course]) -> None:
    axes = add_axes(figure, _LEFT + 2 * _PITCH + 0.42, _TOP + 0.97, _PANEL - 0.5, 2.15)
    calm(axes, xlabel="seconds of training", ylabel="")
    axes.set_title("Accuracy on validation images", size=SMALL_SIZE, color=MUTED, loc="left", pad=4)
    errors: list[float] = []
    for place, (name, course) in enumerate(courses.items()):
        shown = list(map(error_of, course.accuracy))
        errors += shown
        colour = SERIES[place % len(SERIES)]
        axes.plot(course.seconds, shown, color=colour, linewidth=2, label=f"{name}  {percent(course.test, 1)}")
        axes.plot(course.seconds[-1:], shown[-1:], "o", color=colour, markersize=4)
    accuracy_axis(axes, errors, vertical=True)
    axes.set_xlim(0, None)
    axes.xaxis.label.set_fontsize(SMALL_SIZE)
    handles, names = axes.get_legend_handles_labels()
    order = np.argsort([-course.test for course in courses.values()])
    legend = axes.legend(
        [handles[place] for place in order], [names[place] for place in order], loc="lower right", fontsize=SMALL_SIZE,
        labelcolor=INK, framealpha=0.9, edgecolor="none", handlelength=1.4,
        title="on test images", title_fontsize=SMALL_SIZE, alignment="left",
    )  # fmt: skip
    legend.get_title().set_color(MUTED)
    for text in legend.get_texts():
        text.set_parse_math(False)
