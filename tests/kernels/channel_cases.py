"""Random arguments for the kernels between the convolutions, and the parts of their equations in float64."""

import math
from dataclasses import dataclass

import hypothesis
import numpy as np
from hypothesis import strategies as st
from kernel_cases import ORDERS, laid_out


@dataclass(frozen=True)
class ChannelCase:
    """Numbers that belong to channels, (N, C) or (N, C, H, W), as the kernels between the convolutions take them."""

    shape: tuple[int, ...]
    dtype: type
    slope: float
    orders: tuple[str, str]
    writeable: bool
    seed: int

    @property
    def count(self):
        """How many numbers a channel has."""
        return math.prod(self.shape) // self.shape[1]

    def numbers(self, place, *, integers=False, special=()):
        """Random numbers, another set for each place; ``special`` ones may stand in one or two places."""
        rng = np.random.default_rng((self.seed, place))
        numbers = rng.integers(-4, 5, self.shape) if integers else rng.standard_normal(self.shape)
        numbers = numbers.astype(self.dtype)
        for _ in range(2 if special and numbers.size else 0):
            numbers[tuple(rng.integers(self.shape))] = rng.choice(special)
        return self.placed(numbers, place)

    def per_channel(self, place, *, integers=False, least=None):
        rng = np.random.default_rng((self.seed, 10 + place))
        numbers = rng.integers(-4, 5, self.shape[1]) if integers else rng.standard_normal(self.shape[1])
        return self.placed((numbers if least is None else least + abs(numbers)).astype(self.dtype), place)

    def placed(self, array, place=0):
        array = laid_out(array, self.orders[place % 2])
        array.flags.writeable = self.writeable
        return array


# lengths around the widths of vectors, of one register to four
LENGTHS = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 66)


@st.composite
def channel_cases(draw, *, least=0, tiny=False):
    """``least``: the fewest numbers in a channel. tiny: so few that loops in Python are quick."""
    channels = draw(st.sampled_from((1, 2, 3, 4, 5, 6, 7, 8, 9, 17)))
    if draw(st.booleans()):
        shape = draw(st.sampled_from([n for n in LENGTHS if least <= n <= (17 if tiny else 66)])), channels
    else:
        lengths = [n for n in LENGTHS if n <= (3 if tiny else 33)]
        pixels = st.integers(1, 2 if tiny else 5)
        shape = draw(st.tuples(st.sampled_from(lengths), st.just(channels), pixels, pixels))
        hypothesis.assume(shape[0] * shape[2] * shape[3] >= least)
    return ChannelCase(
        shape=shape,
        dtype=draw(st.sampled_from((np.float64, np.float32))),
        slope=draw(st.sampled_from((0.0, 0.25, 1.0, 1.5))),  # whole numbers stay exact
        orders=draw(st.tuples(st.sampled_from(ORDERS), st.sampled_from(ORDERS))),
        writeable=draw(st.booleans()),
        seed=draw(st.integers(0, 2**16)),
    )


def wide(x, numbers):
    """Numbers per channel in float64, ready to meet x."""
    return numbers.astype(np.float64).reshape((-1,) + (1,) * (x.ndim - 2))


def sums(x):
    return x.sum(axis=tuple(axis for axis in range(x.ndim) if axis != 1))


def activated(v, slope):
    """f(v) = v where v > 0, otherwise slope · v, and 0 · (−∞) counts as 0; NaN stays."""
    with np.errstate(invalid="ignore"):
        return np.where(v <= 0, 0, v) if slope == 0 else np.where(v > 0, v, slope * v)


def through(dy, y, slope):
    with np.errstate(invalid="ignore"):
        return dy.astype(np.float64) * (1 if slope == 1 else np.where(y > 0, 1, slope))


def near(actual, expected, case, terms=1):
    """Equal but for the rounding of so many additions; and of this case's type."""
    assert actual.dtype == case.dtype
    assert actual.shape == expected.shape
    limit = 16 * np.finfo(case.dtype).eps * max(4, terms)
    np.testing.assert_allclose(actual, expected, rtol=limit, atol=limit)


def unchanged(*arrays):
    """Call the result later: it asserts that the arrays are what they are now."""
    before = [array.copy() for array in arrays]

    def check():
        for array, old in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(array, old)

    return check
