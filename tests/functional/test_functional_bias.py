"""The bias that completes a sum, with an activation in the same pass: its equation, its gradients, whose memory."""

from types import SimpleNamespace

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch import functional, kernels
from nnfromscratch.functional.bias import add_bias

SETS = ("loops", "vectorized", "compiled")
SLOPES = (0.0, 0.2, 1.0, 1.5)
SHAPES = ((4, 3), (3, 2, 4, 3))


@pytest.fixture(params=SETS)
def kernel_set(request):
    if request.param == "compiled":
        pytest.importorskip("numba")
    with kernels.use(request.param):
        yield request.param


def fresh(op):
    """The operation on a copy of x, over which it may write."""

    def on(x, *arrays):
        return op(x.copy(order="K"), *arrays)

    return on


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_equation_as_printed(kernel_set, shape, slope, dtype):
    x, bias, dy = (
        numbers(*shape, dtype=dtype),
        numbers(shape[1], seed=1, dtype=dtype),
        numbers(*shape, seed=2, dtype=dtype),
    )
    y, backward = add_bias(x.copy(), bias, slope)
    dx, dbias = backward(dy)
    total = np.zeros(shape[1])
    for index in np.ndindex(shape):
        v = x[index] + bias[index[1]]
        slope_here = 1 if v > 0 else slope
        assert y[index] == pytest.approx(slope_here * v, rel=1e-6)
        assert dx[index] == pytest.approx(slope_here * dy[index], rel=1e-6)
        total[index[1]] += slope_here * dy[index]
    np.testing.assert_allclose(dbias, total, rtol=1e-5, atol=1e-6)
    assert y.dtype == dx.dtype == dbias.dtype == dtype
    assert (y.shape, dx.shape, dbias.shape) == (shape, shape, bias.shape)


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients(kernel_set, shape, slope):
    x, bias = numbers(*shape, low=1.5), numbers(shape[1]).clip(-1, 1)  # x + b keeps clear of the kink
    check_gradients(fresh(lambda x, bias: add_bias(x, bias, slope)), x, bias)


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.5])
@pytest.mark.parametrize("shape", SHAPES)
def test_without_a_bias_only_the_activation_is_left(kernel_set, shape, slope):
    x, dy = numbers(*shape), numbers(*shape, seed=1)
    y, backward = add_bias(x.copy(), None, slope)
    np.testing.assert_array_equal(y, np.where(x > 0, x, slope * x))
    dx, dbias = backward(dy)
    np.testing.assert_array_equal(dx, np.where(x > 0, dy, slope * dy))
    assert dbias is None


def test_with_neither_there_is_nothing_to_do(kernel_set):
    x, dy = numbers(4, 3), numbers(4, 3, seed=1)
    y, backward = add_bias(x, None)
    assert y is x
    dx, dbias = backward(dy)
    assert dx is dy
    assert dbias is None


def test_at_zero_the_gradient_is_that_of_the_negative_side(kernel_set):
    for slope, op in ((0.0, functional.relu), (0.25, lambda x: functional.leaky_relu(x, 0.25))):
        y, backward = add_bias(np.array([[1.0, -1.0]]), np.array([-1.0, 1.0]), slope)
        dx, dbias = backward(np.array([[4.0, 4.0]]))
        assert y.tolist() == [[0, 0]]
        assert dx.tolist() == [[4 * slope, 4 * slope]]
        assert dbias.tolist() == [4 * slope, 4 * slope]
        assert op(np.zeros(1))[1](np.array([4.0])) == 4 * slope  # as there


@pytest.mark.parametrize("shape", SHAPES)
def test_the_way_back_writes_to_nothing_and_can_be_taken_twice(kernel_set, shape):
    x, bias, dy = numbers(*shape), numbers(shape[1], seed=1), numbers(*shape, seed=2)
    before = bias.copy(), dy.copy()
    for slope in SLOPES:
        y, backward = add_bias(x.copy(), bias, slope)
        kept = y.copy()
        first = [gradient.copy() for gradient in backward(dy)]
        other = add_bias(-x, bias, slope)[1]
        other(dy + 1)
        for gradient, again in zip(first, backward(dy), strict=True):
            np.testing.assert_array_equal(gradient, again)
        np.testing.assert_array_equal(y, kept)
    np.testing.assert_array_equal(bias, before[0])
    np.testing.assert_array_equal(dy, before[1])


@pytest.mark.parametrize("shape", [(0, 3), (0, 2, 4, 3)])
def test_an_empty_batch(kernel_set, shape):
    for slope in (0.0, 1.0):
        y, backward = add_bias(np.zeros(shape, np.float32), np.ones(shape[1], np.float32), slope)
        dx, dbias = backward(np.zeros(shape, np.float32))
        assert y.shape == dx.shape == shape
        np.testing.assert_array_equal(dbias, np.zeros(shape[1], np.float32))


def test_a_read_only_bias_and_any_memory_order(kernel_set):
    x, dy = numbers(3, 2, 4, 3), numbers(3, 2, 4, 3, seed=1)
    bias = np.repeat(numbers(2), 2)[::2]
    expected = add_bias(x.copy(), bias.copy(), 0.2)
    bias.flags.writeable = False
    for change in (np.asfortranarray, lambda a: np.flip(np.ascontiguousarray(np.flip(a))), np.array):
        argument = change(x) if change is np.array else change(x).copy(order="K")
        y, backward = add_bias(argument, bias, 0.2)
        np.testing.assert_array_equal(y, expected[0])
        for gradient, wanted in zip(backward(change(dy)), expected[1](dy), strict=True):
            np.testing.assert_allclose(gradient, wanted, rtol=1e-13)


def test_the_way_back_uses_the_kernels_of_its_forward():
    calls = []

    def recording(name):
        def kernel(*arguments):
            calls.append(name)
            with kernels.use("vectorized") as others:
                return getattr(others, name)(*arguments)

        return kernel

    own = SimpleNamespace(**{name: recording(name) for name in ("bias_activation", "bias_activation_grad")})
    with kernels.use(own):
        y, backward = add_bias(numbers(4, 3), numbers(3))
    assert calls == ["bias_activation"]
    backward(y)
    assert calls == ["bias_activation", "bias_activation_grad"]
    with kernels.use("loops"):
        _, backward = add_bias(numbers(4, 3), numbers(3))
    with kernels.use(own):
        backward(y)
    assert len(calls) == 2


def test_where_a_kernel_was_replaced_its_array_is_left_alone():
    # somebody's kernel may hand out an array that it goes on using
    cached = numbers(2, 3, 4, 4)
    before = cached.copy()
    x, weight, bias = numbers(2, 1, 4, 4), numbers(3, 1, 1, 1), numbers(3)
    with kernels.use(SimpleNamespace(conv2d=lambda *arguments: cached)):
        y, _ = functional.conv2d(x, weight, bias)
        again, _ = functional.conv2d(x, weight, bias)
    np.testing.assert_array_equal(cached, before)
    np.testing.assert_array_equal(y, before + bias.reshape(-1, 1, 1))
    np.testing.assert_array_equal(again, y)
    rows = numbers(3, 2)
    before = rows.copy()
    with kernels.use(SimpleNamespace(matmul=lambda a, b: rows)):
        y, _ = functional.dense(numbers(2, 5), numbers(5, 3), bias)
    np.testing.assert_array_equal(rows, before)
    np.testing.assert_array_equal(y, before.T + bias)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_passes_through(kernel_set, value):
    x = np.array([[value, 1.0], [2.0, -3.0]])
    for slope, at_minus_infinity in ((0.0, 0.0), (0.5, -np.inf), (1.0, -np.inf)):
        y, _ = add_bias(x.copy(), np.array([1.0, 0.0]), slope)
        expected = at_minus_infinity if value == -np.inf else value
        np.testing.assert_array_equal(y, [[expected, 1], [3, -3 * slope]])
