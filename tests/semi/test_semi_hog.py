"""Histograms of oriented gradients beside a slow transcription of the equations, and images worked out by hand."""

import math

import numpy as np
import pytest

from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.semi import hog


def picture(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).random(shape).astype(dtype)


def slowly(image, cell, bins, block, normalization, eps):
    """One image (C, H, W), the equations one after the other."""
    channels, height, width = image.shape
    rows, columns = height // cell, width // cell
    h = np.zeros((rows, columns, bins))
    for i in range(rows * cell):
        for j in range(columns * cell):
            best = (-1.0, 0.0, 0.0)
            for c in range(channels):
                u = image[c, i, j + 1] - image[c, i, j - 1] if 0 < j < width - 1 else 0.0
                v = image[c, i + 1, j] - image[c, i - 1, j] if 0 < i < height - 1 else 0.0
                if math.hypot(u, v) > best[0]:
                    best = (math.hypot(u, v), u, v)
            m, theta = best[0], math.atan2(best[2], best[1]) % math.pi
            for b in range(bins):
                apart = abs(theta * bins / math.pi - b - 0.5) % bins
                h[i // cell, j // cell, b] += m * max(0.0, 1 - min(apart, bins - apart))
    parts = []
    for r in range(rows - block + 1):
        for c in range(columns - block + 1):
            f = h[r : r + block, c : c + block].ravel()
            y = f / math.sqrt(sum(number**2 for number in f) + eps**2)
            if normalization == "L2-Hys":
                y = np.minimum(y, 0.2)
                y = y / math.sqrt(sum(number**2 for number in y) + eps**2)
            parts.append(y)
    return np.concatenate(parts)


@pytest.mark.parametrize("normalization", ["L2", "L2-Hys"])
@pytest.mark.parametrize(
    ("shape", "cell", "bins", "block"),
    [
        ((1, 8, 8), 4, 9, 2),
        ((1, 9, 11), 3, 6, 1),
        ((3, 8, 12), 4, 8, 2),
        ((2, 7, 7), 2, 5, 3),
        ((1, 5, 5), 5, 4, 1),
        ((1, 3, 3), 1, 2, 2),
        ((1, 2, 1), 1, 9, 1),
    ],
)
def test_against_the_slow_transcription(shape, cell, bins, block, normalization):
    images = picture(3, *shape)
    features = hog(images, cell_size=cell, orientations=bins, block_size=block, normalization=normalization, eps=0.01)
    for image, y in zip(images, features, strict=True):
        np.testing.assert_allclose(y, slowly(image, cell, bins, block, normalization, 0.01), rtol=1e-10, atol=1e-12)


def votes(image, **settings):
    """The share of each orientation in an image of one cell."""
    y = hog(image[None, None], cell_size=len(image), block_size=1, normalization="L2", **settings)[0]
    return y / y.sum()


def ramp(degrees):
    """Brightness rises evenly in this direction, which is counted from the right downwards."""
    i, j = np.mgrid[:12, :12]
    light = math.cos(math.radians(degrees)) * j + math.sin(math.radians(degrees)) * i
    return (light - light.min()) / np.ptp(light)


@pytest.mark.parametrize("orientation", range(6))
def test_a_slope_through_the_middle_of_an_orientation_is_that_orientation(orientation):
    middle = (orientation + 0.5) * 30
    inner = slice(1, -1)  # at the border a difference is missing
    for turned in (middle, middle + 180):
        image = ramp(turned)
        u, v = image[inner, 2:] - image[inner, :-2], image[2:, inner] - image[:-2, inner]
        np.testing.assert_allclose(np.degrees(np.arctan2(v, u)) % 180, middle, atol=1e-9)
        shares = votes(np.pad(image, 4, mode="edge"), orientations=6)
        assert shares.argmax() == orientation


def test_votes_are_shared_out_by_nearness():
    # the gradients point right; with B orientations of 180/B degrees, 0 lies on the edge between the last and the first
    image = np.tile(np.linspace(0, 1, 8), (8, 1))
    np.testing.assert_allclose(votes(image, orientations=9), [0.5, *[0] * 7, 0.5], atol=1e-9)
    # and down: with 9 orientations 90 degrees is the middle of the fifth
    np.testing.assert_allclose(votes(image.T, orientations=9), np.eye(9)[4], atol=1e-9)
    # with 6 it lies between the third and the fourth
    np.testing.assert_allclose(votes(image.T, orientations=6), [0, 0, 0.5, 0.5, 0, 0], atol=1e-9)


def test_one_white_pixel_by_hand():
    image = np.zeros((1, 1, 5, 5))
    image[0, 0, 2, 2] = 1
    # right and left of it the gradient is horizontal, above and below vertical, each of strength 1; none elsewhere
    y = hog(image, cell_size=5, orientations=2, block_size=1, normalization="L2")
    # 0° lies between the middles 45° and 135°, and so does 90°
    np.testing.assert_allclose(y, [[math.sqrt(0.5)] * 2], rtol=1e-9)
    y = hog(image, cell_size=5, orientations=3, block_size=1, normalization="L2")
    expected = np.array([1.0, 2.0, 1.0])  # 0°: half and half to 30° and 150°; 90°: all to the middle
    np.testing.assert_allclose(y, [expected / math.sqrt(6)], rtol=1e-9)


def test_where_features_lie():
    images = np.zeros((2, 1, 28, 28), np.uint8)
    images[1, 0, 20:24, 4:8] = 255
    y = hog(images)
    assert y.shape == (2, 6 * 6 * 4 * 9)
    assert not y[0].any()
    touched = y[1].reshape(6, 6, 36).any(axis=2)
    rows, columns = touched.nonzero()
    # the pixels whose difference sees the square lie in cells 4 to 6 of 7 downwards, 0 to 2 to the right
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 5, 0, 2)


def test_brightness_and_contrast_hardly_matter_and_negatives_are_the_same():
    image = picture(1, 1, 16, 16)
    y = hog(image)
    np.testing.assert_allclose(hog(0.3 * image + 0.5), y, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(hog(1 - image), y, rtol=1e-6, atol=1e-8)


def test_l2_hys_cuts_and_normalizes_again():
    image = np.zeros((1, 1, 8, 8))
    image[..., 4:, :] = 1
    assert hog(image, cell_size=8, orientations=9, block_size=1, normalization="L2").max() == pytest.approx(1)
    y = hog(picture(1, 1, 16, 16))
    np.testing.assert_allclose(np.square(y.reshape(-1, 36)).sum(axis=1), 1, rtol=1e-6)


def test_bytes_floats_strides_and_more_images_than_a_block():
    images = np.random.default_rng(0).integers(0, 256, (1030, 1, 4, 4), np.uint8)
    y = hog(images, cell_size=2)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y[1020:], hog(images[1020:], cell_size=2))
    exact = hog(images / 255.0, cell_size=2)
    assert exact.dtype == np.float64
    # with a large ε the features, here around 0.01, grow with the light: 255 is 1
    np.testing.assert_allclose(
        hog(images, eps=9.0, block_size=1), hog(images / 255.0, eps=9.0, block_size=1), atol=1e-7
    )
    # where a gradient is nearly 0 in one direction, float32 may turn it around, which moves its vote to a neighbour
    np.testing.assert_allclose(y, exact, atol=2e-5)
    other = np.asfortranarray(images[::-1])
    other.flags.writeable = False
    np.testing.assert_array_equal(hog(other, cell_size=2), y[::-1])


@pytest.mark.parametrize(
    ("images", "settings", "error", "message"),
    [
        (np.zeros((1, 1, 8, 8), int), {}, DtypeError, "images expects an array of uint8, float32 or float64, is int64"),
        (np.zeros((1, 8, 8)), {}, ShapeError, r"images expects shape \(N, C, H, W\), has \(1, 8, 8\)"),
        (np.zeros((0, 1, 8, 8)), {}, ShapeError, "images expects at least one image"),
        (np.full((1, 1, 8, 8), 2.0), {}, RangeError, r"images of float64 expects numbers in \[0, 1\]"),
        (np.full((1, 1, 8, 8), np.nan), {}, NonFiniteError, "images expects finite numbers"),
        (np.zeros((1, 1, 8, 7)), {}, RangeError, "images expects at least 8 × 8 pixels for a block of 2 × 2 .* 8 × 7"),
        (np.zeros((1, 1, 8, 8)), {"cell_size": 0}, RangeError, "cell_size expects a whole number of at least 1, is 0"),
        (
            np.zeros((1, 1, 8, 8)),
            {"orientations": 1},
            RangeError,
            "orientations expects a whole number of at least 2, is 1",
        ),
        (np.zeros((1, 1, 8, 8)), {"block_size": 0}, RangeError, "block_size expects a whole number of at least 1"),
        (np.zeros((1, 1, 8, 8)), {"normalization": "L1"}, RangeError, "normalization expects one of L2, L2-Hys"),
        (np.zeros((1, 1, 8, 8)), {"eps": 0}, RangeError, "eps expects a finite number > 0, is 0"),
    ],
)
def test_wrong_arguments(images, settings, error, message):
    with pytest.raises(error, match=f"^hog: {message}"):
        hog(images, **settings)
