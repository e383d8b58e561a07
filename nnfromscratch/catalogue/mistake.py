"""Mistakes: what people do when they write a backward, each one planted in an operation whose result stays right."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from nnfromscratch.catalogue.case import Function
from nnfromscratch.gradcheck import Kind


@dataclass(frozen=True)
class Mistake:
    """One mistake in one operation.

    description: what people do, after "this backward ...".   hint: one sentence for a student, which does not give
    the answer away.   function: the operation with the mistake.   case: the name of a case at which it shows.
    kind: what gradcheck's diagnosis has to say there; None where no name fits.
    """

    operation: str
    name: str
    kind: Kind | None
    description: str
    hint: str
    function: Function
    case: str = "typical"


def wrong(operation: Function, **ways_back: Callable[[Any], Any]) -> Function:
    """The operation with other ways back for the arguments that are named.

    A way back gets one object with everything at hand: the arguments by name, ``y``, ``dy``, and ``right``, what the
    right backward gives.

    >>> import numpy as np
    >>> from nnfromscratch.functional import tanh
    >>> y, backward = wrong(tanh, x=lambda at: at.dy * (1 - at.y))(np.array([0.0]))
    >>> backward(np.array([3.0]))
    array([3.])
    """
    signature = inspect.signature(operation)
    places = list(signature.parameters)

    @functools.wraps(operation)
    def function(*arrays: Any, **settings: Any) -> tuple[Any, Callable[..., Any]]:
        y, right_backward = operation(*arrays, **settings)

        def backward(dy: Any = 1.0) -> Any:
            right = right_backward(dy)
            call = signature.bind(*arrays, **settings)
            call.apply_defaults()
            at = SimpleNamespace(**call.arguments, y=y, dy=dy, right=right)
            if not isinstance(right, tuple):
                (way_back,) = ways_back.values()
                return way_back(at)
            gradients = list(right)
            for name, way_back in ways_back.items():
                gradients[places.index(name)] = way_back(at)
            return tuple(gradients)

        return y, backward

    return function
