"""The article's CNN: input, convolution, pooling, fully connected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch.layers import BatchNorm, Conv2d, Dense, Dropout, Flatten, MaxPool2d, ReLU, Sequential


def article_cnn(
    *,
    rng: np.random.Generator,
    classes: int = 10,
    input_shape: tuple[int, int, int] = (1, 28, 28),
    dtype: npt.DTypeLike = np.float32,
) -> Sequential:
    """Convolution and pooling, twice, then two fully connected layers: the parts that the article's section 2.1 names.

    The article gives no sizes. These, and the batch normalization that it does not speak of, were chosen on 5,000
    training images held out (see the page on the default network in the documentation); dropout is the usual.
    Pooling before batch normalization and ReLU leaves these a quarter of the numbers; for ReLU the order makes no
    difference.

    x: (N, *input_shape), pixels from 0 to 1; height and width at least 10   y: (N, classes), logits
    Raises ShapeError where the image is too small to be convolved and pooled, RangeError for a size under 1.

    >>> article_cnn(rng=np.random.default_rng(0)).output_shape((1, 28, 28))
    (10,)
    """
    features = Sequential(
        Conv2d(input_shape[0], 16, 3, rng=rng, dtype=dtype),
        MaxPool2d(2),
        BatchNorm(16, dtype=dtype),
        ReLU(),
        Conv2d(16, 32, 3, padding=1, rng=rng, dtype=dtype),
        ReLU(),
        Conv2d(32, 32, 3, rng=rng, dtype=dtype),
        MaxPool2d(2),
        BatchNorm(32, dtype=dtype),
        ReLU(),
        Flatten(),
    )
    (size,) = features.output_shape(input_shape)
    return Sequential(
        *features,
        Dense(size, 128, rng=rng, dtype=dtype),
        ReLU(),
        Dropout(0.5, rng=rng),
        Dense(128, classes, rng=rng, dtype=dtype),
        input_shape=input_shape,
    )
