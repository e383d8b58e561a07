"""Pooling layers."""

from __future__ import annotations

from nnfromscratch import functional
from nnfromscratch.kernels.geometry import PaddingLike, Pair, as_padding, as_pair
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.types import Array


class _Pool2d(Layer):
    def __init__(self, kernel_size: int | Pair, stride: int | Pair | None = None, padding: PaddingLike = 0) -> None:
        name = type(self).__name__
        self.kernel_size = as_pair(name, "kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else as_pair(name, "stride", stride)
        self.padding = padding
        as_padding(name, padding, (1, 1), (1, 1), (1, 1))
        super().__init__()

    def __repr__(self) -> str:
        step = "" if self.stride == self.kernel_size else f", stride {self.stride[0]}×{self.stride[1]}"
        return f"{type(self).__name__}({self.kernel_size[0]}×{self.kernel_size[1]}{step})"


class MaxPool2d(_Pool2d):
    """The largest pixel of each window, see ``functional.max_pool2d``. stride None: windows side by side.

    >>> MaxPool2d(2).output_shape((16, 28, 28))
    (16, 14, 14)
    """

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The maximum of each window."""
        y, backward = functional.max_pool2d(x, self.kernel_size, stride=self.stride, padding=self.padding)
        return y, self.way_back(backward)


class AvgPool2d(_Pool2d):
    """The mean of each window's pixels, see ``functional.avg_pool2d``. stride None: windows side by side.

    >>> AvgPool2d(2, stride=1).output_shape((16, 28, 28))
    (16, 27, 27)
    """

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The mean of each window."""
        y, backward = functional.avg_pool2d(x, self.kernel_size, stride=self.stride, padding=self.padding)
        return y, self.way_back(backward)
