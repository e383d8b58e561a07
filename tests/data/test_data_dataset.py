import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfromscratch.data.dataset import Dataset
from nnfromscratch.errors import DataError, DtypeError, NonFiniteError, RangeError, ShapeError

CLASSES = ("cat", "dog", "eel")


def make(n=6, dtype=np.uint8, **changed):
    parts = {"images": np.zeros((n, 1, 4, 5), dtype), "labels": np.arange(n) % 3, "classes": CLASSES} | changed
    return Dataset(**parts)


def numbered(labels, classes=CLASSES):
    """Data whose images tell which they are: image i holds i at its first two pixels."""
    images = np.zeros((len(labels), 1, 2, 1), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 1, 0] = np.divmod(np.arange(len(labels)), 256)
    return Dataset(images, np.asarray(labels), classes)


def identities(dataset):
    return dataset.images[:, 0, 0, 0].astype(int) * 256 + dataset.images[:, 0, 1, 0]


def test_what_it_says_of_itself():
    data = make(7)
    assert len(data) == 7
    assert data.image_shape == (1, 4, 5)
    np.testing.assert_array_equal(data.class_counts, [3, 2, 2])
    assert repr(data) == "Dataset(7 images of shape (1, 4, 5), uint8, 3 classes)"


def test_counts_include_a_class_without_images():
    np.testing.assert_array_equal(make(2, labels=np.array([1, 1])).class_counts, [0, 2, 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint64, np.int64, np.int32])
def test_labels_of_any_whole_type_become_int64(dtype):
    assert make(labels=np.arange(6, dtype=dtype) % 3).labels.dtype == np.int64


def test_the_arrays_are_kept_not_copied_and_cannot_be_written():
    images, labels = np.zeros((6, 1, 4, 5), np.float32), np.arange(6) % 3
    data = make(images=images, labels=labels)
    assert np.shares_memory(data.images, images)
    with pytest.raises(ValueError, match="read-only"):
        data.images[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        data.labels[0] = 1
    images[0] = 1  # the caller's own array stays theirs
    assert images.flags.writeable


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"labels": np.zeros(5, int)}, ShapeError, "labels expects one for each of the 6 images, has 5"),
        ({"labels": np.zeros((6, 1), int)}, ShapeError, r"labels expects shape \(N,\), has \(6, 1\)"),
        ({"labels": np.zeros(6)}, DtypeError, "labels expects an array of whole numbers, has float64"),
        ({"labels": np.zeros(6, bool)}, DtypeError, "whole numbers, has bool"),
        ({"labels": [0] * 6}, DtypeError, "whole numbers, has list"),
        ({"labels": np.array([0, 1, 2, 3, 0, 0])}, RangeError, r"0\.\.2 \(3 classes\), has 3 at index 3"),
        ({"labels": np.array([0, 1, 2, 0, -1, 0])}, RangeError, "has -1 at index 4"),
        ({"labels": np.array([0] * 5 + [2**64 - 1], np.uint64)}, RangeError, "has 18446744073709551615 at index 5"),
        ({"images": np.zeros((6, 4, 5), np.uint8)}, ShapeError, r"\(N, C, H, W\), has \(6, 4, 5\); images\[:, None\]"),
        ({"images": np.zeros((6, 1, 4, 5), np.int64)}, DtypeError, "uint8 .* or float32 .*, has int64"),
        ({"images": np.zeros((6, 1, 4, 5))}, DtypeError, "has float64"),
        ({"images": [[0]]}, DtypeError, "has list"),
        ({"images": np.zeros((0, 1, 4, 5), np.uint8)}, DataError, "at least one image"),
        (
            {"images": np.zeros((6, 0, 4, 5), np.uint8)},
            ShapeError,
            r"at least 1 along every axis, has .*\(6, 0, 4, 5\)",
        ),
        ({"classes": ()}, DataError, "at least one name"),
        ({"classes": "cat"}, DtypeError, "tuple of names, is str"),
        ({"classes": (1, 2, 3)}, DtypeError, "names .* has 1"),
        ({"classes": ("cat", "dog", "cat")}, DataError, "'cat' more than once"),
    ],
)
def test_what_does_not_fit_is_named(changed, error, message):
    with pytest.raises(error, match=f"Dataset: .*{message}"):
        make(**changed)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_found(bad):
    images = np.full((6, 1, 4, 5), 0.5, np.float32)
    images[3, 0, 2, 1] = bad
    images[5, 0, 0, 0] = np.nan
    with pytest.raises(NonFiniteError, match=r"finite numbers, has -?(nan|inf) at index \(3, 0, 2, 1\)"):
        make(images=images)


@pytest.mark.parametrize("bad", [-0.01, 1.01, 255.0])
def test_float_images_outside_0_to_1(bad):
    images = np.full((6, 1, 4, 5), 0.5, np.float32)
    images[2, 0, 1, 4] = bad
    with pytest.raises(RangeError, match=r"\[0, 1\], has .* at index \(2, 0, 1, 4\)"):
        make(images=images)


def test_take():
    data = numbered([0, 1, 2, 0, 1, 2])
    for indices, wanted in [([4, 0], [4, 0]), (slice(1, 3), [1, 2]), (np.arange(6) > 3, [4, 5]), ([-1], [5])]:
        part = data.take(indices)
        np.testing.assert_array_equal(identities(part), wanted)
        np.testing.assert_array_equal(part.labels, data.labels[wanted])
        assert part.classes == data.classes
    with pytest.raises(RangeError, match=r"take: indices expects places among 6 images.*6"):
        data.take([6])
    with pytest.raises(DataError, match="at least one image"):
        data.take([])


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=5), share=st.floats(0.01, 0.99), seed=st.integers(0, 2**32)
)
def test_split_shares_no_image_and_mixes_the_classes_as_in_the_whole(counts, share, seed):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    data = numbered(labels, tuple(map(str, range(len(counts)))))
    size = min(max(1, round(share * len(data))), len(data) - 1)
    rest, part = data.split(size, rng=rng)
    assert len(part) == size
    np.testing.assert_array_equal(np.sort(np.concatenate([identities(rest), identities(part)])), np.arange(len(data)))
    for half in (rest, part):
        np.testing.assert_array_equal(half.labels, labels[identities(half)])
        assert (np.diff(identities(half)) > 0).all()
    exact = np.array(counts) * size / len(data)
    assert (np.abs(part.class_counts - exact) < 1).all()


def test_split_gives_the_largest_remainders_the_extra_images():
    data = numbered([0] * 5 + [1] * 3 + [2] * 2)
    _, part = data.split(4, rng=np.random.default_rng(0))  # quotas 2.0, 1.2, 0.8
    np.testing.assert_array_equal(part.class_counts, [2, 1, 1])


def test_split_follows_the_generator():
    data = numbered(np.arange(100) % 3)

    def chosen(seed):
        return tuple(identities(data.split(0.25, rng=np.random.default_rng(seed))[1]))

    assert len(chosen(0)) == 25
    assert chosen(0) == chosen(0)
    assert chosen(0) != chosen(1)


@pytest.mark.parametrize("size", [0, 6, 7, -1, 0.0, 1.0, 0.05, float("nan"), True, "2"])
def test_split_leaves_no_part_empty(size):
    with pytest.raises(RangeError, match=r"Dataset\.split: size expects"):
        make(6).split(size, rng=np.random.default_rng(0))


def test_split_needs_a_generator():
    with pytest.raises(DtypeError, match=r"rng expects a numpy\.random\.Generator"):
        make(6).split(2, rng=0)
