"""What can go wrong, and the checks that say so: each message names the argument, what was expected and what came."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))  # compared with at every call: made once


class NNFromScratchError(Exception):
    """The root of the errors that tell a user what to change; the command line prints them in one line."""


class ShapeError(NNFromScratchError, ValueError):
    """An array has the wrong shape."""


class DtypeError(NNFromScratchError, TypeError):
    """An array has the wrong type of numbers, or two arrays have different ones."""


class RangeError(NNFromScratchError, ValueError):
    """A number or a setting is outside the values that make sense."""


class StaleBackwardError(NNFromScratchError, RuntimeError):
    """A layer's backward was called after its parameters had changed."""


class NonFiniteError(NNFromScratchError, ArithmeticError):
    """A NaN or an infinity appeared where only finite numbers make sense."""


class DataError(NNFromScratchError, ValueError):
    """Data are missing, damaged or do not fit together."""


class CheckpointError(NNFromScratchError, ValueError):
    """A saved file is damaged or belongs to another model."""


class RunError(NNFromScratchError, OSError):
    """A run's folder cannot be made, written or continued."""


def require_shape(operation: str, argument: str, actual: tuple[int, ...], expected: tuple[int | str, ...]) -> None:
    """Raise ShapeError unless ``actual`` fits ``expected``; a letter there fits any length.

    >>> require_shape("dense", "x", (8, 3), ("N", 4))
    Traceback (most recent call last):
    nnfromscratch.errors.ShapeError: dense: x expects shape (N, 4), has (8, 3)
    """
    fits = len(actual) == len(expected)
    for want, have in zip(expected, actual, strict=False):
        fits = fits and (want == have or isinstance(want, str))
    if not fits:
        wanted = ", ".join(map(str, expected)) + ("," if len(expected) == 1 else "")
        raise ShapeError(f"{operation}: {argument} expects shape ({wanted}), has {actual}")


def require_nonempty_axes(operation: str, argument: str, shape: tuple[int, ...]) -> None:
    """Raise ShapeError where an axis other than the batch (axis 0) has length zero."""
    if 0 in shape[1:]:
        axis = shape.index(0, 1)
        raise ShapeError(f"{operation}: {argument} expects at least 1 along axis {axis}, has shape {shape}")


def require_same_float(operation: str, **arrays: Any) -> None:
    """Raise DtypeError unless all are arrays of float32, or all of float64; None is passed over.

    >>> require_same_float("dense", x=np.zeros(3, np.float32), bias=np.zeros(3))
    Traceback (most recent call last):
    nnfromscratch.errors.DtypeError: dense: bias expects float32 like x, has float64
    """
    first = None
    for name, array in arrays.items():
        if array is None:
            continue
        if not isinstance(array, np.ndarray):
            raise DtypeError(f"{operation}: {name} expects a NumPy array, is {type(array).__name__}")
        if array.dtype not in FLOATS:
            raise DtypeError(f"{operation}: {name} expects float32 or float64, has {array.dtype}")
        if first is None:
            first = name, array.dtype
        elif array.dtype != first[1]:
            raise DtypeError(f"{operation}: {name} expects {first[1]} like {first[0]}, has {array.dtype}")


def require_wrt(operation: str, wrt: Collection[str], names: Iterable[str]) -> None:
    """Raise RangeError where ``wrt`` asks for the gradient of something that is no argument of the operation."""
    names = tuple(names)
    for name in [wrt] if isinstance(wrt, str) else wrt:
        if name not in names:
            raise RangeError(f"{operation}: wrt expects names out of {', '.join(names)}, has {name!r}")


def require_int(operation: str, argument: str, value: object, *, least: int) -> int:
    """The whole number ``value``, or RangeError where it is none or under ``least``.

    >>> require_int("conv2d", "stride", 0, least=1)
    Traceback (most recent call last):
    nnfromscratch.errors.RangeError: conv2d: stride expects a whole number of at least 1, is 0
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise RangeError(f"{operation}: {argument} expects a whole number of at least {least}, is {value!r}")
    return int(value)


def require_number(
    operation: str,
    argument: str,
    value: object,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
) -> float:
    """The finite number ``value`` as a float, or RangeError where it leaves the given bounds.

    >>> require_number("dropout", "rate", 1.0, least=0, below=1)
    Traceback (most recent call last):
    nnfromscratch.errors.RangeError: dropout: rate expects a finite number >= 0 and < 1, is 1.0
    """
    fits = (
        isinstance(value, (int, float, np.integer, np.floating))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and (above is None or value > above)
        and (least is None or value >= least)
        and (below is None or value < below)
        and (most is None or value <= most)
    )
    if not fits:
        bounds = ((">", above), (">=", least), ("<", below), ("<=", most))
        wanted = " and ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
        raise RangeError(f"{operation}: {argument} expects a finite number {wanted}".rstrip() + f", is {value!r}")
    return float(value)  # type: ignore[arg-type]  # `fits` has just shown that it is a number


def require_generator(operation: str, rng: object) -> np.random.Generator:
    """``rng`` itself, or DtypeError where it is no ``numpy.random.Generator``."""
    if not isinstance(rng, np.random.Generator):
        raise DtypeError(
            f"{operation}: rng expects a numpy.random.Generator such as np.random.default_rng(0), "
            f"is {type(rng).__name__}"
        )
    return rng


def require_labels(operation: str, labels: object, count: int, why: str) -> None:
    """Raise unless ``labels`` is an array of whole numbers from 0 to ``count`` − 1; ``why`` says whence the count.

    >>> require_labels("embedding", np.array([3, -1]), 9, "9 rows")
    Traceback (most recent call last):
    nnfromscratch.errors.RangeError: embedding: labels expects whole numbers from 0 to 8 (9 rows), has -1 to 3
    """
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu":
        came = labels.dtype if isinstance(labels, np.ndarray) else type(labels).__name__
        raise DtypeError(f"{operation}: labels expects an array of whole numbers, is {came}")
    if labels.size and (labels.min() < 0 or labels.max() >= count):
        raise RangeError(
            f"{operation}: labels expects whole numbers from 0 to {count - 1} ({why}), "
            f"has {labels.min()} to {labels.max()}"
        )


def require_choice(operation: str, argument: str, value: object, choices: Iterable[str]) -> str:
    """``value`` itself, or RangeError that lists the choices and suggests the nearest.

    >>> require_choice("classify", "data", "minst", ["mnist", "kmnist"])
    Traceback (most recent call last):
    nnfromscratch.errors.RangeError: classify: data expects one of mnist, kmnist; is 'minst' (did you mean 'mnist'?)
    """
    choices = list(choices)
    if value in choices:
        return str(value)
    near = difflib.get_close_matches(str(value), choices, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise RangeError(f"{operation}: {argument} expects one of {', '.join(choices)}; is {value!r}{hint}")


def require_gradient(operation: str, dy: Any, shape: tuple[int, ...], dtype: Any) -> None:
    """Raise unless ``dy``, the gradient handed to a backward, has the shape and the dtype of the result.

    >>> require_gradient("dense", np.zeros(3), (8, 3), np.float64)
    Traceback (most recent call last):
    nnfromscratch.errors.ShapeError: dense: dy expects the shape of y, (8, 3); has (3,)
    """
    if not isinstance(dy, np.ndarray) or dy.dtype != dtype:
        came = dy.dtype if isinstance(dy, np.ndarray) else type(dy).__name__
        raise DtypeError(f"{operation}: dy expects an array of {np.dtype(dtype)} like y, is {came}")
    if dy.shape != shape:
        raise ShapeError(f"{operation}: dy expects the shape of y, {shape}; has {dy.shape}")
