"""The first step, in which Numba compiles the kernels."""

from __future__ import annotations

import time
from collections.abc import Callable


def seconds_to_compile(step: Callable[[], object]) -> float:
    """Take ``step``, in which every kernel is used and so compiled; the seconds that took. Ctrl-C stays Ctrl-C."""
    clock = time.perf_counter()
    try:
        step()
    except RuntimeError as error:
        if _began_with_ctrl_c(error):
            raise KeyboardInterrupt from error
        raise
    return time.perf_counter() - clock


def _began_with_ctrl_c(error: BaseException | None) -> bool:
    """Whether Ctrl-C came first: Numba, stopped while it compiles, fails to clear up and raises an error of its own."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None
