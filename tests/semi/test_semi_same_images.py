"""A difference on the same test images, and how far other images would move it."""

import numpy as np
import pytest

from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.semi import difference_on_same_images

RNG = np.random.default_rng(0)


def test_it_is_the_mean_and_the_standard_error_of_the_differences():
    first, second = RNG.random(500) < 0.9, RNG.random(500) < 0.8
    found = difference_on_same_images(first, second)
    each = first.astype(float) - second
    assert found.value == pytest.approx(each.mean())
    assert found.uncertainty == pytest.approx(1.96 * np.sqrt(((each - each.mean()) ** 2).mean() / 500))


def test_the_other_way_round_only_the_sign_changes():
    first, second = RNG.random(300) < 0.9, RNG.random(300) < 0.8
    one, other = difference_on_same_images(first, second), difference_on_same_images(second, first)
    assert (one.value, one.uncertainty) == (-other.value, other.uncertainty)


def test_images_on_which_both_agree_say_nothing():
    same = RNG.random(100) < 0.5
    assert difference_on_same_images(same, same) == difference_on_same_images(~same, ~same)
    assert difference_on_same_images(same, same).uncertainty == 0


def test_the_interval_holds_the_truth_in_95_of_100_test_sets():
    """Answers of two classifiers that agree often, drawn again and again."""
    truth, inside = 0.9 - 0.85, 0
    for _ in range(1000):
        luck = RNG.random(1000)
        first, second = luck < 0.9, np.where(luck < 0.7, True, luck > 0.85)
        found = difference_on_same_images(first, second)
        inside += abs(found.value - truth) <= found.uncertainty
    assert 930 <= inside <= 970


def test_what_is_no_answer_is_told():
    right = np.ones(3, bool)
    with pytest.raises(DtypeError, match="second expects booleans, is int64"):
        difference_on_same_images(right, np.ones(3, np.int64))
    with pytest.raises(ShapeError, match="the same shape"):
        difference_on_same_images(right, right[:2])
    with pytest.raises(ShapeError, match="the same shape"):
        difference_on_same_images(right[None], right[None])
    with pytest.raises(RangeError, match="at least one image"):
        difference_on_same_images(right[:0], right[:0])
