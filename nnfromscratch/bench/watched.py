"""What a training step calls, and how long each call takes: stopwatches around kernels, without changing the step."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeAlias

from nnfromscratch import functional, kernels
from nnfromscratch.bench import steps
from nnfromscratch.kernels import NAMES, KernelSet

# Operations of the workloads that are written in NumPy and call no kernel: where their name is looked up.
OPERATIONS = ((functional, "sigmoid"), (steps, "softmax_cross_entropy"), (steps, "binary_cross_entropy_with_logits"))

Function: TypeAlias = Callable[..., Any]
Wrap: TypeAlias = Callable[[str, Function], Function]


class Stopwatches:
    """Seconds of every call since ``start``, in the order of the calls: in all, and of these in compiled code."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Forget what was measured."""
        self.calls: list[float] = []
        self.compiled: list[float] = []
        self._compiled = 0.0

    @contextmanager
    def around(self) -> Iterator[None]:
        """Take the time of all kernels and operations that are called inside the ``with``."""
        with watched(self._timed), ExitStack() as stack:
            if kernels.default() == "compiled":
                compiled = importlib.import_module("nnfromscratch.kernels.compiled")
                stack.enter_context(_replaced(compiled, "share", self._share(compiled.share)))
            yield

    def _timed(self, name: str, function: Function) -> Function:
        del name

        def timed(*arguments: Any) -> Any:
            self._compiled = 0.0
            clock = time.perf_counter()
            result = function(*arguments)
            self.calls.append(time.perf_counter() - clock)
            self.compiled.append(self._compiled)
            return result

        return timed

    def _share(self, share: Function) -> Function:
        """Every compiled function is called by ``share``: what it takes is not Python."""

        def timed(*arguments: Any, cost: float) -> None:
            clock = time.perf_counter()
            share(*arguments, cost=cost)
            self._compiled += time.perf_counter() - clock

        return timed


@contextmanager
def watched(wrap: Wrap) -> Iterator[None]:
    """Call what ``wrap(name, function)`` makes of every kernel, and of the way there and back of ``OPERATIONS``.

    The active kernels keep their rights: layers are fused as ever.

    >>> names = []
    >>> with watched(lambda name, function: names.append(name) or function):
    ...     names[:3]
    ['conv2d', 'conv2d_grad_input', 'conv2d_grad_weight']
    """
    active = kernels.active()
    functions = {name: wrap(name, getattr(active, name)) for name in NAMES}
    with ExitStack() as stack:
        stack.enter_context(kernels.use(KernelSet(**functions, replaced=active.replaced)))
        for module, name in OPERATIONS:
            stack.enter_context(_replaced(module, name, _both_ways(wrap, name, getattr(module, name))))
        yield


def _both_ways(wrap: Wrap, name: str, operation: Function) -> Function:
    forward = wrap(name, operation)

    def both_ways(*arguments: Any) -> Any:
        result, backward = forward(*arguments)
        return result, wrap(name, backward)

    return both_ways


@contextmanager
def _replaced(module: object, name: str, function: Function) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, function)
    try:
        yield
    finally:
        setattr(module, name, before)
