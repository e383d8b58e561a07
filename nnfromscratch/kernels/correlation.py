"""The arithmetic of convolution, compiled: blocks of sums that stay in the processor's registers until they are done.

Why blocks: one multiplication and one addition need a pixel, a weight and a sum. Taken one at a time, the processor
would wait for memory. A *register block* holds the sums of 4 channels × 4 registers (× 2 on processors with few). For
each tap it loads four registers of pixels and four weights, and does sixteen multiplications of whole registers with
them; the sums meet memory once in some hundred taps.

Images are (H, C, W, N), see ``memory``. The KH rows of C channels under a kernel are neighbours in memory, so that one
index r = p·C + c numbers them, and a tap is (q, r). Which taps fall into the padding depends on the output's row and
column alone: ``compiled`` says it in two tables.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from nnfromscratch.kernels.numba_options import compiled
from nnfromscratch.kernels.vectors import WIDE, lanes, load, multiply_add, spread, store, totals, zeros
from nnfromscratch.types import Array

# How far apart in memory are the taps r and r + 1, q and q + 1 and the outputs m and m + 1; then the same for weights.
Steps: TypeAlias = tuple[int, int, int, int, int, int]
Taps: TypeAlias = tuple[int, int, int, int]  # first r, last r + 1, first q, last q + 1

# Numbers of each channel that the gradient of the weights takes at a time, from one row of outputs or several: so many
# that the sums at the end of a block cost little beside them. TILE blocks of four channels of dout, 384 KiB in float32,
# stay in the second-level cache while the taps of four rows, 96 KiB, come and go.
CHUNK, TILE = 6144, 4

# Sixteen sums, and eight vectors to multiply, fill most of 32 registers. With 16 of them two channels take their turn
# after the other two, so that no sum has to leave its register, every PART numbers: those of four taps, 8 KiB in
# float32, are in the first-level cache then.
FOUR_AT_ONCE = WIDE == 4
PART = CHUNK if FOUR_AT_ONCE else 512

# The sums of a position are made of about so many taps at a time, each part going on where the last one stopped: the
# pixels under so many taps, a block wide, are 16 or 24 KiB and stay in the first-level cache until all channels have
# met them. They lie far apart, often at distances that make them contend for a few places of that cache. So they are
# copied side by side, where at least MANY channels ask for at least FEW of them.
TAPS, MANY, FEW = 96 if FOUR_AT_ONCE else 256, 16, 48

# A matrix product takes TAPS rows of b at a time, too, and so many rows of a, at most 64 KiB of them in float32, which
# stay in the second-level cache until all columns of b have met them.
ROWS = 64


@compiled
def correlate(
    out: Array,
    pixels: Array,
    weights: Array,
    rows: Array,
    columns: Array,
    channels: int,
    steps: Steps,
    first: int,
    last: int,
) -> None:
    """out[m] at (i, j) = Σ_q Σ_r weights[m, q, r] · pixels[tap (q, r) of (i, j)], the positions first … last − 1.

    out, pixels, weights: flat   rows[i] = (start in out, start in pixels, first r, last r + 1), columns[j] the same
    with q, and how many sums lie there side by side; (i, j) is position i·J + j.
    """
    span = max(1, TAPS // max(1, steps[4]))
    near = np.empty(max(TAPS, steps[4]) * lanes(zeros(out, WIDE)), out.dtype)
    start = first - first  # a zero that has no type of its own, as the constant has: else all would be compiled twice
    for position in range(first, last):
        i, j = position // len(columns), position % len(columns)
        at = rows[i, 0] + columns[j, 0], rows[i, 1] + columns[j, 1]
        taps = rows[i, 2], rows[i, 3], columns[j, 2], columns[j, 3]
        _row(out, pixels, near, weights, at, columns[j, 4], taps, span, steps, start, channels)


@compiled
def multiply(out: Array, b: Array, a: Array, steps: tuple[int, int], first: int, last: int) -> None:
    """out[m, n] = Σ_r a[m, r] · b[r, n]: a convolution with just one position. Blocks of 4 rows, first … last − 1.

    b stands in the place of the pixels and a, flat, in that of the weights; steps: how far apart in memory are its rows
    and its columns. TAPS of the r, and ROWS of the m, are taken at a time.
    """
    (rows, columns), zero = out.shape, first - first
    all_steps = columns, zero, columns, steps[1], zero, steps[0]
    near = np.empty(TAPS * lanes(zeros(out, WIDE)), out.dtype)
    first, last = 4 * first, min(4 * last, rows)
    for r in range(0, len(b), TAPS):
        taps, span = (r, min(r + TAPS, len(b)), zero, zero + 1), zero + 1
        for m in range(first, last, ROWS):
            end = min(m + ROWS, last)
            _row(out.reshape(-1), b.reshape(-1), near, a, (zero, zero), columns, taps, span, all_steps, m, end)


@compiled
def _row(
    out: Array,
    pixels: Array,
    near: Array,
    weights: Array,
    at: tuple[int, int],
    count: int,
    taps: Taps,
    span: int,
    steps: Steps,
    first: int,
    last: int,
) -> None:
    """``count`` sums side by side, of the channels first … last − 1: the widest vectors that fit, then a mask."""
    wide, two, one = zeros(out, WIDE), zeros(out, 2), zeros(out, 1)
    n = 0
    while n + lanes(wide) <= count:
        _channels(out, pixels, near, weights, at, n, taps, span, steps, first, last, None, wide)
        n += lanes(wide)
    while n + lanes(two) <= count:
        _channels(out, pixels, near, weights, at, n, taps, span, steps, first, last, None, two)
        n += lanes(two)
    while n < count:
        _channels(out, pixels, near, weights, at, n, taps, span, steps, first, last, min(count - n, lanes(one)), one)
        n += lanes(one)


@compiled
def _channels(
    out: Array,
    pixels: Array,
    near: Array,
    weights: Array,
    at: tuple[int, int],
    n: int,
    taps: Taps,
    span: int,
    steps: Steps,
    first: int,
    last: int,
    count: int | None,
    zero: Array,
) -> None:
    """The channels first … last − 1 of one vector of outputs: four at a time, those left over two at a time.

    ``span`` columns of taps are taken at a time. Their pixels lie far apart, often so that they contend for the same
    few places of the first-level cache; where many channels ask for them, they are copied side by side into ``near``.
    """
    r_first, r_last, q_first, q_last = taps
    next_r, next_q, next_m, weight_r, weight_q, weight_m = steps
    apart = next_r, next_q
    whole = first + (last - first) // 4 * 4
    source, start = pixels, at[1] + n
    copied = last - first >= MANY and (r_last - r_first) * (q_last - q_first) >= FEW
    if copied:
        source, next_r, next_q = near, lanes(zero), (r_last - r_first) * lanes(zero)
    steps = next_r, next_q, next_m, weight_r, weight_q, weight_m
    for q in range(q_first, max(q_last, q_first + 1), span):  # once even without a tap: the sum is zero then
        some = r_first, r_last, q, min(q + span, q_last)
        more = q > q_first or (r_first > 0 and weight_q == 0)  # in ``multiply`` the r come in parts
        if copied:
            _copy(near, pixels, at[1] + n, some, apart, count, zero)
            start = -q * next_q - r_first * next_r
        for m in range(first, whole, 4):
            _block(out, at[0] + n, source, start, weights, m, some, steps, more, count, zero)
        for m in range(whole, last, 2):
            _pair(out, at[0] + n, source, start, weights, m, min(m + 1, last - 1), some, steps, more, count, zero)


@compiled
def _copy(
    near: Array, pixels: Array, start: int, taps: Taps, apart: tuple[int, int], count: int | None, zero: Array
) -> None:
    """The vectors under the taps side by side, in the order in which a block asks for them."""
    r_first, r_last, q_first, q_last = taps
    index = 0
    for q in range(q_first, q_last):
        for r in range(r_first, r_last):
            store(near, index, None, load(pixels, start + r * apart[0] + q * apart[1], count, zero))
            index += lanes(zero)


@compiled
def _block(
    out: Array,
    target: int,
    pixels: Array,
    source: int,
    weights: Array,
    m: int,
    taps: Taps,
    steps: Steps,
    more: bool,
    count: int | None,
    zero: Array,
) -> None:
    """Channels m … m + 3: four sums for each load of pixels; with ``more`` they go on from what ``out`` holds."""
    next_r, next_q, next_m, weight_r, weight_q, weight_m = steps
    r_first, r_last, q_first, q_last = taps
    target += m * next_m
    a = b = c = d = zero
    if more:
        a, b = load(out, target, count, zero), load(out, target + next_m, count, zero)
        c, d = load(out, target + 2 * next_m, count, zero), load(out, target + 3 * next_m, count, zero)
    for q in range(q_first, q_last):
        pixel, weight = source + q * next_q, m * weight_m + q * weight_q
        for r in range(r_first, r_last):
            x = load(pixels, pixel + r * next_r, count, zero)
            a = multiply_add(spread(weights, weight + r * weight_r, zero), x, a)
            b = multiply_add(spread(weights, weight + r * weight_r + weight_m, zero), x, b)
            c = multiply_add(spread(weights, weight + r * weight_r + 2 * weight_m, zero), x, c)
            d = multiply_add(spread(weights, weight + r * weight_r + 3 * weight_m, zero), x, d)
    store(out, target, count, a)
    store(out, target + next_m, count, b)
    store(out, target + 2 * next_m, count, c)
    store(out, target + 3 * next_m, count, d)


@compiled
def _pair(
    out: Array,
    target: int,
    pixels: Array,
    source: int,
    weights: Array,
    m: int,
    other: int,
    taps: Taps,
    steps: Steps,
    more: bool,
    count: int | None,
    zero: Array,
) -> None:
    """Channels m and m + 1; where m is the last one, m twice."""
    next_r, next_q, next_m, weight_r, weight_q, weight_m = steps
    r_first, r_last, q_first, q_last = taps
    a = b = zero
    if more:
        a, b = load(out, target + m * next_m, count, zero), load(out, target + other * next_m, count, zero)
    for q in range(q_first, q_last):
        for r in range(r_first, r_last):
            x = load(pixels, source + q * next_q + r * next_r, count, zero)
            weight = q * weight_q + r * weight_r
            a = multiply_add(spread(weights, weight + m * weight_m, zero), x, a)
            b = multiply_add(spread(weights, weight + other * weight_m, zero), x, b)
    store(out, target + other * next_m, count, b)
    store(out, target + m * next_m, count, a)


@compiled
def correlate_weights(
    dweights: Array,
    dout: Array,
    pixels: Array,
    groups: Array,
    runs: Array,
    steps: tuple[int, int, int, int],
    first: int,
    last: int,
) -> None:
    """dweights[m, q, r] += Σ dout[m] · pixels[tap (q, r)] over all positions that meet the tap; dweights: (M, KW, R).

    groups: output rows that meet the same taps r: (start in dout, start in pixels, rows, first r, last r + 1).
    runs[q]: the part of such a row that meets q: (start in dout, start in pixels, how many numbers). steps: how far
    apart in memory are taps r and r + 1, channels m and m + 1, rows in dout and rows in pixels. Work is shared out by
    blocks of four channels, all of q = 0 first: first … last − 1.

    All columns q take their turn at four rows of pixels before the next four are fetched.
    """
    zero = zeros(dout, 1)
    blocks = (dweights.shape[0] + 3) // 4
    longest = runs[:, 2].max()
    scratch = np.empty(16, dout.dtype)
    for tile in range(0, blocks, TILE):
        for g in range(len(groups)):
            for n in range(0, longest, CHUNK):
                for r in range(groups[g, 3], groups[g, 4], 4):
                    for q in range(len(runs)):
                        for block in range(max(tile, first - q * blocks), min(tile + TILE, blocks, last - q * blocks)):
                            m = 4 * block
                            _dot_block(dweights, m, q, r, dout, pixels, groups[g], runs[q], n, steps, zero, scratch)


@compiled
def _dot_block(
    dweights: Array,
    m: int,
    q: int,
    r: int,
    dout: Array,
    pixels: Array,
    group: Array,
    run: Array,
    chunk: int,
    steps: tuple[int, int, int, int],
    zero: Array,
    scratch: Array,
) -> None:
    """Channels m … m + 3, taps r … r + 3: sixteen running dot products, of two channels in ``ab`` and in ``cd``."""
    # Beyond the last channel or tap the last one stands in; what it gives is not kept.
    m_last, r_last = min(3, dweights.shape[0] - 1 - m), min(3, group[4] - 1 - r)
    g1, g2, g3 = min(1, m_last) * steps[1], min(2, m_last) * steps[1], min(3, m_last) * steps[1]
    x1, x2, x3 = min(1, r_last) * steps[0], min(2, r_last) * steps[0], min(3, r_last) * steps[0]
    end = max(chunk, min(run[2], chunk + CHUNK))  # a shorter run than the longest may have ended before
    whole = end - (end - chunk) % lanes(zero)
    ab: tuple[Array, ...] = (zero, zero, zero, zero, zero, zero, zero, zero)
    cd = ab
    for i in range(group[2]):
        top = group[0] + run[0] + m * steps[1] + i * steps[2]
        at = group[1] + run[1] + r * steps[0] + i * steps[3]
        for part in range(chunk, whole, PART):
            stop = min(part + PART, whole)
            for n in range(part, stop, lanes(zero)):
                ab = _multiply(dout, top + n, top + g1 + n, pixels, at + n, x1, x2, x3, None, ab)
                if FOUR_AT_ONCE:
                    cd = _multiply(dout, top + g2 + n, top + g3 + n, pixels, at + n, x1, x2, x3, None, cd)
            if not FOUR_AT_ONCE:
                for n in range(part, stop, lanes(zero)):
                    cd = _multiply(dout, top + g2 + n, top + g3 + n, pixels, at + n, x1, x2, x3, None, cd)
        if whole < end:
            n, left = whole, end - whole
            ab = _multiply(dout, top + n, top + g1 + n, pixels, at + n, x1, x2, x3, left, ab)
            cd = _multiply(dout, top + g2 + n, top + g3 + n, pixels, at + n, x1, x2, x3, left, cd)
    sums = ab + cd
    store(scratch, 0, None, totals(sums))
    for channel in range(m_last + 1):
        for tap in range(r_last + 1):
            dweights[m + channel, q, r + tap] += scratch[4 * channel + tap]


@compiled
def _multiply(
    dout: Array,
    first: int,
    second: int,
    pixels: Array,
    at: int,
    x1: int,
    x2: int,
    x3: int,
    count: int | None,
    sums: tuple[Array, ...],
) -> tuple[Array, ...]:
    """Each of two vectors of dout times each of four vectors of pixels."""
    a0, a1, a2, a3, b0, b1, b2, b3 = sums
    a, b = load(dout, first, count, a0), load(dout, second, count, a0)
    p0, p1 = load(pixels, at, count, a0), load(pixels, at + x1, count, a0)
    p2, p3 = load(pixels, at + x2, count, a0), load(pixels, at + x3, count, a0)
    a0, a1, a2, a3 = multiply_add(a, p0, a0), multiply_add(a, p1, a1), multiply_add(a, p2, a2), multiply_add(a, p3, a3)
    b0, b1, b2, b3 = multiply_add(b, p0, b0), multiply_add(b, p1, b1), multiply_add(b, p2, b2), multiply_add(b, p3, b3)
    return a0, a1, a2, a3, b0, b1, b2, b3
