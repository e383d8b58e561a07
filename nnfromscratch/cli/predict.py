"""``python -m nnfromscratch predict``: what a trained network sees in pictures from the disk."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from nnfromscratch import data, kernels, training
from nnfromscratch.errors import DataError, NNFromScratchError
from nnfromscratch.functional import softmax
from nnfromscratch.types import Array
from nnfromscratch.wording import percent


def run(arguments: argparse.Namespace) -> int:
    """Print for each picture the class, how sure the network is, and the runner-up."""
    network, results = training.trained_network(arguments.folder, operation="predict")
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
