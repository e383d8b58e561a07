"""Where training starts: random weights of a size that neither blows a signal up nor lets it fade from layer to layer.

An output is a sum over fan_in inputs, y = Σ w·x. With independent terms of mean zero Var[y] = fan_in · Var[w] · Var[x],
and on the way back Var[∂L/∂x] = fan_out · Var[w] · Var[∂L/∂y]: the variance of w is chosen to keep these in bounds.
A uniform distribution on [−a, a) has the variance a²/3.

    weight of                        shape             fan_in       fan_out
    a dense layer                    (in, out)         in           out
    a convolution                    (F, C, KH, KW)    C·KH·KW      F·KH·KW
    a transposed convolution         (C, F, KH, KW)    C·KH·KW      F·KH·KW       with ``transposed=True``

C is the number of channels that come in, F of those that go out. The fans are those of an inner pixel at stride 1. At
stride s a convolution sends an input pixel to just 1/s² of fan_out outputs, and a transposed one makes an output pixel
of just 1/s² of fan_in inputs; as is usual, no notice is taken of that.

Every initialiser is called as ``he_normal(shape, rng, dtype)`` and draws from ``rng`` alone. Errors: ShapeError for a
shape that is none of the above or has a length of zero, DtypeError for a dtype other than float32 and float64 and for
an ``rng`` that is no numpy.random.Generator.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nnfromscratch.errors import DtypeError, ShapeError, require_generator, require_number
from nnfromscratch.types import Array

Initializer: TypeAlias = Callable[[tuple[int, ...], np.random.Generator, npt.DTypeLike], Array]


def fans(shape: tuple[int, ...], *, transposed: bool = False) -> tuple[int, int]:
    """How many inputs an output is made of, and how many outputs an input goes to: (fan_in, fan_out).

    Raises ShapeError for anything but 2 axes (dense) or 4 (convolution), or a length under 1.
    Source: He, Zhang, Ren, Sun, Delving Deep into Rectifiers (2015), section 2.2: n = k²·c and n̂ = k²·d.

    >>> fans((784, 128)), fans((32, 16, 3, 3)), fans((16, 32, 3, 3), transposed=True)
    ((784, 128), (144, 288), (144, 288))
    """
    if len(shape) not in (2, 4) or (transposed and len(shape) != 4):
        wanted = "(C, F, KH, KW)" if transposed else "(in, out) or (F, C, KH, KW)"
        raise ShapeError(f"initializer: shape expects {wanted}, is {shape}")
    if min(shape) < 1:
        raise ShapeError(f"initializer: shape expects at least 1 along every axis, is {shape}")
    if len(shape) == 2:
        return shape[0], shape[1]
    channels_in, channels_out = shape[:2] if transposed else (shape[1], shape[0])
    return channels_in * shape[2] * shape[3], channels_out * shape[2] * shape[3]


def he_normal(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float32,
    *,
    transposed: bool = False,
    negative_slope: float = 0.0,
) -> Array:
    """Normal, for layers that a (leaky) ReLU follows: it lets half the variance pass, so the weights have double.

    Var[w] = 2 / ((1 + a²)·fan_in)          a = negative_slope, 0 for relu
    Errors: see above.
    Source: He, Zhang, Ren, Sun, Delving Deep into Rectifiers (2015), equation 10; with a slope equation 15.

    >>> round(float(he_normal((800, 500), np.random.default_rng(0)).std()), 3)  # √(2/800)
    0.05
    """
    return _normal(shape, _he_std(shape, transposed, negative_slope), rng, dtype)


def he_uniform(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float32,
    *,
    transposed: bool = False,
    negative_slope: float = 0.0,
) -> Array:
    """Uniform on [−a, a), with the variance of ``he_normal``: a = √(6 / ((1 + negative_slope²)·fan_in)).

    Errors and source: see ``he_normal``.

    >>> round(float(np.abs(he_uniform((600, 500), np.random.default_rng(0))).max()), 3)
    0.1
    """
    return _uniform(shape, _he_std(shape, transposed, negative_slope), rng, dtype)


def glorot_normal(
    shape: tuple[int, ...], rng: np.random.Generator, dtype: npt.DTypeLike = np.float32, *, transposed: bool = False
) -> Array:
    """Normal, for layers that tanh or nothing follows: a compromise between the way forward and the way back.

    Var[w] = 2 / (fan_in + fan_out)
    Errors: see above.
    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010),
    equation 12.

    >>> round(float(glorot_normal((300, 500), np.random.default_rng(0)).std()), 3)  # √(2/800)
    0.05
    """
    return _normal(shape, math.sqrt(2 / sum(fans(shape, transposed=transposed))), rng, dtype)


def glorot_uniform(
    shape: tuple[int, ...], rng: np.random.Generator, dtype: npt.DTypeLike = np.float32, *, transposed: bool = False
) -> Array:
    """Uniform on [−a, a), with the variance of ``glorot_normal``: a = √6 / √(fan_in + fan_out).

    Errors: see above.
    Source: Glorot and Bengio (2010), equation 16.

    >>> round(float(np.abs(glorot_uniform((100, 500), np.random.default_rng(0))).max()), 3)
    0.1
    """
    return _uniform(shape, math.sqrt(2 / sum(fans(shape, transposed=transposed))), rng, dtype)


def lecun_normal(
    shape: tuple[int, ...], rng: np.random.Generator, dtype: npt.DTypeLike = np.float32, *, transposed: bool = False
) -> Array:
    """Normal: outputs as large as inputs where nothing, or a function close to the identity, follows.

    Var[w] = 1 / fan_in
    Errors: see above.
    Source: LeCun, Bottou, Orr, Müller, Efficient BackProp (1998), equation 16.

    >>> round(float(lecun_normal((400, 500), np.random.default_rng(0)).std()), 3)  # √(1/400)
    0.05
    """
    return _normal(shape, math.sqrt(1 / fans(shape, transposed=transposed)[0]), rng, dtype)


def lecun_uniform(
    shape: tuple[int, ...], rng: np.random.Generator, dtype: npt.DTypeLike = np.float32, *, transposed: bool = False
) -> Array:
    """Uniform on [−a, a), with the variance of ``lecun_normal``: a = √(3 / fan_in).

    Errors and source: see ``lecun_normal``.

    >>> round(float(np.abs(lecun_uniform((300, 500), np.random.default_rng(0))).max()), 3)
    0.1
    """
    return _uniform(shape, math.sqrt(1 / fans(shape, transposed=transposed)[0]), rng, dtype)


def dcgan_normal(shape: tuple[int, ...], rng: np.random.Generator, dtype: npt.DTypeLike = np.float32) -> Array:
    """Normal with standard deviation 0.02, whatever the shape: the size is left to batch normalisation.

    Errors: see above; any shape will do.
    Source: Radford, Metz, Chintala, Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks (2016), section 4.

    >>> round(float(dcgan_normal((100, 500), np.random.default_rng(0)).std()), 3)
    0.02
    """
    return _normal(shape, 0.02, rng, dtype)


def zeros(shape: tuple[int, ...], rng: np.random.Generator | None = None, dtype: npt.DTypeLike = np.float32) -> Array:
    """All zero: for biases. Nothing is drawn; ``rng`` is there to be called like the others.

    >>> zeros((3,))
    array([0., 0., 0.], dtype=float32)
    """
    del rng
    return np.zeros(shape, _float_type(dtype))


def ones(shape: tuple[int, ...], rng: np.random.Generator | None = None, dtype: npt.DTypeLike = np.float32) -> Array:
    """All one: for the scale of a normalisation. Nothing is drawn; ``rng`` is there to be called like the others.

    >>> ones((3,))
    array([1., 1., 1.], dtype=float32)
    """
    del rng
    return np.ones(shape, _float_type(dtype))


def _he_std(shape: tuple[int, ...], transposed: bool, negative_slope: float) -> float:
    slope = require_number("initializer", "negative_slope", negative_slope)
    return math.sqrt(2 / ((1 + slope**2) * fans(shape, transposed=transposed)[0]))


def _normal(shape: tuple[int, ...], std: float, rng: np.random.Generator, dtype: npt.DTypeLike) -> Array:
    weight = require_generator("initializer", rng).standard_normal(shape, _float_type(dtype))
    weight *= std
    return weight


def _uniform(shape: tuple[int, ...], std: float, rng: np.random.Generator, dtype: npt.DTypeLike) -> Array:
    bound = math.sqrt(3) * std
    weight = require_generator("initializer", rng).random(shape, _float_type(dtype))  # [0, 1)
    weight *= 2 * bound
    weight -= bound
    return weight


def _float_type(dtype: npt.DTypeLike) -> type[np.float32] | type[np.float64]:
    if np.dtype(dtype) == np.float32:
        return np.float32
    if np.dtype(dtype) == np.float64:
        return np.float64
    raise DtypeError(f"initializer: dtype expects float32 or float64, is {np.dtype(dtype)}")
