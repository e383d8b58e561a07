"""Noise layers: a stream of their own, still in evaluation, the same again from a saved state."""

import numpy as np
import pytest
from layer_cases import rng

from nnfromscratch.layers import Dropout, GaussianNoise, Sequential

both = pytest.mark.parametrize("make", [lambda g: Dropout(0.5, rng=g), lambda g: GaussianNoise(0.5, rng=g)])
X = np.ones((4, 8), np.float32)


@both
def test_two_layers_from_one_generator_draw_differently(make):
    generator = rng()
    first, second = make(generator), make(generator)
    assert (first.forward(X)[0] != second.forward(X)[0]).any()
    np.testing.assert_array_equal(make(rng()).forward(X)[0], make(rng()).forward(X)[0])


@both
def test_every_forward_draws_anew_and_leaves_the_given_generator_alone(make):
    generator = rng()
    layer = make(generator)
    before = generator.bit_generator.state
    assert (layer.forward(X)[0] != layer.forward(X)[0]).any()
    assert generator.bit_generator.state == before


@both
def test_evaluation_passes_everything_on(make):
    layer = make(rng())
    y, backward = layer.forward(X, training=False)
    np.testing.assert_array_equal(y, X)
    np.testing.assert_array_equal(backward(2 * X)[0], 2 * X)
    assert backward(X)[1] == {}
    assert backward(X, wrt=("params",)) == (None, {})


@both
def test_a_saved_state_draws_the_same_again(make, tmp_path):
    network = Sequential(make(rng()), make(rng(1)))
    network.forward(X)
    network.save(tmp_path / "noise.npz")
    expected = network.forward(X)[0]
    assert (network.forward(X)[0] != expected).any()
    network.load(tmp_path / "noise.npz")
    np.testing.assert_array_equal(network.forward(X)[0], expected)
    other = Sequential(make(rng(7)), make(rng(8)))
    other.load(tmp_path / "noise.npz")
    np.testing.assert_array_equal(other.forward(X)[0], expected)
