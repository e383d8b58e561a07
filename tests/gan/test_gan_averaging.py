"""A player's past: penalties and means against plain Python, and a state that goes on with the same bits."""

import copy

import numpy as np
import pytest

from nnfromscratch.errors import CheckpointError, DtypeError, RangeError, ShapeError
from nnfromscratch.gan import AveragedWeights, HistoricalAveraging
from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.layers import (
    BatchNorm,
    Dense,
    Dropout,
    ReLU,
    Sequential,
    SpectralNorm,
    VirtualBatchNorm,
    WithReference,
)


def parameters(seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return {"0.weight": rng.standard_normal((3, 2)).astype(dtype), "0.bias": rng.standard_normal(2).astype(dtype)}


def remembering(steps=3, weight=0.5, dtype=np.float64):
    past = HistoricalAveraging(weight)
    for seed in range(steps):
        past.update(parameters(seed, dtype))
    return past


# --- historical averaging


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_penalty_by_hand(dtype):
    past, now = remembering(dtype=dtype), parameters(9, dtype)
    loss, backward = past.penalty(now)
    grads = backward()
    expected = 0.0
    for name, theta in now.items():
        mean = sum(parameters(seed, dtype)[name].astype(np.float64) for seed in range(3)) / 3
        expected += 0.5 * float(((theta - mean) ** 2).sum())
        np.testing.assert_allclose(grads[name], theta - mean, rtol=1e-6 if dtype == np.float32 else 1e-12)
        assert grads[name].dtype == dtype
    assert loss == pytest.approx(expected, rel=1e-6)
    assert list(grads) == list(now)
    np.testing.assert_allclose(backward(-2.0)["0.bias"], -2 * grads["0.bias"], rtol=1e-6)


def penalty_of(past, way_back=lambda right, at: right):
    def penalty(weight, bias):
        at = {"0.weight": weight, "0.bias": bias}
        loss, backward = past.penalty(at)
        return np.float64(loss), lambda dloss: tuple(way_back(g, at[name]) for name, g in backward(dloss).items())

    return penalty


def test_the_penalty_against_differences():
    arrays = parameters(9).values()
    assert gradcheck(penalty_of(remembering()), *arrays, rng=np.random.default_rng(0)).passed


@pytest.mark.parametrize(
    "way_back",
    [
        lambda right, theta: right / 2,  # the 2 of the square
        lambda right, theta: -right,
        lambda right, theta: right * (1 - 1 / 4) ** 2,  # as if θ were part of its own past
        lambda right, theta: 2 * 0.5 * theta,  # the distance to 0, which is weight decay
        lambda right, theta: 2 * right,  # the weight forgotten
    ],
)
def test_mistakes_in_the_penalty_are_caught(way_back):
    report = gradcheck(
        penalty_of(remembering(), way_back),
        *parameters(9).values(), rng=np.random.default_rng(0), raise_error=False,
    )  # fmt: skip
    assert not report.passed


def test_the_past_is_a_constant_and_does_not_hold_the_present():
    past = remembering()
    loss, _ = past.penalty(parameters(9))
    assert past.penalty(parameters(9))[0] == loss  # judging changes nothing
    past.update(parameters(9))
    assert past.penalty(parameters(9))[0] == pytest.approx(loss * (1 - 1 / 4) ** 2, rel=1e-12)


def test_without_a_past_there_is_no_penalty():
    past = HistoricalAveraging(2.0)
    loss, backward = past.penalty(parameters(0))
    assert loss == 0
    assert all(not gradient.any() for gradient in backward().values())
    assert past.state_dict() == {"step": 0}


def test_the_mean_is_running_exact_and_its_own():
    past, params, seen = HistoricalAveraging(1.0), {"w": np.zeros(2, np.float32)}, []
    for step in range(1, 2001):
        params["w"] += np.float32(0.3)  # in place, as optimizers do
        seen.append(params["w"].astype(np.float64))
        past.update(params)
        assert past.steps == step
    mean = past.state_dict()["mean.w"]
    assert mean.dtype == np.float64
    np.testing.assert_allclose(mean, np.mean(seen, axis=0), rtol=1e-12)
    assert past.state_dict().keys() == {"step", "mean.w"}


def test_two_backwards_in_either_order_and_updates_between():
    past, now = remembering(), parameters(9)
    _, backward = past.penalty(now)
    expected = {name: g.copy() for name, g in backward().items()}
    past.update(parameters(20))
    past.penalty(parameters(10))[1]()
    for name, gradient in backward().items():
        np.testing.assert_array_equal(gradient, expected[name])
    np.testing.assert_array_equal(now["0.bias"], parameters(9)["0.bias"])


def test_players_on_a_circle_are_drawn_to_its_middle():
    """min over x, max over y of x·y: simple steps spiral outwards, with the penalty they come in."""

    def radius(weight):
        params, past = {"x": np.array([1.0]), "y": np.array([0.0])}, HistoricalAveraging(weight)
        for _ in range(2000):
            _, backward = past.penalty(params)
            grads = backward()
            x, y = params["x"], params["y"]
            params = {"x": x - 0.05 * (y + grads["x"]), "y": y - 0.05 * (-x + grads["y"])}
            past.update(params)
        return float(np.hypot(params["x"], params["y"])[0])

    assert radius(0.0) > 5  # they begin at 1
    assert radius(0.5) < 0.25


@pytest.mark.parametrize("operation", ["penalty", "update"])
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda p: p.pop("0.bias"), RangeError, "params expects the names of the past, lacks '0.bias'"),
        (lambda p: p.update(more=np.ones(1)), RangeError, "params expects the names of the past, has also 'more'"),
        (
            lambda p: p.update({"0.bias": np.ones(3)}),
            ShapeError,
            r"params\['0.bias'\] expects shape \(2,\), has \(3,\)",
        ),
        (lambda p: p.update({"0.bias": np.ones(2, int)}), DtypeError, r"params\['0.bias'\] expects float32 or float64"),
        (lambda p: p.update({"0.bias": [1.0, 2.0]}), DtypeError, r"params\['0.bias'\] expects a NumPy array, is list"),
    ],
)
def test_another_player_has_another_past(operation, change, error, message):
    past, params = remembering(), parameters(0)
    before = past.state_dict()
    change(params)
    with pytest.raises(error, match=f"^HistoricalAveraging.{operation}: {message}"):
        getattr(past, operation)(params)
    assert_same_state(past.state_dict(), before)


@pytest.mark.parametrize("weight", [-0.1, np.nan, True, "1"])
def test_a_weight_is_a_number(weight):
    with pytest.raises(RangeError, match="HistoricalAveraging: weight expects a finite number >= 0"):
        HistoricalAveraging(weight)


def assert_same_state(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert np.asarray(value).tobytes() == np.asarray(other[name]).tobytes()


def test_the_past_goes_on_where_it_was_saved(tmp_path):
    whole, first = remembering(6), remembering(3)
    np.savez(tmp_path / "past.npz", **first.state_dict())
    resumed = HistoricalAveraging(0.5)
    with np.load(tmp_path / "past.npz") as saved:
        resumed.load_state_dict(saved)
    for seed in range(3, 6):
        resumed.update(parameters(seed))
    assert_same_state(resumed.state_dict(), whole.state_dict())
    assert resumed.penalty(parameters(9))[0] == whole.penalty(parameters(9))[0]
    state = whole.state_dict()
    state["mean.0.bias"][:] = 7  # a copy
    assert (whole.state_dict()["mean.0.bias"] != 7).all()
    resumed.load_state_dict({"step": 0})
    assert resumed.state_dict() == {"step": 0}


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("step"), r"state\['step'\] expects a whole number >= 0, is None"),
        (lambda s: s.update(step=-1), r"state\['step'\] expects a whole number >= 0, is -1"),
        (lambda s: s.update(step=1.5), r"state\['step'\] expects a whole number >= 0, is 1.5"),
        (lambda s: s.update(step=0), "state expects means after the first step, has 2 after 0 steps"),
        (lambda s: s.update(v=np.ones(2)), "state expects names that begin with 'mean.', has 'v'"),
        (
            lambda s: s.update({"mean.0.bias": np.ones(2, np.float32)}),
            r"state\['mean.0.bias'\] expects float64 \(2,\), has float32 \(2,\)",
        ),
    ],
)
def test_a_damaged_past_is_refused_and_changes_nothing(change, message, fresh):
    state = remembering().state_dict()
    change(state)
    past = HistoricalAveraging(1.0) if fresh else remembering(2)
    before = past.state_dict()
    with pytest.raises(CheckpointError, match=f"^HistoricalAveraging.load_state_dict: {message}"):
        past.load_state_dict(state)
    assert_same_state(past.state_dict(), before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("mean.0.bias"), "expects the parameters 0.bias, 0.weight; has 0.weight"),
        (
            lambda s: s.update({"mean.0.bias": np.ones(3)}),
            r"\['mean.0.bias'\] expects float64 \(2,\), has float64 \(3,\)",
        ),
    ],
)
def test_the_past_of_another_network_is_refused(change, message):
    state, past = remembering().state_dict(), remembering(2)
    change(state)
    with pytest.raises(CheckpointError, match=message):
        past.load_state_dict(state)


# --- averaged weights


def generator(seed=0, width=4, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return Sequential(
        Dense(3, width, rng=rng, dtype=dtype),
        BatchNorm(width, dtype=dtype),
        ReLU(),
        Dropout(0.5, rng=rng),
        Dense(width, 2, rng=rng, dtype=dtype),
    )


def step(network, seed):
    """Random numbers in place of a training step: new parameters and new running statistics."""
    rng = np.random.default_rng(100 + seed)
    for name, array in network.params.items():
        network.params[name] = rng.standard_normal(array.shape).astype(array.dtype)
    network.forward(rng.standard_normal((5, 3)).astype(network.dtype))


def bits(network):
    arrays = {**network.params, **{k: v for k, v in network.state.items() if isinstance(v, np.ndarray)}}
    return {name: array.tobytes() for name, array in arrays.items()}


@pytest.mark.parametrize("decay", [0.0, 0.15, 0.9])
def test_the_mean_by_hand(decay):
    network = generator(dtype=np.float64)
    averaged = AveragedWeights(decay, network)
    names = [("params", "0.weight"), ("params", "4.bias"), ("state", "1.running_mean"), ("state", "1.running_variance")]
    means = dict.fromkeys(names)
    for t in range(12):
        step(network, t)
        averaged.update(network)
        d = min(decay, t / (9 + t))
        for home, name in names:
            now = getattr(network, home)[name]
            means[home, name] = now.copy() if t == 0 else d * means[home, name] + (1 - d) * now
            np.testing.assert_allclose(getattr(averaged.network, home)[name], means[home, name], rtol=1e-12)
    assert averaged.steps == 12
    if decay == 0:
        assert bits(averaged.network) == bits(network)


def test_the_first_update_forgets_where_training_began():
    network = generator()
    averaged = AveragedWeights(0.999, network)
    step(network, 0)
    averaged.update(network)
    assert bits(averaged.network) == bits(network)


def test_early_means_follow_quickly_late_ones_slowly():
    network = Dense(1, 1, bias=False, rng=np.random.default_rng(0), dtype=np.float64)
    averaged = AveragedWeights(0.99, network)
    for t in range(2000):
        network.params["weight"] = np.full((1, 1), 1.0 if t < 1000 else 2.0)
        averaged.update(network)
    assert averaged.network.params["weight"].item() == pytest.approx(2 - 0.99**1000, rel=1e-12)
    for _ in range(100):
        averaged.update(network)
    assert averaged.network.params["weight"].item() == pytest.approx(2 - 0.99**1100, rel=1e-12)


def test_what_stands_still_keeps_its_last_bit():
    network = generator()
    step(network, 0)
    averaged = AveragedWeights(0.97, network)
    for _ in range(50):
        averaged.update(network)
    assert bits(averaged.network) == bits(network)


def test_averaging_leaves_the_network_alone_and_shares_nothing():
    network = generator()
    averaged = AveragedWeights(0.9, network)
    step(network, 0)
    before, versions = bits(network), [layer.params.version for layer in network]
    averaged.update(network)
    averaged.update(network)
    assert bits(network) == before
    assert [layer.params.version for layer in network] == versions
    for name, array in averaged.network.params.items():
        assert not np.shares_memory(array, network.params[name])
    network.params["0.weight"] *= np.float32(2)
    assert averaged.network.params["0.weight"].tobytes() == before["0.weight"]
    averaged.network.forward(np.ones((4, 3), np.float32))
    assert bits(network)["1.running_mean"] == before["1.running_mean"]


def test_the_mean_of_float32_is_float32_and_works():
    network = generator()
    averaged = AveragedWeights(0.9, network)
    for t in range(3):
        step(network, t)
        averaged.update(network)
    assert {array.dtype for array in averaged.network.params.values()} == {np.dtype(np.float32)}
    y = averaged.network.predict(np.ones((4, 3), np.float32))
    assert y.dtype == np.float32
    assert (y != network.predict(np.ones((4, 3), np.float32))).any()


def test_a_reference_and_a_power_iteration_are_copied():
    rng = np.random.default_rng(0)
    inner = Sequential(SpectralNorm(Dense(3, 4, rng=rng), rng=rng), VirtualBatchNorm(4, 6))
    network = WithReference(inner, rng.standard_normal((6, 3), np.float32))
    averaged = AveragedWeights(0.9, network)
    for t in range(5):
        step(network, t)
        averaged.update(network)
    for name in ("network.0.u", "reference.batch"):
        np.testing.assert_array_equal(averaged.network.state[name], network.state[name])
        assert not np.shares_memory(averaged.network.state[name], network.state[name])
    assert (averaged.network.params["network.1.weight"] != network.params["network.1.weight"]).any()


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (
            lambda: Sequential(Dense(3, 4, rng=np.random.default_rng(0))),
            RangeError,
            "network expects .*, lacks 'params/1",
        ),
        (
            lambda: Sequential(*generator(), Dense(2, 2, rng=np.random.default_rng(0))),
            RangeError,
            ".* has also 'params/5",
        ),
        (lambda: generator(width=5), ShapeError, r"params/0.weight expects shape \(3, 4\), has \(3, 5\)"),
        (lambda: generator(dtype=np.float64), DtypeError, "params/0.weight expects float32 like .*, has float64"),
        (lambda: "generator", RangeError, "network expects a Layer, is 'generator'"),
    ],
)
def test_another_network_has_another_mean(other, error, message):
    averaged = AveragedWeights(0.9, generator())
    before = bits(averaged.network)
    with pytest.raises(error, match=f"^AveragedWeights.update: {message}"):
        averaged.update(other())
    assert bits(averaged.network) == before
    assert averaged.steps == 0


@pytest.mark.parametrize("decay", [1.0, -0.1, np.nan, None])
def test_a_decay_is_below_1(decay):
    with pytest.raises(RangeError, match="AveragedWeights: decay expects a finite number >= 0 and < 1"):
        AveragedWeights(decay, generator())
    with pytest.raises(RangeError, match=r"^AveragedWeights: network expects a Layer, is None"):
        AveragedWeights(0.9, None)


def test_the_mean_goes_on_where_it_was_saved(tmp_path):
    network = generator()
    whole = AveragedWeights(0.8, network)
    for t in range(4):
        step(network, t)
        whole.update(network)
    saved_network = copy.deepcopy(network)
    np.savez(tmp_path / "mean.npz", **whole.state_dict())
    resumed = AveragedWeights(0.8, generator(seed=3))
    with np.load(tmp_path / "mean.npz") as saved:
        resumed.load_state_dict(saved)
    assert resumed.steps == 4
    assert bits(resumed.network) == bits(whole.network)
    for t in range(4, 8):
        for averaged, its in ((whole, network), (resumed, saved_network)):
            step(its, t)
            averaged.update(its)
    assert bits(resumed.network) == bits(whole.network)
    state = whole.state_dict()
    state["params/0.weight"][:] = 7  # a copy
    assert (whole.network.params["0.weight"] != 7).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("step"), r"state\['step'\] expects a whole number >= 0, is None"),
        (lambda s: s.update(step=np.array([1])), r"state\['step'\] expects a whole number >= 0"),
        (lambda s: s.pop("params/4.bias"), "state: expects 'params/4.bias' of this model, has none"),
        (lambda s: s.pop("state/1.running_mean"), "state: expects 'state/1.running_mean' of this model, has none"),
        (lambda s: s.update(m=np.ones(2)), "state: has 'm', which this model lacks"),
        (
            lambda s: s.update({"params/4.bias": np.ones(3)}),
            r"params/4.bias expects float32 \(2,\), has float64 \(3,\)",
        ),
    ],
)
def test_the_mean_of_another_network_is_refused_and_changes_nothing(change, message):
    averaged = AveragedWeights(0.9, generator())
    averaged.update(generator(seed=1))
    state, before = averaged.state_dict(), bits(averaged.network)
    state["params/0.weight"] = state["params/0.weight"] + 1
    change(state)
    with pytest.raises(CheckpointError, match=f"^AveragedWeights.load_state_dict: .*{message}"):
        averaged.load_state_dict(state)
    assert bits(averaged.network) == before
    assert averaged.steps == 1
