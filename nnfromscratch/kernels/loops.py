"""The printed equations as loops, their subscripts the loop variables. Read this first; run it on tiny images only."""

from __future__ import annotations

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
