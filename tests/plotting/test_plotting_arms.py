"""Pictures of methods beside each other show the numbers that they are given, and nothing is cut off."""

import itertools

import numpy as np
import pytest
from figure_checks import ink_outside, texts

from nnfromscratch import plotting
from nnfromscratch.errors import DataError, ShapeError
from nnfromscratch.plotting.accuracy_axis import error_of
from nnfromscratch.plotting.disagreements import where_they_disagree

COURSE = [([1.0, 2.0, 4.0], [0.5, 0.8, 0.9]), ([1.2, 2.2, 4.4], [0.6, 0.7, 0.92])]
LONG = "a name that somebody gave to an arm of their own"


def legend_of(figure):
    return [text.get_text().replace("\xa0", " ") for text in figure.axes[0].get_legend().get_texts()]


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


# --- accuracies --------------------------------------------------------------------------------------------------


def test_every_accuracy_is_a_dot_and_the_mean_a_line():
    accuracies = {"labels-only": [0.75, 0.77], "gan": [0.95, 0.97, 0.96]}
    axes = plotting.arm_accuracies(accuracies).axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    means = [line for line in axes.lines if line.get_marker() != "o"]
    for dot, mean, (row, name) in zip(dots, means, enumerate(["gan", "labels-only"]), strict=True):
        np.testing.assert_allclose(dot.get_xdata(), [1 - value for value in accuracies[name]])
        assert set(dot.get_ydata()) == {row}
        np.testing.assert_allclose(mean.get_xdata(), 1 - np.mean(accuracies[name]))
    assert [text.get_text().replace("\xa0", " ") for text in axes.texts] == ["96.00 % ± 1.00", "76.00 % ± 1.41"]
    low, high = axes.get_xlim()
    assert low > high  # few errors are at the right


def test_one_label_set_has_no_spread():
    axes = plotting.arm_accuracies({"gan": [0.5]}).axes[0]
    assert axes.texts[0].get_text() == "50.00\xa0%"


def test_an_arm_without_errors_can_be_shown():
    assert error_of(1.0) == error_of(0.9995) == 0.001
    assert not ink_outside(plotting.arm_accuracies({"perfect": [1.0, 1.0], "bad": [0.0]}))


@pytest.mark.parametrize(("low", "high"), [(0.7, 0.987), (0.5, 0.995), (0.9, 0.992)])
def test_the_numbers_of_an_axis_do_not_touch(low, high):
    figure = plotting.arm_accuracies({"one": [low], "other": [high]})
    figure.canvas.draw()
    boxes = sorted(tuple(label.get_window_extent().intervalx) for label in figure.axes[0].get_xticklabels())
    assert all(right[0] - left[1] > 4 for left, right in itertools.pairwise(boxes))


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.99), (0.9, 0.92), (0.97, 0.975), (0.1, 0.2), (0.95, 0.95)])
def test_an_axis_has_numbers_wherever_the_accuracies_lie(low, high):
    figure = plotting.arm_accuracies({"one": [low], "other": [high]})
    figure.canvas.draw()
    labels = [label for label in tick_labels(figure.axes[0].xaxis) if label]
    assert 2 <= len(labels) <= 9
    for label, place in zip(labels, figure.axes[0].get_xticks(), strict=True):
        assert float(label.removesuffix(" %")) == pytest.approx(100 * (1 - place), rel=1e-3)


# --- curves ------------------------------------------------------------------------------------------------------


def test_the_bold_curve_is_the_mean():
    axes = plotting.accuracy_over_time({"gan": COURSE}).axes[0]
    single, (bold, end) = axes.lines[:2], axes.lines[2:]
    for line, (times, values) in zip(single, COURSE, strict=True):
        np.testing.assert_allclose(line.get_xdata(), times)
        np.testing.assert_allclose(line.get_ydata(), 1 - np.array(values))
    np.testing.assert_allclose(bold.get_xdata(), [1.1, 2.1, 4.2])
    np.testing.assert_allclose(bold.get_ydata(), [0.45, 0.25, 0.09])
    assert (end.get_xdata()[0], end.get_marker()) == (4.2, "o")


def test_an_arm_without_steps_is_level():
    figure = plotting.accuracy_over_time({"hog-knn": 0.7, "gan": COURSE})
    assert legend_of(figure) == ["gan  91.0 %", "hog-knn  70.0 %"]
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), 0.3)
    assert legend_of(plotting.accuracy_over_time({"hog-knn": 0.7})) == ["hog-knn  70.0 %"]


def test_of_many_arms_only_means_are_drawn():
    many = {str(place): COURSE for place in range(9)}
    axes = plotting.accuracy_over_time(many).axes[0]
    assert len(axes.lines) == 18
    first, ninth = axes.lines[0], axes.lines[16]
    assert first.get_color() == ninth.get_color()
    assert first.get_linestyle() != ninth.get_linestyle()


def test_the_label_curve_shows_means_and_ends():
    figure = plotting.label_curve({"gan": {100: [0.9, 0.96], 10: [0.5, 0.7]}, "labels-only": {10: [0.4]}})
    line = figure.axes[0].lines[0]
    np.testing.assert_array_equal(line.get_xdata(), [10, 100])
    np.testing.assert_allclose(line.get_ydata(), [0.4, 0.07])
    bars = [each for each in figure.axes[0].lines if len(set(each.get_xdata())) == 1 and len(each.get_xdata()) == 2]
    np.testing.assert_allclose(bars[1].get_ydata(), [0.1, 0.04])
    assert tick_labels(figure.axes[0].xaxis) == ["10", "100"]
    assert legend_of(figure) == ["gan  93.0 %", "labels-only  40.0 %"]


# --- disagreements -----------------------------------------------------------------------------------------------


def images(count, shape=(1, 8, 8)):
    return np.random.default_rng(0).integers(0, 256, (count, *shape)).astype(np.uint8)


def test_places_where_one_is_right_and_another_wrong():
    labels = np.array([0, 1, 2, 0, 1])
    one, other = np.array([0, 1, 0, 1, 1]), np.array([0, 0, 1, 0, 1])
    np.testing.assert_array_equal(where_they_disagree([one, other], labels), [1, 3])
    np.testing.assert_array_equal(where_they_disagree([one], labels), [])
    many = where_they_disagree([np.zeros(100, int), np.ones(100, int)], np.zeros(100, int), most=5)
    assert (len(many), many[0], many[-1]) == (5, 0, 99)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 8, 12)])
def test_every_answer_stands_under_its_image(shape):
    labels = np.arange(4) % 2
    answers = {"gan": labels, LONG: 1 - labels}
    figure = plotting.disagreements(images(4, shape), labels, answers, ("cat", "a dog with a long name"))
    assert len(figure.axes) == 4
    shown = [text.get_text() for text in figure.axes[1].texts]
    assert shown == ["gan  a dog with a …", f"{LONG}  cat"]
    assert figure.axes[1].get_title(loc="left") == "a dog with a …"
    assert figure.axes[1].texts[0].get_color() != figure.axes[1].texts[1].get_color()
    assert "4 of 4 test images" in texts(figure)[1]
    assert not ink_outside(figure)


def test_where_all_agree_the_figure_says_so():
    figure = plotting.disagreements(images(3), np.zeros(3, int), {"gan": np.zeros(3, int)}, ("cat",))
    assert "there is none" in " ".join(texts(figure))


@pytest.mark.parametrize("name", ["arm_accuracies", "accuracy_over_time", "label_curve"])
def test_nothing_to_draw_is_told(name):
    draw = getattr(plotting, name)
    for nothing in ({}, {"gan": []}):
        with pytest.raises(DataError, match=f"{name}: .* expects at least one arm"):
            draw(nothing)


def test_what_does_not_fit_is_told():
    with pytest.raises(ShapeError, match="labels expects shape"):
        plotting.disagreements(images(3), np.zeros(4, int), {"gan": np.zeros(3, int)}, ("cat",))
    with pytest.raises(ShapeError, match="answers of gan expect shape"):
        plotting.disagreements(images(3), np.zeros(3, int), {"gan": np.zeros(4, int)}, ("cat",))
    with pytest.raises(DataError, match="at least one classifier"):
        plotting.disagreements(images(3), np.zeros(3, int), {}, ("cat",))


def test_nothing_is_cut_off():
    many = {f"{LONG} {place}": COURSE for place in range(3)}
    figures = [
        plotting.accuracy_over_time({f"arm {place}": COURSE for place in range(18)}),
        plotting.arm_accuracies({name: [0.9, 0.91] for name in many}),
        plotting.label_curve({"gan": {10: [0.1], 60_000: [0.999]}}),
    ]
    assert not any(map(ink_outside, figures))
