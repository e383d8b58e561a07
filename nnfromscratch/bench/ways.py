"""The ways through a layer, forward and back, each as a call that can be timed: ours and PyTorch's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from nnfromscratch.bench.torch_networks import in_torch
from nnfromscratch.kernels.memory import as_images, as_rows
from nnfromscratch.layers import Layer
from nnfromscratch.types import Array

# Forward; the gradient of the input; those of the parameters; both at once.
FORWARD, INPUT, WEIGHT, BOTH = "forward", "input", "weight", "both"
_WRT = {INPUT: ("x",), WEIGHT: ("params",), BOTH: ("x", "params")}

Calls: TypeAlias = dict[str, Callable[[], Any]]


def our_calls(layer: Layer, x: Array, dy: Array, ways: Sequence[str]) -> Calls:
    """Our calls by way, with x in the memory order in which the layer before leaves it: the batch innermost."""
    x = as_images(as_rows(x)) if x.ndim == 4 else np.asfortranarray(x)
    y, backward = layer.forward(x)
    gradient = np.empty_like(y)  # in the memory order of the result
    gradient[...] = dy
    calls: Calls = {FORWARD: lambda: layer.forward(x)[0]}
    calls |= {way: partial(backward, gradient, wrt=wrt) for way, wrt in _WRT.items()}
    return {way: calls[way] for way in ways}


def torch_calls(layer: Layer, x: Array, dy: Array, ways: Sequence[str], threads: int) -> dict[str, Calls]:
    """PyTorch's calls, by memory format and way, for the same layer and arrays; from now on with so many threads.

    Forward keeps nothing for a way back, and a way back computes only what it is asked for: the discriminator's
    trick, as ``requires_grad`` of the rest is False.
    """
    import torch

    torch.set_num_threads(threads)
    sides = {"contiguous": torch.contiguous_format}
    if x.ndim == 4 and max(x.shape[1], dy.shape[1]) > 1:
        sides["channels_last"] = torch.channels_last
    return {name: _calls_in_format(layer, x, dy, ways, memory) for name, memory in sides.items()}


def _calls_in_format(layer: Layer, x: Array, dy: Array, ways: Sequence[str], memory: Any) -> Calls:
    import torch

    calls: Calls = {}
    for way in ways:
        module = in_torch(layer)
        if x.ndim == 4:
            module = module.to(memory_format=memory)
        entering, gradient = (_in_format(array, memory) for array in (x, dy))
        if way == FORWARD:
            calls[way] = torch.no_grad()(partial(module, entering))
            continue
        module.requires_grad_("params" in _WRT[way])
        wanted = [entering.requires_grad_()] if "x" in _WRT[way] else []
        wanted += [parameter for parameter in module.parameters() if parameter.requires_grad]
        calls[way] = partial(torch.autograd.grad, module(entering), wanted, gradient, retain_graph=True)
    return calls


def _in_format(array: Array, memory: Any) -> Any:
    import torch

    tensor = torch.from_numpy(array.copy())
    return tensor.contiguous(memory_format=memory) if tensor.ndim == 4 else tensor


def _arrays(result: Any) -> list[Array]:
    """The arrays of what a call returned, ours or PyTorch's, in one order and one layout."""
    if isinstance(result, np.ndarray):
        return [result]
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict):  # our (dx, grads)
        dx, grads = result
        # A dense weight, the only one with two axes, is (in, out) here and (out, in) there.
        laid = [grad.T if grad.ndim == 2 else grad for grad in grads.values()]
        return laid if dx is None else [dx, *laid]
    tensors = result if isinstance(result, tuple) else (result,)
    return [tensor.detach().numpy() for tensor in tensors]


def difference(actual: Any, expected: Any) -> float:
    """How far two results are apart: the largest difference, relative to the largest number; NaN where one is."""
    pairs = zip(_arrays(actual), _arrays(expected), strict=True)
    return float(np.max([np.abs(a - e).max() / np.abs(e).max() for a, e in pairs]))
