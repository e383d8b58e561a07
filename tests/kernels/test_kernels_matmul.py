"""The matrix product of every set. Whole numbers: every order of adding them gives the same bits, also in float32."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import INTERPRETED, ORDERS, every_set, examples, fast_sets, kernel_set, laid_out, tolerance

from nnfromscratch.kernels.threads import use_threads

BESIDE_VECTORS = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 80, 127, 128, 129, 145)
every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def whole_numbers(seed, *shape, dtype=np.float64):
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(dtype)


def check(name, a, b):
    """Exactly equal, C-contiguous, of the arguments' type, in memory of its own; the arguments as they were."""
    expected = a.astype(np.float64) @ b.astype(np.float64)
    before = a.copy(), b.copy()
    y = kernel_set(name).matmul(a, b)
    assert (y.shape, y.dtype) == ((a.shape[0], b.shape[1]), a.dtype)
    assert y.flags.c_contiguous
    assert y.flags.writeable
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(a, before[0])
    np.testing.assert_array_equal(b, before[1])
    assert not np.shares_memory(y, a)
    assert not np.shares_memory(y, b)


@every_set
def test_the_equation_as_printed(name):
    a, b = whole_numbers(1, 4, 3), whole_numbers(2, 3, 5)
    expected = [[sum(a[i, j] * b[j, k] for j in range(3)) for k in range(5)] for i in range(4)]
    np.testing.assert_array_equal(kernel_set(name).matmul(a, b), expected)


@every_set
def test_products_on_random_shapes(name):
    tiny = name == "loops" or (INTERPRETED and name == "compiled")
    lengths = st.integers(0, 5) if tiny else st.sampled_from(BESIDE_VECTORS)

    @examples(40 if tiny else 150)
    @given(
        lengths, lengths, lengths, st.tuples(*[st.sampled_from(ORDERS)] * 2), st.sampled_from((np.float32, np.float64)),
        st.booleans(), st.integers(0, 99),
    )  # fmt: skip
    def on(rows, depth, columns, orders, dtype, writeable, seed):
        a = laid_out(whole_numbers(seed, rows, depth, dtype=dtype), orders[0])
        b = laid_out(whole_numbers(seed + 100, depth, columns, dtype=dtype), orders[1])
        a.flags.writeable = b.flags.writeable = writeable
        check(name, a, b)

    on()


@every_type
@pytest.mark.parametrize("rows", [1, 7, 8, 15, 16, 17, 40])
def test_a_matrix_is_turned_a_range_of_rows_at_a_time(rows, dtype):
    transpose = pytest.importorskip("nnfromscratch.kernels.elementwise").transpose
    for columns in (1, 7, 8, 15, 16, 17, 33):
        x = np.arange(rows * columns, dtype=dtype).reshape(columns, rows)
        for first, last in [(0, rows), (rows // 3, rows - rows // 4), (0, 0)]:
            out = np.full((rows, columns), -1, dtype)
            transpose(out, x, first, last)
            np.testing.assert_array_equal(out[first:last], x.T[first:last])
            assert (out[:first] == -1).all()
            assert (out[last:] == -1).all()


@every_type
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 6, 7, 8, 9, 17])
@fast_sets
def test_rows_beside_the_multiples_of_4(name, rows, dtype):
    for columns in (1, 3, 21) if INTERPRETED else (1, 8, 15, 33, 100):
        check(name, whole_numbers(1, rows, 5, dtype=dtype), whole_numbers(2, 5, columns, dtype=dtype))


@every_type
@pytest.mark.parametrize("threads", [1, 2])
@fast_sets
def test_what_is_not_finite_passes_through_in_silence(name, threads, dtype):
    a = np.zeros((400, 300) if not INTERPRETED else (8, 6), dtype)
    b = np.full((a.shape[1], 130 if not INTERPRETED else 3), np.inf, dtype)
    with use_threads(threads), np.errstate(all="raise"):  # in NumPy's eyes 0 · ∞ is an invalid value
        y = kernel_set(name).matmul(a, b)
    assert np.isnan(y).all()


@pytest.mark.skipif(INTERPRETED, reason="too many numbers for Python")
@every_type
@fast_sets
def test_every_number_of_columns_up_to_four_registers(name, dtype):
    for columns in range(1, 68):
        check(name, whole_numbers(1, 5, 3, dtype=dtype), whole_numbers(2, 3, columns, dtype=dtype))


@pytest.mark.skipif(INTERPRETED, reason="too many numbers for Python")
@pytest.mark.parametrize("depth", [1, 255, 256, 257, 511, 512, 513, 770])
@every_type
@fast_sets
def test_sums_longer_than_what_is_taken_at_a_time(name, dtype, depth):
    for rows, columns in ((1, 1), (5, 7), (4, 64), (63, 97), (64, 33), (65, 20), (131, 9)):
        for order in ("C", "F"):
            a = laid_out(whole_numbers(depth, rows, depth, dtype=dtype), order)
            check(name, a, whole_numbers(rows, depth, columns, dtype=dtype))


@pytest.mark.parametrize("order", ORDERS)
@every_type
@every_set
def test_every_pair_of_memory_orders(name, dtype, order):
    a, b = whole_numbers(1, 5, 6, dtype=dtype), whole_numbers(2, 6, 9, dtype=dtype)
    for other in ORDERS:
        check(name, laid_out(a, order), laid_out(b, other))
        check(name, laid_out(a, order)[1::2, 2:], laid_out(b, other)[2:, ::3])  # slices
        check(name, laid_out(b, order).T, laid_out(a, other).T)


@every_set
def test_a_matrix_with_itself(name):
    a = whole_numbers(3, 7, 7)
    check(name, a, a)
    check(name, a.T, a)
    check(name, a, a.T)
    check(name, a[:4], a[:, 1:])  # parts that overlap


@every_set
def test_one_row_repeated_without_copies(name):
    a = np.broadcast_to(whole_numbers(1, 1, 6), (5, 6))
    check(name, a, whole_numbers(2, 6, 3))
    check(name, whole_numbers(2, 3, 5), a)


@pytest.mark.parametrize(
    "shape", [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 5), (5, 0, 0), (0, 4, 0), (0, 0, 0), (1, 0, 1)]
)
@every_type
@every_set
def test_an_empty_batch_gives_nothing_or_zeros(name, dtype, shape):
    rows, depth, columns = shape
    check(name, np.ones((rows, depth), dtype), np.ones((depth, columns), dtype))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@every_type
@every_set
def test_what_is_no_number_reaches_its_row_or_column_and_no_others(name, dtype, value):
    kernels = kernel_set(name)
    for rows, columns in ((5, 3), (3, 5)) if INTERPRETED or name == "loops" else ((5, 3), (7, 35), (2, 70)):
        a, b = whole_numbers(1, rows, 6, dtype=dtype), whole_numbers(2, 6, columns, dtype=dtype)
        plain = a @ b
        with np.errstate(invalid="ignore"):
            for place in {0, rows - 1}:
                changed = a.copy()
                changed[place, 4] = value
                expected = plain.copy()
                expected[place] = (changed[place][:, None] * b).sum(axis=0)
                np.testing.assert_array_equal(kernels.matmul(changed, b), expected)
            for place in {0, columns - 1}:
                changed = b.copy()
                changed[2, place] = value
                expected = plain.copy()
                expected[:, place] = (a * changed[:, place]).sum(axis=1)
                np.testing.assert_array_equal(kernels.matmul(a, changed), expected)


@every_type
@every_set
def test_broken_numbers_but_for_rounding(name, dtype):
    rng = np.random.default_rng(5)
    depth = 40 if INTERPRETED or name == "loops" else 1500
    a, b = rng.standard_normal((6, depth)).astype(dtype), rng.standard_normal((depth, 5)).astype(dtype)
    expected = a.astype(np.float64) @ b.astype(np.float64)
    near = tolerance(dtype, depth**0.5)
    np.testing.assert_allclose(kernel_set(name).matmul(a, b), expected, rtol=near, atol=near)
