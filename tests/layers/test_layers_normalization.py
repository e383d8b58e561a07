"""Batch normalization's memory: closed forms of the running statistics, and evaluation by them."""

import numpy as np
import pytest
from layer_cases import rng

from nnfromscratch import functional
from nnfromscratch.layers import BatchNorm, LayerNorm


@pytest.mark.parametrize("shape", [(5, 2), (4, 2, 3, 3), (2, 2)])
@pytest.mark.parametrize("momentum", [0.1, 0.25, 0.0, 1.0])
def test_running_statistics_in_closed_form(shape, momentum):
    layer = BatchNorm(2, momentum=momentum, dtype=np.float64)
    means, variances = [], []
    for seed in range(4):
        x = rng(seed).standard_normal(shape) * 2 + seed
        layer.forward(x)
        means.append(x.mean(axis=(0, 2, 3)[: x.ndim - 1]))
        variances.append(x.var(axis=(0, 2, 3)[: x.ndim - 1], ddof=1))  # unbiased: M − 1 in the denominator
    weights = [momentum * (1 - momentum) ** (3 - t) for t in range(4)]
    mean = sum(w * m for w, m in zip(weights, means, strict=True))
    variance = (1 - momentum) ** 4 + sum(w * v for w, v in zip(weights, variances, strict=True))
    np.testing.assert_allclose(layer.state["running_mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(layer.state["running_variance"], variance, rtol=1e-12)


def test_statistics_stay_float32():
    layer = BatchNorm(2)
    layer.forward(rng().standard_normal((5, 2), np.float32))
    assert {value.dtype for value in layer.state.values()} == {np.dtype(np.float32)}


def test_evaluation_normalizes_by_what_is_remembered():
    layer = BatchNorm(2, eps=0.5, dtype=np.float64)
    layer.state["running_mean"], layer.state["running_variance"] = np.array([1.0, -2.0]), np.array([4.0, 9.0])
    layer.params["weight"], layer.params["bias"] = np.array([3.0, 5.0]), np.array([0.5, 0.25])
    x = rng().standard_normal((1, 2))
    y, backward = layer.forward(x, training=False)
    np.testing.assert_allclose(y, (x - [1, -2]) / np.sqrt([4.5, 9.5]) * [3, 5] + [0.5, 0.25], rtol=1e-13)
    dx, _ = backward(np.ones_like(y))
    np.testing.assert_allclose(dx[0], [3, 5] / np.sqrt([4.5, 9.5]), rtol=1e-13)  # the statistics are constants


def test_a_backward_in_evaluation_uses_the_statistics_of_its_forward():
    layer = BatchNorm(2, dtype=np.float64)
    x = rng().standard_normal((6, 2))
    y, backward = layer.forward(x, training=False)
    before, _ = backward(np.ones_like(y))
    layer.forward(x * 100)
    np.testing.assert_array_equal(backward(np.ones_like(y))[0], before)


def test_a_batch_that_is_refused_leaves_no_trace():
    layer = BatchNorm(2)
    before = {key: value.copy() for key, value in layer.state.items()}
    for x in (np.ones((1, 2), np.float32), np.ones((4, 3), np.float32), np.ones((4, 2))):
        with pytest.raises((ValueError, TypeError), match="batch_norm"):
            layer.forward(x)
    for key, value in layer.state.items():
        np.testing.assert_array_equal(value, before[key])


def test_layer_norm_over_one_axis_or_several():
    x = rng().standard_normal((3, 4, 5)).astype(np.float32)
    for shape in (5, (5,), [4, 5]):
        layer = LayerNorm(shape, eps=0.25)
        ones = np.ones(shape, np.float32)
        np.testing.assert_array_equal(layer.forward(x)[0], functional.layer_norm(x, ones, 0 * ones, eps=0.25)[0])
