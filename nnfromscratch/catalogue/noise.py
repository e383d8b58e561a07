"""dropout and gaussian_noise: their cases and the mistakes that people make."""

from __future__ import annotations

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake, wrong
from nnfromscratch.functional import dropout, gaussian_noise


def _case(shape: tuple[int, ...], name: str, setting: float, scale: float = 1.0) -> Make:
    return lambda rng: Arguments((scale * rng.standard_normal(shape),), {name: setting}, seed=7)


def _random_rate(rng: np.random.Generator) -> Arguments:
    x = values(rng, tuple(small(rng) for _ in range(rng.integers(1, 4))))
    return Arguments((x,), {"rate": float(rng.choice([0.0, 0.2, 0.5, 0.9]))}, seed=int(rng.integers(1000)))


def _random_std(rng: np.random.Generator) -> Arguments:
    x = values(rng, tuple(small(rng) for _ in range(rng.integers(1, 4))))
    return Arguments((x,), {"std": float(rng.choice([0.0, 0.1, 1.0]))}, seed=int(rng.integers(1000)))


DROPOUT = Entry(
    "dropout",
    dropout,
    (
        Case("typical", _case((4, 5), "rate", 0.4)),
        Case("images", _case((2, 2, 3, 3), "rate", 0.5)),
        Case("rate 0", _case((3, 4), "rate", 0.0)),
        Case("rate 0.9", _case((5, 6), "rate", 0.9)),
        Case("huge numbers", _case((3, 4), "rate", 0.5, 1e6)),
        Case("large", _case((128, 160), "rate", 0.5)),
    ),
    _random_rate,
    (
        Mistake(
            "dropout",
            "mask forgotten",
            "missing-factor",
            "returns dy as it came",
            "Can a number that was set to zero still change the result?",
            wrong(dropout, x=lambda at: at.dy.copy()),
        ),
        Mistake(
            "dropout",
            "scale forgotten",
            "factor",
            "applies the mask, but not the division by 1 − rate",
            "What happened on the way forward to the numbers that were kept?",
            wrong(dropout, x=lambda at: at.dy * (at.right != 0)),
        ),
        Mistake(
            "dropout",
            "scale inverted",
            "factor",
            "multiplies by 1 − rate where it should divide",
            "Were the numbers that were kept made larger or smaller?",
            wrong(dropout, x=lambda at: at.dy * (at.right != 0) * (1 - at.rate)),
        ),
        Mistake(
            "dropout",
            "scaled by the rate",
            "factor",
            "divides by the rate instead of by 1 − rate",
            "With which probability is a number kept?",
            wrong(dropout, x=lambda at: at.dy * (at.right != 0) / at.rate),
        ),
        Mistake(
            "dropout",
            "another mask",
            "second-call",
            "draws the mask anew on the way back",
            "Which numbers had been dropped on the way forward?",
            wrong(dropout, x=lambda at: at.dy * (at.rng.random(at.x.shape) >= at.rate) / (1 - at.rate)),
        ),
        Mistake(
            "dropout",
            "mask inverted",
            None,
            "keeps what was dropped",
            "Is your mask 1 for what stays or for what goes?",
            wrong(dropout, x=lambda at: at.dy * (at.right == 0) / (1 - at.rate)),
        ),
        Mistake(
            "dropout",
            "mask of the result's sign",
            None,
            "takes positive results for those that were kept, as for relu",
            "Can a number that was kept be negative?",
            wrong(dropout, x=lambda at: at.dy * (at.y > 0) / (1 - at.rate)),
        ),
        Mistake(
            "dropout",
            "one mask for all samples",
            None,
            "uses the first sample's mask for the whole batch",
            "Was the same number dropped in every sample?",
            wrong(dropout, x=lambda at: at.dy * (at.y[:1] != 0) / (1 - at.rate)),
        ),
    ),
)

GAUSSIAN_NOISE = Entry(
    "gaussian_noise",
    gaussian_noise,
    (
        Case("typical", _case((4, 5), "std", 0.3)),
        Case("images", _case((2, 2, 3, 3), "std", 1.0)),
        Case("no noise", _case((3, 4), "std", 0.0)),
        Case("huge numbers", _case((3, 4), "std", 0.5, 1e6)),
        Case("large", _case((128, 160), "std", 0.5)),
    ),
    _random_std,
    (
        Mistake(
            "gaussian_noise",
            "scaled by std",
            "factor",
            "multiplies dy by the noise's standard deviation",
            "If x rises by 1, by how much does x + noise rise?",
            wrong(gaussian_noise, x=lambda at: at.dy * at.std),
        ),
        Mistake(
            "gaussian_noise",
            "noise on the gradient",
            "second-call",
            "adds noise on the way back too",
            "Does the slope of x + noise depend on what the noise was?",
            wrong(gaussian_noise, x=lambda at: at.dy + at.std * at.rng.standard_normal(at.x.shape)),
        ),
        Mistake(
            "gaussian_noise",
            "times the noise",
            None,
            "multiplies by the noise as if it were a mask",
            "Is the noise added or multiplied?",
            wrong(gaussian_noise, x=lambda at: at.dy * (at.y - at.x)),
        ),
        Mistake(
            "gaussian_noise",
            "noise blocks the way",
            "zero",
            "returns zeros, since the result is random",
            "With the noise held fixed, does y change with x?",
            wrong(gaussian_noise, x=lambda at: np.zeros_like(at.x)),
        ),
        Mistake(
            "gaussian_noise",
            "through the standardized number",
            "factor",
            "divides by std, as if x had been normalized",
            "In which line of the forward pass is something divided?",
            wrong(gaussian_noise, x=lambda at: at.dy / at.std),
        ),
    ),
    kernels=True,
)
