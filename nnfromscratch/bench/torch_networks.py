"""The same networks in PyTorch, layer by layer under the same numbers, so that the weights go over by name."""

from __future__ import annotations

from typing import Any

from nnfromscratch import interop
from nnfromscratch.errors import RangeError
from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    Layer,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
)


def in_torch(layer: Layer) -> Any:
    """The module that computes what ``layer`` does: with its settings, parameters, statistics and float type.

    Raises RangeError for a kind of layer that no workload has.
    """
    import torch

    module = _module(layer).to(getattr(torch, layer.dtype.name))
    module.load_state_dict({name: torch.from_numpy(array) for name, array in interop.to_torch(layer).items()})
    return module


def _module(layer: Layer) -> Any:
    from torch import nn

    bias = "bias" in layer.params
    if isinstance(layer, Sequential):
        return nn.Sequential(*map(_module, layer))
    if isinstance(layer, Dense):
        return nn.Linear(*layer.params["weight"].shape, bias=bias)
    if isinstance(layer, Conv2d):
        filters, channels, *kernel_size = layer.params["weight"].shape
        return nn.Conv2d(channels, filters, kernel_size, layer.stride, layer.padding, bias=bias)
    if isinstance(layer, ConvTranspose2d):
        channels, filters, *kernel_size = layer.params["weight"].shape
        return nn.ConvTranspose2d(channels, filters, kernel_size, layer.stride, layer.padding, bias=bias)
    if isinstance(layer, BatchNorm):
        return nn.BatchNorm2d(len(layer.params["weight"]), layer.eps, layer.momentum)
    if isinstance(layer, MaxPool2d):
        return nn.MaxPool2d(layer.kernel_size, layer.stride, layer.padding)
    if isinstance(layer, Reshape):
        return nn.Unflatten(1, layer.shape)
    if isinstance(layer, LeakyReLU):
        return nn.LeakyReLU(layer.negative_slope)
    for ours, theirs in ((Flatten, nn.Flatten), (ReLU, nn.ReLU), (Sigmoid, nn.Sigmoid)):
        if isinstance(layer, ours):
            return theirs()
    raise RangeError(f"in_torch: layer expects a kind that a workload has, is {layer!r}")
