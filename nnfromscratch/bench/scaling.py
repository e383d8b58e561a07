"""How the cost grows: with the channels, the batch, and the size of the images. All on one thread."""

from __future__ import annotations

from typing import Any

from nnfromscratch.bench.operation_times import operation_times
from nnfromscratch.bench.operations import convolution

# Multiples of 4, 8 and 16 and their neighbours: a kernel that stumbles over what is left over shows it here.
_COUNTS = (1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24, 32, 33, 48, 64)
CHANNELS = tuple((channels, kernel_size) for kernel_size in (3, 5) for channels in _COUNTS)
IMAGES = (7, 14, 28, 56, 112)
BATCH_WORKLOAD, BATCHES = "small", (1, 2, 4, 8, 16, 32, 64, 128, 256)


def by_channels(channels: int, kernel_size: int, *, seconds: float, seed: int) -> list[dict[str, Any]]:
    """Rows as ``operation_times`` gives them, of a convolution from so many to so many channels.

    128 images of 14×14, padded so that the result has their size.
    """
    operation = convolution(channels, channels, kernel_size, 1, kernel_size // 2, 14)
    rows = operation_times(operation, 128, 1, seconds=seconds, seed=seed)
    return [{**row, "channels": channels, "kernel_size": kernel_size} for row in rows]


def by_image_size(size: int, *, seconds: float, seed: int) -> list[dict[str, Any]]:
    """Rows as ``operation_times`` gives them, of a convolution 3×3 from 16 to 32 channels of 32 images."""
    rows = operation_times(convolution(16, 32, 3, 1, 1, size), 32, 1, seconds=seconds, seed=seed)
    return [{**row, "size": size} for row in rows]
