"""Whether one method is better than another: differences on the same label sets, their spread, their significance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnfromscratch.errors import NonFiniteError, RangeError, ShapeError
from nnfromscratch.types import Array

MOST = 20  # pairs: 2²⁰ patterns of signs are a second's work


@dataclass(frozen=True)
class PairedDifference:
    """first − second, pair by pair. mean, std: over the pairs, std None for one. p_value: see ``paired_difference``."""

    differences: tuple[float, ...]
    mean: float
    std: float | None
    p_value: float


def paired_difference(first: Sequence[float], second: Sequence[float]) -> PairedDifference:
    """How much higher the first figures are than the second, and whether chance alone would do as much.

    d[i] = a[i] − b[i]        mean = Σ_i d[i] / n        std = √(Σ_i (d[i] − mean)² / (n − 1))

    p = 1/2ⁿ · Σ_s [|Σ_i s[i]·d[i]| ≥ |Σ_i d[i]|]        s[i] = 1 or −1

    p is the share of all 2ⁿ patterns of signs whose mean is at least as far from 0 as the one that came out. It tests,
    on both sides, that neither method differs from the other, so that each d[i] could as well have had the other sign;
    then it is exact for any distribution. (Equal means alone are not enough where differences are skewed.) It is never
    below 2/2ⁿ: five pairs cannot give less than 0.0625, ten than 0.002.
    first a, second b: n numbers each, from 1 to 20; number i of both is from the same label set
    Raises ShapeError where the lengths differ or there is no pair, RangeError for more than 20, NonFiniteError for NaN
    or infinity.
    Source: Fisher, The Design of Experiments (1935), section 21; Good, Permutation, Parametric and Bootstrap Tests of
    Hypotheses (2005), section 3.2.1.

    >>> result = paired_difference([0.96, 0.95, 0.97], [0.94, 0.94, 0.95])
    >>> round(result.mean, 4), round(result.std, 4), result.p_value
    (0.0167, 0.0058, 0.25)
    """
    name = "paired_difference"
    a, b = (np.asarray(values, np.float64) for values in (first, second))
    if a.ndim != 1 or a.shape != b.shape or not len(a):
        raise ShapeError(f"{name}: first and second expect as many numbers, at least 1, have {a.shape} and {b.shape}")
    if len(a) > MOST:
        raise RangeError(f"{name}: first expects at most {MOST} pairs, has {len(a)}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise NonFiniteError(f"{name}: first and second expect finite numbers, have NaN or infinity")
    differences = a - b
    std = float(differences.std(ddof=1)) if len(a) > 1 else None
    return PairedDifference(tuple(differences.tolist()), float(differences.mean()), std, _share_as_far(differences))


def _share_as_far(differences: Array) -> float:
    sums = np.zeros(1)
    for difference in differences:  # each doubles the patterns
        sums = np.concatenate([sums + difference, sums - difference])
    # Two patterns of the same sum may differ by rounding: that is no difference.
    rounding = 1e-12 * np.abs(differences).sum()
    return float((np.abs(sums) >= abs(differences.sum()) - rounding).mean())
