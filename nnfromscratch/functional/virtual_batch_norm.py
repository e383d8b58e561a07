"""Virtual batch normalization: each sample beside a batch that never changes, instead of beside its neighbours."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from nnfromscratch.errors import (
    ShapeError,
    require_gradient,
    require_int,
    require_nonempty_axes,
    require_number,
    require_same_float,
    require_shape,
    require_wrt,
)
from nnfromscratch.types import Array, Backward


def virtual_batch_norm(
    x: Array, weight: Array, bias: Array, *, reference_size: int, eps: float = 1e-5
) -> tuple[Array, Backward]:
    """Each sample is normalized by the statistics of R + 1 samples: a reference batch, and itself.

    x̂[n] = (x[n] − μ[n]) / s[n]        y[n] = γ·x̂[n] + β        s[n] = √(σ²[n] + ε)

    The reference is the first R samples of x. Its own statistics, μ_R and σ²_R for each channel, are all that it is
    normalized by, as in ``batch_norm``. Each sample n after it is the last of a batch of R + 1 whose others are these:

    μ[n] = μ_R + d[n] / (R + 1)        σ²[n] = (R·σ²_R + q[n]) / (R + 1) − (d[n] / (R + 1))²

    d[n] = mean(x[n] − μ_R)        q[n] = mean((x[n] − μ_R)²)        over the P positions of the sample

    ∂L/∂γ = Σ ∂L/∂y · x̂        ∂L/∂β = Σ ∂L/∂y        (sums over all samples and positions)

    ∂L/∂x[n] = g[n] / s[n] − Σ_{k∈K(n)} (G[k] + (x[n] − μ[k]) · H[k] / s[k]) / (s[k]·M[k])

    g = ∂L/∂y · γ        G[k] = Σ g[k]        H[k] = Σ g[k] · x̂[k]        over the P positions

    K(n) are the samples into whose statistics n entered: for one of the reference all, for another just itself. M[k] is
    of how many numbers they were made: R·P in the reference, (R + 1)·P after it.
    So no sample's result depends on those that happen to be beside it in the batch; a single one will do, in training
    as in evaluation. The price is the reference, which must take the same way through the network.
    x: (R + N, C) or (R + N, C, H, W), or no samples at all   weight γ, bias β: (C,)
    reference_size R: at least 1   eps ε: a finite number > 0
    Raises ShapeError where C disagrees or is zero, where x has samples but fewer than R, and where the reference has
    fewer than 2 numbers in a channel; RangeError for a size under 1; DtypeError where the arrays' types differ.
    Source: Salimans et al., Improved Techniques for Training GANs (2016), section 3.5; that a sample's own statistics
    count 1/(R + 1) is from the authors' program.

    >>> x = np.array([[1.0], [3.0], [8.0]])          # a reference of two, then 8: with it the mean is 4, σ² = 26/3
    >>> y, backward = virtual_batch_norm(x, np.ones(1), np.zeros(1), reference_size=2, eps=1e-12)
    >>> y.round(3)
    array([[-1.   ],
           [ 1.   ],
           [ 1.359]])
    """
    size = require_int("virtual_batch_norm", "reference_size", reference_size, least=1)
    _require_reference(x, weight, bias, size)
    require_number("virtual_batch_norm", "eps", eps, above=0)
    positions = tuple(range(2, x.ndim))
    dtype, count = x.dtype.type, math.prod(x.shape[2:])

    def spread(a: Array) -> Array:
        """(C,) or (R + N, C) so that it broadcasts to x."""
        return a.reshape(a.shape + (1,) * len(positions))

    beyond = np.arange(len(x))[:, None] >= size  # whether a sample comes after the reference
    share = beyond * dtype(1 / (size + 1))  # how much it counts in its own statistics
    numbers = dtype(count) * (dtype(size) + beyond)  # M
    mean = x[:size].sum(axis=(0, *positions)) / dtype(size * count)
    x_hat = x - spread(mean)  # not yet: so far x − μ_R
    square = (x_hat * x_hat).mean(axis=positions)  # q
    variance = square[:size].sum(axis=0) / dtype(size)
    shift = share * x_hat.mean(axis=positions)  # μ[n] − μ_R
    scale = 1 / np.sqrt(variance + share * (square - variance) - shift * shift + dtype(eps))  # 1 / s[n]
    x_hat -= spread(shift)
    x_hat *= spread(scale)
    y = x_hat * spread(weight)
    y += spread(bias)

    def backward(
        dy: Array, wrt: Collection[str] = ("x", "weight", "bias")
    ) -> tuple[Array | None, Array | None, Array | None]:
        require_wrt("virtual_batch_norm", wrt, ("x", "weight", "bias"))
        require_gradient("virtual_batch_norm", dy, x_hat.shape, x_hat.dtype)
        dx = None
        if "x" in wrt:
            g = dy * spread(weight)
            # What each sample sends to the numbers z behind its statistics: through_mean + through_variance·(z − μ_R).
            through_variance = scale * scale * (g * x_hat).sum(axis=positions) / numbers
            through_mean = scale * g.sum(axis=positions) / numbers - shift * through_variance
            for through in (through_mean, through_variance):
                through[:size] = through.sum(axis=0)  # the reference is behind everybody's
            dx = x_hat * spread(-through_variance / scale)
            dx -= spread(through_mean + through_variance * shift)
            g *= spread(scale)
            dx += g
        return (
            dx,
            (dy * x_hat).sum(axis=(0, *positions)) if "weight" in wrt else None,
            dy.sum(axis=(0, *positions)) if "bias" in wrt else None,
        )

    return y, backward


def _require_reference(x: Array, weight: Array, bias: Array, size: int) -> None:
    name = "virtual_batch_norm"
    require_same_float(name, x=x, weight=weight, bias=bias)
    if x.ndim not in (2, 4):
        raise ShapeError(f"{name}: x expects shape (N, C) or (N, C, H, W), has {x.shape}")
    require_nonempty_axes(name, "x", x.shape)
    require_shape(name, "weight", weight.shape, (x.shape[1],))
    require_shape(name, "bias", bias.shape, (x.shape[1],))
    if 0 < len(x) < size:
        raise ShapeError(
            f"{name}: x expects to begin with the {size} samples of the reference, has {len(x)} (shape {x.shape}); "
            "WithReference puts them there"
        )
    if size * math.prod(x.shape[2:]) < 2:
        raise ShapeError(f"{name}: x expects at least 2 numbers in a channel of the reference, has 1")
