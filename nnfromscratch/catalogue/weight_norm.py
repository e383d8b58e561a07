"""weight_norm and WeightNorm: their cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.built import built, wrong_layer
from nnfromscratch.catalogue.case import Arguments, Case, Function, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import weight_norm
from nnfromscratch.layers import Conv2d, ConvTranspose2d, Dense, Layer, WeightNorm
from nnfromscratch.types import Array


def _case(shape: tuple[int, ...], axis: int = 0, *, scale: float = 1.0) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        return Arguments((scale * rng.standard_normal(shape), rng.standard_normal(shape[axis])), {"axis": axis})

    return make


def _random(rng: np.random.Generator) -> Arguments:
    shape = tuple(small(rng) for _ in range(rng.integers(2, 5)))
    axis = int(rng.integers(len(shape)))
    v = values(rng, shape)
    v = v if np.moveaxis(v, axis, 0).reshape(shape[axis], -1).any(axis=1).all() else np.ones(shape)
    return Arguments((v, rng.standard_normal(shape[axis])), {"axis": axis})


def _others(at: Any) -> tuple[int, ...]:
    """The axes that a sum over the numbers of one unit runs over."""
    return tuple(place for place in range(at.v.ndim) if place != at.axis)


def _length(at: Any) -> Array:
    return np.sqrt((at.v**2).sum(axis=_others(at), keepdims=True))


def _g(at: Any) -> Array:
    """g in a shape that fits v."""
    return np.asarray(at.g).reshape(_length(at).shape)


def _dg(at: Any) -> Array:
    return np.asarray((at.dy * at.v / _length(at)).sum(axis=_others(at), keepdims=True))


def _dv(at: Any, along: Array) -> Array:
    """The right formula, with another subtrahend."""
    return np.asarray(_g(at) / _length(at) * at.dy - along)


WEIGHT_NORM = Entry(
    "weight_norm",
    weight_norm,
    (
        Case("typical", _case((4, 3))),
        Case("columns", _case((4, 3), 1)),
        Case("square", _case((3, 3), 1)),
        Case("convolution", _case((3, 2, 2, 2))),
        Case("transposed convolution", _case((2, 3, 2, 2), 1)),
        Case("one unit", _case((1, 4))),
        Case("one number", _case((4, 1))),
        Case("tiny numbers", _case((4, 3), scale=1e-6)),
        Case("huge numbers", _case((4, 3), scale=1e6)),
        Case("large", _case((160, 128), 1)),
    ),
    _random,
    (
        Mistake(
            "weight_norm",
            "length taken for a constant",
            None,
            "multiplies dy by g / ‖v‖ and stops there",
            "If v is doubled, y stays: is your gradient at right angles to v?",
            wrong(weight_norm, v=lambda at: _dv(at, np.zeros(()))),
        ),
        Mistake(
            "weight_norm",
            "divided by the length only once",
            None,
            "writes ‖v‖ where ‖v‖² belongs in the second term",
            "In what unit is v, and in what unit is each of your two terms?",
            wrong(weight_norm, v=lambda at: _dv(at, _g(at) * _dg(at) / _length(at) * at.v)),
        ),
        Mistake(
            "weight_norm",
            "g forgotten in the second term",
            None,
            "subtracts dg · v / ‖v‖² without the factor g",
            "What remains of the gradient where g is 0?",
            wrong(weight_norm, v=lambda at: _dv(at, _dg(at) / _length(at) ** 2 * at.v)),
        ),
        Mistake(
            "weight_norm",
            "second term added",
            None,
            "adds what shortens the step along v instead of subtracting it",
            "A longer v has a smaller quotient: with which sign does the length enter?",
            wrong(weight_norm, v=lambda at: _dv(at, -_g(at) * _dg(at) / _length(at) ** 2 * at.v)),
        ),
        Mistake(
            "weight_norm",
            "one length for the whole weight",
            None,
            "sums over all units in the second term",
            "Does the length of one unit change another unit's weights?",
            wrong(
                weight_norm,
                v=lambda at: _dv(at, _g(at) * (at.dy * at.v).sum() / _length(at) ** 3 * at.v),
            ),
        ),
        Mistake(
            "weight_norm",
            "gradient of g times the length",
            None,
            "returns Σ dy ⊙ v for g",
            "By how much does y change with g if v is long?",
            wrong(weight_norm, g=lambda at: (at.dy * at.v).sum(axis=_others(at))),
        ),
        Mistake(
            "weight_norm",
            "sum along the wrong axis",
            None,
            "sums over the units instead of over the numbers of each, which a square weight lets pass",
            "Which numbers does one g multiply?",
            wrong(weight_norm, g=lambda at: (at.dy * at.v / _length(at)).sum(axis=at.axis)),
            "square",
        ),
    ),
)


def _layer_case(
    x: tuple[int, ...], layer: Function, *sizes: int, training: bool = True, learn_gain: bool = True, **settings: Any
) -> Make:
    """An x of this shape through the normalized layer."""

    def make(rng: np.random.Generator) -> Arguments:
        inner = {"kind": layer, "sizes": sizes, "settings": settings, "learn_gain": learn_gain}
        return Arguments((rng.standard_normal(x),), inner, seed=int(rng.integers(1000)), training=training)

    return make


def _built(make_layer: Function, arguments: Arguments) -> Layer:
    """The layer in float64, with a g that is not the length of v."""
    kind, sizes, settings, learn_gain = (
        arguments.settings[name] for name in ("kind", "sizes", "settings", "learn_gain")
    )

    def make(rng: np.random.Generator) -> Layer:
        layer: Layer = make_layer(layer=kind(*sizes, **settings, rng=rng), learn_gain=learn_gain)
        return layer

    layer: Layer = built(make, Arguments((), {}, arguments.seed)).astype(np.float64)
    return layer


def _random_layer(rng: np.random.Generator) -> Arguments:
    d, k, training = small(rng), small(rng), bool(rng.random() < 0.7)
    settings = {"bias": bool(rng.random() < 0.8)}
    inner = {"kind": Dense, "sizes": (d, k), "settings": settings, "learn_gain": bool(rng.random() < 0.7)}
    return Arguments((values(rng, (small(rng), d)),), inner, int(rng.integers(1000)), training)


def _lengths(layer: Any) -> Array:
    v = layer.params["v"]
    return np.asarray(np.sqrt((v**2).sum(axis=tuple(place for place in range(v.ndim) if place != layer.axis))))


def _weight(layer: Any) -> Array:
    """g · v / ‖v‖ of a dense layer."""
    return np.asarray(layer.params["v"] * (layer.params["g"] / _lengths(layer)))


WEIGHT_NORM_LAYER = Entry(
    "WeightNorm",
    WeightNorm,
    (
        Case("typical", _layer_case((4, 5), Dense, 5, 3)),
        Case("evaluation", _layer_case((4, 5), Dense, 5, 3, training=False)),
        Case("fixed gain", _layer_case((4, 5), Dense, 5, 3, learn_gain=False)),
        Case("no bias", _layer_case((3, 4), Dense, 4, 2, bias=False)),
        Case("convolution", _layer_case((2, 2, 4, 4), Conv2d, 2, 3, 3, padding=1)),
        Case("transposed convolution", _layer_case((2, 2, 3, 3), ConvTranspose2d, 2, 3, 2, stride=2)),
    ),
    _random_layer,
    (
        Mistake(
            "WeightNorm",
            "weight decay in the gradient",
            None,
            "adds v to its gradient",
            "Does the result change when v grows and keeps its direction?",
            wrong_layer(WeightNorm, lambda at: (at.dx, {**at.grads, "v": at.grads["v"] + at.layer.params["v"]})),
        ),
        Mistake(
            "WeightNorm",
            "way back through v",
            None,
            "multiplies dy by v where the forward pass used g · v / ‖v‖",
            "With which weight was x multiplied?",
            wrong_layer(
                WeightNorm,
                lambda at: ((at.dy * (_lengths(at.layer) / at.layer.params["g"])) @ _weight(at.layer).T, at.grads),
            ),
        ),
        Mistake(
            "WeightNorm",
            "bias scaled too",
            None,
            "multiplies the bias's gradient by g",
            "Is the bias normalized?",
            wrong_layer(
                WeightNorm,
                lambda at: (at.dx, {**at.grads, "bias": at.grads["bias"] * at.layer.params["g"]}),
            ),
        ),
    ),
    subject=_built,
    kernels=True,
)
