"""From a data set to what a network eats: shuffled batches of float32 images, the batch innermost in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from nnfromscratch.data.dataset import Dataset
from nnfromscratch.errors import DtypeError, RangeError, ShapeError, require_generator, require_int
from nnfromscratch.types import Array

# (images, generator) -> changed images of the same shape and type; Augmentation is one.
Augment: TypeAlias = Callable[[Array, np.random.Generator], Array]


def as_input(images: Array) -> Array:
    """Images as a network takes them: float32 in [0, 1], bytes divided by 255.

    images: (N, C, H, W), uint8 or float32, in any memory order. Returns a new array of the same shape whose memory is
    ordered (H, C, W, N): the pixels at one place of all images lie side by side, which the kernels like best.
    Raises ShapeError or DtypeError.

    >>> x = as_input(np.full((2, 1, 4, 4), 51, np.uint8))
    >>> x.shape, x.dtype, float(x[0, 0, 0, 0]), x.transpose(2, 1, 3, 0).flags.c_contiguous
    ((2, 1, 4, 4), dtype('float32'), 0.2..., True)
    """
    if not isinstance(images, np.ndarray) or images.dtype not in (np.uint8, np.float32):
        kind = images.dtype if isinstance(images, np.ndarray) else type(images).__name__
        raise DtypeError(f"as_input: images expects an array of uint8 or float32, has {kind}")
    if images.ndim != 4:
        raise ShapeError(f"as_input: images expects shape (N, C, H, W), has {images.shape}")
    batch_last = images.transpose(2, 1, 3, 0)
    x = np.empty(batch_last.shape, np.float32)
    if images.dtype == np.uint8:
        np.divide(batch_last, np.float32(255), out=x, dtype=np.float32)
    else:
        np.copyto(x, batch_last)
    return x.transpose(3, 1, 0, 2)


def batch_count(dataset: Dataset, batch_size: int, *, drop_last: bool = False) -> int:
    """How many batches one pass over the data takes: ⌈N / batch_size⌉, rounded down with ``drop_last``.

    >>> data = Dataset(np.zeros((10, 1, 8, 8), np.uint8), np.zeros(10, int), classes=("cat",))
    >>> batch_count(data, 4), batch_count(data, 4, drop_last=True)
    (3, 2)
    """
    batch_size = require_int("batch_count", "batch_size", batch_size, least=1)
    return len(dataset) // batch_size if drop_last else -(-len(dataset) // batch_size)


def batches(
    dataset: Dataset,
    batch_size: int,
    *,
    rng: np.random.Generator | None = None,
    augment: Augment | None = None,
    drop_last: bool = False,
    start: int = 0,
) -> Iterator[tuple[Array, Array]]:
    """One pass over the data in batches: ``x, labels``, as ``as_input`` makes them.

    rng: shuffles; without it the images come in their order. augment: changes every batch, given a generator of its
    own. drop_last: leaves out a last batch that is not full. start: the batch to begin with, skipping those before it.

    ``rng`` is used at the call, and only then: it gives the order of the epoch and one number, from which the generator
    of each batch's augmentation is made together with the number of the batch. So an epoch can be taken up in its
    middle: the generator as it was when the epoch began, and ``start``, give the very bits that an unbroken pass gives.

    x: (B, C, H, W) float32 in memory order (H, C, W, B)   labels: (B,) int64
    Raises RangeError where a setting makes no sense, DtypeError where ``augment`` is without ``rng``.

    >>> data = Dataset(np.zeros((10, 1, 8, 8), np.uint8), np.arange(10) % 2, classes=("cat", "dog"))
    >>> [x.shape for x, labels in batches(data, 4, rng=np.random.default_rng(0))]
    [(4, 1, 8, 8), (4, 1, 8, 8), (2, 1, 8, 8)]
    """
    batch_size = require_int("batches", "batch_size", batch_size, least=1)
    number = batch_count(dataset, batch_size, drop_last=drop_last)
    if number == 0:
        raise RangeError(f"batches: drop_last leaves nothing of {len(dataset)} images in batches of {batch_size}")
    start = require_int("batches", "start", start, least=0)
    if start > number:
        raise RangeError(f"batches: start expects at most {number}, the number of batches, is {start}")
    if rng is None:
        if augment is not None:
            raise DtypeError("batches: augment needs a generator to draw from: give rng as well")
        order, seed = np.arange(len(dataset)), 0
    else:
        require_generator("batches", rng)
        order, seed = rng.permutation(len(dataset)), int(rng.integers(2**63))

    def epoch() -> Iterator[tuple[Array, Array]]:  # a function of its own, so that the lines above run at the call
        for batch in range(start, number):
            chosen = order[batch * batch_size : (batch + 1) * batch_size]
            x = as_input(dataset.images[chosen])
            if augment is not None:
                x = augment(x, np.random.default_rng((seed, batch)))
            yield x, dataset.labels[chosen]

    return epoch()
