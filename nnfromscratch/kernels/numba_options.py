"""How kernels are compiled: on the first call, kept on disk where possible, the interpreter lock released."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

# "contract" allows fused multiply-add and "nsz" ignores the sign of zero; NaN and infinity keep their meaning.
_EXACT = {"contract", "nsz"}
# A sum may besides be split over the lanes of a vector register. The split is fixed when the kernel is compiled.
_REDUCTION = {"contract", "nsz", "reassoc"}


def compiled(function: Function) -> Function:
    """Compile a kernel that fills arrays element by element."""
    return _njit(function, _EXACT)


def compiled_reduction(function: Function) -> Function:
    """Compile a kernel that adds up many numbers to one."""
    return _njit(function, _REDUCTION)


def _njit(function: Function, fastmath: set[str]) -> Function:
    try:
        kernel = numba.njit(function, cache=True, nogil=True, error_model="numpy", fastmath=fastmath)
    except RuntimeError:  # no folder for the cache can be written: compile in every process instead
        kernel = numba.njit(function, nogil=True, error_model="numpy", fastmath=fastmath)
    return kernel
