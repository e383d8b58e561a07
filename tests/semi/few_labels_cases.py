"""A small data set with few labels, small networks, and methods that use everything."""

from functools import partial

import numpy as np

from nnfromscratch.data import Dataset
from nnfromscratch.models import few_labels_discriminator
from nnfromscratch.semi import Method, split_labels

CLASSES = ("left", "right", "top")
SMALL = partial(few_labels_discriminator, widths=(12, 8))


def seeded(seed=0):
    return np.random.default_rng(seed)


def pictures(count=120, shape=(1, 6, 6), seed=0):
    """A bright half, or a bright upper edge, in noise; the classes follow each other."""
    rng = seeded(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 120, (count, *shape))
    images[labels == 0, ..., : shape[2] // 2] += 100
    images[labels == 1, ..., shape[2] // 2 :] += 100
    images[labels == 2, :, : shape[1] // 2] += 100
    return Dataset(images.astype(np.uint8), labels, CLASSES)


def few(labels=6, shape=(1, 6, 6), seed=0):
    return split_labels(pictures(shape=shape), labels, validation=30, validation_rng=seeded(1), rng=seeded(seed))


def brighter(images, rng):
    """An augmentation that a test can see: every image becomes brighter, each by another amount."""
    return images + rng.random((len(images), 1, 1, 1), np.float32)


def method(**settings):
    return Method(network=SMALL, labelled=5, unlabelled=7, generated=4, **settings)


METHODS = {
    "labels alone": method(),
    "gan": method(generator_rate=0.006),
    "pseudo-labels": method(pseudo_labels=1.0, threshold=0.4),
    "consistency": method(consistency=3.0, start=0.0, alignment=False),
    "everything": method(
        generator_rate=0.006, pseudo_labels=0.5, consistency=3.0, threshold=0.4, start=0.4,
        augment_labelled=brighter, augment_unlabelled=brighter,
    ),
    "conditional entropy": method(conditional_entropy=0.5),
    "bad gan": method(generator_rate=0.006, conditional_entropy=0.5, pull_away=2.0, pseudo_labels=1.0, threshold=0.4),
}  # fmt: skip
