"""No false alarm: right gradients pass, at every case and at random arguments of all sizes and scales."""

import numpy as np
import pytest

from nnfromscratch import functional
from nnfromscratch.catalogue import CONV2D, LAYERS, OPERATIONS
from nnfromscratch.catalogue.mistake import wrong
from nnfromscratch.catalogue.proof import is_alarm, not_passed, random_report

ENTRIES = [pytest.param(entry, id=entry.name) for entry in (*OPERATIONS, *LAYERS)]


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_case_passes(entry):
    for case in entry.cases:
        report = entry.check(entry.arguments(case.name), np.random.default_rng(1))
        assert report.passed, f"{case.name}\n{report}"
        checked = entry.wrt or tuple(argument.name for argument in report.arguments)
        assert tuple(argument.name for argument in report.arguments) == checked
        assert all(argument.checks > 0 for argument in report.arguments)


def test_no_false_alarm_in_200_random_cases():
    assert [(name, seed, str(report)) for name, seed, report in not_passed(200, seed=10_000)] == []


def test_a_bias_that_is_lost_in_the_digits_of_y_is_no_alarm():
    # The bias is a millionth, the outputs a million millions: its slope cannot be told from zero.
    assert random_report(next(entry for entry in OPERATIONS if entry.name == "conv_transpose2d"), 257).passed


@pytest.mark.slow
def test_no_false_alarm_in_2000_random_cases():
    found = not_passed(2000)
    assert [(name, seed, str(report)) for name, seed, report in found if is_alarm(report)] == []
    # In layer_norm a bias of 600,000 can stand beside slopes of 1e-5: too little is left of 16 digits to tell anything.
    assert len(found) <= 2


@pytest.mark.parametrize("entry", ENTRIES)
def test_random_arguments_differ_and_repeat(entry):
    draws = [entry.random(np.random.default_rng(seed)).arrays[0] for seed in (0, 0, 1, 2, 3)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert len({draw.shape for draw in draws}) > 1


def test_random_arguments_are_of_all_scales():
    rng = np.random.default_rng(0)
    sizes = [np.median(np.abs(CONV2D.random(rng).arrays[0])) for _ in range(200)]
    assert min(size for size in sizes if size > 0) < 1e-5
    assert max(sizes) > 1e5


@pytest.mark.parametrize(
    ("operation", "way_back"),
    [
        ("relu", lambda at: at.dy * (at.x >= 0)),
        ("relu", lambda at: at.dy * np.where(at.x == 0, 0.5, at.x > 0)),
        ("leaky_relu", lambda at: np.where(at.x >= 0, at.dy, at.negative_slope * at.dy)),
    ],
)
def test_another_slope_at_the_kink_is_right_too(operation, way_back):
    entry = next(entry for entry in OPERATIONS if entry.name == operation)
    function = wrong(getattr(functional, operation), x=way_back)
    for case in ("with zeros", "close to zero", "typical"):
        assert entry.check(entry.arguments(case), np.random.default_rng(0), function).passed


def test_a_slope_outside_the_kink_is_not():
    entry = next(entry for entry in OPERATIONS if entry.name == "relu")
    function = wrong(functional.relu, x=lambda at: at.dy * np.where(at.x == 0, 1.5, at.x > 0))
    assert not entry.check(entry.arguments("with zeros"), np.random.default_rng(0), function).passed


def test_a_report_repeats():
    assert random_report(CONV2D, 5) == random_report(CONV2D, 5)
