"""The numerical heart: plateaus, kinks and jumps along one line; and what the report makes of them."""

import numpy as np
import pytest
from gradcheck_examples import dense, softmax

from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.gradcheck.differences import Ladder

ONE = np.ones((1, 1))


def ladder(function, at=0.0):
    made = Ladder(lambda t: np.array([function(at + t)]), np.array([function(at)]), ONE)
    slopes = made.descend(lambda slopes: False)
    return made, slopes[0]


@pytest.mark.parametrize(
    ("function", "at", "slope"),
    [
        (np.exp, 1.0, np.e),
        (np.sin, 3.0, np.cos(3.0)),
        (lambda x: np.sin(1000 * x), 0.3, 1000 * np.cos(300.0)),
        (lambda x: x**5, 0.0, 0.0),
        (lambda x: 7 * x + 1e6, 0.0, 7.0),
        (lambda x: np.maximum(x - 1e-4, 0), 0.0, 0.0),
        (lambda x: np.abs(x + 1e-6), 0.0, 1.0),
    ],
)
def test_the_plateau_holds_the_slope_within_its_uncertainty(function, at, slope):
    _, found = ladder(function, at)
    assert abs(found.value - slope) <= found.error
    assert found.error <= 1e-5 * max(abs(slope), 1e-3)


def test_the_uncertainty_grows_with_the_noise():
    rng = np.random.default_rng(0)
    for size in (1e-12, 1e-9, 1e-6):
        misses = 0
        for _ in range(40):
            _, found = ladder(lambda x, size=size: np.sin(x) + size * rng.uniform(-1, 1))
            misses += abs(found.value - 1) > found.error
            assert found.error < 1e4 * size + 1e-7
        assert misses <= 1


def test_an_output_that_stops_moving_keeps_its_noise():
    # Below 2^-20 nothing moves any more: that is no slope of zero, but a step too small to see one.
    made, found = ladder(lambda x: 5 + np.round(x * 2**20) / 2**20)
    assert found.value == pytest.approx(1, rel=1e-4)
    rounding = np.array(made.rounding)[:, 0]
    assert made.rungs[-1].right == 0
    assert np.all(np.diff(rounding) > 0)


@pytest.mark.parametrize("curvature", [0.0, 1.0, 30.0])
def test_a_kink_has_two_slopes(curvature):
    made, _ = ladder(lambda x: np.where(x > 0, 3 * x, -2 * x) + curvature * x * x + np.sin(x))
    kink = made.kink(0)
    assert kink.right == pytest.approx(4, abs=1e-3)
    assert kink.left == pytest.approx(-1, abs=1e-3)


@pytest.mark.parametrize(
    "function",
    [
        np.sin,
        np.exp,
        lambda x: 1e6 + x * x,
        lambda x: np.cos(300 * x),
        lambda x: np.maximum(x - 1e-3, 0),
        lambda x: np.maximum(x + 1e-5, 0),
        lambda x: 0.0 * x,
        lambda x: np.maximum(x - 2e-2, 0) + 1e3,
    ],
)
def test_a_smooth_function_has_no_kink_and_no_jump(function):
    made, _ = ladder(function)
    assert made.kink(0) is None
    assert not made.jumps()


@pytest.mark.parametrize("function", [np.sign, lambda x: x + (x > 0), lambda x: np.floor(x) * 1e-3 + 5])
def test_a_jump_is_recognised(function):
    made, _ = ladder(function)
    assert made.kink(0) is None
    assert made.jumps()


def test_the_report():
    rng = np.random.default_rng(0)
    report = gradcheck(dense, rng.normal(size=(40, 30)), rng.normal(size=(30, 2)), rng.normal(size=2), rng=rng)
    assert report.passed
    assert report.diagnosis is None
    assert report["x"].directions >= 64
    assert report["weight"].elements == 60
    assert report["weight"].checks == 60
    assert report["bias"].worst_relative_error < 1e-6
    assert report.evaluations > 100
    assert "the gradient is right" in str(report)
    with pytest.raises(KeyError):
        report["y"]


def test_the_report_of_a_wrong_gradient():
    def wrong(x):
        return softmax(x)[0], lambda dy: 3 * softmax(x)[1](dy)

    report = gradcheck(
        wrong, np.random.default_rng(0).normal(size=(3, 4)), rng=np.random.default_rng(0), raise_error=False
    )
    worst = report.worst
    assert worst.argument == "x"
    assert worst.analytic == pytest.approx(3 * worst.numeric, rel=1e-5)
    assert worst.relative_error == pytest.approx(2 / 3, rel=1e-4)
    assert report["x"].worst_absolute_error == pytest.approx(abs(worst.analytic - worst.numeric))
    text = str(report)
    assert "WRONG" in text
    assert "3 times" in text
    assert str(list(worst.index)) in text


def test_the_same_generator_gives_the_same_report():
    x = np.random.default_rng(0).normal(size=(3, 4))
    first, second = (gradcheck(softmax, x, rng=np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_the_limit_decides_between_elements_and_directions():
    x = np.random.default_rng(0).normal(size=(10, 10))
    every = gradcheck(softmax, x, rng=np.random.default_rng(0), limit=100)["x"]
    some = gradcheck(softmax, x, rng=np.random.default_rng(0), limit=99)["x"]
    assert (every.elements, every.directions) == (100, 0)
    assert some.elements < 100 < some.elements + 100 * some.directions
