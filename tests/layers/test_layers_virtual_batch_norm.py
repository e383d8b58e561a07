"""A network behind its reference batch: who depends on whom, what is kept in files, and what does not fit."""

import copy

import numpy as np
import pytest
from layer_cases import rng, snapshot

from nnfromscratch import functional
from nnfromscratch.errors import CheckpointError, DtypeError, RangeError, ShapeError
from nnfromscratch.interop import to_torch
from nnfromscratch.layers import (
    BatchNorm,
    ConvTranspose2d,
    Dense,
    Dropout,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
    VirtualBatchNorm,
    WithReference,
)


def generator(size=5, dtype=np.float64, seed=0):
    """Noise of four numbers to images of 1×4×4, normalized twice."""
    draw = rng(seed)
    network = Sequential(
        Dense(4, 8, rng=draw, dtype=dtype),
        VirtualBatchNorm(8, size, dtype=dtype),
        ReLU(),
        Reshape((2, 2, 2)),
        ConvTranspose2d(2, 3, 2, stride=2, rng=draw, dtype=dtype),
        VirtualBatchNorm(3, size, dtype=dtype),
        Tanh(),
        input_shape=(4,),
    )
    return WithReference(network, noise(size, dtype, seed=seed + 1))


def noise(n, dtype=np.float64, seed=9):
    return rng(seed).standard_normal((n, 4)).astype(dtype)


@pytest.mark.parametrize("training", [True, False])
def test_the_result_is_the_networks_behind_the_reference(training):
    layer, z = generator(), noise(3)
    y, _ = layer.forward(z, training)
    joined, _ = layer.network.forward(np.concatenate([layer.state["reference.batch"], z]), training)
    np.testing.assert_array_equal(y, joined[5:])
    assert y.shape == (3, 3, 4, 4)


def test_a_sample_is_the_same_alone_and_in_any_company():
    layer, z = generator(), noise(6)
    together, _ = layer.forward(z)
    for n in range(6):
        np.testing.assert_allclose(layer.forward(z[n : n + 1])[0], together[n : n + 1], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(layer.predict(z, batch_size=2), together, rtol=1e-10, atol=1e-12)


def test_with_batch_norm_in_its_place_company_matters():
    # the reason to have it: the same network with ordinary batch normalization
    network = Sequential(Dense(4, 8, rng=rng(), dtype=np.float64), BatchNorm(8, dtype=np.float64))
    z = noise(6)
    assert np.abs(network.forward(z)[0][:2] - network.forward(z[:2])[0]).max() > 0.1


def test_the_gradient_reaches_the_parameters_also_through_the_reference():
    layer, z = generator(), noise(2)
    y, backward = layer.forward(z)
    dy = rng(3).standard_normal(y.shape)
    dx, grads = backward(dy)
    name, place, h = "network.0.weight", (1, 2), 1e-5
    values = []
    for step in (h, -h):
        moved = copy.deepcopy(layer)
        moved.params[name][place] += step
        values.append(float((moved.forward(z)[0] * dy).sum()))
    assert grads[name][place] == pytest.approx((values[0] - values[1]) / (2 * h), rel=1e-6)
    # without the reference's part it would be another number
    _, alone = layer.network.forward(np.concatenate([layer.state["reference.batch"], z]))
    of_all, _ = alone(np.concatenate([np.zeros((5, *y.shape[1:])), dy]))
    np.testing.assert_array_equal(dx, of_all[5:])
    assert np.abs(of_all[:5]).max() > 0.01


def test_evaluation_is_training_and_nothing_is_remembered():
    layer, z = generator(), noise(3)
    before = snapshot(layer.params), snapshot(layer.state)
    y, _ = layer.forward(z)
    np.testing.assert_array_equal(layer.forward(z, training=False)[0], y)
    assert (snapshot(layer.params), snapshot(layer.state)) == before


def test_names_of_parameters_and_state():
    layer = WithReference(
        Sequential(Dense(4, 2, rng=rng()), Dropout(0.5, rng=rng()), BatchNorm(2)), noise(3, np.float32)
    )
    assert list(layer.params) == ["network.0.weight", "network.0.bias", "network.2.weight", "network.2.bias"]
    assert list(layer.state) == [
        "network.1.rng",
        "network.2.running_mean",
        "network.2.running_variance",
        "reference.batch",
    ]
    assert layer.params["network.0.weight"] is layer.network.params["0.weight"]


def test_the_reference_is_a_copy():
    reference = noise(3, np.float32)
    layer = WithReference(VirtualBatchNorm(4, 3), reference)
    before = layer.predict(noise(2, np.float32))
    reference[:] = 7
    np.testing.assert_array_equal(layer.predict(noise(2, np.float32)), before)


def test_a_file_brings_the_reference_along(tmp_path):
    layer, other = generator(seed=0), generator(seed=5)
    z = noise(3)
    assert (layer.predict(z) != other.predict(z)).any()
    layer.save(tmp_path / "generator.npz")
    other.load(tmp_path / "generator.npz")
    np.testing.assert_array_equal(other.predict(z), layer.predict(z))
    with pytest.raises(CheckpointError, match=r"state/reference\.batch expects float64 \(6, 4\), has float64 \(5, 4\)"):
        generator(6).load(tmp_path / "generator.npz")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_type_on_both_ways(dtype):
    layer = generator(dtype=np.float64).astype(dtype)
    y, backward = layer.forward(noise(3, dtype))
    dx, grads = backward(np.ones_like(y))
    assert {y.dtype, dx.dtype, *(g.dtype for g in grads.values())} == {np.dtype(dtype)}
    assert layer.state["reference.batch"].dtype == dtype


def test_it_is_a_layer_of_a_larger_network():
    inner = generator(dtype=np.float32)
    network = Sequential(Dense(3, 4, rng=rng()), inner, input_shape=(3,))
    assert network.output_shape((3,)) == (3, 4, 4)
    y, backward = network.forward(np.ones((2, 3), np.float32))
    dx, grads = backward(np.ones_like(y))
    assert dx.shape == (2, 3)
    assert set(grads) == set(network.params)
    assert "1.network.0.weight" in grads


def test_every_row_of_a_batch_in_any_memory_order():
    layer, z = generator(), noise(6)
    y, backward = layer.forward(z)
    dy = rng(3).standard_normal(y.shape)
    dx, _ = backward(dy)
    frozen = np.asfortranarray(z)
    frozen.flags.writeable = False
    other, other_backward = layer.forward(frozen)
    np.testing.assert_allclose(other, y, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(other_backward(np.asfortranarray(dy))[0], dx, rtol=1e-11, atol=1e-12)


def test_a_bare_network_says_what_is_missing():
    with pytest.raises(
        ShapeError, match=r"begin with the 5 samples of the reference, has 3 .*; WithReference puts them"
    ):
        generator().network.predict(noise(3))


def test_the_layer_computes_its_operation():
    x = rng().standard_normal((6, 3, 2, 2)).astype(np.float32)
    ones = np.ones(3, np.float32)
    y, _ = VirtualBatchNorm(3, 4, eps=0.25).forward(x)
    np.testing.assert_array_equal(y, functional.virtual_batch_norm(x, ones, 0 * ones, reference_size=4, eps=0.25)[0])
    assert VirtualBatchNorm(3, 4).eps == 1e-5


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: WithReference("dense", noise(3)), RangeError, "network expects a Layer, is 'dense'"),
        (lambda: WithReference(Tanh(), [[1.0]]), DtypeError, "reference expects a NumPy array, is list"),
        (lambda: WithReference(Tanh(), np.ones((3, 4), int)), DtypeError, "reference expects float32 or float64, has"),
        (lambda: WithReference(Tanh(), np.ones((0, 4))), ShapeError, r"reference expects shape \(R, ...\), at least 1"),
        (lambda: WithReference(Tanh(), np.ones(4)), ShapeError, r"reference expects shape \(R, ...\), .* has \(4,\)"),
        (
            lambda: WithReference(generator(5).network, noise(4)),
            RangeError,
            "reference expects 5 samples, the reference_size of a VirtualBatchNorm in the network, has 4",
        ),
        (lambda: generator().forward(np.ones((2, 3))), ShapeError, r"x expects shape \(N, 4\), has \(2, 3\)"),
        (lambda: generator().forward(np.ones(4)), ShapeError, r"x expects shape \(N, 4\), has \(4,\)"),
        (
            lambda: generator().forward(noise(2, np.float32)),
            DtypeError,
            "reference expects float32 like x, has float64",
        ),
        (lambda: generator().forward([1.0]), DtypeError, "x expects a NumPy array, is list"),
    ],
)
def test_what_does_not_fit(make, error, message):
    with pytest.raises(error, match=f"^WithReference: {message}"):
        make()


def test_pytorch_has_no_such_module():
    with pytest.raises(RangeError, match=r"layer network \(WithReference\) expects .* a name of its own without a dot"):
        to_torch(generator())
    assert set(to_torch(VirtualBatchNorm(3, 4))) == {"weight", "bias"}
