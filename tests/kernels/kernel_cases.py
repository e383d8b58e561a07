"""Random arguments for kernels: shapes, strides, paddings, and the ways in which an array may lie in memory."""

import functools
import importlib
import os
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from nnfromscratch.kernels.geometry import output_size
from nnfromscratch.kernels.memory import as_images

SETS = ("loops", "vectorized", "compiled")
every_set = pytest.mark.parametrize("name", SETS)
fast_sets = pytest.mark.parametrize("name", SETS[1:])
INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT") == "1"  # the compiled kernels run as Python: shapes stay tiny


def examples(count):
    """A number of random cases, fewer where Python runs the compiled kernels; compiling does not count as slow."""
    few = min(count, int(os.environ.get("HYPOTHESIS_EXAMPLES", count)))
    checks = [HealthCheck.too_slow, HealthCheck.differing_executors]
    return settings(max_examples=few, deadline=None, derandomize=True, suppress_health_check=checks)


@functools.cache
def kernel_set(name):
    if name == "compiled":
        pytest.importorskip("numba")
    return importlib.import_module(f"nnfromscratch.kernels.{name}")


def tolerance(dtype, terms=64):
    """What rounding may change where so many terms of order 1 are added in another order."""
    return 8 * np.finfo(dtype).eps * terms


@dataclass(frozen=True)
class Case:
    """One convolution or pooling; ``filters`` is not used by pooling."""

    batch: int
    channels: int
    filters: int
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]
    dtype: type
    orders: tuple[str, str]
    seed: int

    @property
    def outputs(self):
        return output_size("case", self.size, self.kernel, self.stride, self.padding)

    def draw(self, *shape, order="C", integers=False):
        """Random numbers in this case's type; whole numbers make ties likely and sums exact."""
        rng = np.random.default_rng(self.seed + len(shape) + sum(shape))
        numbers = rng.integers(-3, 4, shape) if integers else rng.standard_normal(shape)
        return laid_out(numbers.astype(self.dtype), order)

    def x(self, **options):
        return self.draw(self.batch, self.channels, *self.size, order=self.orders[0], **options)

    def weight(self, **options):
        return self.draw(self.filters, self.channels, *self.kernel, order=self.orders[1], **options)

    def dy(self, channels=None, **options):
        return self.draw(self.batch, channels or self.filters, *self.outputs, order=self.orders[1], **options)


def laid_out(array, order):
    """The same numbers, read-only and in another memory order."""
    if order == "C":
        array = array.copy(order="C")
    elif order == "F":
        array = array.copy(order="F")
    elif order == "batch last":
        axes = (2, 1, 3, 0) if array.ndim == 4 else tuple(reversed(range(array.ndim)))
        array = array.transpose(axes).copy(order="C")
        array = as_images(array) if array.ndim == 4 else array.T
    elif order == "negative strides":
        backwards = (slice(None, None, -1),) * array.ndim
        array = array[backwards].copy(order="C")[backwards]
    elif order == "gaps":
        wide = np.full(tuple(2 * length + 1 for length in array.shape), np.nan, array.dtype)
        inside = tuple(slice(1, 2 * length + 1, 2) for length in array.shape)
        wide[inside] = array
        array = wide[inside]
    else:
        raise ValueError(order)
    array.flags.writeable = False
    return array


ORDERS = ("C", "F", "batch last", "negative strides", "gaps")


@st.composite
def cases(draw, *, pooling=False, batches=(0, 1, 2, 3), largest=7, kernels=4, strides=4):
    """Odd sizes, strides over the kernel's size, padding that differs on every side and exceeds the kernel."""
    kernel = draw(st.tuples(st.integers(1, kernels), st.integers(1, kernels)))
    edges = [st.integers(0, length - 1 if pooling else length + 1) for length in kernel]
    padding = tuple(draw(st.tuples(edge, edge)) for edge in edges)
    size = tuple(
        draw(st.integers(max(1, length - sum(pad)), largest)) for length, pad in zip(kernel, padding, strict=True)
    )
    return Case(
        batch=draw(st.sampled_from(batches)),
        channels=draw(st.integers(1, 5)),
        filters=draw(st.integers(1, 6)),
        size=size,
        kernel=kernel,
        stride=draw(st.tuples(st.integers(1, strides), st.integers(1, strides))),
        padding=padding,
        dtype=draw(st.sampled_from((np.float64, np.float32))),
        orders=draw(st.tuples(st.sampled_from(ORDERS), st.sampled_from(ORDERS))),
        seed=draw(st.integers(0, 2**16)),
    )


NONE = ((0, 0), (0, 0))


def padded(x, padding, value=0.0):
    return np.pad(x, ((0, 0), (0, 0), *padding), constant_values=value)


def windows(x, kernel, stride):
    """(N, C, OH, OW, KH, KW): NumPy's own view of all windows."""
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    return view[:, :, :: stride[0], :: stride[1]]


def every_kernel(kernels, dtype, *, batch=3, channels=3, filters=5, size=(5, 4), integers=False):
    """What every kernel of a set gives on random arguments, by name."""
    rng = np.random.default_rng(11)

    def draw(*shape):
        return (rng.integers(-3, 4, shape) if integers else rng.standard_normal(shape)).astype(dtype)

    x, weight, small = draw(batch, channels, *size), draw(filters, channels, 3, 2), draw(filters, channels, 2, 2)
    padding, strided = ((1, 0), (1, 1)), ((2, 3), ((0, 2), (1, 1)))
    results = {"conv2d": kernels.conv2d(x, weight, (1, 1), padding), "strided": kernels.conv2d(x, small, *strided)}
    for name, kernel, how in (("conv2d", weight, ((1, 1), padding)), ("strided", small, strided)):
        dy = draw(*results[name].shape)
        results[f"{name}_grad_input"] = kernels.conv2d_grad_input(dy, kernel, size, *how)
        results[f"{name}_grad_weight"] = kernels.conv2d_grad_weight(dy, x, kernel.shape[2:], *how)
    pool = (2, 3), (2, 1), ((1, 0), (1, 1))
    results["max_pool2d"], results["winner"] = kernels.max_pool2d(x, *pool)
    dy = draw(*results["winner"].shape)
    results["max_pool2d_grad"] = kernels.max_pool2d_grad(dy, results["winner"], size, *pool)
    results["avg_pool2d"] = kernels.avg_pool2d(x, *pool)
    results["avg_pool2d_grad"] = kernels.avg_pool2d_grad(dy, size, *pool)
    a = draw(filters * size[0], batch * channels)
    results["matmul"] = kernels.matmul(a, draw(batch * channels, size[1] * 5))
    results["matmul_transposed"] = kernels.matmul(a.T, draw(filters * size[0], batch))
    bias, gamma, beta, mean, scale = (*draw(4, channels), 1 + abs(draw(channels)))
    dy, flat = draw(*x.shape), draw(batch, channels)
    for slope in (0.0, 0.25, 1.0):
        y = kernels.bias_activation(x.copy(), bias, slope)
        results[f"bias_activation_{slope}"] = y.copy()
        results[f"flat_{slope}"] = kernels.bias_activation(flat.copy(), bias, slope)
        for place, result in enumerate(kernels.bias_activation_grad(dy, y, slope)):
            results[f"bias_activation_grad_{slope}_{place}"] = result
        y = kernels.batch_norm(x, gamma, beta, mean, scale, slope)
        results[f"batch_norm_{slope}"] = y
        for place, result in enumerate(kernels.batch_norm_grad(dy, x, y, gamma, mean, scale, slope)):
            results[f"batch_norm_grad_{slope}_{place}"] = result
    results["mean"], results["variance"] = kernels.batch_statistics(x)
    m = draw(filters, 2, batch)
    results["pair_distances"] = kernels.pair_distances(m)
    results["pair_distances_grad"] = kernels.pair_distances_grad(draw(filters, batch, batch), m)
    theta, g, m, v = draw(4, *x.shape)
    v = abs(v)
    kernels.adam(theta, g, m, v, (0.75, 0.25, 0.5, 0.5, 0.125, 2.0, 0.25, 0.5))
    results["normal"] = kernels.normal(rng.integers(-(2**31), 2**31, (2, x.size), np.int32))
    return {**results, "theta": theta, "m": m, "v": v}
