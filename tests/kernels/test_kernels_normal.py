"""Normal numbers from random bits: the equation for any bits, and the distribution that makes them normal."""

import math
from itertools import product

import numpy as np
import pytest
from kernel_cases import INTERPRETED, ORDERS, every_set, fast_sets, kernel_set, laid_out

from nnfromscratch.kernels import threads

EDGES = [sign * 2**power + near for power in range(31) for sign in (-1, 1) for near in (-1, 0, 1)]
EDGES += [-(2**31), -(2**31) + 1, 2**31 - 2, 2**31 - 1, 3 * 2**29 - 1, 3 * 2**29, 1 - 3 * 2**29, -3 * 2**29]


def random_bits(count, seed=0):
    return np.random.default_rng(seed).integers(-(2**31), 2**31, (2, count), np.int32)


def printed(bits):
    """The equation in float64, from a u in float32."""
    u = (1 - bits[0].astype(np.int64) % 2**31 / 2**31).astype(np.float32).astype(np.float64)
    r, phi = np.sqrt(-2 * np.log(u)), 2 * np.pi * bits[1] / 2**32
    return r, np.stack((r * np.cos(phi), r * np.sin(phi)))


def check_equation(name, bits):
    z = kernel_set(name).normal(bits)
    r, expected = printed(bits)
    assert (z.dtype, z.shape) == (np.float32, bits.shape)
    assert (abs(z - expected) <= 4e-7 * r).all()  # three roundings of a number up to r


@every_set
def test_the_equation_for_random_bits(name):
    check_equation(name, random_bits(2_001 if name == "loops" or INTERPRETED else 200_003))


@every_set
def test_the_equation_where_the_bits_change_their_meaning(name):
    bits = np.array(list(product(EDGES[::3] if name == "loops" else EDGES, EDGES)), np.int32).T
    check_equation(name, bits[:, :: 40 if INTERPRETED else 1])


@every_set
def test_the_largest_and_the_smallest_number(name):
    z = kernel_set(name).normal(np.array([[-1, 0, 2**31 - 1], [0, 0, -(2**31)]], np.int32))
    largest = math.sqrt(62 * math.log(2))  # 6.56: beyond it lies one in 2e10 of all normal numbers
    np.testing.assert_allclose(z, [[largest, 0, -largest], [0, 0, 0]], rtol=1e-6, atol=2e-6)


@every_set
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 33])
def test_any_number_of_bits_in_any_memory_order(name, count):
    bits = random_bits(count)
    plain = kernel_set(name).normal(bits)
    assert plain.shape == (2, count)
    for order in ORDERS[:4]:  # NaN, which fills the gaps of the fifth, is no integer
        arranged = laid_out(bits, order)
        np.testing.assert_allclose(kernel_set(name).normal(arranged), plain, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(arranged, bits)


@pytest.fixture(scope="module", params=["vectorized", "compiled"])
def pairs(request):
    """A million numbers, (2, K), as float64."""
    if INTERPRETED and request.param == "compiled":
        pytest.skip("too many numbers for Python")
    return kernel_set(request.param).normal(random_bits(2**19, seed=1)).astype(np.float64)


def test_the_first_moments_are_those_of_normal_numbers(pairs):
    # E zᵏ = 0, 1, 0, 3, 0, 15, with the variance (E z²ᵏ − (E zᵏ)²) / n of such a mean
    for z in (*pairs, pairs):
        power = np.ones_like(z)
        for moment, spread in ((0, 1), (1, 2), (0, 15), (3, 96), (0, 945), (15, 10_170)):
            power *= z
            assert abs(power.mean() - moment) < 4 * math.sqrt(spread / z.size)


def test_the_distribution_function_is_that_of_normal_numbers(pairs):
    places = np.linspace(-5, 5, 2001)
    expected = np.array([(1 + math.erf(place / math.sqrt(2))) / 2 for place in places])
    for z in (*pairs, pairs.ravel()):
        below = np.searchsorted(np.sort(z), places, side="right") / z.size
        assert abs(below - expected).max() < 1.95 / math.sqrt(z.size)  # Kolmogorov and Smirnov: one in a thousand


@pytest.mark.parametrize("place", [2, 3, 4, 4.5])
def test_as_many_numbers_are_far_out_as_should_be(pairs, place):
    expected = pairs.size * math.erfc(place / math.sqrt(2)) / 2
    for count in ((pairs > place).sum(), (pairs < -place).sum()):
        assert abs(count - expected) < 4 * math.sqrt(expected)


def test_numbers_know_nothing_of_their_neighbours_and_partners(pairs):
    # uncorrelated, also their squares, absolute values and signs
    one, other = pairs
    for of in (lambda z: z, np.square, np.abs, np.sign):
        for a, b in ((one, other), (one[1:], one[:-1]), (other[1:], other[:-1]), (one[1:], other[:-1])):
            assert abs(np.corrcoef(of(a), of(b))[0, 1]) < 4 / math.sqrt(a.size)
    quarter = np.arctan2(other, one) * 4 / np.pi  # all eighths of the circle alike
    counts = np.bincount(np.floor(quarter).astype(int) % 8, minlength=8)
    assert abs(counts - one.size / 8).max() < 4 * math.sqrt(one.size * 7 / 64)


@fast_sets
def test_several_threads_give_the_bits_of_one(monkeypatch, name):
    kernels, bits, results = kernel_set(name), random_bits(503 if INTERPRETED else 100_003), set()
    if name == "compiled":
        monkeypatch.setattr(kernels, "share", lambda work, count, *, cost: threads.share(work, count, cost=1e9))
    for count in (1, 2, 3, 5, 7):
        with threads.use_threads(count):
            results.add(kernels.normal(bits).tobytes())
    assert len(results) == 1
