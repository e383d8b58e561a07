"""virtual_batch_norm: its cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Function, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import virtual_batch_norm
from nnfromscratch.types import Array


def _case(shape: tuple[int, ...], reference: int, *, scale: float = 1.0, shift: float = 0.0, eps: float = 1e-5) -> Make:
    def make(rng: np.random.Generator) -> Arguments:
        weight, bias = rng.uniform(0.5, 2, shape[1]), rng.standard_normal(shape[1])
        x = shift + scale * rng.standard_normal(shape)
        return Arguments((x, weight, bias), {"reference_size": reference, "eps": eps})

    return make


def _random(rng: np.random.Generator) -> Arguments:
    reference, c = 1 + small(rng, 3), small(rng, 3)
    n = reference + int(rng.integers(0, 4))
    x = values(rng, (n, c) if rng.random() < 0.5 else (n, c, small(rng, 3), small(rng, 2)))
    settings = {"reference_size": reference, "eps": float(10.0 ** rng.uniform(-8, -2))}
    return Arguments((x, values(rng, (c,)), values(rng, (c,))), settings)


def _parts(at: Any) -> tuple[Array, Array, Array, Array, Array]:
    """All as (samples, C, P): z − μ[n] of every sample n and every number z, in two pieces: z and μ; 1/s; g; M."""
    rows, c = at.x.shape[:2]
    z, size = at.x.reshape(rows, c, -1), at.reference_size
    batches = [z[:size]] * size + [np.concatenate([z[:size], z[n : n + 1]]) for n in range(size, rows)]
    mean = np.stack([batch.mean(axis=(0, 2)) for batch in batches])[..., None]
    scale = 1 / np.sqrt(np.stack([batch.var(axis=(0, 2)) for batch in batches])[..., None] + at.eps)
    g = at.dy.reshape(rows, c, -1) * at.weight[:, None]
    numbers = np.array([len(batch) * z.shape[2] for batch in batches])[:, None, None]
    return z, mean, scale, g, numbers


def _dx(
    at: Any,
    *,
    mean_term: float = 1,
    variance_term: float = 1,
    into_reference: float = 1,
    into_sample: float = 1,
    numbers: Any = None,
) -> Array:
    """The right formula, with factors before its terms, or another count of numbers behind the statistics."""
    z, mean, scale, g, count = _parts(at)
    count = count if numbers is None else numbers
    size, x_hat = at.reference_size, (z - mean) * scale
    through_mean = mean_term * scale * g.sum(axis=2, keepdims=True) / count
    through_variance = variance_term * scale**2 * (g * x_hat).sum(axis=2, keepdims=True) / count
    dx = scale * g
    for n in range(len(z)):
        factor = 1.0 if n < size else into_reference
        dx[:size] -= factor * (through_mean[n] + through_variance[n] * (z[:size] - mean[n]))
        if n >= size:
            dx[n] -= into_sample * (through_mean[n] + through_variance[n] * (z[n] - mean[n]))
    return np.asarray(dx).reshape(at.x.shape)


def _wrong(**changes: Any) -> Function:
    return wrong(virtual_batch_norm, x=lambda at: _dx(at, **changes))


def _axes(at: Any) -> tuple[int, ...]:
    return (0, *range(2, at.x.ndim))


def _x_hat(at: Any) -> Array:
    z, mean, scale, _, _ = _parts(at)
    return np.asarray((z - mean) * scale).reshape(at.x.shape)


def _by_reference(at: Any) -> Array:
    """x̂ of all samples by the statistics of the reference, which is right for the reference only."""
    reference = at.x[: at.reference_size]
    return np.asarray((at.x - reference.mean(axis=0)) / np.sqrt(reference.var(axis=0) + at.eps))


VIRTUAL_BATCH_NORM = Entry(
    "virtual_batch_norm",
    virtual_batch_norm,
    (
        Case("typical", _case((7, 3), 4)),
        Case("images", _case((5, 2, 2, 3), 3)),
        Case("one sample beside the reference", _case((4, 3), 3)),
        Case("the reference alone", _case((4, 2), 4)),
        Case("a reference of one image", _case((3, 2, 2, 2), 1)),
        Case("large eps", _case((6, 3), 3, eps=0.3)),
        Case("far from zero", _case((6, 2), 4, shift=100.0)),
        Case("tiny numbers", _case((6, 2), 4, scale=1e-6)),
        Case("huge numbers", _case((6, 2), 4, scale=1e6)),
        Case("large", _case((128, 80), 64)),
    ),
    _random,
    (
        Mistake(
            "virtual_batch_norm",
            "statistics taken for constants",
            None,
            "computes γ / s ⊙ dy only",
            "On how many ways does one x reach the results?",
            _wrong(mean_term=0, variance_term=0),
        ),
        Mistake(
            "virtual_batch_norm",
            "reference taken for constants",
            None,
            "sends nothing from the samples back to the reference that they were normalized by",
            "If one sample of the reference changes, whose results change?",
            _wrong(into_reference=0),
        ),
        Mistake(
            "virtual_batch_norm",
            "sample's own share forgotten",
            None,
            "takes the statistics of the samples for those of the reference, which do not depend on them",
            "Whose numbers are in the statistics of a sample beside those of the reference?",
            _wrong(into_sample=0),
        ),
        Mistake(
            "virtual_batch_norm",
            "term through the mean missing",
            None,
            "forgets that the mean depends on x",
            "If all x of a channel are shifted by the same number, y stays: do your gradients add up to zero?",
            _wrong(mean_term=0),
        ),
        Mistake(
            "virtual_batch_norm",
            "term through the variance missing",
            None,
            "forgets that the variance depends on x",
            "If all x of a channel are doubled, y stays: is your gradient at right angles to x?",
            _wrong(variance_term=0),
        ),
        Mistake(
            "virtual_batch_norm",
            "R for R + 1",
            None,
            "divides by the numbers of the reference, for the samples too",
            "Of how many samples are the statistics made that normalize one sample?",
            _wrong(numbers=4),
        ),
        Mistake(
            "virtual_batch_norm",
            "positions not counted",
            "missing-term",
            "divides by the number of samples where that of the pixels belongs",
            "How many numbers made up one channel's mean?",
            wrong(virtual_batch_norm, x=lambda at: _dx(at, numbers=_parts(at)[4] / at.x[0, 0].size)),
            "images",
        ),
        Mistake(
            "virtual_batch_norm",
            "zero gradient to the reference",
            None,
            "returns zeros for the reference, as if only the others were of interest",
            "The reference comes from the layers below: do their parameters have no part in it?",
            wrong(virtual_batch_norm, x=lambda at: at.right[0] * (np.arange(7) >= 4)[:, None]),
        ),
        Mistake(
            "virtual_batch_norm",
            "weight forgotten in dx",
            "missing-factor",
            "goes back as if γ were 1",
            "Between x̂ and y stands one more multiplication.",
            wrong(virtual_batch_norm, x=lambda at: at.right[0] / at.weight),
        ),
        Mistake(
            "virtual_batch_norm",
            "dweight of the samples only",
            None,
            "leaves the reference out of the weight's gradient",
            "Is the reference multiplied by γ too?",
            wrong(virtual_batch_norm, weight=lambda at: (at.dy * _x_hat(at))[4:].sum(axis=0)),
        ),
        Mistake(
            "virtual_batch_norm",
            "dweight by the reference's statistics",
            None,
            "computes x̂ from μ and σ of the reference for all samples",
            "Which x̂ did the forward pass multiply by γ?",
            wrong(virtual_batch_norm, weight=lambda at: (at.dy * _by_reference(at)).sum(axis=0)),
        ),
        Mistake(
            "virtual_batch_norm",
            "dbias averaged",
            "factor",
            "takes the mean of dy",
            "Sum or mean: what does the chain rule say about several paths to one number?",
            wrong(virtual_batch_norm, bias=lambda at: at.dy.mean(axis=_axes(at))),
        ),
    ),
)
