"""Thousands of convolutions drawn at random, of whole numbers: the compiled kernels give exactly the others' sums."""

import numpy as np
import pytest
from kernel_cases import INTERPRETED, ORDERS, Case, kernel_set

BATCHES = (1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 200, 255, 257, 300)
CHANNELS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 31, 32, 33, 64, 65, 67, 70)

pytestmark = pytest.mark.skipif(INTERPRETED, reason="so many sums are too many for Python")


def drawn(rng, most):
    """A convolution of at most so many multiplications: kernels of 1, strides over the kernel's size, any padding."""
    while True:
        kernel = tuple(int(rng.choice((1, 2, 3, 4, 5, 7), p=(0.25, 0.15, 0.3, 0.1, 0.15, 0.05))) for _ in range(2))
        lopsided = tuple(tuple(int(v) for v in rng.integers(0, length + 2, 2)) for length in kernel)
        padding = (((0, 0), (0, 0)), tuple((length // 2, length // 2) for length in kernel), lopsided)[rng.integers(3)]
        stride = ((1, 1), tuple(int(v) for v in rng.integers(1, 7, 2)))[int(rng.random() < 0.5)]
        least = [max(1, length - sum(pad)) for length, pad in zip(kernel, padding, strict=True)]
        size = int(rng.integers(least[0], 13)), int(rng.integers(least[1], rng.choice((13, 41))))
        case = Case(
            batch=int(rng.choice(BATCHES)),
            channels=int(rng.choice(CHANNELS)),
            filters=int(rng.choice(CHANNELS)),
            size=size,
            kernel=kernel,
            stride=stride,
            padding=padding,
            dtype=(np.float32, np.float64)[rng.integers(2)],
            orders=tuple(ORDERS[k] for k in rng.integers(len(ORDERS), size=2)),
            seed=int(rng.integers(2**16)),
        )
        products = case.batch * case.channels * case.filters * kernel[0] * kernel[1] * case.outputs[0] * case.outputs[1]
        if products <= most:
            return case


def drawn_tiny(rng):
    """One that loops in Python finish at once."""
    kernel = tuple(int(v) for v in rng.integers(1, 4, 2))
    padding = tuple(tuple(int(v) for v in rng.integers(0, length + 2, 2)) for length in kernel)
    size = tuple(int(rng.integers(max(1, k - sum(pad)), 6)) for k, pad in zip(kernel, padding, strict=True))
    return Case(
        batch=int(rng.integers(0, 4)),
        channels=int(rng.integers(1, 4)),
        filters=int(rng.choice((1, 1, 2, 3, 4, 5))),
        size=size,
        kernel=kernel,
        stride=tuple(int(v) for v in rng.integers(1, 5, 2)),
        padding=padding,
        dtype=(np.float32, np.float64)[rng.integers(2)],
        orders=tuple(ORDERS[k] for k in rng.integers(len(ORDERS), size=2)),
        seed=int(rng.integers(2**16)),
    )


def check(case, name):
    """No rounding: even the largest sum is below 2²⁴, where float32 still counts."""
    x, weight, dy = case.x(integers=True), case.weight(integers=True), case.dy(integers=True)
    for kernel, arguments in {
        "conv2d": (x, weight, case.stride, case.padding),
        "conv2d_grad_input": (dy, weight, case.size, case.stride, case.padding),
        "conv2d_grad_weight": (dy, x, case.kernel, case.stride, case.padding),
    }.items():
        expected = getattr(kernel_set(name), kernel)(*arguments)
        actual = getattr(kernel_set("compiled"), kernel)(*arguments)
        assert actual.dtype == case.dtype
        np.testing.assert_array_equal(actual, expected, err_msg=f"{kernel} of {case}")


@pytest.mark.parametrize("seed", range(10))
def test_three_hundred_convolutions_compiled_and_vectorized(seed):
    rng = np.random.default_rng((0, seed))
    for _ in range(30):
        check(drawn(rng, most=3 * 10**6), "vectorized")


@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_tiny_convolutions_compiled_and_in_loops(seed):
    rng = np.random.default_rng((1, seed))
    for _ in range(20):
        check(drawn_tiny(rng), "loops")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_two_thousand_larger_convolutions_compiled_and_vectorized(seed):
    rng = np.random.default_rng((2, seed))
    for _ in range(100):
        check(drawn(rng, most=3 * 10**7), "vectorized")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_two_thousand_tiny_convolutions_compiled_and_in_loops(seed):
    rng = np.random.default_rng((3, seed))
    for _ in range(100):
        check(drawn_tiny(rng), "loops")
