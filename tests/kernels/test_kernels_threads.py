"""Work in ranges: they make up the whole, several threads give the bits of one, and a failure is not lost."""

import os
import threading

import numpy as np
import pytest
from kernel_cases import INTERPRETED, NONE, Case, kernel_set

from nnfromscratch.errors import RangeError
from nnfromscratch.kernels import threads

MUCH = 1e9


@pytest.fixture(autouse=True)
def forgotten_setting():
    threads._given.cache_clear()
    yield
    threads._given.cache_clear()


def ranges(count, setting, cost=MUCH):
    calls = []
    with threads.use_threads(setting):
        threads.share(lambda first, last: calls.append((first, last)), count, cost=cost)
    return sorted(calls)


@pytest.mark.parametrize("setting", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 8, 100])
def test_the_ranges_make_up_the_whole(count, setting):
    calls = ranges(count, setting)
    assert [index for first, last in calls for index in range(first, last)] == list(range(count))
    assert len(calls) == min(count, setting)
    assert max(last - first for first, last in calls) - min(last - first for first, last in calls) <= 1


def test_little_work_stays_in_one_range():
    assert ranges(8, 4, cost=threads.WORTH - 1) == [(0, 8)]
    assert len(ranges(8, 4, cost=threads.WORTH)) == 4
    assert ranges(0, 4) == [(0, 0)]


def test_the_ranges_run_on_several_threads_at_once(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    together = threading.Barrier(3, timeout=30)  # passes only if three calls are under way
    names = []

    def work(first, last):
        together.wait()
        names.append(threading.current_thread().name)

    threads.share(work, 3, cost=MUCH)
    assert len(set(names)) == 3
    assert threading.current_thread().name in names
    assert sum(name.startswith("nnfromscratch") for name in names) == 2


@pytest.mark.parametrize("bad", [0, 3])
def test_a_failure_in_any_range_is_raised(monkeypatch, bad):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "4")

    def work(first, last):
        if first == bad:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.share(work, 4, cost=MUCH)


def test_the_number_of_threads(monkeypatch):
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    assert threads.thread_count() == available
    for setting, expected in (
        ("1", 1),
        ("5", 5),
        ("0", available),
        ("", available),
        ("-2", available),
        ("x", available),
    ):
        monkeypatch.setenv("NUMBA_NUM_THREADS", setting)
        threads._given.cache_clear()
        assert threads.thread_count() == expected
    monkeypatch.setenv("NUMBA_NUM_THREADS", "")
    monkeypatch.setattr(os, "sched_getaffinity", {0: {4, 5, 7}}.get, raising=False)  # 0 is this process
    threads._given.cache_clear()
    assert threads.thread_count() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    threads._given.cache_clear()
    assert threads.thread_count() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    threads._given.cache_clear()
    assert threads.thread_count() == 1
    with threads.use_threads(6):
        assert threads.thread_count() == 6
        with threads.use_threads():
            assert threads.thread_count() == 6
    assert threads.thread_count() == 1
    with pytest.raises(RangeError, match="use_threads: count expects a whole number of at least 1, is 0"):
        threads.use_threads(0).__enter__()


def test_one_pool_whatever_the_number_of_ranges():
    ranges(8, 4)
    pool = threads._pool(4, os.getpid())
    ranges(3, 4)
    ranges(8, 4)
    assert threads._pool(4, os.getpid()) is pool


def test_a_forked_process_starts_its_own_threads(monkeypatch):
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    threads.share(lambda first, last: None, 2, cost=MUCH)
    assert threads._pool(2, os.getpid()) is not threads._pool(2, os.getpid() + 1)


def test_blas_keeps_to_one_thread_inside_and_gets_its_threads_back():
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def blas_threads():
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        with threads.one_blas_thread():
            assert set(blas_threads()) <= {1}
        assert blas_threads() == before
        with pytest.raises(ZeroDivisionError), threads.one_blas_thread():
            raise ZeroDivisionError
        assert blas_threads() == before


def test_the_cost_is_the_number_of_operations_compiled(monkeypatch):
    # it decides on the number of threads: one multiplication and one addition for every product of equation (1)
    compiled = kernel_set("compiled")
    costs = []

    def share(work, count, *, cost):
        costs.append(cost)
        threads.share(work, count, cost=0)

    monkeypatch.setattr(compiled, "share", share)
    x, weight = np.ones((2, 3, 8, 10)), np.ones((5, 3, 4, 2))
    y = compiled.conv2d(x, weight, (1, 1), NONE)
    compiled.conv2d_grad_input(y, weight, (8, 10), (1, 1), NONE)
    compiled.conv2d_grad_weight(y, x, (4, 2), (1, 1), NONE)
    assert costs == [2 * y.size * 24] * 3
    costs.clear()
    compiled.conv2d_grad_input(np.ones((2, 5, 3, 5)), weight, (8, 10), (2, 2), NONE)
    assert costs == [2 * 150 * 24]  # the four classes of pixels together
    costs.clear()
    y, winner = compiled.max_pool2d(x, (2, 3), (1, 1), NONE)
    compiled.max_pool2d_grad(y, winner, (8, 10), (2, 3), (1, 1), NONE)
    compiled.avg_pool2d(x, (2, 3), (1, 1), NONE)
    compiled.avg_pool2d_grad(y, (8, 10), (2, 3), (1, 1), NONE)
    assert costs == [y.size * 6] * 4


CASES = [
    Case(8, 6, 10, (14, 13), (3, 3), (1, 1), ((1, 1), (1, 1)), np.float32, ("C", "C"), 0),
    Case(16, 5, 7, (21, 20), (5, 4), (2, 3), ((2, 0), (1, 3)), np.float64, ("batch last", "F"), 1),
    Case(9, 3, 130, (9, 9), (2, 2), (1, 2), ((0, 1), (0, 0)), np.float32, ("F", "gaps"), 2),
]


@pytest.mark.skipif(INTERPRETED, reason="a million operations are too many for Python")
@pytest.mark.parametrize("case", CASES)
def test_several_threads_give_the_bits_of_one_compiled(monkeypatch, case):
    kernels = kernel_set("compiled")
    x, weight, dy = case.x(), case.weight(), case.dy()
    assert 2 * dy.size * case.channels * case.kernel[0] * case.kernel[1] > 1e6
    dense = np.random.default_rng(3).standard_normal((50, 30, 20, 20)).astype(case.dtype)
    winners = kernels.max_pool2d(dense, (3, 3), (2, 2), NONE)
    assert winners[0].size * 9 > 1e6

    def everything():
        return [
            kernels.conv2d(x, weight, case.stride, case.padding),
            kernels.conv2d_grad_input(dy, weight, case.size, case.stride, case.padding),
            kernels.conv2d_grad_weight(dy, x, case.kernel, case.stride, case.padding),
            *kernels.max_pool2d(dense, (3, 3), (2, 2), NONE),
            kernels.max_pool2d_grad(winners[0], winners[1], (20, 20), (3, 3), (2, 2), NONE),
            kernels.avg_pool2d(dense, (3, 3), (2, 2), NONE),
            kernels.avg_pool2d_grad(winners[0], (20, 20), (3, 3), (2, 2), NONE),
        ]

    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    alone = [result.tobytes() for result in everything()]
    for setting in ("2", "3", "8"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", setting)
        assert [result.tobytes() for result in everything()] == alone
