"""Paired differences and the exact test of their signs, beside SciPy's and patterns counted one by one."""

import itertools

import numpy as np
import pytest
from scipy import stats

from nnfromscratch.errors import NonFiniteError, RangeError, ShapeError
from nnfromscratch.semi import paired_difference


def pairs(n, seed, gain=0.005):
    rng = np.random.default_rng(seed)
    second = rng.integers(9000, 9700, n) / 10_000  # accuracies on 10,000 images, so that ties occur
    return second + gain + rng.integers(-80, 80, n) / 10_000, second


@pytest.mark.parametrize("n", [2, 3, 5, 10])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_scipy_s_test(n, seed):
    first, second = pairs(n, seed)
    expected = stats.permutation_test(
        ((first - second).round(6),), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    found = paired_difference(first, second)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-12)
    assert found.mean == pytest.approx((first - second).mean(), rel=1e-12)
    assert found.std == pytest.approx(stats.tstd(first - second), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_it_counts_every_pattern(seed):
    first, second = pairs(6, seed)
    d = [round(10_000 * (a - b)) for a, b in zip(first, second, strict=True)]
    as_far = [
        abs(sum(s * x for s, x in zip(signs, d, strict=True))) >= abs(sum(d))
        for signs in itertools.product((-1, 1), repeat=6)
    ]
    assert paired_difference(first, second).p_value == sum(as_far) / 64


def test_no_difference_is_no_evidence():
    found = paired_difference([0.9, 0.8], [0.9, 0.8])
    assert (found.differences, found.mean, found.std, found.p_value) == ((0.0, 0.0), 0.0, 0.0, 1.0)


def test_one_direction_gives_the_smallest_p():
    for n in (1, 5, 10):
        assert paired_difference(np.arange(n) / 100 + 0.5, np.zeros(n)).p_value == 2 / 2**n
        assert paired_difference(np.zeros(n), np.arange(n) / 100 + 0.5).p_value == 2 / 2**n


def test_one_pair_has_no_spread():
    assert paired_difference([0.9], [0.8]).std is None


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        ([], [], ShapeError), ([0.1], [0.1, 0.2], ShapeError), ([[0.1]], [[0.1]], ShapeError),
        ([0.1] * 21, [0.1] * 21, RangeError), ([np.nan], [0.1], NonFiniteError), ([0.1], [np.inf], NonFiniteError),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(first, second, error):
    with pytest.raises(error, match="paired_difference: first"):
        paired_difference(first, second)
