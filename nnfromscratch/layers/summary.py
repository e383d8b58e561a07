"""The table that ``network.summary()`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from nnfromscratch.types import Array


class _Summarized(Protocol):
    @property
    def params(self) -> Mapping[str, Array]: ...

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]: ...


def summary_table(layers: Sequence[_Summarized], input_shape: tuple[int, ...]) -> str:
    """One line a layer: its number and name, the shape of one sample after it, how many parameters it has."""
    rows = [("", "layer", "output shape", "parameters"), ("", "input", _by(input_shape), "")]
    shape, total = input_shape, 0
    for index, layer in enumerate(layers):
        shape = layer.output_shape(shape)
        count = sum(array.size for array in layer.params.values())
        total += count
        rows.append((str(index), repr(layer), _by(shape), f"{count:,}"))
    rows.append(("", "total", "", f"{total:,}"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{number:>{widths[0]}}  {name:<{widths[1]}}  {size:<{widths[2]}}  {count:>{widths[3]}}"
        for number, name, size, count in rows
    ]
    rule = "─" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
