"""LeNet-5, the network that made convolution famous."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nnfromscratch.initializers import lecun_normal
from nnfromscratch.layers import AvgPool2d, Conv2d, Dense, Flatten, Sequential, Tanh


def lenet5(
    *,
    rng: np.random.Generator,
    classes: int = 10,
    input_shape: tuple[int, int, int] = (1, 28, 28),
    dtype: npt.DTypeLike = np.float32,
) -> Sequential:
    """Convolution C1, pooling S2, convolution C3, pooling S4, convolution C5, fully connected F6, output.

    Three things are simpler than in the paper, as has become usual: every map of C3 sees every map of S2 (the paper's
    Table I leaves some out, to save memory), pooling has no weights of its own, and the output is logits instead of
    distances to drawn digits. The paper's tanh is scaled by 1.7159, this one is not. A 28×28 image gets the border that
    makes it 32×32.

    x: (N, *input_shape), pixels from 0 to 1; height and width at least 28   y: (N, classes), logits
    Raises ShapeError where the image is too small, RangeError for a size under 1.
    Source: LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition (1998), II.B.
    """
    channels = input_shape[0]
    features = Sequential(
        Conv2d(channels, 6, 5, padding=2, rng=rng, dtype=dtype, initializer=lecun_normal),
        Tanh(),
        AvgPool2d(2),
        Conv2d(6, 16, 5, rng=rng, dtype=dtype, initializer=lecun_normal),
        Tanh(),
        AvgPool2d(2),
        Conv2d(16, 120, 5, rng=rng, dtype=dtype, initializer=lecun_normal),
        Tanh(),
        Flatten(),
    )
    (size,) = features.output_shape(input_shape)
    return Sequential(
        *features,
        Dense(size, 84, rng=rng, dtype=dtype, initializer=lecun_normal),
        Tanh(),
        Dense(84, classes, rng=rng, dtype=dtype, initializer=lecun_normal),
        input_shape=input_shape,
    )
