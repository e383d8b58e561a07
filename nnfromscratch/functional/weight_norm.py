"""Weight normalization: the length of a weight and its direction as two parameters."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from nnfromscratch.errors import (
    RangeError,
    ShapeError,
    require_gradient,
    require_int,
    require_same_float,
    require_shape,
    require_wrt,
)
from nnfromscratch.types import Array, Backward


def weight_norm(v: Array, g: Array, *, axis: int = 0) -> tuple[Array, Backward]:
    """Gives the weights of each output unit the direction of v and the length g.

    y[k] = g[k] · v[k] / ‖v[k]‖        ‖v[k]‖ = √(Σ v[k]²)

    ∂L/∂g[k] = Σ ∂L/∂y[k] ⊙ v[k] / ‖v[k]‖

    ∂L/∂v[k] = g[k] / ‖v[k]‖ · ∂L/∂y[k] − g[k] · ∂L/∂g[k] / ‖v[k]‖² · v[k]

    v[k] are the numbers of v that belong to unit k, at place k of ``axis``; the sums run over them. The gradient of v
    is at right angles to v, since a longer v[k] gives the same weights.
    v: two axes or more   g: (v.shape[axis],)   y: as v
    axis: that of the output units, 1 for a dense layer's (in, out) and a transposed convolution's (C, F, KH, KW), 0
    for a convolution's (F, C, KH, KW).
    Raises ShapeError where g does not fit or v has an axis of length zero, DtypeError where the types differ,
    RangeError for an axis that v lacks and for a unit whose v is 0 everywhere, which has no direction.
    Source: Salimans and Kingma, Weight normalization: a simple reparameterization to accelerate training of deep
    neural networks (2016), equations (2) and (3).

    >>> y, backward = weight_norm(np.array([[3.0, 4.0], [0.0, 2.0]]), np.array([10.0, 1.0]))
    >>> y
    array([[6., 8.],
           [0., 1.]])
    >>> dv, dg = backward(np.array([[1.0, 0.0], [0.0, 1.0]]))
    >>> dv.round(2), dg
    (array([[ 1.28, -0.96],
           [ 0.  ,  0.  ]]), array([0.6, 1. ]))
    """
    require_same_float("weight_norm", v=v, g=g)
    if v.ndim < 2 or 0 in v.shape:
        raise ShapeError(f"weight_norm: v expects two axes or more, none of length zero, has shape {v.shape}")
    if require_int("weight_norm", "axis", axis, least=0) >= v.ndim:
        raise RangeError(f"weight_norm: axis expects less than v's {v.ndim} axes, is {axis}")
    require_shape("weight_norm", "g", g.shape, (v.shape[axis],))
    others = tuple(place for place in range(v.ndim) if place != axis)
    units = tuple(len(g) if place == axis else 1 for place in range(v.ndim))  # the shape in which g fits v
    length = np.sqrt((v * v).sum(axis=others))
    if not length.all():
        raise RangeError(f"weight_norm: v expects a length above 0 for each unit, that of unit {length.argmin()} is 0")
    scale = g / length
    y = v * scale.reshape(units)
    shape, dtype = y.shape, y.dtype

    def backward(dy: Array, wrt: Collection[str] = ("v", "g")) -> tuple[Array | None, Array | None]:
        require_wrt("weight_norm", wrt, ("v", "g"))
        require_gradient("weight_norm", dy, shape, dtype)
        dg = (dy * v).sum(axis=others) / length
        dv = None
        if "v" in wrt:
            dv = dy * scale.reshape(units)
            dv -= v * (scale * dg / length).reshape(units)
        return dv, dg if "g" in wrt else None

    return y, backward
