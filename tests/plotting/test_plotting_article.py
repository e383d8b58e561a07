"""The picture of the article shows what it is given, and nothing is cut off."""

import numpy as np
import pytest
from figure_checks import ink_outside, texts

from nnfromscratch.errors import DataError, DtypeError
from nnfromscratch.plotting import Course, Drawings, Mistakes, article_overview
from nnfromscratch.plotting.accuracy_axis import error_of

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (24, 1, 28, 28)).astype(np.uint8)
FRAMES = RNG.integers(0, 256, (9, 64, 1, 28, 28)).astype(np.uint8)
STEPS = [0, 60, 120, 240, 480, 960, 1920, 3840, 6000]
COURSES = {
    "labels-only": Course([1.0, 5.0, 12.0], [0.7, 0.75, 0.76], 0.765),
    "self-training": Course([10.0, 90.0, 180.0], [0.7, 0.9, 0.95], 0.949),
    "gan": Course([10.0, 90.0, 181.0], [0.6, 0.93, 0.96], 0.967),
}
WORDS = [f"{place % 10} → {place % 7}" for place in range(24)]
LONG = "On this set of labels " * 10


def overview(mistakes=None, drawings=None, courses=COURSES, title="Can a GAN?", subtitle=LONG):
    return article_overview(
        mistakes or Mistakes(0.993, IMAGES, WORDS),
        drawings or Drawings(STEPS, FRAMES, 5.69, 9.86),
        courses, title=title, subtitle=subtitle, labels=100,
    )  # fmt: skip


def test_it_shows_what_it_is_given():
    figure = overview()
    inside = [text.get_text() for axes in figure.axes for text in (axes.title, *axes.texts)]
    said = [text.replace("\xa0", " ") for text in [*texts(figure), *inside]]
    for text in ("Can a GAN?", "99.3 %", "5.7", "classifier score,\nreal 9.9", "96.7 %", "the best here:\ngan",
                 "3  Both, and 100 labels", *WORDS[:12]):  # fmt: skip
        assert text in said
    shown = [axes for axes in figure.axes if axes.images]
    np.testing.assert_allclose(shown[3].images[0].get_array(), IMAGES[3, 0] / 255)
    assert {"0", "6,000"} <= set(said)


def test_the_frames_stand_row_by_row():
    figure = overview()
    grid = next(
        axes.images[0].get_array() for axes in figure.axes if axes.images and axes.images[0].get_array().size > 9999
    )
    np.testing.assert_allclose(grid[:28, :28], FRAMES[0, 0, 0] / 255)  # first noise vector, first moment
    np.testing.assert_allclose(grid[:28, -28:], FRAMES[-1, 0, 0] / 255)  # and the last
    np.testing.assert_allclose(grid[-28:, :28], FRAMES[0, 3, 0] / 255)  # the fourth


def test_the_curves_are_those_of_the_validation_images_and_the_best_stands_first():
    axes = overview().axes[-1]
    lines = [line for line in axes.lines if line.get_marker() != "o"]
    for line, course in zip(lines, COURSES.values(), strict=True):
        np.testing.assert_allclose(line.get_xdata(), course.seconds)
        np.testing.assert_allclose(line.get_ydata(), [error_of(value) for value in course.accuracy])
    legend = [text.get_text().replace("\xa0", " ") for text in axes.get_legend().get_texts()]
    assert legend == ["gan  96.7 %", "self-training  94.9 %", "labels-only  76.5 %"]


@pytest.mark.parametrize(
    "figure",
    [
        lambda: overview(),
        lambda: overview(Mistakes(1.0, IMAGES[:0], [])),
        lambda: overview(courses={}),
        lambda: overview(drawings=Drawings([0, 1], FRAMES[:2, :3], None, None)),
    ],
    ids=["all", "no mistakes", "no courses", "no judge"],
)
def test_nothing_is_cut_off(figure):
    assert not ink_outside(figure())


def test_what_cannot_be_shown_is_told():
    with pytest.raises(DataError, match="mistakes expects words for each of 24 images, has 2"):
        overview(Mistakes(0.9, IMAGES, WORDS[:2]))
    with pytest.raises(DtypeError, match="drawings expects"):
        overview(drawings=Drawings(STEPS, FRAMES.astype(int), 1.0, 2.0))
