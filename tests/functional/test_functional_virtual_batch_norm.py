"""Virtual batch normalization against plain Python, batch_norm, and differences; who depends on whom."""

import math

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch.errors import RangeError, ShapeError
from nnfromscratch.functional import batch_norm, virtual_batch_norm

CASES = [((7, 3), 4), ((5, 2, 2, 3), 3), ((4, 3), 3), ((4, 2), 4), ((3, 2, 2, 2), 1)]


def setting(shape, seed=0):
    c = shape[1]
    return numbers(*shape, seed=seed) * 3 + 1, numbers(c, seed=seed + 1), numbers(c, seed=seed + 2)


@pytest.mark.parametrize(("shape", "size"), CASES)
@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_values_by_hand(shape, size, eps):
    x, weight, bias = setting(shape)
    y, _ = virtual_batch_norm(x, weight, bias, reference_size=size, eps=eps)
    for n, c in np.ndindex(shape[:2]):
        own = x[:size, c].ravel().tolist() + (x[n, c].ravel().tolist() if n >= size else [])
        mean = sum(own) / len(own)
        variance = sum((value - mean) ** 2 for value in own) / len(own)
        expected = weight[c] * (x[n, c] - mean) / math.sqrt(variance + eps) + bias[c]
        np.testing.assert_allclose(y[n, c], expected, rtol=1e-11, atol=1e-12)


def test_epsilon_is_1e_5_unless_given():
    x, one, zero = np.array([[0.001], [-0.001], [0.0]]), np.ones(1), np.zeros(1)
    y, _ = virtual_batch_norm(x, one, zero, reference_size=2)
    np.testing.assert_allclose(y[:, 0], np.array([0.001, -0.001, 0]) / math.sqrt(1e-6 + 1e-5), rtol=1e-12)


@pytest.mark.parametrize(("shape", "size"), CASES)
def test_gradients(shape, size):
    check_gradients(lambda *a: virtual_batch_norm(*a, reference_size=size), *setting(shape), atol=1e-7)
    check_gradients(lambda *a: virtual_batch_norm(*a, reference_size=size, eps=0.3), *setting(shape), atol=1e-7)


@pytest.mark.parametrize(("shape", "size"), CASES)
def test_gradients_are_those_of_batch_norm_of_the_reference_and_of_each_batch_of_one_more(shape, size):
    x, weight, bias = setting(shape)
    dy = numbers(*shape, seed=5)
    expected = [np.zeros_like(array) for array in (x, weight, bias)]
    batches = [(x[:size], dy[:size], list(range(size)))]
    for n in range(size, len(x)):
        alone = np.concatenate([np.zeros_like(dy[:size]), dy[n : n + 1]])  # the reference's results are elsewhere
        batches.append((np.concatenate([x[:size], x[n : n + 1]]), alone, [*range(size), n]))
    for batch, gradient, rows in batches:
        _, backward = batch_norm(batch, weight, bias)
        dx, dweight, dbias = backward(gradient)
        expected[0][rows] += dx
        expected[1] += dweight
        expected[2] += dbias
    _, backward = virtual_batch_norm(x, weight, bias, reference_size=size)
    for gradient, wanted in zip(backward(dy), expected, strict=True):
        np.testing.assert_allclose(gradient, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("shape", [(7, 3), (7, 3, 2, 2)])
def test_a_sample_depends_on_the_reference_and_itself_alone(shape):
    x, weight, bias = setting(shape)
    y, _ = virtual_batch_norm(x, weight, bias, reference_size=3)
    other = x.copy()
    other[4:6] = 100 * x[4:6] - 7
    changed, _ = virtual_batch_norm(other, weight, bias, reference_size=3)
    np.testing.assert_array_equal(changed[[0, 1, 2, 3, 6]], y[[0, 1, 2, 3, 6]])
    fewer, backward = virtual_batch_norm(x[:4], weight, bias, reference_size=3)
    np.testing.assert_array_equal(fewer, y[:4])
    dx, _, _ = backward(np.concatenate([np.zeros_like(x[:3]), np.ones_like(x[3:4])]))
    assert (dx[:3] != 0).any()


def test_a_sample_that_is_no_number_spoils_no_other():
    x, weight, bias = setting((6, 2, 2, 2))
    clean, clean_backward = virtual_batch_norm(x, weight, bias, reference_size=3)
    x[4, 0, 1, 1] = np.nan
    y, backward = virtual_batch_norm(x, weight, bias, reference_size=3)
    np.testing.assert_array_equal(y[[0, 1, 2, 3, 5]], clean[[0, 1, 2, 3, 5]])
    assert np.isnan(y[4, 0]).all()
    np.testing.assert_array_equal(y[4, 1], clean[4, 1])
    dy = numbers(*x.shape, seed=3)
    dx, clean_dx = backward(dy)[0], clean_backward(dy)[0]
    np.testing.assert_array_equal(dx[[3, 5]], clean_dx[[3, 5]])
    assert np.isnan(dx[:3, 0]).all()  # what it sends to the reference
    np.testing.assert_array_equal(dx[:, 1], clean_dx[:, 1])


def test_float32_far_from_zero():
    # variances are taken about the reference's mean: no difference of two large sums
    x = (numbers(256, 2) + 1000).astype(np.float32)
    y, _ = virtual_batch_norm(x, np.ones(2, np.float32), np.zeros(2, np.float32), reference_size=128)
    wide, _ = virtual_batch_norm(x.astype(np.float64), np.ones(2), np.zeros(2), reference_size=128)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, wide, rtol=1e-3, atol=1e-3)


def test_a_sample_far_from_the_reference():
    x = np.array([[1.0], [-1.0], [1e6]])
    y, _ = virtual_batch_norm(x, np.ones(1), np.zeros(1), reference_size=2)
    np.testing.assert_allclose(y[2, 0], math.sqrt(2), rtol=1e-6)  # (x − x/3) / √(2x²/9)


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 2, 2)])
def test_nothing_at_all(shape):
    weight, bias = np.ones(3, np.float32), np.zeros(3, np.float32)
    y, backward = virtual_batch_norm(np.zeros(shape, np.float32), weight, bias, reference_size=4)
    assert (y.shape, y.dtype) == (shape, np.float32)
    dx, dweight, dbias = backward(y)
    assert dx.shape == shape
    assert not dweight.any()
    assert not dbias.any()


@pytest.mark.parametrize(
    ("shapes", "size", "message"),
    [
        (((5,), (5,), (5,)), 2, r"x expects shape \(N, C\) or \(N, C, H, W\), has \(5,\)"),
        (((5, 0), (0,), (0,)), 2, r"x expects at least 1 along axis 1, has shape \(5, 0\)"),
        (((5, 3, 0, 2), (3,), (3,)), 2, r"x expects at least 1 along axis 2, has shape \(5, 3, 0, 2\)"),
        (((5, 3), (4,), (3,)), 2, r"weight expects shape \(3,\), has \(4,\)"),
        (((5, 3), (3,), (3, 1)), 2, r"bias expects shape \(3,\), has \(3, 1\)"),
        (((3, 3), (3,), (3,)), 4, r"x expects to begin with the 4 samples of the reference, has 3 \(shape \(3, 3\)\)"),
        (((3, 3), (3,), (3,)), 1, r"x expects at least 2 numbers in a channel of the reference, has 1"),
        (((0, 3), (3,), (3,)), 1, r"x expects at least 2 numbers in a channel of the reference, has 1"),
        (((3, 3, 1, 1), (3,), (3,)), 1, r"x expects at least 2 numbers in a channel of the reference, has 1"),
    ],
)
def test_wrong_shapes(shapes, size, message):
    with pytest.raises(ShapeError, match=f"^virtual_batch_norm: {message}"):
        virtual_batch_norm(*(np.ones(shape) for shape in shapes), reference_size=size)


@pytest.mark.parametrize("size", [0, -1, 2.0, True, None])
def test_a_reference_has_a_size(size):
    with pytest.raises(RangeError, match=r"^virtual_batch_norm: reference_size expects a whole number of at least 1"):
        virtual_batch_norm(np.ones((4, 3)), np.ones(3), np.ones(3), reference_size=size)


@pytest.mark.parametrize("eps", [0, -1e-5, np.nan, None])
def test_epsilon_is_positive(eps):
    with pytest.raises(RangeError, match=r"^virtual_batch_norm: eps expects a finite number > 0, is "):
        virtual_batch_norm(np.ones((4, 3)), np.ones(3), np.ones(3), reference_size=2, eps=eps)
