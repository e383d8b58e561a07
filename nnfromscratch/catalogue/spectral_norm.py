"""spectral_norm and SpectralNorm: their cases and the mistakes that people make."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from nnfromscratch.catalogue.built import built, wrong_layer
from nnfromscratch.catalogue.case import Arguments, Case, Function, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import spectral_norm
from nnfromscratch.layers import Conv2d, ConvTranspose2d, Dense, Layer, SpectralNorm
from nnfromscratch.layers.layer import LayerBackward
from nnfromscratch.types import Array


def _case(shape: tuple[int, ...], axis: int = 0, *, scale: float = 1.0) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        u = rng.standard_normal(shape[axis])
        return Arguments((scale * rng.standard_normal(shape),), {"u": u / np.linalg.norm(u), "axis": axis})

    return make


def _random(rng: np.random.Generator) -> Arguments:
    shape = tuple(small(rng) for _ in range(rng.integers(2, 5)))
    axis = int(rng.integers(len(shape)))
    weight, u = values(rng, shape), rng.standard_normal(shape[axis])
    weight = weight if weight.any() else np.ones(shape)
    return Arguments((weight,), {"u": u / np.linalg.norm(u), "axis": axis})


def _rows(array: Array, axis: int) -> Array:
    return np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)


def _response(at: Any) -> Array:
    """Wᵀ·u, whose length is σ."""
    response: Array = _rows(at.weight, at.axis).T @ at.u
    return response


def _sigma(at: Any) -> float:
    return float(np.linalg.norm(_response(at)))


def _v(at: Any) -> Array:
    return _response(at) / _sigma(at)


def _dweight(at: Any, s: Any = None, outer: Array | None = None) -> Array:
    """The right formula, with another sum s or another matrix in the place of u·vᵀ."""
    s = (at.dy * at.y).sum() if s is None else s
    outer = np.outer(at.u, _v(at)) if outer is None else outer
    rows = (_rows(at.dy, at.axis) - s * outer) / _sigma(at)
    return np.moveaxis(rows.reshape(np.moveaxis(at.weight, at.axis, 0).shape), 0, at.axis)


SPECTRAL_NORM = Entry(
    "spectral_norm",
    spectral_norm,
    (
        Case("typical", _case((4, 3))),
        Case("columns", _case((3, 4), 1)),
        Case("square", _case((3, 3))),
        Case("convolution", _case((3, 2, 2, 2))),
        Case("transposed convolution", _case((2, 3, 2, 2), 1)),
        Case("one row", _case((1, 4))),
        Case("one column", _case((4, 1))),
        Case("tiny numbers", _case((4, 3), scale=1e-6)),
        Case("huge numbers", _case((4, 3), scale=1e6)),
        Case("large", _case((128, 160))),
    ),
    _random,
    (
        Mistake(
            "spectral_norm",
            "σ taken for a constant",
            None,
            "divides dy by σ and stops there",
            "If the weight is doubled, y stays: is your gradient at right angles to the weight?",
            wrong(spectral_norm, weight=lambda at: at.dy / _sigma(at)),
        ),
        Mistake(
            "spectral_norm",
            "dy measured along u and v",
            None,
            "takes uᵀ·dy·v for the sum of dy ⊙ y",
            "By how much does the whole result grow when σ shrinks: along one direction only?",
            wrong(spectral_norm, weight=lambda at: _dweight(at, s=at.u @ _rows(at.dy, at.axis) @ _v(at))),
        ),
        Mistake(
            "spectral_norm",
            "weight in the place of the result",
            None,
            "sums dy ⊙ W where dy ⊙ y belongs",
            "In what unit is σ, and in what unit is your second term?",
            wrong(spectral_norm, weight=lambda at: _dweight(at, s=(at.dy * at.weight).sum())),
        ),
        Mistake(
            "spectral_norm",
            "not divided by σ",
            "factor",
            "forgets the division on the way back",
            "A weight twice as large: how much less does y change with each of its numbers?",
            wrong(spectral_norm, weight=lambda at: at.right * _sigma(at)),
        ),
        Mistake(
            "spectral_norm",
            "v not of length 1",
            None,
            "puts Wᵀ·u for v",
            "How long is a singular vector?",
            wrong(spectral_norm, weight=lambda at: _dweight(at, outer=np.outer(at.u, _response(at)))),
        ),
        Mistake(
            "spectral_norm",
            "sum over rows only",
            None,
            "gives each row of the weight a sum of its own",
            "How many numbers σ does one weight have?",
            wrong(spectral_norm, weight=lambda at: _dweight(at, s=(at.dy * at.y).sum(axis=1, keepdims=True))),
        ),
        Mistake(
            "spectral_norm",
            "u and v exchanged",
            None,
            "takes v·uᵀ for u·vᵀ, which a square matrix lets pass",
            "Which of the two has an entry for each row?",
            wrong(spectral_norm, weight=lambda at: _dweight(at, outer=np.outer(_v(at), at.u))),
            "square",
        ),
    ),
)


class NormalizedGradient(SpectralNorm):
    """Stops at the normalized weight and returns its gradient for the weight's."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The way back leaves the division by σ out."""
        y, right = super().forward(x, training)
        weight, _ = spectral_norm(self.params["weight"], u=self.state["u"], axis=self.axis)
        inner = copy.copy(self.layer)
        inner.params = {"weight": weight}

        def backward(dy: Array) -> Any:
            dx, grads = right(dy)
            _, dweight, _ = inner.weighted_sum(x, None)[1](dy, wrt=("weight",))
            return dx, {**grads, "weight": dweight}

        return y, backward


def _spectral_case(x: tuple[int, ...], layer: Function, *sizes: int, training: bool = True, **settings: Any) -> Make:
    """An x of this shape through the normalized layer."""

    def make(rng: np.random.Generator) -> Arguments:
        inner = {"kind": layer, "sizes": sizes, "settings": settings}
        return Arguments((rng.standard_normal(x),), inner, seed=int(rng.integers(1000)), training=training)

    return make


def _arrived(make_layer: Function, arguments: Arguments) -> Layer:
    """The layer with u where power iteration ends: for another u a training forward would move it with the weight."""
    kind, sizes, settings = (arguments.settings[name] for name in ("kind", "sizes", "settings"))

    def make(rng: np.random.Generator) -> Layer:
        layer: Layer = make_layer(layer=kind(*sizes, **settings, rng=rng), rng=rng)
        return layer

    layer = built(make, Arguments((), {}, arguments.seed)).astype(np.float64)
    layer.state["u"] = np.linalg.svd(_rows(layer.params["weight"], layer.axis))[0][:, 0].copy()
    return layer


def _layers_sigma(layer: SpectralNorm) -> float:
    return float(np.linalg.norm(layer.state["u"] @ _rows(layer.params["weight"], layer.axis)))


def _random_layer(rng: np.random.Generator) -> Arguments:
    d, k, training = small(rng), small(rng), bool(rng.random() < 0.7)
    inner = {"kind": Dense, "sizes": (d, k), "settings": {"bias": bool(rng.random() < 0.8)}}
    return Arguments((values(rng, (small(rng), d)),), inner, int(rng.integers(1000)), training)


SPECTRAL_NORM_LAYER = Entry(
    "SpectralNorm",
    SpectralNorm,
    (
        Case("typical", _spectral_case((4, 5), Dense, 5, 3)),
        Case("evaluation", _spectral_case((4, 5), Dense, 5, 3, training=False)),
        Case("no bias", _spectral_case((3, 4), Dense, 4, 2, bias=False)),
        Case("convolution", _spectral_case((2, 2, 4, 4), Conv2d, 2, 3, 3, padding=1)),
        Case("transposed convolution", _spectral_case((2, 2, 3, 3), ConvTranspose2d, 2, 3, 2, stride=2)),
    ),
    _random_layer,
    (
        Mistake(
            "SpectralNorm",
            "gradient of the normalized weight",
            None,
            "returns ∂L/∂(W / σ) under the weight's name",
            "Between the weight and the one that is used stands one more operation.",
            NormalizedGradient,
        ),
        Mistake(
            "SpectralNorm",
            "way back through the weight itself",
            "factor",
            "multiplies dy by W where the forward pass used W / σ",
            "With which weight was x multiplied?",
            wrong_layer(SpectralNorm, lambda at: (at.dx * _layers_sigma(at.layer), at.grads)),
        ),
        Mistake(
            "SpectralNorm",
            "bias divided too",
            "factor",
            "divides the bias's gradient by σ",
            "Is the bias normalized?",
            wrong_layer(
                SpectralNorm,
                lambda at: (at.dx, {**at.grads, "bias": at.grads["bias"] / _layers_sigma(at.layer)}),
            ),
        ),
    ),
    subject=_arrived,
    kernels=True,
)
