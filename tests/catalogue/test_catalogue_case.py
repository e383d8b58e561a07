"""The tools of the catalogue: arguments, wrong functions, layers that are built for a check."""

import numpy as np
import pytest

from nnfromscratch import functional, layers
from nnfromscratch.catalogue.built import built, wrong_layer
from nnfromscratch.catalogue.case import Arguments, bound, small, values
from nnfromscratch.catalogue.mistake import wrong


def test_bound_fills_in_settings_and_draws_the_same_noise_in_every_call():
    x = np.ones((3, 4))
    dropout = bound(functional.dropout, Arguments((x,), {"rate": 0.5}, seed=3))
    first, second = dropout(x)[0], dropout(x)[0]
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, functional.dropout(x, 0.5, rng=np.random.default_rng(3))[0])
    assert dropout.__name__ == "dropout"


def test_values_come_in_all_scales_kinds_and_memory_orders():
    rng = np.random.default_rng(0)
    drawn = [values(rng, (3, 4, 5)) for _ in range(200)]
    assert {x.shape for x in drawn} == {(3, 4, 5)}
    sizes = [np.median(np.abs(x)) for x in drawn]
    assert min(s for s in sizes if s) < 1e-5
    assert max(sizes) > 1e5
    assert any((x == 0).mean() > 0.1 for x in drawn)
    assert any(len(np.unique(x)) <= 5 for x in drawn)
    assert any(np.ptp(np.log10(np.abs(x) + 1e-300)) > 8 for x in drawn)
    assert {x.flags.c_contiguous for x in drawn} == {True, False}


def test_small_lengths_reach_both_ends():
    rng = np.random.default_rng(0)
    assert {small(rng, 3) for _ in range(50)} == {1, 2, 3}


def test_a_wrong_function_replaces_only_the_gradients_that_are_named():
    rng = np.random.default_rng(0)
    x, weight, bias, dy = (rng.standard_normal(s) for s in ((4, 3), (3, 2), (2,), (4, 2)))
    y, backward = wrong(functional.dense, bias=lambda at: at.dy[0] + at.weight[0] + at.right[2])(x, weight, bias)
    right_y, right = functional.dense(x, weight, bias)
    dx, dweight, dbias = backward(dy)
    np.testing.assert_array_equal(y, right_y)
    np.testing.assert_array_equal(dx, right(dy)[0])
    np.testing.assert_array_equal(dweight, right(dy)[1])
    np.testing.assert_array_equal(dbias, dy[0] + weight[0] + right(dy)[2])


def test_a_wrong_function_sees_defaults_and_the_result():
    seen = {}

    def look(at):
        seen.update(slope=at.negative_slope, y=at.y)
        return at.right

    y, backward = wrong(functional.leaky_relu, x=look)(np.array([-1.0]))
    backward(np.ones(1))
    assert seen["slope"] == 0.2
    assert seen["y"] is y


def test_a_wrong_loss_can_be_called_without_an_argument():
    loss = wrong(functional.mean_squared_error, predictions=lambda at: 2 * at.right)
    _, backward = loss(np.array([3.0]), np.array([1.0]))
    np.testing.assert_array_equal(backward(), [8.0])


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (layers.Dense, {"in_features": 3, "out_features": 2}),
        (layers.BatchNorm, {"num_features": 3}),
        (layers.LayerNorm, {"shape": 3}),
    ],
)
def test_layers_are_built_where_nothing_hides(make, settings):
    arguments = Arguments((np.ones((2, 3)),), settings, seed=1)
    layer = built(make, arguments)
    for array in (*layer.params.values(), *layer.state.values()):
        assert (np.abs(array) >= 0.5).all()
        assert len(np.unique(np.abs(array))) == array.size
        assert array.dtype == np.float32
    again = built(make, arguments)
    for name, array in layer.params.items():
        np.testing.assert_array_equal(array, again.params[name])


def test_a_wrong_layer_keeps_its_result_parameters_and_name():
    make = wrong_layer(layers.Dense, lambda at: (at.dx * 2, at.grads))
    rng = np.random.default_rng
    layer, right = make(in_features=2, out_features=2, rng=rng(0)), layers.Dense(2, 2, rng=rng(0))
    x, dy = np.ones((1, 2), np.float32), np.ones((1, 2), np.float32)
    y, backward = layer.forward(x)
    right_y, right_backward = right.forward(x)
    np.testing.assert_array_equal(y, right_y)
    np.testing.assert_array_equal(backward(dy)[0], 2 * right_backward(dy)[0])
    np.testing.assert_array_equal(backward(dy)[1]["weight"], right_backward(dy)[1]["weight"])
    assert isinstance(layer, layers.Dense)
