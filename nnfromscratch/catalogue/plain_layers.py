"""The layers without parameters: their cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch import layers
from nnfromscratch.catalogue.built import built, layer_case, wrong_layer
from nnfromscratch.catalogue.case import Arguments, Case, Function, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake


def _random(ndim: int, **settings: Any) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        return Arguments((values(rng, (small(rng), *(1 + small(rng, 3) for _ in range(ndim - 1)))),), settings)

    return make


def _random_reshape(rng: np.random.Generator) -> Arguments:
    shape = (small(rng), small(rng), small(rng))
    return Arguments((values(rng, shape),), {"shape": (shape[2], 1, shape[1])})


def _activation(layer: Function, setting: dict[str, Any], mistake: Mistake) -> Entry:
    """A layer for each number by itself."""
    name = layer.__name__
    cases = (
        Case("typical", layer_case((4, 5), **setting)),
        Case("defaults, images", layer_case((2, 2, 2, 3))),
        Case("evaluation", layer_case((3, 4), training=False, **setting)),
    )
    return Entry(name, layer, cases, _random(2, **setting), (mistake,), subject=built)


def _pool(layer: Function, mistake: Mistake) -> Entry:
    name = layer.__name__
    cases = (
        Case("typical", layer_case((2, 2, 4, 4), kernel_size=2)),
        Case("overlap and padding", layer_case((1, 2, 4, 5), kernel_size=3, stride=2, padding=1)),
    )
    return Entry(name, layer, cases, _random(4, kernel_size=2, stride=1), (mistake,), kernels=True, subject=built)


RELU_LAYER = _activation(
    layers.ReLU,
    {},
    Mistake(
        "ReLU",
        "gradient let through everywhere",
        "missing-factor",
        "returns dy as it came",
        "What is the slope of relu left of zero?",
        wrong_layer(layers.ReLU, lambda at: (at.dy.copy(), at.grads)),
    ),
)
LEAKY_RELU_LAYER = _activation(
    layers.LeakyReLU,
    {"negative_slope": 0.3},
    Mistake(
        "LeakyReLU",
        "leak everywhere",
        None,
        "scales every gradient by the leak",
        "What is the slope right of zero?",
        wrong_layer(layers.LeakyReLU, lambda at: (0.3 * at.dy, at.grads)),
    ),
)
ELU_LAYER = _activation(
    layers.ELU,
    {"alpha": 2.0},
    Mistake(
        "ELU",
        "closed left of zero",
        None,
        "goes back as relu does",
        "Is elu flat left of zero?",
        wrong_layer(layers.ELU, lambda at: (at.dy * (at.dx == at.dy), at.grads)),
    ),
)
SIGMOID_LAYER = _activation(
    layers.Sigmoid,
    {},
    Mistake(
        "Sigmoid",
        "wrong sign",
        "sign",
        "keeps the minus of e⁻ˣ",
        "Does the sigmoid rise or fall?",
        wrong_layer(layers.Sigmoid, lambda at: (-at.dx, at.grads)),
    ),
)
TANH_LAYER = _activation(
    layers.Tanh,
    {},
    Mistake(
        "Tanh",
        "gradient let through everywhere",
        "missing-factor",
        "returns dy as it came",
        "Is the curve as steep far out as in the middle?",
        wrong_layer(layers.Tanh, lambda at: (at.dy.copy(), at.grads)),
    ),
)
SOFTPLUS_LAYER = _activation(
    layers.Softplus,
    {},
    Mistake(
        "Softplus",
        "1 − s for s",
        None,
        "has the sign of the exponent wrong",
        "Far right softplus is nearly x: what is its slope there?",
        wrong_layer(layers.Softplus, lambda at: (at.dy - at.dx, at.grads)),
    ),
)
MAX_POOL2D_LAYER = _pool(
    layers.MaxPool2d,
    Mistake(
        "MaxPool2d",
        "gradient to the whole window",
        None,
        "gives the gradient to every pixel of the window",
        "Does y change when a pixel that is not the largest changes a little?",
        wrong_layer(layers.MaxPool2d, lambda at: (at.dy.repeat(2, axis=2).repeat(2, axis=3), at.grads)),
    ),
)
AVG_POOL2D_LAYER = _pool(
    layers.AvgPool2d,
    Mistake(
        "AvgPool2d",
        "not divided",
        "factor",
        "gives every pixel of the window the whole gradient",
        "If one pixel rises by 1, by how much does the mean of four rise?",
        wrong_layer(layers.AvgPool2d, lambda at: (4 * at.dx, at.grads)),
    ),
)
FLATTEN_LAYER = Entry(
    "Flatten",
    layers.Flatten,
    (Case("typical", layer_case((2, 2, 3, 3))), Case("flat already", layer_case((3, 4)))),
    _random(4),
    (
        Mistake(
            "Flatten",
            "shape not restored",
            "shape",
            "returns dy as a row for each sample",
            "Which shape has x, and which has your gradient?",
            wrong_layer(layers.Flatten, lambda at: (at.dy.copy(), at.grads)),
        ),
        Mistake(
            "Flatten",
            "rows and columns exchanged",
            "transpose",
            "restores (N, C, W, H)",
            "Follow one corner pixel forward and back.",
            wrong_layer(layers.Flatten, lambda at: (at.dx.swapaxes(2, 3).copy(), at.grads)),
        ),
    ),
    subject=built,
)
RESHAPE_LAYER = Entry(
    "Reshape",
    layers.Reshape,
    (Case("typical", layer_case((2, 6), shape=(2, 3))), Case("from images", layer_case((2, 2, 2, 3), shape=(4, 3)))),
    _random_reshape,
    (
        Mistake(
            "Reshape",
            "samples mixed",
            None,
            "reads the transposed gradient",
            "Do the numbers of sample 0 come back to sample 0?",
            wrong_layer(layers.Reshape, lambda at: (at.dy.transpose(2, 1, 0).reshape(at.dx.shape), at.grads)),
        ),
    ),
    subject=built,
)
