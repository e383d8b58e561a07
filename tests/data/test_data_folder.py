import numpy as np
import pytest
from PIL import Image

from nnfromscratch.data import load
from nnfromscratch.data.folder import read_folder
from nnfromscratch.errors import DataError

RNG = np.random.default_rng(0)


def draw(path, shape=(6, 5), value=None, mode=None):
    pixels = RNG.integers(0, 256, shape).astype(np.uint8) if value is None else np.full(shape, value, np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path)
    return pixels


def test_a_folder_for_each_class(tmp_path):
    dog = draw(tmp_path / "dog" / "b.png")
    cat2, cat1 = draw(tmp_path / "cat" / "2.png"), draw(tmp_path / "cat" / "1.PNG")
    (tmp_path / "cat" / "notes.txt").write_text("not a picture")
    (tmp_path / "cat" / ".hidden.png").write_text("not a picture")
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").write_text("about")
    data, test = read_folder(tmp_path)
    assert test is None
    assert data.classes == ("cat", "dog")
    np.testing.assert_array_equal(data.labels, [0, 0, 1])
    np.testing.assert_array_equal(data.images[:, 0], [cat1, cat2, dog])


def test_numbers_are_ordered_by_value(tmp_path):
    for name in ("10", "2", "9", "other"):
        draw(tmp_path / name / "1.png")
    assert read_folder(tmp_path)[0].classes == ("2", "9", "10", "other")


def test_one_picture_in_colour_makes_all_three_channels(tmp_path):
    grey = draw(tmp_path / "train" / "a" / "1.png")
    assert read_folder(tmp_path)[0].image_shape == (1, 6, 5)
    draw(tmp_path / "train" / "a" / "2.png", mode="RGB")  # grey, though kept as RGB
    assert read_folder(tmp_path)[0].image_shape == (1, 6, 5)
    colour = draw(tmp_path / "test" / "a" / "1.png", (6, 5, 3))
    train, test = read_folder(tmp_path)
    assert train.image_shape == test.image_shape == (3, 6, 5)
    np.testing.assert_array_equal(train.images[0], [grey] * 3)
    np.testing.assert_array_equal(test.images[0], colour.transpose(2, 0, 1))


def test_train_and_test_are_kept_apart(tmp_path):
    for part, n in (("train", 3), ("test", 2)):
        for name in ("cat", "dog"):
            for k in range(n):
                draw(tmp_path / part / name / f"{k}.png", value=10 * n + k)
    splits = load(tmp_path)
    assert (len(splits.train), len(splits.test)) == (6, 4)
    assert set(np.unique(splits.train.images)) == {30, 31, 32}
    assert set(np.unique(splits.test.images)) == {20, 21}


def test_without_a_test_part_one_is_drawn(tmp_path):
    for name in ("cat", "dog"):
        for k in range(10):
            draw(tmp_path / name / f"{k}.png", value=k)
    splits = load(str(tmp_path), validation=4, rng=np.random.default_rng(0))
    assert [list(part.class_counts) for part in (splits.train, splits.validation, splits.test)] == [
        [6, 6],
        [2, 2],
        [2, 2],
    ]


def test_pictures_of_different_sizes(tmp_path):
    draw(tmp_path / "cat" / "1.png", (6, 5), value=7)
    draw(tmp_path / "dog" / "1.png", (8, 9), value=9)
    with pytest.raises(DataError, match=r"dog/1\.png is 8 pixels high and 9 wide, .*cat/1\.png 6 and 5: give size="):
        read_folder(tmp_path)
    data, _ = read_folder(tmp_path, size=(4, 3))
    assert data.image_shape == (1, 4, 3)
    assert [int(image.mean()) for image in data.images] == [7, 9]


def test_train_and_test_have_one_size(tmp_path):
    draw(tmp_path / "train" / "a" / "1.png", (6, 5))
    draw(tmp_path / "test" / "a" / "1.png", (8, 9))
    with pytest.raises(DataError, match=r"test has pictures 8 pixels high and 9 wide, those of train are 6 and 5"):
        read_folder(tmp_path)


def broken(tmp_path):
    draw(tmp_path / "cat" / "1.png")
    path = tmp_path / "cat" / "2.png"
    draw(path, (60, 50))
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: None, "expects a folder of pictures for each class, has no folders"),
        (lambda p: draw(p / "1.png"), "has no folders"),
        (lambda p: (draw(p / "cat" / "1.png"), (p / "dog").mkdir()), r"dog expects pictures \(.*\.png.*\), has none"),
        (
            lambda p: ((p / "cat").mkdir(), (p / "cat" / "1.png").write_text("x")),
            r"cat/1\.png cannot be read as a picture",
        ),
        (broken, r"cat/2\.png cannot be read as a picture: .*truncated"),
        (
            lambda p: (draw(p / "train" / "cat" / "1.png"), draw(p / "test" / "dog" / "1.png")),
            r"test expects the classes of train \(cat\), has dog",
        ),
        (
            lambda p: (draw(p / "train" / "cat" / "1.png"), draw(p / "val" / "cat" / "1.png")),
            "expects only test beside train, has val",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(DataError, match=message):
        read_folder(tmp_path)


def test_not_a_folder(tmp_path):
    with pytest.raises(DataError, match="nothing does not exist"):
        read_folder(tmp_path / "nothing")
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="file is not a folder"):
        read_folder(tmp_path / "file")
