"""The multiplications in a kernel's call, and the matrix product that does the same work."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nnfromscratch.bench.interleaved import Variant
from nnfromscratch.kernels.geometry import output_size, window_counts
from nnfromscratch.kernels.threads import use_threads


class Product(NamedTuple):
    """A matrix product (rows, depth) · (depth, columns), and the floating-point operations that a kernel needs for it.

    A convolution is the product of its weights with the pixels under the kernel at every position. Where the kernel
    hangs over the edge, there is nothing to multiply: a kernel that knows it needs fewer operations than the product.
    """

    rows: int
    depth: int
    columns: int
    flops: float

    def in_blas(self, threads: int) -> Variant:
        """NumPy's product of two such matrices in float32, which lie in memory as it likes them."""
        a, b = (np.ones(shape, np.float32) for shape in ((self.rows, self.depth), (self.depth, self.columns)))
        out = np.empty((self.rows, self.columns), np.float32)
        return Variant(partial(np.matmul, a, b, out=out), partial(use_threads, threads))


def product_of(name: str, arguments: tuple[Any, ...]) -> Product | None:
    """The product in a call of a kernel; None for kernels that are none.

    >>> product_of("matmul", (np.ones((2, 3)), np.ones((3, 4))))
    Product(rows=2, depth=3, columns=4, flops=48.0)
    >>> x, weight = np.ones((1, 1, 3, 3)), np.ones((8, 1, 3, 3))
    >>> product_of("conv2d", (x, weight, (1, 1), ((1, 1), (1, 1))))  # 3·3·9 products, 32 of them with the padding
    Product(rows=8, depth=9, columns=9, flops=784.0)
    """
    find = _FOUND.get(name)
    return None if find is None else find(*arguments)


def _matmul(a: Any, b: Any) -> Product:
    (rows, depth), columns = a.shape, b.shape[1]
    return Product(rows, depth, columns, 2.0 * rows * depth * columns)


def _forward(x: Any, weight: Any, stride: Any, padding: Any) -> Product:
    size, (filters, channels, *kernel) = x.shape[2:], weight.shape
    outputs = output_size("conv2d", size, (kernel[0], kernel[1]), stride, padding)
    flops = 2.0 * filters * channels * _met(len(x), size, kernel, stride, padding, outputs)
    return Product(filters, channels * math.prod(kernel), len(x) * math.prod(outputs), flops)


def _grad_input(dy: Any, weight: Any, size: Any, stride: Any, padding: Any) -> Product:
    filters, channels, *kernel = weight.shape
    flops = 2.0 * filters * channels * _met(len(dy), size, kernel, stride, padding, dy.shape[2:])
    return Product(channels * math.prod(kernel), filters, len(dy) * math.prod(dy.shape[2:]), flops)


def _grad_weight(dy: Any, x: Any, kernel: Any, stride: Any, padding: Any) -> Product:
    filters, channels = dy.shape[1], x.shape[1]
    flops = 2.0 * filters * channels * _met(len(dy), x.shape[2:], kernel, stride, padding, dy.shape[2:])
    return Product(filters, len(dy) * math.prod(dy.shape[2:]), channels * math.prod(kernel), flops)


def _met(images: int, size: Any, kernel: Any, stride: Any, padding: Any, outputs: Any) -> int:
    """How many pairs of a kernel offset and a real pixel there are, in all images."""
    return images * int(window_counts(size, tuple(kernel), stride, padding, outputs).sum())


_FOUND: dict[str, Callable[..., Product]] = {
    "conv2d": _forward,
    "conv2d_grad_input": _grad_input,
    "conv2d_grad_weight": _grad_weight,
    "matmul": _matmul,
}
