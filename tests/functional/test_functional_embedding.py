"""Looking up rows: labels of any kind and shape, several samples with one label, labels that make no sense."""

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.functional import dense, embedding


@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "int64", "uint64", ">i4"])
def test_every_kind_of_whole_number_is_a_label(kind):
    weight, labels = numbers(5, 3), np.array([4, 0, 0, 2])
    y, backward = embedding(labels.astype(kind), weight)
    np.testing.assert_array_equal(y, weight[labels])
    dweight = backward(np.ones((4, 3)))
    np.testing.assert_array_equal(dweight[:, 0], [2, 0, 1, 0, 1])


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 1, 3), ()])
def test_labels_of_any_shape(shape):
    labels, weight = np.random.default_rng(0).integers(0, 4, shape), numbers(4, 3)
    y, _ = embedding(labels, weight)
    assert y.shape == (*shape, 3)
    for place in np.ndindex(shape):
        np.testing.assert_array_equal(y[place], weight[labels[place]])
    check_gradients(lambda w: embedding(labels, w), weight)


def test_it_is_the_product_with_rows_of_zeros_and_a_one():
    labels, weight, dy = np.random.default_rng(0).integers(0, 7, 50), numbers(7, 4), numbers(50, 4, seed=1)
    y, backward = embedding(labels, weight)
    product, product_backward = dense(np.eye(7)[labels], weight)
    np.testing.assert_allclose(y, product, rtol=1e-13)
    np.testing.assert_allclose(backward(dy), product_backward(dy)[1], rtol=1e-11, atol=1e-13)


def test_no_labels():
    y, backward = embedding(np.zeros(0, int), numbers(3, 2).astype(np.float32))
    assert (y.shape, y.dtype) == ((0, 2), np.float32)
    np.testing.assert_array_equal(backward(y), np.zeros((3, 2), np.float32))


def test_a_gradient_that_is_no_number_stays_in_its_row():
    dy = np.ones((3, 2))
    dy[1, 0] = np.nan
    dweight = embedding(np.array([0, 2, 0]), numbers(4, 2))[1](dy)
    np.testing.assert_array_equal(dweight, [[2, 2], [0, 0], [np.nan, 1], [0, 0]])


def test_labels_may_be_changed_afterwards():
    labels = np.array([0, 2])
    y, backward = embedding(labels, numbers(3, 2))
    before = y.copy(), backward(np.ones((2, 2)))
    labels[:] = 1
    np.testing.assert_array_equal(y, before[0])
    np.testing.assert_array_equal(backward(np.ones((2, 2))), before[1])


def test_labels_may_be_read_only_and_not_contiguous():
    labels = np.arange(10)[::-3]
    labels.flags.writeable = False
    weight = np.asfortranarray(numbers(10, 3))
    weight.flags.writeable = False
    y, backward = embedding(labels, weight)
    np.testing.assert_array_equal(y, weight[[9, 6, 3, 0]])
    assert backward(y).any(axis=1).nonzero()[0].tolist() == [0, 3, 6, 9]


@pytest.mark.parametrize(("labels", "came"), [([0, 3], "0 to 3"), ([-1, 2], "-1 to 2"), ([7], "7 to 7")])
def test_labels_outside_the_table(labels, came):
    with pytest.raises(RangeError) as error:
        embedding(np.array(labels), np.ones((3, 2)))
    expected = f"embedding: labels expects whole numbers from 0 to 2 (weight has 3 rows), has {came}"
    assert str(error.value) == expected


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (np.array([0.0, 1.0]), "float64"),
        (np.array([True, False]), "bool"),
        ([0, 1], "list"),
        (1, "int"),
        (None, "NoneType"),
        (np.array(["a"]), "<U1"),
    ],
)
def test_labels_that_are_none(labels, kind):
    with pytest.raises(DtypeError, match=f"^embedding: labels expects an array of whole numbers, is {kind}$"):
        embedding(labels, np.ones((3, 2)))


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2), (0, 2), (3, 0)])
def test_a_table_has_rows_and_columns(shape):
    with pytest.raises(ShapeError, match=r"^embedding: weight expects (shape|at least 1 along every axis)"):
        embedding(np.array([0]), np.ones(shape))
