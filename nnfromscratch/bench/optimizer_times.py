"""One step of Adam on all parameters of a network, ours beside PyTorch's two."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from nnfromscratch.bench.comparison import OURS, compared
from nnfromscratch.bench.interleaved import Variant, interleaved
from nnfromscratch.bench.torch_networks import in_torch
from nnfromscratch.bench.torch_steps import has_torch
from nnfromscratch.bench.workloads import Workload
from nnfromscratch.interop import to_torch
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.layers import Sequential
from nnfromscratch.optimizers import Adam
from nnfromscratch.types import Array

TOLERANCE = 1e-5  # of the largest parameter: how far the two may be apart after a step


def adam_times(workload: Workload, threads: int, *, seconds: float, seed: int) -> dict[str, Any]:
    """A row as ``operation_times`` gives them, of the workload's first network, with gradients drawn at random."""
    rng = np.random.default_rng(seed)
    network = workload.networks(seed)[0]
    grads = {name: rng.standard_normal(array.shape, dtype=np.float32) for name, array in network.params.items()}
    theirs = _torch_steps(network, grads, threads) if has_torch() else {}
    ours = partial(Adam().step, network.params, grads)
    around = partial(use_threads, threads)
    with around():
        ours()
    count = sum(array.size for array in network.params.values())
    row: dict[str, Any] = {"operation": f"Adam, {count:,} parameters", "way": "step", "batch": None, "threads": threads}
    difference = float(np.max([_difference(network, module) for module, _ in theirs.values()], initial=0.0))
    row["difference"] = difference if theirs else None
    if difference <= TOLERANCE:
        variants = {OURS: Variant(ours, around), **{name: Variant(step) for name, (_, step) in theirs.items()}}
        row |= compared(interleaved(variants, seconds=seconds, rng=rng))
        row |= {"gflops": None, "torch_gflops": None, "share_of_peak": None}
    return row


def _torch_steps(network: Sequential, grads: dict[str, Array], threads: int) -> dict[str, tuple[Any, Any]]:
    """PyTorch's network after one step, and its next steps, by Adam."""
    import torch

    torch.set_num_threads(threads)
    steps = {}
    for name, fused in (("default Adam", None), ("fused Adam", True)):
        module = in_torch(network)
        for parameter, grad in zip(module.parameters(), grads.values(), strict=True):
            parameter.grad = torch.from_numpy((grad.T if grad.ndim == 2 else grad).copy())
        step = torch.optim.Adam(module.parameters(), fused=fused).step
        step()
        steps[name] = module, step
    return steps


def _difference(network: Sequential, module: Any) -> float:
    """How far the parameters are apart, relative to the largest."""
    state = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    pairs = [(array, state[name]) for name, array in to_torch(network).items()]
    return float(np.max([np.abs(a - b).max() for a, b in pairs]) / np.max([np.abs(b).max() for _, b in pairs]))
