"""Saving and loading: the same bits again, or an error and nothing changed."""

import json
import os

import numpy as np
import pytest
from layer_cases import NAMES, draw_x, make, rng, snapshot

from nnfromscratch.archive import read_archive, write_archive
from nnfromscratch.errors import CheckpointError, RunError
from nnfromscratch.layers import BatchNorm, Dense, Dropout, ReLU, Sequential


def network(seed=0, *, width=4):
    return Sequential(
        Dense(6, width, rng=rng(seed)), BatchNorm(width), ReLU(), Dropout(0.5, rng=rng(seed)),
        Sequential(Dropout(0.25, rng=rng(seed)), Dense(width, 2, rng=rng(seed), bias=False)),
    )  # fmt: skip


def trained(seed=0):
    chain = network(seed)
    for step in range(3):
        y, backward = chain.forward(rng(step).standard_normal((5, 6), np.float32))
        for key, gradient in backward(np.ones_like(y))[1].items():
            chain.params[key] -= np.float32(0.01) * gradient
    return chain


def everything(layer):
    return snapshot(layer.params), snapshot(layer.state)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_every_layer_comes_back_bit_by_bit(name, dtype, tmp_path):
    layer = make(name, dtype)
    layer.forward(draw_x(name, dtype=dtype))
    layer.save(tmp_path / "layer.npz")
    saved = everything(layer)
    for key in layer.params:
        layer.params[key] += 1
    layer.forward(draw_x(name, 2, dtype=dtype))
    layer.load(tmp_path / "layer.npz")
    assert everything(layer) == saved


def test_a_network_continues_as_if_nothing_had_happened(tmp_path):
    one, other = trained(), network(7)
    one.save(tmp_path / "network.npz")
    other.load(str(tmp_path / "network.npz"))
    assert everything(one) == everything(other)
    x = rng(9).standard_normal((5, 6), np.float32)
    (y, backward), (z, other_backward) = one.forward(x), other.forward(x)
    np.testing.assert_array_equal(y, z)
    np.testing.assert_array_equal(backward(y)[0], other_backward(z)[0])
    assert everything(one) == everything(other)


def test_loading_makes_earlier_backwards_stale_and_shares_nothing(tmp_path):
    from nnfromscratch.errors import StaleBackwardError

    chain = trained()
    chain.save(tmp_path / "network.npz")
    y, backward = chain.forward(np.ones((5, 6), np.float32))
    chain.load(tmp_path / "network.npz")
    with pytest.raises(StaleBackwardError):
        backward(y)


def test_the_file_holds_named_arrays_that_anybody_can_read(tmp_path):
    chain = trained()
    chain.save(tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz", allow_pickle=False) as file:
        assert set(file.files) == {
            "description.json", "params/0.weight", "params/0.bias", "params/1.weight", "params/1.bias",
            "params/4.1.weight", "state/1.running_mean", "state/1.running_variance",
        }  # fmt: skip
        np.testing.assert_array_equal(file["params/0.weight"], chain.params["0.weight"])
        description = json.loads(file["description.json"].tobytes())
    assert description["kind"] == "layer"
    assert set(description["generators"]) == {"3.rng", "4.0.rng"}


def refused(chain, path, message):
    before = everything(chain)
    versions = [layer.params.version for layer in chain.layers if hasattr(layer.params, "version")]
    with pytest.raises(CheckpointError, match=message) as error:
        chain.load(path)
    assert str(path) in str(error.value)
    assert everything(chain) == before
    assert [layer.params.version for layer in chain.layers if hasattr(layer.params, "version")] == versions


def test_another_models_file_is_refused_and_nothing_changed(tmp_path):
    trained(3).save(tmp_path / "network.npz")
    dense = Sequential(Dense(6, 4, rng=rng()))
    refused(
        dense, tmp_path / "network.npz", r"has 'params/1\.weight', which this model lacks: written by another model"
    )
    refused(
        network(width=5), tmp_path / "network.npz", r"params/0\.weight expects float32 \(6, 5\), has float32 \(6, 4\)"
    )
    refused(
        network().astype(np.float64), tmp_path / "network.npz", r"params/0\.weight expects float64 \(6, 4\), has fl"
    )
    longer = Sequential(*network().layers, Dense(2, 2, rng=rng()))
    refused(longer, tmp_path / "network.npz", r"expects 'params/5\.weight' of this model, has none: written by another")
    without_noise = Sequential(*network().layers[:3], ReLU(), network().layers[4])
    refused(without_noise, tmp_path / "network.npz", r"has '3\.rng', which this model lacks")
    dense.save(tmp_path / "dense.npz")
    more_noise = Sequential(dense.layers[0], Dropout(0.5, rng=rng()))
    refused(more_noise, tmp_path / "dense.npz", r"expects '1\.rng' of this model, has none")


def test_damaged_files_are_refused_and_nothing_changed(tmp_path):
    chain, path = trained(), tmp_path / "network.npz"
    refused(chain, path, "expects a saved .npz file, there is none")
    refused(chain, tmp_path, "expects a saved .npz file, there is a folder")
    trained(1).save(path)
    whole = path.read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        refused(chain, path, "expects a file saved by nnfromscratch, is damaged")
    path.write_bytes(b"not a network at all")
    refused(chain, path, "is damaged")
    np.save(tmp_path / "array.npy", np.ones(3))
    refused(chain, tmp_path / "array.npy", "is damaged")
    np.savez(tmp_path / "others.npz", weight=np.ones(3))
    refused(chain, tmp_path / "others.npz", "is damaged")


@pytest.mark.parametrize("state", ["{}", "3", "no JSON", None, '{"bit_generator": "MT19937"}'])
def test_one_damaged_generator_restores_none_of_them(tmp_path, state):
    chain, path = trained(), tmp_path / "network.npz"
    trained(1).save(path)
    arrays, description = read_archive(path)
    description["generators"]["4.0.rng"] = state
    write_archive(path, arrays, description)
    before = everything(chain)
    with pytest.raises(CheckpointError, match="generator: state expects that of a PCG64, is "):
        chain.load(path)
    assert everything(chain) == before


@pytest.mark.parametrize("generators", [[], "rng", 3, None])
def test_a_description_of_another_make_is_refused(tmp_path, generators):
    chain, path = trained(), tmp_path / "network.npz"
    trained(1).save(path)
    arrays, _ = read_archive(path)
    write_archive(path, arrays, {"generators": generators})
    refused(chain, path, "expects the states of a layer's generators, has ")


def test_a_file_with_code_in_it_is_refused_unread(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    path = tmp_path / "trap.npz"
    np.savez(path, **{"params/weight": np.array([Trap()], object)})
    with pytest.raises(CheckpointError, match="is damaged"):
        Dense(1, 1, rng=rng()).load(path)
    assert not (tmp_path / "sprung").exists()


def test_a_folder_that_is_missing_or_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    chain, path = trained(), tmp_path / "network.npz"
    with pytest.raises(RunError, match="expects a folder with room that can be written, No such file or directory"):
        chain.save(tmp_path / "missing" / "network.npz")
    chain.save(path)
    old = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(RunError, match=r"network\.npz: expects a folder with room .*, No space left on device"):
        trained(1).save(path)
    assert path.read_bytes() == old
    assert [file.name for file in tmp_path.iterdir()] == ["network.npz"]


def test_a_loaded_parameter_keeps_the_layers_memory_order(tmp_path):
    layer = Dense(4, 3, rng=np.random.default_rng(0))
    layer.params["weight"] = np.asfortranarray(layer.params["weight"])
    layer.save(tmp_path / "layer.npz")
    layer.load(tmp_path / "layer.npz")
    assert layer.params["weight"].flags.f_contiguous
