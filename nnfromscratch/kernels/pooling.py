"""The arithmetic of pooling, compiled: the window's pixels are compared or added for a whole vector of images at once.

Arrays are (H, C, W, N); each call does the channels first … last − 1, so that threads never write to the same place
even where windows overlap.
"""

from __future__ import annotations

import numpy as np

from nnfromscratch.kernels.geometry import Pair
from nnfromscratch.kernels.numba_options import compiled
from nnfromscratch.types import Array


@compiled
def max_pool(
    x: Array, y: Array, winner: Array, kernel_size: Pair, stride: Pair, before: Pair, first: int, last: int
) -> None:
    """y[i, c, j] = max over the window's real pixels; winner = p·KW + q of the first largest, a NaN above all."""
    height, _, width, images = x.shape
    which = np.empty(images, np.int32)  # as wide as a float32: numbers of one width are chosen a register at a time
    for i in range(y.shape[0]):
        h = i * stride[0] - before[0]
        p0 = max(0, -h)
        for c in range(first, last):
            for j in range(y.shape[2]):
                w = j * stride[1] - before[1]
                q0 = max(0, -w)
                best = y[i, c, j]
                for p in range(p0, min(kernel_size[0], height - h)):
                    for q in range(q0, min(kernel_size[1], width - w)):
                        pixels = x[h + p, c, w + q]
                        index = p * kernel_size[1] + q
                        if p == p0 and q == q0:
                            for n in range(images):
                                best[n], which[n] = pixels[n], index
                        else:
                            for n in range(images):
                                old, new = best[n], pixels[n]
                                larger = new > old or (new != new and old == old)  # NaN differs from itself
                                best[n] = new if larger else old
                                which[n] = index if larger else which[n]
                for n in range(images):
                    winner[i, c, j, n] = which[n]


@compiled
def max_pool_grad(
    dx: Array,
    dy: Array,
    winner: Array,
    kernel_size: Pair,
    stride: Pair,
    before: Pair,
    tiled: bool,
    first: int,
    last: int,
) -> None:
    """dx[winner of the window] += dy[window]; dx comes filled with zeros.

    tiled: the windows lie side by side and cover the image, each pixel once; then dx may come with anything in it.
    """
    height, _, width, images = dx.shape
    zero = dx.dtype.type(0)
    for i in range(dy.shape[0]):
        h = i * stride[0] - before[0]
        for c in range(first, last):
            for j in range(dy.shape[2]):
                w = j * stride[1] - before[1]
                which, gradient = winner[i, c, j], dy[i, c, j]
                for p in range(max(0, -h), min(kernel_size[0], height - h)):
                    for q in range(max(0, -w), min(kernel_size[1], width - w)):
                        pixels = dx[h + p, c, w + q]
                        index = winner.dtype.type(p * kernel_size[1] + q)
                        if tiled:
                            for n in range(images):
                                pixels[n] = gradient[n] if which[n] == index else zero
                        else:
                            for n in range(images):
                                pixels[n] += gradient[n] if which[n] == index else zero


@compiled
def avg_pool(
    x: Array, y: Array, weights: Array, kernel_size: Pair, stride: Pair, before: Pair, first: int, last: int
) -> None:
    """y[i, c, j] = weights[i, j] · Σ over the window's real pixels; y comes filled with zeros."""
    height, _, width, images = x.shape
    for i in range(y.shape[0]):
        h = i * stride[0] - before[0]
        for c in range(first, last):
            for j in range(y.shape[2]):
                w = j * stride[1] - before[1]
                total = y[i, c, j]
                for p in range(max(0, -h), min(kernel_size[0], height - h)):
                    for q in range(max(0, -w), min(kernel_size[1], width - w)):
                        pixels = x[h + p, c, w + q]
                        for n in range(images):
                            total[n] += pixels[n]
                for n in range(images):
                    total[n] *= weights[i, j]


@compiled
def avg_pool_grad(
    dx: Array, dy: Array, weights: Array, kernel_size: Pair, stride: Pair, before: Pair, first: int, last: int
) -> None:
    """dx[every real pixel of the window] += weights[i, j] · dy[window]; dx comes filled with zeros."""
    height, _, width, images = dx.shape
    for i in range(dy.shape[0]):
        h = i * stride[0] - before[0]
        for c in range(first, last):
            for j in range(dy.shape[2]):
                w = j * stride[1] - before[1]
                gradient = dy[i, c, j]
                for p in range(max(0, -h), min(kernel_size[0], height - h)):
                    for q in range(max(0, -w), min(kernel_size[1], width - w)):
                        pixels = dx[h + p, c, w + q]
                        for n in range(images):
                            pixels[n] += gradient[n] * weights[i, j]
