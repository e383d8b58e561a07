"""The distances between all pairs of samples, and their gradient, against the equations written with NumPy."""

import numpy as np
import pytest
from channel_cases import unchanged
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import INTERPRETED, ORDERS, every_set, examples, kernel_set, laid_out, tolerance

from nnfromscratch.kernels import threads

every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def differences(m):
    """(B, C, N, N): m[b, c, n] − m[b, c, j] in float64."""
    return m.astype(np.float64)[..., None] - m.astype(np.float64)[:, :, None, :]


def gradient(dd, m):
    dd = dd.astype(np.float64)
    return ((dd + dd.swapaxes(1, 2))[:, None] * np.sign(differences(m))).sum(axis=3)


def run(name, check):
    """Call ``check(m, dd)`` with random arrays of both types, in any memory order, with ties and without."""
    few = name == "loops" or (INTERPRETED and name == "compiled")

    @examples(40 if few else 100)
    @given(
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 6 if few else 40)),
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.sampled_from(ORDERS), st.sampled_from(ORDERS)),
        st.booleans(),
        st.integers(0, 2**16),
    )
    def each(shape, dtype, orders, integers, seed):
        rng = np.random.default_rng(seed)
        m = (rng.integers(-2, 3, shape) if integers else rng.standard_normal(shape)).astype(dtype)
        dd = rng.integers(-3, 4, (shape[0], shape[2], shape[2])).astype(dtype)
        check(laid_out(m, orders[0]), laid_out(dd, orders[1]))

    each()


@every_set
def test_distances_of_random_shapes(name):
    def check(m, dd):
        argument_is_unchanged = unchanged(m)
        d = kernel_set(name).pair_distances(m)
        argument_is_unchanged()
        assert (d.dtype, d.shape) == (m.dtype, dd.shape)
        np.testing.assert_allclose(d, abs(differences(m)).sum(axis=1), rtol=tolerance(m.dtype, m.shape[1]))

    run(name, check)


@every_set
def test_gradients_of_random_shapes(name):
    def check(m, dd):
        arguments_are_unchanged = unchanged(m, dd)
        dm = kernel_set(name).pair_distances_grad(dd, m)
        arguments_are_unchanged()
        assert (dm.dtype, dm.shape) == (m.dtype, m.shape)
        np.testing.assert_array_equal(dm, gradient(dd, m))  # sums of whole numbers: no rounding

    run(name, check)


@every_type
@every_set
def test_what_is_no_number_stays_with_its_kernel(name, dtype):
    rng = np.random.default_rng(0)
    m, dd = rng.standard_normal((3, 2, 5)).astype(dtype), rng.standard_normal((3, 5, 5)).astype(dtype)
    plain = kernel_set(name).pair_distances(m), kernel_set(name).pair_distances_grad(dd, m)
    m[1, 1, 3], dd[1, 3] = np.nan, np.nan
    results = kernel_set(name).pair_distances(m), kernel_set(name).pair_distances_grad(dd, m)
    for result, expected in zip(results, plain, strict=True):
        np.testing.assert_array_equal(result[[0, 2]], expected[[0, 2]])
    met = np.zeros((5, 5), bool)
    met[3] = met[:, 3] = True
    np.testing.assert_array_equal(np.isnan(results[0][1]), met)
    assert np.isnan(results[1][1]).all()


@pytest.mark.skipif(INTERPRETED, reason="too many numbers for Python")
@every_type
def test_enough_pairs_are_shared_among_threads_compiled(monkeypatch, dtype):
    kernels, ranges = kernel_set("compiled"), []

    def share(work, count, *, cost):
        ranges.append(cost >= threads.WORTH)
        threads.share(work, count, cost=cost)

    monkeypatch.setattr(kernels, "share", share)
    rng = np.random.default_rng(0)
    m, dd = rng.standard_normal((5, 8, 512)).astype(dtype), rng.standard_normal((5, 512, 512)).astype(dtype)
    results = {}
    for count in (1, 2, 3):
        with threads.use_threads(count):
            results[count] = kernels.pair_distances(m).tobytes(), kernels.pair_distances_grad(dd, m).tobytes()
    assert all(ranges)
    assert results[1] == results[2] == results[3]
