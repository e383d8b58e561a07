import numpy as np
import pytest

from nnfromscratch.data.augmentation import Augmentation
from nnfromscratch.data.batches import as_input, batch_count, batches
from nnfromscratch.data.dataset import Dataset
from nnfromscratch.errors import DtypeError, RangeError, ShapeError


@pytest.fixture
def data() -> Dataset:
    rng = np.random.default_rng(0)
    return Dataset(rng.integers(0, 256, (23, 3, 5, 4)).astype(np.uint8), np.arange(23) % 4, tuple("abcd"))


def generator(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 1, 3, 0), (3, 0, 2, 1)])
def test_as_input_divides_by_255_and_puts_the_batch_innermost(order):
    images = generator().integers(0, 256, (7, 2, 5, 4)).astype(np.uint8)
    given = np.ascontiguousarray(images.transpose(order)).transpose(np.argsort(order))
    given.flags.writeable = False
    x = as_input(given)
    assert x.dtype == np.float32
    assert x.transpose(2, 1, 3, 0).flags.c_contiguous
    np.testing.assert_array_equal(x, (images / 255).astype(np.float32))


def test_as_input_covers_0_to_1():
    x = as_input(np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16))
    assert x.min() == 0
    assert x.max() == 1


def test_as_input_keeps_floats_and_copies_them():
    images = generator().random((3, 1, 4, 4)).astype(np.float32)
    x = as_input(images)
    np.testing.assert_array_equal(x, images)
    assert not np.shares_memory(x, images)
    assert x.transpose(2, 1, 3, 0).flags.c_contiguous


def test_as_input_refuses():
    with pytest.raises(DtypeError, match=r"as_input: images expects .*uint8 or float32, has int64"):
        as_input(np.zeros((1, 1, 4, 4), int))
    with pytest.raises(ShapeError, match=r"as_input: images expects shape \(N, C, H, W\), has \(28, 28\)"):
        as_input(np.zeros((28, 28), np.uint8))


def test_without_a_generator_the_images_come_in_their_order(data):
    parts = list(batches(data, 5))
    assert [len(labels) for _, labels in parts] == [5, 5, 5, 5, 3]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in parts]), as_input(data.images))
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in parts]), data.labels)
    for x, labels in parts:
        assert x.transpose(2, 1, 3, 0).flags.c_contiguous
        assert labels.dtype == np.int64


def test_a_shuffled_pass_takes_every_image_once_with_its_label(data):
    seen = []
    for x, labels in batches(data, 4, rng=generator(3)):
        for image, label in zip(x, labels, strict=True):
            (place,) = [k for k, known in enumerate(as_input(data.images)) if np.array_equal(known, image)]
            assert data.labels[place] == label
            seen.append(place)
    assert sorted(seen) == list(range(23))
    assert seen != sorted(seen)


def test_the_generator_decides_the_order_and_moves_on(data):
    def order(rng):
        return [label for _, labels in batches(data, 23, rng=rng) for label in labels]

    rng = generator(1)
    first, second = order(rng), order(rng)
    assert first == order(generator(1))
    assert first != second


def test_the_generator_is_used_at_the_call_only(data):
    rng, untouched = generator(5), generator(5)
    epoch = batches(data, 4, rng=rng, augment=Augmentation())
    after = rng.bit_generator.state
    assert after != untouched.bit_generator.state
    list(epoch)
    assert rng.bit_generator.state == after


@pytest.mark.parametrize("start", [0, 1, 3, 5, 6])
def test_an_epoch_taken_up_in_its_middle_gives_the_same_bits(data, start):
    whole = list(batches(data, 4, rng=generator(9), augment=Augmentation()))
    rest = list(batches(data, 4, rng=generator(9), augment=Augmentation(), start=start))
    assert len(rest) == 6 - start
    for (x, labels), (x_again, labels_again) in zip(whole[start:], rest, strict=True):
        assert x.tobytes() == x_again.tobytes()
        np.testing.assert_array_equal(labels, labels_again)


def test_every_batch_and_every_epoch_is_augmented_differently():
    """Twelve times the same image: with one generator for all batches they would come out in equal pairs."""
    image = generator().integers(0, 256, (1, 1, 8, 8)).astype(np.uint8)
    data = Dataset(np.repeat(image, 12, axis=0), np.zeros(12, int), ("one",))
    rng = generator(2)
    seen = [
        x[k].tobytes() for _ in range(2) for x, _ in batches(data, 3, rng=rng, augment=Augmentation()) for k in range(3)
    ]
    assert len(set(seen)) == 24


def test_augment_gets_the_batch_and_its_result_is_used(data):
    def negative(images, rng):
        assert isinstance(rng, np.random.Generator)
        return 1 - images

    for (x, _), (changed, _) in zip(
        batches(data, 4, rng=generator(1)), batches(data, 4, rng=generator(1), augment=negative), strict=True
    ):
        np.testing.assert_array_equal(changed, 1 - x)


@pytest.mark.parametrize(("size", "count", "full"), [(1, 23, 23), (4, 6, 5), (23, 1, 1), (24, 1, 0)])
def test_number_of_batches(data, size, count, full):
    assert batch_count(data, size) == len(list(batches(data, size))) == count
    assert batch_count(data, size, drop_last=True) == full
    if full:
        assert [len(labels) for _, labels in batches(data, size, drop_last=True)] == [size] * full


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"batch_size": 0}, RangeError, "batch_size expects a whole number of at least 1, is 0"),
        ({"batch_size": 2.5}, RangeError, "batch_size expects"),
        ({"batch_size": 4, "start": -1}, RangeError, "start expects"),
        ({"batch_size": 4, "start": 7}, RangeError, "start expects at most 6, .* is 7"),
        ({"batch_size": 24, "drop_last": True}, RangeError, "drop_last leaves nothing of 23 images in batches of 24"),
        ({"batch_size": 4, "augment": Augmentation()}, DtypeError, "augment needs a generator"),
        ({"batch_size": 4, "rng": 0}, DtypeError, "rng expects a numpy.random.Generator"),
    ],
)
def test_bad_settings_are_refused_at_the_call(data, settings, error, message):
    with pytest.raises(error, match=f"batches: {message}"):
        batches(data, **settings)
