"""The nearest training image, against a search that compares every pair."""

import tracemalloc

import numpy as np
import pytest

from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.gan import nearest, nearest_training_images


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks that divide nothing evenly, so that the tests cross their borders."""
    monkeypatch.setattr(nearest, "_IMAGES", 7)
    monkeypatch.setattr(nearest, "_TRAINING", 5)


def as_floats(images):
    return images / 255 if images.dtype == np.uint8 else images.astype(np.float64)


def by_every_pair(images, training):
    x, t = (as_floats(each).reshape(len(each), -1) for each in (images, training))
    squares = ((x[:, None] - t[None]) ** 2).sum(axis=2)
    return np.sqrt(squares.min(axis=1)), squares.argmin(axis=1)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("training_kind", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(1, 6, 5), (3, 4, 4)])
def test_every_pair_says_the_same(kind, training_kind, shape):
    rng = np.random.default_rng(0)

    def draw(count, dtype):
        bytes_ = rng.integers(0, 256, (count, *shape), np.uint8)
        return bytes_ if dtype == np.uint8 else (bytes_ / 255).astype(dtype)

    for count, of in ((23, 31), (7, 5), (1, 1), (8, 6)):
        images, training = draw(count, kind), draw(of, training_kind)
        distances, indices = nearest_training_images(images, training)
        expected, places = by_every_pair(images, training)
        np.testing.assert_array_equal(indices, places)
        np.testing.assert_allclose(distances, expected, rtol=1e-12, atol=1e-12)
        assert distances.dtype == np.float64


@pytest.mark.usefixtures("small_blocks")
def test_a_copy_is_found_wherever_it_is_and_is_exactly_0_away():
    rng = np.random.default_rng(1)
    training = rng.integers(0, 256, (33, 1, 28, 28), np.uint8)
    distances, indices = nearest_training_images(training[::-1], training)
    np.testing.assert_array_equal(indices, np.arange(33)[::-1])
    assert (distances == 0).all()


def test_bright_images_lose_no_digits():
    """All pixels near 1, where |x|² is 784 and the differences are hundredths."""
    rng = np.random.default_rng(2)
    training = (1 - 0.01 * rng.random((50, 1, 28, 28))).astype(np.float32)
    images = training[[11, 40]] - np.float32(0.001)
    distances, indices = nearest_training_images(images, training)
    assert list(indices) == [11, 40]
    assert distances == pytest.approx([0.001 * 28] * 2, rel=1e-3)


def test_memory_is_bounded_whatever_the_number_of_images(monkeypatch):
    monkeypatch.setattr(nearest, "_IMAGES", 50)
    monkeypatch.setattr(nearest, "_TRAINING", 100)

    def peak(count):
        images = np.zeros((count, 1, 28, 28), np.uint8)
        tracemalloc.start()
        nearest_training_images(images, images)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)
    growth = (peak(1000) - peak(500)) / 500
    assert growth < 100  # bytes an image, of the results; its distances to 500 others would be 2,000


@pytest.mark.parametrize("argument", ["images", "training"])
@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        (np.zeros((2, 4, 4), np.uint8), ShapeError, r"shape \(N, C, H, W\), has \(2, 4, 4\); images\[:, None\]"),
        (np.zeros((0, 1, 4, 4), np.uint8), ShapeError, "at least one image"),
        (np.zeros((2, 1, 4, 4), int), DtypeError, "uint8, float32 or float64, is int64"),
        (np.full((2, 1, 4, 4), -1.0), RangeError, "numbers in"),
        (np.full((2, 1, 4, 4), np.nan), NonFiniteError, r"has nan at index \(0, 0, 0, 0\)"),
    ],
)
def test_what_are_no_images_is_named(argument, wrong, error, says):
    right = np.zeros((2, 1, 4, 4), np.uint8)
    pair = (wrong, right) if argument == "images" else (right, wrong)
    with pytest.raises(error, match=f"nearest_training_images: {argument} .*{says}"):
        nearest_training_images(*pair)


def test_images_of_another_shape():
    with pytest.raises(
        ShapeError, match=r"images expects those of shape \(1, 4, 4\) like training, has .*\(2, 1, 2, 8"
    ):
        nearest_training_images(np.zeros((2, 1, 2, 8), np.uint8), np.zeros((2, 1, 4, 4), np.uint8))
