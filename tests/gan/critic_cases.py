"""Small critics of all kinds that can be penalised, in float64, with points at which to look at their slopes."""

import numpy as np

from nnfromscratch.layers import Conv2d, Dense, Flatten, LayerNorm, LeakyReLU, ReLU, Reshape, Sequential, Tanh

ROWS, IMAGES = (3, 5), (2, 2, 6, 5)


def rng(seed=0):
    return np.random.default_rng(seed)


def dense(*between, out=1, **settings):
    """Dense 5-6-4-1 with what ``between`` makes of a width after each hidden layer."""
    draw, layers = rng(1), []
    for size, width in ((5, 6), (6, 4)):
        layers += [Dense(size, width, rng=draw, dtype=np.float64, **settings), *(make(width) for make in between)]
    return Sequential(*layers, Dense(4, out, rng=draw, dtype=np.float64, **settings))


def conv(*between, **settings):
    """Two convolutions, one with stride and padding, the other plain, then dense."""
    draw = rng(1)
    return Sequential(
        Conv2d(2, 3, (3, 2), stride=2, padding=((1, 0), (0, 1)), rng=draw, dtype=np.float64, **settings),
        *(make((3, 3, 3)) for make in between),
        Conv2d(3, 4, 2, rng=draw, dtype=np.float64, **settings),
        *(make((4, 2, 2)) for make in between),
        Flatten(),
        Dense(16, 1, rng=draw, dtype=np.float64, **settings),
    )


def nested():
    draw = rng(1)
    return Sequential(
        Reshape((2, 3, 5)),
        Sequential(Conv2d(2, 2, 2, padding="same", rng=draw, dtype=np.float64), Sequential(Tanh())),
        Sequential(),
        Reshape((30,)),
        Sequential(Dense(30, 4, bias=False, rng=draw, dtype=np.float64), LayerNorm(4, dtype=np.float64), Tanh()),
        Dense(4, 1, rng=draw, dtype=np.float64),
    )


def norm(shape):
    return LayerNorm(shape, eps=0.02, dtype=np.float64)


def tanh(_):
    return Tanh()


def leaky(_):
    return LeakyReLU(0.2)


def relu(_):
    return ReLU()


# name: (critic, shape of the points)
CRITICS = {
    "dense tanh": (lambda: dense(tanh), ROWS),
    "dense leaky relu": (lambda: dense(leaky), ROWS),
    "dense relu": (lambda: dense(relu), ROWS),
    "dense layer norm, leaky relu": (lambda: dense(norm, leaky), ROWS),
    "dense layer norm, tanh": (lambda: dense(norm, tanh), ROWS),
    "dense tanh, no bias": (lambda: dense(tanh, bias=False), ROWS),
    "convolution tanh": (lambda: conv(tanh), IMAGES),
    "convolution leaky relu": (lambda: conv(leaky), IMAGES),
    "convolution layer norm, leaky relu": (lambda: conv(norm, leaky), IMAGES),
    "convolution layer norm, tanh": (lambda: conv(norm, tanh), IMAGES),
    "convolution tanh, no bias": (lambda: conv(tanh, bias=False), IMAGES),
    "nested": (nested, (3, 30)),
    "linear": (lambda: Dense(5, 1, rng=rng(1), dtype=np.float64), ROWS),
}


def setting(name, dtype=np.float64, n=None):
    """A critic with random parameters, and points."""
    make, shape = CRITICS[name]
    critic, draw = make(), rng(2)
    for key, array in critic.params.items():
        critic.params[key] = array + 0.3 * draw.standard_normal(array.shape)
    x = draw.standard_normal(shape if n is None else (n, *shape[1:]))
    return critic.astype(dtype), x.astype(dtype)
