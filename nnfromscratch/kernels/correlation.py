"""The arithmetic of convolution, compiled: blocks of 4 channels × 4 taps that stay in the processor's registers.

Why blocks: one multiplication and one addition need a pixel, a weight and an output. Taken one at a time, the processor
would wait for memory. A *register block* loads four rows of pixels and four rows of outputs once and does sixteen
multiplications with them, the sixteen weights staying in registers throughout.

Why tiles: the rows of pixels under the kernel are used again for every output channel. A *tile* of them is small enough
to stay in the processor's second-level cache until all channels are done.

Rows are taken as slices in the function that works on them: handing a slice from one compiled function to another costs
more than a short row's arithmetic.
"""

from __future__ import annotations

from nnfromscratch.kernels.numba_options import compiled, compiled_reduction
from nnfromscratch.types import Array

TILE_COLUMNS = 7168  # bytes of a row of pixels that a tile takes in
TILE = 128 * TILE_COLUMNS  # bytes in all: under 1 MiB, the usual second-level cache


@compiled
def correlate(
    out: Array,
    pixels: Array,
    weights: Array,
    tap_rows: Array,
    tap_shifts: Array,
    row_taps: int,
    height: int,
    step: int,
    start: int,
    out_start: int,
    out_step: int,
    first: int,
    last: int,
) -> None:
    """out[i, m] = Σ_k weights[m, k] · pixels[step·i + start, tap k], for the output rows i = first … last − 1.

    out: (rows·M, columns), output row i at out_start + out_step·i   pixels: (height·R, columns), R rows an image row
    weights: (M, K), row_taps for each kernel row   tap k reads the row tap_rows[k] below, moved by tap_shifts[k]
    numbers. Kernel rows over image rows outside 0 … height − 1 count as zero and are skipped.
    """
    channels, taps = weights.shape
    rows = pixels.shape[0] // height
    columns = out.shape[1]
    tile_columns = max(1, min(columns, TILE_COLUMNS // out.itemsize))
    tile_taps = TILE // (out.itemsize * tile_columns) // 4 * 4
    whole = channels // 4 * 4
    for i in range(first, last):
        image_row = i * step + start
        k_first = max(0, -image_row) * row_taps
        k_last = min(taps, (height - image_row) * row_taps)
        base = image_row * rows
        row = (out_start + out_step * i) * channels
        for j in range(0, columns, tile_columns):
            n = min(tile_columns, columns - j)
            for m in range(channels):
                out[row + m, j : j + n] = 0
            for k0 in range(k_first, k_last, tile_taps):
                k1 = min(k0 + tile_taps, k_last)
                k4 = k0 + (k1 - k0) // 4 * 4
                for m in range(0, whole, 4):
                    for k in range(k0, k4, 4):
                        _block(out, row + m, j, n, pixels, base, weights, m, tap_rows, tap_shifts, k)
                    for k in range(k4, k1):
                        for single in range(m, m + 4):
                            _tap(out, row + single, j, n, pixels, base, weights, single, tap_rows, tap_shifts, k)
                for m in range(whole, channels):
                    for k in range(k0, k4, 4):
                        _row(out, row + m, j, n, pixels, base, weights, m, tap_rows, tap_shifts, k)
                    for k in range(k4, k1):
                        _tap(out, row + m, j, n, pixels, base, weights, m, tap_rows, tap_shifts, k)


@compiled
def _block(
    out: Array,
    row: int,
    j: int,
    n: int,
    pixels: Array,
    base: int,
    weights: Array,
    m: int,
    tap_rows: Array,
    tap_shifts: Array,
    k: int,
) -> None:
    """out[row … row + 3] += weights[m … m + 3, k … k + 3] · pixels[taps k … k + 3], n columns from j on."""
    t0, t1, t2, t3 = j + tap_shifts[k], j + tap_shifts[k + 1], j + tap_shifts[k + 2], j + tap_shifts[k + 3]
    x0, x1 = pixels[base + tap_rows[k], t0 : t0 + n], pixels[base + tap_rows[k + 1], t1 : t1 + n]
    x2, x3 = pixels[base + tap_rows[k + 2], t2 : t2 + n], pixels[base + tap_rows[k + 3], t3 : t3 + n]
    y0, y1 = out[row, j : j + n], out[row + 1, j : j + n]
    y2, y3 = out[row + 2, j : j + n], out[row + 3, j : j + n]
    a0, a1, a2, a3 = weights[m, k], weights[m, k + 1], weights[m, k + 2], weights[m, k + 3]
    b0, b1, b2, b3 = weights[m + 1, k], weights[m + 1, k + 1], weights[m + 1, k + 2], weights[m + 1, k + 3]
    c0, c1, c2, c3 = weights[m + 2, k], weights[m + 2, k + 1], weights[m + 2, k + 2], weights[m + 2, k + 3]
    d0, d1, d2, d3 = weights[m + 3, k], weights[m + 3, k + 1], weights[m + 3, k + 2], weights[m + 3, k + 3]
    for i in range(n):
        p, q, r, s = x0[i], x1[i], x2[i], x3[i]
        y0[i] += a0 * p + a1 * q + a2 * r + a3 * s
        y1[i] += b0 * p + b1 * q + b2 * r + b3 * s
        y2[i] += c0 * p + c1 * q + c2 * r + c3 * s
        y3[i] += d0 * p + d1 * q + d2 * r + d3 * s


@compiled
def _row(
    out: Array,
    row: int,
    j: int,
    n: int,
    pixels: Array,
    base: int,
    weights: Array,
    m: int,
    tap_rows: Array,
    tap_shifts: Array,
    k: int,
) -> None:
    """A quarter of a block, for the channels that are left over: out[row] += weights[m, k … k + 3] · four taps."""
    t0, t1, t2, t3 = j + tap_shifts[k], j + tap_shifts[k + 1], j + tap_shifts[k + 2], j + tap_shifts[k + 3]
    x0, x1 = pixels[base + tap_rows[k], t0 : t0 + n], pixels[base + tap_rows[k + 1], t1 : t1 + n]
    x2, x3 = pixels[base + tap_rows[k + 2], t2 : t2 + n], pixels[base + tap_rows[k + 3], t3 : t3 + n]
    y = out[row, j : j + n]
    a0, a1, a2, a3 = weights[m, k], weights[m, k + 1], weights[m, k + 2], weights[m, k + 3]
    for i in range(n):
        y[i] += a0 * x0[i] + a1 * x1[i] + a2 * x2[i] + a3 * x3[i]


@compiled
def _tap(
    out: Array,
    row: int,
    j: int,
    n: int,
    pixels: Array,
    base: int,
    weights: Array,
    m: int,
    tap_rows: Array,
    tap_shifts: Array,
    k: int,
) -> None:
    """A sixteenth of a block, for the taps that are left over: out[row] += weights[m, k] · one tap."""
    t = j + tap_shifts[k]
    x = pixels[base + tap_rows[k], t : t + n]
    y = out[row, j : j + n]
    weight = weights[m, k]
    for i in range(n):
        y[i] += weight * x[i]


@compiled
def correlate_weights(
    dweights: Array,
    dout: Array,
    pixels: Array,
    tap_rows: Array,
    tap_shifts: Array,
    row_taps: int,
    height: int,
    step: int,
    start: int,
    first: int,
    last: int,
) -> None:
    """dweights[m, k] += Σ_i Σ_columns dout[i, m] · pixels[step·i + start, tap k], for the taps k = first … last − 1.

    Shapes as in ``correlate``. Every weight is summed over i in the same order, whichever thread owns it.
    """
    channels = dweights.shape[0]
    rows = pixels.shape[0] // height
    for i in range(dout.shape[0] // channels):
        image_row = i * step + start
        k0 = max(first, -image_row * row_taps)
        k1 = min(last, (height - image_row) * row_taps)
        for k in range(k0, k1, 4):
            for m in range(0, channels, 4):
                _dot_block(dweights, m, k, k1, dout, i * channels, pixels, image_row * rows, tap_rows, tap_shifts)


@compiled_reduction
def _dot_block(
    dweights: Array,
    m: int,
    k: int,
    k_end: int,
    dout: Array,
    row: int,
    pixels: Array,
    base: int,
    tap_rows: Array,
    tap_shifts: Array,
) -> None:
    """dweights[m … m + 3, k … k + 3] += dout[row + m …] · pixels[taps k …]ᵀ: sixteen running dot products."""
    n = dout.shape[1]
    # Beyond the last channel or tap the last one stands in; what it gives is not kept.
    m_last, k_last = dweights.shape[0] - 1, k_end - 1
    m1, m2, m3 = min(m + 1, m_last), min(m + 2, m_last), min(m + 3, m_last)
    k1, k2, k3 = min(k + 1, k_last), min(k + 2, k_last), min(k + 3, k_last)
    g0, g1, g2, g3 = dout[row + m], dout[row + m1], dout[row + m2], dout[row + m3]
    x0 = pixels[base + tap_rows[k], tap_shifts[k] : tap_shifts[k] + n]
    x1 = pixels[base + tap_rows[k1], tap_shifts[k1] : tap_shifts[k1] + n]
    x2 = pixels[base + tap_rows[k2], tap_shifts[k2] : tap_shifts[k2] + n]
    x3 = pixels[base + tap_rows[k3], tap_shifts[k3] : tap_shifts[k3] + n]
    zero = dout.dtype.type(0)
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zero
    c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = zero
    for i in range(n):
        p, q, r, s = x0[i], x1[i], x2[i], x3[i]
        g = g0[i]
        a0 += g * p
        a1 += g * q
        a2 += g * r
        a3 += g * s
        g = g1[i]
        b0 += g * p
        b1 += g * q
        b2 += g * r
        b3 += g * s
        g = g2[i]
        c0 += g * p
        c1 += g * q
        c2 += g * r
        c3 += g * s
        g = g3[i]
        d0 += g * p
        d1 += g * q
        d2 += g * r
        d3 += g * s
    sums = ((a0, a1, a2, a3), (b0, b1, b2, b3), (c0, c1, c2, c3), (d0, d1, d2, d3))
    for channel in range(min(4, dweights.shape[0] - m)):
        for tap in range(min(4, k_end - k)):
            dweights[m + channel, k + tap] += sums[channel][tap]
