"""From the folder of a finished run back to its network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch import runs
from nnfromscratch.errors import RunError
from nnfromscratch.layers import Sequential
from nnfromscratch.models import MODELS


def trained_network(
    folder: str | os.PathLike[str], *, operation: str = "trained_network"
) -> tuple[Sequential, dict[str, Any]]:
    """The network that ``python -m nnfromscratch classify`` trained, and the results of that run.

    folder: the run's, with results.json and network.npz. operation: whom an error names.
    Raises RunError where it is not the folder of a finished run of classify, CheckpointError where the weights are
    missing, damaged or another network's.
    """
    results = runs.read_results(folder, operation)["results"]
    try:
        model = MODELS[results["network"]["model"]]
        classes, (channels, height, width) = len(results["classes"]), map(int, results["image_shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{operation}: {folder} expects a finished run of classify, its results lack {error}") from error
    network = model(rng=np.random.default_rng(0), classes=classes, input_shape=(channels, height, width))
    network.load(Path(folder).expanduser() / "network.npz")
    return network, results
