"""The same training step in PyTorch, at its best: in every memory format and with both of its fast Adams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from nnfromscratch.bench.digits import Batch
from nnfromscratch.bench.steps import Step
from nnfromscratch.bench.torch_networks import in_torch
from nnfromscratch.bench.workloads import Workload
from nnfromscratch.layers import Sequential


@dataclass(frozen=True)
class Setting:
    """How PyTorch computes. channels_last: its other memory format.   fused: Adam as one kernel, not a loop of few."""

    channels_last: bool = False
    fused: bool = False

    def __str__(self) -> str:
        return f"{'channels_last' if self.channels_last else 'contiguous'}, {'fused' if self.fused else 'default'} Adam"


def has_torch() -> bool:
    """Whether PyTorch is installed; it is not loaded to find out."""
    return find_spec("torch") is not None


def settings(workload: Workload) -> list[Setting]:
    """Every setting that makes a difference: fully connected layers have no memory formats.

    >>> from nnfromscratch.bench.workloads import WORKLOADS
    >>> [str(setting) for setting in settings(WORKLOADS["article-gan"])]
    ['contiguous, default Adam', 'contiguous, fused Adam']
    """
    formats = (False, True) if len(workload.image_shape) == 3 else (False,)
    return [Setting(channels_last, fused) for channels_last in formats for fused in (False, True)]


def torch_step(
    workload: Workload, networks: tuple[Sequential, ...], batches: Sequence[Batch], setting: Setting
) -> Step:
    """PyTorch's step on networks with the weights of ours, which it leaves alone, and on the same batches.

    What helps PyTorch is done: gradients are set to None, not to zero; the discriminator's parameters take no part
    while the generator learns; the targets of the game and the batches, in the memory format, are made beforehand.
    """
    import torch

    memory = torch.channels_last if setting.channels_last else torch.contiguous_format
    modules = [in_torch(network).to(memory_format=memory) for network in networks]
    adams = [
        torch.optim.Adam(
            module.parameters(), workload.lr, (workload.beta1, 0.999), fused=True if setting.fused else None
        )
        for module in modules
    ]
    tensors = [(_in_format(images, memory), torch.from_numpy(other)) for images, other in batches]
    if workload.is_game:
        return _game(modules, adams, tensors)
    return _classification(modules[0], adams[0], tensors)


def _in_format(images: Any, memory: Any) -> Any:
    import torch

    tensor = torch.from_numpy(images)
    return tensor.to(memory_format=memory) if tensor.ndim == 4 else tensor


def _classification(network: Any, adam: Any, batches: Sequence[tuple[Any, Any]]) -> Step:
    from torch.nn.functional import cross_entropy

    def step(number: int) -> tuple[float, ...]:
        x, labels = batches[number % len(batches)]
        adam.zero_grad(set_to_none=True)
        loss = cross_entropy(network(x), labels)
        loss.backward()
        adam.step()
        return (loss.item(),)

    return step


def _game(networks: Sequence[Any], adams: Sequence[Any], batches: Sequence[tuple[Any, Any]]) -> Step:
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    generator, discriminator = networks
    adam_g, adam_d = adams
    ones = [torch.ones(len(noise), 1, dtype=noise.dtype) for _, noise in batches]
    zeros = [torch.zeros_like(column) for column in ones]

    def step(number: int) -> tuple[float, ...]:
        which = number % len(batches)
        (real, noise), yes, no = batches[which], ones[which], zeros[which]
        fake = generator(noise)

        adam_d.zero_grad(set_to_none=True)
        real_loss = binary_cross_entropy_with_logits(discriminator(real), yes)
        fake_loss = binary_cross_entropy_with_logits(discriminator(fake.detach()), no)
        (real_loss + fake_loss).backward()
        adam_d.step()

        adam_g.zero_grad(set_to_none=True)
        discriminator.requires_grad_(False)
        generator_loss = binary_cross_entropy_with_logits(discriminator(fake), yes)
        generator_loss.backward()
        discriminator.requires_grad_(True)
        adam_g.step()
        return real_loss.item() + fake_loss.item(), generator_loss.item()

    return step
