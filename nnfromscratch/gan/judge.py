"""A trained classifier that is asked about images: which class is this, and how sure are you."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch.data import as_input
from nnfromscratch.errors import CheckpointError, DtypeError, RangeError, ShapeError
from nnfromscratch.functional import softmax
from nnfromscratch.gan.images import require_images
from nnfromscratch.layers import Dense, Sequential
from nnfromscratch.models import judge_cnn
from nnfromscratch.training import trained_network
from nnfromscratch.types import Array

_FOLDER = Path(__file__).parent  # of judge.npz, the weights, and judge.json, how they came about
_AT_ONCE = 256  # images; what the first layers make of these takes some 10 MB
OWN_JUDGE = (
    "the judge inside the package knows only MNIST's 28×28×1 digits; for other data train one with "
    "python -m nnfromscratch classify --model judge --data YOUR_DATA and give judge=load_judge(FOLDER_OF_THAT_RUN)"
)
_REPAIR = "install nnfromscratch again (python -m pip install --force-reinstall nnfromscratch)"


@dataclass(frozen=True, eq=False)
class Judge:
    """A trained classifier, and the names of the classes that it tells apart.

    network: images (N, C, H, W), pixels from 0 to 1 → logits (N, K); its last layer is Dense, and what that layer is
    given are the features. classes: K names
    Raises DtypeError, ShapeError or RangeError where the network does not end in one score for each class.

    >>> from nnfromscratch.models import judge_cnn
    >>> Judge(judge_cnn(rng=np.random.default_rng(0), classes=2), ("cat", "dog"))
    Judge(64 features, 2 classes)
    """

    network: Sequential
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.network, Sequential):
            raise DtypeError(f"Judge: network expects a Sequential, is {type(self.network).__name__}")
        if len(self.network) < 2 or not isinstance(self.network.layers[-1], Dense):
            last = repr(self.network.layers[-1]) if len(self.network) else "none"
            raise RangeError(f"Judge: network expects layers that give features, then Dense; its last layer is {last}")
        scores = self.network.layers[-1].params["weight"].shape[1]
        if scores != len(self.classes):
            raise ShapeError(f"Judge: classes expects {scores} names, one for each of the scores; has {self.classes}")
        object.__setattr__(self, "classes", tuple(self.classes))  # as Dataset has them

    def __repr__(self) -> str:
        return f"Judge({self.network.layers[-1].params['weight'].shape[0]} features, {len(self.classes)} classes)"


def load_judge(folder: str | os.PathLike[str] | None = None) -> Judge:
    """The judge inside the package, which knows MNIST's digits, or one of your own.

    The package's is ``models.judge_cnn``, trained by ``python -m nnfromscratch classify --model judge --seed 0``;
    gan/judge.json has its test accuracy and the SHA-256 of its weights, which are compared.
    folder: that of a finished run of classify, on any data and with any model
    Raises CheckpointError where a file is missing or damaged, RunError where the folder is none of classify.

    >>> load_judge()
    Judge(64 features, 10 classes)
    """
    if folder is not None:
        network, results = trained_network(folder, operation="load_judge")
        return Judge(network, tuple(map(str, results["classes"])))
    record = _record(_FOLDER / "judge.json")
    weights = _FOLDER / "judge.npz"
    found = hashlib.sha256(_bytes(weights)).hexdigest()
    if found != record["sha256"]:
        raise CheckpointError(
            f"{weights}: expects the judge's weights, SHA-256 {record['sha256']}; is damaged, has {found}: {_REPAIR}"
        )
    network = judge_cnn(rng=np.random.default_rng(0), classes=len(record["classes"]))
    network.load(weights)
    return Judge(network, tuple(record["classes"]))


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(_bytes(path))
        if isinstance(record["sha256"], str) and all(isinstance(name, str) for name in record["classes"]):
            return dict(record)
        damage = "sha256 and classes are no text"
    except (ValueError, KeyError, TypeError) as error:
        damage = str(error)
    raise CheckpointError(f"{path}: expects the record of the judge's weights, is damaged ({damage}): {_REPAIR}")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{path}: expects a file of the judge, cannot be read ({error.strerror}): {_REPAIR}"
        ) from error


def judge_features(judge: Judge, images: Array) -> tuple[Array, Array]:
    """What the judge makes of images: the features of its last hidden layer, and a probability for each class.

    features = f(x)        p[n, k] = softmax(features·W + b)[n, k]

    images: (N, C, H, W), uint8 from 0 to 255 or floats from 0 to 1
    judge: who looks at them   features: (N, F), float64   probabilities: (N, K), float64
    The images pass a few at a time, so that memory stays bounded.
    Raises DtypeError, ShapeError, RangeError or NonFiniteError for images that the judge cannot look at.

    >>> features, probabilities = judge_features(load_judge(), np.zeros((5, 1, 28, 28), np.uint8))
    >>> features.shape, probabilities.shape
    ((5, 64), (5, 10))
    """
    require_images("judge_features", "images", images)
    body, last = Sequential(*judge.network.layers[:-1]), judge.network.layers[-1]
    expected = judge.network.input_shape
    if expected is not None and images.shape[1:] != expected:
        raise ShapeError(
            f"judge_features: images expects shape (N, {', '.join(map(str, expected))}), has {images.shape}: "
            f"{OWN_JUDGE}"
        )
    parts = [body.predict(_as_input(part, judge.network.dtype)) for part in _in_parts(images)]
    features = np.concatenate(parts)
    probabilities, _ = softmax(last.predict(features).astype(np.float64))
    return features.astype(np.float64), probabilities


def _in_parts(images: Array) -> list[Array]:
    return [images[start : start + _AT_ONCE] for start in range(0, len(images), _AT_ONCE)]


def _as_input(images: Array, dtype: np.dtype[Any]) -> Array:
    if images.dtype == np.float64:
        images = images.astype(np.float32)
    return as_input(images).astype(dtype, copy=False)
