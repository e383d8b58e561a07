"""Cases for functions of each number by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Case, Make, small, values


def elementwise_cases(**settings: Any) -> tuple[Case, ...]:
    """Typical numbers, kinks, all sizes, a single number, a large array."""

    def case(shape: tuple[int, ...], scale: float = 1.0) -> Make:
        return lambda rng: Arguments((scale * rng.standard_normal(shape),), settings)

    def near_zero(_: np.random.Generator) -> Arguments:
        return Arguments((np.array([-1e-9, -1e-12, 0.0, 1e-12, 1e-9, 1.0, -1.0]),), settings)

    def zeros(rng: np.random.Generator) -> Arguments:
        x = rng.standard_normal((4, 5))
        x[::2, ::2] = 0
        return Arguments((x,), settings)

    def saturated(_: np.random.Generator) -> Arguments:
        return Arguments((np.array([-1e4, -800.0, -40.0, -20.0, 20.0, 40.0, 800.0, 1e4]),), settings)

    return (
        Case("typical", case((4, 5))),
        Case("images", case((2, 2, 3, 3))),
        Case("one number", case((1,))),
        Case("with zeros", zeros),
        Case("close to zero", near_zero),
        Case("saturated", saturated),
        Case("tiny numbers", case((3, 4), 1e-6)),
        Case("huge numbers", case((3, 4), 1e6)),
        Case("large", case((128, 160))),
    )


def random_array(rng: np.random.Generator) -> Arguments:
    """Any numbers with one to four axes."""
    return Arguments((values(rng, tuple(small(rng) for _ in range(rng.integers(1, 5)))),))
