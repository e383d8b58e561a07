"""Ten games that go well, with different objectives, networks, images and seeds: the clinic leaves them alone.

    print(*play(HEALTHY["hinge"]()).findings)                     nothing

Going well does not mean done: none of them plays for more than some seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nnfromscratch.gan.clinic import Recipe, digits, spots
from nnfromscratch.gan.techniques import Techniques
from nnfromscratch.layers import Layer
from nnfromscratch.models import article_gan, dcgan, sngan, wgan
from nnfromscratch.optimizers import Adam, Optimizer, RMSProp
from nnfromscratch.types import Array


def healthy(
    objective: str,
    *,
    seed: int,
    steps: int,
    model: Callable[..., tuple[Layer, Layer]] = article_gan,
    images: Callable[[], tuple[Array, Array]] = digits,
    lr: float = 1e-3,
    optimizer: Callable[[float], Optimizer] | None = None,
    width: int | None = None,
    **settings: Any,
) -> Recipe:
    """A game in which both players learn equally fast, with little momentum and from thousands of images.

    optimizer: Adam with β₁ = 0.5 where it is None   width: the model's own where it is None
    settings: of ``train_gan``
    """
    training, held_out = images()
    sizes = {} if width is None else {"width": width}
    generator, discriminator = model(rng=np.random.default_rng(seed), image_shape=training.shape[1:], **sizes)
    make = optimizer or partial(Adam, beta1=0.5)
    players = {"generator_optimizer": make(lr), "discriminator_optimizer": make(lr)}
    rules = {"objective": objective, "steps": steps, "batch_size": 32, "look_every": 20, **players, **settings}
    return Recipe(generator, discriminator, training, held_out, seed, rules)


HEALTHY: dict[str, Callable[..., Recipe]] = {
    "non-saturating": partial(healthy, "non-saturating", seed=1, steps=3000),
    "label smoothing": partial(
        healthy, "non-saturating", seed=2, steps=3000, techniques=Techniques(label_smoothing=0.1)
    ),
    "minimax": partial(healthy, "minimax", seed=3, steps=3000),
    "least squares": partial(healthy, "least-squares", seed=4, steps=3000),
    "hinge": partial(healthy, "hinge", seed=5, steps=3000),
    "gradient penalty": partial(healthy, "wasserstein", seed=6, steps=1500, gradient_penalty=10.0, critic_steps=2),
    "clipped weights": partial(
        healthy, "wasserstein", seed=7, steps=2000, weight_limit=0.1, critic_steps=2, lr=5e-4, optimizer=RMSProp
    ),
    "DCGAN": partial(healthy, "non-saturating", seed=8, steps=1200, model=dcgan, width=8),
    "spectral normalization": partial(healthy, "hinge", seed=9, steps=1200, model=sngan, width=8),
    "spots": partial(
        healthy, "wasserstein", seed=10, steps=800, images=spots, model=wgan, width=8, gradient_penalty=10.0,
        critic_steps=2,
    ),
}  # fmt: skip
