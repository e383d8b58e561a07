"""The arithmetic between the convolutions, compiled: one pass over memory where NumPy would take several.

Such work costs a few operations a number and waits for memory, so what counts is how often each number is fetched.
Arrays are (H, C, L): all numbers of channel c in a row of pixels, the batch included, side by side; each call does the
channels first … last − 1, so that every sum over a channel belongs to one thread.
"""

from __future__ import annotations

import numpy as np

from nnfromscratch.kernels import vectors
from nnfromscratch.kernels.numba_options import compiled, compiled_reduction
from nnfromscratch.kernels.vectors import lanes, zeros
from nnfromscratch.types import Array


@compiled
def transpose(out: Array, x: Array, first: int, last: int) -> None:
    """out[i, j] = x[j, i], rows first … last − 1 of out, in squares that turn inside the registers.

    One at a time, each number would be fetched or put where no neighbour is, from another cache line.
    """
    zero = zeros(x, 1)
    side, (columns, rows) = lanes(zero), x.shape
    flat, pixels = out.reshape(-1), x.reshape(-1)
    i = first
    while i < last:
        high = side if i + side <= last else 1
        j = 0
        while j + side <= columns and high == side:
            vectors.transpose(flat, i * columns + j, columns, pixels, j * rows + i, rows, zero)
            j += side
        for row in range(i, i + high):
            for column in range(j, columns):
                out[row, column] = x[column, row]
        i += high


@compiled
def bias_activation(x: Array, bias: Array, slope: float, first: int, last: int) -> None:
    """x ← f(x + b), f(v) = v where v > 0, otherwise slope · v; a slope of 0 gives 0 for −∞ too."""
    zero = x.dtype.type(0)
    for h in range(x.shape[0]):
        for c in range(first, last):
            row, shift = x[h, c], bias[c]
            if slope == 1:
                for n in range(row.size):
                    row[n] += shift
            else:
                for n in range(row.size):
                    v = row[n] + shift
                    low = zero if slope == 0 else slope * v
                    row[n] = low if v <= 0 else v


@compiled
def bias_activation_grad(dx: Array, dbias: Array, dy: Array, y: Array, slope: float, first: int, last: int) -> None:
    """dx = dy · f'(x), read off the sign of y = f(x), and dbias[c] = Σ dx, the rows' sums added in double precision.

    With a slope of 1 dx is dy already, one array, and y is not looked at.
    """
    together = dx.shape[0] == 1  # the channels of a dense layer, rows too short to be worth a call each
    if slope != 1 and together:
        _through(dx[0, first:last].reshape(-1), dy[0, first:last].reshape(-1), y[0, first:last].reshape(-1), slope)
    for c in range(first, last):
        total = 0.0
        for h in range(dx.shape[0]):
            if slope != 1 and not together:
                _through(dx[h, c], dy[h, c], y[h, c], slope)
            total += _sum(dx[h, c])
        dbias[c] = total


@compiled
def _through(dx: Array, dy: Array, y: Array, slope: float) -> None:
    one = dx.dtype.type(1)
    for n in range(dx.size):
        dx[n] = dy[n] * (one if y[n] > 0 else slope)


@compiled_reduction
def _sum(row: Array) -> float:
    total = row.dtype.type(0)
    for n in range(row.size):
        total += row[n]
    return total


@compiled_reduction
def statistics(mean: Array, variance: Array, x: Array, first: int, last: int) -> None:
    """μ and σ² of channel c; the squares are those of the distances from μ, which lose no digits where μ is large."""
    count = x.shape[0] * x.shape[2]
    for c in range(first, last):
        total = 0.0
        for h in range(x.shape[0]):
            total += _sum(x[h, c])
        mean[c] = total / count
        total = 0.0
        for h in range(x.shape[0]):
            total += _squares(x[h, c], mean[c])
        variance[c] = total / count


@compiled_reduction
def _squares(row: Array, mean: float) -> float:
    total = row.dtype.type(0)
    for n in range(row.size):
        distance = row[n] - mean
        total += distance * distance
    return total


@compiled
def normalize(
    y: Array, x: Array, mean: Array, scale: Array, weight: Array, bias: Array, slope: float, first: int, last: int
) -> None:
    """y = f(γ · (x − μ) · scale + β), f as in ``bias_activation``."""
    zero = x.dtype.type(0)
    for h in range(x.shape[0]):
        for c in range(first, last):
            row, result, center, factor, shift = x[h, c], y[h, c], mean[c], scale[c], bias[c]
            gamma = weight[c]
            for n in range(row.size):
                v = (row[n] - center) * factor * gamma + shift
                low = zero if slope == 0 else slope * v
                result[n] = low if v <= 0 else v


@compiled
def normalize_sums(
    dx: Array,
    dweight: Array,
    dbias: Array,
    dy: Array,
    x: Array,
    y: Array,
    mean: Array,
    scale: Array,
    slope: float,
    first: int,
    last: int,
) -> None:
    """Back through f as ``bias_activation_grad``, and ∂L/∂γ = Σ dx · x̂, ∂L/∂β = Σ dx, with x̂ = (x − μ) · scale."""
    for c in range(first, last):
        total, weighted = 0.0, 0.0
        for h in range(x.shape[0]):
            if slope != 1:
                _through(dx[h, c], dy[h, c], y[h, c], slope)
            total += _sum(dx[h, c])
            weighted += _dot(dx[h, c], x[h, c], mean[c])
        dbias[c] = total
        dweight[c] = weighted * scale[c]


@compiled_reduction
def _dot(gradient: Array, row: Array, mean: float) -> float:
    total = row.dtype.type(0)
    for n in range(row.size):
        total += gradient[n] * (row[n] - mean)
    return total


@compiled
def normalize_grad(
    dx: Array,
    dy: Array,
    x: Array,
    mean: Array,
    scale: Array,
    weight: Array,
    dweight: Array,
    dbias: Array,
    first: int,
    last: int,
) -> None:
    """∂L/∂x = γ · scale · (∂L/∂y − (∂L/∂β + x̂ · ∂L/∂γ) / M); dx and dy may be one array."""
    part = x.dtype.type(1.0 / (x.shape[0] * x.shape[2]))
    for h in range(x.shape[0]):
        for c in range(first, last):
            gradient, row, result, center = dy[h, c], x[h, c], dx[h, c], mean[c]
            factor, shift, slope = weight[c] * scale[c], dbias[c] * part, scale[c] * (dweight[c] * part)
            for n in range(row.size):
                result[n] = factor * (gradient[n] - shift - (row[n] - center) * slope)


@compiled
def adam(theta: Array, g: Array, m: Array, v: Array, settings: Array, first: int, last: int) -> None:
    """One step of Adam for the numbers first … last − 1 of flat arrays, of θ, m and v in place.

    settings: β₁, 1 − β₁, β₂, 1 − β₂, lr / (1 − β₁ᵗ), 1 / √(1 − β₂ᵗ), ε, 1 − lr·λ, of the arrays' type
    """
    beta1, rest1, beta2, rest2 = settings[0], settings[1], settings[2], settings[3]
    rate, correction, eps, kept = settings[4], settings[5], settings[6], settings[7]
    # Slices, because indices that may be negative for all the compiler knows keep it from using vectors.
    theta, g, m, v = theta[first:last], g[first:last], m[first:last], v[first:last]
    for k in range(theta.size):
        gradient = g[k]
        m_k = beta1 * m[k] + rest1 * gradient
        v_k = beta2 * v[k] + rest2 * gradient * gradient
        m[k], v[k] = m_k, v_k
        theta[k] = kept * theta[k] - rate * m_k / (np.sqrt(v_k) * correction + eps)
