"""How each GAN is trained: a row as its source has it, and a row with what helped on MNIST's digits."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # imported by the functions below: --help reads the recipes, and should be quick
    import numpy as np

    from nnfromscratch.gan import Techniques
    from nnfromscratch.layers import Layer
    from nnfromscratch.optimizers import Optimizer
    from nnfromscratch.schedules import Schedule


@dataclass(frozen=True)
class Recipe:
    """Networks, rules and techniques of a game.

    model: a function of ``nnfromscratch.models``; model_settings: what it is called with besides
    objective: a name out of ``gan.OBJECTIVES``   optimizer: adam or rmsprop, of both players, with two learning rates
    schedule: constant, linear or cosine, the learning rates' course over all steps
    The others are what ``gan.train_gan`` and ``gan.Techniques`` call so.
    """

    model: str
    objective: str
    steps: int
    lr_generator: float
    lr_discriminator: float
    optimizer: str = "adam"
    beta1: float = 0.9
    beta2: float = 0.999
    schedule: str = "constant"
    batch_size: int = 128
    critic_steps: int = 1
    gradient_penalty: float = 0.0
    weight_limit: float | None = None
    feature_matching: bool = False
    minibatch_discrimination: bool = False
    historical_averaging: float = 0.0
    label_smoothing: float = 0.0
    virtual_batch_norm: bool = False
    instance_noise: float = 0.0
    average: float = 0.0
    model_settings: dict[str, Any] = field(default_factory=dict)


# As printed: the article; Goodfellow et al. (2014); Radford et al. (2016); Arjovsky et al. (2017); Gulrajani et al.
# (2017); Mao et al. (2017); Miyato et al. (2018), setting C; Mirza and Osindero (2014) with DCGAN's networks. Only the
# numbers of steps are ours, and that images have 28×28 pixels.
_ARTICLE = Recipe("article_gan", "non-saturating", 30_000, 1e-3, 1e-3)
_DCGAN = Recipe("dcgan", "non-saturating", 8_000, 2e-4, 2e-4, beta1=0.5)
AS_PRINTED = {
    "article": _ARTICLE,
    "minimax": replace(_ARTICLE, objective="minimax"),
    "dcgan": _DCGAN,
    "lsgan": replace(_DCGAN, objective="least-squares", lr_generator=1e-3, lr_discriminator=1e-3),
    "wgan": Recipe(
        "wgan", "wasserstein", 4_000, 5e-5, 5e-5, "rmsprop", batch_size=64, critic_steps=5, weight_limit=0.01
    ),
    "wgan-gp": Recipe(
        "wgan", "wasserstein", 3_000, 1e-4, 1e-4, beta1=0.0, beta2=0.9, batch_size=64, critic_steps=5,
        gradient_penalty=10.0,
    ),
    "hinge": replace(_DCGAN, model="sngan", objective="hinge", steps=4_000, batch_size=64, critic_steps=5),
    "conditional": replace(_DCGAN, model="conditional_dcgan"),
}  # fmt: skip

# Half the channels, and half the images in a step, take a quarter of the time: more steps then bring more than better
# ones. The generator may hurry, the discriminator must not win. Critics that are held back by a penalty or by their
# norms cannot: with five steps to the generator's one they take most of the time, with one or two that are larger they
# learn enough.
_QUICK: dict[str, Any] = {
    "lr_generator": 1e-3,
    "lr_discriminator": 2e-4,
    "batch_size": 64,
    "schedule": "linear",
    "average": 0.999,
    "model_settings": {"width": 32},
}

# What the command does without --plain. The article's networks stay what they are: with Adam's default β₁ of 0.9 their
# discriminator wins within 1,500 steps; 0.5 (Radford et al., section 4) and half the rate for it keep the game open.
# After 20,000 steps their samples become no better.
RECIPES = {
    "article": replace(
        AS_PRINTED["article"], steps=30_000, beta1=0.5, lr_discriminator=5e-4, label_smoothing=0.1, average=0.999
    ),
    "minimax": replace(AS_PRINTED["minimax"], average=0.999),
    "dcgan": replace(AS_PRINTED["dcgan"], **_QUICK, steps=12_000),
    "lsgan": replace(AS_PRINTED["lsgan"], **_QUICK, steps=6_000),
    "wgan": replace(AS_PRINTED["wgan"], average=0.999),
    "wgan-gp": replace(
        AS_PRINTED["wgan-gp"],
        **{**_QUICK, "lr_generator": 5e-4, "lr_discriminator": 5e-4},
        steps=2_500,
        beta1=0.5,
        critic_steps=2,
    ),
    "hinge": replace(AS_PRINTED["hinge"], **{**_QUICK, "lr_discriminator": 1e-3}, steps=5_000, critic_steps=1),
    "conditional": replace(AS_PRINTED["conditional"], **_QUICK, steps=12_000),
}

DEFAULT = "article"
TECHNIQUES = (
    "feature_matching", "minibatch_discrimination", "historical_averaging", "label_smoothing", "virtual_batch_norm",
    "instance_noise", "average",
)  # fmt: skip

# What can be typed besides a recipe's own entries, and what stands for it where it is not.
OTHERS: dict[str, Any] = {
    "gan": DEFAULT,
    "plain": False,
    "data": "mnist",
    "minutes": None,
    "seed": 0,
    "judge": None,
    "image_size": None,
    "kernels": None,
}
TYPED = (*OTHERS, "steps", "batch_size", "lr_generator", "lr_discriminator", *TECHNIQUES)


def recipe_settings(gan: str, *, plain: bool) -> dict[str, Any]:
    """The entries of a recipe by name."""
    return asdict((AS_PRINTED if plain else RECIPES)[gan])


def rules_in_words(settings: dict[str, Any]) -> str:
    """The rules of a game in a line.

    >>> rules_in_words(recipe_settings("wgan-gp", plain=True))
    'wasserstein, adam 0.0001 / 0.0001, batches of 64, 5 critic steps, gradient penalty 10'
    """
    rates = f"{settings['lr_generator']:g} / {settings['lr_discriminator']:g}"
    words = [settings["objective"], f"{settings['optimizer']} {rates}", f"batches of {settings['batch_size']}"]
    if settings["critic_steps"] > 1:
        words.append(f"{settings['critic_steps']} critic steps")
    if settings["schedule"] != "constant":
        words.append(f"rates {settings['schedule']} to zero")
    words += [f"{name} {value}" for name, value in settings["model_settings"].items()]
    for name in ("gradient_penalty", "weight_limit", *TECHNIQUES):
        if settings[name]:
            value = "" if settings[name] is True else f" {settings[name]:g}"
            words.append(name.replace("_", " ") + value)
    return ", ".join(words)


def make_techniques(settings: dict[str, Any]) -> Techniques:
    """The switches of the techniques. Raises RangeError for values that make no sense."""
    from nnfromscratch.gan import Techniques

    return Techniques(**{name: settings[name] for name in TECHNIQUES})


def make_optimizers(settings: dict[str, Any]) -> tuple[Optimizer, Optimizer]:
    """The generator's and the discriminator's."""
    from nnfromscratch.optimizers import Adam, RMSProp

    def make(lr: float) -> Optimizer:
        if settings["optimizer"] == "rmsprop":
            return RMSProp(lr)
        return Adam(lr, beta1=settings["beta1"], beta2=settings["beta2"])

    return make(settings["lr_generator"]), make(settings["lr_discriminator"])


def make_schedule(settings: dict[str, Any]) -> Schedule | None:
    """The course of both learning rates over all steps; None for one that stays."""
    from nnfromscratch.schedules import Cosine, LinearToZero

    return {"constant": None, "linear": LinearToZero(settings["steps"]), "cosine": Cosine(settings["steps"])}[
        settings["schedule"]
    ]


def make_players(
    settings: dict[str, Any], image_shape: tuple[int, int, int], classes: int, rng: np.random.Generator
) -> tuple[Layer, Layer]:
    """The generator and the discriminator.

    Raises ShapeError for images that the model cannot make, RangeError for a technique whose layer it has no place for.
    """
    from nnfromscratch import models
    from nnfromscratch.errors import RangeError

    model: Callable[..., tuple[Layer, Layer]] = getattr(models, settings["model"])
    takes = inspect.signature(model).parameters
    given: dict[str, Any] = {**settings["model_settings"], "rng": rng, "image_shape": image_shape}
    if foreign := given.keys() - takes:
        raise RangeError(f"{settings['model']}: model_settings expects {', '.join(takes)}; has {', '.join(foreign)}")
    if "classes" in takes:
        given["classes"] = classes
    for name in ("minibatch_discrimination", "virtual_batch_norm"):
        if settings[name] and name not in takes:
            raise RangeError(f"train_gan: techniques with {name} expect networks that have a place for it")
        if settings[name]:
            given[name] = True
    return model(**given)
