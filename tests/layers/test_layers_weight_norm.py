"""WeightNorm: direction and length as parameters, a gain that may be fixed, and a start chosen by the data."""

import numpy as np
import pytest
from layer_cases import rng, snapshot

from nnfromscratch.errors import NonFiniteError, RangeError, ShapeError, StaleBackwardError
from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    GaussianNoise,
    ReLU,
    Sequential,
    WeightNorm,
    initialize_from_data,
)
from nnfromscratch.optimizers import SGD, Adam

KINDS = {
    "Dense": (lambda **s: Dense(5, 4, rng=rng(), dtype=np.float64, **s), (30, 5), lambda w: w.T),
    "Conv2d": (
        lambda **s: Conv2d(2, 3, 3, stride=2, padding=1, rng=rng(), dtype=np.float64, **s),
        (6, 2, 5, 5),
        lambda w: w.reshape(3, -1),
    ),
    "ConvTranspose2d": (
        lambda **s: ConvTranspose2d(2, 3, 2, stride=2, rng=rng(), dtype=np.float64, **s),
        (6, 2, 3, 3),
        lambda w: w.transpose(1, 0, 2, 3).reshape(3, -1),
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def setting(kind, **settings):
    make, shape, rows = KINDS[kind]
    layer = WeightNorm(make(), **settings)
    layer.params["bias"] += rng(2).standard_normal(layer.params["bias"].shape)
    return layer, rng(3).standard_normal(shape), rows


@every_kind
def test_wrapping_a_layer_changes_no_result(kind):
    plain, x = KINDS[kind][0](), rng(3).standard_normal(KINDS[kind][1])
    y, _ = WeightNorm(plain).forward(x)
    np.testing.assert_array_equal(y, plain.forward(x)[0])


@every_kind
@pytest.mark.parametrize("learn_gain", [True, False])
def test_the_weight_has_the_direction_of_v_and_the_length_g(kind, learn_gain):
    layer, x, rows = setting(kind, learn_gain=learn_gain)
    gain = rng(5).uniform(0.5, 2, len(rows(layer.params["v"])))
    (layer.params if learn_gain else layer.state)["g"] = gain
    plain = KINDS[kind][0]()
    plain.params["bias"] = layer.params["bias"]
    rows(plain.params["weight"])[:] = gain[:, None] * (
        rows(layer.params["v"]) / np.linalg.norm(rows(layer.params["v"]), axis=1, keepdims=True)
    )
    if kind == "ConvTranspose2d":  # whose rows are a copy
        v = layer.params["v"]
        plain.params["weight"] = v * (gain / np.sqrt((v**2).sum(axis=(0, 2, 3))))[:, None, None]
    np.testing.assert_allclose(layer.forward(x)[0], plain.forward(x)[0], rtol=1e-12, atol=1e-12)


@every_kind
@pytest.mark.parametrize("learn_gain", [True, False])
def test_gradients(kind, learn_gain):
    layer, x, _ = setting(kind, learn_gain=learn_gain)
    if learn_gain:
        layer.params["g"] *= 1.3  # as it starts, g is the length of v
    gradcheck(layer, x[:3], rng=rng(5))


def test_a_fixed_gain_is_state_that_no_optimizer_sees():
    network = Sequential(WeightNorm(Dense(5, 4, rng=rng()), learn_gain=False), ReLU())
    assert list(network.params) == ["0.v", "0.bias"]
    assert list(network.state) == ["0.g"]
    gain = network.state["0.g"].copy()
    y, backward = network.forward(np.ones((2, 5), np.float32))
    Adam(0.1).step(network.params, backward(np.ones_like(y))[1])
    np.testing.assert_array_equal(network.state["0.g"], gain)
    learned = Sequential(WeightNorm(Dense(5, 4, bias=False, rng=rng())))
    assert list(learned.params) == ["0.v", "0.g"]
    assert list(learned.state) == []


def test_it_says_what_it_wraps():
    assert repr(WeightNorm(Conv2d(1, 2, 3, rng=rng()))) == "WeightNorm(Conv2d(1, 2, 3×3))"


def test_the_wrapped_layer_is_left_alone_and_an_update_makes_backward_stale():
    inner = Dense(5, 4, rng=rng())
    before = snapshot(inner.params)
    network = Sequential(WeightNorm(inner), ReLU())
    y, backward = network.forward(np.ones((2, 5), np.float32))
    SGD(0.1).step(network.params, backward(np.ones_like(y))[1])
    assert snapshot(inner.params) == before
    with pytest.raises(StaleBackwardError, match=r"^WeightNorm: "):
        backward(np.ones_like(y))


def test_steps_along_the_gradient_only_lengthen_v():
    # the gradient is at right angles to v: Pythagoras
    layer, x, rows = setting("Dense")
    for _ in range(5):
        before = np.linalg.norm(rows(layer.params["v"]), axis=1)
        y, backward = layer.forward(x)
        SGD(0.5).step(layer.params, backward(y)[1])
        assert (np.linalg.norm(rows(layer.params["v"]), axis=1) > before).all()


def test_float32_stays_and_no_bias_has_no_gradient():
    layer = WeightNorm(Conv2d(1, 2, 3, bias=False, rng=rng()))
    y, backward = layer.forward(np.ones((2, 1, 4, 4), np.float32))
    dx, grads = backward(np.ones_like(y), wrt=("params",))
    assert dx is None
    assert {name: g.dtype for name, g in grads.items()} == {"v": np.float32, "g": np.float32}
    assert y.dtype == np.float32


@pytest.mark.parametrize("learn_gain", [True, False])
def test_a_saved_layer_computes_the_same_bits(tmp_path, learn_gain):
    one, x, _ = setting("Conv2d", learn_gain=learn_gain)
    initialize_from_data(one, x)
    one.save(tmp_path / "layer.npz")
    other = WeightNorm(KINDS["Conv2d"][0](), learn_gain=learn_gain)
    other.load(tmp_path / "layer.npz")
    np.testing.assert_array_equal(one.forward(x)[0], other.forward(x)[0])


# --- the start chosen by the data


@every_kind
@pytest.mark.parametrize("learn_gain", [True, False])
def test_results_are_standardized(kind, learn_gain):
    layer, x, _ = setting(kind, learn_gain=learn_gain)
    v = layer.params["v"].copy()
    initialize_from_data(layer, 3 * x + 1)
    y = layer.predict(3 * x + 1)
    everywhere = (0, *range(2, y.ndim))
    np.testing.assert_allclose(y.mean(axis=everywhere), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=everywhere), 1, rtol=1e-12)
    np.testing.assert_array_equal(layer.params["v"], v)


def test_gain_and_bias_are_those_of_the_paper():
    layer, x, _ = setting("Dense")
    t = x @ (layer.params["v"] / np.linalg.norm(layer.params["v"], axis=0))
    layer.standardize(x)
    np.testing.assert_allclose(layer.params["g"], 1 / t.std(axis=0), rtol=1e-12)  # equation (6)
    np.testing.assert_allclose(layer.params["bias"], -t.mean(axis=0) / t.std(axis=0), rtol=1e-12)


def network(dtype=np.float64):
    return Sequential(
        GaussianNoise(0.3, rng=rng(1)),
        WeightNorm(Conv2d(1, 4, 3, rng=rng(2), dtype=dtype), learn_gain=False),
        Sequential(ReLU(), Flatten(), WeightNorm(Dense(64, 6, rng=rng(3), dtype=dtype), learn_gain=False)),
        ReLU(),
        BatchNorm(6, dtype=dtype),
        WeightNorm(Dense(6, 3, rng=rng(4), dtype=dtype)),
    )


@pytest.mark.parametrize("training", [True, False])
def test_every_layer_sees_what_those_before_make_of_the_batch(training):
    net, x = network(), rng(5).uniform(0, 1, (50, 1, 6, 6))
    initialize_from_data(net, x, training=training)
    for layer in net:
        for part in layer if isinstance(layer, Sequential) else (layer,):
            x, _ = part.forward(x, training=training)
            if isinstance(part, WeightNorm):
                everywhere = (0, *range(2, x.ndim))
                np.testing.assert_allclose(x.mean(axis=everywhere), 0, atol=1e-10)
                np.testing.assert_allclose(x.std(axis=everywhere), 1, rtol=1e-10)


def test_the_layers_between_do_what_they_do_in_training_unless_told_otherwise():
    x = rng(5).uniform(0, 1, (50, 1, 6, 6))
    silent, noisy, usual = network(), network(), network()
    initialize_from_data(silent, x, training=False)
    initialize_from_data(noisy, x, training=True)
    initialize_from_data(usual, x)
    assert snapshot(usual.params) == snapshot(noisy.params) != snapshot(silent.params)


def test_nothing_else_changes():
    net = network(np.float32)
    params, state = snapshot(net.params), snapshot(net.state)
    x = rng(5).uniform(0, 1, (50, 1, 6, 6)).astype(np.float32)
    x.flags.writeable = False
    initialize_from_data(net, x)
    changed = {key for key, value in snapshot(net.params).items() if value != params[key]}
    assert changed == {"1.bias", "2.2.bias", "5.g", "5.bias"}
    assert {key for key, value in snapshot(net.state).items() if value != state[key]} == {"1.g", "2.2.g"}
    assert {array.dtype for array in net.params.values()} == {np.dtype(np.float32)}


def test_without_a_bias_only_the_variance_is_set():
    layer = WeightNorm(Dense(5, 4, bias=False, rng=rng(), dtype=np.float64))
    x = rng(3).uniform(1, 2, (20, 5))
    initialize_from_data(layer, x)
    np.testing.assert_allclose(layer.predict(x).std(axis=0), 1, rtol=1e-12)


def test_an_error_far_behind_changes_nothing():
    net, x = network(), rng(5).uniform(0, 1, (4, 1, 6, 6))
    net.params["2.2.v"] = net.params["2.2.v"] * np.where(np.arange(6) == 4, np.nan, 1)
    before = snapshot(net.params), snapshot(net.state)
    with pytest.raises(NonFiniteError, match=r"^initialize_from_data: layer 2\.2: x expects .* unit 4 has none"):
        initialize_from_data(net, x)
    assert (snapshot(net.params), snapshot(net.state)) == before


def test_an_error_names_the_layer_and_the_unit():
    net, x = network(), rng(5).uniform(0, 1, (4, 1, 6, 6))
    with pytest.raises(
        RangeError, match=r"^initialize_from_data: layer 1: x expects .* those of unit 0 are all the sa"
    ):
        initialize_from_data(net, np.zeros_like(x), training=False)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_that_are_all_the_same_have_no_variance_even_after_rounding(dtype):
    layer = WeightNorm(Dense(300, 40, rng=rng(), dtype=dtype))
    x = np.tile(rng(3).standard_normal(300).astype(dtype), (64, 1))
    with pytest.raises(RangeError, match=r"^initialize_from_data: x expects .* their variance is 0"):
        initialize_from_data(layer, x)
    with pytest.raises(RangeError, match=r"^WeightNorm.standardize: x expects .* their variance is 0"):
        layer.standardize(x[:1])


def test_other_errors():
    layer, x, _ = setting("Dense")
    with pytest.raises(ShapeError, match=r"^initialize_from_data: x expects at least 1 sample, the batch is empty"):
        initialize_from_data(layer, x[:0])
    for without in (Sequential(Dense(5, 4, rng=rng()), ReLU()), Dense(5, 4, rng=rng()), Sequential(), None):
        with pytest.raises(RangeError, match=r"^initialize_from_data: network expects at least one WeightNorm, has"):
            initialize_from_data(without, x)


@pytest.mark.parametrize("layer", [ReLU(), BatchNorm(3), Sequential(), None, Dense])
def test_other_layers_are_refused(layer):
    with pytest.raises(RangeError, match=r"^WeightNorm: layer expects one of Dense, Conv2d, ConvTranspose2d, is "):
        WeightNorm(layer)


def test_other_wrong_arguments():
    with pytest.raises(RangeError, match=r"^WeightNorm: learn_gain expects True or False, is 0"):
        WeightNorm(Dense(2, 2, rng=rng()), learn_gain=0)
    layer = Dense(2, 2, rng=rng())
    layer.params["weight"][:, 1] = 0
    with pytest.raises(RangeError, match=r"v expects a length above 0 for each unit, that of unit 1 is 0"):
        WeightNorm(layer)
