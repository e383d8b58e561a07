"""Nearest neighbours beside a slow transcription, with every tie broken as it is said."""

import math
from collections import Counter

import numpy as np
import pytest

from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.semi import classify_by_neighbours, nearest_neighbours


def slowly(features, examples, labels, k):
    found = []
    for x in features:
        order = sorted((math.dist(x, e), place) for place, e in enumerate(examples))[:k]
        votes = Counter(int(labels[place]) for _, place in order)
        sums = {label: sum(apart for apart, place in order if labels[place] == label) for label in votes}
        found.append(min(votes, key=lambda label: (-votes[label], sums[label], label)))
    return found


@pytest.mark.parametrize("k", [1, 2, 3, 7, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("grid", [False, True])
def test_against_the_slow_transcription(k, dtype, grid):
    rng = np.random.default_rng(k)
    draw = (lambda *shape: rng.integers(0, 3, shape)) if grid else (lambda *shape: rng.standard_normal(shape))
    features, examples = draw(50, 3).astype(dtype), draw(40, 3).astype(dtype)  # on a grid most distances are tied
    labels = rng.integers(0, 5, 40) * 3 + 2
    found = classify_by_neighbours(features, examples, labels, k=k)
    assert found.dtype == labels.dtype
    assert found.tolist() == slowly(features.astype(float), examples.astype(float), labels, k)


def test_ties_by_hand():
    def answer(x, examples, labels, k):
        column = np.array(examples, float)[:, None]
        return int(classify_by_neighbours(np.array([[float(x)]]), column, np.array(labels), k=k)[0])

    assert answer(0, [1, -1], [8, 5], 1) == 8  # the same distance: the one that comes first is nearer
    assert answer(0, [1, -1], [8, 5], 2) == 5  # a vote each, the same sum: the smaller label
    assert answer(0, [1, -2], [8, 5], 2) == 8  # a vote each: the smaller sum
    assert answer(0, [1, -2, 3, -3.5], [8, 5, 5, 8], 4) == 8  # two votes each, 4.5 against 5
    assert answer(0, [1, -2, 3], [8, 5, 5], 3) == 5  # two votes beat one that is nearer
    assert answer(0, [2, 2, -2, 1], [4, 4, 9, 9], 3) == 4  # of three at distance 2 the first two count: 4, 4 and 9


def test_one_neighbour_where_nothing_else_is_said():
    found = classify_by_neighbours(np.zeros((1, 1)), np.array([[1.0], [-2.0], [3.0]]), np.array([8, 5, 5]))
    assert found.tolist() == [8]


def test_distances_that_are_small_beside_the_numbers_are_still_told_apart():
    far = 1000.0
    found = classify_by_neighbours(
        np.array([[far, far]]),
        np.array([[far + 0.3, far], [far, far + 0.2], [far - 0.1, far]]),
        np.array([0, 1, 2]),
        k=3,
    )
    assert found.tolist() == [2]  # a vote each


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    features, examples, labels = rng.standard_normal((37, 4)), rng.standard_normal((20, 4)), rng.integers(0, 3, 20)
    whole = classify_by_neighbours(features, examples, labels, k=3)
    sizes, smallest = [], nearest_neighbours._smallest
    monkeypatch.setattr(nearest_neighbours, "_DISTANCES", 100)
    monkeypatch.setattr(
        nearest_neighbours, "_smallest", lambda apart, k: sizes.append(len(apart)) or smallest(apart, k)
    )
    np.testing.assert_array_equal(classify_by_neighbours(features, examples, labels, k=3), whole)
    assert sizes == [5] * 7 + [2]  # 5 × 20 distances; 3 × 4 differences would be fewer
    sizes.clear()
    classify_by_neighbours(features[:9], examples, labels, k=8)
    assert sizes == [3] * 3  # 8 × 4 differences each
    sizes.clear()
    monkeypatch.setattr(nearest_neighbours, "_DISTANCES", 1)
    classify_by_neighbours(features[:2], examples, labels)
    assert sizes == [1, 1]  # at least one at a time


def test_strides_read_only_arrays_and_no_question():
    rng = np.random.default_rng(0)
    features, examples, labels = rng.standard_normal((9, 4)), rng.standard_normal((20, 4)), rng.integers(0, 3, 20)
    whole = classify_by_neighbours(features, examples, labels, k=3)
    other = np.asfortranarray(features), np.repeat(examples, 2, axis=1)[:, ::2], labels.astype(np.uint8)
    for array in other:
        array.flags.writeable = False
    np.testing.assert_array_equal(classify_by_neighbours(*other, k=3), whole)
    assert classify_by_neighbours(features[:0], examples, labels).shape == (0,)


GOOD = np.ones((2, 3)), np.ones((4, 3)), np.arange(4)


@pytest.mark.parametrize(
    ("place", "value", "k", "error", "message"),
    [
        (0, np.ones((2, 4)), 1, ShapeError, r"features expects shape \(N, 3\), has \(2, 4\)"),
        (0, np.ones((2, 3), np.float32), 1, DtypeError, "examples expects float32 like features, has float64"),
        (0, np.full((2, 3), np.inf), 1, NonFiniteError, "features expects finite numbers"),
        (1, np.ones((4, 3, 1)), 1, ShapeError, r"examples expects shape \(M, D\), has \(4, 3, 1\)"),
        (1, np.full((4, 3), np.nan), 1, NonFiniteError, "examples expects finite numbers"),
        (2, np.arange(3), 1, ShapeError, r"labels expects shape \(4,\), has \(3,\)"),
        (2, np.ones(4), 1, DtypeError, "labels expects an array of whole numbers, is float64"),
        (2, -np.arange(4), 1, RangeError, "labels expects whole numbers from 0"),
        (2, np.arange(4), 0, RangeError, "k expects a whole number of at least 1, is 0"),
        (2, np.arange(4), 5, RangeError, "k expects at most the 4 examples, is 5"),
    ],
)
def test_wrong_arguments(place, value, k, error, message):
    arguments = [*GOOD[:place], value, *GOOD[place + 1 :]]
    with pytest.raises(error, match=f"^classify_by_neighbours: {message}"):
        classify_by_neighbours(*arguments, k=k)


def test_no_examples():
    with pytest.raises(ShapeError, match=r"^classify_by_neighbours: examples expects at least 1, has shape \(0, 3\)"):
        classify_by_neighbours(np.ones((2, 3)), np.ones((0, 3)), np.zeros(0, int))
