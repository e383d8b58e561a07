"""The batches that both sides train on: real digits, prepared before anything is timed."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nnfromscratch.bench.workloads import NOISE, Workload
from nnfromscratch.data import Dataset
from nnfromscratch.types import Array

# (images, labels) for a classifier, (images, noise) for a game.
Batch: TypeAlias = tuple[Array, Array]


def make_batches(
    workload: Workload,
    digits: Dataset,
    batch_size: int,
    count: int,
    *,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float32,
) -> list[Batch]:
    """So many batches of digits drawn by ``rng``, pixels from 0 to 1, in ordinary C-contiguous arrays.

    The conversion into the memory order that our kernels like best is left to the step, and so counts as ours. The
    same generator gives the same numbers in float32 and, as closely as float64 can hold them, the same in float64.

    images: (N, *image_shape)   labels: (N,) or noise: (N, 100)
    """
    batches = []
    for _ in range(count):
        chosen = rng.integers(len(digits), size=batch_size)
        pixels = digits.images[chosen].reshape(batch_size, *workload.image_shape)
        images = np.divide(pixels, 255, dtype=np.float32).astype(dtype)
        if workload.is_game:
            batches.append((images, rng.standard_normal((batch_size, NOISE), dtype=np.float32).astype(dtype)))
        else:
            batches.append((images, digits.labels[chosen]))
    return batches
