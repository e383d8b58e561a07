"""max_pool2d: its cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.catalogue.windows import image_case, random_pooling, window
from nnfromscratch.functional import max_pool2d
from nnfromscratch.types import Array


def _ties(rng: np.random.Generator) -> Arguments:
    return Arguments((rng.integers(0, 2, (2, 2, 4, 6)).astype(np.float64),), {"kernel_size": 2})


def _all_equal(rng: np.random.Generator) -> Arguments:
    return Arguments((np.full((1, 1, 4, 4), rng.standard_normal()),), {"kernel_size": 2, "stride": 1})


def _spread(at: Any, share: Any, add: bool = True) -> Array:
    """∂L/∂x where each window hands ``share(pixels)`` · ∂L/∂y to its pixels, (N, C, p, q) of an unpadded image."""
    dx = np.zeros_like(at.x)
    for i, j in np.ndindex(at.y.shape[2:]):
        where = window(at, i, j)
        part = share(at.x[where]) * at.dy[:, :, i, j, None, None]
        dx[where] = dx[where] * add + part
    return dx


def _first_of(choose: Any) -> Any:
    """1 for the pixel that ``choose`` (np.argmax, np.argmin) names in each window, 0 for the others."""

    def share(pixels: Array) -> Array:
        flat = pixels.reshape(*pixels.shape[:2], -1)
        return np.asarray(np.arange(flat.shape[2]) == choose(flat, axis=2)[:, :, None]).reshape(pixels.shape)

    return share


def _overwriting_window(at: Any) -> Array:
    """Each window sets its winner's gradient, and forgets what other windows gave that pixel."""
    dx, first = np.zeros_like(at.x), _first_of(np.argmax)
    for i, j in np.ndindex(at.y.shape[2:]):
        where = window(at, i, j)
        dx[where] = np.where(first(at.x[where]), at.dy[:, :, i, j, None, None], dx[where])
    return dx


def _ones_at_top_left(pixels: Array) -> Array:
    share = np.zeros_like(pixels)
    share[:, :, 0, 0] = 1
    return share


def _exchanged(pixels: Array) -> Array:
    return np.asarray(_first_of(np.argmax)(pixels).swapaxes(2, 3))


def _winners_of_first(axis: int) -> Any:
    """The winners of the first image, or of the first channel, used for all."""

    def share(pixels: Array) -> Array:
        first = np.take(pixels, [0], axis=axis)
        return np.asarray(np.broadcast_to(_first_of(np.argmax)(first), pixels.shape))

    return share


MAX_POOL2D = Entry(
    "max_pool2d",
    max_pool2d,
    (
        Case("typical", image_case((2, 2, 4, 4), 2)),
        Case("equation (2)", image_case((1, 1, 5, 5), (2, 3), stride=1)),
        Case("overlapping windows", image_case((2, 1, 5, 5), 3, stride=1)),
        Case("stride over the kernel", image_case((2, 2, 7, 7), 2, stride=3)),
        Case("padding", image_case((2, 1, 4, 4), 3, stride=2, padding=1)),
        Case("all four paddings", image_case((1, 2, 3, 4), (3, 2), stride=1, padding=((2, 0), (1, 1)))),
        Case("one window", image_case((2, 2, 3, 3), 3)),
        Case("ties", _ties),
        Case("all pixels equal", _all_equal),
        Case("huge numbers", image_case((1, 2, 4, 4), 2, scale=1e6)),
        Case("large", image_case((8, 8, 18, 18), 2), large=True),
    ),
    random_pooling,
    (
        Mistake(
            "max_pool2d",
            "gradient to all ties",
            "tie",
            "gives the whole gradient to every pixel that equals the maximum",
            "If two pixels share the maximum and both rise by 1, by how much does y rise?",
            wrong(max_pool2d, x=lambda at: _spread(at, lambda p: p == p.max(axis=(2, 3), keepdims=True))),
            "ties",
        ),
        Mistake(
            "max_pool2d",
            "gradient to the whole window",
            None,
            "gives the gradient to every pixel of the window",
            "Does y change when a pixel that is not the largest changes a little?",
            wrong(max_pool2d, x=lambda at: _spread(at, np.ones_like)),
        ),
        Mistake(
            "max_pool2d",
            "gradient shared out as in average pooling",
            None,
            "divides the gradient among the pixels of the window",
            "Which pixels did y look at, and which one did it take?",
            wrong(max_pool2d, x=lambda at: _spread(at, lambda p: np.full(p.shape, 1 / (p.shape[2] * p.shape[3])))),
        ),
        Mistake(
            "max_pool2d",
            "gradient to the first pixel",
            None,
            "forgets where the maximum stood and gives to the window's top left pixel",
            "What has the forward pass to remember for the way back?",
            wrong(max_pool2d, x=lambda at: _spread(at, _ones_at_top_left)),
        ),
        Mistake(
            "max_pool2d",
            "gradient to the smallest pixel",
            None,
            "looks for the minimum",
            "Print one window beside its gradient: which pixel got it?",
            wrong(max_pool2d, x=lambda at: _spread(at, _first_of(np.argmin))),
        ),
        Mistake(
            "max_pool2d",
            "overlapping windows overwrite each other",
            None,
            "writes the gradient with = where += belongs",
            "A pixel can win several windows: what becomes of the gradient of the first?",
            wrong(max_pool2d, x=_overwriting_window),
            "overlapping windows",
        ),
        Mistake(
            "max_pool2d",
            "first window only",
            None,
            "sends back the gradient of one window and stops",
            "How many windows are there, and how many does your loop visit?",
            wrong(max_pool2d, x=lambda at: _spread(at, _first_of(np.argmax)) * (np.indices(at.x.shape)[2:] < 2).all(0)),
        ),
        Mistake(
            "max_pool2d",
            "divided by the window's area",
            "factor",
            "divides by the number of pixels, as average pooling does",
            "If the largest pixel rises by 1, by how much does the maximum rise?",
            wrong(max_pool2d, x=lambda at: at.right / 4),
        ),
        Mistake(
            "max_pool2d",
            "multiplied by the maximum",
            "missing-factor",
            "multiplies by y, as if the maximum were a product",
            "The slope of max with respect to the winner is a plain number: which?",
            wrong(max_pool2d, x=lambda at: at.right * at.x),
        ),
        Mistake(
            "max_pool2d",
            "row and column of the winner exchanged",
            None,
            "turns the winner's number inside the window into (column, row)",
            "Number the pixels of a 2×3 window in reading order: what are row and column of number 3?",
            wrong(max_pool2d, x=lambda at: _spread(at, _exchanged)),
        ),
        Mistake(
            "max_pool2d",
            "winners of the first image",
            None,
            "finds the winners once and uses them for every image",
            "Does each image have its maximum at the same place?",
            wrong(max_pool2d, x=lambda at: _spread(at, _winners_of_first(0))),
        ),
        Mistake(
            "max_pool2d",
            "winners of the first channel",
            None,
            "finds the winners once and uses them for every channel",
            "Does each channel have its maximum at the same place?",
            wrong(max_pool2d, x=lambda at: _spread(at, _winners_of_first(1))),
        ),
        Mistake(
            "max_pool2d",
            "one column off at the padding",
            None,
            "forgets that the padded image begins one pixel earlier",
            "Pixel 0 of the image is which pixel of the padded image?",
            wrong(max_pool2d, x=lambda at: np.roll(at.right, 1, axis=3)),
            "padding",
        ),
    ),
    wrt=("x",),
    kernels=True,
)
