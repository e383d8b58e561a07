"""The two kinds of thing that every operation deals in: an array, and the way back from a result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

# backward(dy, wrt=...) of an operation; what it returns depends on the number of array arguments (architecture page).
Backward: TypeAlias = Callable[..., Any]
