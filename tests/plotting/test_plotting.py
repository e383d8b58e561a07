import subprocess
import sys
import warnings

import numpy as np
import pytest
from figure_checks import ink_outside, texts
from PIL import Image

from nnfromscratch import plotting
from nnfromscratch.errors import DataError, DtypeError, RangeError, RunError, ShapeError
from nnfromscratch.kernels import use
from nnfromscratch.layers import Conv2d, Dense, Dropout, Flatten, ReLU, Sequential

DIGITS = tuple("0123456789")


# --- learning curves ---------------------------------------------------------------------------------------------


def test_learning_curves_show_the_numbers_they_are_given():
    figure = plotting.learning_curves(
        [0.9, 0.4, 0.2],
        [0.7, 0.8, 0.9],
        validation_loss=[0.5, 0.3, 0.25],
        validation_accuracy=[0.8, 0.92, 0.915],
        learning_rate=[0.2, 0.1, 0.0],
        best_epoch=2,
    )
    loss, accuracy, rate = figure.axes
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy", "learning rate"]
    assert {axes.get_xlabel() for axes in figure.axes} == {"epoch"}
    assert loss.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert list(loss.lines[0].get_ydata()) == [0.9, 0.4, 0.2]
    assert list(loss.lines[1].get_ydata()) == [0.5, 0.3, 0.25]
    assert list(accuracy.lines[1].get_ydata()) == [0.8, 0.92, 0.915]
    assert list(rate.lines[0].get_ydata()) == [0.2, 0.1, 0.0]
    labels = [text.get_text() for text in accuracy.get_legend().get_texts()]
    assert labels == ["train  90.00\xa0%", "validation  91.50\xa0%"]
    assert all(list(axes.lines[-1].get_xdata()) == [2, 2] for axes in figure.axes)
    assert "Dashed: epoch 2" in texts(figure)[1]
    assert not ink_outside(figure)


def test_learning_curves_of_one_epoch_count_in_whole_epochs():
    figure = plotting.learning_curves([0.5], [0.5])
    assert [len(axes.lines) for axes in figure.axes] == [1, 1]
    figure.canvas.draw()
    ticks = [text.get_text() for text in figure.axes[0].get_xticklabels() if text.get_text()]
    assert ticks == ["1"] or set(ticks) <= {"0", "1", "2"}
    assert "Dashed" not in texts(figure)[1]


def test_learning_curves_refuse_what_does_not_fit():
    with pytest.raises(DataError, match="at least one epoch"):
        plotting.learning_curves([], [])
    with pytest.raises(ShapeError, match="validation_loss expects 2 epochs like train_loss, has 1"):
        plotting.learning_curves([1, 2], [1, 2], validation_loss=[1])
    with pytest.raises(ShapeError, match="train_accuracy"):
        plotting.learning_curves([1, 2], [1])


# --- gradient norms ----------------------------------------------------------------------------------------------


def test_gradient_norms_have_a_line_a_layer_and_leave_gaps():
    norms = {f"{k} Dense": [1.0, 0.0, float("inf"), 0.1 * k + 0.1] for k in range(12)}
    figure = plotting.gradient_norms(norms)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(norms)
    assert axes.get_yscale() == "log"
    assert np.isnan(axes.lines[0].get_ydata()).tolist() == [False, True, True, False]
    assert axes.lines[3].get_ydata()[3] == pytest.approx(0.4)
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len(looks) == 12  # no two layers look the same
    assert not ink_outside(figure)


def test_gradient_norms_within_one_power_of_ten_are_still_numbered():
    figure = plotting.gradient_norms({"a": [0.5, 0.7]})
    figure.canvas.draw()
    axes = figure.axes[0]
    assert any(text.get_text() in ("0.5", "0.6", "0.7") for text in axes.get_yticklabels(minor=True))


@pytest.mark.parametrize("norms", [{}, {"a": []}])
def test_gradient_norms_refuse_nothing(norms):
    with pytest.raises(DataError):
        plotting.gradient_norms(norms)


# --- confusion matrix --------------------------------------------------------------------------------------------


@pytest.fixture
def counts():
    counts = np.diag(np.arange(90, 100))
    counts[4, 9], counts[9, 4], counts[3, 5] = 12, 7, 1
    return counts


def test_confusion_matrix_writes_every_count_and_every_share(counts):
    figure = plotting.confusion_matrix(counts, DIGITS)
    axes = figure.axes[0]
    cells = {
        (round(t.get_position()[1]), round(t.get_position()[0])): t for t in axes.texts if t.get_position()[0] <= 9
    }
    assert {place: int(text.get_text()) for place, text in cells.items()} == {
        (row, column): counts[row, column] for row, column in zip(*np.nonzero(counts), strict=True)
    }
    shares = [text.get_text() for text in axes.texts if text.get_position()[0] > 9]
    assert shares[4] == f"{94 / 106:.1%}".replace("%", "\xa0%")
    assert shares[0] == "100.0\xa0%"
    assert texts(figure)[0] == "Confusion matrix: 20 errors in 965 images"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert [text.get_text() for text in axes.get_yticklabels()][:10] == list(DIGITS)
    assert not ink_outside(figure)


def test_confusion_matrix_colours_errors_on_their_own_scale(counts):
    image = plotting.confusion_matrix(counts, DIGITS).axes[0].images[0]
    shown = image.get_array()
    assert np.ma.getmaskarray(shown).sum() + np.isnan(shown.filled(np.nan)).sum() >= 97
    assert shown[4, 9] == 12
    assert image.norm.vmax == 12  # not the 99 of the diagonal
    assert image.norm(1) > 0.25  # a single error is visible


@pytest.mark.parametrize("size", [1, 2, 26, 47])
def test_confusion_matrix_of_any_size(size):
    names = [f"class {k}" for k in range(size)] if size == 47 else [chr(65 + k) for k in range(size)]
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 3, (size, size)) + np.diag(np.full(size, 7000))
    figure = plotting.confusion_matrix(counts, names)
    numbers = [text for text in figure.axes[0].texts if text.get_text().isdigit()]
    assert len(numbers) == (0 if size == 47 else np.count_nonzero(counts))
    width = figure.axes[0].bbox.width / size
    assert all(text.get_window_extent().width <= width for text in numbers)  # no number leaves its cell
    assert not ink_outside(figure)


def test_confusion_matrix_without_errors_and_with_an_empty_class():
    figure = plotting.confusion_matrix(np.diag([5, 0]), ("cat", "dog"))
    assert texts(figure)[0] == "Confusion matrix: 0 errors in 5 images"
    assert [text.get_text() for text in figure.axes[0].texts] == ["5", "100.0\xa0%", "–", "recognised"]
    plotting.png_bytes(figure)


def test_confusion_matrix_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"counts expects shape \(2, 2\), has \(2, 3\)"):
        plotting.confusion_matrix(np.zeros((2, 3), int), ("a", "b"))
    with pytest.raises(RangeError, match="no negative number, has -1"):
        plotting.confusion_matrix(np.array([[-1]]), ("a",))


# --- mistakes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def answers():
    rng = np.random.default_rng(1)
    return rng.integers(0, 10, 200), rng.dirichlet(np.full(10, 0.1), 200)


def test_confident_mistakes_are_the_wrong_answers_surest_first(answers):
    labels, probabilities = answers
    chosen = plotting.confident_mistakes(labels, probabilities, most=1000)
    wrong = {n for n in range(200) if probabilities[n].argmax() != labels[n]}
    assert set(chosen.tolist()) == wrong
    confidence = probabilities.max(axis=1)[chosen]
    assert (np.diff(confidence) <= 0).all()
    assert plotting.confident_mistakes(labels, probabilities, most=5).tolist() == chosen[:5].tolist()


def test_mistakes_show_image_classes_and_confidence(answers):
    labels, probabilities = answers
    images = np.random.default_rng(2).integers(0, 256, (200, 1, 8, 8)).astype(np.uint8)
    figure = plotting.most_confident_mistakes(images, labels, probabilities, DIGITS, most=10)
    assert len(figure.axes) == 10
    for axes, index in zip(figure.axes, plotting.confident_mistakes(labels, probabilities, most=10), strict=True):
        assert axes.get_title() == f"{labels[index]} → {probabilities[index].argmax()}"
        assert axes.get_xlabel().startswith(">99.9" if probabilities[index].max() > 0.9995 else "9")
        np.testing.assert_allclose(axes.images[0].get_array(), images[index, 0] / 255)
    assert "The 10 most confident of" in texts(figure)[1]
    assert not ink_outside(figure)


def test_few_mistakes_and_none():
    images, labels = np.zeros((3, 1, 8, 8), np.float32), np.array([0, 1, 1])
    figure = plotting.most_confident_mistakes(
        images, labels, np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]]), ("a", "b")
    )
    assert [axes.get_title() for axes in figure.axes] == ["b → a"]
    assert texts(figure)[1].startswith("All mistakes")
    figure = plotting.most_confident_mistakes(images, labels, np.eye(2)[labels], ("a", "b"))
    assert figure.axes == []
    assert texts(figure)[0] == "No mistakes"
    plotting.png_bytes(figure)


def test_long_names_stay_over_their_own_image(answers):
    labels, probabilities = answers
    names = [f"extraordinarily long {k}" for k in range(10)]
    figure = plotting.most_confident_mistakes(np.zeros((200, 3, 8, 8), np.uint8), labels, probabilities, names)
    figure.canvas.draw()
    widths = [axes.title.get_window_extent().width / axes.bbox.width for axes in figure.axes]
    assert max(widths) < 1.17  # less than the gap to the next


def test_mistakes_refuse_what_does_not_fit(answers):
    labels, probabilities = answers
    with pytest.raises(ShapeError, match="images expects shape"):
        plotting.most_confident_mistakes(np.zeros((3, 1, 8, 8)), labels, probabilities, DIGITS)
    with pytest.raises(ShapeError, match="probabilities"):
        plotting.most_confident_mistakes(np.zeros((200, 1, 8, 8)), labels, probabilities[:, :9], DIGITS)
    with pytest.raises(ShapeError, match="probabilities"):
        plotting.confident_mistakes(labels, probabilities[:5])


# --- filters -----------------------------------------------------------------------------------------------------


def test_filters_share_one_scale_around_zero():
    weight = np.random.default_rng(0).normal(size=(6, 1, 3, 5)).astype(np.float32)
    figure = plotting.first_layer_filters(weight)
    *tiles, scale = figure.axes
    limit = np.abs(weight).max()
    for axes, kernel in zip(tiles, weight, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), kernel[0])
        assert axes.images[0].get_clim() == pytest.approx((-limit, limit))
    assert scale.get_title() == "weight"
    assert texts(figure)[0] == "The first layer's 6 filters, 3 × 5 pixels each"
    white = tiles[0].images[0].cmap(0.5)
    assert np.allclose(white[:3], 1, atol=0.02)
    assert not ink_outside(figure)


@pytest.mark.parametrize(("shape", "tiles"), [((100, 1, 3, 3), 64), ((4, 3, 5, 5), 4), ((9, 2, 1, 1), 9)])
def test_filters_of_other_shapes(shape, tiles):
    weight = np.random.default_rng(0).normal(size=shape)
    figure = plotting.first_layer_filters(weight)
    assert len(figure.axes) == tiles + (shape[1] != 3)
    assert ("The first 64 of 100" in texts(figure)[1]) == (shape[0] == 100)
    assert not ink_outside(figure)


def test_filters_of_zeros_and_refusals():
    plotting.png_bytes(plotting.first_layer_filters(np.zeros((2, 1, 3, 3))))
    with pytest.raises(ShapeError):
        plotting.first_layer_filters(np.zeros((3, 3)))
    with pytest.raises(ShapeError):
        plotting.first_layer_filters(np.zeros((3, 1, 0, 3)))


# --- feature maps ------------------------------------------------------------------------------------------------


@pytest.fixture
def network():
    rng = np.random.default_rng(0)
    layers = (Conv2d(1, 20, 3, rng=rng), ReLU(), Flatten(), Dropout(0.5, rng=rng), Dense(20 * 36, 10, rng=rng))
    return Sequential(*layers)


def test_activations_are_the_layers_results(network):
    x = np.random.default_rng(1).random((1, 1, 8, 8)).astype(np.float32)
    with use("vectorized"):
        results = plotting.activations(network, x)
        expected = network.predict(x)[0]
    assert [name for name, _ in results] == ["0 Conv2d(1, 20, 3×3)", "1 ReLU()", "4 Dense(720, 10)"]
    np.testing.assert_array_equal(results[-1][1], expected)
    np.testing.assert_array_equal(results[1][1], np.maximum(results[0][1], 0))


def test_feature_maps_have_a_labelled_row_for_each_layer(network):
    x = np.random.default_rng(1).random((1, 1, 8, 8)).astype(np.float32)
    with use("vectorized"):
        results = plotting.activations(network, x)
    figure = plotting.feature_maps(x[0], results, classes=DIGITS, title="A digit")
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    for label in (
        "the image",
        "1 × 8 × 8",
        "0 Conv2d(1, 20, 3×3)",
        "20 × 6 × 6",
        "1 ReLU",
        "4 Dense(720, 10)",
        "softmax",
    ):
        assert label in words
    assert words.count("the first 16") == 2
    assert texts(figure)[0] == "A digit"
    pictures = figure.axes[0].images
    assert len(pictures) == 16 + 16 + 1
    limit = np.abs(results[0][1]).max()
    assert all(picture.get_clim() == pytest.approx((-limit, limit)) for picture in pictures[:16])
    np.testing.assert_array_equal(pictures[2].get_array(), results[0][1][2])
    bars = figure.axes[-1].patches
    logits = results[-1][1].astype(float)
    np.testing.assert_allclose([bar.get_height() for bar in bars], np.exp(logits) / np.exp(logits).sum(), rtol=1e-5)
    assert [text.get_text() for text in figure.axes[-1].get_xticklabels()] == list(DIGITS)
    assert not ink_outside(figure)


def test_feature_maps_of_one_pixel_become_a_strip_and_others_are_refused():
    figure = plotting.feature_maps(np.zeros((3, 4, 4)), [("0 Conv2d", np.ones((7, 1, 1)))])
    assert figure.axes[0].images[0].get_array().shape == (1, 7)
    with pytest.raises(ShapeError, match=r"0 odd expects shape \(C, H, W\) or \(D,\), has \(2, 2\)"):
        plotting.feature_maps(np.zeros((1, 4, 4)), [("0 odd", np.ones((2, 2)))])


# --- all of them -------------------------------------------------------------------------------------------------


def test_names_are_never_taken_for_formulas_and_any_script_is_drawn():
    names = ("$5", "$x^", "お母")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plotting.png_bytes(plotting.confusion_matrix(np.ones((3, 3), int), names))
        labels, probabilities = np.array([0, 1, 2]), np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0.0]])
        plotting.png_bytes(plotting.most_confident_mistakes(np.zeros((3, 1, 4, 4)), labels, probabilities, names))
        plotting.png_bytes(
            plotting.feature_maps(np.zeros((1, 4, 4)), [("0 Dense", np.zeros(3))], classes=names, title="$a$ $")
        )


def test_png_is_the_same_every_time_and_sharp(tmp_path):
    draw = lambda: plotting.confusion_matrix(np.eye(3, dtype=int), ("a", "b", "c"))  # noqa: E731
    assert plotting.png_bytes(draw()) == plotting.png_bytes(draw())
    plotting.save_figure(draw(), tmp_path / "picture.png")
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.format == "PNG"
        assert picture.size[0] >= 2 * 96 * 7.4 / 1.3
    with pytest.raises(RunError):
        plotting.save_figure(draw(), tmp_path / "missing" / "picture.png")
    with pytest.raises(DtypeError, match="figure expects a matplotlib Figure, is str"):
        plotting.save_figure("figure", tmp_path / "other.png")
    assert not (tmp_path / "other.png").exists()


def test_no_display_no_pyplot_and_nothing_loaded_before_it_is_needed():
    program = """
import sys
import nnfromscratch, nnfromscratch.cli, nnfromscratch.runs, nnfromscratch.report, nnfromscratch.training
assert "matplotlib" not in sys.modules, "loaded too early"
from nnfromscratch import plotting
plotting.png_bytes(plotting.learning_curves([1], [1]))
assert "matplotlib.pyplot" not in sys.modules, "global state"
"""
    subprocess.run([sys.executable, "-c", program], check=True, env={"MPLBACKEND": "TkAgg"})
