"""Each optimizer against closed forms, recurrences and a transcription of its algorithm in plain Python numbers."""

import io
import math
from collections import UserDict
from fractions import Fraction

import numpy as np
import pytest

from nnfromscratch.errors import CheckpointError, DtypeError, RangeError, ShapeError
from nnfromscratch.kernels.memory import pieces
from nnfromscratch.optimizers import SGD, Adam, Momentum, RMSProp, clip_by_norm

MAKERS = {
    "sgd": lambda: SGD(0.1, weight_decay=0.01),
    "momentum": lambda: Momentum(0.1),
    "nesterov": lambda: Momentum(0.1, nesterov=True),
    "rmsprop": lambda: RMSProp(0.01),
    "adam": lambda: Adam(0.01, weight_decay=0.1),
}
all_optimizers = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
GRADIENTS = [0.5, -1.25, 3.0, 0.0, 0.125, -7.5, 2.0, 2.0, -0.0625, 1e-3]


class Versioned(UserDict):
    """A mapping that counts assignments by name, as a layer's parameters do."""

    def __init__(self, arrays):
        self.assigned = dict.fromkeys(arrays, 0)
        super().__init__(arrays)
        self.assigned = dict.fromkeys(arrays, 0)

    def __setitem__(self, name, value):
        self.assigned[name] += 1
        super().__setitem__(name, value)


def path(optimizer, gradient, theta, steps):
    """The values that a single parameter takes; ``gradient`` is a function of θ, or a list of numbers."""
    params, values = {"theta": np.array([theta])}, []
    for t in range(steps):
        g = gradient(params["theta"]) if callable(gradient) else np.array([gradient[t]])
        optimizer.step(params, {"theta": g})
        values.append(float(params["theta"][0]))
    return values


def network(rng, dtype=np.float32):
    params = {
        "0.weight": rng.standard_normal((4, 3)),
        "0.bias": rng.standard_normal(3),
        "scale": rng.standard_normal(()),
    }
    return {name: np.asarray(array, dtype) for name, array in params.items()}


def like(params, rng):
    return {name: np.asarray(rng.standard_normal(array.shape), array.dtype) for name, array in params.items()}


# Closed forms and published steps


def test_sgd_on_a_quadratic_shrinks_geometrically():
    got = path(SGD(0.1), lambda theta: 3.0 * theta, 2.0, 20)
    np.testing.assert_allclose(got, [(1 - 0.1 * 3.0) ** t * 2.0 for t in range(1, 21)], rtol=1e-13)


def test_sgd_weight_decay_is_the_gradient_of_half_the_squared_norm():
    got = path(SGD(0.1, weight_decay=0.5), lambda theta: 3.0 * theta, 2.0, 20)
    np.testing.assert_allclose(got, [(1 - 0.1 * 3.5) ** t * 2.0 for t in range(1, 21)], rtol=1e-13)
    got = path(SGD(0.1, weight_decay=0.5), [0.0] * 5, 2.0, 5)
    np.testing.assert_allclose(got, [0.95**t * 2.0 for t in range(1, 6)], rtol=1e-13)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_on_a_quadratic_follows_its_linear_recurrence(nesterov):
    lr, mu, c = 0.1, 0.8, 3.0
    # (v, θ) ← A (v, θ), with v ← μ v + c θ put into the second line
    if nesterov:
        matrix = np.array([[mu, c], [-lr * mu * mu, 1 - lr * c - lr * mu * c]])
    else:
        matrix = np.array([[mu, c], [-lr * mu, 1 - lr * c]])
    expected = [(np.linalg.matrix_power(matrix, t) @ [0.0, 2.0])[1] for t in range(1, 31)]
    got = path(Momentum(lr, mu, nesterov), lambda theta: c * theta, 2.0, 30)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_momentum_under_a_constant_gradient_reaches_its_terminal_velocity():
    got = path(Momentum(0.1, 0.5), [1.0] * 60, 0.0, 60)
    np.testing.assert_allclose(got[0], -0.1)
    np.testing.assert_allclose(got[-1] - got[-2], -0.1 / (1 - 0.5), rtol=1e-10)


def test_momentum_equals_sutskever_equations_1_and_2_at_constant_lr():
    lr, mu, v, theta, expected = 0.05, 0.9, 0.0, 1.0, []
    for g in GRADIENTS:
        v = mu * v - lr * g
        theta = theta + v
        expected.append(theta)
    np.testing.assert_allclose(path(Momentum(lr, mu), GRADIENTS, 1.0, 10), expected, rtol=1e-13)


def test_nesterov_equals_sutskever_equations_3_and_4_at_the_point_looked_ahead_to():
    lr, mu, v, theta, expected = 0.05, 0.9, 0.0, 1.0, []
    for _ in range(15):
        ahead = theta + mu * v
        v = mu * v - lr * (2 * ahead + math.sin(3 * ahead))
        theta = theta + v
        expected.append(theta + mu * v)
    got = path(Momentum(lr, mu, nesterov=True), lambda x: 2 * x + np.sin(3 * x), 1.0, 15)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_a_lower_lr_shrinks_the_old_velocity_at_once():
    optimizer, params = Momentum(1.0, 0.5), {"theta": np.zeros(1)}
    optimizer.step(params, {"theta": np.ones(1)})
    optimizer.lr = 0.1
    optimizer.step(params, {"theta": np.zeros(1)})
    np.testing.assert_allclose(params["theta"], -1.0 - 0.1 * 0.5)


def test_rmsprop_step_by_step():
    lr, rho, eps, v, theta, expected = 0.01, 0.9, 1e-3, Fraction(0), 1.0, []
    for g in GRADIENTS:
        v = Fraction(rho) * v + (1 - Fraction(rho)) * Fraction(g) ** 2
        theta -= lr * g / (math.sqrt(v) + eps)
        expected.append(theta)
    np.testing.assert_allclose(path(RMSProp(lr, rho, eps), GRADIENTS, 1.0, 10), expected, rtol=1e-13)


def test_rmsprop_under_a_constant_gradient_has_a_closed_form():
    got = np.diff(path(RMSProp(0.1, 0.75), [-8.0] * 10, 0.0, 10), prepend=0.0)
    np.testing.assert_allclose(got, [0.1 / math.sqrt(1 - 0.75**t) for t in range(1, 11)], rtol=1e-7)


@pytest.mark.parametrize("g", [1e-3, 1.0, -1e6])
def test_adams_first_step_is_lr_times_the_sign(g):
    np.testing.assert_allclose(path(Adam(0.01), [g], 0.0, 1), [-math.copysign(0.01, g)], rtol=2e-5)


def test_adam_under_a_constant_gradient_moves_by_lr_and_remembers_it_exactly():
    optimizer = Adam(0.01)
    got = path(optimizer, [4.0] * 50, 0.0, 50)
    np.testing.assert_allclose(got, -0.01 * np.arange(1, 51), rtol=1e-8)
    state = optimizer.state_dict()
    np.testing.assert_allclose(state["m.theta"] / (1 - 0.9**50), 4.0, rtol=1e-12)
    np.testing.assert_allclose(state["v.theta"] / (1 - 0.999**50), 16.0, rtol=1e-12)


def test_adam_is_algorithm_1():
    lr, eps, theta, expected = 0.01, 1e-2, 1.0, []
    beta1, beta2, m, v = Fraction(7, 8), Fraction(63, 64), Fraction(0), Fraction(0)
    for t, g in enumerate(GRADIENTS, start=1):
        m = beta1 * m + (1 - beta1) * Fraction(g)
        v = beta2 * v + (1 - beta2) * Fraction(g) ** 2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        theta -= lr * float(m_hat) / (math.sqrt(v_hat) + eps)
        expected.append(theta)
    got = path(Adam(lr, float(beta1), float(beta2), eps), GRADIENTS, 1.0, 10)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_adams_eps_stands_beside_the_corrected_root():
    g, lr, eps = 1e-4, 0.5, 1e-4  # with ε̂ beside √v instead, the step would be lr / (1 + 1/√0.001)
    np.testing.assert_allclose(path(Adam(lr, eps=eps), [g], 0.0, 1), [-lr / 2], rtol=1e-12)


def test_adams_weight_decay_does_not_pass_through_the_moments():
    got = path(Adam(0.1, weight_decay=0.5), [0.0] * 8, 2.0, 8)
    np.testing.assert_allclose(got, [2.0 * (1 - 0.1 * 0.5) ** t for t in range(1, 9)], rtol=1e-13)
    (got,) = path(Adam(0.1, weight_decay=0.5), [3.0], 2.0, 1)  # decay of the old θ, not of the new one
    np.testing.assert_allclose(got, 2.0 - 0.1 * (1.0 + 0.5 * 2.0), rtol=1e-8)


def test_adam_defaults_are_the_papers():
    adam = Adam()
    assert (adam.lr, adam.beta1, adam.beta2, adam.eps, adam.weight_decay) == (1e-3, 0.9, 0.999, 1e-8, 0)


@all_optimizers
def test_every_optimizer_finds_the_minimum_of_an_ill_conditioned_bowl(make):
    curvature = np.array([1.0, 10.0])
    optimizer, params = make(), {"theta": np.array([1.0, -1.0])}
    for _ in range(600):
        optimizer.step(params, {"theta": curvature * params["theta"]})
    assert np.abs(params["theta"]).max() < 0.02


# How parameters are changed


@all_optimizers
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_type_is_kept_even_with_a_numpy_float64_for_lr(make, dtype):
    rng, optimizer = np.random.default_rng(0), make()
    params = network(rng, dtype)
    optimizer.lr = np.float64(0.05)
    for _ in range(2):
        optimizer.step(params, like(params, rng))
    assert {array.dtype for array in params.values()} == {np.dtype(dtype)}
    arrays = [value for value in optimizer.state_dict().values() if isinstance(value, np.ndarray)]
    assert {array.dtype for array in arrays} <= {np.dtype(dtype)}


@all_optimizers
def test_each_parameter_ends_in_one_assignment_and_gradients_are_left_alone(make):
    rng = np.random.default_rng(1)
    params = Versioned(network(rng))
    grads = like(params, rng)
    before = {name: array.copy() for name, array in grads.items()}
    for array in grads.values():
        array.setflags(write=False)
    optimizer = make()
    optimizer.step(params, grads)
    assert set(params.assigned.values()) == {1}
    optimizer.step(params, grads)
    assert set(params.assigned.values()) == {2}
    for name, array in grads.items():
        np.testing.assert_array_equal(array, before[name])


@all_optimizers
def test_arrays_are_updated_in_place_and_read_only_ones_replaced(make):
    weight, fixed = np.ones(3), np.ones(3)
    fixed.setflags(write=False)
    params = {"weight": weight, "fixed": fixed}
    make().step(params, {"weight": np.ones(3), "fixed": np.ones(3)})
    assert params["weight"] is weight
    np.testing.assert_array_equal(fixed, 1.0)
    np.testing.assert_array_equal(params["fixed"], weight)
    assert (weight != 1).all()


@all_optimizers
def test_any_memory_order_gives_the_same_bits_and_is_kept(make):
    rng = np.random.default_rng(2)
    shape, order = (6, 40, 30, 20), (2, 1, 3, 0)  # large enough for several blocks
    plain = rng.standard_normal(shape).astype(np.float32)
    permuted = plain.transpose(order).copy().transpose(np.argsort(order))
    grads = [rng.standard_normal(shape).astype(np.float32) for _ in range(2)]
    ours, theirs = {"weight": permuted}, {"weight": plain}
    one, other = make(), make()
    for g in grads:
        one.step(ours, {"weight": np.asfortranarray(g)})
        other.step(theirs, {"weight": g})
    np.testing.assert_array_equal(ours["weight"], theirs["weight"])
    for name, value in one.state_dict().items():
        np.testing.assert_array_equal(value, other.state_dict()[name])
        assert name == "step" or value.strides == ours["weight"].strides


def test_blocks_cover_every_element_once():
    for shape, axes in [
        ((70, 50, 30), (0, 1, 2)),
        ((70, 50, 30), (1, 2, 0)),
        ((100_001,), (0,)),
        ((1, 90_000), (1, 0)),
    ]:
        counts = np.zeros(shape, np.int64).transpose(axes)
        parts = [piece for (piece,) in pieces(counts)]
        for piece in parts:
            piece += 1
        np.testing.assert_array_equal(counts, 1)
        assert len(parts) > 1
    assert max(piece.size for (piece,) in pieces(np.zeros((900, 500)))) <= 2**15


# What is remembered


def through_npz(state):
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    return np.load(file, allow_pickle=False)


@all_optimizers
@pytest.mark.parametrize("stored", [dict, through_npz])
def test_resumed_has_the_same_bits_as_uninterrupted(make, stored):
    rng = np.random.default_rng(3)
    params = network(rng)
    params["conv"] = np.ones((2, 3, 4, 5), np.float32).transpose(2, 0, 3, 1)
    grads = [like(params, rng) for _ in range(7)]
    whole, optimizer = {name: array.copy() for name, array in params.items()}, make()
    for g in grads:
        optimizer.step(whole, g)

    first = make()
    for g in grads[:4]:
        first.step(params, g)
    second = make()
    second.load_state_dict(stored(first.state_dict()))
    first.step(like(params, rng), grads[0])  # what the first one does now is nothing to the second
    for g in grads[4:]:
        second.step(params, g)
    for name, array in params.items():
        np.testing.assert_array_equal(array, whole[name])
    expected, got = optimizer.state_dict(), second.state_dict()
    assert expected.keys() == got.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value)


def test_loading_takes_a_copy_and_restores_the_memory_order():
    rng, first, second = np.random.default_rng(6), Adam(), Adam()
    params = {"conv": np.ones((2, 3, 4, 5)).transpose(2, 0, 3, 1)}
    first.step(params, like(params, rng))
    state = {name: np.array(value, order="C") for name, value in first.state_dict().items()}
    before = state["m.conv"].copy()
    second.load_state_dict(state)
    second.step(params, like(params, rng))
    np.testing.assert_array_equal(state["m.conv"], before)
    assert second.state_dict()["m.conv"].strides == params["conv"].strides

    params = {"weight": np.ones(3)}  # here nothing has to be put into another order
    second = Adam()
    second.load_state_dict(state := {"step": 1, "m.weight": np.ones(3), "v.weight": np.ones(3)})
    second.step(params, {"weight": np.zeros(3)})
    np.testing.assert_array_equal(state["m.weight"], 1.0)


def test_state_names_and_values():
    optimizer = Adam()
    assert optimizer.state_dict() == {"step": 0}
    optimizer.step({"0.weight": np.zeros(2)}, {"0.weight": np.ones(2)})
    state = optimizer.state_dict()
    assert list(state) == ["step", "m.0.weight", "v.0.weight"]
    assert state["step"] == 1
    state["m.0.weight"][:] = 7  # a copy
    assert (optimizer.state_dict()["m.0.weight"] == 1 - 0.9).all()


def test_a_state_from_before_the_first_step_starts_anew():
    optimizer = Adam()
    optimizer.step({"weight": np.zeros(2)}, {"weight": np.ones(2)})
    optimizer.load_state_dict({"step": 0})
    assert optimizer.state_dict() == {"step": 0}


M = np.zeros(2, np.float32)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, r"state\['step'\] expects a whole number >= 0, is None"),
        ({"step": -1, "m.w": M, "v.w": M}, "expects a whole number >= 0, is -1"),
        ({"step": 1.5, "m.w": M, "v.w": M}, "expects a whole number >= 0, is 1.5"),
        ({"step": [1], "m.w": M, "v.w": M}, "expects a whole number"),
        ({"step": 3}, "has 0 after 3 steps"),
        ({"step": 0, "m.w": M, "v.w": M}, "has 1 after 0 steps"),
        ({"step": 1, "m.w": M}, "expects m, v for parameter 'w', has m"),
        ({"step": 1, "velocity.w": M}, "expects m, v for parameter 'w', has velocity"),
        ({"step": 1, "m.w": M, "v.w": M, "u.w": M}, "expects m, v for parameter 'w', has m, u, v"),
        ({"step": 1, "m.w": M, "v.w": M, "m.u": M, "v.u": M}, "expects the parameters w; has u, w"),
        ({"step": 1, "m.w": M, "v.w": M[:1]}, r"state\['v.w'\] expects floats, float32 \(2,\); has float32 \(1,\)"),
        ({"step": 1, "m.w": M[:1], "v.w": M[:1]}, r"expects floats, float32 \(2,\); has float32 \(1,\)"),
        ({"step": 1, "m.w": M, "v.w": M.astype(float)}, r"float32 \(2,\); has float64 \(2,\)"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(state, message):
    optimizer = Adam()
    optimizer.step({"w": M.copy()}, {"w": np.ones(2, np.float32)})
    before = optimizer.state_dict()
    with pytest.raises(CheckpointError, match=r"Adam\.load_state_dict: .*" + message):
        optimizer.load_state_dict(state)
    after = optimizer.state_dict()
    assert before.keys() == after.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)


def test_a_fresh_optimizer_refuses_a_state_that_does_not_agree_with_itself():
    with pytest.raises(CheckpointError, match="expects m, v"):
        Adam().load_state_dict({"step": 1, "v.w": M})
    with pytest.raises(CheckpointError, match=r"has int64 \(2,\)"):
        Adam().load_state_dict({"step": 1, "m.w": np.zeros(2, np.int64), "v.w": np.zeros(2, np.int64)})
    with pytest.raises(CheckpointError, match=r"SGD.*expects nothing for parameter 'w', has v"):
        SGD(0.1).load_state_dict({"step": 1, "v.w": M})


def test_a_loaded_state_of_another_network_is_noticed_at_the_step():
    optimizer, params = Adam(), {"w": np.zeros(3, np.float32)}
    optimizer.load_state_dict({"step": 1, "m.w": M, "v.w": M})
    with pytest.raises(ShapeError, match=r"the remembered m of 'w' expects shape \(3,\), has \(2,\)"):
        optimizer.step(params, params)
    with pytest.raises(
        RangeError, match="the optimizer's memory expects the names in params, lacks 'u' and has also 'w'"
    ):
        optimizer.step({"u": M}, {"u": M})


# Bad input: one clear error, and nothing has changed


@all_optimizers
@pytest.mark.parametrize(
    ("grads", "error", "message"),
    [
        ({"a": np.ones(2)}, RangeError, "grads expects the names in params, lacks 'b'"),
        ({"a": np.ones(2), "b": np.ones(3), "c": np.ones(1)}, RangeError, "has also 'c'"),
        ({"a": np.ones(2), "b": None}, DtypeError, r"grads\['b'\] expects an array, is None"),
        ({"a": np.ones(2), "b": [1.0, 1.0, 1.0]}, DtypeError, r"grads\['b'\] expects a NumPy array, is list"),
        ({"a": np.ones(2), "b": np.ones((3, 1))}, ShapeError, r"grads\['b'\] expects shape \(3,\), has \(3, 1\)"),
        (
            {"a": np.ones(2), "b": np.ones(3, np.float32)},
            DtypeError,
            r"grads\['b'\] expects float64 like params\['b'\]",
        ),
        ({"a": np.ones(2), "b": np.ones(3, np.int64)}, DtypeError, r"expects float32 or float64, has int64"),
    ],
)
def test_gradients_that_do_not_fit_change_nothing(make, grads, error, message):
    optimizer, params = make(), Versioned({"a": np.zeros(2), "b": np.zeros(3)})
    with pytest.raises(error, match=rf"{type(optimizer).__name__}\.step: .*{message}"):
        optimizer.step(params, grads)
    assert set(params.assigned.values()) == {0}
    assert not params["a"].any()
    assert optimizer.state_dict() == {"step": 0}


@all_optimizers
@pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf, None, "fast", True])
def test_a_bad_lr_is_refused_at_the_step_too(make, lr):
    optimizer, params = make(), {"a": np.zeros(2)}
    optimizer.lr = lr
    with pytest.raises(RangeError, match="lr expects a finite number >= 0"):
        optimizer.step(params, {"a": np.ones(2)})
    assert not params["a"].any()
    assert optimizer.steps == 0


@all_optimizers
def test_no_parameters_at_all_is_a_mistake(make):
    with pytest.raises(RangeError, match="at least one parameter"):
        make().step({}, {})


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: SGD(-1), "lr"),
        (lambda: SGD(0.1, weight_decay=-1), "weight_decay"),
        (lambda: Momentum(0.1, 1.0), "momentum"),
        (lambda: Momentum(0.1, -0.1), "momentum"),
        (lambda: RMSProp(decay=1.0), "decay"),
        (lambda: RMSProp(eps=0.0), "eps"),
        (lambda: Adam(math.nan), "lr"),
        (lambda: Adam(beta1=1.0), "beta1"),
        (lambda: Adam(beta2=-0.1), "beta2"),
        (lambda: Adam(eps=0), "eps"),
        (lambda: Adam(weight_decay=-0.1), "weight_decay"),
        (lambda: clip_by_norm({}, 0), "limit"),
    ],
)
def test_settings_outside_their_range(make, argument):
    with pytest.raises(RangeError, match=f": {argument} expects a finite number"):
        make()


# Clipping


def test_clipping_scales_all_gradients_together():
    rng = np.random.default_rng(4)
    grads = {"a": rng.standard_normal((300, 200)), "b": rng.standard_normal(50)}
    before = {name: g.copy() for name, g in grads.items()}
    length = math.sqrt(sum(float((g**2).sum()) for g in grads.values()))
    clipped, norm = clip_by_norm(grads, 0.25)
    assert norm == pytest.approx(length, rel=1e-12)
    assert clip_by_norm(clipped, 1e9)[1] == pytest.approx(0.25, rel=1e-12)
    for name, g in grads.items():
        np.testing.assert_array_equal(g, before[name])
        np.testing.assert_allclose(clipped[name], g * (0.25 / length), rtol=1e-12)


def test_gradients_within_the_limit_are_returned_as_they_are():
    grads = {"a": np.array([3.0, 4.0])}
    clipped, norm = clip_by_norm(grads, 5.0)
    assert (norm, clipped["a"] is grads["a"], clipped is grads) == (5.0, True, False)
    assert clip_by_norm({}, 1.0) == ({}, 0.0)


def test_float32_neither_overflows_nor_changes_type_or_order():
    g = np.full((4, 6, 5), 3e38, np.float32).transpose(1, 2, 0)
    clipped, norm = clip_by_norm({"a": g}, 1e-3)  # the factor, 3e-43, has hardly a digit in float32
    assert norm == pytest.approx(3e38 * math.sqrt(g.size), rel=1e-6)
    assert (clipped["a"].dtype, clipped["a"].strides) == (np.float32, g.strides)
    np.testing.assert_allclose(clipped["a"], 1e-3 / math.sqrt(g.size), rtol=1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_gradients_that_are_not_finite_are_passed_on_with_their_norm(value):
    grads = {"a": np.array([1.0, value])}
    clipped, norm = clip_by_norm(grads, 1.0)
    np.testing.assert_equal(norm, value)
    np.testing.assert_array_equal(clipped["a"], grads["a"])


@pytest.mark.parametrize("g", [None, [1.0], np.ones(2, np.int64)])
def test_clipping_wants_arrays_of_floats(g):
    with pytest.raises(DtypeError, match=r"clip_by_norm: grads\['a'\] expects"):
        clip_by_norm({"a": g}, 1.0)
