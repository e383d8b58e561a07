"""Minibatch discrimination: every sample is told how close the others of its batch are."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from nnfromscratch.errors import (
    require_gradient,
    require_nonempty_axes,
    require_same_float,
    require_shape,
    require_wrt,
)
from nnfromscratch.functional.dense import dense
from nnfromscratch.kernels import active
from nnfromscratch.types import Array, Backward


def minibatch_discrimination(x: Array, weight: Array) -> tuple[Array, Backward]:
    """Appends to each sample's features, for each of B kernels, how many others of the batch are like it.

    M[n, b, c] = Σ_a x[n, a] · T[a, b, c]        s[n, j, b] = exp(−Σ_c |M[n, b, c] − M[j, b, c]|)

    o[n, b] = Σ_{j≠n} s[n, j, b]        y[n] = [x[n], o[n]]

    ∂L/∂M[n, b, c] = Σ_{j≠n} (∂L/∂o[n, b] + ∂L/∂o[j, b]) · s[n, j, b] · sign(M[j, b, c] − M[n, b, c])

    ∂L/∂x[n, a] = ∂L/∂y[n, a] + Σ_{b,c} ∂L/∂M[n, b, c] · T[a, b, c]

    ∂L/∂T[a, b, c] = Σ_n x[n, a] · ∂L/∂M[n, b, c]

    The similarity s of two samples is 1 where they agree and near 0 where they are far apart. The sum for M has both
    ∂L/∂o because a sample that moves changes its own similarities and those that the others have to it. A generator
    that has collapsed makes samples that are all alike: the large o give them away, and the gradient drives them apart.
    The paper's sum includes j = n, which adds 1 to every o and changes no gradient; it is left out here, as in the
    authors' program, so that o = 0 means: nobody is like this one. o lies between 0 and N − 1 and grows with the batch,
    so use batches of one size. Where two samples agree exactly, the absolute value has a kink; its slope there is 0.
    Memory grows as N²·B.
    x: (N, A)   weight T: (A, B, C)   y: (N, A + B)
    Raises ShapeError where A disagrees or A, B or C is zero, DtypeError where the arrays' types do.
    Source: Salimans et al., Improved Techniques for Training GANs (2016), section 3.2.

    >>> x = np.array([[0.0], [0.0], [5.0]])
    >>> y, backward = minibatch_discrimination(x, np.ones((1, 1, 1)))
    >>> y.round(3)                                   # the first two are like each other, the third is alone
    array([[0.   , 1.007],
           [0.   , 1.007],
           [5.   , 0.013]])
    """
    name = "minibatch_discrimination"
    require_same_float(name, x=x, weight=weight)
    require_shape(name, "weight", weight.shape, ("A", "B", "C"))
    features, kernels, size = weight.shape
    require_shape(name, "x", x.shape, ("N", features))
    require_nonempty_axes(name, "x", x.shape)
    require_nonempty_axes(name, "weight", weight.shape)
    kernel = active()
    m, dense_backward = dense(x, weight.reshape(features, kernels * size))
    m = np.ascontiguousarray(m.T).reshape(kernels, size, -1)  # (B, C, N): one kernel's numbers side by side
    similarity = np.exp(-kernel.pair_distances(m))  # (B, N, N)
    similarity[:, np.arange(len(x)), np.arange(len(x))] = 0  # a sample and itself
    y = np.concatenate([x, similarity.sum(axis=2).T], axis=1)
    shape, dtype = y.shape, y.dtype

    def backward(dy: Array, wrt: Collection[str] = ("x", "weight")) -> tuple[Array | None, Array | None]:
        require_wrt(name, wrt, ("x", "weight"))
        require_gradient(name, dy, shape, dtype)
        dd = -similarity * dy[:, features:].T[:, :, None]  # ∂L/∂ the distances
        dm = kernel.pair_distances_grad(dd, m)
        dx, dweight, _ = dense_backward(dm.reshape(kernels * size, -1).T, wrt=wrt)
        return (
            dy[:, :features] + dx if "x" in wrt else None,
            dweight.reshape(features, kernels, size) if "weight" in wrt else None,
        )

    return y, backward
