"""How the default network is trained. No number was chosen by the test images, see docs/default-network.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # imported by the functions below: --help reads the defaults, and should be quick
    from nnfromscratch.data import Augmentation
    from nnfromscratch.optimizers import Optimizer
    from nnfromscratch.schedules import Schedule

# What a user can change, with its default.
DEFAULTS: dict[str, Any] = {
    "data": "mnist",
    "model": "cnn",
    "epochs": 12,
    "seed": 0,
    "batch_size": 64,
    "learning_rate": 2e-3,
    "train_size": None,
    "image_size": None,
    "kernels": None,
}

# What stays as it is; it stands in the run's settings all the same.
AUGMENTATION = {"shift": 2.0, "rotation": 10.0, "scale": 0.1, "shear": 0.1}
FIXED: dict[str, Any] = {"optimizer": "Adam", "schedule": "cosine to zero", "augmentation": AUGMENTATION}

# Cut from the training part to choose the weights by: so many images, or a tenth where there are fewer than ten times
# as many.
VALIDATION = 5000


def make_optimizer(learning_rate: float) -> Optimizer:
    """The optimizer of the recipe."""
    from nnfromscratch.optimizers import Adam

    return Adam(learning_rate)


def make_schedule(steps: int) -> Schedule:
    """The learning rate's course over so many steps."""
    from nnfromscratch.schedules import Cosine

    return Cosine(steps)


def make_augmentation() -> Augmentation:
    """The changes that every training image goes through."""
    from nnfromscratch.data import Augmentation

    return Augmentation(**AUGMENTATION)
