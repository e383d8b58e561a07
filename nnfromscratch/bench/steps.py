"""One training step, as a user writes it: nothing here is made for the measurement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from nnfromscratch.bench.digits import Batch
from nnfromscratch.bench.workloads import Workload
from nnfromscratch.functional import binary_cross_entropy_with_logits, softmax_cross_entropy
from nnfromscratch.layers import Sequential
from nnfromscratch.optimizers import Adam

# step(number) trains on the batch of that number, from the start again after the last, and gives its losses.
Step: TypeAlias = Callable[[int], tuple[float, ...]]


def training_step(workload: Workload, networks: tuple[Sequential, ...], batches: Sequence[Batch]) -> Step:
    """The step that trains these networks, which it changes. batches: as ``digits.make_batches`` gives them."""
    if workload.is_game:
        generator, discriminator = networks
        return _game(workload, generator, discriminator, batches)
    return _classification(workload, networks[0], batches)


def _classification(workload: Workload, network: Sequential, batches: Sequence[Batch]) -> Step:
    optimizer = Adam(workload.lr, workload.beta1)

    def step(number: int) -> tuple[float, ...]:
        x, labels = batches[number % len(batches)]
        logits, backward = network.forward(x)
        loss, loss_backward = softmax_cross_entropy(logits, labels)
        _, grads = backward(loss_backward(), wrt=("params",))
        optimizer.step(network.params, grads)
        return (float(loss),)

    return step


def _game(workload: Workload, generator: Sequential, discriminator: Sequential, batches: Sequence[Batch]) -> Step:
    """First the discriminator learns from real and from generated images, then the generator to deceive it.

    The generated images are computed once: the generator's way back, a closure, is kept for its own turn.
    """
    adam_g, adam_d = Adam(workload.lr, workload.beta1), Adam(workload.lr, workload.beta1)

    def step(number: int) -> tuple[float, ...]:
        real, noise = batches[number % len(batches)]
        fake, generator_backward = generator.forward(noise)

        on_real, real_backward = discriminator.forward(real)
        on_fake, fake_backward = discriminator.forward(fake)
        real_loss, dreal = binary_cross_entropy_with_logits(on_real, 1.0)
        fake_loss, dfake = binary_cross_entropy_with_logits(on_fake, 0.0)
        _, grads = real_backward(dreal(), wrt=("params",))
        for name, grad in fake_backward(dfake(), wrt=("params",))[1].items():
            grads[name] += grad
        adam_d.step(discriminator.params, grads)

        judged, judged_backward = discriminator.forward(fake)
        generator_loss, djudged = binary_cross_entropy_with_logits(judged, 1.0)
        _, grads = generator_backward(judged_backward(djudged(), wrt=("x",))[0], wrt=("params",))
        adam_g.step(generator.params, grads)
        return float(real_loss) + float(fake_loss), float(generator_loss)

    return step
