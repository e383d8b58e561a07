"""From the folder of a run back to the network that it trained."""

import json

import numpy as np
import pytest

from nnfromscratch import models
from nnfromscratch.errors import CheckpointError, RunError
from nnfromscratch.training import trained_network

RESULTS = {"network": {"model": "lenet5"}, "classes": ["a", "b", "c"], "image_shape": [1, 28, 28]}


@pytest.fixture
def folder(tmp_path):
    """What a finished run leaves, as far as it matters here."""
    models.lenet5(rng=np.random.default_rng(5), classes=3).save(tmp_path / "network.npz")
    _write(tmp_path, RESULTS)
    return tmp_path


def _write(folder, results):
    (folder / "results.json").write_text(json.dumps({"run": {}, "results": results}))


def test_the_network_comes_back_with_its_weights(folder):
    network, results = trained_network(folder)
    assert results == RESULTS
    expected = models.lenet5(rng=np.random.default_rng(5), classes=3)
    for name, array in expected.params.items():
        np.testing.assert_array_equal(network.params[name], array)


@pytest.mark.parametrize("missing", RESULTS)
def test_results_that_describe_no_network(folder, missing):
    _write(folder, {name: value for name, value in RESULTS.items() if name != missing})
    with pytest.raises(RunError, match=f"somebody: .* a finished run of classify, its results lack '{missing}'"):
        trained_network(folder, operation="somebody")


def test_another_networks_weights(folder):
    _write(folder, RESULTS | {"classes": ["a", "b"]})
    with pytest.raises(CheckpointError, match=r"network\.npz: .* expects"):
        trained_network(folder)


def test_a_folder_without_results(tmp_path):
    with pytest.raises(RunError, match="trained_network: expects the folder of a finished run"):
        trained_network(tmp_path)
