"""The arithmetic of convolution, compiled: blocks of 4 channels × 4 taps that stay in the processor's registers.

Why blocks: one multiplication and one addition need a pixel, a weight and an output. Taken one at a time, the processor
would wait for memory. A *register block* loads four rows of pixels and four rows of outputs once and does sixteen
multiplications with them, the sixteen weights staying in registers throughout.

Why tiles: the rows of pixels under the kernel are used again for every output channel. A *tile* of them is small enough
to stay in the processor's second-level cache until all channels are done.
"""

from __future__ import annotations

import numpy as np

from nnfromscratch.kernels.numba_options import compiled, compiled_reduction
from nnfromscratch.types import Array

TILE_BYTES = 7168  # the columns of a tile; with TILE_TAPS rows it fills under 1 MiB
TILE_TAPS = 128


@compiled
def correlate(
    out: Array,
    pixels: Array,
    weights: Array,
    tap_rows: Array,
    tap_shifts: Array,
    height: int,
    step: int,
    start: int,
    out_start: int,
    out_step: int,
    first: int,
    last: int,
) -> None:
    """out[i, m] = Σ_p Σ_t weights[m, p, t] · pixels[step·i + start + p, tap t], for rows i = first … last − 1.

    out: (rows·M, columns), output row i at out_start + out_step·i   pixels: (height·R, columns), R rows an image row
    weights: (M, P, T)   tap t reads row tap_rows[t] of the image row, moved by tap_shifts[t] numbers. Image rows
    outside 0 … height − 1 count as zero and are skipped.
    """
    channels, kernel_rows, taps = weights.shape
    rows = pixels.shape[0] // height
    columns = out.shape[1]
    tile = max(1, TILE_BYTES // out.itemsize)
    zeros = np.zeros(min(tile, columns), out.dtype)  # what a missing tap reads
    spare = np.empty((3, min(tile, columns)), out.dtype)  # what a missing channel writes
    for i in range(first, last):
        p0 = max(0, -(i * step + start))
        p1 = min(kernel_rows, height - (i * step + start))
        row = (out_start + out_step * i) * channels
        for j in range(0, columns, tile):
            n = min(tile, columns - j)
            for m in range(channels):
                out[row + m, j : j + n] = 0
            for k0 in range(p0 * taps, p1 * taps, TILE_TAPS):
                k1 = min(k0 + TILE_TAPS, p1 * taps)
                for m in range(0, channels, 4):
                    for k in range(k0, k1, 4):
                        _block(
                            out, row + m, m, j, n, pixels, weights, tap_rows, tap_shifts,
                            (i * step + start) * rows, rows, k, k1, zeros, spare,
                        )  # fmt: skip


@compiled
def _block(
    out: Array,
    row: int,
    m: int,
    j: int,
    n: int,
    pixels: Array,
    weights: Array,
    tap_rows: Array,
    tap_shifts: Array,
    base: int,
    rows: int,
    k: int,
    k1: int,
    zeros: Array,
    spare: Array,
) -> None:
    """out[row … row + 3] += weights[m … m + 3, k … k + 3] · pixels[taps k … k + 3], n columns from j on."""
    channels, _, taps = weights.shape
    # A channel beyond the last writes to a spare row; a tap beyond the last has weight 0 and reads zeros.
    y0 = out[row, j : j + n]
    y1 = out[row + 1, j : j + n] if m + 1 < channels else spare[0, :n]
    y2 = out[row + 2, j : j + n] if m + 2 < channels else spare[1, :n]
    y3 = out[row + 3, j : j + n] if m + 3 < channels else spare[2, :n]
    x0 = _tap(pixels, tap_rows, tap_shifts, base, rows, taps, k, k1, j, n, zeros)
    x1 = _tap(pixels, tap_rows, tap_shifts, base, rows, taps, k + 1, k1, j, n, zeros)
    x2 = _tap(pixels, tap_rows, tap_shifts, base, rows, taps, k + 2, k1, j, n, zeros)
    x3 = _tap(pixels, tap_rows, tap_shifts, base, rows, taps, k + 3, k1, j, n, zeros)
    a0, a1, a2, a3 = _weights(weights, m, k, k1)
    b0, b1, b2, b3 = _weights(weights, m + 1, k, k1)
    c0, c1, c2, c3 = _weights(weights, m + 2, k, k1)
    d0, d1, d2, d3 = _weights(weights, m + 3, k, k1)
    for i in range(n):
        p, q, r, s = x0[i], x1[i], x2[i], x3[i]
        y0[i] += a0 * p + a1 * q + a2 * r + a3 * s
        y1[i] += b0 * p + b1 * q + b2 * r + b3 * s
        y2[i] += c0 * p + c1 * q + c2 * r + c3 * s
        y3[i] += d0 * p + d1 * q + d2 * r + d3 * s


@compiled
def _tap(
    pixels: Array,
    tap_rows: Array,
    tap_shifts: Array,
    base: int,
    rows: int,
    taps: int,
    k: int,
    k1: int,
    j: int,
    n: int,
    zeros: Array,
) -> Array:
    """The n pixels under tap k = (p, t), for outputs from column j on."""
    if k >= k1:
        return zeros[:n]
    p, t = k // taps, k % taps
    column = j + tap_shifts[t]
    return pixels[base + p * rows + tap_rows[t], column : column + n]


@compiled
def _weights(weights: Array, m: int, k: int, k1: int) -> tuple[float, float, float, float]:
    """The weights of channel m for taps k … k + 3; 0 beyond the last channel and the last tap."""
    channels, _, taps = weights.shape
    zero = weights.dtype.type(0)
    if m >= channels:
        return zero, zero, zero, zero
    return (
        weights[m, k // taps, k % taps],
        weights[m, (k + 1) // taps, (k + 1) % taps] if k + 1 < k1 else zero,
        weights[m, (k + 2) // taps, (k + 2) % taps] if k + 2 < k1 else zero,
        weights[m, (k + 3) // taps, (k + 3) % taps] if k + 3 < k1 else zero,
    )


@compiled
def correlate_weights(
    dweights: Array,
    dout: Array,
    pixels: Array,
    tap_rows: Array,
    tap_shifts: Array,
    height: int,
    step: int,
    start: int,
    first: int,
    last: int,
) -> None:
    """dweights[m, p, t] = Σ_i Σ_columns dout[i, m] · pixels[step·i + start + p, tap t], for taps first … last − 1.

    Shapes as in ``correlate``. Every weight is summed over i in the same order, whichever thread owns it.
    """
    channels, kernel_rows, taps = dweights.shape
    rows = pixels.shape[0] // height
    columns = dout.shape[1]
    for i in range(dout.shape[0] // channels):
        image_row = i * step + start
        k0 = max(first, max(0, -image_row) * taps)
        k1 = min(last, min(kernel_rows, height - image_row) * taps)
        for k in range(k0, k1, 4):
            for m in range(0, channels, 4):
                _dot_block(
                    dweights,
                    dout,
                    i * channels,
                    m,
                    pixels,
                    tap_rows,
                    tap_shifts,
                    image_row * rows,
                    rows,
                    k,
                    k1,
                    columns,
                )


@compiled_reduction
def _dot_block(
    dweights: Array,
    dout: Array,
    row: int,
    m: int,
    pixels: Array,
    tap_rows: Array,
    tap_shifts: Array,
    base: int,
    rows: int,
    k: int,
    k1: int,
    n: int,
) -> None:
    """dweights[m … m + 3, k … k + 3] += dout[row + m …] · pixels[taps k …]ᵀ: sixteen running dot products."""
    channels, _, taps = dweights.shape
    # Beyond the last channel or tap the last one stands in; what it gives is not kept.
    g0 = dout[row + m]
    g1 = dout[row + min(m + 1, channels - 1)]
    g2 = dout[row + min(m + 2, channels - 1)]
    g3 = dout[row + min(m + 3, channels - 1)]
    x0 = _tap(pixels, tap_rows, tap_shifts, base, rows, taps, k, k1, 0, n, g0)
    x1 = _tap(pixels, tap_rows, tap_shifts, base, rows, taps, min(k + 1, k1 - 1), k1, 0, n, g0)
    x2 = _tap(pixels, tap_rows, tap_shifts, base, rows, taps, min(k + 2, k1 - 1), k1, 0, n, g0)
    x3 = _tap(pixels, tap_rows, tap_shifts, base, rows, taps, min(k + 3, k1 - 1), k1, 0, n, g0)
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
    _add(dweights, m, k, k1, a0, a1, a2, a3)
    _add(dweights, m + 1, k, k1, b0, b1, b2, b3)
    _add(dweights, m + 2, k, k1, c0, c1, c2, c3)
    _add(dweights, m + 3, k, k1, d0, d1, d2, d3)


@compiled
def _add(dweights: Array, m: int, k: int, k1: int, s0: float, s1: float, s2: float, s3: float) -> None:
    channels, _, taps = dweights.shape
    if m < channels:
        dweights[m, k // taps, k % taps] += s0
        if k + 1 < k1:
            dweights[m, (k + 1) // taps, (k + 1) % taps] += s1
        if k + 2 < k1:
            dweights[m, (k + 2) // taps, (k + 2) % taps] += s2
        if k + 3 < k1:
            dweights[m, (k + 3) // taps, (k + 3) % taps] += s3
