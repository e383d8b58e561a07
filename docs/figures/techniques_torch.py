"""The article's GAN as printed once more, in PyTorch: is it the game that fails, or our code?

    python docs/figures/techniques_torch.py

It needs PyTorch, takes a few minutes on one core, and writes after every run. Networks, first weights, loss, rates and
batches are those of the row "as printed" in techniques.py, the judge is ours. Another file may be named behind it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from nnfromscratch import data, gan, runs
from nnfromscratch.bench import machine
from nnfromscratch.gan import measuring

FILE = Path(__file__).with_name("techniques_torch.json")
SEEDS = 0, 1, 2
STEPS, SAMPLES, BATCH = 10_000, 5000, 128


def networks():
    """The generator and the discriminator."""
    slope = 0.2
    generator = nn.Sequential(
        *(nn.Linear(100, 128), nn.LeakyReLU(slope)),
        *(nn.Linear(128, 128), nn.LeakyReLU(slope)),
        *(nn.Linear(128, 784), nn.Sigmoid()),
    )
    discriminator = nn.Sequential(
        *(nn.Linear(784, 128), nn.LeakyReLU(slope)), *(nn.Linear(128, 128), nn.LeakyReLU(slope)), nn.Linear(128, 1)
    )
    for layer in (*generator, *discriminator):
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return generator, discriminator


def play(seed, images):
    """The trained generator. images: (M, 784), bytes"""
    torch.manual_seed(seed)
    generator, discriminator = networks()
    adams = [torch.optim.Adam(player.parameters(), lr=1e-3) for player in (generator, discriminator)]
    loss = nn.functional.binary_cross_entropy_with_logits
    one, zero = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    for _ in range(STEPS):
        real = images[torch.randint(len(images), (BATCH,))].float() / 255
        generated = generator(torch.randn(BATCH, 100)).detach()
        adams[1].zero_grad()
        (loss(discriminator(real), one) + loss(discriminator(generated), zero)).backward()
        adams[1].step()
        adams[0].zero_grad()
        loss(discriminator(generator(torch.randn(BATCH, 100))), one).backward()
        adams[0].step()
    return generator


def main(file=FILE):
    torch.set_num_threads(1)
    splits, judge, kept = data.load("mnist"), gan.load_judge(), []
    reference, _ = gan.judge_features(judge, splits.test.images)
    images = torch.from_numpy(splits.train.images.reshape(-1, 784).copy())
    for seed in SEEDS:
        generator = play(seed, images)
        with torch.no_grad():
            samples = generator(torch.randn(SAMPLES, 100)).numpy().reshape(-1, 1, 28, 28)
        figures = measuring.judge_figures(*gan.judge_features(judge, samples.astype(np.float32)), reference)
        kept.append({"seed": seed, "figures": figures, "finished": runs.now()})
        runs.write_json(Path(file), {**machine.describe(), "steps": STEPS, "samples": SAMPLES, "runs": kept})
        print(seed, {name: figure["value"] for name, figure in figures.items()}, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:2])
