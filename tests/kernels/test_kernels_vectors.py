"""Vectors mean the same in Python and as the processor's instructions, at every width, and keep to their arrays."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kernel_cases import INTERPRETED, every_kernel, kernel_set

numba = pytest.importorskip("numba")

from nnfromscratch.kernels import vectors  # noqa: E402 (needs Numba)
from nnfromscratch.kernels.vectors import lanes, load, multiply_add, spread, store, totals, zeros  # noqa: E402

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])
compiles = pytest.mark.skipif(INTERPRETED, reason="nothing is compiled")


def widths(array, sizes):
    """How many numbers fit into 1, 2 and 4 registers."""
    sizes[0], sizes[1], sizes[2] = lanes(zeros(array, 1)), lanes(zeros(array, 2)), lanes(zeros(array, 4))


def moved(source, target, index, count):
    """Whole vectors and parts of them, from place ``index`` to the same place."""
    one, two = zeros(source, 1), zeros(source, 2)
    store(target[0], index, None, load(source, index, None, one))
    store(target[1], index, None, load(source, index, count, one))
    store(target[2], index, count, load(source, index, None, one))
    store(target[3], index, count, load(source, index, count, one))
    store(target[4], index, None, load(source, index, None, two))
    store(target[5], index, count, load(source, index, count, two))
    store(target[6], index, None, spread(source, index + 1, two))
    store(target[7], index, None, zeros(source, 4))


def combined(a, x, y, target):
    """Products and sums, and sums kept over a loop."""
    one = zeros(a, 1)
    factor = spread(a, 2, one)
    store(target[0], 0, None, multiply_add(load(a, 1, None, one), load(x, 1, None, one), load(y, 1, None, one)))
    total = one
    for k in range(5):
        total = multiply_add(factor, load(x, k, None, one), total)
    store(target[1], 0, None, total)


def added(source, target):
    """The totals of 16 vectors."""
    z, n = zeros(source, 1), lanes(zeros(source, 1))
    a, b = load(source, 0, None, z), load(source, n, None, z)
    c, d = load(source, 2 * n, None, z), load(source, 3 * n, None, z)
    e, f = load(source, 4 * n, None, z), load(source, 5 * n, None, z)
    g, h = load(source, 6 * n, None, z), load(source, 7 * n, None, z)
    i, j = load(source, 8 * n, None, z), load(source, 9 * n, None, z)
    k, m = load(source, 10 * n, None, z), load(source, 11 * n, None, z)
    o, p = load(source, 12 * n, None, z), load(source, 13 * n, None, z)
    q, r = load(source, 14 * n, None, z), load(source, 15 * n, None, z)
    store(target, 0, None, totals((a, b, c, d, e, f, g, h, i, j, k, m, o, p, q, r)))


def turned(source, target):
    """A square out of the middle of one matrix into the middle of another."""
    vectors.transpose(target, 5, 20, source, 3, 23, zeros(source, 1))


def numbers(dtype, count=400):
    return np.random.default_rng(0).permutation(count).astype(dtype) - dtype(100)


# In Python: what each function says it does


@every_type
def test_the_meaning_of_each_function(dtype):
    a = np.arange(40, dtype=dtype)
    one = zeros(a, 1)
    assert (one.dtype, one.size * one.itemsize) == (dtype, vectors.REGISTER)
    assert (lanes(one), lanes(zeros(a, 2)), lanes(zeros(a, 4))) == (one.size, 2 * one.size, 4 * one.size)
    assert not one.any()
    np.testing.assert_array_equal(load(a, 3, None, one), a[3 : 3 + one.size])
    for count in range(one.size + 1):
        np.testing.assert_array_equal(load(a, 3, count, one), [*a[3 : 3 + count], *[0] * (one.size - count)])
        target = np.full(40, -1, dtype)
        store(target, 3, count, load(a, 3, None, one))
        np.testing.assert_array_equal(target, [*[-1] * 3, *a[3 : 3 + count], *[-1] * (37 - count)])
    target = np.full(40, -1, dtype)
    store(target, 3, None, one)
    np.testing.assert_array_equal(target == 0, (np.arange(40) >= 3) & (np.arange(40) < 3 + one.size))
    np.testing.assert_array_equal(spread(a, 7, one), np.full(one.size, 7))
    np.testing.assert_array_equal(multiply_add(one + 2, one + 3, one + 4), np.full(one.size, 10))
    np.testing.assert_array_equal(totals(tuple(one + k for k in range(16))), np.arange(16) * one.size)
    square = np.zeros(one.size**2, dtype)
    matrix = np.arange(one.size**2, dtype=dtype).reshape(one.size, one.size)
    vectors.transpose(square, 0, one.size, matrix.reshape(-1), 0, one.size, one)
    np.testing.assert_array_equal(square.reshape(matrix.shape), matrix.T)
    for vector in (load(a, 0, 2, one), spread(a, 0, one), multiply_add(one, one, one), totals((one,) * 16)):
        assert vector.dtype == dtype


# Compiled: the same, on registers of every width (the compiler splits those that this processor has not)


@pytest.fixture(params=[16, 32, 64])
def register(request, monkeypatch):
    monkeypatch.setattr(vectors, "REGISTER", request.param)
    return request.param


@compiles
@every_type
def test_compiled_vectors_mean_what_python_says(dtype, register):
    n = register // np.dtype(dtype).itemsize
    sizes, expected = np.zeros((2, 3), np.int64)
    numba.njit(widths)(numbers(dtype), sizes)
    widths(numbers(dtype), expected)
    assert sizes.tolist() == expected.tolist() == [n, 2 * n, 4 * n]

    move, source = numba.njit(moved), numbers(dtype)
    for index, count in [(5, count) for count in range(n + 1)] + [(0, n), (400 - 4 * n, n - 1)]:
        ours, theirs = np.full((2, 8, 400), 0.5, dtype)
        move(source, ours, index, count)
        moved(source, theirs, index, count)
        np.testing.assert_array_equal(ours, theirs)

    ours, theirs = np.zeros((2, 2, n), dtype)
    arguments = source, source[::-1].copy(), source + dtype(7)
    numba.njit(combined)(*arguments, ours)
    combined(*arguments, theirs)
    np.testing.assert_array_equal(ours, theirs)  # whole numbers: no rounding

    ours, theirs = np.zeros((2, 20), dtype)
    numba.njit(added)(source, ours)
    added(source, theirs)
    np.testing.assert_array_equal(ours, theirs)

    ours, theirs = np.full((2, 400), 0.5, dtype)
    numba.njit(turned)(source, ours)
    turned(source, theirs)
    np.testing.assert_array_equal(ours, theirs)


@compiles
@every_type
def test_what_lies_behind_the_count_is_neither_read_nor_written(dtype):
    move, one = numba.njit(moved), zeros(np.zeros(1, dtype), 1)
    for count in range(one.size):
        source = np.full(400, np.nan, dtype)
        source[5 : 5 + count] = 3
        target = np.full((8, 400), 7, dtype)
        move(source, target, 5, count)
        np.testing.assert_array_equal(target[1, 5 : 5 + one.size], [3] * count + [0] * (one.size - count))
        np.testing.assert_array_equal(target[3], [7] * 5 + [3] * count + [7] * (395 - count))
        np.testing.assert_array_equal(target[5], target[3])


@compiles
def test_a_product_and_a_sum_are_rounded_once_at_the_most():
    # (1 + ε)² − 1 is 2ε + ε²: rounded in between, ε² is lost. A processor without the instruction may lose it.
    eps = np.finfo(np.float64).eps
    a, y = np.full(40, 1 + eps), np.full(40, -1.0)
    target = np.zeros((2, 40))
    numba.njit(combined)(a, a, y, target)
    assert set(target[0][: lanes(zeros(a, 1))]) <= {2 * eps, 2 * eps + eps**2}


# Bounds

PROGRAM = """
import numpy as np
from nnfromscratch.kernels.numba_options import compiled
from nnfromscratch.kernels.vectors import CHECKED, lanes, load, spread, store, zeros

@compiled
def load_all(a, index, count):
    store(a, 0, None, load(a, index, None, zeros(a, 1)))

@compiled
def load_some(a, index, count):
    store(a, 0, None, load(a, index, count, zeros(a, 1)))

@compiled
def store_all(a, index, count):
    store(a, index, None, zeros(a, 1))

@compiled
def store_some(a, index, count):
    store(a, index, count, zeros(a, 1))

@compiled
def spread_one(a, index, count):
    store(a, 0, None, spread(a, index, zeros(a, 1)))

def inside(kernel, index, count):
    try:
        kernel(a, index, count)
    except IndexError:
        return False
    return True

a = np.arange(40.0)
n = lanes(zeros(a, 1))
assert CHECKED
for kernel in (load_all, store_all):
    assert [inside(kernel, index, 0) for index in (-1, 0, 40 - n, 41 - n, 39, 40)] == [False, True, True] + 3 * [False]
for kernel in (load_some, store_some):
    for count in range(1, n):
        places = (-1, 0, 40 - count, 41 - count, 40)
        assert [inside(kernel, index, count) for index in places] == [False, True, True, False, False], (kernel, count)
assert [inside(spread_one, index, 0) for index in (-1, 0, 39, 40)] == [False, True, True, False]
print("watched")
"""


def child(program, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(FOLDER)]), **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@compiles
def test_a_vector_beyond_its_array_is_noticed_when_bounds_are_watched(tmp_path):
    # by this the slow test of all kernels' bounds can fail
    assert child(PROGRAM, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path)) == ["watched"]


# The compiled kernels as Python

INTERPRETER = """
import sys
import numpy as np
from kernel_cases import INTERPRETED, every_kernel, kernel_set
assert INTERPRETED
compiled = kernel_set("compiled")
assert not hasattr(compiled.correlation.correlate, "signatures")
results = {dtype.__name__ + name: result for dtype in (np.float32, np.float64)
           for name, result in every_kernel(compiled, dtype, integers=dtype == np.float32).items()}
np.savez(sys.argv[1], **results)
"""


@compiles
def test_without_the_compiler_python_runs_the_same_kernels(tmp_path):
    child(INTERPRETER, tmp_path / "results.npz", NUMBA_DISABLE_JIT="1")
    with np.load(tmp_path / "results.npz") as results:
        for dtype in (np.float32, np.float64):
            for name, result in every_kernel(kernel_set("compiled"), dtype, integers=dtype == np.float32).items():
                other = results[dtype.__name__ + name]
                assert other.dtype == result.dtype
                divides = "norm" in name or name.startswith("avg") or name in ("variance", "mean", "theta")
                own = result.dtype if result.dtype.kind == "f" else dtype  # normal numbers are float32 always
                limit = 500 * np.finfo(own).eps if divides or dtype == np.float64 else 0  # whole numbers else
                np.testing.assert_allclose(other, result, rtol=limit, atol=limit, err_msg=name)
