"""Data: MNIST inside the package, other sets by download, a user's own images; batches and augmentation.

>>> import numpy as np
>>> splits = load("mnist", validation=5000, rng=np.random.default_rng(0))
>>> x, labels = next(batches(splits.train, 128, rng=np.random.default_rng(1), augment=Augmentation()))
>>> x.shape, x.dtype, labels.shape
((128, 1, 28, 28), dtype('float32'), (128,))
"""

from nnfromscratch.data.augmentation import Augmentation, warp
from nnfromscratch.data.batches import as_input, batch_count, batches
from nnfromscratch.data.dataset import Dataset, Splits
from nnfromscratch.data.idx import read_idx
from nnfromscratch.data.image import read_digit, read_image
from nnfromscratch.data.load import NAMES, load

__all__ = [
    "NAMES",
    "Augmentation",
    "Dataset",
    "Splits",
    "as_input",
    "batch_count",
    "batches",
    "load",
    "read_digit",
    "read_idx",
    "read_image",
    "warp",
]
