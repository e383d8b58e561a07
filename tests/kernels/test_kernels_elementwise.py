"""The kernels between the convolutions against their equations, written with NumPy in float64."""

import numpy as np
import pytest
from channel_cases import ChannelCase, activated, channel_cases, near, sums, through, unchanged, wide
from hypothesis import given
from kernel_cases import INTERPRETED, ORDERS, every_set, examples, fast_sets, kernel_set

from nnfromscratch.kernels.memory import as_images

SPECIAL = (np.nan, np.inf, -np.inf)
every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def run(name, check, *, count=70, **options):
    """Check random cases, fewer and smaller ones where Python loops."""
    tiny = name == "loops" or (INTERPRETED and name == "compiled")
    examples(count // 3 if tiny else count)(given(channel_cases(tiny=tiny, **options))(check))()


@every_set
def test_bias_activation_on_random_shapes(name):
    kernels = kernel_set(name)

    def check(case):
        x, bias = case.numbers(0, integers=True), case.per_channel(1, integers=True)
        expected = activated(x.astype(np.float64) + wide(x, bias), case.slope)
        bias_is_unchanged = unchanged(bias)
        fresh = x.copy(order="K")  # the kernel may write over it
        y = kernels.bias_activation(fresh, bias, case.slope)
        assert y.dtype == case.dtype
        np.testing.assert_array_equal(y, expected)
        bias_is_unchanged()

    run(name, check)


@every_set
def test_bias_activation_grad_on_random_shapes(name):
    kernels = kernel_set(name)

    def check(case):
        dy, y = case.numbers(0, integers=True), case.numbers(1, integers=True)
        expected = through(dy, y, case.slope)
        arguments_are_unchanged = unchanged(dy, y)
        dx, dbias = kernels.bias_activation_grad(dy, y, case.slope)
        arguments_are_unchanged()
        assert dx.dtype == dbias.dtype == case.dtype
        np.testing.assert_array_equal(dx, expected)
        np.testing.assert_array_equal(dbias, sums(expected))  # whole numbers and quarters of them: no rounding
        assert not np.shares_memory(dx, y)
        assert case.slope == 1 or not np.shares_memory(dx, dy)

    run(name, check)


@every_set
def test_batch_statistics_on_random_shapes(name):
    kernels = kernel_set(name)

    def check(case):
        x = case.numbers(0)
        axes = tuple(axis for axis in range(x.ndim) if axis != 1)
        argument_is_unchanged = unchanged(x)
        mean, variance = kernels.batch_statistics(x)
        argument_is_unchanged()
        near(mean, x.mean(axis=axes, dtype=np.float64), case, case.count)
        near(variance, x.astype(np.float64).var(axis=axes), case, case.count)

    run(name, check, least=1)


@every_set
def test_batch_norm_on_random_shapes(name):
    kernels = kernel_set(name)

    def check(case):
        x, (weight, bias, mean) = case.numbers(0), (case.per_channel(place) for place in range(3))
        scale = case.per_channel(3, least=0.5)
        v = wide(x, weight) * (x.astype(np.float64) - wide(x, mean)) * wide(x, scale) + wide(x, bias)
        arguments_are_unchanged = unchanged(x, weight, bias, mean, scale)
        y = kernels.batch_norm(x, weight, bias, mean, scale, case.slope)
        arguments_are_unchanged()
        near(y, activated(v, case.slope), case, 8)
        assert not np.shares_memory(x, y)

    run(name, check)


@every_set
def test_batch_norm_grad_on_random_shapes(name):
    kernels = kernel_set(name)

    def check(case):
        dy, x, y = (case.numbers(place) for place in range(3))
        weight, mean, scale = case.per_channel(0), case.per_channel(1), case.per_channel(3, least=0.5)
        x_hat = (x.astype(np.float64) - wide(x, mean)) * wide(x, scale)
        g = through(dy, y, case.slope)
        dbias, dweight = sums(g), sums(g * x_hat)
        dx = wide(x, weight * scale) * (g - (wide(x, dbias) + x_hat * wide(x, dweight)) / case.count)
        arguments_are_unchanged = unchanged(dy, x, y, weight, mean, scale)
        results = kernels.batch_norm_grad(dy, x, y, weight, mean, scale, case.slope)
        arguments_are_unchanged()
        terms = 16 * case.count
        for actual, expected in zip(results, (dx, dweight, dbias), strict=True):
            near(actual, expected, case, terms)
        assert not any(np.shares_memory(results[0], array) for array in (dy, x, y))

    run(name, check, least=1)


@every_type
@every_set
def test_the_gradient_has_neither_a_mean_nor_a_part_along_the_normalized_numbers(name, dtype):
    # moving or stretching the whole batch changes nothing, so the gradient of x has no part in these directions
    rng = np.random.default_rng(4)
    x, dy = rng.standard_normal((2, 6, 3, 2, 2)).astype(dtype)
    mean, variance = kernel_set(name).batch_statistics(x)
    scale = 1 / np.sqrt(variance)
    weight = np.array([2, -1, 0.5], dtype)
    dx, _, _ = kernel_set(name).batch_norm_grad(dy, x, x, weight, mean, scale, 1.0)
    x_hat = (x - wide(x, mean)) * wide(x, scale)
    limit = 200 * np.finfo(dtype).eps
    np.testing.assert_allclose(sums(dx), 0, atol=limit)
    np.testing.assert_allclose(sums(dx * x_hat), 0, atol=limit)


@every_type
@every_set
def test_the_slope_at_zero_and_beside_it(name, dtype):
    # where the sum is 0 the gradient is that of the negative side, as in relu and leaky_relu
    kernels, tiny = kernel_set(name), np.finfo(dtype).tiny
    x = np.array([[0, -0.0, tiny, -tiny, 2, -2]], dtype).T
    for slope in (0.0, 0.25, 1.5):
        y = kernels.bias_activation(x.copy(), np.zeros(1, dtype), slope)
        np.testing.assert_array_equal(y, np.where(x > 0, x, dtype(slope) * x))
        dx, dbias = kernels.bias_activation_grad(np.ones_like(x), y, slope)
        np.testing.assert_array_equal(dx, np.where(x > 0, 1, slope))
        assert dbias == 2 + 4 * slope


@every_type
@every_set
def test_a_slope_of_1_is_no_activation_whatever_y_is(name, dtype):
    dy = np.array([[1, 2, 3]], dtype).T
    for y in (dy, -dy, np.full_like(dy, np.nan)):
        dx, dbias = kernel_set(name).bias_activation_grad(dy, y, 1.0)
        np.testing.assert_array_equal(dx, dy)
        assert dbias == 6
    x = np.array([[-np.inf, -3, np.nan]], dtype).T
    y = kernel_set(name).bias_activation(x.copy(), np.ones(1, dtype), 1.0)
    np.testing.assert_array_equal(y, x + 1)


@every_set
def test_what_is_no_number_in_the_forward(name):
    kernels = kernel_set(name)

    def check(case):
        x, bias = case.numbers(0, integers=True, special=SPECIAL), case.per_channel(1, integers=True)
        with np.errstate(invalid="ignore"):
            y = kernels.bias_activation(x.copy(order="K"), bias, case.slope)
        np.testing.assert_array_equal(y, activated(x.astype(np.float64) + wide(x, bias), case.slope))
        weight, mean, scale = (case.per_channel(place, integers=True) for place in range(3))
        with np.errstate(invalid="ignore"):  # 0 · ∞
            y = kernels.batch_norm(x, weight, bias, mean, scale, case.slope)
            v = (x.astype(np.float64) - wide(x, mean)) * wide(x, scale) * wide(x, weight) + wide(x, bias)
        np.testing.assert_array_equal(y, activated(v, case.slope))

    run(name, check, count=50)


@every_set
def test_what_is_no_number_in_the_backward(name):
    kernels = kernel_set(name)

    def check(case):
        dy = case.numbers(0, integers=True, special=SPECIAL)
        y = case.numbers(1, integers=True, special=SPECIAL)
        expected = through(dy, y, case.slope)
        with np.errstate(invalid="ignore"):
            dx, dbias = kernels.bias_activation_grad(dy, y, case.slope)
            np.testing.assert_array_equal(dx, expected)
            np.testing.assert_array_equal(dbias, sums(expected))  # ∞ − ∞ is NaN

    run(name, check, count=50)


@pytest.mark.parametrize("value", SPECIAL)
@every_set
def test_a_channel_with_what_is_no_number_leaves_the_others_alone(name, value):
    kernels = kernel_set(name)
    case = ChannelCase((9, 5, 2, 3), np.float64, 0.25, ("batch last", "C"), True, 7)
    x, dy, y = (case.numbers(place).copy() for place in range(3))
    weight, mean, scale = case.per_channel(0), case.per_channel(1), case.per_channel(2, least=0.5)
    plain = kernels.batch_statistics(x), kernels.batch_norm_grad(dy, x, y, weight, mean, scale, 0.25)
    others = [0, 1, 3, 4]
    x[4, 2, 1, 1] = value
    with np.errstate(invalid="ignore"):
        statistics = kernels.batch_statistics(x)
        gradients = kernels.batch_norm_grad(dy, x, y, weight, mean, scale, 0.25)
    for actual, expected in zip(statistics, plain[0], strict=True):
        np.testing.assert_array_equal(actual[others], expected[others])
        assert not np.isfinite(actual[2])
    assert np.isnan(statistics[1][2])  # ∞ − ∞
    np.testing.assert_array_equal(gradients[0][:, others], plain[1][0][:, others])
    np.testing.assert_array_equal(gradients[1][others], plain[1][1][others])
    np.testing.assert_array_equal(gradients[2], plain[1][2])
    assert not np.isfinite(gradients[1][2])
    assert not np.isfinite(gradients[0][:, 2]).any()


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 2, 4)])
@every_type
@every_set
def test_an_empty_batch(name, dtype, shape):
    kernels, empty, ones = kernel_set(name), np.zeros(shape, dtype), np.ones(3, dtype)
    for slope in (0.0, 0.25, 1.0):
        results = [kernels.bias_activation(empty.copy(), ones, slope)]
        results.append(kernels.batch_norm(empty, ones, ones, ones, ones, slope))
        dx, dbias = kernels.bias_activation_grad(empty, empty, slope)
        for result in (*results, dx):
            assert (result.shape, result.dtype) == (shape, dtype)
        np.testing.assert_array_equal(dbias, np.zeros(3, dtype))
        assert dbias.dtype == dtype


@every_set
def test_the_variance_of_numbers_far_from_zero_keeps_its_digits(name):
    distances = np.random.default_rng(0).integers(-64, 65, (10, 2, 2, 3)) / 64
    mean, variance = kernel_set(name).batch_statistics(2.0**27 + distances)  # exact sums
    axes = (0, 2, 3)
    np.testing.assert_allclose(mean - 2.0**27, distances.mean(axis=axes), atol=1e-6)
    np.testing.assert_allclose(variance, distances.var(axis=axes), rtol=1e-9)


@pytest.mark.skipif(INTERPRETED, reason="too many numbers for Python")
@fast_sets
def test_long_sums_in_float32_are_as_good_as_they_can_be(name):
    # a hundred thousand numbers beside 1 would lose a hundred of them if they were added one by one in float32
    kernels = kernel_set(name)
    rng = np.random.default_rng(1)
    dy = as_images(1 + rng.random((70, 2, 10, 150), np.float32))
    expected = dy.astype(np.float64).sum(axis=(0, 2, 3))
    _, dbias = kernels.bias_activation_grad(dy, dy, 0.25)
    np.testing.assert_allclose(dbias, expected, rtol=2e-6)
    mean, variance = kernels.batch_statistics(dy)
    np.testing.assert_allclose(mean, expected / 105_000, rtol=2e-6)
    np.testing.assert_allclose(variance, dy.astype(np.float64).var(axis=(0, 2, 3)), rtol=2e-5)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 4, 1, 3), (5, 1, 2, 1), (1, 5), (6, 1), (1, 1)])
@every_set
def test_axes_of_length_1(name, shape, order):
    # NumPy gives them whatever stride it likes
    kernels = kernel_set(name)
    case = ChannelCase(shape, np.float64, 0.25, (order, order), False, 1)
    dy, x = case.numbers(0, integers=True), case.numbers(1, integers=True)
    bias = case.per_channel(0, integers=True)
    y = kernels.bias_activation(x.copy(order="K"), bias, 0.25)
    np.testing.assert_array_equal(y, activated(x + wide(x, bias), 0.25))
    dx, dbias = kernels.bias_activation_grad(dy, y, 0.25)
    np.testing.assert_array_equal(dx, through(dy, y, 0.25))
    np.testing.assert_array_equal(dbias, sums(through(dy, y, 0.25)))
    mean, variance = kernels.batch_statistics(x)
    near(mean, sums(x) / case.count, case)
    near(variance, sums((x - wide(x, mean)) ** 2) / case.count, case)


@every_set
def test_one_sample_repeated_without_copies(name):
    kernels = kernel_set(name)
    x = np.broadcast_to(np.arange(12.0).reshape(1, 3, 2, 2) - 5, (4, 3, 2, 2))  # a stride of 0 along the batch
    dx, dbias = kernels.bias_activation_grad(x, x, 0.5)
    np.testing.assert_array_equal(dx, np.where(x > 0, x, x / 2))
    np.testing.assert_array_equal(dbias, sums(dx))
    np.testing.assert_allclose(kernels.batch_statistics(x)[0], sums(x) / 16, rtol=1e-14)


@every_type
@fast_sets
def test_results_keep_the_batch_innermost(name, dtype):
    # so that the next kernel needs no conversion
    kernels = kernel_set(name)
    x = as_images(np.ones((5, 3, 6, 4), dtype))
    ones = np.ones(3, dtype)
    results = [
        kernels.bias_activation(x.copy(order="K"), ones, 0.25),
        kernels.bias_activation_grad(x, x, 0.25)[0],
        kernels.bias_activation_grad(x, x, 1.0)[0],
        kernels.batch_norm(x, ones, ones, ones, ones, 0.25),
        kernels.batch_norm_grad(x, x, x, ones, ones, ones, 0.25)[0],
        kernels.batch_norm_grad(x, x, x, ones, ones, ones, 1.0)[0],
    ]
    assert [result.strides for result in results] == [x.strides] * len(results)
    rows = np.ones((3, 4), dtype).T
    assert kernels.bias_activation(rows.copy(order="K"), ones, 0.25).strides == rows.strides
    assert kernels.batch_norm(rows, ones, ones, ones, ones, 1.0).strides == rows.strides


@fast_sets
def test_the_bias_completes_a_sum_where_it_lies(name):
    # the sum that a convolution just made is not needed any more: no second array of its size
    x = as_images(np.ones((5, 3, 6, 4), np.float32))
    y = kernel_set(name).bias_activation(x, np.ones(3, np.float32), 0.0)
    assert np.shares_memory(x, y)
    np.testing.assert_array_equal(y, 2)
