"""Distances between all pairs of samples, compiled: each row of pairs stays in the first cache until it is complete.

NumPy would write and read a matrix of all pairs several times for each number that is compared. Every call does the
matrices first … last − 1, so that each of them belongs to one thread.
"""

from __future__ import annotations

import numpy as np

from nnfromscratch.kernels.numba_options import compiled, compiled_reduction
from nnfromscratch.types import Array


@compiled
def distances(d: Array, m: Array, first: int, last: int) -> None:
    """d[b, n, j] = Σ_c |m[b, c, n] − m[b, c, j]|."""
    for b in range(first, last):
        for n in range(m.shape[2]):
            row = d[b, n]
            row[:] = m.dtype.type(0)
            for c in range(m.shape[1]):
                others, here = m[b, c], m[b, c, n]
                for j in range(row.size):
                    row[j] += abs(here - others[j])


@compiled
def distances_grad(dm: Array, dd: Array, m: Array, first: int, last: int) -> None:
    """∂L/∂m[b, c, n] = Σ_j (∂L/∂d[b, n, j] + ∂L/∂d[b, j, n]) · sign(m[b, c, n] − m[b, c, j])."""
    both = np.empty(m.shape[2], m.dtype)
    for b in range(first, last):
        for n in range(m.shape[2]):
            for j in range(both.size):
                both[j] = dd[b, n, j] + dd[b, j, n]
            for c in range(m.shape[1]):
                dm[b, c, n] = _above_minus_below(both, m[b, c], m[b, c, n])


@compiled_reduction
def _above_minus_below(terms: Array, others: Array, here: float) -> float:
    zero, one = terms.dtype.type(0), terms.dtype.type(1)
    total = zero
    for j in range(terms.size):
        total += terms[j] * (one if here > others[j] else -one if here < others[j] else zero)
    return total
