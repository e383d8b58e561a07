"""Embedding: a row of numbers, learned, for each label."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import ShapeError, require_gradient, require_labels, require_same_float, require_shape
from nnfromscratch.types import Array, Backward


def embedding(labels: Array, weight: Array) -> tuple[Array, Backward]:
    """Looks up one row of a table for each label.

    y[n] = W[t[n]]                    ∂L/∂W[k] = Σ_{n: t[n]=k} ∂L/∂y[n]

    The same as x·W for x of zeros with a single 1 at each label, without the multiplications by zero. Where a label
    occurs several times its row gets the sum of their gradients; a row that nobody looked up gets 0. Labels are
    constants: ``backward(dy)`` gives ∂L/∂W alone.
    labels t: any shape, whole numbers from 0 to K − 1   weight W: (K, D)   y: (*labels.shape, D)
    Raises DtypeError for labels that are not whole numbers; RangeError for labels outside 0 … K − 1, negative ones
    too; ShapeError where weight is no table or K or D is zero.
    Source: Bengio, Ducharme, Vincent, Jauvin, A Neural Probabilistic Language Model (2003), section 2: the table C.

    >>> y, backward = embedding(np.array([2, 0, 2]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    >>> y
    array([[5., 6.],
           [1., 2.],
           [5., 6.]])
    >>> backward(np.ones((3, 2)))
    array([[1., 1.],
           [0., 0.],
           [2., 2.]])
    """
    require_same_float("embedding", weight=weight)
    require_shape("embedding", "weight", weight.shape, ("K", "D"))
    if weight.size == 0:
        raise ShapeError(f"embedding: weight expects at least 1 along every axis, has shape {weight.shape}")
    require_labels("embedding", labels, len(weight), f"weight has {len(weight)} rows")
    rows = labels.copy()  # the caller may fill the same array with the next batch's labels
    y = weight[rows]
    table, shape, dtype = weight.shape, y.shape, y.dtype

    def backward(dy: Array) -> Array:
        require_gradient("embedding", dy, shape, dtype)
        dweight = np.zeros(table, dtype)
        for k in np.unique(rows):
            dweight[k] = dy[rows == k].sum(axis=0)
        return dweight

    return y, backward
