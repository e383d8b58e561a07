"""Noise that a network trains with, so that it cannot lean on any one number."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import require_generator, require_gradient, require_number, require_same_float
from nnfromscratch.kernels import active
from nnfromscratch.kernels.memory import with_batch_innermost
from nnfromscratch.types import Array, Backward


def dropout(x: Array, rate: float, *, rng: np.random.Generator) -> tuple[Array, Backward]:
    """Sets each number to zero with probability ``rate``; what remains grows so that the mean stays.

    y = x · m / (1 − rate)        m = 0 with probability rate, otherwise 1        ∂L/∂x = ∂L/∂y · m / (1 − rate)

    x, y: any shape   rate: at least 0, below 1
    Raises RangeError for another rate, DtypeError where rng is no numpy.random.Generator.
    Source: Srivastava et al., Dropout (2014), section 4; scaled while training ("inverted"), as in its section 10.

    >>> y, backward = dropout(np.ones(6), 0.5, rng=np.random.default_rng(0))
    >>> y
    array([2., 2., 2., 0., 0., 0.])
    >>> np.array_equal(backward(np.ones(6)), y)
    True
    """
    require_same_float("dropout", x=x)
    rate = require_number("dropout", "rate", rate, least=0, below=1)
    kept = require_generator("dropout", rng).random(x.shape, np.float32) >= rate
    mask = kept * x.dtype.type(1 / (1 - rate))
    y = x * mask

    def backward(dy: Array) -> Array:
        require_gradient("dropout", dy, mask.shape, mask.dtype)
        return dy * mask

    return y, backward


def gaussian_noise(x: Array, std: float, *, rng: np.random.Generator) -> tuple[Array, Backward]:
    """Adds independent normal noise of standard deviation ``std``.

    y = x + std · z,  z ~ N(0, 1)                    ∂L/∂x = ∂L/∂y

    x, y: any shape   std: at least 0   z: drawn with the batch innermost, as images lie in memory; float32, also where
    x is float64, from 64 bits of the generator for each two numbers, see ``kernels.loops.normal``
    Raises RangeError for another std, DtypeError where rng is no numpy.random.Generator.
    Source: Bishop, Training with noise is equivalent to Tikhonov regularization (1995), section 2.

    >>> y, backward = gaussian_noise(np.zeros(2), 0.1, rng=np.random.default_rng(0))
    >>> y.round(4)
    array([-0.1014, -0.1179])
    """
    require_same_float("gaussian_noise", x=x)
    std = require_number("gaussian_noise", "std", std, least=0)
    pairs = (x.size + 1) // 2
    bits = require_generator("gaussian_noise", rng).integers(0, 2**64, pairs, np.uint64).view(np.int32)
    z = active().normal(bits.reshape(2, pairs)).reshape(-1)[: x.size].astype(x.dtype, copy=False)
    z *= x.dtype.type(std)
    y = with_batch_innermost(z, x.shape)
    y += x
    shape, dtype = y.shape, y.dtype

    def backward(dy: Array) -> Array:
        require_gradient("gaussian_noise", dy, shape, dtype)
        return dy

    return y, backward
