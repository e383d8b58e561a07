"""Several cores for the kernels: each thread owns a range of the outputs, so that no sum is ever shared.

One number of threads serves the compiled kernels and the matrix products alike: ``NUMBA_NUM_THREADS`` in the
environment or, for a block of code, ``use_threads``.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController

from nnfromscratch.errors import require_int

WORTH = 3e7  # floating-point operations, about 0.3 ms: waking a second thread takes a third of that

_chosen: ContextVar[int | None] = ContextVar("nnfromscratch_threads", default=None)


def thread_count() -> int:
    """As ``use_threads`` says, else NUMBA_NUM_THREADS, else the number of processors this process may use."""
    return _chosen.get() or _given()


@lru_cache(maxsize=1)
def _given() -> int:
    setting = os.environ.get("NUMBA_NUM_THREADS", "")
    if setting.isdigit() and int(setting) > 0:
        return int(setting)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def use_threads(count: int | None = None) -> Iterator[None]:
    """Compute with so many threads inside the ``with``, the kernels and NumPy's own matrix products. None: as it was.

    Raises RangeError for a count under 1.

    >>> with use_threads(1):
    ...     thread_count()
    1
    """
    wanted = thread_count() if count is None else require_int("use_threads", "count", count, least=1)
    token = _chosen.set(wanted)
    try:
        with _blas_threads(wanted):
            yield
    finally:
        _chosen.reset(token)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep NumPy's matrix products on one thread inside the ``with``, and leave the cores to our own threads.

    After a product on several threads of BLAS, these go on spinning for a while, in case another follows; meanwhile
    they hold the cores that the kernels need.
    """
    with _blas_threads(1):
        yield


@contextmanager
def _blas_threads(count: int) -> Iterator[None]:
    # the libraries' own switches: threadpoolctl's limit() looks at all libraries anew, at a hundred times the cost
    before = [(library, library.get_num_threads()) for library in _blas()]
    for library, threads in before:
        if threads != count:
            library.set_num_threads(count)
    try:
        yield
    finally:
        for library, threads in before:
            if threads != count:
                library.set_num_threads(threads)


@lru_cache(maxsize=1)
def _blas() -> list[Any]:
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


@lru_cache(maxsize=1)  # one pool, whatever the number of ranges: threads are started as they are needed
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    del process  # part of the key: a forked child must not wait for threads that it did not inherit
    return ThreadPoolExecutor(threads, thread_name_prefix="nnfromscratch")


def in_turn(works: Sequence[tuple[Callable[[int, int], object], int]]) -> tuple[Callable[[int, int], None], int]:
    """Several works as one to be shared, with their counts added: one wait for the threads instead of many.

    >>> work, count = in_turn([(lambda *span: print("a", *span), 3), (lambda *span: print("b", *span), 2)])
    >>> work(1, count)
    a 1 3
    b 0 2
    """
    starts = [0, *itertools.accumulate(count for _, count in works)]

    def all_works(first: int, last: int) -> None:
        for (work, count), start in zip(works, starts, strict=False):
            begin, end = max(first - start, 0), min(last - start, count)
            if begin < end:
                work(begin, end)

    return all_works, starts[-1]


def share(work: Callable[[int, int], object], count: int, *, cost: float) -> None:
    """Call ``work(first, last)`` on ranges that make up 0 … count − 1, on several threads where it pays.

    ``cost`` is the whole work in floating-point operations; where there are few of them, a second thread costs more
    than it saves. ``work`` must release the interpreter lock and write nothing outside its range: then the result has
    the same bits for every number of threads.
    """
    if cost < WORTH or (ranges := min(thread_count(), count)) <= 1:
        work(0, count)
        return
    edges = [count * k // ranges for k in range(ranges + 1)]
    pool = _pool(thread_count(), os.getpid())
    others = [pool.submit(work, *span) for span in itertools.pairwise(edges[1:])]
    work(edges[0], edges[1])
    for other in others:
        other.result()
