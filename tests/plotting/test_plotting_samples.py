"""Pictures of generated images show the pixels and the numbers that they are given, and nothing is cut off."""

import io
from itertools import pairwise

import numpy as np
import pytest
from figure_checks import ink_outside, texts
from PIL import Image, ImageSequence

from nnfromscratch import plotting
from nnfromscratch.errors import DataError, DtypeError, RangeError, ShapeError
from nnfromscratch.plotting.game import moving_mean
from nnfromscratch.plotting.through_training import spread_steps
from nnfromscratch.plotting.tiles import GAP, Tiles

SHAPES = [(1, 28, 28), (3, 32, 32), (1, 8, 12)]


def images(count, shape=(1, 28, 28), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)


def shown(axes):
    """What a pair of axes shows, as (C, H, W)."""
    (image,) = axes.images
    array = np.asarray(image.get_array())
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def tile(axes, row, column, shape):
    _, height, width = shape
    top, left = row * (height + GAP), column * (width + GAP)
    return shown(axes)[:, top : top + height, left : left + width]


# --- tiles -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_every_image_stands_in_its_place(shape):
    pictures = images(7, shape)
    tiles = Tiles("tiles", pictures, 3)
    picture = tiles.picture
    _, height, width = shape
    assert picture.shape == (shape[0], 3 * height + 2 * GAP, 3 * width + 2 * GAP)
    for index, image in enumerate(pictures):
        row, column = divmod(index, 3)
        top, left = row * (height + GAP), column * (width + GAP)
        np.testing.assert_allclose(picture[:, top : top + height, left : left + width], image / 255)
        assert tiles.row_centre(row) == top + (height - 1) / 2
        assert tiles.column_centre(column) == left + (width - 1) / 2
    paper = 0 if shape[0] == 1 else 1  # white, as images are drawn
    assert (picture[:, 2 * (height + GAP) :, width + GAP :] == paper).all()  # behind the last image
    assert (picture[:, :, width : width + GAP] == paper).all()


def test_a_pixel_is_a_whole_number_of_pixels_on_paper():
    for shape in SHAPES:
        scale = Tiles("tiles", images(1, shape), 1).pixel * plotting.style.PIXELS_PER_INCH
        assert scale == round(scale) >= 1


def test_floats_are_shown_like_bytes():
    bytes_of, floats = images(4), images(4).astype(np.float32) / 255
    np.testing.assert_allclose(Tiles("t", bytes_of, 2).picture, Tiles("t", floats, 2).picture, atol=1e-6)


@pytest.mark.parametrize(
    ("array", "error", "says"),
    [
        (np.zeros((2, 2, 8, 8)), ShapeError, r"sample_grid: images expects shape \(N, C, H, W\), C being 1 or 3; has"),
        (np.zeros((8, 8)), ShapeError, "C being 1 or 3"),
        (np.zeros((0, 1, 8, 8)), DataError, "at least one image"),
        (np.full((1, 1, 8, 8), -1.0), RangeError, "numbers from 0 to 1, has -1 to -1"),
        (np.full((1, 1, 8, 8), np.nan), RangeError, "numbers from 0 to 1, has nan"),
        (np.zeros((1, 1, 8, 8), int), DtypeError, "uint8, float32 or float64, is int64"),
        ([[1]], DtypeError, "is list"),
    ],
)
def test_images_that_cannot_be_shown(array, error, says):
    with pytest.raises(error, match=says):
        plotting.sample_grid(array)


# --- samples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "shape"), [(1, SHAPES[2]), (5, SHAPES[0]), (64, SHAPES[1]), (100, SHAPES[0])])
def test_the_grid_shows_every_sample(count, shape):
    pictures = images(count, shape)
    figure = plotting.sample_grid(pictures)
    (axes,) = figure.axes
    columns = min(count, 8 if count <= 64 else 10)
    for index in (0, count // 2, count - 1):
        np.testing.assert_allclose(tile(axes, *divmod(index, columns), shape), pictures[index] / 255)
    assert texts(figure)[0] == f"{count} samples"
    assert not ink_outside(figure)


def test_the_grid_has_a_row_for_each_class():
    pictures, labels = images(9), np.array([2, 0, 2, 0, 2, 2, 0, 4, 2])
    figure = plotting.sample_grid(pictures, labels=labels, classes=["a", "b", "a long name", "d", "$e"], title="T")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["a", "a long name", "$e"]
    for row, label in enumerate((0, 2, 4)):
        for column, index in enumerate(np.flatnonzero(labels == label)):
            np.testing.assert_allclose(tile(axes, row, column, (1, 28, 28)), pictures[index] / 255)
    assert (tile(axes, 2, 1, (1, 28, 28)) == 0).all()
    assert texts(figure)[0] == "T"
    assert not ink_outside(figure)


@pytest.mark.parametrize("labels", [np.array([0]), np.array([0, 3]), np.array([-1, 0])])
def test_the_grid_refuses_labels_that_do_not_fit(labels):
    with pytest.raises(RangeError, match="labels expects one of 3 classes for each of 2 images"):
        plotting.sample_grid(images(2), labels=labels, classes="abc")


# --- through training --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_the_strip_has_a_row_for_each_noise_and_a_column_for_each_moment(shape):
    steps, frames = [0, 1000, 2500], images(3 * 10, shape).reshape(3, 10, *shape)
    figure = plotting.training_strip(steps, frames)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["0", "1,000", "2,500"]
    for row in range(8):
        for column in range(3):
            np.testing.assert_allclose(tile(axes, row, column, shape), frames[column, row] / 255)
    assert not ink_outside(figure)


def test_of_many_moments_the_strip_shows_those_whose_steps_grow_by_a_factor():
    steps = [200 * k for k in range(101)]
    places = spread_steps(steps, 12)
    assert len(places) == 12
    assert places[0] == 0
    assert places[-1] == 100
    assert sorted(set(places)) == places
    ratios = [steps[after] / steps[before] for before, after in pairwise(places[6:])]
    assert max(ratios) < 1.2 * min(ratios)
    assert spread_steps([0, 5, 9], 12) == [0, 1, 2]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_animation_shows_each_moment_in_turn_and_begins_again(shape):
    frames = np.stack([np.full((4, *shape), value, np.uint8) for value in (0, 120, 250)])
    gif = plotting.training_animation([0, 10, 20], frames)
    with Image.open(io.BytesIO(gif)) as animation:
        assert animation.format == "GIF"
        assert animation.info["loop"] == 0
        levels, durations = [], []
        for picture in ImageSequence.Iterator(animation):
            durations.append(picture.info["duration"])
            pixels = np.asarray(picture.convert("RGB")).astype(int)
            below = pixels[108:140, 52:100]  # within the first tile
            values, counts = np.unique(below.reshape(-1, 3), axis=0, return_counts=True)
            levels.append(values[counts.argmax()])
    assert len(levels) == 3
    expected = [0, 120, 250] if shape[0] == 3 else [255, 135, 5]  # grey images are ink on paper
    np.testing.assert_allclose(np.array(levels).mean(axis=1), expected, atol=4)
    assert durations[2] > 5 * durations[0] == 5 * durations[1]
    assert gif == plotting.training_animation([0, 10, 20], frames)


@pytest.mark.parametrize("draw", [plotting.training_strip, plotting.training_animation])
def test_moments_that_do_not_fit(draw):
    frames = images(4).reshape(2, 2, 1, 28, 28)
    with pytest.raises(ShapeError, match="steps expects 2 like frames, has 1"):
        draw([0], frames)
    with pytest.raises(RangeError, match="numbers from 0 that rise"):
        draw([5, 5], frames)
    with pytest.raises(RangeError, match="numbers from 0 that rise"):
        draw([-1, 5], frames)
    with pytest.raises(ShapeError, match="T, N, C, H, W"):
        draw([0, 1], frames[0])


# --- the game ----------------------------------------------------------------------------------------------------


def test_the_game_shows_every_step_and_a_mean_over_it():
    rng = np.random.default_rng(0)
    losses, scores = rng.random((2, 500)), rng.normal(size=(2, 500))
    losses[0, 3] = 1e6
    figure = plotting.game_curves(*map(list, losses), *map(list, scores))
    for axes, values in zip(figure.axes, (losses, scores), strict=True):
        for line, one in zip(axes.lines[:4:2], values, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), one)
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 501))
        smooth = axes.lines[1].get_ydata()
        assert smooth[250] == pytest.approx(values[0][245:256].mean())
        assert axes.lines[0].get_color() == axes.lines[1].get_color() != axes.lines[3].get_color()
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == [
        f"{n}  {one[-6:].mean():.3g}" for n, one in zip(("discriminator", "generator"), losses, strict=True)
    ]
    assert figure.axes[0].get_ylim()[1] < 1.5  # one spike does not flatten the rest
    assert not ink_outside(figure)


def test_the_mean_around_each_value():
    values = np.random.default_rng(0).random(30)
    np.testing.assert_allclose(moving_mean(values, 0), values)
    np.testing.assert_allclose(
        moving_mean(values, 7)[[0, 10, 29]], [values[:4].mean(), values[7:14].mean(), values[26:].mean()]
    )


def test_a_game_of_one_step_and_one_that_is_none():
    assert not ink_outside(plotting.game_curves([1.0], [2.0], [0.0], [0.0]))
    with pytest.raises(DataError, match="at least one step"):
        plotting.game_curves([], [], [], [])
    with pytest.raises(ShapeError, match="real_score expects 2 steps like discriminator_loss, has 1"):
        plotting.game_curves([1, 2], [1, 2], [1], [1, 2])


# --- metrics -----------------------------------------------------------------------------------------------------


def test_metrics_stand_beside_what_real_images_get():
    steps = [0, 500, 1000]
    figures = {
        "classifier_score": [1.0, 5.0, 7.5],
        "frechet_distance": [400.0, 90.0, 30.0],
        "classes_covered": [1, 9, 10],
        "confident_share": [0.1, 0.5, 0.7],
        "nearest_distance": [9.0, 7.0, 6.5],
        "copied_share": [0.0, 0.0, 0.02],
    }
    real = {"classifier_score": 9.8, "frechet_distance": 0.9, "classes_covered": 10, "confident_share": 0.98,
            "nearest_distance": 6.4, "copied_share": 0.01}  # fmt: skip
    figure = plotting.metrics_over_training(steps, figures, real, samples=1234, nearest_samples=56)
    for axes, name in zip(figure.axes, figures, strict=True):
        assert list(axes.lines[0].get_xdata()) == steps
        assert list(axes.lines[0].get_ydata()) == figures[name]
        assert set(axes.lines[1].get_ydata()) == {real[name]}
        assert axes.lines[1].get_linestyle() == "--"
        low, high = axes.get_ylim()
        assert low <= min(*figures[name], real[name]) <= max(*figures[name], real[name]) <= high
    assert [axes.get_yscale() for axes in figure.axes] == ["linear", "log", *["linear"] * 4]
    assert "samples 7.5 · real 9.8 · higher is better" in [text.get_text() for text in figure.axes[0].texts]
    assert "samples 70.0 % · real 98.0 %" in figure.axes[3].texts[0].get_text()
    assert "1,234 samples each time, nearest training images of 56." in texts(figure)[1]
    assert not ink_outside(figure)
    figure.canvas.draw()
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes]
    assert all(boxes[k].x1 < boxes[k + 1].x0 for k in (0, 1, 3, 4))  # no title runs into its neighbour


def test_few_metrics_and_one_moment():
    figure = plotting.metrics_over_training([7], {"nearest_distance": [0.0]}, {"nearest_distance": 0.0}, samples=20)
    assert len(figure.axes) == 1
    assert not ink_outside(figure)


def test_metrics_that_do_not_fit():
    with pytest.raises(DataError, match="at least one metric and one step"):
        plotting.metrics_over_training([], {"a": []}, {"a": 1.0}, samples=20)
    with pytest.raises(DataError, match="at least one metric and one step"):
        plotting.metrics_over_training([1], {}, {}, samples=20)
    with pytest.raises(ShapeError, match="a expects 2 figures like steps and one of real images, has 1 and one"):
        plotting.metrics_over_training([1, 2], {"a": [1.0]}, {"a": 1.0}, samples=20)
    with pytest.raises(ShapeError, match="has 1 and none"):
        plotting.metrics_over_training([1], {"a": [1.0]}, {}, samples=20)


# --- between samples, and beside training images -----------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_interpolations_go_from_left_to_right(shape):
    rows = images(4 * 9, shape).reshape(4, 9, *shape)
    figure = plotting.interpolations(rows)
    (axes,) = figure.axes
    for row in range(4):
        for column in range(9):
            np.testing.assert_allclose(tile(axes, row, column, shape), rows[row, column] / 255)
    assert [text.get_position()[0] for text in axes.texts] == [
        column * (shape[2] + GAP) + (shape[2] - 1) / 2 for column in (0, 4, 8)
    ]
    assert not ink_outside(figure)


@pytest.mark.parametrize("shape", SHAPES)
def test_nearest_images_show_the_closest_pairs_first(shape):
    samples, nearest = images(50, shape), images(50, shape, seed=1)
    distances = np.random.default_rng(2).random(50) * 9
    figure = plotting.nearest_images(samples, nearest, distances, typical=6.25)
    closest = np.argsort(distances)[:12]
    others = [index for index in range(50) if index not in closest][:12]
    for axes, chosen in zip(figure.axes, (closest, others), strict=True):
        for column, index in enumerate(chosen):
            np.testing.assert_allclose(tile(axes, 0, column, shape), samples[index] / 255)
            np.testing.assert_allclose(tile(axes, 1, column, shape), nearest[index] / 255)
            assert axes.texts[column].get_text() == f"{distances[index]:.2f}"
    assert figure.axes[0].texts[-1].get_text() == "The 12 closest of 50 samples"
    assert "6.25" in texts(figure)[1]
    assert not ink_outside(figure)


def test_few_pairs_and_pairs_that_do_not_fit():
    figure = plotting.nearest_images(images(3), images(3), np.ones(3), typical=1.0)
    assert len(figure.axes) == 1
    assert not ink_outside(figure)
    with pytest.raises(ShapeError, match=r"nearest expects shape \(3, 1, 28, 28\) like samples"):
        plotting.nearest_images(images(3), images(2), np.ones(3), typical=1.0)
    with pytest.raises(ShapeError, match="distances"):
        plotting.nearest_images(images(3), images(3), np.ones(2), typical=1.0)
