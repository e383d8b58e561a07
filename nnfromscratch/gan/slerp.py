"""The way between two noise vectors."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import RangeError, ShapeError, require_same_float
from nnfromscratch.types import Array


def slerp(start: Array, end: Array, shares: Array) -> Array:
    """From one noise vector to another along an arc, not along the chord.

    y[k] = (sin((1 − u[k])·α)·a + sin(u[k]·α)·b) / sin(α)        cos(α) = a·b / (|a|·|b|)

    Normal noise of many dimensions has nearly always about the same length, √latent. A straight line between two
    such vectors passes through the inside of that sphere, at half-way with 1/√2 of the length, where the generator has
    learned nothing; the arc stays on it. Where a and b point in the same direction the way is straight, and where they
    point in opposite ones no arc is shorter than the others: then it is straight too.
    start a, end b: (latent,)   shares u: (K,), from 0 to 1   y: (K, latent)
    Raises ShapeError or DtypeError where a and b do not fit together, RangeError for shares beyond 0 and 1.
    Source: White, Sampling Generative Networks (2016), section 2.1; Shoemake, Animating Rotation with Quaternion
    Curves (1985).

    >>> slerp(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 0.5, 1.0])).round(3)
    array([[1.   , 0.   ],
           [0.707, 0.707],
           [0.   , 1.   ]])
    """
    require_same_float("slerp", start=start, end=end)
    if start.ndim != 1 or start.shape != end.shape:
        raise ShapeError(f"slerp: end expects a vector as long as start, has {end.shape}, start {start.shape}")
    u = np.asarray(shares, np.float64)[:, None]
    if u.size and not (u.min() >= 0 and u.max() <= 1):
        raise RangeError(f"slerp: shares expects numbers from 0 to 1, has {u.min():g} to {u.max():g}")
    a, b = start.astype(np.float64), end.astype(np.float64)
    lengths = np.sqrt(a @ a) * np.sqrt(b @ b)
    cosine = np.clip(a @ b / lengths, -1, 1) if lengths else 1.0
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-6:
        z = (1 - u) * a + u * b
    else:
        z = (np.sin((1 - u) * angle) * a + np.sin(u * angle) * b) / np.sin(angle)
    return z.astype(start.dtype)
