"""Who gets a label: as many of each class, by chance, and never an image of the validation set."""

import numpy as np
import pytest

from nnfromscratch.data import Dataset
from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.semi import draw_labelled, split_labels


def rng(seed=0):
    return np.random.default_rng(seed)


LABELS = rng(1).integers(0, 5, 300)


@pytest.mark.parametrize("count", [5, 7, 10, 23, 100])
def test_every_class_gives_as_many_or_one_more(count):
    chosen = draw_labelled(LABELS, count, rng())
    assert len(set(chosen.tolist())) == count == len(chosen)
    assert (np.diff(chosen) > 0).all()
    given = np.bincount(LABELS[chosen], minlength=5)
    assert set(given) <= {count // 5, count // 5 + 1}
    assert (given == count // 5 + 1).sum() == count % 5


def test_chance_decides_which_classes_give_one_more_and_which_images():
    extra, images = np.zeros(5), np.zeros(300)
    for seed in range(1000):
        chosen = draw_labelled(LABELS, 7, rng(seed))
        extra += np.bincount(LABELS[chosen], minlength=5) - 1
        images[chosen] += 1
    assert (np.abs(extra / 1000 - 0.4) < 0.06).all()  # 0.4 ± 4 · √(0.4 · 0.6 / 1000)
    assert (images > 0).all()


def test_the_same_generator_draws_the_same():
    np.testing.assert_array_equal(draw_labelled(LABELS, 10, rng(3)), draw_labelled(LABELS, 10, rng(3)))
    assert not np.array_equal(draw_labelled(LABELS, 10, rng(3)), draw_labelled(LABELS, 10, rng(4)))
    labels = np.repeat(LABELS.astype(np.uint8), 2)[::2]
    labels.flags.writeable = False
    np.testing.assert_array_equal(draw_labelled(labels, 10, rng(3)), draw_labelled(LABELS, 10, rng(3)))


def test_all_labels_of_equal_classes():
    labels = np.arange(20) % 4
    np.testing.assert_array_equal(draw_labelled(labels, 20, rng()), np.arange(20))


@pytest.mark.parametrize(
    ("labels", "count", "error", "message"),
    [
        (LABELS, 4, RangeError, "count expects at least one label for each of the 5 classes, is 4"),
        (LABELS, 301, RangeError, "count expects at most the 300 images, is 301"),
        (LABELS, 0, RangeError, "count expects a whole number of at least 1, is 0"),
        (LABELS, 10.0, RangeError, "count expects a whole number of at least 1, is 10.0"),
        (np.array([0, 0, 0, 0, 1]), 4, RangeError, "count expects .*: of class 1 there are 1, wanted are 2"),
        (np.array([0, 0, 1, 2, 2, 2]), 6, RangeError, "count expects .*: of class 1 there are 1, wanted are 2"),
        (np.array([0, 2, 2]), 3, RangeError, "labels expects images of all 3 classes, has none of class 1"),
        (np.array([[0, 1]]), 2, ShapeError, r"labels expects shape \(N,\), has \(1, 2\)"),
        (np.array([0.0, 1.0]), 2, DtypeError, "labels expects an array of whole numbers, is float64"),
        (np.array([-1, 0]), 2, RangeError, "labels expects whole numbers from 0"),
        (np.zeros(0, int), 1, RangeError, "count expects at most the 0 images, is 1"),
    ],
)
def test_wrong_arguments(labels, count, error, message):
    with pytest.raises(error, match=f"^draw_labelled: {message}"):
        draw_labelled(labels, count, rng())


def test_a_seed_is_no_generator():
    with pytest.raises(DtypeError, match=r"rng expects a numpy\.random\.Generator"):
        draw_labelled(LABELS, 10, 0)


# --- the whole protocol


def numbered(n=300):
    """Images that tell which one they are."""
    images = np.zeros((n, 1, 8, 8), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(n) % 256, np.arange(n) // 256
    return Dataset(images, LABELS[:n], classes=tuple("abcde"))


def names(images):
    return set((images[:, 0, 0, 0] + 256 * images[:, 0, 0, 1].astype(int)).tolist())


def split(seed, **settings):
    arguments = {"count": 20, "validation": 60, "validation_rng": rng(0), "rng": rng(seed), **settings}
    return split_labels(numbered(), **arguments)


def test_the_parts_fit_together():
    few = split(1)
    labelled, unlabelled, validation = names(few.labelled.images), names(few.unlabelled), names(few.validation.images)
    assert (len(labelled), len(unlabelled), len(validation)) == (20, 240, 60)
    assert labelled < unlabelled  # an image with a label is also one to look at without
    assert not unlabelled & validation
    assert repr(few) == "FewLabels(20 labelled of 240, 60 to validate)"
    assert unlabelled | validation == set(range(300))
    np.testing.assert_array_equal(few.labelled.class_counts, [4] * 5)
    for part in (few.labelled, few.validation):
        np.testing.assert_array_equal(part.labels, LABELS[sorted(names(part.images))])


def test_label_sets_differ_and_the_validation_set_does_not():
    one, other = split(1), split(2)
    assert names(one.validation.images) == names(other.validation.images)
    assert names(one.labelled.images) != names(other.labelled.images)
    assert names(split(1).labelled.images) == names(one.labelled.images)
    assert names(split(1, validation_rng=rng(7)).validation.images) != names(one.validation.images)


def test_more_labels_do_not_move_the_validation_set():
    assert names(split(1, count=100).validation.images) == names(split(1).validation.images)


@pytest.mark.parametrize("count", [5, None])
def test_every_class_needs_an_image_to_learn_from(count):
    train = Dataset(np.zeros((20, 1, 8, 8), np.uint8), np.arange(20) % 2, ("cat", "dog", "cow"))
    with pytest.raises(RangeError, match=r"train expects images of all 3 classes, has none of class 2 \('cow'\)"):
        split_labels(train, count, validation=8, validation_rng=rng(1), rng=rng(2))


def test_all_labels_that_are_left():
    train = Dataset(rng().integers(0, 256, (30, 1, 8, 8)).astype(np.uint8), np.arange(30) % 3, ("cat", "dog", "cow"))
    few = split_labels(train, None, validation=6, validation_rng=rng(1), rng=rng(2))
    assert (len(few.labelled), len(few.validation)) == (24, 6)
    np.testing.assert_array_equal(few.labelled.images, few.unlabelled)


def test_wrong_parts():
    with pytest.raises(RangeError, match=r"^split_labels: validation expects a whole number of at least 1, is 0"):
        split(1, validation=0)
    with pytest.raises(RangeError, match=r"expects fewer than the 300 images, is 300"):
        split(1, validation=300)
    with pytest.raises(RangeError, match=r"^draw_labelled: count expects at most the 240 images, is 241"):
        split(1, count=241)
    same = rng(1)
    with pytest.raises(RangeError, match=r"^split_labels: validation_rng expects a generator of its own, is the same"):
        split(1, validation_rng=same, rng=same)
    with pytest.raises(DtypeError, match=r"^split_labels: train expects a Dataset, is ndarray"):
        split_labels(np.ones(3), 2, validation=1, validation_rng=rng(0), rng=rng(1))
    for generator in ("rng", "validation_rng"):
        with pytest.raises(DtypeError, match=r"rng expects a numpy\.random\.Generator"):
            split(1, **{generator: 5})
