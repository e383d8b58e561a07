"""The checker proven: every planted fault is caught, and called by its name."""

import numpy as np
import pytest
from gradcheck_examples import cases, dense, large_cases, relu, softmax

from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.gradcheck.faults import gradient_faults, gradients_of, spoil
from nnfromscratch.gradcheck.misconduct import conduct_faults


def planted(function, arguments):
    y, _ = function(*arguments)
    dy = np.random.default_rng(5).normal(size=np.shape(y)) if np.ndim(y) else 1.7
    gradients = gradients_of(function, arguments, dy)
    everything = [f for i in range(len(gradients)) for f in gradient_faults(i)] + list(conduct_faults())
    return [fault for fault in everything if fault.applies_to(arguments, dy, gradients)]


def run(function, arguments, fault):
    return gradcheck(spoil(function, fault), *arguments, rng=np.random.default_rng(3), raise_error=False)


@pytest.mark.parametrize(("function", "arguments"), cases(np.random.default_rng(0)))
def test_every_fault_in_a_small_case_is_caught_and_named(function, arguments):
    faults = planted(function, arguments)
    assert len(faults) >= 20
    for fault in faults:
        report = run(function, arguments, fault)
        assert not report.passed, f"{function.__name__}: {fault.name} slipped through"
        assert report.diagnosis.kind in fault.kinds, f"{function.__name__}: {fault.name}: {report.diagnosis}"


@pytest.mark.parametrize(("function", "arguments"), large_cases(np.random.default_rng(1)))
def test_every_fault_in_a_large_case_is_caught_and_named(function, arguments):
    for fault in planted(function, arguments):
        if fault.name.startswith(("one", "last", "first", "sign", "transposed", "flipped", "times", "constant")):
            report = run(function, arguments, fault)
            assert not report.passed, f"{function.__name__}: {fault.name} slipped through"
            assert report.diagnosis.kind in fault.kinds, f"{function.__name__}: {fault.name}: {report.diagnosis}"


def one_wrong(function, index, change):
    def wrong(x):
        y, backward = function(x)

        def way_back(dy):
            dx = backward(dy).copy()
            dx[index] = change(dx[index])
            return dx

        return y, way_back

    return wrong


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("function", "change"),
    [
        (softmax, lambda g: 1.01 * g),
        (softmax, lambda g: -g),
        (softmax, lambda g: 0.0),
        (relu, lambda g: g + 1.0),
        (np.sin, lambda g: 1.001 * g),
    ],
)
def test_one_wrong_element_of_20000_is_found_and_named(function, change, seed):
    if function is np.sin:
        function = lambda x: (np.sin(x), lambda dy: dy * np.cos(x))  # noqa: E731
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, 100))
    index = (int(rng.integers(200)), int(rng.integers(100)))
    report = gradcheck(one_wrong(function, index, change), x, rng=rng, raise_error=False)
    assert not report.passed
    assert report.diagnosis.kind == "one-element"
    assert report.worst.index == index


def test_a_wrong_element_is_found_however_small_its_gradient_is_beside_the_others():
    rng = np.random.default_rng(0)
    strength = 10.0 ** rng.uniform(-6, 6, 5000)

    def scaled(x):
        return strength * np.sin(x), lambda dy: dy * strength * np.cos(x)

    index = (int(np.argmin(strength)),)
    x = rng.normal(size=5000)
    assert gradcheck(scaled, x, rng=rng).passed
    report = gradcheck(one_wrong(scaled, index, lambda g: 1.5 * g), x, rng=rng, raise_error=False)
    assert not report.passed
    assert report.worst.index == index


@pytest.mark.parametrize("size", [(3, 4), (150, 100)])
def test_an_error_of_one_part_in_ten_thousand_is_caught_at_every_scale(size):
    for scale in (1e-6, 1e-3, 1.0, 1e3, 1e6):
        rng = np.random.default_rng(0)
        x, w, b = scale * rng.normal(size=size), rng.normal(size=(size[1], 3)), rng.normal(size=3)

        def wrong(x, w, b):
            y, backward = dense(x, w, b)
            return y, lambda dy: tuple(g * 1.0001 for g in backward(dy))

        for which in ("x", "w", "b"):
            report = gradcheck(wrong, x, w, b, rng=rng, wrt=which, raise_error=False)
            assert not report.passed, (scale, which)
            assert report.diagnosis.factor == pytest.approx(1.0001, abs=1e-6), (scale, which)


def test_a_cotangent_of_ones_would_not_do():
    # Σ softmax is 1: with dy of ones the right gradient is zero, and so is this wrong one.
    def zero(x):
        return softmax(x)[0], lambda dy: np.zeros_like(x)

    report = gradcheck(
        zero, np.random.default_rng(0).normal(size=(4, 5)), rng=np.random.default_rng(1), raise_error=False
    )
    assert report.diagnosis.kind == "zero"


def test_a_backward_that_is_not_linear_in_dy_is_caught():
    def clips(x):
        return 2 * x, lambda dy: 2 * np.clip(dy, -3, 3)

    assert not gradcheck(clips, np.ones(4), rng=np.random.default_rng(0), raise_error=False).passed
