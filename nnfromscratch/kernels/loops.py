"""The printed equations as loops, their subscripts the loop variables. Read this first; run it on tiny images only."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.kernels.geometry import Padding, Pair, output_size, window, window_counts, winner_dtype
from nnfromscratch.types import Array


def conv2d(x: Array, weight: Array, stride: Pair, padding: Padding) -> Array:
    """y[n, f, i, j] = Σ_c Σ_p Σ_q x[n, c, i·s + p − top, j·s + q − left] · W[f, c, p, q], pixels outside counting as 0.

    Equation (1) of the article, for several channels, a stride and padding.
    """
    (sh, sw), ((top, _), (left, _)) = stride, padding
    size, kernel_size = x.shape[2:], weight.shape[2:]
    y = np.zeros((len(x), len(weight), *output_size("conv2d", size, kernel_size, stride, padding)), x.dtype)
    for n, f, i, j in np.ndindex(y.shape):
        for c, p, q in np.ndindex(weight.shape[1:]):
            h, w = i * sh + p - top, j * sw + q - left
            if 0 <= h < size[0] and 0 <= w < size[1]:
                y[n, f, i, j] += x[n, c, h, w] * weight[f, c, p, q]  # equation (1)
    return y


def conv2d_grad_input(dy: Array, weight: Array, size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂x: each product of equation (1) sends W · ∂L/∂y back to the pixel that it came from."""
    (sh, sw), ((top, _), (left, _)) = stride, padding
    dx = np.zeros((len(dy), weight.shape[1], *size), dy.dtype)
    for n, f, i, j in np.ndindex(dy.shape):
        for c, p, q in np.ndindex(weight.shape[1:]):
            h, w = i * sh + p - top, j * sw + q - left
            if 0 <= h < size[0] and 0 <= w < size[1]:
                dx[n, c, h, w] += weight[f, c, p, q] * dy[n, f, i, j]
    return dx


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂W: each product of equation (1) sends x · ∂L/∂y to its weight; images and positions add up."""
    (sh, sw), ((top, _), (left, _)) = stride, padding
    dweight = np.zeros((dy.shape[1], x.shape[1], *kernel_size), dy.dtype)
    for n, f, i, j in np.ndindex(dy.shape):
        for c, p, q in np.ndindex(dweight.shape[1:]):
            h, w = i * sh + p - top, j * sw + q - left
            if 0 <= h < x.shape[2] and 0 <= w < x.shape[3]:
                dweight[f, c, p, q] += x[n, c, h, w] * dy[n, f, i, j]
    return dweight


def max_pool2d(x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> tuple[Array, Array]:
    """y[n, c, i, j] = max_{p, q} x[n, c, i·s + p − top, j·s + q − left], and winner = p·KW + q of the first largest.

    Equation (2) of the article, with a stride; padding takes no part. A NaN counts as larger than any number.
    """
    (sh, sw), ((top, _), (left, _)) = stride, padding
    outputs = output_size("max_pool2d", x.shape[2:], kernel_size, stride, padding)
    y = np.empty((*x.shape[:2], *outputs), x.dtype)
    winner = np.empty(y.shape, winner_dtype(kernel_size))
    for n, c, i, j in np.ndindex(y.shape):
        first = True
        for p in range(*window(i * sh - top, kernel_size[0], x.shape[2])):
            for q in range(*window(j * sw - left, kernel_size[1], x.shape[3])):
                pixel = x[n, c, i * sh + p - top, j * sw + q - left]
                if first or pixel > y[n, c, i, j] or (np.isnan(pixel) and not np.isnan(y[n, c, i, j])):
                    y[n, c, i, j], winner[n, c, i, j], first = pixel, p * kernel_size[1] + q, False  # equation (2)
    return y, winner


def max_pool2d_grad(dy: Array, winner: Array, size: Pair, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂x: each window sends its ∂L/∂y to the pixel that won it."""
    (sh, sw), ((top, _), (left, _)) = stride, padding
    dx = np.zeros((*dy.shape[:2], *size), dy.dtype)
    for n, c, i, j in np.ndindex(dy.shape):
        p, q = divmod(int(winner[n, c, i, j]), kernel_size[1])
        dx[n, c, i * sh + p - top, j * sw + q - left] += dy[n, c, i, j]
    return dx


def avg_pool2d(x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """y[n, c, i, j] = mean over the window's real pixels of x[n, c, i·s + p − top, j·s + q − left]."""
    (sh, sw), ((top, _), (left, _)) = stride, padding
    outputs = output_size("avg_pool2d", x.shape[2:], kernel_size, stride, padding)
    count = window_counts(x.shape[2:], kernel_size, stride, padding, outputs)
    y = np.zeros((*x.shape[:2], *outputs), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        for p in range(*window(i * sh - top, kernel_size[0], x.shape[2])):
            for q in range(*window(j * sw - left, kernel_size[1], x.shape[3])):
                y[n, c, i, j] += x[n, c, i * sh + p - top, j * sw + q - left]
        y[n, c, i, j] /= count[i, j]
    return y


def avg_pool2d_grad(dy: Array, size: Pair, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂x: each window shares its ∂L/∂y out equally among its real pixels."""
    (sh, sw), ((top, _), (left, _)) = stride, padding
    count = window_counts(size, kernel_size, stride, padding, dy.shape[2:])
    dx = np.zeros((*dy.shape[:2], *size), dy.dtype)
    for n, c, i, j in np.ndindex(dy.shape):
        for p in range(*window(i * sh - top, kernel_size[0], size[0])):
            for q in range(*window(j * sw - left, kernel_size[1], size[1])):
                dx[n, c, i * sh + p - top, j * sw + q - left] += dy[n, c, i, j] / count[i, j]
    return dx


def matmul(a: Array, b: Array) -> Array:
    """y[i, k] = Σ_j a[i, j] · b[j, k]."""
    y = np.zeros((len(a), b.shape[1]), a.dtype)
    for i, k in np.ndindex(y.shape):
        for j in range(len(b)):
            y[i, k] += a[i, j] * b[j, k]
    return y


def bias_activation(x: Array, bias: Array, slope: float) -> Array:
    """y[n, c, ...] = f(x[n, c, ...] + b[c]), f(v) = v where v > 0, otherwise slope · v."""
    y = np.empty_like(x)
    for index in np.ndindex(x.shape):
        y[index] = _activated(x[index] + bias[index[1]], slope)
    return y


def bias_activation_grad(dy: Array, y: Array, slope: float) -> tuple[Array, Array]:
    """∂L/∂x = ∂L/∂y · f'(x + b), f' read off the sign of y, and ∂L/∂b[c] = Σ ∂L/∂x[n, c, ...]."""
    dx, dbias = np.empty_like(dy), np.zeros(dy.shape[1], dy.dtype)
    for index in np.ndindex(dy.shape):
        dx[index] = dy[index] * dy.dtype.type(1 if slope == 1 or y[index] > 0 else slope)
        dbias[index[1]] += dx[index]
    return dx, dbias


def _activated(v: Any, slope: float) -> Any:
    if slope == 0 and v <= 0:  # also −∞, which 0 · v would make a NaN
        return type(v)(0)
    return v if v > 0 else v * type(v)(slope)


def batch_statistics(x: Array) -> tuple[Array, Array]:
    """μ[c] = 1/M Σ x[n, c, ...] and σ²[c] = 1/M Σ (x[n, c, ...] − μ[c])², over the M numbers of a channel."""
    mean, variance = np.zeros((2, x.shape[1]), x.dtype)
    count = x.dtype.type(x.size // x.shape[1])
    for index in np.ndindex(x.shape):
        mean[index[1]] += x[index] / count
    for index in np.ndindex(x.shape):
        variance[index[1]] += (x[index] - mean[index[1]]) ** 2 / count
    return mean, variance


def batch_norm(x: Array, weight: Array, bias: Array, mean: Array, scale: Array, slope: float) -> Array:
    """y[n, c, ...] = f(γ[c] · (x[n, c, ...] − μ[c]) · scale[c] + β[c]), scale = 1/√(σ² + ε)."""
    y = np.empty_like(x)
    for index in np.ndindex(x.shape):
        c = index[1]
        y[index] = _activated(weight[c] * (x[index] - mean[c]) * scale[c] + bias[c], slope)
    return y


def batch_norm_grad(
    dy: Array, x: Array, y: Array, weight: Array, mean: Array, scale: Array, slope: float
) -> tuple[Array, Array, Array]:
    """∂L/∂γ = Σ ∂L/∂y · x̂, ∂L/∂β = Σ ∂L/∂y, ∂L/∂x = γ · scale · (∂L/∂y − (∂L/∂β + x̂ · ∂L/∂γ) / M)."""
    dy, dbias = bias_activation_grad(dy, y, slope)
    dx, dweight = np.empty_like(x), np.zeros_like(weight)
    count = x.dtype.type(x.size // x.shape[1])
    for index in np.ndindex(x.shape):
        c = index[1]
        dweight[c] += dy[index] * (x[index] - mean[c]) * scale[c]
    for index in np.ndindex(x.shape):
        c = index[1]
        x_hat = (x[index] - mean[c]) * scale[c]
        dx[index] = weight[c] * scale[c] * (dy[index] - (dbias[c] + x_hat * dweight[c]) / count)
    return dx, dweight, dbias


def pair_distances(m: Array) -> Array:
    """d[b, n, j] = Σ_c |m[b, c, n] − m[b, c, j]|: for each b how far apart any two of the N samples are."""
    kernels, size, count = m.shape
    d = np.zeros((kernels, count, count), m.dtype)
    for b, n, j in np.ndindex(d.shape):
        for c in range(size):
            d[b, n, j] += abs(m[b, c, n] - m[b, c, j])
    return d


def pair_distances_grad(dd: Array, m: Array) -> Array:
    """∂L/∂m[b, c, n] = Σ_j (∂L/∂d[b, n, j] + ∂L/∂d[b, j, n]) · s, s = ±1 as m[b, c, n] is above or below m[b, c, j].

    Where the two are equal, at the kink of |·|, s is 0.
    """
    dm = np.zeros_like(m)
    for b, c, n in np.ndindex(m.shape):
        for j in range(m.shape[2]):
            s = int(m[b, c, n] > m[b, c, j]) - int(m[b, c, n] < m[b, c, j])
            dm[b, c, n] += (dd[b, n, j] + dd[b, j, n]) * m.dtype.type(s)
    return dm


def normal(bits: Array) -> Array:
    """z[0, k] = √(−2 ln u) · cos φ and z[1, k] = √(−2 ln u) · sin φ are independent and normal, N(0, 1).

    u = 1 − (bits[0, k] mod 2³¹) / 2³¹, in (0, 1], and φ = 2π · bits[1, k] / 2³², if all bits are equally likely; u is
    rounded to float32, as all that follows. |z| goes up to √(62 ln 2) = 6.56.

    bits: (2, K) int32   z: (2, K) float32
    Source: Box and Muller, A note on the generation of random normal deviates (1958), equation (1).
    """
    z = np.empty(bits.shape, np.float32)
    for k in range(bits.shape[1]):
        u = np.float32(1 - int(bits[0, k]) % 2**31 / 2**31)
        r, phi = np.sqrt(-2 * np.log(u)), 2 * np.pi * int(bits[1, k]) / 2**32
        z[0, k], z[1, k] = r * np.cos(phi), r * np.sin(phi)
    return z


def adam(theta: Array, g: Array, m: Array, v: Array, settings: tuple[float, ...]) -> None:
    """m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  θ ← kept·θ − rate·m / (√v·correction + ε), in place.

    settings: β₁, 1 − β₁, β₂, 1 − β₂, rate = lr / (1 − β₁ᵗ), correction = 1 / √(1 − β₂ᵗ), ε, kept = 1 − lr·λ
    """
    beta1, rest1, beta2, rest2, rate, correction, eps, kept = (theta.dtype.type(number) for number in settings)
    for index in np.ndindex(theta.shape):
        m[index] = beta1 * m[index] + rest1 * g[index]
        v[index] = beta2 * v[index] + rest2 * g[index] ** 2
        theta[index] = kept * theta[index] - rate * m[index] / (np.sqrt(v[index]) * correction + eps)
