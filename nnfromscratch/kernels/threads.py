"""Several cores for the compiled kernels: each thread owns a range of the outputs, so that no sum is ever shared."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


def thread_count() -> int:
    """NUMBA_NUM_THREADS where it is set, otherwise the number of processors this process may use."""
    setting = os.environ.get("NUMBA_NUM_THREADS", "")
    if setting.isdigit() and int(setting) > 0:
        return int(setting)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@lru_cache(maxsize=1)  # one pool, whatever the number of ranges: threads are started as they are needed
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    del process  # part of the key: a forked child must not wait for threads that it did not inherit
    return ThreadPoolExecutor(threads, thread_name_prefix="nnfromscratch")


def share(work: Callable[[int, int], None], count: int, *, cost: float) -> None:
    """Call ``work(first, last)`` on ranges that make up 0 … count − 1, on several threads where it pays.

    ``cost`` is the whole work in floating-point operations; under a million of them a second thread costs more than
    it saves. ``work`` must release the interpreter lock and write nothing outside its range: then the result has the
    same bits for every number of threads.
    """
    threads = thread_count()
    ranges = min(threads, count)
    if ranges <= 1 or cost < 1e6:
        work(0, count)
        return
    edges = [count * k // ranges for k in range(ranges + 1)]
    pool = _pool(threads, os.getpid())
    others = [pool.submit(work, *span) for span in itertools.pairwise(edges[1:])]
    work(edges[0], edges[1])
    for other in others:
        other.result()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep NumPy's matrix products on one thread inside the ``with``, and leave the cores to the kernels.

    After a product on several threads, these go on spinning for a while, in case another follows; meanwhile they hold
    the cores that the kernels need. The products of a small network are over before a second thread would pay.
    """
    with _blas().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController()
