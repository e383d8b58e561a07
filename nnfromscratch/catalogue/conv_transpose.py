"""conv_transpose2d: its cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import conv2d, conv_transpose2d
from nnfromscratch.types import Array


def _case(x: tuple[int, ...], weight: tuple[int, ...], *, bias: bool = True, **settings: Any) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        b = rng.standard_normal(weight[1]) if bias else None
        return Arguments((rng.standard_normal(x), rng.standard_normal(weight), b), settings)

    return make


def _random(rng: np.random.Generator) -> Arguments:
    n, c, f, kh, kw = small(rng, 3), small(rng, 2), small(rng, 2), small(rng, 3), small(rng, 3)
    h, w, stride = small(rng, 3), small(rng, 3), (small(rng, 3), small(rng, 3))
    # Cut off less than there is: (size − 1)·stride + kernel pixels along each axis.
    padding = tuple(
        (int(rng.integers((size - 1) * step + k)), 0) if rng.random() < 0.5 else (0, int(rng.integers(k)))
        for size, step, k in ((h, stride[0], kh), (w, stride[1], kw))
    )
    extra = (int(rng.integers(stride[0])), int(rng.integers(stride[1])))
    bias = None if rng.random() < 0.2 else values(rng, (f,))
    settings = {"stride": stride, "padding": padding, "output_padding": extra}
    return Arguments((values(rng, (n, c, h, w)), values(rng, (c, f, kh, kw)), bias), settings)


def _dx_of(at: Any, **other: Any) -> Array:
    """conv2d of ∂L/∂y with other arguments, cut to x's size."""
    given = {"x": at.dy, "weight": at.weight, "stride": at.stride, "padding": at.padding, **other}
    dx: Array = conv2d(**given)[0]
    return dx[:, :, : at.x.shape[2], : at.x.shape[3]]


CONV_TRANSPOSE2D = Entry(
    "conv_transpose2d",
    conv_transpose2d,
    (
        Case("typical", _case((2, 2, 3, 3), (2, 3, 2, 2))),
        Case("stride 2", _case((2, 2, 3, 2), (2, 2, 2, 3), stride=2)),
        Case("stride over the kernel", _case((1, 2, 2, 3), (2, 1, 2, 2), stride=3)),
        Case("padding", _case((2, 1, 3, 3), (1, 2, 3, 3), padding=1)),
        Case("generator of images", _case((1, 2, 3, 3), (2, 1, 4, 4), stride=2, padding=1)),
        Case("all four paddings", _case((2, 1, 3, 4), (1, 2, 3, 2), padding=((2, 0), (1, 0)), stride=(2, 1))),
        Case("output padding", _case((2, 1, 2, 2), (1, 2, 2, 2), stride=3, output_padding=(2, 1))),
        Case("as many filters as channels", _case((2, 2, 3, 3), (2, 2, 2, 2))),
        Case("one pixel", _case((3, 2, 1, 1), (2, 2, 2, 2))),
        Case("no bias", _case((2, 2, 2, 3), (2, 1, 2, 2), bias=False)),
    ),
    _random,
    (
        Mistake(
            "conv_transpose2d",
            "kernel flipped",
            "flipped",
            "turns the kernel around on the way back",
            "Pixel (i, j) was spread with W[p, q] to (i + p, j + q): where does its gradient come from?",
            wrong(conv_transpose2d, x=lambda at: _dx_of(at, weight=np.flip(at.weight, (2, 3)))),
        ),
        Mistake(
            "conv_transpose2d",
            "dweight flipped",
            "flipped",
            "turns the weight's gradient around",
            "Take the smallest case, a single pixel: which output does W[0, 0] reach?",
            wrong(conv_transpose2d, weight=lambda at: np.flip(at.right[1], (2, 3))),
        ),
        Mistake(
            "conv_transpose2d",
            "stride forgotten in dx",
            None,
            "reads the gradient at neighbouring pixels, though the inputs were spread apart",
            "Where in y does the window of input pixel (1, 1) begin?",
            wrong(conv_transpose2d, x=lambda at: _dx_of(at, stride=1)),
            "stride 2",
        ),
        Mistake(
            "conv_transpose2d",
            "padding forgotten in dx",
            "shape",
            "reads from dy as if nothing had been cut off around it",
            "The forward pass cut pixels off the result: what stands in their place on the way back?",
            wrong(conv_transpose2d, x=lambda at: _dx_of(at, padding=0)),
            "padding",
        ),
        Mistake(
            "conv_transpose2d",
            "filters and channels exchanged in dweight",
            "transpose",
            "returns the gradient in conv2d's order (F, C, KH, KW)",
            "Whose channels come first in a transposed convolution's weight?",
            wrong(conv_transpose2d, weight=lambda at: at.right[1].swapaxes(0, 1)),
        ),
        Mistake(
            "conv_transpose2d",
            "filters and channels exchanged, as many of both",
            "transpose",
            "exchanges two axes of the same length",
            "Give the layer different numbers of channels and filters, and the shapes will tell.",
            wrong(conv_transpose2d, weight=lambda at: at.right[1].swapaxes(0, 1)),
            "as many filters as channels",
        ),
        Mistake(
            "conv_transpose2d",
            "rows and columns of the kernel exchanged",
            "transpose",
            "mixes up p and q",
            "Which of your two loop variables runs down, and which runs right?",
            wrong(conv_transpose2d, weight=lambda at: at.right[1].swapaxes(2, 3)),
        ),
        Mistake(
            "conv_transpose2d",
            "weight's channels exchanged in dx",
            "transpose",
            "uses the weight in conv2d's order",
            "Over which of its axes is the weight summed on the way back?",
            wrong(conv_transpose2d, x=lambda at: _dx_of(at, weight=at.weight.swapaxes(0, 1))),
            "as many filters as channels",
        ),
        Mistake(
            "conv_transpose2d",
            "dbias over the input's positions",
            "missing-sum",
            "stops at the input's height, though y is higher",
            "The bias is added to the result: how large is that?",
            wrong(conv_transpose2d, bias=lambda at: at.dy[:, :, :-1].sum(axis=(0, 2, 3))),
            "output padding",
        ),
        Mistake(
            "conv_transpose2d",
            "dbias not summed over positions",
            "missing-sum",
            "sums over the batch only",
            "At how many positions does the same bias enter?",
            wrong(conv_transpose2d, bias=lambda at: at.dy.sum(axis=0)),
        ),
        Mistake(
            "conv_transpose2d",
            "dbias averaged",
            "factor",
            "takes the mean over batch and positions",
            "Sum or mean: what does the chain rule say about several paths to one number?",
            wrong(conv_transpose2d, bias=lambda at: at.dy.mean(axis=(0, 2, 3))),
        ),
        Mistake(
            "conv_transpose2d",
            "dweight averaged over the batch",
            "factor",
            "divides by N once more",
            "If the loss takes a mean, who has already divided by N?",
            wrong(conv_transpose2d, weight=lambda at: at.right[1] / len(at.x)),
        ),
        Mistake(
            "conv_transpose2d",
            "dweight of the first image",
            "missing-sum",
            "uses image 0 only",
            "Does the second image of the batch have a say in your weight gradient?",
            wrong(conv_transpose2d, weight=lambda at: conv_transpose2d(at.x[:1], at.weight)[1](at.dy[:1])[1]),
        ),
        Mistake(
            "conv_transpose2d",
            "spread once more",
            None,
            "goes back with the same operation as forward and cuts the result to size",
            "Forward, each input pixel spreads; so what does each input pixel do on the way back?",
            wrong(
                conv_transpose2d,
                x=lambda at: conv_transpose2d(at.dy, at.weight.swapaxes(0, 1))[0][:, :, :3, :3].copy(),
            ),
        ),
    ),
    kernels=True,
)
