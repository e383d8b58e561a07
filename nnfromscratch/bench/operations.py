"""Single operations: the layers of the workloads on their own, each way through them by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnfromscratch.bench.ways import BOTH, FORWARD, INPUT, WEIGHT
from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Layer,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Sequential,
)


@dataclass(frozen=True)
class Operation:
    """A layer, the shape of one sample that enters it, and the ways through it that a training step takes."""

    name: str
    make: Callable[[np.random.Generator], Layer]
    sample: tuple[int, ...]
    ways: tuple[str, ...] = (FORWARD, INPUT, WEIGHT)


def convolution(channels: int, filters: int, kernel: int, stride: int, padding: int, size: int) -> Operation:
    """A convolution of images of size × size.

    >>> convolution(32, 64, 5, 1, 2, 14).name
    'convolution 5×5, 32→64, 14×14'
    """
    return Operation(
        f"convolution {kernel}×{kernel}{_stride(stride)}, {channels}→{filters}, {size}×{size}",
        lambda rng: Conv2d(channels, filters, kernel, stride=stride, padding=padding, bias=False, rng=rng),
        (channels, size, size),
    )


def transposed(channels: int, filters: int, kernel: int, stride: int, padding: int, size: int) -> Operation:
    """A transposed convolution of images of size × size."""
    return Operation(
        f"transposed {kernel}×{kernel}{_stride(stride)}, {channels}→{filters}, {size}×{size}",
        lambda rng: ConvTranspose2d(channels, filters, kernel, stride=stride, padding=padding, bias=False, rng=rng),
        (channels, size, size),
    )


def _stride(stride: int) -> str:
    return "" if stride == 1 else f" stride {stride}"


OPERATIONS = (
    convolution(1, 32, 5, 1, 2, 28),
    convolution(32, 64, 5, 1, 2, 14),
    convolution(1, 16, 3, 1, 1, 28),
    convolution(16, 32, 3, 1, 1, 14),
    convolution(1, 64, 4, 2, 1, 28),
    convolution(64, 128, 4, 2, 1, 14),
    transposed(128, 64, 4, 2, 1, 7),
    transposed(64, 1, 4, 2, 1, 14),
    Operation("max pooling 2×2, 32×28×28", lambda _: MaxPool2d(2), (32, 28, 28), (FORWARD, INPUT)),
    Operation(
        "relu, max pooling 2×2, 32×28×28",
        lambda _: Sequential(ReLU(), MaxPool2d(2)),
        (32, 28, 28),
        (FORWARD, INPUT),
    ),
    Operation("batch normalization, 64×14×14", lambda _: BatchNorm(64), (64, 14, 14), (FORWARD, BOTH)),
    Operation(
        "batch normalization, leaky relu, 128×7×7",
        lambda _: Sequential(BatchNorm(128), LeakyReLU()),
        (128, 7, 7),
        (FORWARD, BOTH),
    ),
    Operation("dense 3136→512", lambda rng: Dense(3136, 512, rng=rng), (3136,)),
    Operation("dense 784→128", lambda rng: Dense(784, 128, rng=rng), (784,)),
)
