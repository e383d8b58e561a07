"""Convolution layers."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from nnfromscratch import functional
from nnfromscratch.errors import require_generator, require_int
from nnfromscratch.initializers import Initializer, he_normal
from nnfromscratch.kernels.geometry import PaddingLike, Pair, as_padding, as_pair
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.types import Array, Backward

he_normal_transposed = partial(he_normal, transposed=True)


class Conv2d(Layer):
    """Convolution with learned kernels, see ``functional.conv2d``.

    x: (N, in_channels, H, W)   weight: (out_channels, in_channels, KH, KW)   bias: (out_channels,)
    y: (N, out_channels, OH, OW)
    Weights start from ``initializer`` (He's, for relu), the bias from 0.
    Raises RangeError for channels, a kernel, a stride or a padding that make no sense.

    >>> Conv2d(1, 16, 3, padding=1, rng=np.random.default_rng(0)).output_shape((1, 28, 28))
    (16, 28, 28)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        padding: PaddingLike = 0,
        bias: bool = True,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
        initializer: Initializer = he_normal,
    ) -> None:
        shape = (
            require_int("Conv2d", "out_channels", out_channels, least=1),
            require_int("Conv2d", "in_channels", in_channels, least=1),
            *as_pair("Conv2d", "kernel_size", kernel_size),
        )
        self.stride = as_pair("Conv2d", "stride", stride)
        self.padding = padding
        as_padding("Conv2d", padding, (1, 1), (1, 1), (1, 1))  # says no here already
        params = {"weight": initializer(shape, require_generator("Conv2d", rng), dtype)}
        if bias:
            params["bias"] = np.zeros(out_channels, dtype)
        super().__init__(params)

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The convolution of every image with every kernel."""
        y, backward = self.weighted_sum(x, self.params.get("bias"))
        return y, self.way_back(backward)

    def weighted_sum(self, x: Array, bias: Array | None) -> tuple[Array, Backward]:
        """The operation alone, with the layer's weight and the given bias."""
        return functional.conv2d(x, self.params["weight"], bias, self.stride, self.padding)

    def __repr__(self) -> str:
        filters, channels, kh, kw = self.params["weight"].shape
        return f"Conv2d({channels}, {filters}, {kh}×{kw}{_extras(self.stride, self.padding)})"


class ConvTranspose2d(Layer):
    """Transposed convolution with learned kernels, see ``functional.conv_transpose2d``.

    x: (N, in_channels, H, W)   weight: (in_channels, out_channels, KH, KW)   bias: (out_channels,)
    y: (N, out_channels, OH, OW)
    Weights start from ``initializer`` (He's, for relu), the bias from 0.
    Raises RangeError for channels, a kernel, a stride or a padding that make no sense.

    >>> ConvTranspose2d(8, 4, 4, stride=2, padding=1, rng=np.random.default_rng(0)).output_shape((8, 7, 7))
    (4, 14, 14)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        padding: PaddingLike = 0,
        output_padding: int | Pair = 0,
        bias: bool = True,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
        initializer: Initializer = he_normal_transposed,
    ) -> None:
        shape = (
            require_int("ConvTranspose2d", "in_channels", in_channels, least=1),
            require_int("ConvTranspose2d", "out_channels", out_channels, least=1),
            *as_pair("ConvTranspose2d", "kernel_size", kernel_size),
        )
        self.stride = as_pair("ConvTranspose2d", "stride", stride)
        self.padding = padding
        self.output_padding = as_pair("ConvTranspose2d", "output_padding", output_padding, least=0)
        as_padding("ConvTranspose2d", padding, (1, 1), (1, 1), (1, 1))
        params = {"weight": initializer(shape, require_generator("ConvTranspose2d", rng), dtype)}
        if bias:
            params["bias"] = np.zeros(out_channels, dtype)
        super().__init__(params)

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """Every pixel spread over the outputs under the kernel."""
        y, backward = self.weighted_sum(x, self.params.get("bias"))
        return y, self.way_back(backward)

    def weighted_sum(self, x: Array, bias: Array | None) -> tuple[Array, Backward]:
        """The operation alone, with the layer's weight and the given bias."""
        weight = self.params["weight"]
        return functional.conv_transpose2d(x, weight, bias, self.stride, self.padding, self.output_padding)

    def __repr__(self) -> str:
        channels, filters, kh, kw = self.params["weight"].shape
        return f"ConvTranspose2d({channels}, {filters}, {kh}×{kw}{_extras(self.stride, self.padding)})"


def _extras(stride: Pair, padding: PaddingLike) -> str:
    step = "" if stride == (1, 1) else f", stride {stride[0]}×{stride[1]}"
    return step + ("" if padding == 0 else f", padding {padding}")
