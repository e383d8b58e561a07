"""layer_norm: its cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import layer_norm
from nnfromscratch.types import Array


def _case(shape: tuple[int, ...], axes: int = 1, *, scale: float = 1.0, shift: float = 0.0, eps: float = 1e-5) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        weight, bias = rng.uniform(0.5, 2, shape[-axes:]), rng.standard_normal(shape[-axes:])
        return Arguments((shift + scale * rng.standard_normal(shape), weight, bias), {"eps": eps})

    return make


def _random(rng: np.random.Generator) -> Arguments:
    shape = tuple(small(rng) for _ in range(1 + rng.integers(3)))
    own = shape[-int(rng.integers(1, len(shape) + 1)) :]
    return Arguments(
        (values(rng, shape), values(rng, own), values(rng, own)), {"eps": float(10.0 ** rng.uniform(-8, -2))}
    )


def _own(at: Any) -> tuple[int, ...]:
    """The axes of one sample's numbers."""
    return tuple(range(at.x.ndim - at.weight.ndim, at.x.ndim))


def _samples(at: Any) -> tuple[int, ...]:
    return tuple(range(at.x.ndim - at.weight.ndim))


def _normalized(at: Any) -> tuple[Array, Array]:
    """x̂ and 1/σ of each sample."""
    scale = 1 / np.sqrt(at.x.var(axis=_own(at), keepdims=True) + at.eps)
    return (at.x - at.x.mean(axis=_own(at), keepdims=True)) * scale, scale


def _dx(
    at: Any, mean: float = 1, variance: float = 1, g: Array | None = None, axes: tuple[int, ...] | None = None
) -> Array:
    """The right formula, with factors before the term through the mean and the one through the variance."""
    x_hat, scale = _normalized(at)
    axes = axes or _own(at)
    g = at.dy * at.weight if g is None else g
    through_mean = g.mean(axis=axes, keepdims=True)
    through_variance = x_hat * (g * x_hat).mean(axis=axes, keepdims=True)
    dx: Array = scale * (g - mean * through_mean - variance * through_variance)
    return dx


def _unbiased(at: Any) -> float:
    """M / (M − 1)."""
    return float(at.weight.size / (at.weight.size - 1))


LAYER_NORM = Entry(
    "layer_norm",
    layer_norm,
    (
        Case("typical", _case((4, 6))),
        Case("images", _case((2, 2, 2, 3), 3)),
        Case("words", _case((2, 3, 5))),
        Case("one sample", _case((5,))),
        Case("one number", _case((3, 1))),
        Case("large eps", _case((4, 5), eps=0.3)),
        Case("far from zero", _case((3, 5), shift=100.0)),
        Case("tiny numbers", _case((3, 5), scale=1e-6)),
        Case("huge numbers", _case((3, 5), scale=1e6)),
        Case("large", _case((256, 80))),
    ),
    _random,
    (
        Mistake(
            "layer_norm",
            "zero gradient",
            "zero",
            "returns zeros for x",
            "The sum of x̂ does not depend on x; but does x̂ itself?",
            wrong(layer_norm, x=lambda at: np.zeros_like(at.x)),
        ),
        Mistake(
            "layer_norm",
            "statistics taken for constants",
            "missing-term",
            "computes γ / σ ⊙ dy only",
            "On how many ways does one number reach the results of its neighbours?",
            wrong(layer_norm, x=lambda at: _dx(at, mean=0, variance=0)),
        ),
        Mistake(
            "layer_norm",
            "term through the mean missing",
            "missing-term",
            "forgets that the mean depends on x",
            "The gradients of a sample should add up to zero, since a shift of all its x changes nothing: do yours?",
            wrong(layer_norm, x=lambda at: _dx(at, mean=0)),
        ),
        Mistake(
            "layer_norm",
            "term through the variance missing",
            "missing-term",
            "forgets that the variance depends on x",
            "If all x of a sample are doubled, y stays: is your gradient at right angles to x?",
            wrong(layer_norm, x=lambda at: _dx(at, variance=0)),
        ),
        Mistake(
            "layer_norm",
            "unbiased variance on the way back",
            "missing-term",
            "divides by M − 1 in the term through the variance",
            "By what did the forward pass divide the sum of squares?",
            wrong(layer_norm, x=lambda at: _dx(at, variance=_unbiased(at))),
        ),
        Mistake(
            "layer_norm",
            "weight applied last",
            None,
            "multiplies by γ after the means, as batch_norm may, but here γ differs inside the mean",
            "Is γ the same for all numbers that share a mean?",
            wrong(layer_norm, x=lambda at: at.weight * _dx(at, g=at.dy)),
        ),
        Mistake(
            "layer_norm",
            "weight forgotten in dx",
            None,
            "goes back as if γ were 1",
            "Between x̂ and y stands one more multiplication.",
            wrong(layer_norm, x=lambda at: _dx(at, g=at.dy)),
        ),
        Mistake(
            "layer_norm",
            "batch norm's axis",
            None,
            "takes the means over the batch",
            "Whose numbers share a mean here: those of a sample, or those of a channel?",
            wrong(layer_norm, x=lambda at: _dx(at, axes=(0,))),
        ),
        Mistake(
            "layer_norm",
            "last axis only",
            "missing-term",
            "takes the means over the last axis, though three were normalized",
            "How many numbers of a sample share one mean?",
            wrong(layer_norm, x=lambda at: _dx(at, axes=(at.x.ndim - 1,))),
            "images",
        ),
        Mistake(
            "layer_norm",
            "variance instead of deviation",
            "missing-factor",
            "divides by σ² where σ belongs",
            "In what unit is x̂, and in what unit is your dx?",
            wrong(layer_norm, x=lambda at: at.right[0] * _normalized(at)[1]),
        ),
        Mistake(
            "layer_norm",
            "eps forgotten",
            None,
            "divides by σ alone on the way back",
            "Where does ε stand in the forward equation?",
            wrong(layer_norm, x=lambda at: layer_norm(at.x, at.weight, at.bias, eps=1e-12)[1](at.dy)[0]),
            "large eps",
        ),
        Mistake(
            "layer_norm",
            "dweight without x̂",
            None,
            "sums dy for the weight as for the bias",
            "By what is the weight multiplied on the way forward?",
            wrong(layer_norm, weight=lambda at: at.right[2].copy()),
        ),
        Mistake(
            "layer_norm",
            "dweight with x for x̂",
            None,
            "multiplies dy by the raw input",
            "By what is the weight multiplied on the way forward: x, or something made of it?",
            wrong(layer_norm, weight=lambda at: (at.dy * at.x).sum(axis=_samples(at))),
        ),
        Mistake(
            "layer_norm",
            "dweight not summed over the batch",
            "missing-sum",
            "returns dy ⊙ x̂",
            "The gradient has the weight's shape: which axes must go?",
            wrong(layer_norm, weight=lambda at: at.dy * _normalized(at)[0]),
        ),
        Mistake(
            "layer_norm",
            "dbias averaged over the batch",
            "factor",
            "takes the mean of dy",
            "Sum or mean: what does the chain rule say about several paths to one number?",
            wrong(layer_norm, bias=lambda at: at.dy.mean(axis=_samples(at))),
        ),
        Mistake(
            "layer_norm",
            "one bias for a whole sample",
            None,
            "sums dy over the sample's numbers too",
            "Has each number of a sample a bias of its own?",
            wrong(layer_norm, bias=lambda at: np.full(at.bias.shape, at.dy.sum())),
        ),
    ),
)
