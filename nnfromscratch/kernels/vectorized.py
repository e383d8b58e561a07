"""NumPy only: the default where Numba is missing. Few Python steps, each on whole arrays, the batch innermost.

A convolution becomes one matrix product for each kernel column q and image row i: the KH rows of pixels under the
kernel are neighbours in memory (H, C, W, N), so that rows i … i + KH − 1 form a matrix (KH·C, OW·N) without a copy.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnfromscratch.kernels.geometry import Padding, Pair, inside, output_size, window_counts, winner_dtype
from nnfromscratch.kernels.memory import as_images, as_rows, pieces
from nnfromscratch.types import Array


def conv2d(x: Array, weight: Array, stride: Pair, padding: Padding) -> Array:
    """y[i] = Σ_q W[:, :, :, q] · (the rows of pixels under the kernel when it stands in row i, moved by q)."""
    (filters, channels, kh, kw), n = weight.shape, len(x)
    oh, ow = output_size("conv2d", x.shape[2:], (kh, kw), stride, padding)
    rows = _padded_rows(x, padding)
    y = np.zeros((oh, filters, ow * n), x.dtype)
    for q in range(kw):
        y += weight[:, :, :, q].transpose(0, 2, 1).reshape(filters, kh * channels) @ _windows(
            rows, q, kh, stride, oh, ow
        )
    return as_images(y.reshape(oh, filters, ow, n))


def conv2d_grad_input(dy: Array, weight: Array, size: Pair, stride: Pair, padding: Padding) -> Array:
    """Each kernel column sends Wᵀ · ∂L/∂y back to the rows of pixels that it was multiplied with."""
    (filters, channels, kh, kw), (n, _, oh, ow) = weight.shape, dy.shape
    (sh, sw), ((top, bottom), (left, right)) = stride, padding
    dy_rows = as_rows(dy).reshape(oh, filters, ow * n)
    dx = np.zeros((size[0] + top + bottom, channels, size[1] + left + right, n), dy.dtype)
    for q in range(kw):
        back = weight[:, :, :, q].transpose(2, 1, 0).reshape(kh * channels, filters) @ dy_rows
        for p, part in enumerate(np.split(back.reshape(oh, kh * channels, ow, n), kh, axis=1)):
            dx[p : p + oh * sh : sh, :, q : q + ow * sw : sw] += part
    return as_images(dx[top : top + size[0], :, left : left + size[1]])


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂W[:, :, :, q] = Σ_i ∂L/∂y[i] · (the rows of pixels under the kernel, moved by q)ᵀ."""
    (kh, kw), (n, filters, oh, ow), channels = kernel_size, dy.shape, x.shape[1]
    rows, dy_rows = _padded_rows(x, padding), as_rows(dy).reshape(oh, filters, ow * n)
    dweight = np.empty((filters, channels, kh, kw), dy.dtype)
    for q in range(kw):
        windows = _windows(rows, q, kh, stride, oh, ow)
        products = (dy_rows @ windows.transpose(0, 2, 1)).sum(axis=0)
        dweight[:, :, :, q] = products.reshape(filters, kh, channels).transpose(0, 2, 1)
    return dweight


def _padded_rows(x: Array, padding: Padding) -> Array:
    (top, bottom), (left, right) = padding
    rows = as_rows(x)
    if top or bottom or left or right:
        return np.pad(rows, ((top, bottom), (0, 0), (left, right), (0, 0)))
    return rows


def _windows(rows: Array, q: int, kh: int, stride: Pair, oh: int, ow: int) -> Array:
    """(OH, KH·C, OW·N): for each output row the pixels under kernel column q, as a view of one copy at the most."""
    _, channels, width, n = rows.shape
    columns = rows[:, :, q : q + (ow - 1) * stride[1] + 1 : stride[1]]
    if stride[1] > 1:
        columns, width = np.ascontiguousarray(columns), ow
    # Worked out from the shape: along an axis of length 1, a single channel say, NumPy's own strides may be anything.
    by_channel = width * n * columns.itemsize
    by_row = channels * by_channel
    return as_strided(
        columns,
        (oh, kh * channels, ow * n),
        (by_row * stride[0], by_channel, columns.itemsize),
        writeable=False,
    )


def max_pool2d(x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> tuple[Array, Array]:
    """The window's pixels are compared one offset (p, q) at a time, for all windows at once; the first largest wins."""
    (kh, kw), ((top, _), (left, _)) = kernel_size, padding
    oh, ow = output_size("max_pool2d", x.shape[2:], kernel_size, stride, padding)
    n, channels, height, width = x.shape
    y = as_images(np.empty((oh, channels, ow, n), x.dtype))
    winner = as_images(np.zeros((oh, channels, ow, n), winner_dtype(kernel_size)))
    chosen = np.zeros((oh, ow), bool)  # windows that have met a real pixel
    for p, q in np.ndindex(kh, kw):
        i, h = inside(p, top, stride[0], height, oh)
        j, w = inside(q, left, stride[1], width, ow)
        pixel, best, known = x[:, :, h, w], y[:, :, i, j], chosen[i, j]
        larger = ~known | (pixel > best) | (np.isnan(pixel) & ~np.isnan(best))
        np.copyto(best, pixel, where=larger)
        np.copyto(winner[:, :, i, j], winner.dtype.type(p * kw + q), where=larger)
        chosen[i, j] = True
    return y, winner


def max_pool2d_grad(dy: Array, winner: Array, size: Pair, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """For each offset (p, q): the windows that it won send their ∂L/∂y to that pixel."""
    (kh, kw), ((top, _), (left, _)) = kernel_size, padding
    n, channels, oh, ow = dy.shape
    dx = as_images(np.zeros((size[0], channels, size[1], n), dy.dtype))
    for p, q in np.ndindex(kh, kw):
        i, h = inside(p, top, stride[0], size[0], oh)
        j, w = inside(q, left, stride[1], size[1], ow)
        dx[:, :, h, w] += np.where(winner[:, :, i, j] == p * kw + q, dy[:, :, i, j], dy.dtype.type(0))
    return dx


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
    share = dy / window_counts(size, kernel_size, stride, padding, (oh, ow)).astype(dy.dtype)
    dx = as_images(np.zeros((size[0], channels, size[1], n), dy.dtype))
    for p, q in np.ndindex(kernel_size):
        i, h = inside(p, top, stride[0], size[0], oh)
        j, w = inside(q, left, stride[1], size[1], ow)
        dx[:, :, h, w] += share[:, :, i, j]
    return dx


def matmul(a: Array, b: Array) -> Array:
    """a·b, by BLAS."""
    return np.matmul(a, b)


def bias_activation(x: Array, bias: Array, slope: float) -> Array:
    """f(x + b), f(v) = v where v > 0, otherwise slope · v, in the memory of x."""
    x += bias.reshape(_per_channel(x))
    if slope == 0:
        np.maximum(x, 0, out=x)
    elif slope != 1:
        np.multiply(x, x.dtype.type(slope), out=x, where=x <= 0)
    return x


def bias_activation_grad(dy: Array, y: Array, slope: float) -> tuple[Array, Array]:
    """∂L/∂x = ∂L/∂y · f'(x), read off the sign of y = f(x + b), and its sum over each channel."""
    dx = dy if slope == 1 else dy * np.where(y > 0, dy.dtype.type(1), dy.dtype.type(slope))
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


def adam(theta: Array, g: Array, m: Array, v: Array, settings: tuple[float, ...]) -> None:
    """One step of Adam, of θ, m and v in place, a piece at a time."""
    beta1, rest1, beta2, rest2, rate, correction, eps, kept = settings
    for theta_k, g_k, m_k, v_k in pieces(theta, g, m, v):
        m_k *= beta1
        m_k += rest1 * g_k
        v_k *= beta2
        v_k += rest2 * np.square(g_k)
        theta_k *= kept
        theta_k -= rate * m_k / (np.sqrt(v_k) * correction + eps)
