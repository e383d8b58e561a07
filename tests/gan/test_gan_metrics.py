"""The metrics, against numbers worked out by hand, closed forms and SciPy's matrix square root."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.gan import classes_covered, classifier_score, confident_share, frechet_distance, jackknife

OF_PROBABILITIES = (classifier_score, classes_covered, confident_share)


def cloud(rng, count, mean, root):
    """Points whose mean and covariance (over N − 1) are exactly ``mean`` and root·rootᵀ."""
    x = rng.normal(size=(count, len(mean)))
    x -= x.mean(axis=0)
    scatter = x.T @ x / (count - 1)
    return x @ np.linalg.inv(np.linalg.cholesky(scatter)).T @ np.asarray(root).T + mean


# --- classifier score --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 10, 47])
def test_sure_and_even_answers_have_the_highest_score(classes):
    assert classifier_score(np.tile(np.eye(classes), (3, 1))) == pytest.approx(classes, rel=1e-14)


@pytest.mark.parametrize("row", [[0.1] * 10, [1.0] + [0.0] * 9, [0.7, 0.2, 0.1]])
def test_the_same_answer_for_all_has_score_1(row):
    assert classifier_score(np.array([row] * 7)) == pytest.approx(1, rel=1e-14)
    assert classifier_score(np.array([row])) == 1


def test_a_score_by_hand():
    p = np.array([[0.5, 0.5], [1.0, 0.0]])  # q = (3/4, 1/4)
    first = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    second = math.log(1 / 0.75)
    assert classifier_score(p) == pytest.approx(math.exp((first + second) / 2), rel=1e-14)


def test_sure_answers_score_by_how_even_the_classes_are():
    p = np.eye(4)[[0] * 6 + [1] * 3 + [3]]
    entropy = -sum(share * math.log(share) for share in (0.6, 0.3, 0.1))
    assert classifier_score(p) == pytest.approx(math.exp(entropy), rel=1e-14)


def test_the_score_takes_float32():
    p = np.random.default_rng(0).dirichlet(np.full(10, 0.1), 500)
    assert classifier_score(p.astype(np.float32)) == pytest.approx(classifier_score(p), rel=1e-5)


# --- Fréchet distance --------------------------------------------------------------------------------------------


def test_one_dimension_has_a_closed_form():
    """(μ₁ − μ₂)² + (σ₁ − σ₂)²"""
    rng = np.random.default_rng(0)
    x, y = cloud(rng, 50, [2.0], [[3.0]]), cloud(rng, 70, [-1.0], [[0.5]])
    assert frechet_distance(x, y) == pytest.approx(3**2 + 2.5**2, rel=1e-12)


def test_independent_features_add_up():
    rng = np.random.default_rng(1)
    deviations, others = np.array([1.0, 2.0, 0.3]), np.array([0.5, 4.0, 0.3])
    x = cloud(rng, 40, [0.0, 1.0, 2.0], np.diag(deviations))
    y = cloud(rng, 60, [0.0, 1.0, 5.0], np.diag(others))
    assert frechet_distance(x, y) == pytest.approx(9 + ((deviations - others) ** 2).sum(), rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_random_clouds_against_scipy(seed, size):
    """tr (S₁·S₂)^½ with the root of a matrix that is not symmetric."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(30, size)) @ rng.normal(size=(size, size)) + rng.normal(size=size)
    y = rng.normal(size=(50, size)) @ rng.normal(size=(size, size))
    first, second = (np.atleast_2d(np.cov(each, rowvar=False)) for each in (x, y))
    root = linalg.sqrtm(first @ second)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(first + second - 2 * root.real)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert frechet_distance(y, x) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("size", [2, 64])
def test_two_samples_are_fewer_than_the_features(size):
    """Rank 1: the points ±a/√2 have covariance a·aᵀ; |a|² + |b|² − 2·|a·b| is what remains."""
    rng = np.random.default_rng(size)
    a, b = rng.normal(size=(2, size))
    x, y = (np.array([each, -each]) / np.sqrt(2) for each in (a, b))
    expected = a @ a + b @ b - 2 * abs(a @ b)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)


def test_features_that_are_always_zero_change_nothing():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 30, 3))
    padded = [np.concatenate([each, np.zeros((30, 4))], axis=1) for each in (x, y)]
    assert frechet_distance(*padded) == pytest.approx(frechet_distance(x, y), rel=1e-9)


def test_a_constant_cloud_has_no_covariance():
    assert frechet_distance(np.full((5, 3), 2.0), np.full((4, 3), 1.0)) == 3


def test_equal_clouds_are_0_apart_and_never_below():
    rng = np.random.default_rng(3)
    for x in (rng.normal(size=(500, 64)), rng.normal(size=(10, 64))):
        assert 0 <= frechet_distance(x, x) < 1e-5
        assert 0 <= frechet_distance(x, x[::-1].copy()) < 1e-5


def test_turning_both_clouds_changes_nothing():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(40, 6)), rng.normal(size=(40, 6)) * 2 + 1
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    assert frechet_distance(x @ turn, y @ turn) == pytest.approx(frechet_distance(x, y), rel=1e-10)


def test_clouds_far_from_the_origin_lose_no_digits():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 40, 6))
    assert frechet_distance(x + 1e6, y + 1e6) == pytest.approx(frechet_distance(x, y), rel=1e-6)
    assert frechet_distance((x + 100).astype(np.float32), y + 100) == pytest.approx(frechet_distance(x, y), rel=1e-3)


@pytest.mark.parametrize(
    ("features", "error", "says"),
    [
        (np.zeros((1, 3)), ShapeError, r"features expects at least 2 rows, .* has shape \(1, 3\)"),
        (np.zeros((5, 4)), ShapeError, "reference expects 4 features like the other, has 3"),
        (np.zeros(5), ShapeError, r"features expects shape \(N, F\), has \(5,\)"),
        (np.zeros((0, 3)), ShapeError, "features expects at least 1 row"),
        (np.zeros((5, 3), int), DtypeError, "features expects an array of float32 or float64, is int64"),
        ([[1.0]], DtypeError, "features expects an array of float32 or float64, is list"),
        (np.array([[1.0, 2, 3], [1, np.nan, 3]]), NonFiniteError, "features expects finite numbers, .* in row 1"),
    ],
)
def test_features_that_make_no_cloud_are_named(features, error, says):
    with pytest.raises(error, match=f"frechet_distance: {says}"):
        frechet_distance(features, np.zeros((5, 3)))


# --- classes and confidence --------------------------------------------------------------------------------------


def answers(*counts, classes=10):
    return np.eye(classes)[np.repeat(np.arange(len(counts)), counts)]


def test_a_class_counts_above_two_per_cent():
    assert classes_covered(answers(49, 1)) == 1  # 2 % is not above 2 %
    assert classes_covered(answers(48, 2)) == 2
    assert classes_covered(answers(*[5] * 10)) == 10


def test_the_share_goes_by_the_number_of_classes_or_as_given():
    assert classes_covered(answers(24, 1, classes=5)) == 1  # a fifth of an even share is 4 %
    assert classes_covered(answers(23, 2, classes=5)) == 2
    assert classes_covered(answers(999, 1), least=0) == 2
    assert classes_covered(answers(60, 40), least=0.5) == 1


def test_an_image_belongs_to_its_likeliest_class():
    assert classes_covered(np.array([[0.4, 0.35, 0.25], [0.3, 0.45, 0.25]])) == 2


def test_confidence_is_above_the_limit():
    p = np.array([[0.9, 0.1], [0.05, 0.95], [0.5, 0.5], [0.0, 1.0]])
    assert confident_share(p) == 0.5
    assert confident_share(p, above=0.5) == 0.75


def test_limits_that_make_no_sense():
    with pytest.raises(RangeError, match="confident_share: above expects a finite number >= 0 and < 1, is 1"):
        confident_share(np.eye(2), above=1)
    with pytest.raises(RangeError, match="classes_covered: least"):
        classes_covered(np.eye(2), least=-0.1)


@pytest.mark.parametrize("metric", OF_PROBABILITIES)
@pytest.mark.parametrize(
    ("probabilities", "error", "says"),
    [
        (np.array([[0.5, 0.5], [2.0, -1.0]]), RangeError, "row 1 adds up to 1, its lowest is -1"),
        (np.array([[3.0, 0.5]]), RangeError, "row 0 adds up to 3.5"),
        (np.array([[0.5, 0.5], [np.nan, 0.5]]), NonFiniteError, "finite numbers, has others in row 1"),
        (np.eye(3, dtype=int), DtypeError, "expects an array of float32 or float64, is int64"),
        (np.ones(3), ShapeError, r"probabilities expects shape \(N, K\), has \(3,\)"),
        (np.zeros((0, 10)), ShapeError, "at least 1 row"),
    ],
)
def test_what_are_no_probabilities_is_named(metric, probabilities, error, says):
    with pytest.raises(error, match=f"{metric.__name__}: .*{says}"):
        metric(probabilities)


@pytest.mark.parametrize("metric", [*OF_PROBABILITIES, lambda p: frechet_distance(p, p)])
def test_nothing_is_written_to(metric):
    p = answers(5, 3)
    p.flags.writeable = False
    metric(p)


# --- spread ------------------------------------------------------------------------------------------------------


def test_the_jackknife_by_hand():
    """Means without the first and without the second of two groups: 2 and 1; √(½ · (¼ + ¼)) = ½."""
    x = np.array([1.0, 2.0, 1.0, 2.0])
    assert jackknife(lambda chosen: x[chosen].mean(), 4, groups=2) == pytest.approx(0.5)


def test_of_a_mean_the_jackknife_finds_the_standard_error():
    """On average over many draws; Σ has 9 degrees of freedom, so 400 draws know the variance to about 2.4 %."""
    draws = np.random.default_rng(0).normal(size=(400, 200))
    squares = [jackknife(lambda rows, x=x: x[rows].mean(), 200) ** 2 for x in draws]
    assert np.mean(squares) == pytest.approx(1 / 200, rel=0.1)


def test_every_sample_is_left_out_once():
    seen = []
    jackknife(lambda chosen: seen.append(chosen) or 0.0, 23)
    assert len(seen) == 10
    left = [set(range(23)) - set(chosen) for chosen in seen]
    assert sorted(index for group in left for index in group) == list(range(23))


def test_a_figure_that_never_changes_has_no_spread():
    assert jackknife(lambda chosen: 3.0, 20) == 0


@pytest.mark.parametrize(("count", "groups"), [(19, 10), (20, 1), (20, 11), (20.0, 10)])
def test_too_few_samples_for_a_spread(count, groups):
    with pytest.raises(RangeError, match=r"jackknife: (count|groups) expects a whole number of at least"):
        jackknife(lambda chosen: 0.0, count, groups=groups)
