"""The default: shapes are worked out here, in Python, and the sums are done by two compiled modules.

Every kernel brings its images into the order (H, C, W, N) (no copy where they already are), allocates its result and
lets each thread fill the rows or channels that it owns. ``correlation`` holds the arithmetic of all three convolution
kernels, ``pooling`` that of the four pooling kernels.

How a convolution becomes one kind of sum: for a fixed output row i, equation (1) adds up *taps*. A tap (p, q, c) is one
kernel offset of one channel; it multiplies the row of pixels that lies under that offset, W·N numbers side by side, by
one weight for each output channel. A stride along the width is taken care of beforehand: columns are sorted by their
remainder, after which neighbouring outputs read neighbouring pixels again.
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from nnfromscratch.kernels import correlation, pooling
from nnfromscratch.kernels.geometry import Padding, Pair, output_size, window_counts, winner_dtype
from nnfromscratch.kernels.memory import as_images, as_rows
from nnfromscratch.kernels.threads import share
from nnfromscratch.types import Array


def conv2d(x: Array, weight: Array, stride: Pair, padding: Padding) -> Array:
    """Equation (1): output row i is the sum of W[f, (p, q, c)] times the row of pixels under tap (p, q, c)."""
    filters, channels, kh, kw = weight.shape
    (n, _, height, width), (sh, sw), ((top, _), (left, _)) = x.shape, stride, padding
    oh, ow = output_size("conv2d", (height, width), (kh, kw), stride, padding)
    rows = _sorted_columns(_rows(x), sw, left, kw, ow)
    tap_rows, tap_shifts = _taps(kh, kw, channels, sw, n)
    weights = weight.transpose(0, 2, 3, 1).copy().reshape(filters, -1)
    y = np.empty((oh, filters, ow, n), x.dtype)
    source, target = _matrix(rows), y.reshape(oh * filters, ow * n)
    work = partial(
        correlation.correlate, target, source, weights, tap_rows, tap_shifts, kw * channels, height, sh, -top, 0, 1
    )
    share(work, oh, cost=2.0 * y.size * channels * kh * kw)
    return as_images(y)


def conv2d_grad_input(dy: Array, weight: Array, size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂x is a correlation again: of ∂L/∂y with the kernel flipped, its input and output channels exchanged.

    With a stride, the pixels (h, w) fall into s·s classes by their remainders; each class meets every s-th row and
    column of the kernel, with stride 1.
    """
    filters, channels, kh, kw = weight.shape
    (n, _, oh, ow), (height, width) = dy.shape, size
    (sh, sw), ((top, _), (left, _)) = stride, padding
    vertical = [_backward_phase(phase, sh, top, kh, height) for phase in range(min(sh, height))]
    horizontal = [_backward_phase(phase, sw, left, kw, width) for phase in range(min(sw, width))]
    before = max(0, *(-first for _, first, _, _ in horizontal))
    after = max(0, *(first + taps + count - 1 - ow for _, first, taps, count in horizontal))
    dy_rows = _rows(dy)
    if before or after:
        dy_rows = np.pad(dy_rows, ((0, 0), (0, 0), (before, after), (0, 0)))
    source = _matrix(dy_rows[:, :, None])
    dx = np.empty((height, channels, width, n), dy.dtype)
    for w, (q, first_column, columns, count) in enumerate(horizontal):
        part = dx if sw == 1 else np.empty((height, channels, count, n), dy.dtype)
        target = part.reshape(height * channels, count * n)
        for h, (p, first_row, taps, row_count) in enumerate(vertical):
            tap_rows, tap_shifts = _taps(taps, columns, filters, 1, n)
            tap_shifts = tap_shifts + (first_column + before) * n
            flipped = weight[:, :, p::sh, q::sw][:, :, ::-1, ::-1].transpose(1, 2, 3, 0)
            weights = flipped.copy().reshape(channels, -1)
            work = partial(
                correlation.correlate,
                target,
                source,
                weights,
                tap_rows,
                tap_shifts,
                columns * filters,
                oh,
                1,
                first_row,
                h,
                sh,
            )
            share(work, row_count, cost=2.0 * row_count * count * n * weights.size)
        if sw > 1:
            dx[:, :, w::sw] = part
    return as_images(dx)


def _backward_phase(phase: int, stride: int, before: int, kernel: int, size: int) -> tuple[int, int, int, int]:
    """For the pixels phase, phase + s, …: first kernel offset that meets them, first ∂L/∂y read, taps, pixels.

    Pixel phase + s·t receives from output (phase + before − offset) / s + t, for every offset that makes it whole.
    """
    offset = (phase + before) % stride
    taps = len(range(offset, kernel, stride))
    first = (phase + before - offset) // stride - (taps - 1)
    return offset, first, taps, len(range(phase, size, stride))


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂W[f, (p, q, c)] is the dot product of ∂L/∂y[f] with the pixels under tap (p, q, c)."""
    (kh, kw), (n, filters, oh, ow), channels, height = kernel_size, dy.shape, x.shape[1], x.shape[2]
    (sh, sw), ((top, _), (left, _)) = stride, padding
    rows = _sorted_columns(_rows(x), sw, left, kw, ow)
    tap_rows, tap_shifts = _taps(kh, kw, channels, sw, n)
    dweight = np.zeros((filters, kh * kw * channels), dy.dtype)
    source, target = _matrix(rows), _rows(dy).reshape(oh * filters, ow * n)
    work = partial(
        correlation.correlate_weights, dweight, target, source, tap_rows, tap_shifts, kw * channels, height, sh, -top
    )
    share(work, kh * kw * channels, cost=2.0 * dy.size * channels * kh * kw)
    return np.ascontiguousarray(dweight.reshape(filters, kh, kw, channels).transpose(0, 3, 1, 2))


def _rows(images: Array) -> Array:
    """as_rows, copied where it is read-only: for such arrays Numba would compile every kernel once more."""
    rows = as_rows(images)
    return rows if rows.flags.writeable else rows.copy()


def _sorted_columns(rows: Array, stride: int, left: int, kernel: int, outputs: int) -> Array:
    """(H, C, s, columns, N): the padded columns, sorted by remainder; as many of them as taps reach."""
    height, channels, width, n = rows.shape
    columns = (kernel - 1) // stride + outputs
    if stride == 1 and columns == width:  # no padding either
        return rows[:, :, None]
    padded = np.zeros((height, channels, stride, columns, n), rows.dtype)
    for remainder in range(stride):
        # padded column s·k + remainder is pixel s·k + remainder − left
        start = max(0, -((remainder - left) // stride))
        pixels = rows[:, :, start * stride + remainder - left :: stride][:, :, : columns - start]
        padded[:, :, remainder, start : start + pixels.shape[2]] = pixels
    return padded


@lru_cache(maxsize=256)  # the same few shapes come at every step
def _taps(kh: int, kw: int, channels: int, stride: int, n: int) -> tuple[Array, Array]:
    """For each tap (p, q, c): which row of the sorted columns it reads, and how far that row is moved."""
    p, q, c = (index.ravel() for index in np.indices((kh, kw, channels)))
    return (p * channels + c) * stride + q % stride, q // stride * n


def _matrix(rows: Array) -> Array:
    """(H, C, s, columns, N) as a matrix with one row for each (h, c, remainder)."""
    height, channels, remainders, columns, n = rows.shape
    return rows.reshape(height * channels * remainders, columns * n)


def max_pool2d(x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> tuple[Array, Array]:
    """Equation (2): the first largest pixel of each window, and where in the window it lies."""
    before = padding[0][0], padding[1][0]
    outputs = output_size("max_pool2d", x.shape[2:], kernel_size, stride, padding)
    rows = _rows(x)
    y = np.empty((outputs[0], x.shape[1], outputs[1], len(x)), x.dtype)
    winner = np.empty(y.shape, winner_dtype(kernel_size))
    work = partial(pooling.max_pool, rows, y, winner, kernel_size, stride, before)
    share(work, x.shape[1], cost=float(y.size * kernel_size[0] * kernel_size[1]))
    return as_images(y), as_images(winner)


def max_pool2d_grad(dy: Array, winner: Array, size: Pair, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """Each window sends its ∂L/∂y to the pixel that won it."""
    before = padding[0][0], padding[1][0]
    dy_rows, winner_rows = _rows(dy), _rows(winner)
    dx = np.zeros((size[0], dy.shape[1], size[1], len(dy)), dy.dtype)
    work = partial(pooling.max_pool_grad, dx, dy_rows, winner_rows, kernel_size, stride, before)
    share(work, dy.shape[1], cost=float(dy.size * kernel_size[0] * kernel_size[1]))
    return as_images(dx)


def avg_pool2d(x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """The mean of each window's real pixels."""
    before = padding[0][0], padding[1][0]
    outputs = output_size("avg_pool2d", x.shape[2:], kernel_size, stride, padding)
    share_of_each = 1 / window_counts(x.shape[2:], kernel_size, stride, padding, outputs)
    rows, weights = _rows(x), share_of_each.astype(x.dtype)
    y = np.zeros((outputs[0], x.shape[1], outputs[1], len(x)), x.dtype)
    work = partial(pooling.avg_pool, rows, y, weights, kernel_size, stride, before)
    share(work, x.shape[1], cost=float(y.size * kernel_size[0] * kernel_size[1]))
    return as_images(y)


def avg_pool2d_grad(dy: Array, size: Pair, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """Each window shares its ∂L/∂y out equally among its real pixels."""
    before = padding[0][0], padding[1][0]
    share_of_each = 1 / window_counts(size, kernel_size, stride, padding, dy.shape[2:])
    dy_rows, weights = _rows(dy), share_of_each.astype(dy.dtype)
    dx = np.zeros((size[0], dy.shape[1], size[1], len(dy)), dy.dtype)
    work = partial(pooling.avg_pool_grad, dx, dy_rows, weights, kernel_size, stride, before)
    share(work, dy.shape[1], cost=float(dy.size * kernel_size[0] * kernel_size[1]))
    return as_images(dx)
