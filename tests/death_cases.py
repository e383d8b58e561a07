"""Processes of their own that die where a test wants it, in the middle of what they do there."""

import os
import signal
import sys
from pathlib import Path

from nnfromscratch import archive, files, optimizers


def environment():
    """For processes that import what this one can import by now: each file of tests that is found adds its folder."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), *sys.path]))}


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def nothing(*args, **kwargs):
    pass


def countdown(original, when, fatal=nothing):
    """The function, of which the ``when``-th call does something else and kills the process."""
    count = 0

    def wrapped(*args, **kwargs):
        nonlocal count
        count += 1
        if count == when:
            fatal(*args, **kwargs)
            die()
        return original(*args, **kwargs)

    return wrapped


def plan_death(where, when):
    """Let this process be killed at the ``when``-th time that it comes to ``where``."""
    if where == "writing":
        archive.write_whole = countdown(files.write_whole, when, half_a_file)
    elif where == "before replacing":
        Path.replace = countdown(Path.replace, when)
    elif where == "after replacing":
        Path.replace = countdown(Path.replace, when, Path.replace)
    elif where == "stepping":
        optimizers.Adam.step = countdown(optimizers.Adam.step, when, half_a_step)


def half_a_file(path, write):
    def half(file):
        file.write(b"PK and no more")
        file.flush()
        die()

    files.write_whole(path, half)


def half_a_step(self, params, grads):
    for name in list(params)[:2]:
        params[name] = params[name] + 1
