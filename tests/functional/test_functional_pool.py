"""Pooling: equation (2) of the article, gradients where no two pixels are equal and where they are, wrong settings."""

import numpy as np
import pytest
from numerical_gradients import check_gradients, numbers

from nnfromscratch.errors import RangeError, ShapeError
from nnfromscratch.functional import avg_pool2d, max_pool2d

both = pytest.mark.parametrize("op", [max_pool2d, avg_pool2d])


def distinct(*shape):
    """All different by far more than the step of a difference, in random order."""
    return np.random.default_rng(0).permutation(np.prod(shape)).reshape(shape) * 0.1 - 1.0


def test_equation_2_of_the_article():
    x = numbers(4, 5)
    y, _ = max_pool2d(x[None, None], (2, 3), stride=1)
    assert y.shape == (1, 1, 3, 3)
    for i, j in np.ndindex(3, 3):
        assert y[0, 0, i, j] == max(x[i + p, j + q] for p in range(2) for q in range(3))


def test_average_is_the_mean_of_the_window():
    x = numbers(4, 5)
    y, _ = avg_pool2d(x[None, None], (2, 3), stride=1)
    for i, j in np.ndindex(3, 3):
        assert y[0, 0, i, j] == pytest.approx(x[i : i + 2, j : j + 3].mean(), rel=1e-13)


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 2},
        {"kernel_size": (2, 3), "stride": 1},
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": (3, 2), "stride": (1, 3), "padding": ((2, 0), (1, 0))},
        {"kernel_size": 2, "padding": "same"},
    ],
)
@both
def test_gradients(op, settings):
    settings = dict(settings)
    kernel_size = settings.pop("kernel_size")
    check_gradients(lambda x: op(x, kernel_size, **settings), distinct(2, 2, 5, 4))


@both
def test_no_stride_means_windows_side_by_side(op):
    x = numbers(1, 1, 6, 6)
    np.testing.assert_array_equal(op(x, (2, 3))[0], op(x, (2, 3), stride=(2, 3))[0])
    assert op(x, (2, 3))[0].shape == (1, 1, 3, 2)


@both
def test_padding_counts_for_nothing(op):
    x = np.full((1, 1, 4, 4), -3.0)
    np.testing.assert_array_equal(op(x, 3, stride=2, padding=1)[0], np.full((1, 1, 2, 2), -3.0))
    np.testing.assert_array_equal(op(x, 3, stride=2, padding="same")[0], np.full((1, 1, 2, 2), -3.0))


def test_at_a_tie_the_first_pixel_gets_the_gradient():
    _, backward = max_pool2d(np.zeros((1, 1, 2, 4)), 2)
    np.testing.assert_array_equal(backward(np.array([[[[2.0, 3.0]]]])), [[[[2.0, 0, 3, 0], [0, 0, 0, 0]]]])


@pytest.mark.parametrize("padding", [2, (2, 0), (0, 2), ((0, 2), (0, 0)), ((0, 0), (3, 0))])
@both
def test_padding_is_less_than_the_kernel(op, padding):
    with pytest.raises(RangeError, match=rf"^{op.__name__}: padding expects less than the kernel \(2, 2\) on every si"):
        op(np.ones((1, 1, 4, 4)), 2, padding=padding)


@both
def test_settings_that_make_no_sense(op):
    x, name = np.ones((1, 1, 4, 4)), op.__name__
    for kernel_size in (0, -1, True, 1.5, (1, 2, 3), None):
        with pytest.raises(RangeError, match=f"^{name}: kernel_size expects a "):
            op(x, kernel_size)
    for stride in (0, -1, True, (1, 0)):
        with pytest.raises(RangeError, match=f"^{name}: stride expects a whole number of at least 1"):
            op(x, 2, stride=stride)
    with pytest.raises(RangeError, match=f"^{name}: padding expects a whole number of at least 0, is -1"):
        op(x, 2, padding=-1)
    with pytest.raises(ShapeError, match=f"^{name}: kernel of 5×2 expects a padded image at least as large, has 4×4"):
        op(x, (5, 2))


@both
def test_wrong_shapes(op):
    with pytest.raises(ShapeError, match=rf"^{op.__name__}: x expects shape \(N, C, H, W\), has \(4, 4\)"):
        op(np.ones((4, 4)), 2)
    for axis, shape in ((1, (1, 0, 4, 4)), (2, (1, 1, 0, 4)), (3, (1, 1, 4, 0))):
        with pytest.raises(ShapeError, match=f"^{op.__name__}: x expects at least 1 along axis {axis}, has shape"):
            op(np.ones(shape), 2)
