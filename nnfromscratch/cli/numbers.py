"""Numbers that can be typed, each with the error for those that make no sense."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def whole(least: int, *, most: int | None = None) -> Callable[[str], int]:
    """A whole number of at least ``least``, and at most ``most``."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise argparse.ArgumentTypeError(f"expects a whole number {bounds}, is {text!r}")
        return number

    return convert


def positive(text: str) -> float:
    """A number above 0."""
    number = _number(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"expects a number above 0, is {text!r}")
    return number


def share(below: float) -> Callable[[str], float]:
    """A number from 0, which is off, to below ``below``."""

    def convert(text: str) -> float:
        number = _number(text)
        if not 0 <= number < below:
            bound = "" if below == math.inf else f" to below {below:g}"
            raise argparse.ArgumentTypeError(f"expects a number from 0{bound}, is {text!r}")
        return number

    return convert


def _number(text: str) -> float:
    """NaN for what is no finite number."""
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan
