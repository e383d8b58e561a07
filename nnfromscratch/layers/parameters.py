"""Parameters: arrays by name that count their updates, and the parts of a network seen as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TypeVar

import numpy as np

from nnfromscratch.errors import DtypeError, ShapeError
from nnfromscratch.types import Array

Value = TypeVar("Value")


class Parameters(MutableMapping[str, Array]):
    """The arrays of one layer by name. Every assignment raises ``version``, also ``params["weight"] -= step``.

    An assignment keeps shape and dtype; ShapeError and DtypeError say where it would not.

    >>> params = Parameters({"weight": np.ones(3)})
    >>> params["weight"] -= 0.5
    >>> params["weight"], params.version
    (array([0.5, 0.5, 0.5]), 1)
    """

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = dict(arrays)
        self.version = 0

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __setitem__(self, name: str, array: Array) -> None:
        known = self._arrays.get(name)
        if not isinstance(array, np.ndarray):
            raise DtypeError(f"parameter {name}: expects a NumPy array, is {type(array).__name__}")
        if known is not None and array.shape != known.shape:
            raise ShapeError(f"parameter {name}: expects shape {known.shape}, has {array.shape}")
        if known is not None and array.dtype != known.dtype:
            raise DtypeError(f"parameter {name}: expects {known.dtype}, has {array.dtype}")
        self._arrays[name] = array
        self.version += 1

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"parameter {name}: a layer keeps its parameters")

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}: {array.shape}" for name, array in self._arrays.items())
        return f"Parameters({shapes})"

    def cast(self, dtype: np.dtype[np.floating]) -> None:
        """Turn every array into another float type; the one way to change it."""
        self._arrays = {name: array.astype(dtype) for name, array in self._arrays.items()}
        self.version += 1


class Nested(MutableMapping[str, Value]):
    """Several mappings seen as one: the key "0.weight" is "weight" of part "0", "0.1.weight" is "1.weight" of it.

    >>> both = Nested({"0": {"weight": 1}, "1": {"weight": 2}})
    >>> both["1.weight"] = 3
    >>> dict(both)
    {'0.weight': 1, '1.weight': 3}
    """

    def __init__(self, parts: Mapping[str, MutableMapping[str, Value]]) -> None:
        self._parts = parts

    def _find(self, key: str) -> tuple[MutableMapping[str, Value], str]:
        part, _, name = key.partition(".")
        if part not in self._parts:
            raise KeyError(key)
        return self._parts[part], name

    def __getitem__(self, key: str) -> Value:
        part, name = self._find(key)
        return part[name]

    def __setitem__(self, key: str, value: Value) -> None:
        part, name = self._find(key)
        if name not in part:
            raise KeyError(key)
        part[name] = value

    def __delitem__(self, key: str) -> None:
        raise TypeError(f"{key}: a network keeps what its layers have")

    def __iter__(self) -> Iterator[str]:
        return (f"{prefix}.{name}" for prefix, part in self._parts.items() for name in part)

    def __len__(self) -> int:
        return sum(map(len, self._parts.values()))

    def __repr__(self) -> str:
        return f"Nested({', '.join(self)})"
