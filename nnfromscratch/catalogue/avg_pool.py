"""avg_pool2d: its cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Case
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.catalogue.windows import image_case, random_pooling, window
from nnfromscratch.functional import avg_pool2d
from nnfromscratch.types import Array


def _full_area(at: Any) -> Array:
    """Every window divides by all its pixels, those of the padding too (kernel 3, padding 1)."""
    shrink = np.zeros_like(at.y)
    for i, j in np.ndindex(at.y.shape[2:]):
        rows, columns = slice(max(0, 2 * i - 1), 2 * i + 2), slice(max(0, 2 * j - 1), 2 * j + 2)
        shrink[:, :, i, j] = at.x[0, 0, rows, columns].size / 9
    backward = avg_pool2d(at.x, at.kernel_size, stride=at.stride, padding=at.padding)[1]
    dx: Array = backward(at.dy * shrink)
    return dx


def _overwritten(at: Any) -> Array:
    """Each window writes its share over that of the window before."""
    dx, area = np.zeros_like(at.x), np.prod(np.broadcast_to(at.kernel_size, 2))
    for i, j in np.ndindex(at.y.shape[2:]):
        dx[window(at, i, j)] = at.dy[:, :, i, j, None, None] / area
    return dx


def _to_one(at: Any, largest: bool) -> Array:
    """The whole gradient to one pixel of each window: the first, or the largest."""
    dx = np.zeros_like(at.x)
    for i, j in np.ndindex(at.y.shape[2:]):
        pixels = at.x[window(at, i, j)]
        first = np.indices(pixels.shape)[2:].sum(axis=0) == 0
        chosen = pixels == pixels.max(axis=(2, 3), keepdims=True) if largest else first
        dx[window(at, i, j)] += chosen * at.dy[:, :, i, j, None, None]
    return dx


def _repeated(at: Any) -> Array:
    """dy enlarged as if the windows lay side by side, cut to the image's size."""
    large = at.dy.repeat(2, axis=2).repeat(2, axis=3) / 4
    return np.array(large[:, :, : at.x.shape[2], : at.x.shape[3]])


AVG_POOL2D = Entry(
    "avg_pool2d",
    avg_pool2d,
    (
        Case("typical", image_case((2, 2, 4, 4), 2)),
        Case("overlapping windows", image_case((2, 1, 4, 4), 2, stride=1)),
        Case("stride over the kernel", image_case((2, 2, 7, 7), 2, stride=3)),
        Case("padding", image_case((2, 1, 4, 4), 3, stride=2, padding=1)),
        Case("all four paddings", image_case((1, 2, 3, 4), (3, 2), stride=1, padding=((2, 0), (1, 1)))),
        Case("whole image", image_case((2, 3, 3, 3), 3)),
        Case("tall windows", image_case((1, 2, 6, 3), (3, 1))),
        Case("tiny numbers", image_case((1, 2, 4, 4), 2, scale=1e-6)),
        Case("large", image_case((8, 8, 18, 18), 2), large=True),
    ),
    random_pooling,
    (
        Mistake(
            "avg_pool2d",
            "not divided",
            "factor",
            "gives every pixel of the window the whole gradient",
            "If one pixel rises by 1, by how much does the mean of four rise?",
            wrong(avg_pool2d, x=lambda at: 4 * at.right),
        ),
        Mistake(
            "avg_pool2d",
            "divided by the side instead of the area",
            "factor",
            "divides by k where k² belongs",
            "How many pixels has a window of height and width k?",
            wrong(avg_pool2d, x=lambda at: 2 * at.right),
        ),
        Mistake(
            "avg_pool2d",
            "divided twice",
            "factor",
            "divides by the area on the way back though dy was divided before",
            "Count the divisions between y and your dx.",
            wrong(avg_pool2d, x=lambda at: at.right / 4),
        ),
        Mistake(
            "avg_pool2d",
            "divided by the number of windows",
            "factor",
            "takes the mean over the output's positions",
            "The mean was over the pixels of one window: how many are these?",
            wrong(avg_pool2d, x=lambda at: at.right / (at.y.shape[2] * at.y.shape[3])),
        ),
        Mistake(
            "avg_pool2d",
            "full area at the border",
            None,
            "divides by the window's whole area where part of it lies in the padding",
            "How many real pixels does the corner window hold?",
            wrong(avg_pool2d, x=_full_area),
            "padding",
        ),
        Mistake(
            "avg_pool2d",
            "overlapping windows overwrite each other",
            None,
            "writes each window's share with = where += belongs",
            "A pixel lies in several windows: what becomes of the share of the first?",
            wrong(avg_pool2d, x=_overwritten),
            "overlapping windows",
        ),
        Mistake(
            "avg_pool2d",
            "windows side by side",
            None,
            "enlarges dy by repeating, though the stride is not the window's size",
            "Where in the image does the second window begin?",
            wrong(avg_pool2d, x=_repeated),
            "overlapping windows",
        ),
        Mistake(
            "avg_pool2d",
            "gradient to the first pixel",
            None,
            "gives the whole gradient to the window's top left pixel",
            "Which pixels did the mean look at?",
            wrong(avg_pool2d, x=lambda at: _to_one(at, largest=False)),
        ),
        Mistake(
            "avg_pool2d",
            "gradient to the largest pixel",
            None,
            "goes back as max pooling does",
            "Does the mean change when a small pixel changes?",
            wrong(avg_pool2d, x=lambda at: _to_one(at, largest=True)),
        ),
        Mistake(
            "avg_pool2d",
            "multiplied by x",
            "missing-factor",
            "multiplies by the pixel's value",
            "The mean is linear in its pixels: can its slope depend on them?",
            wrong(avg_pool2d, x=lambda at: at.right * at.x),
        ),
        Mistake(
            "avg_pool2d",
            "one column off at the padding",
            "shift",
            "forgets that the padded image begins one pixel earlier",
            "Pixel 0 of the image is which pixel of the padded image?",
            wrong(avg_pool2d, x=lambda at: np.roll(at.right, 1, axis=3)),
            "padding",
        ),
    ),
    kernels=True,
)
