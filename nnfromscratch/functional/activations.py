"""Activations: what a network does to each number by itself, and softmax, which ties the numbers of a row together."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import ShapeError, require_gradient, require_number, require_same_float
from nnfromscratch.types import Array, Backward


def relu(x: Array) -> tuple[Array, Backward]:
    """Keeps what is positive.

    y = max(x, 0)                    ∂L/∂x = ∂L/∂y where x > 0, otherwise 0

    At x = 0, where the slope jumps, the gradient is 0: one of the subgradients. x, y: any shape.
    Source: Glorot, Bordes, Bengio, Deep sparse rectifier neural networks (2011), section 3.

    >>> y, backward = relu(np.array([-1.0, 0.0, 2.0]))
    >>> y, backward(np.ones(3))
    (array([0., 0., 2.]), array([0., 0., 1.]))
    """
    require_same_float("relu", x=x)
    y = np.maximum(x, 0)

    def backward(dy: Array) -> Array:
        require_gradient("relu", dy, y.shape, y.dtype)
        return dy * (y > 0)

    return y, backward


def leaky_relu(x: Array, negative_slope: float = 0.2) -> tuple[Array, Backward]:
    """Keeps what is positive and lets a little of the negative through.

    y = x where x > 0, otherwise a·x         ∂L/∂x = ∂L/∂y where x > 0, otherwise a · ∂L/∂y

    negative_slope a: a finite number; 0.2 is the article's (TensorFlow's default). x, y: any shape.
    Source: Maas, Hannun, Ng, Rectifier nonlinearities improve neural network acoustic models (2013), equation (2).

    >>> y, backward = leaky_relu(np.array([-1.0, 2.0]))
    >>> y, backward(np.ones(2))
    (array([-0.2,  2. ]), array([0.2, 1. ]))
    """
    require_same_float("leaky_relu", x=x)
    slope = x.dtype.type(require_number("leaky_relu", "negative_slope", negative_slope))
    positive = x > 0
    y = np.where(positive, x, slope * x)

    def backward(dy: Array) -> Array:
        require_gradient("leaky_relu", dy, y.shape, y.dtype)
        return np.where(positive, dy, slope * dy)

    return y, backward


def elu(x: Array, alpha: float = 1.0) -> tuple[Array, Backward]:
    """Keeps what is positive and bends the negative towards −α.

    y = x where x > 0, otherwise α·(eˣ − 1)         ∂L/∂x = ∂L/∂y where x > 0, otherwise (y + α) · ∂L/∂y

    alpha α: a finite number > 0. x, y: any shape.
    Source: Clevert, Unterthiner, Hochreiter, Fast and accurate deep network learning by exponential linear units
    (2016), equation (15).

    >>> y, backward = elu(np.array([-1e4, 0.0, 2.0]))
    >>> y, backward(np.ones(3))
    (array([-1.,  0.,  2.]), array([0., 1., 1.]))
    """
    require_same_float("elu", x=x)
    scale = x.dtype.type(require_number("elu", "alpha", alpha, above=0))
    positive = x > 0
    y = np.where(positive, x, scale * np.expm1(np.minimum(x, 0)))

    def backward(dy: Array) -> Array:
        require_gradient("elu", dy, y.shape, y.dtype)
        return np.where(positive, dy, (y + scale) * dy)

    return y, backward


def sigmoid(x: Array) -> tuple[Array, Backward]:
    """Squeezes any number between 0 and 1.

    y = 1 / (1 + e⁻ˣ)                    ∂L/∂x = ∂L/∂y · y · (1 − y)

    Where e⁻ˣ is more than the type can hold, its infinity gives the 0 that is right. x, y: any shape.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), equation (3.30).

    >>> y, backward = sigmoid(np.array([-1e4, 0.0, 1e4]))
    >>> y, backward(np.ones(3))
    (array([0. , 0.5, 1. ]), array([0.  , 0.25, 0.  ]))
    """
    require_same_float("sigmoid", x=x)
    y = np.asarray(np.negative(x))  # a number without axes would come back without memory to write to
    with np.errstate(over="ignore"):
        np.exp(y, out=y)
    y += 1
    np.divide(1, y, out=y)

    def backward(dy: Array) -> Array:
        require_gradient("sigmoid", dy, y.shape, y.dtype)
        dx = 1 - y
        dx *= y
        dx *= dy
        return dx

    return y, backward


def tanh(x: Array) -> tuple[Array, Backward]:
    """Squeezes any number between −1 and 1.

    y = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)                    ∂L/∂x = ∂L/∂y · (1 − y²)

    x, y: any shape.
    Source: LeCun, Bottou, Orr, Müller, Efficient BackProp (1998), section 4.4.

    >>> y, backward = tanh(np.array([0.0, 1e4]))
    >>> y, backward(np.ones(2))
    (array([0., 1.]), array([1., 0.]))
    """
    require_same_float("tanh", x=x)
    y = np.tanh(x)

    def backward(dy: Array) -> Array:
        require_gradient("tanh", dy, y.shape, y.dtype)
        return dy * (1 - y * y)

    return y, backward


def softplus(x: Array) -> tuple[Array, Backward]:
    """A smooth relu, always positive.

    y = log(1 + eˣ)                    ∂L/∂x = ∂L/∂y · 1 / (1 + e⁻ˣ)

    Computed as max(x, 0) + log(1 + e^{−|x|}), in which nothing overflows. x, y: any shape.
    Source: Dugas et al., Incorporating second-order functional knowledge for better option pricing (2001), eq. (3).

    >>> y, backward = softplus(np.array([-1e4, 0.0, 1e4]))
    >>> y.round(4), backward(np.ones(3))
    (array([0.000e+00, 6.931e-01, 1.000e+04]), array([0. , 0.5, 1. ]))
    """
    require_same_float("softplus", x=x)
    y = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))

    def backward(dy: Array) -> Array:
        require_gradient("softplus", dy, x.shape, x.dtype)
        return dy * (np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))))

    return y, backward


def softmax(x: Array) -> tuple[Array, Backward]:
    """Turns the numbers along the last axis into probabilities.

    y[k] = e^{x[k]} / Σ_j e^{x[j]}                    ∂L/∂x[k] = y[k] · (∂L/∂y[k] − Σ_j y[j] · ∂L/∂y[j])

    The largest x is subtracted first, which changes no y and keeps e^x from overflowing. x, y: (..., K)
    Raises ShapeError where K is zero.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), equations (6.29) and (6.33).

    >>> y, backward = softmax(np.array([1e4, 1e4]))
    >>> y, backward(np.array([1.0, 0.0]))
    (array([0.5, 0.5]), array([ 0.25, -0.25]))
    """
    _require_last_axis("softmax", x)
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    y = exponentials / exponentials.sum(axis=-1, keepdims=True)

    def backward(dy: Array) -> Array:
        require_gradient("softmax", dy, y.shape, y.dtype)
        return y * (dy - (y * dy).sum(axis=-1, keepdims=True))

    return y, backward


def log_softmax(x: Array) -> tuple[Array, Backward]:
    """The logarithm of softmax, exact also where the probability is too small for a number.

    y[k] = x[k] − log Σ_j e^{x[j]}                    ∂L/∂x[k] = ∂L/∂y[k] − e^{y[k]} · Σ_j ∂L/∂y[j]

    x, y: (..., K)
    Raises ShapeError where K is zero.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), equation (6.30).

    >>> y, backward = log_softmax(np.array([0.0, 1e4]))
    >>> y, backward(np.array([1.0, 0.0]))
    (array([-10000.,      0.]), array([ 1., -1.]))
    """
    _require_last_axis("log_softmax", x)
    shifted = x - x.max(axis=-1, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))

    def backward(dy: Array) -> Array:
        require_gradient("log_softmax", dy, y.shape, y.dtype)
        return dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)

    return y, backward


def _require_last_axis(operation: str, x: Array) -> None:
    require_same_float(operation, x=x)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ShapeError(f"{operation}: x expects at least 1 number along the last axis, has shape {x.shape}")
