"""What no discriminator can surpass, in closed form: where both densities are known, there is nothing to train."""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import RangeError, require_same_float, require_shape
from nnfromscratch.types import Array


def optimal_discriminator(p_data: Array, p_generated: Array) -> Array:
    """Of all that is found at a point, the share that is real: the best answer that a discriminator can give there.

    D(x) = p_data(x) / (p_data(x) + p_g(x)) = σ(log p_data(x) − log p_g(x))
    v(D) = p_data(x) · log D + p_g(x) · log(1 − D)          ∂v/∂D = p_data(x) / D − p_g(x) / (1 − D)

    v is what x adds to the value of the game; this D is where its derivative is zero. Where both densities are 0
    nothing is ever found and every answer is as good: D is NaN.
    p_data, p_generated: densities or probabilities at the same points, of one shape, which the result has too
    Raises ShapeError where the shapes differ, DtypeError where the types do, RangeError for a density below 0.
    Source: Goodfellow et al., Generative adversarial nets (2014), proposition 1.

    >>> optimal_discriminator(np.array([0.3, 0.1, 0.0]), np.array([0.1, 0.1, 0.2]))
    array([0.75, 0.5 , 0.  ])
    """
    _require_densities("optimal_discriminator", p_data, p_generated)
    return _share(p_data, p_generated)


def optimal_value(p_data: Array, p_generated: Array, x: Array) -> float:
    """The value of the game against the best discriminator: what is left to the generator to lower.

    V = E_{x ~ p_data} log D(x) + E_{x ~ p_g} log(1 − D(x)) = −log 4 + 2 · JSD(p_data, p_g)

    JSD, the Jensen–Shannon divergence, is 0 where the two densities are equal and log 2 where they never meet. So the
    value lies between −log 4, with D = ½ everywhere, and 0, with a D that is always right.
    The integrals are sums of trapezoids, as good as the points are close and reach far.
    p_data, p_generated: (N,) densities at x   x: (N,) points of a line, at least 2, each larger than the one before
    Raises ShapeError where the shapes differ, DtypeError where the types do, RangeError for a density below 0 and for
    an x that does not rise.
    Source: Goodfellow et al., Generative adversarial nets (2014), theorem 1.

    >>> x = np.linspace(-8.0, 8.0, 1001)
    >>> bell = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    >>> round(optimal_value(bell, bell, x), 6), round(-float(np.log(4)), 6)
    (-1.386294, -1.386294)
    """
    name = "optimal_value"
    _require_densities(name, p_data, p_generated)
    require_same_float(name, p_data=p_data, x=x)
    require_shape(name, "x", x.shape, p_data.shape)
    require_shape(name, "x", x.shape, ("N",))
    if len(x) < 2 or not (np.diff(x) > 0).all():
        raise RangeError(f"{name}: x expects at least 2 numbers, each larger than the one before; has shape {x.shape}")
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 · log 0 counts as 0, its limit
        real = np.where(p_data > 0, p_data * np.log(_share(p_data, p_generated)), 0)
        generated = np.where(p_generated > 0, p_generated * np.log(_share(p_generated, p_data)), 0)
    return float(np.trapezoid(real + generated, x))


def _share(of: Array, other: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return of / (of + other)


def _require_densities(operation: str, p_data: Array, p_generated: Array) -> None:
    require_same_float(operation, p_data=p_data, p_generated=p_generated)
    require_shape(operation, "p_generated", p_generated.shape, p_data.shape)
    for argument, density in (("p_data", p_data), ("p_generated", p_generated)):
        if (density < 0).any():
            raise RangeError(f"{operation}: {argument} expects densities >= 0, has {density.min():g}")
