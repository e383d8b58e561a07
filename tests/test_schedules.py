"""Schedules at the steps whose values are known, at their ends, and where the warm-up meets the schedule proper."""

import math
from itertools import pairwise

import pytest

from nnfromscratch.errors import RangeError
from nnfromscratch.schedules import Constant, ConstantThenLinear, Cosine, LinearToZero, StepDecay

ALL = [Constant, lambda warmup=0: StepDecay(50, 0.1, warmup), lambda warmup=0: Cosine(100, warmup)]
ALL += [lambda warmup=0: LinearToZero(100, warmup)]
every_schedule = pytest.mark.parametrize("make", ALL, ids=["constant", "step", "cosine", "linear"])


@every_schedule
def test_starts_at_full_rate_and_stays_between_0_and_1(make):
    values = [make()(t) for t in range(150)]
    assert values[0] == 1
    assert all(0 <= value <= 1 for value in values)
    assert values == sorted(values, reverse=True)


@every_schedule
def test_warm_up_rises_in_equal_steps_to_full_rate(make):
    values = [make(warmup=9)(t) for t in range(10)]
    assert values == pytest.approx([(t + 1) / 10 for t in range(10)], rel=1e-12)
    assert values[-1] == 1


@every_schedule
def test_nothing_jumps_where_the_warm_up_ends(make):
    values = [make(warmup=20)(t) for t in range(40)]
    assert max(abs(b - a) for a, b in pairwise(values)) < 0.05


@every_schedule
@pytest.mark.parametrize("step", [-1, 0.5, None, True])
def test_steps_are_whole_numbers_from_zero(make, step):
    with pytest.raises(RangeError, match="step expects a whole number of at least 0"):
        make()(step)


@pytest.mark.parametrize("warmup", [0, 20])
def test_cosine_is_equation_5_of_sgdr(warmup):
    schedule, length = Cosine(100, warmup), 100 - warmup
    for t in range(length):
        expected = 0 + 0.5 * (1 - 0) * (1 + math.cos(t / length * math.pi))
        assert schedule(warmup + t) == pytest.approx(expected, rel=1e-12)
    assert schedule(warmup + length // 2) == pytest.approx(0.5)
    assert schedule(warmup + length // 4) == pytest.approx((2 + math.sqrt(2)) / 4)
    assert 0 < schedule(99) < 1e-3
    assert (schedule(100), schedule(10_000)) == (0, 0)


@pytest.mark.parametrize("warmup", [0, 20])
def test_linear_falls_in_equal_steps_to_zero(warmup):
    schedule, length = LinearToZero(100, warmup), 100 - warmup
    values = [schedule(warmup + t) for t in range(length + 1)]
    assert values == pytest.approx([1 - t / length for t in range(length + 1)], abs=1e-12)
    assert (schedule(100), schedule(10_000)) == (0, 0)
    assert schedule(99) == pytest.approx(1 / length)


def test_step_decay_counts_from_the_first_step():
    schedule = StepDecay(every=30, factor=0.1, warmup=5)
    assert [schedule(t) for t in (5, 29, 30, 59, 60, 90)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.001])


def test_constant_is_constant():
    assert {Constant()(t) for t in range(1000)} == {1.0}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(-1), "Constant: warmup"),
        (lambda: StepDecay(0), "StepDecay: every"),
        (lambda: StepDecay(10, 0.0), "StepDecay: factor expects a finite number > 0 and <= 1, is 0.0"),
        (lambda: StepDecay(10, 1.5), "StepDecay: factor"),
        (lambda: StepDecay(10, warmup=10), "StepDecay: warmup expects fewer steps than every = 10, is 10"),
        (lambda: Cosine(0), "Cosine: steps expects a whole number of at least 1, is 0"),
        (lambda: Cosine(10.0), "Cosine: steps"),
        (lambda: Cosine(10, 10), "Cosine: warmup expects fewer steps than steps = 10, is 10"),
        (lambda: LinearToZero(0), "LinearToZero: steps"),
        (lambda: LinearToZero(5, -1), "LinearToZero: warmup"),
        (lambda: LinearToZero(5, 6), "LinearToZero: warmup expects fewer"),
    ],
)
def test_settings_outside_their_range(make, message):
    with pytest.raises(RangeError, match=message):
        make()


def test_a_schedule_prints_its_settings():
    assert repr(Cosine(100, warmup=5)) == "Cosine(steps=100, warmup=5)"


def test_constant_then_linear_turns_once_and_stays_at_its_end():
    schedule = ConstantThenLinear(200, constant=0.25, last=0.1)
    assert {schedule(t) for t in range(51)} == {1.0}
    assert schedule(125) == pytest.approx(0.55, rel=1e-12)  # half of the way down
    falls = [a - b for a, b in pairwise(schedule(t) for t in range(50, 201))]
    assert falls == pytest.approx([0.9 / 150] * 150, rel=1e-9)
    assert schedule(200) == schedule(1000) == pytest.approx(0.1, rel=1e-12)
    assert ConstantThenLinear(10)(4) == 1
    assert ConstantThenLinear(10)(10) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"steps": 0}, "steps"),
        ({"steps": 5, "constant": 1}, "constant"),
        ({"steps": 5, "constant": -0.1}, "constant"),
        ({"steps": 5, "last": 1.5}, "last"),
    ],
)
def test_constant_then_linear_refuses_what_makes_no_sense(settings, named):
    with pytest.raises(RangeError, match=f"ConstantThenLinear: {named} expects"):
        ConstantThenLinear(**settings)
    with pytest.raises(RangeError, match="step expects"):
        ConstantThenLinear(5)(-1)
