"""What can be typed after ``generate`` and ``sample``."""

from __future__ import annotations

import argparse
import math

from nnfromscratch.cli.gan_recipes import DEFAULT, OTHERS, RECIPES, recipe_settings, rules_in_words
from nnfromscratch.cli.numbers import positive, share, whole

_SWITCHES = {
    "feature-matching": "the generator matches the discriminator's mean features",
    "minibatch-discrimination": "the discriminator sees how alike the images of a batch are",
    "virtual-batch-norm": "the generator normalizes beside a fixed reference batch",
}
_AMOUNTS = {
    "historical-averaging": ("W", math.inf, "weight of the penalty for leaving the mean of the past"),
    "label-smoothing": ("A", 0.5, "real images are to get 1 − A"),
    "instance-noise": ("S", math.inf, "standard deviation of noise on all images, which decays to none"),
    "average": ("DECAY", 1.0, "draw samples with a running mean of the generator's weights"),
}


def add_generate(parser: argparse.ArgumentParser) -> None:
    """The options of ``generate``. None stands for what was not typed; gan_recipes.py has the defaults."""
    names = ", ".join(f"{name} (default)" if name == DEFAULT else name for name in RECIPES)
    parser.add_argument("--gan", metavar="NAME", help=names)
    parser.add_argument(
        "--plain", action="store_true", default=None, help="as its source prints it: its rates, no techniques besides"
    )
    parser.add_argument(
        "--data",
        metavar="NAME|PATH",
        help=f"as for classify (default {OTHERS['data']}); a folder of pictures by class too",
    )
    steps = ", ".join(f"{name} {recipe.steps}" for name, recipe in RECIPES.items())
    parser.add_argument("--steps", type=whole(1), metavar="N", help=f"steps of the generator (default: {steps})")
    parser.add_argument(
        "--minutes", type=positive, metavar="M", help="instead of --steps: as many as fit, timed once at the start"
    )
    parser.add_argument(
        "--seed", type=whole(0), metavar="N", help=f"decides everything that is random (default {OTHERS['seed']})"
    )
    sizes = ", ".join(f"{name} {recipe.batch_size}" for name, recipe in RECIPES.items())
    parser.add_argument("--batch-size", type=whole(1), metavar="N", help=f"images in a step (default: {sizes})")
    for player in ("generator", "discriminator"):
        parser.add_argument(
            f"--lr-{player}", type=positive, metavar="X", help=f"the {player}'s learning rate (default: the recipe's)"
        )
    rows = (f"  {name:<12} {rules_in_words(recipe_settings(name, plain=False))}" for name in RECIPES)
    parser.add_argument_group(
        "recipes", "the objective, the learning rates of generator / discriminator, and so on\n\n" + "\n".join(rows)
    )
    techniques = parser.add_argument_group("techniques", "on or off as in the recipe, unless they are typed")
    for name, meaning in _SWITCHES.items():
        techniques.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, default=None, help=meaning)
    for name, (metavar, below, meaning) in _AMOUNTS.items():
        techniques.add_argument(f"--{name}", type=share(below), metavar=metavar, help=f"{meaning} (0: off)")
    parser.add_argument(
        "--judge",
        metavar="RUN",
        help="a run of classify on such images, which measures samples of other data than MNIST",
    )
    parser.add_argument(
        "--image-size", type=whole(1, most=1024), metavar="N", help="resize a folder's pictures to N×N pixels"
    )
    parser.add_argument("--kernels", metavar="NAME", help="compiled (default with Numba), vectorized, loops")
    parser.add_argument("--out", metavar="DIR", help="the run's folder (default runs/generate-DATE-TIME)")
    parser.add_argument("--resume", metavar="DIR", help="go on with the run in DIR, with the settings it had")


def add_sample(parser: argparse.ArgumentParser) -> None:
    """The options of ``sample``."""
    parser.add_argument("folder", metavar="RUN", help="the folder of a run of generate, finished or with a checkpoint")
    parser.add_argument("--n", type=whole(1), default=64, metavar="N", help="how many images (default 64)")
    parser.add_argument("--seed", type=whole(0), default=0, metavar="N", help="draws the noise (default 0)")
    parser.add_argument(
        "--classes", nargs="+", metavar="NAME", help="for a conditional generator: these in turn (default: all)"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="a .png or, for the images themselves, an .npz (default RUN/sample-N-seed-SEED.png)",
    )
