import numpy as np
import pytest

from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.training import accuracy, class_figures, confusion_matrix

# Ten samples of four classes, counted by hand; nothing is ever taken for class 3.
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 3])
PREDICTIONS = np.array([0, 0, 0, 1, 1, 1, 2, 2, 0, 0])
TABLE = np.array([[3, 1, 0, 0], [0, 2, 1, 0], [1, 0, 1, 0], [1, 0, 0, 0]])


def test_accuracy_by_hand():
    assert accuracy(LABELS, PREDICTIONS) == 0.6


def test_confusion_matrix_by_hand():
    table = confusion_matrix(LABELS, PREDICTIONS, 4)
    np.testing.assert_array_equal(table, TABLE)
    assert table.dtype == np.int64


def test_class_figures_by_hand():
    figures = class_figures(TABLE)
    np.testing.assert_allclose(figures.precision, [3 / 5, 2 / 3, 1 / 2, 0], rtol=1e-15)
    np.testing.assert_allclose(figures.recall, [3 / 4, 2 / 3, 1 / 2, 0], rtol=1e-15)
    np.testing.assert_allclose(figures.f1, [2 / 3, 2 / 3, 1 / 2, 0], rtol=1e-15)
    np.testing.assert_array_equal(figures.support, [4, 3, 2, 1])


def test_a_class_that_never_occurs_has_zeros():
    figures = class_figures(confusion_matrix(np.array([0, 0]), np.array([0, 1]), 3))
    np.testing.assert_array_equal(figures.recall, [0.5, 0, 0])
    np.testing.assert_array_equal(figures.precision, [1, 0, 0])
    np.testing.assert_array_equal(figures.f1, [2 / 3, 0, 0])


def test_small_label_types_do_not_wrap_around():
    labels = np.full(3, 19, np.uint8)
    assert confusion_matrix(labels, labels, 20)[19, 19] == 3


@pytest.mark.parametrize(
    ("labels", "predictions", "error", "message"),
    [
        (LABELS, PREDICTIONS[:-1], ShapeError, r"predictions expects shape \(10,\), has \(9,\)"),
        (LABELS[:0], PREDICTIONS[:0], ShapeError, "at least 1 sample"),
        (LABELS[None], PREDICTIONS[None], ShapeError, "labels"),
        (LABELS * 1.0, PREDICTIONS, DtypeError, "labels expects an array of whole numbers, is float64"),
        (LABELS, [0] * 10, DtypeError, "predictions expects an array of whole numbers, is list"),
    ],
)
def test_bad_input_is_named(labels, predictions, error, message):
    with pytest.raises(error, match=message):
        accuracy(labels, predictions)
    with pytest.raises(error, match=message):
        confusion_matrix(labels, predictions, 4)


def test_numbers_outside_are_named():
    with pytest.raises(RangeError, match="labels expects whole numbers from 0 to 2"):
        confusion_matrix(LABELS, PREDICTIONS, 3)
    with pytest.raises(RangeError, match=r"predictions expects whole numbers from 0 to 3 .* has -1 to 2"):
        confusion_matrix(LABELS, PREDICTIONS - (PREDICTIONS == 0), 4)
    with pytest.raises(ShapeError, match="as many rows as columns"):
        class_figures(TABLE[:3])
