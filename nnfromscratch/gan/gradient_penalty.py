"""The gradient penalty, which holds a Wasserstein critic's slope near 1, and the gradient of that gradient by hand."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import (
    ShapeError,
    StaleBackwardError,
    require_generator,
    require_number,
    require_same_float,
    require_shape,
)
from nnfromscratch.gan.second_derivative import Ways, leaves, require_twice_differentiable, ways_of
from nnfromscratch.layers import Layer
from nnfromscratch.layers.layer import Gradients
from nnfromscratch.types import Array, Backward


def interpolate(real: Array, generated: Array, rng: np.random.Generator) -> Array:
    """Points on the straight lines between real and generated images, where the critic's slope is looked at.

    y[n] = e[n]·x[n] + (1 − e[n])·z[n]

    e[n] is drawn for each image from the uniform distribution between 0 and 1.
    real x, generated z: (N, ...), both of one shape. y: the same shape
    Raises ShapeError where the shapes differ, DtypeError where the types do.
    Source: Gulrajani et al., Improved training of Wasserstein GANs (2017), Algorithm 1.

    >>> x = interpolate(np.zeros((2, 3)), np.ones((2, 3)), np.random.default_rng(0))
    >>> x.round(2)
    array([[0.36, 0.36, 0.36],
           [0.73, 0.73, 0.73]])
    """
    require_same_float("interpolate", real=real, generated=generated)
    if real.ndim == 0:
        raise ShapeError("interpolate: real expects a batch of images, (N, ...), is a single number")
    require_shape("interpolate", "generated", generated.shape, real.shape)
    each = (len(real), *[1] * (real.ndim - 1))
    e = require_generator("interpolate", rng).random(each).astype(real.dtype)
    return e * real + (1 - e) * generated


def gradient_penalty(critic: Layer, x: Array, *, target: float = 1.0) -> tuple[float, Backward]:
    """How far the critic's slope lies from 1, squared, with the way back to the critic's parameters.

    P = mean_n (‖g[n]‖ − t)²        g[n] = ∂D(x[n])/∂x[n]

    ∂P/∂θ = ∂S/∂θ        S = Σ_n g[n] · u[n]        u[n] = ∂P/∂g[n] = 2 / N · (‖g[n]‖ − t) · g[n] / ‖g[n]‖

    In S, D's slope along u, u is a constant. Two more passes give its gradient: u goes forward through the layers as a
    change of x; on the way back each layer with weights takes its own weight gradient of that change, and each curved
    one adds what its second derivative demands. The page about the gradient penalty derives it.

    At g = 0 the norm has a kink; there u is taken as 0, one of the subgradients. A critic that is flat everywhere gets
    no gradient from its penalty, and no NaN.
    critic: a Sequential (or nested ones) of Dense, Conv2d, ReLU, LeakyReLU, Tanh, LayerNorm, Flatten and Reshape, which
    gives one score for each image. x: (N, ...), the points at which the slope is taken. target t: at least 0

    ``backward(dpenalty=1.0)`` returns the gradients by name, as ``critic.params`` has them; nothing for x.
    Raises RangeError for a layer whose second derivative is not known here, before anything is computed; ShapeError
    for an empty batch and where the critic gives more than one score for each image.
    Source: Gulrajani et al., Improved training of Wasserstein GANs (2017), equation (3) and Algorithm 1.

    >>> from nnfromscratch.layers import Dense
    >>> critic = Dense(2, 1, rng=np.random.default_rng(0), dtype=np.float64)
    >>> critic.params["weight"] = np.array([[3.0], [4.0]])
    >>> penalty, backward = gradient_penalty(critic, np.zeros((7, 2)))
    >>> penalty, backward()["weight"].ravel(), backward()["bias"]
    (16.0, array([4.8, 6.4]), array([0.]))
    """
    require_twice_differentiable(critic)
    t = require_number("gradient_penalty", "target", target, least=0)
    require_same_float("gradient_penalty", x=x)
    if x.ndim < 2 or len(x) == 0:
        raise ShapeError(f"gradient_penalty: x expects a batch of at least 1 image, (N, ...), has shape {x.shape}")
    versions = _versions(critic)
    names: list[str] = []
    ways: list[Ways] = []
    y = x
    for prefix, layer in leaves(critic):
        ways.append(ways_of(layer, y))
        names.append(prefix)
        y = ways[-1].y
    if y.shape not in ((len(x),), (len(x), 1)):
        raise ShapeError(f"gradient_penalty: critic expects one score for each image, (N, 1), gives {y.shape}")

    signals = [np.ones_like(y)]  # ∂(Σ_n D(x[n])) by each layer's result, from the scores down to x
    for way in reversed(ways):
        signals.append(way.backward(signals[-1]))
    g = signals.pop()
    axes = tuple(range(1, x.ndim))
    norms = np.sqrt((g * g).sum(axis=axes, keepdims=True))
    excess = norms - x.dtype.type(t)
    penalty = float((excess * excess).sum(dtype=np.float64)) / len(x)

    def backward(dpenalty: float = 1.0) -> Gradients:
        if _versions(critic) != versions:
            raise StaleBackwardError("gradient_penalty: backward expects the parameters of its forward, updated since")
        direction = np.divide(g, norms, out=np.zeros_like(g), where=norms != 0)
        u = x.dtype.type(2 * dpenalty / len(x)) * excess * direction
        seconds = []
        for way in ways:
            u, second = way.tangent(u)
            seconds.append(second)
        a: Array | None = None  # ∂S by each layer's result; the scores themselves do not stand in S
        grads: Gradients = {}
        parts = list(zip(names, ways, seconds, signals[::-1], strict=True))
        for prefix, way, second, signal in reversed(parts):
            curved, own = second(signal, a)
            grads = {**{prefix + name: gradient for name, gradient in own.items()}, **grads}
            if way is not ways[0]:
                a = _sum(None if a is None else way.backward(a), curved)
        return grads

    return penalty, backward


def _sum(one: Array | None, other: Array | None) -> Array | None:
    """The sum of what is there, None being a zero."""
    return other if one is None else one if other is None else one + other


def _versions(critic: Layer) -> list[int]:
    return [getattr(layer.params, "version", 0) for _, layer in leaves(critic)]
