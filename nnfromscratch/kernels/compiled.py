"""The default: shapes are worked out here, in Python, and the sums are done by compiled modules.

Every kernel brings its images into the order (H, C, W, N) (no copy where they already are), allocates its result and
lets each thread fill the part that it owns. ``correlation`` holds the arithmetic of all three convolution kernels,
``pooling`` that of the four pooling kernels, ``elementwise`` all that is one pass over memory, ``pairs`` the distances
between samples, ``normal`` the making of noise.

How a convolution becomes one kind of sum: the output at row i, column j adds up *taps*. A tap (p, q, c) is one kernel
offset of one channel; it multiplies the pixel under that offset, a vector of N numbers, by one weight for each output
channel. Where taps begin and which of them fall into the padding is told by two tables, one for the rows and one for
the columns. Strides and the classes of pixels in a strided gradient are nothing but other tables.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import product
from typing import Any

import numpy as np

from nnfromscratch.kernels import correlation, elementwise, pairs, pooling
from nnfromscratch.kernels import normal as normal_numbers
from nnfromscratch.kernels.geometry import Padding, Pair, inside, output_size, window, window_counts, winner_dtype
from nnfromscratch.kernels.memory import as_channels, as_images, as_rows, empty_rows, from_channels
from nnfromscratch.kernels.threads import in_turn, share
from nnfromscratch.types import Array

COST = 20.0  # that of a number fetched from memory, in floating-point operations
LONG = 256  # numbers in a row: fills the registers of a block several times, and leaves rows to share among threads


def conv2d(x: Array, weight: Array, stride: Pair, padding: Padding) -> Array:
    """Equation (1): y[m] at (i, j) is the sum of W[m, (p, q, c)] times the pixel under tap (p, q, c)."""
    filters, _, kh, kw = weight.shape
    (sh, sw), ((top, _), (left, _)) = stride, padding
    oh, ow = output_size("conv2d", x.shape[2:], (kh, kw), stride, padding)
    y = empty_rows((oh, filters, ow, len(x)), x.dtype)
    vertical = range(oh), range(-top, oh * sh - top, sh)
    horizontal = range(ow), range(-left, ow * sw - left, sw)
    share(*_correlation(y, _rows(x), weight, vertical, horizontal), cost=2.0 * y.size * weight[0].size)
    return as_images(y)


def conv2d_grad_input(dy: Array, weight: Array, size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂x is a correlation again: of ∂L/∂y with the kernel flipped, its input and output channels exchanged.

    With a stride, the pixels (h, w) fall into s·s classes by their remainders; each class meets every s-th row and
    column of the kernel, with stride 1.
    """
    (sh, sw), ((top, _), (left, _)) = stride, padding
    dx = empty_rows((size[0], weight.shape[1], size[1], len(dy)), dy.dtype)
    rows = _rows(dy)
    vertical = [_receiving(h, sh, top, weight.shape[2], size[0]) for h in range(min(sh, size[0]))]
    horizontal = [_receiving(w, sw, left, weight.shape[3], size[1]) for w in range(min(sw, size[1]))]
    works = []
    for (p, lines), (q, columns) in product(vertical, horizontal):
        flipped = weight[:, :, p::sh, q::sw][:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        works.append(_correlation(dx, rows, flipped, lines, columns))
    share(*in_turn(works), cost=2.0 * dy.size * weight[0].size)
    return as_images(dx)


def _receiving(phase: int, stride: int, before: int, kernel: int, size: int) -> tuple[int, tuple[range, range]]:
    """For the pixels phase, phase + s, …: the first kernel offset that meets them; they; where each reads ∂L/∂y first.

    Pixel phase + s·t receives from output (phase + before − offset) / s + t, for every offset that makes it whole.
    """
    offset = (phase + before) % stride
    taps = len(range(offset, kernel, stride))
    first = (phase + before - offset) // stride - (taps - 1)
    pixels = range(phase, size, stride)
    return offset, (pixels, range(first, first + len(pixels)))


def _correlation(
    out: Array, rows: Array, weight: Array, vertical: tuple[range, range], horizontal: tuple[range, range]
) -> tuple[Callable[[int, int], None], int]:
    """The work of out[target] = Σ W · rows[start + offset], for each target and its start, vertically and horizontally.

    out: (OH, M, OW, N)   rows: (H, C, W, N)   weight: (M, C, KH, KW)
    """
    (height, channels, width, n), (_, filters, columns, _), (kh, kw) = rows.shape, out.shape, weight.shape[2:]
    weights = _flat(weight.transpose(0, 3, 2, 1)).reshape(-1)  # (M, KW, KH·C)
    row_table = _row_table(*vertical, kh, height, filters * columns * n, channels * width * n, channels)
    column_table = _column_table(*horizontal, kw, width, n)
    steps = width * n, n, columns * n, 1, kh * channels, kw * kh * channels
    tables = row_table, column_table
    work = partial(correlation.correlate, out.reshape(-1), rows.reshape(-1), weights, *tables, filters, steps)
    return work, len(row_table) * len(column_table)


@lru_cache(maxsize=256)  # the same few shapes come at every step
def _row_table(targets: range, starts: range, kernel: int, size: int, out_unit: int, unit: int, channels: int) -> Array:
    """For each row of outputs: its place, the place of its first tap, and which taps lie inside the image."""
    lines = [
        (target * out_unit, start * unit, max(0, -start) * channels, min(kernel, size - start) * channels)
        for target, start in zip(targets, starts, strict=True)
    ]
    return np.array(lines, np.intp).reshape(-1, 4)


@lru_cache(maxsize=256)
def _column_table(targets: range, starts: range, kernel: int, size: int, n: int) -> Array:
    """The same for columns, and how many numbers lie there; neighbours that meet the same taps are taken together."""
    lines: list[list[int]] = []
    for target, start in zip(targets, starts, strict=True):
        taps = [max(0, -start), min(kernel, size - start)]
        if lines and targets.step == starts.step == 1 and lines[-1][2:4] == taps and lines[-1][4] < LONG:
            lines[-1][4] += n
        else:
            lines.append([target * n, start * n, *taps, n])
    return np.array(lines, np.intp).reshape(-1, 5)


def conv2d_grad_weight(dy: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding) -> Array:
    """∂L/∂W[m, (p, q, c)] is the dot product of ∂L/∂y[m] with the pixels under tap (p, q, c).

    With a stride, the columns are first sorted by their remainders: what neighbouring outputs meet lies side by side.
    """
    (kh, kw), (n, filters, oh, ow), (channels, height, width) = kernel_size, dy.shape, x.shape[1:]
    dweight = np.zeros((filters, kw, kh * channels), dy.dtype)
    units = filters * ow * n, channels * width * n
    groups = _groups(
        oh, stride[0], padding[0][0], kh, height, units, channels, max(1, correlation.CHUNK // max(1, ow * n))
    )
    order, runs = _runs(ow, stride[1], padding[1][0], kw, width, n)
    pixels = _rows(x)
    if stride[1] > 1:
        pixels = pixels.take(order, axis=2, out=empty_rows(pixels.shape, x.dtype), mode="clip")
    work = partial(
        correlation.correlate_weights,
        dweight,
        _rows(dy).reshape(-1),
        pixels.reshape(-1),
        groups,
        runs,
        (width * n, ow * n, units[0], stride[0] * units[1]),
    )
    share(work, kw * -(-filters // 4), cost=2.0 * dy.size * channels * kh * kw)
    return np.ascontiguousarray(dweight.reshape(filters, kw, kh, channels).transpose(0, 3, 2, 1))


@lru_cache(maxsize=256)
def _groups(
    outputs: int, stride: int, before: int, kernel: int, size: int, units: Pair, channels: int, most: int
) -> Array:
    """Neighbouring output rows, ``most`` at a time, that meet the same taps.

    Where a kernel row's channels fill blocks of four taps, each kernel row has groups of its own: all output rows that
    meet it, also those at the edges that miss others. With fewer channels blocks must span kernel rows to be full.
    In order of the output rows, which then stay in the cache for the next kernel row.
    """
    rows_of: dict[Pair, list[int]] = {}
    for i in range(outputs):
        first, last = window(i * stride - before, kernel, size)
        for span in [(p, p + 1) for p in range(first, last)] if channels % 4 == 0 else [(first, last)]:
            rows_of.setdefault(span, []).append(i)
    groups = []
    for (first, last), rows in rows_of.items():
        length = -(-len(rows) // -(-len(rows) // most))  # as few pieces as may be, about equally long
        for i in rows[::length]:
            starts = i * units[0], (i * stride - before) * units[1]
            groups.append((*starts, min(length, rows[-1] + 1 - i), first * channels, last * channels))
    return np.array(sorted(groups), np.intp).reshape(-1, 5)


@lru_cache(maxsize=256)
def _runs(outputs: int, stride: int, before: int, kernel: int, size: int, n: int) -> tuple[list[int], Array]:
    """The order of columns in which neighbouring outputs meet neighbours, and for each q the run that meets it."""
    order = [column for phase in range(stride) for column in range(phase, size, stride)]
    runs = []
    for q in range(kernel):
        met, pixels = inside(q, before, stride, size, outputs)
        count = met.stop - met.start
        runs.append((met.start * n, order.index(pixels.start) * n, count * n) if count else (0, 0, 0))
    return order, np.array(runs, np.intp)


def _rows(images: Array) -> Array:
    return _writeable(as_rows(images))


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
    shape = size[0], dy.shape[1], size[1], len(dy)
    covered = dy.shape[2] * kernel_size[0], dy.shape[3] * kernel_size[1]
    tiled = stride == kernel_size and covered == size and not any(map(any, padding))
    dx = empty_rows(shape, dy.dtype) if tiled else np.zeros(shape, dy.dtype)
    work = partial(pooling.max_pool_grad, dx, dy_rows, winner_rows, kernel_size, stride, before, tiled)
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


def matmul(a: Array, b: Array) -> Array:
    """a·b: a convolution with one position, whose pixels are rows of b and whose channels are rows of a."""
    (rows, depth), columns = a.shape, b.shape[1]
    if depth == 0:
        return np.zeros((rows, columns), a.dtype)
    product = empty_rows((rows, columns), a.dtype)
    flags = a.flags
    if not (flags.forc and flags.writeable):
        a = a.copy()
        flags = a.flags
    steps = (depth, 1) if flags.c_contiguous else (1, rows)
    work = partial(correlation.multiply, product, _flat(b), a.ravel("K"), steps)
    share(work, -(-rows // 4), cost=2.0 * rows * depth * columns)
    return product


def bias_activation(x: Array, bias: Array, slope: float) -> Array:
    """f(x + b), in the memory of x where that is in our order."""
    channels = _writeable(as_channels(x))
    work = partial(elementwise.bias_activation, channels, _flat(bias), x.dtype.type(slope))
    share(work, x.shape[1], cost=COST * x.size)
    return from_channels(channels, x.shape)


def bias_activation_grad(dy: Array, y: Array, slope: float) -> tuple[Array, Array]:
    """∂L/∂x = ∂L/∂y · f'(x), and its sum over each channel, in one pass."""
    channels, dbias = _writeable(as_channels(dy)), np.empty(dy.shape[1], dy.dtype)
    dx, y = (channels, channels) if slope == 1 else (empty_rows(channels.shape, dy.dtype), _writeable(as_channels(y)))
    work = partial(elementwise.bias_activation_grad, dx, dbias, channels, y, dy.dtype.type(slope))
    share(work, dy.shape[1], cost=COST * dy.size)
    return from_channels(dx, dy.shape), dbias


def batch_statistics(x: Array) -> tuple[Array, Array]:
    """μ and σ² of each channel."""
    mean, variance = np.empty((2, x.shape[1]), x.dtype)
    work = partial(elementwise.statistics, mean, variance, _writeable(as_channels(x)))
    share(work, x.shape[1], cost=2 * COST * x.size)
    return mean, variance


def batch_norm(x: Array, weight: Array, bias: Array, mean: Array, scale: Array, slope: float) -> Array:
    """f(γ · (x − μ) · scale + β) in one pass."""
    channels = _writeable(as_channels(x))
    y = empty_rows(channels.shape, x.dtype)
    mean, scale, weight, bias = (_flat(array) for array in (mean, scale, weight, bias))
    work = partial(elementwise.normalize, y, channels, mean, scale, weight, bias, x.dtype.type(slope))
    share(work, x.shape[1], cost=COST * x.size)
    return from_channels(y, x.shape)


def batch_norm_grad(
    dy: Array, x: Array, y: Array, weight: Array, mean: Array, scale: Array, slope: float
) -> tuple[Array, Array, Array]:
    """Two passes: one back through f and for the sums, one for ∂L/∂x, which needs them."""
    channels, pixels = _writeable(as_channels(dy)), _writeable(as_channels(x))
    result = empty_rows(channels.shape, dy.dtype)
    dx, y = (channels, channels) if slope == 1 else (result, _writeable(as_channels(y)))
    dweight, dbias = np.empty((2, dy.shape[1]), dy.dtype)
    mean, scale, cost = _flat(mean), _flat(scale), COST * dy.size
    kind = dy.dtype.type(slope)
    work = partial(elementwise.normalize_sums, dx, dweight, dbias, channels, pixels, y, mean, scale, kind)
    share(work, dy.shape[1], cost=2 * cost)
    work = partial(elementwise.normalize_grad, result, dx, pixels, mean, scale, _flat(weight), dweight, dbias)
    share(work, dy.shape[1], cost=cost)
    return from_channels(result, dy.shape), dweight, dbias


def pair_distances(m: Array) -> Array:
    """d[b, n, j] = Σ_c |m[b, c, n] − m[b, c, j]|, a row of it at a time."""
    m = _flat(m)
    d = np.empty((len(m), m.shape[2], m.shape[2]), m.dtype)
    share(partial(pairs.distances, d, m), len(m), cost=3.0 * m.size * m.shape[2])
    return d


def pair_distances_grad(dd: Array, m: Array) -> Array:
    """Each of both samples of a pair moves it, up where it is the larger one."""
    m = _flat(m)
    dm = np.empty_like(m)
    share(partial(pairs.distances_grad, dm, _flat(dd), m), len(m), cost=4.0 * m.size * m.shape[2])
    return dm


def normal(bits: Array) -> Array:
    """Box and Muller's pairs, many at a time: every k is a pair of its own."""
    bits = _flat(bits)
    z = empty_rows(bits.shape, np.float32)
    share(partial(normal_numbers.fill, z, bits), bits.shape[1], cost=60.0 * bits.shape[1])
    return z


def adam(theta: Array, g: Array, m: Array, v: Array, settings: tuple[float, ...]) -> None:
    """One step of Adam in one pass; θ, m and v, which lie alike in memory, are changed in place."""
    if not theta.flags.forc:  # a slice with gaps
        places = [array.copy() for array in (theta, m, v)]
        adam(places[0], g, places[1], places[2], settings)
        theta[...], m[...], v[...] = places
        return
    if g.strides != theta.strides or not g.flags.writeable:
        alike = np.empty_like(theta)
        alike[...] = g
        g = alike
    numbers = _numbers(settings, theta.dtype)
    work = partial(elementwise.adam, theta.ravel("K"), g.ravel("K"), m.ravel("K"), v.ravel("K"), numbers)
    share(work, theta.size, cost=COST * theta.size)


@lru_cache(maxsize=2)  # all parameters of a network are changed with the same numbers
def _numbers(settings: tuple[float, ...], dtype: np.dtype[Any]) -> Array:
    return np.array(settings, dtype)


def _flat(numbers: Array) -> Array:
    """The array, contiguous and writeable."""
    flags = numbers.flags
    if flags.carray:
        return numbers
    if numbers.ndim == 2 and flags.fnc and flags.behaved:  # a matrix seen from the other side
        turned = empty_rows(numbers.shape, numbers.dtype)
        share(partial(elementwise.transpose, turned, numbers.T), len(turned), cost=COST * numbers.size)
        return turned
    return _writeable(np.ascontiguousarray(numbers))


def _writeable(array: Array) -> Array:
    """The array, copied where it is read-only: for such arrays Numba would compile every kernel once more."""
    return array if array.flags.writeable else array.copy()
