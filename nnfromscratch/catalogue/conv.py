"""conv2d: its cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import conv2d
from nnfromscratch.types import Array


def _case(
    x: tuple[int, ...], weight: tuple[int, ...], *, bias: bool = True, scale: float = 1.0, **settings: Any
) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        b = rng.standard_normal(weight[0]) if bias else None
        return Arguments((scale * rng.standard_normal(x), rng.standard_normal(weight), b), settings)

    return make


def _random(rng: np.random.Generator) -> Arguments:
    n, c, f, kh, kw = small(rng, 3), small(rng, 2), small(rng, 2), small(rng, 3), small(rng, 3)
    h, w = kh - 1 + small(rng), kw - 1 + small(rng)
    edges = tuple((int(rng.integers(3)), int(rng.integers(3))) for _ in range(2))
    padding: Any = "same" if rng.random() < 0.2 else edges
    bias = None if rng.random() < 0.2 else values(rng, (f,))
    settings = {"stride": (small(rng, 3), small(rng, 3)), "padding": padding}
    return Arguments((values(rng, (n, c, h, w)), values(rng, (f, c, kh, kw)), bias), settings)


def _patches(at: Any, stride: tuple[int, int]) -> Array:
    """For an unpadded image what each position of y sees: (N, C, OH, OW, KH, KW), positions ``stride`` apart."""
    windows = np.lib.stride_tricks.sliding_window_view(at.x, at.weight.shape[2:], axis=(2, 3))
    oh, ow = at.y.shape[2:]
    return windows[:, :, :: stride[0], :: stride[1]][:, :, :oh, :ow]


def _dx_of(at: Any, dy: Array | None = None, **other: Any) -> Array:
    """The right ∂L/∂x for other arguments."""
    given = {"x": at.x, "weight": at.weight, "stride": at.stride, "padding": at.padding, **other}
    dx: Array = conv2d(**given)[1](at.dy if dy is None else dy, wrt=("x",))[0]
    return dx


def _stride_forgotten(at: Any) -> Array:
    """dy laid out without the gaps that the stride leaves."""
    dx = np.zeros_like(at.x)
    for (i, j), (p, q) in ((ij, pq) for ij in np.ndindex(at.y.shape[2:]) for pq in np.ndindex(at.weight.shape[2:])):
        dx[:, :, i + p, j + q] += at.dy[:, :, i, j] @ at.weight[:, :, p, q]
    return dx


def _overwritten(at: Any) -> Array:
    """Each window writes its part of ∂L/∂x over that of the window before."""
    dx, (kh, kw) = np.zeros_like(at.x), at.weight.shape[2:]
    for i, j in np.ndindex(at.y.shape[2:]):
        dx[:, :, i : i + kh, j : j + kw] = np.einsum("nf,fcpq->ncpq", at.dy[:, :, i, j], at.weight)
    return dx


def _without(dy: Array, at: tuple[Any, ...]) -> Array:
    """dy with zeros at some places."""
    left = dy.copy()
    left[at] = 0
    return left


_LAST_ROW = (slice(None), slice(None), -1)

CONV2D = Entry(
    "conv2d",
    conv2d,
    (
        Case("typical", _case((2, 2, 4, 3), (3, 2, 2, 2))),
        Case("equation (1)", _case((1, 1, 4, 5), (1, 1, 2, 3), bias=False)),
        Case("stride 2", _case((2, 2, 5, 6), (2, 2, 3, 2), stride=2)),
        Case("stride over the kernel", _case((2, 1, 7, 6), (2, 1, 2, 2), stride=3)),
        Case("padding", _case((2, 1, 4, 4), (2, 1, 3, 3), padding=1)),
        Case("padding left", _case((2, 2, 3, 5), (2, 2, 1, 2), padding=((0, 0), (1, 0)))),
        Case("all four paddings", _case((1, 2, 3, 4), (1, 2, 3, 2), padding=((2, 0), (1, 3)), stride=(1, 2))),
        Case("same", _case((1, 1, 5, 4), (1, 1, 4, 3), padding="same", stride=2)),
        Case("as many filters as channels", _case((2, 3, 4, 4), (3, 3, 2, 2))),
        Case("one pixel kernel", _case((2, 3, 3, 2), (2, 3, 1, 1))),
        Case("kernel as large as the image", _case((2, 2, 3, 3), (2, 2, 3, 3))),
        Case("no bias", _case((1, 2, 4, 4), (2, 2, 3, 3), bias=False)),
        Case("huge numbers", _case((1, 1, 4, 4), (1, 1, 2, 2), scale=1e6)),
        Case("large", _case((16, 8, 13, 13), (4, 8, 3, 3)), large=True),
    ),
    _random,
    (
        Mistake(
            "conv2d",
            "kernel not flipped",
            "flipped",
            "slides the kernel over dy as it stands",
            "If output (i, j) reads pixel (i + p, j + q), which output does pixel (h, w) reach through W[p, q]?",
            wrong(conv2d, x=lambda at: _dx_of(at, weight=np.flip(at.weight, (2, 3)))),
        ),
        Mistake(
            "conv2d",
            "dweight flipped",
            "flipped",
            "turns the weight's gradient around, as textbooks on signals do",
            "Is the forward pass a convolution in the strict sense, or a correlation?",
            wrong(conv2d, weight=lambda at: np.flip(at.right[1], (2, 3))),
        ),
        Mistake(
            "conv2d",
            "stride forgotten in dx",
            None,
            "lays the gradients side by side, though the windows were apart",
            "Where in the image did the window of output (1, 1) begin?",
            wrong(conv2d, x=_stride_forgotten),
            "stride 2",
        ),
        Mistake(
            "conv2d",
            "stride forgotten in dweight",
            None,
            "takes the patches one pixel apart",
            "Which patch of x did output (1, 1) look at?",
            wrong(conv2d, weight=lambda at: np.einsum("ncijpq,nfij->fcpq", _patches(at, (1, 1)), at.dy)),
            "stride 2",
        ),
        Mistake(
            "conv2d",
            "padding cut off at the wrong end",
            "shift",
            "keeps the first columns of the padded gradient instead of the middle ones",
            "Pixel 0 of the image is which pixel of the padded image?",
            wrong(conv2d, x=lambda at: _dx_of(at, padding=((0, 0), (0, 1)))),
            "padding left",
        ),
        Mistake(
            "conv2d",
            "padding not cut off",
            "shape",
            "returns the gradient of the padded image",
            "Compare the shapes of x and dx: what did the forward pass add around x?",
            wrong(conv2d, x=lambda at: _dx_of(at, x=np.pad(at.x, ((0, 0), (0, 0), (1, 1), (1, 1))), padding=0)),
            "padding",
        ),
        Mistake(
            "conv2d",
            "channels and filters exchanged in dweight",
            "transpose",
            "returns the weight's gradient as (C, F, KH, KW)",
            "The weight's gradient has the weight's shape: which axis comes first?",
            wrong(conv2d, weight=lambda at: at.right[1].swapaxes(0, 1)),
        ),
        Mistake(
            "conv2d",
            "channels and filters exchanged, as many of both",
            "transpose",
            "exchanges two axes of the same length",
            "Give the layer different numbers of channels and filters, and the shapes will tell.",
            wrong(conv2d, weight=lambda at: at.right[1].swapaxes(0, 1)),
            "as many filters as channels",
        ),
        Mistake(
            "conv2d",
            "rows and columns of the kernel exchanged",
            "transpose",
            "mixes up p and q",
            "Which of your two loop variables runs down, and which runs right?",
            wrong(conv2d, weight=lambda at: at.right[1].swapaxes(2, 3)),
        ),
        Mistake(
            "conv2d",
            "dbias not summed over positions",
            "missing-sum",
            "sums over the batch only",
            "At how many positions does the same bias enter?",
            wrong(conv2d, bias=lambda at: at.dy.sum(axis=0)),
        ),
        Mistake(
            "conv2d",
            "dbias not summed over the batch",
            "missing-sum",
            "sums over the positions only",
            "In how many images does the same bias enter?",
            wrong(conv2d, bias=lambda at: at.dy.sum(axis=(2, 3))),
        ),
        Mistake(
            "conv2d",
            "dbias averaged over positions",
            "factor",
            "takes the mean over the image",
            "Sum or mean: what does the chain rule say about several paths to one number?",
            wrong(conv2d, bias=lambda at: at.dy.mean(axis=(2, 3)).sum(axis=0)),
        ),
        Mistake(
            "conv2d",
            "dweight averaged over the batch",
            "factor",
            "divides by N once more",
            "If the loss takes a mean, who has already divided by N?",
            wrong(conv2d, weight=lambda at: at.right[1] / len(at.x)),
        ),
        Mistake(
            "conv2d",
            "dweight of the last image",
            "missing-sum",
            "loops over the images with = where += belongs",
            "In your loop over the batch, what happens to the contribution of the image before?",
            wrong(conv2d, weight=lambda at: conv2d(at.x[-1:], at.weight)[1](at.dy[-1:])[1]),
        ),
        Mistake(
            "conv2d",
            "last row of positions left out of dweight",
            "missing-sum",
            "stops its loop over the positions one row early",
            "How many rows does y have, and how many does your loop visit?",
            wrong(conv2d, weight=lambda at: conv2d(at.x, at.weight)[1](_without(at.dy, _LAST_ROW))[1]),
        ),
        Mistake(
            "conv2d",
            "one filter only in dx",
            "missing-sum",
            "overwrites dx for each filter instead of adding",
            "Through how many filters does one pixel act on the result?",
            wrong(conv2d, x=lambda at: _dx_of(at, _without(at.dy, (slice(None), slice(0, -1))))),
        ),
        Mistake(
            "conv2d",
            "same gradient for all channels",
            None,
            "sums over the input channels, which belong apart",
            "Which index of the weight is not summed over when you go back to channel c?",
            wrong(conv2d, x=lambda at: np.broadcast_to(at.right[0].sum(axis=1, keepdims=True), at.x.shape).copy()),
        ),
        Mistake(
            "conv2d",
            "overlapping windows overwrite each other",
            None,
            "writes each window's part with = where += belongs",
            "A pixel lies under several windows: what becomes of the contribution of the first?",
            wrong(conv2d, x=_overwritten),
        ),
        Mistake(
            "conv2d",
            "dweight one pixel off",
            None,
            "reads the patch one column too far to the left",
            "Take p = q = 0: which pixel of x does it multiply at position (0, 0)?",
            wrong(conv2d, weight=lambda at: conv2d(np.roll(at.x, 1, axis=3), at.weight)[1](at.dy)[1]),
        ),
        Mistake(
            "conv2d",
            "dweight has the wrong sign",
            "sign",
            "returns the step of the update",
            "Who subtracts: the backward, or the optimizer?",
            wrong(conv2d, weight=lambda at: -at.right[1]),
        ),
    ),
    kernels=True,
)
