import gzip

import numpy as np
import pytest

from nnfromscratch.data import NAMES, load
from nnfromscratch.errors import DataError, DtypeError, RangeError


@pytest.fixture(scope="module")
def mnist():
    return load("mnist")


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


def toy(n=20, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, 6, 5)).astype(np.uint8), np.arange(n) % 4


def test_mnist_is_the_known_data(mnist):
    assert mnist.validation is None
    assert mnist.train.image_shape == mnist.test.image_shape == (1, 28, 28)
    assert mnist.train.classes == tuple("0123456789")
    # The class counts that every description of MNIST gives.
    np.testing.assert_array_equal(
        mnist.train.class_counts, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    )
    np.testing.assert_array_equal(mnist.test.class_counts, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    # The mean and standard deviation by which MNIST is commonly standardised.
    assert round(mnist.train.images.mean() / 255, 4) == 0.1307
    assert round(mnist.train.images.std(dtype=np.float64) / 255, 4) == 0.3081


def test_validation_is_cut_from_train_and_test_stays_whole(mnist):
    splits = load("MNIST", validation=1000, rng=np.random.default_rng(0))
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (59000, 1000, 10000)
    np.testing.assert_array_equal(splits.test.images, mnist.test.images)
    np.testing.assert_array_equal(splits.train.class_counts + splits.validation.class_counts, mnist.train.class_counts)


def test_cutting_needs_a_generator(tmp_path):
    with pytest.raises(DtypeError, match=r"load: rng expects a numpy\.random\.Generator"):
        load("mnist", validation=1000)
    images, labels = toy()
    with pytest.raises(DtypeError, match=r"no test part of its own.*rng expects"):
        load(save(tmp_path / "data.npz", images=images, labels=labels))


@pytest.mark.parametrize(
    ("name", "near"), [("minst", "mnist"), ("fashionmnist", "fashion-mnist"), ("cifar", "cifar-10")]
)
def test_an_unknown_name_suggests_the_nearest(name, near):
    with pytest.raises(
        RangeError, match=rf"load: source expects one of {', '.join(NAMES)}; is .*did you mean '{near}'"
    ):
        load(name)


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_paths_that_lead_nowhere(tmp_path, kind):
    with pytest.raises(DataError, match=r"load: .*nothing\.npz does not exist"):
        load(kind(tmp_path / "nothing.npz"))
    with pytest.raises(DataError, match=r"load: .*nothing does not exist"):
        load(kind(tmp_path / "nothing"))
    (tmp_path / "data.csv").write_text("1,2")
    with pytest.raises(DataError, match=r"data\.csv expects an \.npz file or a folder"):
        load(kind(tmp_path / "data.csv"))


def test_what_is_neither_name_nor_path():
    with pytest.raises(DtypeError, match=r"load: source expects a name or a path, is int"):
        load(3)


def test_size_is_for_pictures_alone(tmp_path):
    images, labels = toy()
    path = save(tmp_path / "own.npz", images=images, labels=labels)
    for source in ("mnist", path):
        with pytest.raises(RangeError, match=r"load: size expects a folder of pictures to resize, .* own size"):
            load(source, size=(6, 6), rng=np.random.default_rng(0))


def test_too_few_images_for_a_test_part(tmp_path):
    images, labels = toy(2)
    path = save(tmp_path / "two.npz", images=images, labels=labels)
    with pytest.raises(RangeError, match=r"two\.npz has no test part of its own, so one is drawn out of its 2 images"):
        load(path, rng=np.random.default_rng(0))


def test_keras_npz(tmp_path):
    (x, y), (x_test, y_test) = toy(20), toy(8, seed=1)
    splits = load(save(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test))
    np.testing.assert_array_equal(splits.train.images[:, 0], x)
    np.testing.assert_array_equal(splits.train.labels, y)
    np.testing.assert_array_equal(splits.test.images[:, 0], x_test)
    np.testing.assert_array_equal(splits.test.labels, y_test)
    assert splits.train.classes == tuple("0123")


def test_npz_without_a_test_part_is_split(tmp_path):
    images, labels = toy(40)
    path = save(tmp_path / "data.npz", images=images, labels=labels, classes=np.array(["cat", "dog", "eel", "fox"]))
    splits = load(str(path), validation=8, rng=np.random.default_rng(0))
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (24, 8, 8)
    np.testing.assert_array_equal(splits.test.class_counts, [2, 2, 2, 2])
    together = np.concatenate([part.images[:, 0] for part in (splits.train, splits.validation, splits.test)])
    assert {image.tobytes() for image in together} == {image.tobytes() for image in images}
    assert splits.test.classes == ("cat", "dog", "eel", "fox")
    assert len(load(path, test=0.5, rng=np.random.default_rng(0)).test) == 20


@pytest.mark.parametrize(
    ("given", "shape"),
    [((9, 6, 5), (1, 6, 5)), ((9, 3, 6, 5), (3, 6, 5)), ((9, 6, 5, 3), (3, 6, 5)), ((9, 6, 5, 1), (1, 6, 5))],
)
def test_npz_images_come_in_any_usual_order_of_axes(tmp_path, given, shape):
    images = np.random.default_rng(0).integers(0, 256, given).astype(np.uint8)
    splits = load(
        save(tmp_path / "a.npz", x_train=images, y_train=np.zeros(9, int), x_test=images, y_test=np.zeros(9, int))
    )
    assert splits.train.image_shape == shape
    expected = images.reshape(9, *shape) if given[-1] == 5 or given[-1] == 1 else images.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(splits.train.images, expected)


def test_npz_floats_become_float32_and_column_labels_a_row(tmp_path):
    images = np.random.default_rng(0).random((9, 6, 5))
    path = save(
        tmp_path / "a.npz",
        images=images,
        labels=np.ones((9, 1), np.uint8),
        test_images=images,
        test_labels=np.ones(9, int),
    )
    splits = load(path)
    assert splits.train.images.dtype == np.float32
    np.testing.assert_array_equal(splits.train.images[:, 0], images.astype(np.float32))
    np.testing.assert_array_equal(splits.train.labels, np.ones(9))


IMAGES, LABELS = toy()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": IMAGES}, "expects arrays x_train, y_train or images, labels; has none"),
        ({"images": IMAGES}, "has images"),
        ({"images": IMAGES, "labels": LABELS, "test_images": IMAGES}, "lacks test_labels"),
        (
            {"images": IMAGES.astype(int) + 1, "labels": LABELS},
            r"images expects whole numbers in 0\.\.255, has 1\.\.256",
        ),
        ({"images": IMAGES.astype(int) - 1, "labels": LABELS}, r"0\.\.255, has -1\.\.254"),
        ({"images": IMAGES + 0.5, "labels": LABELS}, r"Dataset: images of float32 expects numbers in \[0, 1\]"),
        ({"images": IMAGES * np.nan, "labels": LABELS}, r"finite numbers, has nan at index \(0, 0, 0, 0\)"),
        ({"images": IMAGES.astype(str), "labels": LABELS}, "images expects numbers, has <U"),
        ({"images": IMAGES[0], "labels": LABELS}, r"expects shape \(N, H, W\).* has \(6, 5\)"),
        ({"images": np.zeros((9, 2, 6, 5)), "labels": LABELS}, r"1 or 3 channels, has \(9, 2, 6, 5\)"),
        ({"images": IMAGES, "labels": LABELS / 1}, r"labels expects whole numbers of shape \(N,\), has float64"),
        ({"images": IMAGES, "labels": LABELS * 10**12}, "an array classes, has [0-9]+ in 20 labels"),
        ({"images": IMAGES, "labels": LABELS - 1}, "labels expects whole numbers in .*has -1 at index 0"),
        ({"images": IMAGES, "labels": LABELS[:-1]}, "labels expects one for each of the 20 images, has 19"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "at least one image"),
        ({"images": IMAGES, "labels": LABELS, "classes": np.array(["a", "b"])}, r"\(2 classes\), has 2 at index 2"),
        ({"images": IMAGES, "labels": np.array([{}] * 20)}, "cannot be read as .npz: Object arrays"),
    ],
)
def test_bad_npz(tmp_path, arrays, message):
    path = save(tmp_path / "bad.npz", **arrays)
    with pytest.raises(DataError, match=rf"bad\.npz.*{message}"):
        load(path, rng=np.random.default_rng(0))


def test_damaged_npz(tmp_path):
    path = save(tmp_path / "bad.npz", images=IMAGES, labels=LABELS)
    whole = path.read_bytes()
    for damaged in (
        b"",
        whole[: len(whole) // 2],
        b"nonsense",
        whole.replace(IMAGES.tobytes(), IMAGES[::-1].tobytes()),
    ):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"bad\.npz cannot be read as \.npz"):
            load(path)
    with path.open("wb") as file:
        np.save(file, IMAGES)
    with pytest.raises(DataError, match="holds a single array"):
        load(path)


def test_a_folder_of_idx_files(tmp_path):
    def write(name, array, compress=True):
        content = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()
        (tmp_path / (name + ".gz" * compress)).write_bytes(gzip.compress(content) if compress else content)

    write("train-images-idx3-ubyte", IMAGES)
    write("train-labels-idx1-ubyte", LABELS.astype(np.uint8), compress=False)
    write("t10k-images-idx3-ubyte", IMAGES[:8])
    with pytest.raises(DataError, match=r"lacks t10k-labels-idx1-ubyte\.gz"):
        load(tmp_path)
    write("t10k-labels-idx1-ubyte", LABELS[:8].astype(np.uint8))
    splits = load(tmp_path)
    np.testing.assert_array_equal(splits.train.images[:, 0], IMAGES)
    assert (len(splits.test), splits.test.classes) == (8, tuple("0123"))
    write("t10k-labels-idx1-ubyte", LABELS[:7].astype(np.uint8))
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz: Dataset: labels expects one for each"):
        load(tmp_path)
