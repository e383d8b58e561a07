"""The same networks in PyTorch, layer by layer under the same numbers, so that the weights go over by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnfromscratch import interop
from nnfromscratch.bench.workloads import NOISE, Workload
from nnfromscratch.layers import Layer, Sequential


def torch_networks(workload: Workload, networks: Sequence[Sequential]) -> list[Any]:
    """PyTorch's ``nn.Sequential`` for each of our networks, with their weights, in their float type."""
    return [with_weights_of(ours, make()) for ours, make in zip(networks, _MAKERS[workload.name], strict=True)]


def with_weights_of(network: Layer, module: Any) -> Any:
    """PyTorch's ``module`` with the parameters, statistics and float type of our ``network``."""
    import torch

    module.to(getattr(torch, network.dtype.name))
    module.load_state_dict({name: torch.from_numpy(array) for name, array in interop.to_torch(network).items()})
    return module


def lenet() -> Any:
    """``workloads.lenet`` in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 7 * 7, 512),
        nn.ReLU(),
        nn.Linear(512, 10),
    )


def small() -> Any:
    """``workloads.small`` in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 10),
    )


def dcgan_generator() -> Any:
    """``workloads.dcgan_generator`` in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Linear(NOISE, 128 * 7 * 7, bias=False),
        nn.Unflatten(1, (128, 7, 7)),
        nn.BatchNorm2d(128),
        nn.ReLU(),
        nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 1, 4, stride=2, padding=1),
        nn.Sigmoid(),
    )


def dcgan_discriminator() -> Any:
    """``workloads.dcgan_discriminator`` in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 64, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(128),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(128 * 7 * 7, 1),
    )


def article_generator() -> Any:
    """``workloads.article_generator`` in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Linear(NOISE, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 784),
        nn.Sigmoid(),
    )


def article_discriminator() -> Any:
    """``workloads.article_discriminator`` in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Linear(784, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 1),
    )


_MAKERS = {
    "lenet": (lenet,),
    "small": (small,),
    "dcgan": (dcgan_generator, dcgan_discriminator),
    "article-gan": (article_generator, article_discriminator),
}
