"""No false alarm: right gradients pass at every size and scale, on kinks and on ties."""

import gradcheck_examples as examples
import numpy as np
import pytest

from nnfromscratch.gradcheck import gradcheck

SCALES = (1e-6, 1e-3, 1.0, 1e3, 1e6)
ELEMENTWISE = (
    examples.relu,
    examples.leaky_relu,
    examples.absolute,
    examples.sigmoid,
    examples.tanh,
    examples.softplus,
    examples.softmax,
    examples.log_softmax,
)


def test_the_examples_pass():
    for function, arguments in examples.cases(np.random.default_rng(0)) + examples.large_cases(
        np.random.default_rng(1)
    ):
        assert gradcheck(function, *arguments, rng=np.random.default_rng(2)).passed


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("function", ELEMENTWISE)
def test_no_false_alarm_at_any_scale(function, scale):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        shape = tuple(rng.integers(1, 6, rng.integers(1, 4)))
        x = scale * rng.normal(size=shape) + scale * rng.integers(-1, 2)
        assert gradcheck(function, x, rng=rng).passed


@pytest.mark.parametrize("function", ELEMENTWISE)
def test_no_false_alarm_with_mixed_scales_in_one_array(function):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(4, 5)) * 10.0 ** rng.uniform(-6, 6, (4, 5))
        assert gradcheck(function, x, rng=rng).passed


@pytest.mark.parametrize("scale", SCALES)
def test_dense_convolution_and_batch_norm_at_any_scale(scale):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        n = rng.normal
        mixed = [scale * n(size=(4, 5)), n(size=(5, 3)), n(size=3) * 10.0 ** rng.uniform(-6, 6, 3)]
        assert gradcheck(examples.dense, *mixed, rng=rng).passed
        convolution = [scale * n(size=(2, 2, 4, 4)), n(size=(2, 2, 2, 2)), n(size=2)]
        assert gradcheck(examples.conv, *convolution, rng=rng).passed
        normal = [scale * n(size=(6, 3)) + scale * rng.integers(0, 3), n(size=3), n(size=3)]
        assert gradcheck(examples.batch_norm, *normal, rng=rng).passed


def test_a_large_mean_beside_a_small_spread():
    rng = np.random.default_rng(0)
    assert gradcheck(examples.batch_norm, 1e6 + rng.normal(size=(8, 4)), np.ones(4), np.zeros(4), rng=rng).passed


def test_random_smooth_functions():
    # y = A sin(B x + c) + d, in which each output depends on every element; scales of everything at random.
    for seed in range(60):
        rng = np.random.default_rng(seed)
        size, outputs = rng.integers(1, 8, 2)
        inner = 10.0 ** rng.uniform(-3, 3)
        a = rng.normal(size=(outputs, size)) * 10.0 ** rng.uniform(-6, 6)
        b = rng.normal(size=(size, size)) / inner
        c, d = rng.normal(size=size), rng.normal(size=outputs)

        def smooth(x, a=a, b=b, c=c, d=d):
            return a @ np.sin(b @ x + c) + d, lambda dy: b.T @ ((a.T @ dy) * np.cos(b @ x + c))

        assert gradcheck(smooth, inner * rng.normal(size=size), rng=rng).passed, seed


def test_an_argument_of_zeros():
    rng = np.random.default_rng(0)
    assert gradcheck(examples.dense, np.zeros((3, 4)), np.zeros((4, 2)), np.zeros(2), rng=rng).passed
    for function in ELEMENTWISE:
        assert gradcheck(function, np.zeros((3, 4)), rng=rng).passed


def test_a_bias_without_any_influence_passes():
    # Batch normalisation takes away any constant: the right gradient is zero, and both sides are rounding noise.
    def shifted(x, bias):
        y, backward = examples.batch_norm(x + bias, np.ones(3), np.zeros(3))
        return y, lambda dy: (backward(dy)[0], backward(dy)[0].sum(axis=0))

    rng = np.random.default_rng(0)
    assert gradcheck(shifted, rng.normal(size=(5, 3)), rng.normal(size=3), rng=rng).passed


def test_arguments_of_size_zero_pass():
    rng = np.random.default_rng(0)
    report = gradcheck(examples.dense, np.zeros((0, 4)), rng.normal(size=(4, 2)), rng.normal(size=2), rng=rng)
    assert report["x"].elements == 0


def test_whole_numbers_are_left_alone_and_floats_of_any_kind_become_float64():
    seen = []

    def spy(logits, labels):
        seen.append((logits.dtype, labels.dtype))
        return examples.cross_entropy(logits, labels)

    rng = np.random.default_rng(0)
    for dtype in (np.float16, np.float32, np.float64):
        gradcheck(spy, rng.normal(size=(4, 3)).astype(dtype), np.array([0, 2, 1, 1], np.int8), rng=rng)
    assert set(seen) == {(np.dtype(np.float64), np.dtype(np.int8))}


def test_the_callers_arrays_are_never_touched_and_keep_their_memory_order():
    orders = []

    def look(x):
        orders.append(x.strides)
        return examples.tanh(x)

    x = np.asfortranarray(np.random.default_rng(0).normal(size=(30, 20)))
    before = x.copy()
    x.flags.writeable = False
    gradcheck(look, x, rng=np.random.default_rng(0))
    assert np.array_equal(x, before)
    assert orders[0] == x.strides


def test_kinks_are_counted_and_either_slope_or_one_between_is_right():
    x = np.array([0.0, 1.0, -2.0, 0.0])
    for at_zero in (0.0, 0.3, 1.0):

        def relu(x, at_zero=at_zero):
            return np.maximum(x, 0), lambda dy: dy * np.where(x == 0, at_zero, x > 0)

        report = gradcheck(relu, x, rng=np.random.default_rng(0))
        assert report["x"].kinks == 2


@pytest.mark.parametrize("at_zero", [-0.1, 1.1, 2.0, 5.0])
def test_a_slope_outside_both_sides_of_a_kink_is_wrong(at_zero):
    def relu(x):
        return np.maximum(x, 0), lambda dy: dy * np.where(x == 0, at_zero, x > 0)

    report = gradcheck(relu, np.array([0.0, 1.0, -2.0, 0.5]), rng=np.random.default_rng(0), raise_error=False)
    assert not report.passed
    assert report.worst.index == (0,)


@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5, 3e-6, 1e-7])
@pytest.mark.parametrize("function", [examples.relu, examples.absolute, examples.leaky_relu])
def test_a_kink_near_x_is_not_at_x(function, distance):
    for sign in (1, -1):
        x = np.array([1.0, -1.0, 2.0, sign * distance])
        report = gradcheck(function, x, rng=np.random.default_rng(0))
        assert report["x"].kinks == 0

        def wrong(x):
            y, backward = function(x)
            return y, lambda dy: backward(dy) * np.where(np.abs(x) == distance, 0.5, 1) + dy * (x == -distance) * 0.3

        assert not gradcheck(wrong, x, rng=np.random.default_rng(0), raise_error=False).passed


def test_many_kinks_in_a_large_array():
    x = np.maximum(np.random.default_rng(0).normal(size=(60, 50)), 0)
    report = gradcheck(examples.relu, x, rng=np.random.default_rng(1))
    assert report["x"].kinks > 10

    def wrong(x):
        return np.maximum(x, 0), lambda dy: dy * (x > 0) * 1.001

    assert not gradcheck(wrong, x, rng=np.random.default_rng(1), raise_error=False).passed


def test_ties_in_max_pooling():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 3, (2, 2, 4, 4)).astype(float)
        report = gradcheck(examples.max_pool, x, rng=rng)
        assert report["x"].kinks > 0


@pytest.mark.parametrize("share", [lambda ties: np.ones_like(ties), lambda ties: 0.0 * ties])
def test_ties_must_get_the_gradient_once(share):
    def maximum(x):
        ties = x == x.max(axis=1, keepdims=True)
        return x.max(axis=1), lambda dy: ties * dy[:, None] * share(ties.astype(float))

    x = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, -1.0]])
    report = gradcheck(maximum, x, rng=np.random.default_rng(0), raise_error=False)
    assert report.diagnosis.kind == "tie"


def test_a_network_at_zero_where_many_kinks_meet_in_each_output():
    # relu'(0) = 0 for all hidden units: no one-sided slope, and yet what every such network computes.
    rng = np.random.default_rng(0)
    w, v = rng.normal(size=(6, 8)), rng.normal(size=(8, 2))

    def network(x):
        h, relu_back = examples.relu(x @ w)
        return h @ v, lambda dy: relu_back(dy @ v.T) @ w.T

    assert gradcheck(network, np.zeros((3, 6)), rng=rng).passed


def test_a_jump_is_not_a_kink():
    def step(x):
        return np.where(x >= 1, x + 1, x), lambda dy: dy.copy()

    report = gradcheck(step, np.array([1.0, 2.0, 0.5]), rng=np.random.default_rng(0), raise_error=False)
    assert report.diagnosis.kind == "discontinuous"
    assert gradcheck(step, np.array([1.001, 2.0, 0.5]), rng=np.random.default_rng(0)).passed


def test_saturated_functions():
    x = np.array([-1e6, -800.0, -40.0, -20.0, 0.0, 20.0, 30.0, 36.0, 37.0, 40.0, 800.0, 1e6])
    for function in (examples.sigmoid, examples.tanh, examples.softplus):
        assert gradcheck(function, x, rng=np.random.default_rng(0)).passed


def test_domains_with_an_edge():
    def log(x):
        if np.any(x <= 0):
            raise ValueError("outside the domain")
        return np.log(x), lambda dy: dy / x

    rng = np.random.default_rng(0)
    assert gradcheck(log, 10.0 ** rng.uniform(-6, 6, (4, 5)), rng=rng).passed
    assert gradcheck(log, 10.0 ** rng.uniform(-2, 2, (40, 50)), rng=rng).passed


def test_noise_that_drowns_everything_is_no_pass():
    # 1e-7 of x beside 1e9: not one digit of the slope is left, right or wrong.
    def drowned(x):
        return 1e-7 * np.sin(x * 100) + 1e9, lambda dy: 1e-5 * dy * np.cos(x * 100)

    report = gradcheck(drowned, np.array([1.0, 2.0]), rng=np.random.default_rng(0), raise_error=False)
    assert report["x"].inconclusive == 2
    assert report.diagnosis.kind == "inconclusive"
    assert "could not be checked" in str(report)


def test_hard_cases_that_once_gave_false_alarms():
    rng = np.random.default_rng(0)
    n = rng.normal

    def rough_sigmoid(x):  # its 1 + tanh loses digits: noise far above the last digit of y
        y = 0.5 * (1 + np.tanh(x / 2))
        return y, lambda dy: dy * y * (1 - y)

    for low in np.linspace(-30, -15, 31):
        assert gradcheck(rough_sigmoid, np.array([low, 1.0, -2.0]), rng=rng).passed
    # What the last argument adds is lost beside results of 1e17, or the first one beside a bias.
    assert gradcheck(examples.dense, 1e6 * n(size=(5, 5)), 1e11 * n(size=(5, 4)), 1e-3 * n(size=4), rng=rng).passed
    assert gradcheck(examples.dense, 1e-8 * n(size=(1, 1)), 1e-6 * n(size=(1, 2)), 1e3 * n(size=2), rng=rng).passed
    # A small slope beside a large constant shows only over steps much larger than the argument.
    assert gradcheck(examples.batch_norm, 1e6 * n(size=(2, 5)), 1e-7 * n(size=5), 1e6 + n(size=5), rng=rng).passed
    assert gradcheck(examples.dense, 1e6 * n(size=(4, 3)), 1e6 * n(size=(3, 3)), n(size=3), rng=rng).passed


def test_a_dead_unit_beside_large_constants_hides_nothing():
    # The output never moves: yet a claimed slope of 1e-6 is far above what rounding of y could hide.
    def dead(x, wrong=0.0):
        return np.maximum(x, 0) + 5.0, lambda dy: dy * ((x > 0) + wrong * (x < 0))

    x = np.array([-1.0, -0.5, 2.0])
    assert gradcheck(dead, x, rng=np.random.default_rng(0)).passed
    assert not gradcheck(lambda x: dead(x, 1e-6), x, rng=np.random.default_rng(0), raise_error=False).passed


def test_two_digits_are_enough_beside_arguments_that_are_certain():
    # Two samples: the normalised ones are ±1 whatever x is, but for eps; little is left of the slope.
    x, one = np.array([[-1e3], [1e3]]), np.array([1.0])
    report = gradcheck(examples.batch_norm, x, one, 0 * one, rng=np.random.default_rng(0))
    assert report["weight"].inconclusive == 0

    def wrong(x, weight, bias):
        y, backward = examples.batch_norm(x, weight, bias)
        return y, lambda dy: (backward(dy)[0] + 1e-6 * dy, *backward(dy)[1:])

    assert not gradcheck(wrong, x, one, 0 * one, rng=np.random.default_rng(0), raise_error=False).passed


@pytest.mark.slow
@pytest.mark.parametrize("function", [*ELEMENTWISE, examples.max_pool])
def test_no_false_alarm_in_many_random_cases(function):
    for seed in range(80):
        rng = np.random.default_rng(seed)
        shape = (int(rng.integers(1, 4)), 2, 4, 2 * int(rng.integers(1, 4)))
        x = 10.0 ** rng.integers(-6, 7) * rng.normal(size=shape)
        if seed % 3 == 0:
            x = np.round(3 * x / np.abs(x).max()) * np.abs(x).max()
        if seed % 3 == 1:
            x = x * 10.0 ** rng.uniform(-6, 6, shape)
        assert gradcheck(function, x, rng=rng).passed, seed
