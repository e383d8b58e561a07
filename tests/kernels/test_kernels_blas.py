"""NumPy's own matrix products: as many threads as asked for, and afterwards as many as before."""

import contextvars
import os
import subprocess
import sys
import threading

import pytest
import threadpoolctl

from nnfromscratch.errors import RangeError
from nnfromscratch.kernels import threads


def blas_threads():
    return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]


def test_blas_has_the_number_of_threads_that_was_asked_for_and_then_its_own_again():
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        for count in (1, 2, 3):
            with threads.use_threads(count):
                inside = blas_threads()
                assert set(inside) <= {count}
                with threads.use_threads():
                    assert blas_threads() == inside
                with threads.one_blas_thread():
                    assert set(blas_threads()) <= {1}
                assert blas_threads() == inside
                with threads.use_threads(1):
                    assert set(blas_threads()) <= {1}
                assert (blas_threads(), threads.thread_count()) == (inside, count)
            assert blas_threads() == before


def test_threads_are_given_back_after_an_exception():
    count = threads.thread_count()
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        with pytest.raises(ZeroDivisionError), threads.use_threads(3), threads.one_blas_thread():
            raise ZeroDivisionError
        assert (blas_threads(), threads.thread_count()) == (before, count)
        for wrong in (0, -1, 1.5, True, "2"):
            with pytest.raises(RangeError, match="use_threads: count expects"):
                threads.use_threads(wrong).__enter__()
            assert (blas_threads(), threads.thread_count()) == (before, count)


def test_another_thread_has_a_setting_of_its_own():
    count, seen = threads.thread_count(), []
    with threads.use_threads(count + 3):
        thread = threading.Thread(target=contextvars.Context().run, args=(lambda: seen.append(threads.thread_count()),))
        thread.start()
        thread.join()
    assert seen == [count]


def test_one_number_in_the_environment_is_enough():
    program = """
import numpy
from nnfromscratch.kernels import threads
with threads.use_threads():
    print(threads.thread_count(), *[library.get_num_threads() for library in threads._blas()])
"""
    for count in ("1", "2"):
        environment = {**os.environ, "NUMBA_NUM_THREADS": count}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
        )
        assert set(done.stdout.split()) == {count}
