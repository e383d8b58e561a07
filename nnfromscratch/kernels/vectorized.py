"""NumPy only: the default where Numba is missing. Matrix products do the arithmetic, the batch is innermost.

In memory of order (H, C, W, N), the rows of the image that lie under a kernel follow each other: KH rows of C channels
are a matrix (KH·C, W·N) as they stand. Moving the kernel by one pixel is moving along the columns of that matrix by N.
A convolution therefore becomes one matrix product for each image row and kernel column q, on slices: no windows are
copied (no im2col), and padding is left out instead of stored. What such a step touches fits into the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from nnfromscratch.kernels.geometry import Padding, Pair, inside, output_size, window, window_counts, winner_dtype
from nnfromscratch.kernels.memory import as_images, as_rows, empty_rows, pieces
from nnfromscratch.kernels.threads import one_blas_thread, share
from nnfromscratch.types import Array

PARTS = 4  # of the sum over all rows in ∂L/∂W: more cores than this do not help there
BLOCK = 48  # rows of a matrix: a multiple of what BLAS takes at once, so that it rounds as it would in one piece


def conv2d(x: Array, weight: Array, stride: Pair, padding: Padding) -> Array:
    """y[i] = Σ_q W[q] · (the rows under the kernel in row i, moved by q): for each q (F, KH·C) times (KH·C, OW·N)."""
    (filters, channels, kh, kw), (n, _, height, width) = weight.shape, x.shape
    (sh, sw), ((top, _), (left, _)) = stride, padding
    oh, ow = output_size("conv2d", (height, width), (kh, kw), stride, padding)
    matrices = weight.transpose(3, 0, 2, 1).reshape(kw, filters, kh * channels)
    columns = [_columns(q, left, sw, width, ow, n) for q in range(kw)]
    pixels = _every(sw, x)
    y = np.zeros((oh, filters, ow * n), x.dtype)

    def rows(first: int, last: int) -> None:
        for i in range(first, last):
            h = i * sh - top
            p0, p1 = window(h, kh, height)
            for q, (outputs, phase, under) in enumerate(columns):
                taps = matrices[q, :, p0 * channels : p1 * channels]
                y[i, :, outputs] += taps @ pixels[phase][(h + p0) * channels : (h + p1) * channels, under]

    _share(rows, oh, cost=2.0 * y.size * channels * kh * kw)
    return as_images(y.reshape(oh, filters, ow, n))


def conv2d_grad_input(dy: Array, weight: Array, size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂x[h]: one product (KW·C, KH·F) times (KH·F, OW·N), whose part q is added to the pixels that column q met.

    Image row h was met by kernel row p in output row i = (h + top − p) / s: these output rows follow each other too,
    while p falls in steps of s. Hence the flipped kernel, of which row h uses every s-th row.
    """
    (filters, channels, kh, kw), (n, _, oh, ow) = weight.shape, dy.shape
    (sh, sw), ((top, _), (left, _)) = stride, padding
    flipped = [weight[:, :, p::sh][:, :, ::-1] for p in range(min(sh, kh))]
    matrices = [part.transpose(3, 1, 2, 0).reshape(kw * channels, -1) for part in flipped]
    met = [inside(q, left, sw, size[1], ow) for q in range(kw)]
    gradients = as_rows(dy).reshape(oh * filters, ow * n)
    dx = np.zeros((size[0], channels, size[1], n), dy.dtype)

    def rows(first: int, last: int) -> None:
        for h in range(first, last):
            i, p = divmod(h + top, sh)
            if p >= kh:  # a stride over the kernel's size: row h was met by none
                continue
            taps = matrices[p].shape[1] // filters
            start = i - (taps - 1)
            k0, k1 = window(start, taps, oh)
            matrix = matrices[p][:, k0 * filters : k1 * filters]
            back = (matrix @ gradients[(start + k0) * filters : (start + k1) * filters]).reshape(kw, channels, ow, n)
            for q, (outputs, under) in enumerate(met):
                dx[h, :, under] += back[q, :, outputs]

    _share(rows, size[0], cost=2.0 * dy.size * channels * kh * kw)
    return as_images(dx)


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂W[q]ᵀ = Σ_i (the rows under the kernel in row i, moved by q) · ∂L/∂y[i]ᵀ: (KH·C, OW·N) times (OW·N, F).

    The rows i are added up in a few parts, so that threads have sums of their own: as many parts, and so the same
    bits, for every number of threads.
    """
    (kh, kw), (n, filters, oh, ow), (channels, height, width) = kernel_size, dy.shape, x.shape[1:]
    (sh, sw), ((top, _), (left, _)) = stride, padding
    columns = [_columns(q, left, sw, width, ow, n) for q in range(kw)]
    pixels, gradients = _every(sw, x), as_rows(dy).reshape(oh, filters, ow * n)
    parts = np.array_split(range(oh), min(oh, PARTS))
    sums = np.zeros((len(parts), kw, kh * channels, filters), dy.dtype)

    def some_parts(first: int, last: int) -> None:
        for part in range(first, last):
            for i in parts[part]:
                h = i * sh - top
                p0, p1 = window(h, kh, height)
                for q, (outputs, phase, under) in enumerate(columns):
                    met = pixels[phase][(h + p0) * channels : (h + p1) * channels, under]
                    sums[part, q, p0 * channels : p1 * channels] += met @ gradients[i, :, outputs].T

    _share(some_parts, len(parts), cost=2.0 * dy.size * channels * kh * kw)
    return np.ascontiguousarray(sums.sum(axis=0).reshape(kw, kh, channels, filters).transpose(3, 2, 1, 0))


def _every(step: int, x: Array) -> list[Array]:
    """The columns 0, s, 2s, … of the image, then 1, s + 1, …: matrices (H·C, W/s·N). With stride 1 it is no copy."""
    rows = as_rows(x)
    height, channels = rows.shape[:2]
    parts = [np.ascontiguousarray(rows[:, :, phase::step]) for phase in range(min(step, rows.shape[2]))]
    return [part.reshape(height * channels, part.shape[2] * part.shape[3]) for part in parts]


def _columns(q: int, left: int, stride: int, width: int, outputs: int, n: int) -> tuple[slice, int, slice]:
    """Where kernel column q meets real pixels: columns of the output's matrix, which of ``_every``, columns of that."""
    met, pixels = inside(q, left, stride, width, outputs)
    start, phase = divmod(pixels.start, stride)
    return slice(met.start * n, met.stop * n), phase, slice(start * n, (start + met.stop - met.start) * n)


def _share(work: Callable[[int, int], object], count: int, *, cost: float) -> None:
    """``threads.share``, each thread with matrix products of its own instead of all in one product.

    BLAS fills its vectors with numbers that belong to no product, and NumPy warns of what it meets among them
    (github.com/numpy/numpy/issues/24067). What is not finite passes through in silence, as with the other sets.
    """

    def quietly(first: int, last: int) -> None:
        with np.errstate(all="ignore"):  # in here, since every thread has a setting of its own
            work(first, last)

    with one_blas_thread():
        share(quietly, count, cost=cost)


def max_pool2d(x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> tuple[Array, Array]:
    """A row of windows at a time, their pixels are compared one offset (p, q) after the other; the first largest wins.

    No ``where``: ``np.maximum`` also passes on NaN, and of the numbers of the offsets that took the lead, the largest
    is the last one's.
    """
    (kh, kw), ((top, _), (left, _)), (n, channels, height, width) = kernel_size, padding, x.shape
    oh, ow = output_size("max_pool2d", (height, width), kernel_size, stride, padding)
    rows = as_rows(x)
    y = empty_rows((oh, channels, ow, n), x.dtype)
    winner = np.empty(y.shape, winner_dtype(kernel_size))
    met = [inside(q, left, stride[1], width, ow) for q in range(kw)]
    corner = np.arange(ow) * stride[1] - left
    first_pixel = np.maximum(corner, 0)

    def some_channels(first: int, last: int) -> None:
        for i in range(oh):
            h = i * stride[0] - top
            p0, p1 = window(h, kh, height)
            y[i, first:last] = rows[h + p0][first:last, first_pixel]
            winner[i, first:last] = (p0 * kw + first_pixel - corner)[:, None]
            for p, q in list(product(range(p0, p1), range(kw)))[1:]:
                outputs, under = met[q]
                best, which = y[i, first:last, outputs], winner[i, first:last, outputs]
                pixel = rows[h + p, first:last, under]
                leads = ~(pixel <= best)  # true beside NaN as well …
                leads &= best == best  # … but the first NaN keeps the lead
                np.maximum(best, pixel, out=best)
                np.maximum(which, leads * which.dtype.type(p * kw + q), out=which)

    share(some_channels, channels, cost=float(y.size * kh * kw))
    return as_images(y), as_images(winner)


def max_pool2d_grad(dy: Array, winner: Array, size: Pair, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """For each offset (p, q): the windows that it won send their ∂L/∂y to that pixel."""
    (kh, kw), ((top, _), (left, _)), (n, channels, oh, ow) = kernel_size, padding, dy.shape
    gradients, winners = as_rows(dy), as_rows(winner)
    met = [inside(q, left, stride[1], size[1], ow) for q in range(kw)]
    dx = np.zeros((size[0], channels, size[1], n), dy.dtype)

    def some_channels(first: int, last: int) -> None:
        for i in range(oh):
            h = i * stride[0] - top
            for p, q in product(range(*window(h, kh, size[0])), range(kw)):
                outputs, under = met[q]
                won = winners[i, first:last, outputs] == p * kw + q
                dx[h + p, first:last, under] += _only(won, gradients[i, first:last, outputs])

    share(some_channels, channels, cost=float(dy.size * kh * kw))
    return as_images(dx)


def _only(chosen: Array, numbers: Array) -> Array:
    """The numbers chosen, 0 elsewhere: ``np.where(chosen, numbers, 0)`` in half the time, by keeping all bits or none.

    >>> _only(np.array([True, False]), np.array([1.5, np.nan]))
    array([1.5, 0. ])
    """
    all_or_none = -chosen.view(np.int8)  # −1 is a one in every bit
    kept: Array = (numbers.view(f"i{numbers.itemsize}") & all_or_none).view(numbers.dtype)
    return kept


def avg_pool2d(x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """The sum over the offsets (p, q) of the pixels there, divided by how many were real."""
    ((top, _), (left, _)), (n, channels, height, width) = padding, x.shape
    oh, ow = output_size("avg_pool2d", x.shape[2:], kernel_size, stride, padding)
    y = as_images(np.zeros((oh, channels, ow, n), x.dtype))
    for p, q in np.ndindex(kernel_size):
        i, h = inside(p, top, stride[0], height, oh)
        j, w = inside(q, left, stride[1], width, ow)
        y[:, :, i, j] += x[:, :, h, w]
    y /= window_counts((height, width), kernel_size, stride, padding, (oh, ow)).astype(x.dtype)
    return y


def avg_pool2d_grad(dy: Array, size: Pair, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """Each window's ∂L/∂y, divided by how many of its pixels are real, goes to each of them."""
    ((top, _), (left, _)), (n, channels, oh, ow) = padding, dy.shape
    share_of_each = dy / window_counts(size, kernel_size, stride, padding, (oh, ow)).astype(dy.dtype)
    dx = as_images(np.zeros((size[0], channels, size[1], n), dy.dtype))
    for p, q in np.ndindex(kernel_size):
        i, h = inside(p, top, stride[0], size[0], oh)
        j, w = inside(q, left, stride[1], size[1], ow)
        dx[:, :, h, w] += share_of_each[:, :, i, j]
    return dx


def matmul(a: Array, b: Array) -> Array:
    """a·b, by BLAS, each thread some blocks of the rows of a."""
    y = empty_rows((len(a), b.shape[1]), a.dtype)

    def blocks(first: int, last: int) -> None:
        rows = slice(first * BLOCK, last * BLOCK)
        np.matmul(a[rows], b, out=y[rows])

    _share(blocks, -(-len(a) // BLOCK), cost=2.0 * a.size * b.shape[1])
    return y


def bias_activation(x: Array, bias: Array, slope: float) -> Array:
    """f(x + b), f(v) = v where v > 0, otherwise slope · v, in the memory of x."""
    x += bias.reshape(_per_channel(x))
    if slope == 0:
        np.maximum(x, 0, out=x)
    elif slope < 1:
        np.maximum(x, x * x.dtype.type(slope), out=x)
    elif slope > 1:
        np.multiply(x, x.dtype.type(slope), out=x, where=x <= 0)
    return x


def bias_activation_grad(dy: Array, y: Array, slope: float) -> tuple[Array, Array]:
    """∂L/∂x = ∂L/∂y · f'(x), read off the sign of y = f(x + b), and its sum over each channel."""
    if slope == 1:
        dx = dy
    elif slope == 0:
        dx = dy * (y > 0)
    else:
        positive = y > 0
        dx = dy * (positive + dy.dtype.type(slope) * ~positive)
    return dx, dx.sum(axis=_but_channels(dy))


def batch_statistics(x: Array) -> tuple[Array, Array]:
    """μ and σ² of each channel."""
    axes = _but_channels(x)
    return x.mean(axis=axes), x.var(axis=axes)


def batch_norm(x: Array, weight: Array, bias: Array, mean: Array, scale: Array, slope: float) -> Array:
    """f(γ · (x − μ) · scale + β)."""
    per_channel = _per_channel(x)
    y = x - mean.reshape(per_channel)
    y *= (scale * weight).reshape(per_channel)
    return bias_activation(y, bias, slope)


def batch_norm_grad(
    dy: Array, x: Array, y: Array, weight: Array, mean: Array, scale: Array, slope: float
) -> tuple[Array, Array, Array]:
    """∂L/∂x = γ · scale · (∂L/∂y − (∂L/∂β + x̂ · ∂L/∂γ) / M), and the sums ∂L/∂γ and ∂L/∂β themselves."""
    per_channel, count = _per_channel(x), x.dtype.type(x.size // x.shape[1])
    x_hat = (x - mean.reshape(per_channel)) * scale.reshape(per_channel)
    dy, dbias = bias_activation_grad(dy, y, slope)
    dweight = (dy * x_hat).sum(axis=_but_channels(dy))
    mean_gradient = (dbias.reshape(per_channel) + x_hat * dweight.reshape(per_channel)) / count
    return (weight * scale).reshape(per_channel) * (dy - mean_gradient), dweight, dbias


def _per_channel(x: Array) -> tuple[int, ...]:
    return (-1,) if x.ndim == 2 else (-1, 1, 1)


def _but_channels(x: Array) -> tuple[int, ...]:
    return (0,) if x.ndim == 2 else (0, 2, 3)


def pair_distances(m: Array) -> Array:
    """d[b, n, j] = Σ_c |m[b, c, n] − m[b, c, j]|, one matrix after the other, so that it stays in the cache."""
    d = np.zeros((len(m), m.shape[2], m.shape[2]), m.dtype)
    difference = np.empty(d.shape[1:], m.dtype)
    for total, numbers in zip(d, m, strict=True):
        for row in numbers:
            np.subtract(row[:, None], row, out=difference)
            total += np.abs(difference, out=difference)
    return d


def pair_distances_grad(dd: Array, m: Array) -> Array:
    """∂L/∂m[b, c, n]: the sum of ∂L/∂d[b, n, j] + ∂L/∂d[b, j, n] over all m[b, c, j] below, less that over all above.

    What n gets from a j below is what j loses to it, since the matrix of these sums is symmetric: one comparison does.
    """
    dm, ones = np.empty_like(m), np.ones(m.shape[2], m.dtype)
    for gradient, numbers, result in zip(dd, m, dm, strict=True):
        both = gradient + gradient.T
        for c, row in enumerate(numbers):
            below = both * (row[:, None] > row)
            result[c] = below @ ones - ones @ below  # the sums of the rows and of the columns, by BLAS
    return dm


def normal(bits: Array) -> Array:
    """z[0] = √(−2 ln u) · cos φ and z[1] = √(−2 ln u) · sin φ, u and φ from 31 and 32 random bits."""
    u = (bits[0] | -(2**31)).astype(np.float32) * np.float32(-(2**-31))  # the sign bit set: −2³¹ … −1
    r, phi = np.sqrt(-2 * np.log(u)), bits[1].astype(np.float32) * np.float32(2 * np.pi / 2**32)
    return np.stack((r * np.cos(phi), r * np.sin(phi)))


def adam(theta: Array, g: Array, m: Array, v: Array, settings: tuple[float, ...]) -> None:
    """One step of Adam, of θ, m and v in place, a piece at a time."""
    beta1, rest1, beta2, rest2, rate, correction, eps, kept = settings
    parts = list(pieces(theta, g, m, v))

    def some_parts(first: int, last: int) -> None:
        for theta_k, g_k, m_k, v_k in parts[first:last]:
            m_k *= beta1
            m_k += rest1 * g_k
            v_k *= beta2
            v_k += rest2 * np.square(g_k)
            theta_k *= kept
            theta_k -= rate * m_k / (np.sqrt(v_k) * correction + eps)

    share(some_parts, len(parts), cost=20.0 * theta.size)
