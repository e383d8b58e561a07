"""The hot path: arrays in, arrays out, no classes, no state. One set of functions, three times.

``loops`` prints the equations as loops, ``vectorized`` needs NumPy only, ``compiled`` (Numba) is the default.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from nnfromscratch.errors import RangeError, require_choice

SETS = ("loops", "vectorized", "compiled")


@dataclass(frozen=True)
class KernelSet:
    """The functions that operations, layers and Adam call, and which of them somebody replaced."""

    conv2d: Callable[..., Any]
    conv2d_grad_input: Callable[..., Any]
    conv2d_grad_weight: Callable[..., Any]
    max_pool2d: Callable[..., Any]
    max_pool2d_grad: Callable[..., Any]
    avg_pool2d: Callable[..., Any]
    avg_pool2d_grad: Callable[..., Any]
    matmul: Callable[..., Any]
    bias_activation: Callable[..., Any]
    bias_activation_grad: Callable[..., Any]
    batch_statistics: Callable[..., Any]
    batch_norm: Callable[..., Any]
    batch_norm_grad: Callable[..., Any]
    pair_distances: Callable[..., Any]
    pair_distances_grad: Callable[..., Any]
    normal: Callable[..., Any]
    adam: Callable[..., Any]
    replaced: frozenset[str] = frozenset()


NAMES = tuple(field.name for field in fields(KernelSet) if field.name != "replaced")

_active: ContextVar[KernelSet | None] = ContextVar("nnfromscratch_kernels", default=None)


def active() -> KernelSet:
    """The kernels that an operation called now would use."""
    return _active.get() or _named(default())


@lru_cache(maxsize=1)
def default() -> str:
    """``"compiled"``, or ``"vectorized"`` where that cannot be had, which is then said once."""
    reason = why_not_compiled()
    if reason is None:
        return "compiled"
    logging.getLogger("nnfromscratch").warning("%s: computing with NumPy alone, which is slower", reason)
    return "vectorized"


@lru_cache(maxsize=1)
def why_not_compiled() -> str | None:
    """What keeps the compiled kernels from working: Numba is missing, broken or switched off; None if nothing does."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return "Numba is switched off by NUMBA_DISABLE_JIT"
    try:
        _named("compiled")
    except ModuleNotFoundError as error:
        if error.name == "numba":
            return "Numba is not installed (pip install numba)"
        return f"Numba cannot be imported ({error})"
    except Exception as error:  # whatever an installation that does not fit together may raise
        return f"Numba cannot be imported ({type(error).__name__}: {error})"
    return None


@contextmanager
def use(kernels: str | object) -> Iterator[KernelSet]:
    """Compute with other kernels: the name of a set, or any object that has some of the functions.

    What the object lacks comes from the default. A ``backward`` uses the kernels that were active in its forward. A
    ``KernelSet`` says itself which of its functions somebody replaced, and is taken as it is.

    >>> with use("loops") as kernels:
    ...     kernels.conv2d.__module__
    'nnfromscratch.kernels.loops'

    Raises RangeError for an unknown name, for "compiled" where Numba cannot be imported, and for an object with none
    of the functions.
    """
    token = _active.set(_named_or_completed(kernels))
    try:
        yield active()
    finally:
        _active.reset(token)


def _named_or_completed(kernels: str | object) -> KernelSet:
    if isinstance(kernels, KernelSet):
        return kernels
    return _chosen(kernels) if isinstance(kernels, str) else _completed(kernels)


def _chosen(name: str) -> KernelSet:
    require_choice("kernels.use", "kernels", name, SETS)
    try:
        return _named(name)
    except Exception as error:
        reason = why_not_compiled() or error
        raise RangeError(f"kernels.use: kernels {name!r} expects Numba. {reason}; try 'vectorized'") from error


@lru_cache(maxsize=len(SETS))
def _named(name: str) -> KernelSet:
    module = importlib.import_module(f"nnfromscratch.kernels.{name}")
    return KernelSet(**{function: getattr(module, function) for function in NAMES})


def _completed(source: object) -> KernelSet:
    own = {name: getattr(source, name) for name in NAMES if callable(getattr(source, name, None))}
    if not own:
        raise RangeError(f"kernels.use: kernels expects an object with any of {', '.join(NAMES)}; is {source!r}")
    rest = _named(default())
    return KernelSet(**{name: own.get(name) or getattr(rest, name) for name in NAMES}, replaced=frozenset(own))
