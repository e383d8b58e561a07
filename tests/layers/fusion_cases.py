"""Networks whose layers share a pass, and their results with and without it."""

import copy

import numpy as np
import pytest
from layer_cases import rng, snapshot

from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Sequential,
    Tanh,
    WeightNorm,
    unfused,
)
from nnfromscratch.layers.fusion import forward_group

every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])
IMAGES, ROWS = (2, 2, 5, 4), (4, 6)


WEIGHTED = {
    "dense": lambda dtype, bias: Dense(6, 5, bias=bias, rng=rng(), dtype=dtype),
    "conv": lambda dtype, bias: Conv2d(2, 3, (3, 2), padding=1, bias=bias, rng=rng(), dtype=dtype),
    "transposed": lambda dtype, bias: ConvTranspose2d(
        2, 2, (2, 3), stride=2, padding=1, output_padding=(0, 1), bias=bias, rng=rng(), dtype=dtype
    ),
}
SLOPES = {"relu": ReLU, "leaky 0.2": LeakyReLU, "leaky 1": lambda: LeakyReLU(1), "leaky 1.5": lambda: LeakyReLU(1.5)}
POOLS = {
    "2": lambda: MaxPool2d(2),
    "3 stride 2": lambda: MaxPool2d(3, 2, 1),
    "2 by 3 stride 1": lambda: MaxPool2d((2, 3), 1, ((0, 1), (1, 0))),
}


def network(*layers, dtype):
    """The layers in a row, all parameters random."""
    chain, draw = Sequential(*layers), rng(3)
    for key, array in chain.params.items():
        chain.params[key] = draw.standard_normal(array.shape).astype(dtype)
    return chain


def draw_x(kind, dtype, seed=1):
    return rng(seed).standard_normal(ROWS if kind == "dense" else IMAGES).astype(dtype)


def taken(chain, x, training=True):
    """How many layers the first group takes in."""
    return forward_group(chain.layers, x, training)[0]


def run(chain, x, wrt=("x", "params"), training=True):
    y, backward = chain.forward(x, training)
    dy = rng(2).standard_normal(y.shape).astype(y.dtype)
    dx, grads = backward(dy, wrt=wrt)
    return y, dx, grads


def both(chain, x, **options):
    """The results with fusion and without, each with the state that it left."""
    twin = copy.deepcopy(chain)
    fused = *run(chain, x, **options), snapshot(chain.state)
    with unfused():
        return fused, (*run(twin, x, **options), snapshot(twin.state))


def assert_same(fused, plain, exact=True, kept=()):
    """Equal bits of y, state and, where ``exact``, of all gradients; else of those named in ``kept``."""
    assert fused[0].dtype == plain[0].dtype
    np.testing.assert_array_equal(fused[0], plain[0])
    assert list(fused[2]) == list(plain[2])
    assert fused[3] == plain[3]
    assert (fused[1] is None) == (plain[1] is None)
    ours, theirs = {"x": fused[1], **fused[2]}, {"x": plain[1], **plain[2]}
    for name, gradient in ours.items():
        if gradient is None:
            continue
        assert gradient.shape == theirs[name].shape
        assert gradient.dtype == theirs[name].dtype == plain[0].dtype
        if exact or name in kept:
            np.testing.assert_array_equal(gradient, theirs[name], err_msg=name)
        else:
            near = 100 * np.finfo(gradient.dtype).eps
            np.testing.assert_allclose(gradient, theirs[name], rtol=near, atol=near, err_msg=name)


def classifier(dtype=np.float64):
    return network(
        Conv2d(2, 3, 3, padding=1, bias=False, rng=rng(), dtype=dtype),
        *(BatchNorm(3, dtype=dtype), LeakyReLU()),
        Sequential(Conv2d(3, 4, 2, rng=rng(), dtype=dtype), MaxPool2d(2), ReLU()),
        *(Flatten(), Dense(8, 5, rng=rng(), dtype=dtype), ReLU(), Dropout(0.3, rng=rng())),
        *(Dense(5, 3, rng=rng(), dtype=dtype), ReLU(), Tanh()),
        dtype=dtype,
    )


FUSED = {
    "Dense": lambda: network(WEIGHTED["dense"](np.float64, True), LeakyReLU(), dtype=np.float64),
    "Conv2d": lambda: network(WEIGHTED["conv"](np.float64, True), MaxPool2d(2), ReLU(), dtype=np.float64),
    "ConvTranspose2d": lambda: network(WEIGHTED["transposed"](np.float64, False), ReLU(), dtype=np.float64),
    "BatchNorm": lambda: network(BatchNorm(2, dtype=np.float64), ReLU(), dtype=np.float64),
    "WeightNorm": lambda: network(WeightNorm(WEIGHTED["conv"](np.float64, True)), ReLU(), dtype=np.float64),
}
every_group = pytest.mark.parametrize("name", FUSED)


def x_for(name, seed=1):
    return draw_x(name.lower(), np.float64, seed)
