"""Spectral normalization: a weight divided by the largest factor by which it stretches a vector."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import (
    RangeError,
    ShapeError,
    require_gradient,
    require_int,
    require_same_float,
    require_shape,
)
from nnfromscratch.types import Array, Backward


def spectral_norm(weight: Array, *, u: Array, axis: int = 0) -> tuple[Array, Backward]:
    """Divides a weight by its largest singular value, so that as a matrix it makes no vector longer.

    y = W / σ        σ = uᵀ·W·v        v = Wᵀ·u / ‖Wᵀ·u‖

    ∂L/∂W = (∂L/∂y − s·u·vᵀ) / σ        s = Σ ∂L/∂y ⊙ y        ∂σ/∂W = u·vᵀ

    s is a sum over all elements. u is a constant, which ``power_iteration`` turns towards the singular vector of the
    largest singular value. There σ is that value; for any other u of length 1 it is smaller. Since v follows from u, σ
    is ‖Wᵀ·u‖, whose derivative by W is u·vᵀ wherever u points: so the gradient is exact for every u.

    weight: two axes or more; the matrix W has a row for each entry of ``axis``, the rest of the weight lying in it.
    u: (weight.shape[axis],)   y: as the weight
    Raises ShapeError where u does not fit or the weight has an axis of length zero, DtypeError where the types differ,
    RangeError for an axis that the weight lacks and where Wᵀ·u is 0, as for a weight of zeros.
    Source: Miyato, Kataoka, Koyama, Yoshida, Spectral normalization for generative adversarial networks (2018),
    equation (7) and section 3.

    >>> y, backward = spectral_norm(np.array([[3.0, 0.0], [0.0, 2.0]]), u=np.array([1.0, 0.0]))
    >>> y.round(4)
    array([[1.    , 0.    ],
           [0.    , 0.6667]])
    >>> backward(np.array([[1.0, 0.0], [0.0, 1.0]])).round(4)
    array([[-0.2222,  0.    ],
           [ 0.    ,  0.3333]])
    """
    matrix = _matrix("spectral_norm", weight, u, axis)
    length, v = _response("spectral_norm", matrix, u)
    y = weight / length
    shape, dtype = y.shape, y.dtype

    def backward(dy: Array) -> Array:
        require_gradient("spectral_norm", dy, shape, dtype)
        rest = [size for place, size in enumerate(shape) if place != axis]
        outer = np.moveaxis(np.outer(u, v).reshape(len(u), *rest), 0, axis)
        return (dy - (dy * y).sum() * outer) / length

    return y, backward


def power_iteration(weight: Array, u: Array, *, axis: int = 0) -> Array:
    """One step of u towards the direction that the weight stretches most.

    u ← W·v / ‖W·v‖        v = Wᵀ·u / ‖Wᵀ·u‖

    Each step multiplies the part of u along the k-th singular vector by σ_k², before u gets its length 1 again. So the
    others fade beside the first by (σ_2 / σ_1)² or faster. A weight changes little from one training step to the next:
    one iteration for each is enough to follow it.

    Shapes, errors and source as in ``spectral_norm``; Algorithm 1 of the paper.

    >>> u = np.array([0.6, 0.8])
    >>> for _ in range(20):
    ...     u = power_iteration(np.array([[3.0, 0.0], [0.0, 2.0]]), u)
    >>> u.round(4)
    array([1., 0.])
    """
    matrix = _matrix("power_iteration", weight, u, axis)
    _, v = _response("power_iteration", matrix, u)
    stretched = np.einsum("rs,s->r", matrix, v)
    return stretched / np.sqrt((stretched * stretched).sum())


def _matrix(operation: str, weight: Array, u: Array, axis: int) -> Array:
    require_same_float(operation, weight=weight, u=u)
    if weight.ndim < 2 or 0 in weight.shape:
        raise ShapeError(f"{operation}: weight expects two axes or more, none of length zero, has shape {weight.shape}")
    if require_int(operation, "axis", axis, least=0) >= weight.ndim:
        raise RangeError(f"{operation}: axis expects less than the weight's {weight.ndim} axes, is {axis}")
    require_shape(operation, "u", u.shape, (weight.shape[axis],))
    return np.moveaxis(weight, axis, 0).reshape(len(u), -1)


def _response(operation: str, matrix: Array, u: Array) -> tuple[Array, Array]:
    """σ = ‖Wᵀ·u‖ and v = Wᵀ·u / σ. einsum gives the same bits whatever the number of threads."""
    response = np.einsum("rs,r->s", matrix, u)
    length = np.sqrt((response * response).sum())
    if length == 0:
        raise RangeError(f"{operation}: weight expects a singular value above 0 along u, Wᵀ·u is 0")
    return length, response / length
