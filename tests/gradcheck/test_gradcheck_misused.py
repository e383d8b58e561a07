"""Another argument used the wrong way round is named, and nothing else is taken for it."""

import numpy as np
import pytest

from nnfromscratch.gradcheck import gradcheck


def diagnosis(function, *arrays):
    return gradcheck(function, *arrays, rng=np.random.default_rng(0), raise_error=False).diagnosis


def correlate(x, kernel):
    """One row of pixels under a kernel."""
    k = kernel.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(x, k, axis=1)
    y = windows @ kernel[0]

    def back(dy, kernel):
        around = np.pad(dy, ((0, 0), (k - 1, k - 1)))
        return np.lib.stride_tricks.sliding_window_view(around, k, axis=1) @ kernel[0]

    return y, lambda dy: (back(dy, kernel), (dy[:, :, None] * windows).sum(axis=(0, 1))[None])


def test_a_kernel_that_was_not_flipped():
    rng = np.random.default_rng(1)
    found = diagnosis(correlate, rng.normal(size=(3, 7)), rng.normal(size=(1, 3)))
    assert found.kind == "flipped"
    assert found.argument == "x"
    assert found.text == "The gradient of x would be right if kernel were flipped along axes 0 and 1."


def test_a_weight_that_was_not_transposed():
    def dense(x, weight):
        return x @ weight, lambda dy: (dy @ weight, x.T @ dy)

    rng = np.random.default_rng(1)
    found = diagnosis(dense, rng.normal(size=(3, 4)), rng.normal(size=(4, 4)))
    assert found.kind == "transpose"
    assert found.text == "The gradient of x would be right if weight were transposed (axes 0 and 1 exchanged)."


def test_the_grid_is_the_same_in_an_array_too_large_to_look_at_whole():
    def dense(x, weight):
        return x @ weight, lambda dy: (dy @ weight, x.T @ dy)

    rng = np.random.default_rng(1)
    assert diagnosis(dense, rng.normal(size=(90, 6)), rng.normal(size=(6, 6))).kind == "transpose"


def test_where_the_function_has_no_value_the_other_way_round_nothing_is_concluded():
    def guarded(x, weight):
        with np.errstate(invalid="ignore"):
            return x @ weight + np.sqrt(weight[0, 1]), lambda dy: (dy @ weight**2, x.T @ dy)

    rng = np.random.default_rng(1)
    weight = np.array([[1.0, 2.0], [-3.0, 4.0]])
    assert diagnosis(guarded, rng.normal(size=(4, 2)), weight).kind == "other"


@pytest.mark.parametrize("power", [2, 3])
def test_an_unrelated_gradient_stays_unrelated(power):
    def dense(x, weight):
        return x @ weight, lambda dy: (dy @ np.abs(weight.T) ** power, x.T @ dy)

    rng = np.random.default_rng(1)
    assert diagnosis(dense, rng.normal(size=(3, 4)), rng.normal(size=(4, 4))).kind == "other"
