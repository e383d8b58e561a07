"""What a diagnosis rests on: the Jacobian ∂y/∂x by central differences, for a grid of elements of one argument.

With it the right gradient is known for any dy: J·dy; also for a dy that is zero but for one sample or one position.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnfromscratch.gradcheck.differences import Ladder, Slope
from nnfromscratch.gradcheck.elements import Prober
from nnfromscratch.types import Array

ELEMENTS = 128  # at most so many elements in the grid
ENTRIES = 1_000_000  # and at most so many entries in the Jacobian


@dataclass(frozen=True)
class Evidence:
    """Of one argument, for K cotangents dy.

    grid: one index array for each axis; the rest is on that grid only, flat, G elements.
    jacobian: (G, M), row g is ∂y/∂x[g].   known: (G,), False where the row could not be measured.
    analytic, numeric: (K, G).   claimed: (K, *shape), what backward said of the whole argument.
    """

    prober: Prober
    grid: tuple[Array, ...]
    jacobian: Array
    known: Array
    analytic: Array
    numeric: Array
    claimed: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The argument's shape."""
        return self.prober.x.shape

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """The number of grid elements along each axis."""
        return tuple(len(axis) for axis in self.grid)

    @property
    def dys(self) -> Array:
        """The cotangents (K, M)."""
        return self.prober.observation.cotangents

    @property
    def y(self) -> Array:
        """The result, in its own shape."""
        return self.prober.observation.y.reshape(self.prober.observation.shape)

    def on_grid(self, array: Array) -> Array:
        """The elements of an array of the argument's shape that lie on the grid, flat."""
        return np.asarray(array[np.ix_(*self.grid)] if self.grid else array).ravel()


def gather(prober: Prober, rng: np.random.Generator, wrong: tuple[int, ...] | None = None) -> Evidence:
    """Measure the Jacobian of the prober's argument on a grid.

    It has the first and the last index of every axis, and those of the element ``wrong``.
    """
    grid = _grid(prober.x.shape, prober.observation.y.size, rng, wrong)
    flat_indices = np.arange(prober.x.size).reshape(prober.x.shape)
    chosen = (flat_indices[np.ix_(*grid)] if grid else flat_indices).ravel()
    jacobian = np.zeros((chosen.size, prober.observation.y.size))
    known = np.zeros(chosen.size, dtype=bool)
    for row, k in enumerate(chosen):
        known[row] = _measure(prober, tuple(int(i) for i in np.unravel_index(k, prober.x.shape)), jacobian[row])
    claimed = prober.gradients
    analytic = claimed.reshape(len(claimed), -1)[:, chosen]
    return Evidence(prober, grid, jacobian, known, analytic, prober.observation.cotangents @ jacobian.T, claimed)


def _measure(prober: Prober, index: tuple[int, ...], row: Array) -> bool:
    """Fill one row of the Jacobian; False where the function has a kink or is too noisy."""
    along, scale = prober.along_element(index), float(prober.scales[index])
    ladder = Ladder(along, prober.observation.y, prober.observation.cotangents)
    size = np.linalg.norm(prober.observation.cotangents * prober.observation.y, axis=1)

    def enough(slopes: list[Slope]) -> bool:
        return all(s.error <= 1e-7 * abs(s.value) or s.error <= 1e-11 * size[k] for k, s in enumerate(slopes))

    slopes = ladder.descend(enough)
    if slopes is None or any(s.error > 1e-4 * abs(s.value) and s.error > 1e-8 * size[k] for k, s in enumerate(slopes)):
        return False
    step = slopes[0].step
    ends = [along(t) for t in (step, -step, 4 * step, -4 * step)]
    plus, minus, far_plus, far_minus = (prober.observation.y if end is None else end for end in ends)
    row[:] = (16 * (plus - minus) / (2 * step) - (far_plus - far_minus) / (8 * step)) / 15 / scale
    return True


def _grid(
    shape: tuple[int, ...], outputs: int, rng: np.random.Generator, wrong: tuple[int, ...] | None
) -> tuple[Array, ...]:
    most = max(48, min(ELEMENTS, ENTRIES // max(outputs, 1)))
    lengths = list(shape)
    while np.prod(lengths, dtype=np.int64) > most and max(lengths) > 2:
        longest = int(np.argmax(lengths))
        lengths[longest] = (lengths[longest] + 1) // 2
    grid = []
    for length, kept, at in zip(shape, lengths, wrong or [0] * len(shape), strict=True):
        inner = rng.permutation(np.arange(1, max(length - 1, 1)))[: max(kept - 2, 0)]
        grid.append(np.unique([*inner, 0, length - 1, at]).astype(np.intp))
    return tuple(grid)
