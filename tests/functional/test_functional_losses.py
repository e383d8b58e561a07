"""Losses against plain Python, far from zero in float32, with each reduction, and against differences."""

import math

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.functional import binary_cross_entropy_with_logits, mean_squared_error, softmax_cross_entropy

LABELS = np.array([2, 0, 3])
TARGETS = np.random.default_rng(8).random((3, 4))
LOSSES = {
    "softmax_cross_entropy": lambda x, **options: softmax_cross_entropy(x, LABELS[: len(x)], **options),
    "binary_cross_entropy_with_logits": lambda x, **options: binary_cross_entropy_with_logits(
        x, TARGETS[: len(x)].astype(x.dtype), **options
    ),
    "mean_squared_error": lambda x, **options: mean_squared_error(x, TARGETS[: len(x)].astype(x.dtype), **options),
}
every_loss = pytest.mark.parametrize("name", LOSSES)


def unreduced(name, x):
    """The loss of every element, in plain Python."""
    if name == "softmax_cross_entropy":
        return np.array(
            [-math.log(math.exp(row[k]) / sum(map(math.exp, row))) for row, k in zip(x, LABELS, strict=True)]
        )
    result = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        z, t = x[index], TARGETS[index]
        s = 1 / (1 + math.exp(-z))
        cross = -t * math.log(s) - (1 - t) * math.log(1 - s)
        result[index] = (z - t) ** 2 if name == "mean_squared_error" else cross
    return result


@every_loss
def test_values_with_each_reduction(name):
    x = numbers(3, 4)
    each = unreduced(name, x)
    np.testing.assert_allclose(LOSSES[name](x, reduction="none")[0], each, rtol=1e-12)
    for reduction, expected in (("sum", each.sum()), ("mean", each.sum() / each.size)):
        loss, _ = LOSSES[name](x, reduction=reduction)
        assert type(loss) is float
        assert loss == pytest.approx(expected, rel=1e-12)
    assert LOSSES[name](x)[0] == LOSSES[name](x, reduction="mean")[0]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@every_loss
def test_gradients(name, reduction):
    loss = LOSSES[name]
    if reduction == "none":
        check_gradients(lambda x: loss(x, reduction=reduction), numbers(3, 4))
        return

    def as_array(x):
        number, backward = loss(x, reduction=reduction)
        return np.array(number), lambda dy: backward(float(dy))

    check_gradients(as_array, numbers(3, 4))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@every_loss
def test_the_way_back_of_1_is_the_default_and_a_number_serves_all(name, reduction):
    value, backward = LOSSES[name](numbers(3, 4), reduction=reduction)
    gradient = backward()
    np.testing.assert_array_equal(backward(1), gradient)
    np.testing.assert_array_equal(backward(np.ones(())), gradient)
    np.testing.assert_allclose(backward(-2.5), -2.5 * gradient, rtol=1e-14)
    np.testing.assert_allclose(backward(np.full(np.shape(value), 3.0)), 3 * gradient, rtol=1e-14)


@every_loss
def test_each_element_is_weighed_by_its_own_number(name):
    value, backward = LOSSES[name](numbers(3, 4), reduction="none")
    weights = np.arange(value.size, dtype=np.float64).reshape(value.shape)
    expected = backward() * (weights if value.ndim == 2 else weights[:, None])
    np.testing.assert_allclose(backward(weights), expected, rtol=1e-14)
    for reduction in ("mean", "sum"):
        with pytest.raises(ShapeError) as error:
            LOSSES[name](numbers(3, 4), reduction=reduction)[1](weights)
        assert str(error.value) == f"{name}: dloss expects the shape of the loss, (); has {weights.shape}"


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@every_loss
def test_large_logits_in_float32_give_finite_losses_and_gradients(name, reduction):
    x = np.array([[-1e4, 1e4, 0, 1e4], [1e4, -1e4, 1e4, -1e4], [0, 0, 1e4, -1e4]], np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, backward = LOSSES[name](x, reduction=reduction)
        gradient = backward()
    assert np.isfinite(loss).all()
    assert np.isfinite(gradient).all()
    assert gradient.dtype == np.float32
    assert np.any(gradient != 0)


def test_the_loss_of_a_certain_mistake_is_the_distance_of_the_logits():
    x = np.array([[1e4, -1e4]], np.float32)
    loss, backward = softmax_cross_entropy(x, np.array([1]))
    assert loss == 2e4
    np.testing.assert_array_equal(backward(), [[1, -1]])
    loss, backward = binary_cross_entropy_with_logits(x, 0.0, "none")
    np.testing.assert_array_equal(loss, [[1e4, 0]])
    np.testing.assert_array_equal(backward(), [[1, 0]])
    loss, backward = binary_cross_entropy_with_logits(x, 1.0, "none")
    np.testing.assert_array_equal(loss, [[0, 1e4]])
    np.testing.assert_array_equal(backward(), [[0, -1]])


@every_loss
def test_an_empty_batch(name):
    x = np.zeros((0, 4), np.float32)
    with pytest.raises(ShapeError, match=f"^{name}: reduction 'mean' expects at least 1 element, the batch is empty"):
        LOSSES[name](x)
    for reduction in ("sum", "none"):
        loss, backward = LOSSES[name](x, reduction=reduction)
        assert np.sum(loss) == 0
        assert backward().shape == (0, 4)


@every_loss
def test_unknown_reductions(name):
    with pytest.raises(RangeError, match=f"^{name}: reduction expects one of mean, sum, none; is 'average'"):
        LOSSES[name](numbers(3, 4), reduction="average")
    with pytest.raises(RangeError, match=r"is 'men' \(did you mean 'mean'\?\)"):
        LOSSES[name](numbers(3, 4), reduction="men")


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
def test_labels_of_any_whole_number_type(dtype):
    expected = softmax_cross_entropy(numbers(3, 4), LABELS)
    loss, backward = softmax_cross_entropy(numbers(3, 4), LABELS.astype(dtype))
    assert loss == expected[0]
    np.testing.assert_array_equal(backward(), expected[1]())


@pytest.mark.parametrize(
    ("labels", "kind"), [(LABELS.astype(float), "float64"), (LABELS > 1, "bool"), ([2, 0, 3], "list"), (2, "int")]
)
def test_labels_of_other_types(labels, kind):
    with pytest.raises(DtypeError) as error:
        softmax_cross_entropy(numbers(3, 4), labels)
    assert str(error.value) == f"softmax_cross_entropy: labels expects an array of whole numbers, is {kind}"


@pytest.mark.parametrize(("labels", "came"), [([0, 4, 1], "0 to 4"), ([-1, 0, 3], "-1 to 3"), ([-1, 9, 3], "-1 to 9")])
def test_labels_out_of_range(labels, came):
    with pytest.raises(RangeError) as error:
        softmax_cross_entropy(numbers(3, 4), np.array(labels))
    expected = f"labels expects whole numbers from 0 to 3 (logits have 4 classes), has {came}"
    assert str(error.value) == f"softmax_cross_entropy: {expected}"


@pytest.mark.parametrize("labels", [np.array([0, 1]), np.array([[0], [1], [2]]), np.array(1)])
def test_labels_of_another_shape(labels):
    with pytest.raises(ShapeError, match=r"softmax_cross_entropy: labels expects shape \(3,\), has \("):
        softmax_cross_entropy(numbers(3, 4), labels)


@pytest.mark.parametrize("shape", [(3,), (3, 4, 1), (3, 0)])
def test_logits_of_another_shape(shape):
    with pytest.raises(ShapeError, match=r"softmax_cross_entropy: logits expects "):
        softmax_cross_entropy(np.zeros(shape), LABELS)


@pytest.mark.parametrize("loss", [binary_cross_entropy_with_logits, mean_squared_error])
def test_targets(loss):
    name, argument = loss.__name__, "predictions" if loss is mean_squared_error else "logits"
    x = numbers(3, 4)
    number, whole = loss(x, 1), loss(x, np.ones((3, 4)))
    assert number[0] == whole[0] == loss(x, np.float32(1))[0]
    np.testing.assert_array_equal(number[1](), whole[1]())
    single = loss(x.astype(np.float32), 0.3, "none")
    assert single[0].dtype == single[1]().dtype == np.float32
    with pytest.raises(ShapeError, match=rf"^{name}: targets expects shape \(3, 4\), has \(4,\)"):
        loss(x, np.ones(4))
    with pytest.raises(DtypeError, match=rf"^{name}: targets expects float64 like {argument}, has float32"):
        loss(x, np.ones((3, 4), np.float32))
    with pytest.raises(DtypeError, match=rf"^{name}: targets expects float32 or float64, has int64"):
        loss(x, np.ones((3, 4), np.int64))
    for thing, kind in (([1.0], "list"), (None, "NoneType"), (True, "bool"), ("1", "str")):
        with pytest.raises(DtypeError, match=f"^{name}: targets expects an array or a number, is {kind}"):
            loss(x, thing)


@pytest.mark.parametrize(
    ("targets", "came"), [([0.0, 1.5], "0 to 1.5"), ([-0.5, 1], "-0.5 to 1"), ([0.0, math.nan], "nan to nan")]
)
def test_targets_are_probabilities(targets, came):
    with pytest.raises(RangeError) as error:
        binary_cross_entropy_with_logits(np.zeros(2), np.array(targets))
    expected = f"binary_cross_entropy_with_logits: targets expects numbers from 0 to 1, has {came}"
    assert str(error.value) == expected
    with pytest.raises(RangeError, match="targets expects numbers from 0 to 1, has 2 to 2"):
        binary_cross_entropy_with_logits(np.zeros(2), 2)
