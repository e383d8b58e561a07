"""``python -m nnfromscratch predict``: what a trained network sees in pictures from the disk."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch import data, kernels, models, runs
from nnfromscratch.errors import DataError, NNFromScratchError, RunError
from nnfromscratch.functional import softmax
from nnfromscratch.layers import Sequential
from nnfromscratch.types import Array
from nnfromscratch.wording import percent


def run(arguments: argparse.Namespace) -> int:
    """Print for each picture the class, how sure the network is, and the runner-up."""
    results = runs.read_results(arguments.folder, "predict")["results"]
    network = load_network(Path(arguments.folder).expanduser(), results)
    x = np.concatenate([_read(path, results) for path in arguments.images])
    with kernels.use("vectorized"):  # a few images: quicker than loading Numba
        probabilities, _ = softmax(network.predict(x))
    answers = [
        _answer(path, shares, results["classes"]) for path, shares in zip(arguments.images, probabilities, strict=True)
    ]
    if arguments.json:
        print(json.dumps(answers, indent=2, ensure_ascii=False))
        return 0
    width = max(map(len, arguments.images))
    longest = max(map(len, results["classes"]))
    for answer in answers:
        print(
            f"{answer['image']:<{width}}  {answer['class']:<{longest}}  {percent(answer['confidence'], 1):>7}   "
            f"then {answer['runner_up']}, {percent(answer['runner_up_confidence'], 1)}"
        )
    return 0


def load_network(folder: Path, results: dict[str, Any]) -> Sequential:
    """The network of a finished run. Raises RunError or CheckpointError where the folder is not what it should be."""
    try:
        model = models.MODELS[results["network"]["model"]]
        classes, (channels, height, width) = len(results["classes"]), map(int, results["image_shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"predict: {folder} expects a finished run of classify, its results lack {error}") from error
    network = model(rng=np.random.default_rng(0), classes=classes, input_shape=(channels, height, width))
    network.load(folder / "network.npz")
    return network


def _read(path: str, results: dict[str, Any]) -> Array:
    channels, height, width = results["image_shape"]
    box = results.get("figure_box")
    try:
        if box is not None:
            return data.read_digit(path, size=height, box=box)
        return data.read_image(path, (channels, height, width))
    except NNFromScratchError as error:
        raise DataError(f"predict: {error}") from error


def _answer(path: str, shares: Array, classes: list[str]) -> dict[str, Any]:
    order = np.argsort(-shares, kind="stable")
    best, second = int(order[0]), int(order[min(1, len(order) - 1)])
    return {
        "image": path,
        "class": classes[best],
        "confidence": float(shares[best]),
        "runner_up": classes[second],
        "runner_up_confidence": float(shares[second]),
        "probabilities": {name: float(share) for name, share in zip(classes, shares, strict=True)},
    }
