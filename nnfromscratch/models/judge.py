"""The small CNN that judges generated images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch.layers import BatchNorm, Conv2d, Dense, Dropout, Flatten, MaxPool2d, ReLU, Sequential


def judge_cnn(
    *,
    rng: np.random.Generator,
    classes: int = 10,
    input_shape: tuple[int, int, int] = (1, 28, 28),
    dtype: npt.DTypeLike = np.float32,
) -> Sequential:
    """Two convolutions, each pooled, then 64 features and from these the classes.

    ``gan.load_judge`` has it trained on MNIST. Half the multiplications of ``article_cnn``, since it looks at thousands
    of images again and again. The last layer is the only one behind the features: without it the network gives them,
    and for the Fréchet distance 64 are few enough to tell their covariance from a few thousand images.

    x: (N, *input_shape), pixels from 0 to 1; height and width at least 16   y: (N, classes), logits
    Raises ShapeError where the image is too small to be convolved and pooled, RangeError for a size under 1.

    >>> network = judge_cnn(rng=np.random.default_rng(0))
    >>> Sequential(*network.layers[:-1]).output_shape((1, 28, 28)), network.output_shape((1, 28, 28))
    ((64,), (10,))
    """
    convolved = Sequential(
        Conv2d(input_shape[0], 16, 5, rng=rng, dtype=dtype),
        MaxPool2d(2),
        BatchNorm(16, dtype=dtype),
        ReLU(),
        Conv2d(16, 32, 5, rng=rng, dtype=dtype),
        MaxPool2d(2),
        BatchNorm(32, dtype=dtype),
        ReLU(),
        Flatten(),
    )
    (size,) = convolved.output_shape(input_shape)
    return Sequential(
        *convolved,
        Dense(size, 64, rng=rng, dtype=dtype),
        ReLU(),
        Dropout(0.5, rng=rng),
        Dense(64, classes, rng=rng, dtype=dtype),
        input_shape=input_shape,
    )
