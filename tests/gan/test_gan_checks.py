"""What does not fit together is named before anything changes."""

import numpy as np
import pytest
from game_cases import LATENT, SHAPE, conditional_players, pictures, play, players, quarters

from nnfromscratch import kernels
from nnfromscratch.data import Dataset
from nnfromscratch.errors import DtypeError, NNFromScratchError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.gan.techniques import Techniques
from nnfromscratch.layers import (
    BatchNorm,
    Dense,
    Flatten,
    MinibatchDiscrimination,
    ReLU,
    Reshape,
    Sequential,
    Softplus,
    Tanh,
)
from nnfromscratch.optimizers import SGD
from nnfromscratch.randomness import generator_state


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


def rng():
    return np.random.default_rng(0)


def floats(low=0.0, high=1.0):
    return np.linspace(low, high, 40 * 16, dtype=np.float32).reshape(40, *SHAPE)


def with_nan():
    images = floats()
    images[3, 0, 1, 2] = np.nan
    return images


def generator(*layers, noise=(LATENT,)):
    return Sequential(*layers, input_shape=noise)


G, D = players()
SAME = SGD(0.1)
OTHER_SIZE = players()[1].__class__(Flatten(), Dense(25, 1, rng=rng()), input_shape=(1, 5, 5))
NORMALIZED = generator(Dense(LATENT, 16, rng=rng()), BatchNorm(16), Reshape(SHAPE))

BAD = {
    # the players
    "no layer": ({"pair": (42, D)}, DtypeError, "generator expects a layer, is int"),
    "nothing to train": ({"pair": (G, Sequential(Flatten()))}, RangeError, "discriminator expects parameters"),
    "other types": (
        {"pair": (G, players(dtype=np.float64)[1])}, DtypeError, "discriminator expects float32 like the generator",
    ),
    "other images": (
        {"pair": (generator(Dense(LATENT, 9, rng=rng()), Reshape((1, 3, 3))), D)},
        ShapeError, r"generator expects to make images of shape \(1, 4, 4\) like the real ones, makes \(1, 3, 3\)",
    ),
    "rows for images": (
        {"pair": (generator(Dense(LATENT, 16, rng=rng())), D)}, ShapeError, r"like the real ones, makes \(16,\)",
    ),
    "a discriminator for other images": (
        {"pair": (G, OTHER_SIZE)},
        ShapeError, r"discriminator expects other images than those of shape \(1, 4, 4\) that the generator makes: ",
    ),
    "a score for each class": (
        {"pair": (G, Sequential(Flatten(), Dense(16, 10, rng=rng())))},
        ShapeError, r"discriminator expects to give each image one score, shape \(N, 1\), gives shape \(N, 10\)",
    ),
    "noise of unknown size": (
        {"pair": (Sequential(*G.layers), D)}, RangeError, "generator expects a network that knows its input_shape",
    ),
    "noise that is an image": (
        {"pair": (generator(Flatten(), Dense(4, 16, rng=rng()), Reshape(SHAPE), noise=(1, 2, 2)), D)},
        ShapeError, r"generator expects noise of shape \(N, latent\), takes \(N, 1, 2, 2\)",
    ),
    "one is told the class": (
        {"pair": (conditional_players()[0], D), "labels": quarters()},
        RangeError, "discriminator expects to be told 4 classes like the generator, is told 0",
    ),
    # the images
    "no images": ({"images": [1, 2]}, DtypeError, "images expects a Dataset or an array .* is list"),
    "whole numbers": ({"images": pictures().astype(int)}, DtypeError, "images expects .*, is int64"),
    "no channel": ({"images": pictures()[:, 0]}, ShapeError, r"images expects shape .*, has \(40, 4, 4\)"),
    "nothing": ({"images": pictures()[:0]}, ShapeError, r"images expects shape .* at least 1, has \(0, 1, 4, 4\)"),
    "below the sigmoid": (
        {"images": floats(-1)}, RangeError,
        "images expects numbers from 0 to 1, the range of the generator's last layer, has -1 to 1",
    ),
    "above the sigmoid": ({"images": floats(0, 255)}, RangeError, "expects numbers from 0 to 1,.* has 0 to 255"),
    "outside of tanh": (
        {"images": floats(0, 2), "pair": players(last=Tanh)}, RangeError, "numbers from -1 to 1, .* 0 to 2",
    ),
    "not finite": (
        {"images": with_nan()}, NonFiniteError, r"images expects finite numbers, has nan at index \(3, 0, 1, 2\)",
    ),
    "not finite, without a range": (
        {"images": with_nan(), "pair": players(last=Softplus)}, NonFiniteError, "images expects finite numbers",
    ),
    # labels
    "labels to no purpose": (
        {"labels": quarters()}, RangeError, "labels expects players that are told the class, these are not conditional",
    ),
    "no labels": ({"pair": conditional_players()}, RangeError, "labels expects the class of each image .* is None"),
    "too few labels": (
        {"pair": conditional_players(), "labels": quarters(39)},
        ShapeError, r"labels expects one for each of the 40 images, has shape \(39,\)",
    ),
    "labels that are no whole numbers": (
        {"pair": conditional_players(), "labels": quarters() * 1.0}, DtypeError, "labels expects .* is float64",
    ),
    "labels of other classes": (
        {"pair": conditional_players(), "labels": quarters() + 1},
        RangeError, "labels expects whole numbers from 0 to 3, the classes that the players are told, has 1 to 4",
    ),
    "a data set of more classes": (
        {"pair": conditional_players(), "images": Dataset(pictures(), np.arange(40) % 5, tuple("abcde"))},
        RangeError, "labels expects whole numbers from 0 to 3, .* has 0 to 4",
    ),
    # sizes of batches
    "a larger batch": ({"batch_size": 41}, RangeError, "batch_size expects at most the 40 images, is 41"),
    "one image and batch statistics": (
        {"pair": (NORMALIZED, D), "batch_size": 1},
        RangeError, r"batch_size expects at least 2 for BatchNorm\(16\), which compares the images of a batch, is 1",
    ),
    "one image and its neighbours": (
        {
            "pair": (
                G, Sequential(Flatten(), MinibatchDiscrimination(16, 2, 2, rng=rng()), Dense(18, 1, rng=rng()))
            ),
            "batch_size": 1,
        },
        RangeError, r"batch_size expects at least 2 for MinibatchDiscrimination\(16, 2, 2\)",
    ),
    # rules
    "an unknown objective": ({"objective": "wasserstien"}, RangeError, r"\(did you mean 'wasserstein'\?"),
    "no objective": ({"objective": 3}, DtypeError, "objective expects an Objective or its name, is int"),
    "no techniques": ({"techniques": True}, DtypeError, r"techniques expects Techniques\(...\), is bool"),
    "smoothing without a target": (
        {"objective": "hinge", "techniques": Techniques(label_smoothing=0.1)}, RangeError, "one with a target for real",
    ),
    "no features": (
        {
            "pair": (G, Sequential(Flatten(), Dense(16, 1, rng=rng()), ReLU())),
            "techniques": Techniques(feature_matching=True),
        },
        RangeError, "feature_matching expects a discriminator that is a Sequential with a Dense at its end, is",
    ),
    "nobody compares": (
        {"techniques": Techniques(minibatch_discrimination=True)},
        RangeError, "minibatch_discrimination expect a discriminator with a MinibatchDiscrimination, which has none",
    ),
    "no reference": (
        {"techniques": Techniques(virtual_batch_norm=True)},
        RangeError, "virtual_batch_norm expect a generator with a VirtualBatchNorm, which has none",
    ),
    "a penalty for batch statistics": (
        {
            "pair": (G, Sequential(Flatten(), Dense(16, 4, rng=rng()), BatchNorm(4), Dense(4, 1, rng=rng()))),
            "gradient_penalty": 10.0,
        },
        RangeError, "BatchNorm",
    ),
    "a penalty for conditional players": (
        {"pair": conditional_players(), "labels": quarters(), "gradient_penalty": 10.0}, RangeError, "Conditional",
    ),
    "no steps": ({"steps": 0}, RangeError, "steps expects a whole number of at least 1, is 0"),
    "half a critic step": ({"critic_steps": 0.5}, RangeError, "critic_steps expects a whole number of at least 1"),
    "batch of none": ({"batch_size": 0}, RangeError, "batch_size expects a whole number of at least 1, is 0"),
    "never looked": ({"look_every": 0}, RangeError, "look_every expects a whole number of at least 1, is 0"),
    "no samples": ({"samples": 0}, RangeError, "samples expects a whole number of at least 1, is 0"),
    "never sampled": ({"sample_every": 0}, RangeError, "sample_every expects a whole number of at least 1, is 0"),
    "a negative penalty": ({"gradient_penalty": -1.0}, RangeError, "gradient_penalty expects a finite number >= 0"),
    "no room for weights": ({"weight_limit": 0.0}, RangeError, "weight_limit expects a finite number > 0, is 0.0"),
    "checkpoints in the past": ({"checkpoint_seconds": -1}, RangeError, "checkpoint_seconds expects a finite num"),
    # who updates, draws and is called
    "no optimizer": ({"generator_optimizer": 0.1}, DtypeError, "generator_optimizer expects an optimizer such as"),
    "one optimizer for both": (
        {"generator_optimizer": SAME, "discriminator_optimizer": SAME},
        RangeError, "discriminator_optimizer expects one of its own, is the generator's",
    ),
    "no schedule": ({"generator_schedule": 0.5}, DtypeError, "generator_schedule expects a function, is float"),
    "nobody to show to": ({"on_samples": []}, DtypeError, "on_samples expects a function, is list"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named_and_nothing_changes(kind, tmp_path):
    settings, error, said = BAD[kind]
    pair = settings.get("pair", players())
    before = [{n: a.copy() for n, a in getattr(player, "params", {}).items()} for player in pair]
    with pytest.raises(error, match=said) as caught:
        play(**{"pair": pair, **settings, "checkpoint": tmp_path / "game.npz"})
    assert isinstance(caught.value, NNFromScratchError)
    for player, then in zip(pair, before, strict=True):
        assert all((player.params[name] == array).all() for name, array in then.items())
    assert not list(tmp_path.iterdir())


def test_nothing_is_drawn_before_all_is_well():
    from nnfromscratch.gan.training import train_gan

    generator = np.random.default_rng(0)
    before = generator_state(generator)
    with pytest.raises(RangeError):
        train_gan(
            *players(), pictures(), objective="hinge", generator_optimizer=SGD(0.1), discriminator_optimizer=SGD(0.1),
            steps=3, rng=generator, batch_size=100,
        )  # fmt: skip
    assert generator_state(generator) == before
    with pytest.raises(DtypeError, match="rng expects a numpy"):
        train_gan(
            *players(), pictures(), objective="hinge", generator_optimizer=SGD(0.1), discriminator_optimizer=SGD(0.1),
            steps=3, rng=np.random.RandomState(0), batch_size=8,
        )  # fmt: skip


def test_a_single_image_will_do_where_nobody_compares():
    *_, history = play(batch_size=1, look_every=1)
    assert history.steps == 3
    assert history.look_step == [1, 2, 3]
    assert history.diversity == history.nearest == []
