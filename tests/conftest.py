"""The processes in which the tests run: all tests on all cores, a few of them in one, and Ctrl-C is heard in each."""

import os
import signal

MOST = 4  # a process takes up to 1 GB


def pytest_configure():
    """Listen to Ctrl-C also where a shell runs the tests in the background, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config):
    """One process on each core, with one thread each, so that they do not wait for one another.

    A room or a file that is asked for is often done before a second process has started, and what is slow uses the
    cores itself: 0, everything in the process that asks.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1 or config.args_source is config.ArgsSource.ARGS or config.option.markexpr == "slow":
        return 0
    for library in ("NUMBA", "OPENBLAS", "OMP", "MKL"):  # read by the new processes, before NumPy is there
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    return min(cores, MOST)
