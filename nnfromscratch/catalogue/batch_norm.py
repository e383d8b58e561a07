"""batch_norm: its cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import batch_norm
from nnfromscratch.types import Array


def _case(shape: tuple[int, ...], *, scale: float = 1.0, shift: float = 0.0, eps: float = 1e-5) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        weight, bias = rng.uniform(0.5, 2, shape[1]), rng.standard_normal(shape[1])
        return Arguments((shift + scale * rng.standard_normal(shape), weight, bias), {"eps": eps})

    return make


def _given(shape: tuple[int, ...]) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        weight, bias, mean = rng.standard_normal((3, shape[1]))
        settings = {"mean": mean, "variance": rng.uniform(0.5, 2, shape[1])}
        return Arguments((rng.standard_normal(shape), weight, bias), settings)

    return make


def _random(rng: np.random.Generator) -> Arguments:
    n, c = 1 + small(rng), small(rng, 3)
    x = values(rng, (n, c) if rng.random() < 0.5 else (n, c, small(rng, 3), small(rng, 3)))
    settings: dict[str, Any] = {"eps": float(10.0 ** rng.uniform(-8, -2))}
    if rng.random() < 0.3:
        settings |= {"mean": values(rng, (c,)), "variance": np.abs(values(rng, (c,)))}
    return Arguments((x, values(rng, (c,)), values(rng, (c,))), settings)


def _spread(at: Any, per_channel: Array) -> Array:
    """(C,) so that it broadcasts to x."""
    return per_channel.reshape((1, -1) + (1,) * (at.x.ndim - 2))


def _axes(at: Any) -> tuple[int, ...]:
    return (0, *range(2, at.x.ndim))


def _normalized(at: Any) -> tuple[Array, Array, Array]:
    """x̂, 1/σ for each channel (broadcasting), and g = γ ⊙ ∂L/∂y."""
    scale = 1 / np.sqrt(at.x.var(axis=_axes(at), keepdims=True) + at.eps)
    return (at.x - at.x.mean(axis=_axes(at), keepdims=True)) * scale, scale, at.dy * _spread(at, at.weight)


def _dx(at: Any, mean: float = 1, variance: float = 1, axes: tuple[int, ...] | None = None) -> Array:
    """The right formula, with factors before the term through the mean and the one through the variance."""
    x_hat, scale, g = _normalized(at)
    axes = axes or _axes(at)
    through_mean = g.mean(axis=axes, keepdims=True)
    through_variance = x_hat * (g * x_hat).mean(axis=axes, keepdims=True)
    dx: Array = scale * (g - mean * through_mean - variance * through_variance)
    return dx


def _unbiased(at: Any) -> float:
    """M / (M − 1), by which the unbiased variance is larger."""
    count = at.x.size / at.x.shape[1]
    return float(count / (count - 1))


def _epsilon_outside(at: Any) -> Array:
    """σ + ε where √(σ² + ε) belongs."""
    deviation = at.x.std(axis=_axes(at), keepdims=True)
    return np.asarray(at.right[0] * np.sqrt(deviation**2 + at.eps) / (deviation + at.eps))


BATCH_NORM = Entry(
    "batch_norm",
    batch_norm,
    (
        Case("typical", _case((6, 3))),
        Case("images", _case((3, 2, 2, 3))),
        Case("large eps", _case((5, 3), eps=0.3)),
        Case("two samples", _case((2, 3))),
        Case("one channel", _case((4, 1, 2, 2))),
        Case("far from zero", _case((5, 2), shift=100.0)),
        Case("tiny numbers", _case((5, 2), scale=1e-6)),
        Case("huge numbers", _case((5, 2), scale=1e6)),
        Case("given statistics", _given((4, 3))),
        Case("given statistics, images", _given((2, 2, 2, 2))),
        Case("large", _case((256, 80))),
    ),
    _random,
    (
        Mistake(
            "batch_norm",
            "zero gradient",
            "zero",
            "returns zeros for x, which is right for dy of ones only",
            "The sum of y does not depend on x; but does y itself?",
            wrong(batch_norm, x=lambda at: np.zeros_like(at.x)),
        ),
        Mistake(
            "batch_norm",
            "statistics taken for constants",
            "missing-term",
            "computes γ / σ ⊙ dy only",
            "On how many ways does one x reach the results of the other samples?",
            wrong(batch_norm, x=lambda at: _dx(at, mean=0, variance=0)),
        ),
        Mistake(
            "batch_norm",
            "term through the mean missing",
            "missing-term",
            "forgets that the mean depends on x",
            "The gradients of a channel should add up to zero, since a shift of all x changes nothing: do yours?",
            wrong(batch_norm, x=lambda at: _dx(at, mean=0)),
        ),
        Mistake(
            "batch_norm",
            "term through the variance missing",
            "missing-term",
            "forgets that the variance depends on x",
            "If all x of a channel are doubled, y stays: is your gradient at right angles to x?",
            wrong(batch_norm, x=lambda at: _dx(at, variance=0)),
        ),
        Mistake(
            "batch_norm",
            "variance term with the wrong sign",
            "missing-term",
            "adds the term through the variance",
            "If x moves away from the mean, does σ grow or shrink?",
            wrong(batch_norm, x=lambda at: _dx(at, variance=-1)),
        ),
        Mistake(
            "batch_norm",
            "unbiased variance on the way back",
            "missing-term",
            "divides by M − 1 in the term through the variance",
            "By what did the forward pass divide the sum of squares?",
            wrong(batch_norm, x=lambda at: _dx(at, variance=_unbiased(at))),
        ),
        Mistake(
            "batch_norm",
            "unbiased deviation",
            "factor",
            "divides by the unbiased standard deviation on the way back",
            "Which of the two variances does the forward pass use?",
            wrong(batch_norm, x=lambda at: at.right[0] / np.sqrt(_unbiased(at))),
        ),
        Mistake(
            "batch_norm",
            "eps outside the root",
            "missing-factor",
            "divides by σ + ε where √(σ² + ε) belongs",
            "Where does ε stand in the forward equation?",
            wrong(batch_norm, x=_epsilon_outside),
            "large eps",
        ),
        Mistake(
            "batch_norm",
            "variance instead of deviation",
            "missing-factor",
            "divides by σ² where σ belongs",
            "In what unit is x̂, and in what unit is your dx?",
            wrong(batch_norm, x=lambda at: at.right[0] * _normalized(at)[1]),
        ),
        Mistake(
            "batch_norm",
            "weight forgotten in dx",
            "missing-factor",
            "goes back as if γ were 1",
            "Between x̂ and y stands one more multiplication.",
            wrong(batch_norm, x=lambda at: at.right[0] / _spread(at, at.weight)),
        ),
        Mistake(
            "batch_norm",
            "means over the batch only",
            "missing-term",
            "takes the means over axis 0, though the statistics were over the positions too",
            "How many numbers made up one channel's mean?",
            wrong(batch_norm, x=lambda at: _dx(at, axes=(0,))),
            "images",
        ),
        Mistake(
            "batch_norm",
            "N for N·H·W",
            "missing-term",
            "divides the sums by the number of images instead of the number of pixels",
            "How many numbers made up one channel's mean?",
            wrong(batch_norm, x=lambda at: _dx(at, mean=at.x[0, 0].size, variance=at.x[0, 0].size)),
            "images",
        ),
        Mistake(
            "batch_norm",
            "layer norm's axes",
            None,
            "takes the means over each sample",
            "Whose numbers share a mean here: those of a channel, or those of a sample?",
            wrong(batch_norm, x=lambda at: _dx(at, axes=(1,))),
        ),
        Mistake(
            "batch_norm",
            "dweight without x̂",
            None,
            "sums dy for the weight as for the bias",
            "By what is the weight multiplied on the way forward?",
            wrong(batch_norm, weight=lambda at: at.right[2].copy()),
        ),
        Mistake(
            "batch_norm",
            "dweight with x for x̂",
            None,
            "multiplies dy by the raw input",
            "By what is the weight multiplied on the way forward: x, or something made of it?",
            wrong(batch_norm, weight=lambda at: (at.dy * at.x).sum(axis=_axes(at))),
        ),
        Mistake(
            "batch_norm",
            "dweight with y for x̂",
            None,
            "multiplies dy by the result",
            "What lies between x̂ and y?",
            wrong(batch_norm, weight=lambda at: (at.dy * at.y).sum(axis=_axes(at))),
        ),
        Mistake(
            "batch_norm",
            "dweight not summed over positions",
            "missing-sum",
            "sums over the batch only",
            "The gradient has the weight's shape: which axes must go?",
            wrong(batch_norm, weight=lambda at: (at.dy * _normalized(at)[0]).sum(axis=0)),
            "images",
        ),
        Mistake(
            "batch_norm",
            "dbias averaged",
            "factor",
            "takes the mean of dy",
            "Sum or mean: what does the chain rule say about several paths to one number?",
            wrong(batch_norm, bias=lambda at: at.dy.mean(axis=_axes(at))),
        ),
        Mistake(
            "batch_norm",
            "dweight and dbias exchanged",
            "swapped",
            "returns the two in the wrong order",
            "In which order does the function take its arguments?",
            wrong(batch_norm, weight=lambda at: at.right[2], bias=lambda at: at.right[1]),
        ),
        Mistake(
            "batch_norm",
            "given statistics taken for the batch's",
            "missing-term",
            "sends gradients through a mean and a variance that are constants",
            "In evaluation, do the running statistics depend on this batch?",
            wrong(batch_norm, x=lambda at: at.right[0] - at.right[0].mean(axis=0)),
            "given statistics",
        ),
    ),
    kernels=True,
)
