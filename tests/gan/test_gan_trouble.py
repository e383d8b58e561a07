"""The first number that is not finite is found where it was planted: the player, the images, the layer."""

import copy

import numpy as np
import pytest
from game_cases import LATENT, PIXELS, SHAPE, bits, conditional_players, pictures, players, quarters

from nnfromscratch import kernels
from nnfromscratch.errors import NonFiniteError
from nnfromscratch.gan.objectives import NON_SATURATING, Objective
from nnfromscratch.gan.techniques import Techniques
from nnfromscratch.gan.training import train_gan
from nnfromscratch.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Reshape,
    Sequential,
    Sigmoid,
    Tanh,
    VirtualBatchNorm,
    WithReference,
)
from nnfromscratch.optimizers import SGD, Adam
from nnfromscratch.randomness import generator_state


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


class Spoils(Layer):
    """Passes everything on, but for one number on the way forward or back, from the ``after``-th call on."""

    def __init__(self, forward=False, back=False, after=0):
        super().__init__(state={"calls": np.array([0])})
        self.wrong, self.after = (forward, back), after

    def forward(self, x, training=True):
        in_time = training and int(self.state["calls"][0]) >= self.after
        if training:
            self.state["calls"] = self.state["calls"] + 1
        y = x.copy()
        if self.wrong[0] and in_time:
            y[1, 2] = np.nan

        def backward(dy, wrt=("x", "params")):
            dx = dy.copy()
            if self.wrong[1] and in_time:
                dx[0, 1] = -np.inf
            return dx, {}

        return y, backward

    def __repr__(self):
        return "Spoils()"


def pair(in_generator=None, in_discriminator=None):
    """Players with batch normalization and dropout, and perhaps a layer that spoils numbers as their third."""
    rng = np.random.default_rng(0)
    generator = Sequential(
        Dense(LATENT, 5, rng=rng), BatchNorm(5), *([in_generator] if in_generator else []), Tanh(),
        Dense(5, PIXELS, rng=rng), Sigmoid(), Reshape(SHAPE), input_shape=(LATENT,),
    )  # fmt: skip
    discriminator = Sequential(
        Flatten(), Dense(PIXELS, 5, rng=rng), *([in_discriminator] if in_discriminator else []), BatchNorm(5), Tanh(),
        Dropout(0.3, rng=rng), Dense(5, 1, rng=rng), input_shape=SHAPE,
    )  # fmt: skip
    return generator, discriminator


def play(players, steps=4, images=None, rng=None, **settings):
    settings = {
        "objective": "non-saturating", "generator_optimizer": Adam(0.01), "discriminator_optimizer": Adam(0.01),
        "batch_size": 8, "samples": 2, **settings,
    }  # fmt: skip
    rng = np.random.default_rng(1) if rng is None else rng
    return train_gan(*players, pictures() if images is None else images, steps=steps, rng=rng, **settings)


# How often the discriminator is asked in a step: for real images, for generated ones, and by the generator.
PLANTED = [
    (
        pair(in_generator=Spoils(forward=True, after=4)),
        "step 3: the discriminator expects finite numbers, has loss nan; where it began: the generator: the result of "
        "layer 2, Spoils() (1 of 40 numbers, the first nan at (1, 2))",
    ),
    (
        pair(in_generator=Spoils(forward=True, after=5)),
        "step 3: the generator expects finite numbers, has loss nan; where it began: the generator: the result of",
    ),
    (
        pair(in_discriminator=Spoils(forward=True, after=3)),
        "step 2: the discriminator expects finite numbers, has loss nan; where it began: the discriminator, on real "
        "images: the result of layer 2, Spoils()",
    ),
    (
        pair(in_discriminator=Spoils(forward=True, after=4)),
        "step 2: the discriminator expects finite numbers, has loss nan; where it began: the discriminator, on "
        "generated images: the result of layer 2, Spoils()",
    ),
    (
        pair(in_discriminator=Spoils(forward=True, after=5)),
        "step 2: the generator expects finite numbers, has loss nan; where it began: the discriminator, on generated "
        "images: the result of layer 2, Spoils()",
    ),
    (
        pair(in_discriminator=Spoils(back=True, after=3)),
        "and a gradient that is not finite; where it began: the discriminator, on real images: the gradient that "
        "layer 2, Spoils() passes back (1 of 40 numbers, the first -inf at (0, 1))",
    ),
    (
        pair(in_discriminator=Spoils(back=True, after=4)),
        "and a gradient that is not finite; where it began: the discriminator, on generated images: the gradient that "
        "layer 2, Spoils() passes back",
    ),
    (
        pair(in_discriminator=Spoils(back=True, after=5)),
        "and a gradient that is not finite; where it began: the discriminator, on generated images: the gradient that "
        "layer 2, Spoils() passes back",
    ),
    (
        pair(in_generator=Spoils(back=True, after=3)),
        "and a gradient that is not finite; where it began: the generator: the gradient that layer 2, Spoils() passes",
    ),
]


@pytest.mark.parametrize(("planted", "said"), PLANTED)
def test_the_player_and_the_layer_are_named(planted, said):
    with pytest.raises(NonFiniteError) as caught:
        play(copy.deepcopy(planted))
    assert said in str(caught.value)
    assert str(caught.value).startswith("train_gan: step ")


@pytest.mark.parametrize("planted", [planted for planted, _ in PLANTED])
@pytest.mark.parametrize("critic_steps", [1, 2])
def test_everything_is_as_before_that_step(planted, critic_steps):
    """Parameters, running statistics, dropout's generator, both optimizers, and the generator all is drawn from."""
    planted = copy.deepcopy(planted)
    for layer in (*planted[0], *planted[1]):
        if isinstance(layer, Spoils):
            layer.after += 5 * (critic_steps - 1)
    spoiled = copy.deepcopy(planted)
    optimizers, rng = (Adam(0.01), Adam(0.02)), np.random.default_rng(1)
    settings = {"critic_steps": critic_steps, "techniques": Techniques(historical_averaging=0.1)}
    with pytest.raises(NonFiniteError) as caught:
        play(spoiled, rng=rng, generator_optimizer=optimizers[0], discriminator_optimizer=optimizers[1], **settings)
    steps = int(str(caught.value).split("step ")[1].split(":")[0]) - 1
    assert steps > 0
    same = copy.deepcopy(planted)
    others, again = (Adam(0.01), Adam(0.02)), np.random.default_rng(1)
    play(same, rng=again, steps=steps, generator_optimizer=others[0], discriminator_optimizer=others[1], **settings)
    for player, unspoiled in zip(spoiled, same, strict=True):
        assert bits(player) == bits(unspoiled)
    for optimizer, other in zip(optimizers, others, strict=True):
        theirs = other.state_dict()
        for name, value in optimizer.state_dict().items():
            np.testing.assert_array_equal(value, theirs[name])
    assert generator_state(rng) == generator_state(again)


@pytest.mark.parametrize(
    ("player", "name", "said"),
    [
        (
            0,
            "0.weight",
            r"the generator has parameter weight of layer 0, Dense\(3, 5\) \(1 of 15 numbers, the first inf",
        ),
        (1, "1.bias", r"the discriminator has parameter bias of layer 1, Dense\(16, 5\)"),
    ],
)
def test_a_parameter_planted_before_training(player, name, said):
    planted = players()
    planted[player].params[name].flat[0] = np.inf
    with pytest.raises(NonFiniteError, match=f"^train_gan: after step 0: expects finite parameters, {said}"):
        play(planted)


def test_parameters_lost_in_an_update():
    """Found where they are used next, or at the end."""
    with pytest.raises(
        NonFiniteError, match=r"step 1: the generator .* the discriminator, on .* parameter weight of layer 1, Dense"
    ):
        play(players(), discriminator_optimizer=SGD(1e39))
    with pytest.raises(NonFiniteError, match=r"after step 4: expects finite parameters, the generator has parameter"):
        play(players(), generator_optimizer=SGD(1e39), generator_schedule=lambda step: float(step == 3))


def test_losses_that_are_not_finite_themselves():
    def infinite(*scores):
        return np.inf, lambda: tuple(np.ones_like(s) for s in scores)

    def steep(*scores):
        return 1.0, lambda: tuple(np.full_like(s, np.nan) for s in scores)

    plain = NON_SATURATING
    for losses, said in (
        ((infinite, plain.generator_loss), "the discriminator's loss itself: inf, of scores that are finite"),
        ((steep, plain.generator_loss), "the discriminator, on real images: the gradient of the loss (8 of 8 numbers"),
        (
            (plain.discriminator_loss, lambda s: (np.nan, lambda: s)),
            "the generator's loss itself: nan, of numbers that are",
        ),
        (
            (plain.discriminator_loss, lambda s: (0.5, lambda: np.full_like(s, np.inf))),
            "the discriminator, on generated images: the gradient of the loss (8 of 8 numbers, the first inf",
        ),
    ):
        with pytest.raises(NonFiniteError) as caught:
            play(players(), objective=Objective("mine", *losses))
        assert said in str(caught.value)


def test_in_the_gradient_penalty(monkeypatch):
    from nnfromscratch.gan import training, trouble

    def broken(critic, points):
        return 1.0, lambda weight=1.0: {name: np.full_like(a, np.nan) for name, a in critic.params.items()}

    for module, name in ((training, "penalty_of"), (trouble, "gradient_penalty")):
        monkeypatch.setattr(module, name, broken)
    with pytest.raises(
        NonFiniteError, match=r"where it began: the discriminator: the gradient of the penalty by 1\.weig"
    ):
        play(players(), objective="wasserstein", gradient_penalty=1.0)
    monkeypatch.setattr(training, "penalty_of", lambda *_: (np.inf, broken(*_)[1]))
    monkeypatch.setattr(trouble, "gradient_penalty", lambda *_: (np.inf, broken(*_)[1]))
    with pytest.raises(
        NonFiniteError, match="has loss inf; where it began: the gradient penalty of the discriminator: in"
    ):
        play(players(), objective="wasserstein", gradient_penalty=1.0)


def test_with_feature_matching():
    for after, what in ((10, "real"), (11, "generated")):
        spoiled = pair(in_discriminator=Spoils(forward=True, after=after))
        with pytest.raises(
            NonFiniteError, match=rf"step 3: the generator .* on {what} images: the result of layer 2, Sp"
        ):
            play(spoiled, techniques=Techniques(feature_matching=True))


@pytest.mark.parametrize("player", [0, 1])
def test_inside_conditional_players(player):
    planted = conditional_players()
    layers = planted[player].network.layers
    spoiled = Sequential(*layers[:2], Spoils(forward=True, after=2), *layers[2:])
    pair = [*planted]
    pair[player] = planted[player].around(spoiled)
    with pytest.raises(NonFiniteError, match=r"result of layer 2, Spoils\(\)"):
        play(pair, labels=quarters())
    pair[player] = planted[player].around(Sequential(*layers[:2], Spoils(back=True, after=1), *layers[2:]))
    with pytest.raises(NonFiniteError, match=r"the gradient that layer 2, Spoils\(\) passes back"):
        play(pair, labels=quarters())


def test_an_embedding_that_is_lost():
    planted = conditional_players()
    with pytest.raises(NonFiniteError, match=r"the generator: parameter weight of Embedding\(4, 2\)"):
        play(planted, labels=quarters(), generator_optimizer=SGD(1e39))


def test_behind_a_reference():
    rng = np.random.default_rng(0)
    _, discriminator = players()

    def generator(spoils):
        network = Sequential(
            Dense(LATENT, 6, rng=rng), VirtualBatchNorm(6, 5), spoils, Dense(6, PIXELS, rng=rng), Sigmoid(),
            Reshape(SHAPE), input_shape=(LATENT,),
        )  # fmt: skip
        return WithReference(network, rng.standard_normal((5, LATENT), np.float32))

    for spoils, said in (
        (Spoils(forward=True, after=3), r"the generator: the result of layer 2, Spoils\(\) \(1 of 78"),
        (Spoils(back=True, after=3), r"the generator: the gradient that layer 2, Spoils\(\) passes back \(1 of 78"),
    ):
        with pytest.raises(NonFiniteError, match=said):
            play((generator(spoils), discriminator))


def test_the_last_good_checkpoint_stays(tmp_path):
    path = tmp_path / "game.npz"
    with pytest.raises(NonFiniteError, match=r"the last good checkpoint is .*game\.npz"):
        play(pair(in_generator=Spoils(forward=True, after=5)), checkpoint=path, checkpoint_seconds=0)
    with np.load(path) as file:
        assert len(file["history/generator_loss"]) == 2
        assert all(np.isfinite(file[name]).all() for name in file.files if "/params/" in name)


def test_large_numbers_whose_sum_alone_overflows_are_let_pass():
    class Large(Layer):
        """Its parameter gets gradients of 3e38 whose sum is more than float32 holds; plain steps of 0 ignore them."""

        def __init__(self):
            super().__init__({"scale": np.ones(4, np.float32)})

        def forward(self, x, training=True):
            return x, lambda dy, wrt=(): (dy, {"scale": np.full(4, 3e38, np.float32)} if "params" in wrt else {})

    generator, discriminator = players()
    discriminator = Sequential(discriminator.layers[0], Large(), *discriminator.layers[1:], input_shape=SHAPE)
    half = Objective("half", lambda r, g: (1.0, lambda: (r * 0, g * 0)), NON_SATURATING.generator_loss)
    large = discriminator.layers[1]
    large.forward = lambda x, training=True: (
        x, lambda dy, wrt=(): (dy, {"scale": np.full(4, 1.5e38, np.float32)} if "params" in wrt else {})
    )  # fmt: skip
    history = play((generator, discriminator), objective=half, discriminator_optimizer=SGD(0))
    assert history.steps == 4
