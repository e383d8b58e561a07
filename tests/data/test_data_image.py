import numpy as np
import pytest
from PIL import Image

from nnfromscratch.data import load, read_digit, read_image
from nnfromscratch.data.image import read_pixels
from nnfromscratch.errors import DataError, RangeError

HOW_MANY = 30
INK, GROUND = np.array([200, 30, 60]), np.array([20, 30, 90])  # of the same green


@pytest.fixture(scope="module")
def digits():
    return load("mnist").test.images[:HOW_MANY, 0]


def enlarge(pixels, factor, how=Image.Resampling.BICUBIC):
    return Image.fromarray(pixels).resize((pixels.shape[1] * factor, pixels.shape[0] * factor), how)


def coloured(digit):
    share = np.asarray(enlarge(digit, 7), np.float64)[..., None] / 255
    return Image.fromarray((INK * share + GROUND * (1 - share)).astype(np.uint8))


def off_centre(digit):
    page = np.full((200, 300), 255, np.uint8)
    page[70:182, 20:132] = 255 - np.asarray(enlarge(digit, 4))
    return Image.fromarray(page)


def cut(digit):
    page = np.asarray(enlarge(digit, 8))
    rows, columns = (np.flatnonzero((page > 50).any(axis=axis)) for axis in (1, 0))
    return Image.fromarray(page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def noisy(digit):
    page = 230 - 0.8 * np.asarray(enlarge(digit, 10), np.float64)
    return Image.fromarray(np.clip(page + np.random.default_rng(0).normal(0, 8, page.shape), 0, 255).astype(np.uint8))


def ink_on_glass(digit, value):
    alpha = np.asarray(enlarge(digit, 6))
    return Image.fromarray(np.stack([np.full_like(alpha, value)] * 3 + [alpha], axis=2))


# How a digit is drawn, the file it goes to, and the mean difference that is allowed, as a part of the digit's ink.
WAYS = {
    "as it is": (Image.fromarray, "png", 0.02),
    "dark on light": (lambda digit: Image.fromarray(255 - digit), "png", 0.02),
    "larger": (lambda digit: enlarge(digit, 10, Image.Resampling.NEAREST), "png", 0.1),
    "twice": (lambda digit: enlarge(digit, 2, Image.Resampling.NEAREST), "png", 0.1),
    "larger and softer": (lambda digit: enlarge(digit, 10), "png", 0.3),
    "much larger": (lambda digit: enlarge(digit, 23), "png", 0.3),
    "off the centre": (off_centre, "png", 0.3),
    "cut to the edge": (cut, "png", 0.3),
    "noise": (noisy, "png", 0.3),
    "bitmap": (lambda digit: enlarge(digit, 10).convert("1"), "png", 0.3),
    "palette": (lambda digit: enlarge(255 - digit, 10).convert("P"), "gif", 0.3),
    "16 bits": (lambda digit: Image.fromarray(np.asarray(enlarge(digit, 10)).astype(np.uint16) * 257), "png", 0.3),
    "colours": (coloured, "png", 0.3),
    "colours, JPEG": (coloured, "jpg", 0.3),
    "black on glass": (lambda digit: ink_on_glass(digit, 0), "png", 0.3),
    "white on glass": (lambda digit: ink_on_glass(digit, 255), "png", 0.3),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_digit_comes_back_however_it_was_drawn(tmp_path, digits, way):
    draw, suffix, allowed = WAYS[way]
    read = []
    for k, digit in enumerate(digits):
        path = tmp_path / f"{k}.{suffix}"
        draw(digit).save(path)
        read.append(read_digit(path))
    x, originals = np.concatenate(read), digits[:, None] / 255
    assert x.shape == (HOW_MANY, 1, 28, 28)
    assert x.dtype == np.float32
    assert x.min() >= 0
    np.testing.assert_array_equal(x.max(axis=(1, 2, 3)), 1)
    difference = np.abs(x - originals).sum(axis=(1, 2, 3)) / originals.sum(axis=(1, 2, 3))
    assert difference.mean() < allowed
    # And each resembles its own original more than any other: cosine of the angle between them.
    a, b = (
        part.reshape(HOW_MANY, -1) / np.linalg.norm(part.reshape(HOW_MANY, -1), axis=1)[:, None]
        for part in (x, originals)
    )
    assert ((a @ b.T).argmax(axis=1) == np.arange(HOW_MANY)).mean() > 0.95


def test_the_figure_fits_the_box_and_its_mass_lies_in_the_middle(tmp_path):
    page = np.full((300, 200), 255, np.uint8)
    page[20:220, 30:80] = 0
    page[180:220, 30:150] = 0  # an L
    Image.fromarray(page).save(tmp_path / "l.png")
    digit = read_digit(tmp_path / "l.png")[0, 0]
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    assert (len(rows), len(columns)) == (20, 12)  # 200 × 120, in proportion
    for axis in (0, 1):
        assert abs(digit.sum(axis=1 - axis) @ np.arange(28) / digit.sum() - 14) <= 0.5
    larger = read_digit(tmp_path / "l.png", size=40, box=40)[0, 0]
    assert larger.shape == (40, 40)
    assert len(np.flatnonzero(larger.any(axis=1))) == 40


def test_a_thin_line(tmp_path):
    page = np.full((500, 500), 255, np.uint8)
    page[50:450, 250] = 0
    Image.fromarray(page).save(tmp_path / "1.png")
    digit = read_digit(tmp_path / "1.png")[0, 0]
    assert digit.max() == 1
    assert np.flatnonzero(digit.any(axis=1)).tolist() == list(range(4, 24))
    assert np.flatnonzero(digit.any(axis=0)).tolist() == [14]


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_page_shows_nothing(tmp_path, value):
    path = tmp_path / "page.png"
    Image.fromarray(np.full((50, 40), value, np.uint8)).save(path)
    with pytest.raises(DataError, match=r"page\.png shows nothing"):
        read_digit(path)
    Image.fromarray(np.clip(value + np.random.default_rng(0).normal(0, 12, (50, 40)), 0, 255).astype(np.uint8)).save(
        path
    )
    with pytest.raises(DataError, match="shows nothing"):
        read_digit(path)


def test_one_pixel(tmp_path):
    Image.fromarray(np.zeros((1, 1), np.uint8)).save(tmp_path / "dot.png")
    with pytest.raises(DataError, match="shows nothing"):
        read_digit(tmp_path / "dot.png")


def test_a_picture_lies_as_its_camera_noted(tmp_path, digits):
    """EXIF orientation 6: the camera was held so that the picture must be turned clockwise to be seen upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = enlarge(digits[0], 8)
    upright.rotate(90, expand=True).save(tmp_path / "turned.png", exif=exif)
    upright.save(tmp_path / "upright.png")
    np.testing.assert_array_equal(read_digit(tmp_path / "turned.png"), read_digit(tmp_path / "upright.png"))
    np.testing.assert_array_equal(read_pixels(tmp_path / "turned.png"), read_pixels(tmp_path / "upright.png"))


def test_read_image_in_colour_and_grey(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    x = read_image(tmp_path / "a.png", (3, 7, 9))
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x[0], (pixels.transpose(2, 0, 1) / 255).astype(np.float32))
    grey = read_image(tmp_path / "a.png", (1, 7, 9))
    np.testing.assert_allclose(grey[0, 0] * 255, pixels @ [0.299, 0.587, 0.114], rtol=0, atol=0.51)
    assert read_image(tmp_path / "a.png", (3, 4, 5)).shape == (1, 3, 4, 5)


def test_read_image_resizes_height_and_width(tmp_path):
    pixels = np.zeros((40, 20), np.uint8)
    pixels[20:] = 200
    Image.fromarray(pixels).save(tmp_path / "a.png")
    x = read_image(tmp_path / "a.png", (1, 8, 6))[0, 0] * 255
    assert x.shape == (8, 6)
    np.testing.assert_allclose(x[[0, 7]], [[0] * 6, [200] * 6], atol=1e-4)


def test_transparent_parts_are_white(tmp_path):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = [255, 0, 0, 255]
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_pixels(tmp_path / "a.png"), [[[255, 0, 0], [255] * 3], [[255] * 3] * 2])


def test_sixteen_bits_become_eight(tmp_path):
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_pixels(tmp_path / "a.png")[0, :, 0], [0, 1, 128, 255])


@pytest.mark.parametrize("read", [read_digit, read_pixels, lambda path: read_image(path, (1, 28, 28))])
def test_what_is_no_picture(tmp_path, read):
    with pytest.raises(DataError, match=r"nothing\.png does not exist"):
        read(tmp_path / "nothing.png")
    with pytest.raises(DataError, match="is a folder, not a picture"):
        read(tmp_path)
    path = tmp_path / "bad.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50)).astype(np.uint8)).save(path)
    whole = path.read_bytes()
    for content in (b"", b"text", whole[:100], whole[:60] + b"\0\0" + whole[62:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"bad\.png cannot be read as a picture"):
            read(path)


def test_settings_that_make_no_sense(tmp_path):
    with pytest.raises(RangeError, match="1 or 3 channels"):
        read_image(tmp_path / "a.png", (2, 8, 8))
    with pytest.raises(RangeError, match="box expects at most size = 28, is 29"):
        read_digit(tmp_path / "a.png", box=29)
