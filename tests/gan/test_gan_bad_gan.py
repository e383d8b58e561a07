"""Conditional entropy and the pull-away term by hand, literally, against differences, and with mistakes planted."""

import math

import numpy as np
import pytest

from nnfromscratch.catalogue.mistake import wrong
from nnfromscratch.errors import DtypeError, ShapeError
from nnfromscratch.functional import softmax
from nnfromscratch.gan import conditional_entropy, pull_away
from nnfromscratch.gradcheck import gradcheck


def numbers(*shape, seed=0, dtype=np.float64):
    return (2 * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


def fails(function, *arrays):
    """gradcheck's verdict on a function with a mistake."""
    return gradcheck(function, *arrays, rng=np.random.default_rng(0), raise_error=False)


# --- conditional entropy


def test_conditional_entropy_literally():
    z = numbers(6, 4)
    p = softmax(z)[0]
    loss, backward = conditional_entropy(z)
    each = [-sum(p[n, k] * math.log(p[n, k]) for k in range(4)) for n in range(6)]
    assert loss == pytest.approx(sum(each) / 6, rel=1e-12)
    gradient = backward(-3.0)
    np.testing.assert_allclose(backward(), gradient / -3, rtol=1e-12)
    for n in range(6):
        for k in range(4):
            assert gradient[n, k] == pytest.approx(3 * p[n, k] * (math.log(p[n, k]) + each[n]) / 6, rel=1e-9)


@pytest.mark.parametrize("shape", [(6, 4), (1, 2), (5, 1), (3, 10)])
def test_conditional_entropy_against_differences(shape):
    assert gradcheck(conditional_entropy, numbers(*shape), rng=np.random.default_rng(0)).passed


def test_the_sure_and_the_wholly_undecided_stay_and_a_step_down_makes_surer():
    loss, backward = conditional_entropy(np.array([[0.0, 0.0], [1e4, -1e4]]))
    assert loss == pytest.approx(math.log(2) / 2)
    np.testing.assert_array_equal(backward(), np.zeros((2, 2)))
    z = numbers(5, 3)
    assert conditional_entropy(z - 0.1 * conditional_entropy(z)[1]())[0] < conditional_entropy(z)[0]


ENTROPY_MISTAKES = {
    "wrong way round": lambda at: -at.right,
    "sum in the place of the mean": lambda at: 5 * at.right,
    "entropy of the image forgotten": lambda at: -at.dy * _p(at) * np.log(_p(at)) / 5,
    "mean entropy for that of the image": lambda at: -at.dy * _p(at) * (np.log(_p(at)) + at.y) / 5,
    "plus 1, as if nothing were normalized": lambda at: -at.dy * _p(at) * (np.log(_p(at)) + 1) / 5,
    "softmax forgotten": lambda at: -at.dy * (np.log(_p(at)) + 1) / 5,
    "no gradient": lambda at: 0 * at.right,
}


def _p(at):
    return softmax(at.logits)[0]


@pytest.mark.parametrize("name", ENTROPY_MISTAKES)
def test_mistakes_in_conditional_entropy_are_caught(name):
    assert not fails(wrong(conditional_entropy, logits=ENTROPY_MISTAKES[name]), numbers(5, 3)).passed


# --- pull-away


def test_pull_away_literally():
    g = numbers(5, 3)
    expected = 0.0
    for n in range(5):
        for m in range(5):
            if m != n:
                product = sum(g[n, d] * g[m, d] for d in range(3))
                expected += (product / (math.hypot(*g[n]) * math.hypot(*g[m]))) ** 2 / (5 * 4)
    loss, backward = pull_away(g)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(backward(-2.0), -2 * backward(), rtol=1e-12)


@pytest.mark.parametrize("shape", [(4, 3), (2, 2), (5, 1), (3, 2, 2, 2)])
def test_pull_away_against_differences(shape):
    assert gradcheck(pull_away, numbers(*shape), rng=np.random.default_rng(0)).passed


def test_only_the_directions_of_features_count():
    g = numbers(4, 3)
    longer = g * np.array([[1.0], [2.0], [-3.0], [0.5]])
    assert pull_away(longer)[0] == pytest.approx(pull_away(g)[0], rel=1e-12)
    np.testing.assert_allclose((pull_away(g)[1]() * g).sum(axis=1), 0, atol=1e-15)  # no gradient along the features


def test_equal_images_cost_1_and_those_at_right_angles_nothing():
    assert pull_away(np.ones((3, 2)))[0] == pytest.approx(1)
    loss, backward = pull_away(np.eye(3))
    assert loss == 0
    np.testing.assert_array_equal(backward(), np.zeros((3, 3)))
    g = numbers(4, 3)
    assert pull_away(g - 0.1 * pull_away(g)[1]())[0] < pull_away(g)[0]


def test_features_that_are_all_0_have_no_direction():
    g = numbers(4, 3)
    g[1] = 0
    loss, backward = pull_away(g)
    gradient = backward()
    np.testing.assert_array_equal(gradient[1], 0)
    others, of_others = pull_away(g[[0, 2, 3]])
    assert loss == pytest.approx(others * (3 * 2) / (4 * 3), rel=1e-12)
    np.testing.assert_allclose(gradient[[0, 2, 3]], of_others() / 2, rtol=1e-12)


PULL_AWAY_MISTAKES = {
    "wrong way round": lambda at: -at.right,
    "each pair counted once": lambda at: at.right / 2,
    "divided by N²": lambda at: at.right * 3 / 4,
    "length not differentiated": lambda at: _along(at) / _length(at),
    "length forgotten": lambda at: at.right * _length(at),
    "no gradient": lambda at: 0 * at.right,
    "the other images held still": lambda at: at.right * (np.arange(4) == 0)[:, None],
}


def _length(at):
    return np.linalg.norm(at.features, axis=1, keepdims=True)


def _along(at):
    """∂ℓ/∂u."""
    u = at.features / _length(at)
    return 4 * at.dy * ((u @ u.T) * (1 - np.eye(4))) @ u / 12


@pytest.mark.parametrize("name", PULL_AWAY_MISTAKES)
def test_mistakes_in_pull_away_are_caught(name):
    assert not fails(wrong(pull_away, features=PULL_AWAY_MISTAKES[name]), numbers(4, 3)).passed


# --- what holds for both

both = pytest.mark.parametrize("loss", [conditional_entropy, pull_away])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@both
def test_the_float_type_is_kept_and_nothing_overflows(loss, dtype):
    extremes = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [0, 0, 0]], dtype)
    with np.errstate(all="raise", under="ignore"):
        value, backward = loss(extremes)
        gradient = backward(0.5)
    assert isinstance(value, float)
    assert gradient.dtype == dtype
    assert np.isfinite(gradient).all()


@both
def test_any_strides_and_read_only_arrays_and_nothing_is_written(loss):
    array = numbers(6, 4)
    value, backward = loss(array)
    expected = backward().copy()
    backward()[...] = 7  # the caller's own
    for other in (np.asfortranarray(array), np.repeat(array, 2, axis=1)[:, ::2]):
        other.flags.writeable = False
        again, other_backward = loss(other)
        assert again == pytest.approx(value, rel=1e-13)
        np.testing.assert_allclose(other_backward(), expected, rtol=1e-12, atol=1e-16)
    np.testing.assert_array_equal(backward(), expected)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: conditional_entropy(np.ones(3)), ShapeError, r"conditional_entropy: logits expects shape \(N, K\)"),
        (lambda: conditional_entropy(np.ones((0, 3))), ShapeError, "logits expects at least 1 image, the batch is"),
        (lambda: conditional_entropy(np.ones((3, 0))), ShapeError, "logits expects at least 1 along axis 1"),
        (lambda: conditional_entropy(np.ones((3, 2), int)), DtypeError, "logits expects float32 or float64, has int64"),
        (lambda: pull_away(np.ones((1, 3))), ShapeError, r"^pull_away: features expects .* at least 2, .* \(1, 3\)"),
        (lambda: pull_away(np.ones(3)), ShapeError, r"features expects shape \(N, ...\) .* has \(3,\)"),
        (lambda: pull_away(np.ones((3, 0))), ShapeError, r"a number or more for each image, has \(3, 0\)"),
        (lambda: pull_away([[1.0]]), DtypeError, "features expects a NumPy array, is list"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
