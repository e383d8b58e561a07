"""Measure the steps from the printed loops to the compiled kernel, and add them to the benchmark's figures.

    python -m nnfromscratch bench --all --json docs/figures/bench.json && python docs/figures/ladder.py

Everything runs on one thread, in float32.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numba
import numpy as np

from nnfromscratch.bench.interleaved import Variant, interleaved
from nnfromscratch.bench.machine import SIDE, gflops, matrix_product
from nnfromscratch.kernels import compiled, loops, use, vectorized
from nnfromscratch.kernels.memory import as_images, as_rows
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.layers import BatchNorm, Conv2d, MaxPool2d, ReLU, Sequential, unfused

FILE = Path(__file__).with_name("bench.json")
BATCH, CHANNELS, FILTERS, KERNEL, SIZE, PAD = 128, 16, 32, 3, 14, 1
FEW = 4  # output channels of one image: what the interpreted loops get through in a moment
GEOMETRY = (1, 1), ((PAD, PAD), (PAD, PAD))
EXACT = {"contract", "nsz"}  # as the package compiles its own kernels


def seven_loops(x, weight, y):
    """x: (N, C, H, W)   weight: (F, C, KH, KW)   y: (N, F, H, W)"""
    for n in range(y.shape[0]):
        for f in range(y.shape[1]):
            for i in range(y.shape[2]):
                for j in range(y.shape[3]):
                    total = y.dtype.type(0)
                    for c in range(weight.shape[1]):
                        for p in range(weight.shape[2]):
                            for q in range(weight.shape[3]):
                                h, w = i + p - PAD, j + q - PAD
                                if 0 <= h < x.shape[2] and 0 <= w < x.shape[3]:
                                    total += x[n, c, h, w] * weight[f, c, p, q]
                    y[n, f, i, j] = total


def batch_innermost(x, weight, y):
    """x: (H, C, W, N)   weight: (F, C, KH, KW)   y: (H, F, W, N)"""
    y[...] = 0
    for i in range(y.shape[0]):
        for f in range(y.shape[1]):
            for j in range(y.shape[2]):
                for c in range(weight.shape[1]):
                    for p in range(weight.shape[2]):
                        for q in range(weight.shape[3]):
                            h, w = i + p - PAD, j + q - PAD
                            if 0 <= h < x.shape[0] and 0 <= w < x.shape[2]:
                                pixels, sums, factor = x[h, c, w], y[i, f, j], weight[f, c, p, q]
                                for n in range(sums.size):
                                    sums[n] += pixels[n] * factor


def convolution(seconds, rng):
    """GFLOP/s of each step of the ladder, for one and the same convolution."""
    x = rng.standard_normal((BATCH, CHANNELS, SIZE, SIZE), dtype=np.float32)
    weight = rng.standard_normal((FILTERS, CHANNELS, KERNEL, KERNEL), dtype=np.float32)
    rows, batch_last = as_rows(x), as_images(as_rows(x))
    y, y_rows = np.empty((BATCH, FILTERS, SIZE, SIZE), np.float32), np.empty((SIZE, FILTERS, SIZE, BATCH), np.float32)
    naive, reordered = (numba.njit(function, fastmath=EXACT) for function in (seven_loops, batch_innermost))
    calls = {
        "loops": partial(loops.conv2d, x[:1], weight[:FEW], *GEOMETRY),
        "seven_loops": partial(naive, x, weight, y),
        "batch_innermost": partial(reordered, rows, weight, y_rows),
        "vectorized": partial(vectorized.conv2d, batch_last, weight, *GEOMETRY),
        "compiled": partial(compiled.conv2d, batch_last, weight, *GEOMETRY),
    }
    expected = calls["compiled"]()
    calls["seven_loops"](), calls["batch_innermost"]()
    for result in (y, as_images(y_rows), calls["vectorized"]()):
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_allclose(calls["loops"](), expected[:1, :FEW], rtol=0, atol=1e-4 * np.abs(expected).max())
    around = partial(use_threads, 1)
    slow = interleaved({"loops": Variant(calls.pop("loops"), around)}, seconds=0, rng=rng)
    fast = {name: Variant(call, around) for name, call in calls.items()}
    times = slow | interleaved({**fast, "matrix_product": matrix_product(1)}, seconds=seconds, rng=rng)
    work = 2.0 * y.size * weight[0].size  # counted as if no kernel hung over the edge, as is usual
    done = dict.fromkeys(times, work) | {"loops": work / BATCH / FILTERS * FEW, "matrix_product": 2.0 * SIDE**3}
    return {
        "what": f"convolution {KERNEL}×{KERNEL}, {CHANNELS}→{FILTERS}, {SIZE}×{SIZE}",
        "batch": BATCH,
        "gflops": {name: gflops(done[name], each.median) for name, each in times.items()},
    }


def passes(seconds, rng):
    """Milliseconds of work that waits for memory: pass after pass, and all in one."""
    image = as_images(as_rows(rng.standard_normal((BATCH, 1, 28, 28), dtype=np.float32)))
    maps = as_images(as_rows(rng.standard_normal((BATCH, 64, 14, 14), dtype=np.float32)))
    block = Sequential(Conv2d(1, 32, 5, padding=2, rng=rng), ReLU(), MaxPool2d(2))
    normalized = Sequential(BatchNorm(64), ReLU())
    theta, g, m, v = rng.random((4, 1_663_370), dtype=np.float32)  # as many as LeNet has
    settings = 0.9, 0.1, 0.999, 0.001, 1e-6, 1.0, 1e-8, 1.0
    one = partial(use_threads, 1)
    rows = []
    for what, layers, x in (
        ("convolution, relu, max pooling; forward and back", block, image),
        ("batch normalization, relu; forward and back", normalized, maps),
    ):
        variants = {
            "together": Variant(partial(_there_and_back, layers, x), one),
            "apart": Variant(partial(_unfused, layers, x), one),
        }
        rows.append(_row(what, interleaved(variants, seconds=seconds, rng=rng)))
    variants = {
        "together": Variant(partial(compiled.adam, theta, g, m, v, settings), one),
        "apart": Variant(partial(_adam_by_lines, theta, g, m, v, settings), one),
    }
    rows.append(
        _row(f"Adam, {theta.size / 1e6:.2f} million parameters", interleaved(variants, seconds=seconds, rng=rng))
    )
    return rows


def _there_and_back(layers, x):
    y, backward = layers.forward(x)
    backward(y)


def _unfused(layers, x):
    with unfused():
        _there_and_back(layers, x)


def _adam_by_lines(theta, g, m, v, settings):
    """Each line of the algorithm for all parameters, one after the other."""
    beta1, rest1, beta2, rest2, rate, correction, eps, kept = settings
    m *= beta1
    m += rest1 * g
    v *= beta2
    v += rest2 * g**2
    theta *= kept
    theta -= rate * m / (np.sqrt(v) * correction + eps)


def _row(what, times):
    return {"what": what, **{f"{name}_ms": each.median for name, each in times.items()}}


def main(seconds=10.0, file=FILE):
    file, rng = Path(file), np.random.default_rng(0)
    with use("compiled"):
        ladder = {"convolution": convolution(seconds, rng), "passes": passes(seconds, rng)}
    results = json.loads(file.read_text(encoding="utf-8")) | {"ladder": ladder}
    file.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(ladder, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main(*(float(word) if word.replace(".", "").isdecimal() else word for word in sys.argv[1:]))
