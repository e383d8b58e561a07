"""Work in ranges: they make up the whole, several threads give the bits of one, and a failure is not lost."""

import itertools
import os
import threading
from functools import partial

import numpy as np
import pytest
from kernel_cases import INTERPRETED, NONE, every_kernel, fast_sets, kernel_set

from nnfromscratch.data import Dataset
from nnfromscratch.errors import RangeError
from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.kernels import threads
from nnfromscratch.layers import BatchNorm, Conv2d, Dense, Dropout, Flatten, LeakyReLU, MaxPool2d, ReLU, Sequential
from nnfromscratch.optimizers import Adam
from nnfromscratch.training import fit

every_type = pytest.mark.parametrize("dtype", [np.float32, np.float64])
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


@pytest.mark.parametrize("counts", [(3, 2), (1,), (4, 0, 3), (0, 5), (2, 2, 2, 2)])
def test_works_in_turn_are_shared_as_one_and_nobody_does_anothers_part(counts):
    expected = [(which, index) for which, count in enumerate(counts) for index in range(count)]
    for edges in itertools.combinations_with_replacement(range(sum(counts) + 1), 2):
        done = []

        def part(done, which, first, last):
            done += [(which, index) for index in range(first, last)]

        work, total = threads.in_turn([(partial(part, done, which), count) for which, count in enumerate(counts)])
        assert total == sum(counts)
        for span in itertools.pairwise((0, *edges, total)):
            work(*span)
        assert done == expected


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


def forced(monkeypatch, name):
    """Share out all work, however little; the list that is returned takes in how many ranges there were."""
    ranges = []

    def share(work, count, *, cost):
        ranges.append(min(count, threads.thread_count()))
        threads.share(work, count, cost=MUCH)

    monkeypatch.setattr(kernel_set(name), "share", share)
    return ranges


@every_type
@pytest.mark.parametrize("options", [{}, {"batch": 21, "channels": 5, "filters": 13, "size": (9, 8)}])
def test_several_threads_give_the_bits_of_one_compiled(monkeypatch, options, dtype):
    if INTERPRETED and options:
        pytest.skip("too many numbers for Python")
    kernels, ranges = kernel_set("compiled"), forced(monkeypatch, "compiled")

    def everything(count):
        ranges.clear()
        with threads.use_threads(count):
            return {name: result.tobytes() for name, result in every_kernel(kernels, dtype, **options).items()}

    alone = everything(1)
    assert set(ranges) == {1}
    for count in (1, 2, 2, 3, 5, 50):
        again = everything(count)
        assert [name for name in alone if again[name] != alone[name]] == []
        assert count == 1 or min(ranges) > 1  # no kernel kept to one thread


@pytest.mark.skipif(INTERPRETED, reason="too many numbers for Python")
@every_type
def test_threads_that_meet_in_the_middle_of_a_block_compiled(monkeypatch, dtype):
    # the numbers of rows, channels and parameters are no multiples of what a kernel takes at a time
    kernels, results = kernel_set("compiled"), {}
    forced(monkeypatch, "compiled")
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((4 * 9 + 3, 1100)).astype(dtype), rng.standard_normal((1100, 77)).astype(dtype)
    numbers = rng.standard_normal((4, 10_007)).astype(dtype)
    x, dy = rng.standard_normal((130, 7, 3, 17)).astype(dtype), rng.standard_normal((130, 11, 3, 17)).astype(dtype)
    for count in (1, 2, 3, 5, 7):
        with threads.use_threads(count):
            theta, g, m, v = numbers.copy()
            kernels.adam(theta, g, m, abs(v), (0.9, 0.1, 0.999, 0.001, 0.01, 2.0, 1e-8, 0.99))
            dweight = kernels.conv2d_grad_weight(dy, x, (3, 3), (1, 1), ((1, 1), (1, 1)))
            results[count] = [array.tobytes() for array in (kernels.matmul(a, b), theta, m, dweight)]
    assert all(result == results[1] for result in results.values())


@fast_sets
def test_the_same_number_of_threads_gives_the_same_bits_again(monkeypatch, name):
    if hasattr(kernel_set(name), "share"):
        forced(monkeypatch, name)
    with threads.use_threads(2):
        first = every_kernel(kernel_set(name), np.float32)
        again = every_kernel(kernel_set(name), np.float32)
    assert {key: result.tobytes() for key, result in first.items()} == {k: r.tobytes() for k, r in again.items()}


@pytest.mark.skipif(INTERPRETED, reason="too many numbers for Python")
@every_type
@fast_sets
def test_several_threads_leave_nothing_out_and_do_nothing_twice(monkeypatch, name, dtype):
    # whole numbers: vectorized promises no bits, but that these sums are exact
    ranges, results = forced(monkeypatch, name), {}
    options = {"batch": 17, "channels": 5, "filters": 13, "size": (11, 8), "integers": True}
    a = np.random.default_rng(0).integers(-3, 4, (700, 37)).astype(dtype)
    for count in (1, 2, 3, 5):
        ranges.clear()
        with threads.use_threads(count):
            results[count] = every_kernel(kernel_set(name), dtype, **options)
            results[count]["tall"] = kernel_set(name).matmul(a, a[:37])
        assert max(ranges) == count
    for key, expected in results[1].items():
        divided = "norm" in key or key.startswith("avg") or key in ("mean", "variance", "theta")
        limit = 1000 * np.finfo(dtype).eps if divided else 0
        for count in (2, 3, 5):
            np.testing.assert_allclose(results[count][key], expected, rtol=limit, atol=limit, err_msg=f"{key}, {count}")
    np.testing.assert_array_equal(results[1]["tall"], a @ a[:37])


def trained(count):
    """Everything that a training leaves behind, as bytes."""
    rng = np.random.default_rng(0)
    images, labels = rng.random((50, 1, 8, 8), np.float32), rng.integers(0, 3, 50)
    network = Sequential(
        *(Conv2d(1, 6, 3, padding=1, rng=rng), BatchNorm(6), ReLU(), MaxPool2d(2)),
        *(Conv2d(6, 8, 3, stride=2, rng=rng), LeakyReLU(), Flatten(), Dropout(0.25, rng=rng), Dense(8, 3, rng=rng)),
    )
    optimizer = Adam(weight_decay=0.01)
    data = Dataset(images, labels, ("a", "b", "c"))
    with threads.use_threads(count):
        history = fit(
            network, data, loss=softmax_cross_entropy, optimizer=optimizer, epochs=3, batch_size=16, rng=rng,
            progress=False,
        )  # fmt: skip
    arrays = {**network.params, **network.state, **optimizer.state_dict()}
    bits = {name: np.asarray(array).tobytes() for name, array in arrays.items() if not name.endswith("rng")}
    assert len(bits) == 8 + 2 + 2 * 8 + 1
    return bits, history.loss


@pytest.mark.skipif(INTERPRETED, reason="too many numbers for Python")
def test_a_training_has_the_same_bits_with_several_threads_compiled(monkeypatch):
    ranges = forced(monkeypatch, "compiled")
    bits, losses = trained(1)
    assert len(losses) == 3
    assert set(ranges) == {1}
    for count in (2, 3, 2):
        ranges.clear()
        assert trained(count) == (bits, losses)
        assert max(ranges) == count
