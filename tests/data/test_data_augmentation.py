import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfromscratch.data.augmentation import Augmentation, warp
from nnfromscratch.errors import DtypeError, RangeError, ShapeError

IDENTITY = np.eye(2)[None]


def slow_warp(images, matrix, shift):
    """The equation of `warp`, a pixel at a time, in float64."""
    N, _, H, W = images.shape
    centre = np.array([(H - 1) / 2, (W - 1) / 2])
    out = np.zeros(images.shape)
    for n in range(N):
        for p in np.ndindex(H, W):
            q = np.linalg.solve(matrix[n], p - centre - shift[n]) + centre
            i, j = np.floor(q).astype(int)
            u, v = q - np.floor(q)
            for row, column, share in [
                (i, j, (1 - u) * (1 - v)),
                (i, j + 1, (1 - u) * v),
                (i + 1, j, u * (1 - v)),
                (i + 1, j + 1, u * v),
            ]:
                if 0 <= row < H and 0 <= column < W:
                    out[(n, slice(None), *p)] += share * images[n, :, row, column]
    return out


def batch(shape=(3, 1, 6, 7), dtype=np.float64, seed=0):
    return np.random.default_rng(seed).random(shape).astype(dtype)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)),
    wide=st.floats(0.1, 8),
    seed=st.integers(0, 2**32),
)
def test_warp_is_the_equation(shape, wide, seed):
    rng = np.random.default_rng(seed)
    images = rng.random(shape)
    matrix = np.eye(2) + rng.uniform(-0.4, 0.4, (shape[0], 2, 2))
    shift = rng.uniform(-wide, wide, (shape[0], 2))
    np.testing.assert_allclose(warp(images, matrix, shift), slow_warp(images, matrix, shift), rtol=0, atol=1e-10)


def test_float32_stays_float32_and_near_float64():
    images = batch((4, 3, 28, 28), np.float32)
    rng = np.random.default_rng(1)
    matrix, shift = np.eye(2) + rng.uniform(-0.2, 0.2, (4, 2, 2)), rng.uniform(-3, 3, (4, 2))
    warped = warp(images, matrix, shift)
    assert warped.dtype == np.float32
    # Coordinates up to 30 are known to 2e-6 in float32, and a coordinate moves the value by at most the contrast, 1.
    np.testing.assert_allclose(warped, slow_warp(images, matrix, shift), rtol=0, atol=2e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (2, 3, 5, 8)])
def test_a_shift_by_whole_pixels_is_exact(dtype, shape):
    images = batch(shape, dtype)
    for down, right in [(0, 0), (1, 0), (-2, 3), (0, -1), (shape[2], 0), (0, 100)]:
        expected = np.zeros_like(images)
        for n, c, i, j in np.ndindex(shape):
            if 0 <= i - down < shape[2] and 0 <= j - right < shape[3]:
                expected[n, c, i, j] = images[n, c, i - down, j - right]
        np.testing.assert_array_equal(warp(images, np.repeat(IDENTITY, 2, 0), np.tile([down, right], (2, 1))), expected)


def test_a_quarter_turn_goes_against_the_clock():
    """A = [0 −1; 1 0] takes (row, column) offsets (0, 1), to the right, to (−1, 0): up."""
    images = batch((1, 2, 5, 5))
    turned = warp(images, np.array([[[0.0, -1.0], [1.0, 0.0]]]), np.zeros((1, 2)))
    np.testing.assert_allclose(turned, np.rot90(images, axes=(2, 3)), rtol=0, atol=1e-12)


def test_each_image_has_its_own_map():
    images = batch((2, 1, 6, 6))
    warped = warp(images, np.repeat(IDENTITY, 2, 0), np.array([[1, 0], [0, 2]]))
    np.testing.assert_array_equal(warped[0, 0, 1:], images[0, 0, :-1])
    np.testing.assert_array_equal(warped[1, 0, :, 2:], images[1, 0, :, :-2])


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 1, 3, 0), (3, 2, 1, 0)])
def test_any_memory_order_comes_in_and_the_batch_last_order_goes_out(order):
    images = batch((4, 3, 6, 7), np.float32)
    given_order = np.ascontiguousarray(images.transpose(order)).transpose(np.argsort(order))
    given_order.flags.writeable = False
    changed = Augmentation()(given_order, np.random.default_rng(0))
    np.testing.assert_array_equal(changed, Augmentation()(images, np.random.default_rng(0)))
    assert changed.transpose(2, 1, 3, 0).flags.c_contiguous
    assert not np.shares_memory(changed, given_order)


def test_with_all_settings_zero_the_images_come_back():
    images = batch((5, 3, 28, 27), np.float32)
    same = Augmentation(shift=0, rotation=0, scale=0, shear=0)(images, np.random.default_rng(0))
    assert same.tobytes() == images.tobytes()


def measured_maps(augmentation, n=600):
    """A and t of many random maps, read off three points: dots are sharp enough to be found again by centre of mass."""
    size, offset = 61, 15
    places = np.array([[0, 0], [offset, 0], [0, offset]])
    found = []
    for row, column in places:
        images = np.zeros((1, 1, size, size))
        images[0, 0, size // 2 + row, size // 2 + column] = 1
        warped = augmentation(np.repeat(images, n, axis=0), np.random.default_rng(0))[:, 0]
        grid = np.arange(size) - size // 2
        mass = warped.sum(axis=(1, 2))
        found.append(np.stack([warped.sum(axis=2) @ grid, warped.sum(axis=1) @ grid], axis=1) / mass[:, None])
    shift = found[0]
    matrix = np.stack([(found[1] - shift) / offset, (found[2] - shift) / offset], axis=2)
    return matrix, shift


def test_shift_is_evenly_distributed_within_its_bounds():
    _, shift = measured_maps(Augmentation(shift=4, rotation=0, scale=0, shear=0))
    assert np.abs(shift).max() <= 4 + 1e-9
    assert np.abs(shift).max() > 3.95
    np.testing.assert_allclose(shift.std(axis=0), 4 / np.sqrt(3), rtol=0.05)
    np.testing.assert_allclose(shift.mean(axis=0), 0, atol=4 * 4 / np.sqrt(3 * 600))
    assert abs(np.corrcoef(shift.T)[0, 1]) < 0.1


# A dot that is turned or scaled is interpolated, and its centre of mass is known to a few hundredths of a pixel of 15.
NEAR = 0.02


def test_rotation_is_in_degrees():
    matrix, shift = measured_maps(Augmentation(shift=0, rotation=30, scale=0, shear=0))
    angle = np.rad2deg(np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0]))
    assert 29 < np.abs(angle).max() < 30 + 1.5
    np.testing.assert_allclose(angle.std(), 30 / np.sqrt(3), rtol=0.06)
    np.testing.assert_allclose(np.linalg.det(matrix), 1, atol=2 * NEAR)
    np.testing.assert_allclose(shift, 0, atol=0.3)


def test_scale_is_a_part_of_one():
    matrix, _ = measured_maps(Augmentation(shift=0, rotation=0, scale=0.3, shear=0))
    np.testing.assert_allclose(matrix[:, 0, 0], matrix[:, 1, 1], atol=2 * NEAR)
    np.testing.assert_allclose(matrix[:, [0, 1], [1, 0]], 0, atol=NEAR)
    assert 0.7 - NEAR < matrix[:, 0, 0].min() < 0.72
    assert 1.28 < matrix[:, 0, 0].max() < 1.3 + NEAR


def test_shear_slants_the_columns():
    matrix, _ = measured_maps(Augmentation(shift=0, rotation=0, scale=0, shear=0.4))
    np.testing.assert_allclose(matrix[:, [0, 1], [0, 1]], 1, atol=NEAR)
    np.testing.assert_allclose(matrix[:, 0, 1], 0, atol=NEAR)
    slant = matrix[:, 1, 0]
    assert 0.38 < np.abs(slant).max() < 0.4 + NEAR
    assert abs(slant.mean()) < 0.04


def test_the_map_is_scale_times_rotation_times_shear():
    """A = s·R·K: its second column is s·(−sin α, cos α), and what is left after turning it back is s·[1 0; k 1]."""
    matrix, _ = measured_maps(Augmentation(shift=0, rotation=40, scale=0.2, shear=0.4))
    scale = np.hypot(matrix[:, 0, 1], matrix[:, 1, 1])
    sine, cosine = -matrix[:, 0, 1] / scale, matrix[:, 1, 1] / scale
    assert scale.std() > 0.1
    assert sine.std() > 0.3
    back = np.stack([cosine, sine, -sine, cosine], axis=1).reshape(-1, 2, 2) @ matrix / scale[:, None, None]
    np.testing.assert_allclose(back[:, 0, 0], 1, atol=3 * NEAR)
    np.testing.assert_allclose(back[:, 0, 1], 0, atol=1e-9)
    np.testing.assert_allclose(back[:, 1, 1], 1, atol=1e-9)
    assert 0.35 < np.abs(back[:, 1, 0]).max() < 0.4 + 3 * NEAR


def test_the_changes_follow_the_generator_and_differ_between_images():
    images = np.repeat(batch((1, 1, 12, 12), np.float32), 6, axis=0)
    first = Augmentation()(images, np.random.default_rng(0))
    np.testing.assert_array_equal(first, Augmentation()(images, np.random.default_rng(0)))
    assert len({image.tobytes() for image in first}) == 6
    assert not np.array_equal(first, Augmentation()(images, np.random.default_rng(1)))


def test_values_stay_between_those_of_the_image_and_zero():
    changed = Augmentation(shift=9, rotation=180, scale=0.9, shear=2)(
        batch((200, 1, 9, 9), np.float32), np.random.default_rng(0)
    )
    assert changed.min() >= -1e-6
    assert changed.max() <= 1 + 1e-6
    assert np.isfinite(changed).all()


def test_an_empty_batch_stays_empty():
    assert Augmentation()(np.zeros((0, 1, 4, 4), np.float32), np.random.default_rng(0)).shape == (0, 1, 4, 4)


@pytest.mark.parametrize(
    "settings", [{"shift": -1}, {"rotation": -1}, {"rotation": 181}, {"scale": 1}, {"scale": -0.1}, {"shear": np.nan}]
)
def test_settings_that_make_no_sense(settings):
    with pytest.raises(RangeError, match=f"Augmentation: {next(iter(settings))} expects a finite number"):
        Augmentation(**settings)


def test_bad_arguments():
    images = batch()
    three = np.repeat(IDENTITY, 3, 0)
    with pytest.raises(DtypeError, match="warp: images expects float32 or float64, has uint8"):
        warp(np.zeros((3, 1, 4, 4), np.uint8), three, np.zeros((3, 2)))
    with pytest.raises(ShapeError, match=r"Augmentation: images expects shape \(N, C, H, W\), has \(28, 28\)"):
        Augmentation()(np.zeros((28, 28), np.float32), np.random.default_rng(0))
    with pytest.raises(ShapeError, match=r"warp: matrix expects shape \(3, 2, 2\), has \(1, 2, 2\)"):
        warp(images, IDENTITY, np.zeros((3, 2)))
    with pytest.raises(ShapeError, match=r"warp: shift expects shape \(3, 2\), has \(2,\)"):
        warp(images, three, np.zeros(2))
    with pytest.raises(ShapeError, match="at least 1 along axis 2"):
        warp(np.zeros((3, 1, 0, 4)), three, np.zeros((3, 2)))
    for matrix, shift in [
        (np.zeros((3, 2, 2)), np.zeros((3, 2))),
        (three * np.nan, np.zeros((3, 2))),
        (three, np.full((3, 2), np.inf)),
    ]:
        with pytest.raises(RangeError, match="finite numbers, and matrices that have an inverse"):
            warp(images, matrix, shift)
    with pytest.raises(DtypeError, match="rng expects"):
        Augmentation()(images, None)
