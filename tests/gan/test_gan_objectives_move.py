"""Both players learn under every objective: each number of each parameter gets a gradient, and a step lowers the loss.

Two kinds of parameters never get one, and must not:

- A Wasserstein critic's output bias b is added to every score, so that b cancels in mean g − mean r, and the slope of
  the critic, of which the gradient penalty is made, does not know it either.
- A bias in front of batch normalization shifts all numbers of a channel alike. The channel's mean shifts with them and
  is subtracted: x + b − mean(x + b) = x − mean(x). Neither the result nor any loss depends on b. (Where a Reshape
  stands between, a channel is made of several outputs with biases of their own: these do get gradients.)
"""

import copy
from typing import NamedTuple

import numpy as np
import pytest

from nnfromscratch.gan.gradient_penalty import gradient_penalty, interpolate
from nnfromscratch.gan.objectives import OBJECTIVES, smoothed
from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Reshape,
    Sequential,
    SpectralNorm,
    Tanh,
)

# In front of a leaky ReLU a bias learns from the numbers above 0: their share among real images against that among
# generated ones. With batches of 32 and 29 the two are not equal by chance.
F64, NOISE, REAL, GENERATED = np.float64, 6, 32, 29


class Game(NamedTuple):
    """One objective, the weight of the gradient penalty, and whether the discriminator has each normalization."""

    objective: object
    penalty: float = 0.0
    normalization: str = ""


GAMES = {
    "minimax": Game(OBJECTIVES["minimax"], normalization="batch"),
    "non-saturating": Game(OBJECTIVES["non-saturating"], normalization="batch"),
    "non-saturating, smoothed": Game(smoothed(OBJECTIVES["non-saturating"], 0.1)),
    "least-squares": Game(OBJECTIVES["least-squares"], normalization="batch"),
    "wasserstein": Game(OBJECTIVES["wasserstein"]),
    "wasserstein, gradient penalty": Game(OBJECTIVES["wasserstein"], penalty=10.0),
    "wasserstein, gradient penalty, layer norm": Game(OBJECTIVES["wasserstein"], 10.0, "layer"),
    "non-saturating, gradient penalty": Game(OBJECTIVES["non-saturating"], penalty=10.0),
    "hinge": Game(OBJECTIVES["hinge"]),
    "hinge, spectral norm": Game(OBJECTIVES["hinge"], normalization="spectral"),
}
every_game = pytest.mark.parametrize("name", GAMES)
both_kinds = pytest.mark.parametrize("kind", ["dense", "convolution"])


def make_generator(kind, rng):
    if kind == "dense":
        return Sequential(
            Dense(NOISE, 8, rng=rng, dtype=F64), BatchNorm(8, dtype=F64), LeakyReLU(),
            Dense(8, 10, rng=rng, dtype=F64), Tanh(),
        )  # fmt: skip
    return Sequential(
        Dense(NOISE, 16, rng=rng, dtype=F64), Reshape((4, 2, 2)), BatchNorm(4, dtype=F64), LeakyReLU(),
        ConvTranspose2d(4, 3, 4, stride=2, padding=1, rng=rng, dtype=F64), BatchNorm(3, dtype=F64), LeakyReLU(),
        ConvTranspose2d(3, 2, 4, stride=2, padding=1, rng=rng, dtype=F64), Tanh(),
    )  # fmt: skip


def make_discriminator(kind, normalization, rng):
    def weighted(layer):
        return SpectralNorm(layer, rng=rng) if normalization == "spectral" else layer

    def after(shape):
        if normalization == "batch":
            return [BatchNorm(shape if kind == "dense" else shape[0], dtype=F64)]
        return [LayerNorm(shape, dtype=F64)] if normalization == "layer" else []

    if kind == "dense":
        first = [weighted(Dense(10, 8, rng=rng, dtype=F64)), LeakyReLU()]
        second = [weighted(Dense(8, 5, rng=rng, dtype=F64)), *after(5), LeakyReLU()]
        return Sequential(*first, *second, weighted(Dense(5, 1, rng=rng, dtype=F64)))
    first = [weighted(Conv2d(2, 3, 4, stride=2, padding=1, rng=rng, dtype=F64)), LeakyReLU()]
    second = [weighted(Conv2d(3, 4, 4, stride=2, padding=1, rng=rng, dtype=F64)), *after((4, 2, 2)), LeakyReLU()]
    return Sequential(*first, *second, Flatten(), weighted(Dense(16, 1, rng=rng, dtype=F64)))


class Setting:
    """Both players with random parameters, a batch of noise, of real images and of points for the penalty."""

    def __init__(self, name, kind):
        rng = np.random.default_rng(7)
        self.game, self.kind = GAMES[name], kind
        self.generator = make_generator(kind, rng)
        self.discriminator = make_discriminator(kind, self.game.normalization, rng)
        for player in (self.generator, self.discriminator):
            for key, array in player.params.items():
                player.params[key] = array + 0.2 * rng.standard_normal(array.shape)
        self.z = rng.standard_normal((GENERATED, NOISE))
        self.real = np.tanh(rng.standard_normal((REAL, *self.generator.output_shape((NOISE,)))))
        if self.game.normalization == "spectral":  # the gradient takes u for a constant: exact where it has arrived
            for _ in range(1500):
                self.discriminator.forward(self.real)
        if "hinge" in name:  # while all scores lie inside the margins, the hinge is Wasserstein's loss + 2
            scores = self.discriminator.forward(self.real, training=False)[0]
            self.discriminator.params[list(self.discriminator.params)[-1]] += 1 - np.median(scores)

    def discriminator_loss(self):
        """The discriminator's own loss, and its gradients by name. The generator is constant."""
        discriminator = copy.deepcopy(self.discriminator)  # what a forward changes in the state stays out of the next
        generated, _ = copy.deepcopy(self.generator).forward(self.z)
        real_scores, real_backward = discriminator.forward(self.real)
        generated_scores, generated_backward = discriminator.forward(generated)
        loss, backward = self.game.objective.discriminator_loss(real_scores, generated_scores)
        dreal, dgenerated = backward()
        _, of_real = real_backward(dreal, wrt=("params",))
        _, of_generated = generated_backward(dgenerated, wrt=("params",))
        grads = {key: of_real[key] + of_generated[key] for key in of_real}
        if self.game.penalty:
            x = interpolate(self.real[:GENERATED], generated, np.random.default_rng(8))
            penalty, penalty_backward = gradient_penalty(discriminator, x)
            loss += self.game.penalty * penalty
            for key, gradient in penalty_backward(self.game.penalty).items():
                grads[key] = grads[key] + gradient
        return loss, grads

    def generator_loss(self):
        """The generator's own loss, and its gradients by name. The discriminator is constant."""
        discriminator, generator = copy.deepcopy(self.discriminator), copy.deepcopy(self.generator)
        generated, generated_backward = generator.forward(self.z)
        scores, scores_backward = discriminator.forward(generated)
        loss, backward = self.game.objective.generator_loss(scores)
        dimages, _ = scores_backward(backward(), wrt=("x",))
        return loss, generated_backward(dimages, wrt=("params",))[1]

    def players(self):
        return ((self.generator, self.generator_loss), (self.discriminator, self.discriminator_loss))

    def without_gradient(self, player):
        """The names of the parameters on which the player's loss does not depend; why, stands at the top."""
        found = [f"{k}.bias" for k, follower in enumerate(player.layers[1:]) if type(follower) is BatchNorm]
        found = [key for key in found if key in player.params]  # in front may also stand a Reshape
        if player is self.discriminator and self.game.objective.name == "wasserstein":
            found.append(f"{len(player) - 1}.bias")
        return found


@both_kinds
@every_game
def test_every_number_of_every_parameter_gets_a_gradient(name, kind):
    setting = Setting(name, kind)
    for player, loss_of in setting.players():
        grads, exempt = loss_of()[1], setting.without_gradient(player)
        assert list(grads) == list(player.params)
        for key, gradient in grads.items():
            assert gradient.shape == player.params[key].shape
            if key not in exempt:
                assert np.abs(gradient).min() > 1e-9, key
                assert np.abs(gradient).max() > 1e-4, key


@both_kinds
@every_game
def test_a_small_step_of_one_player_lowers_its_own_loss(name, kind):
    """By the step's length times the gradient's, if the gradient is right and the step short."""
    for which in (0, 1):
        player, loss_of = Setting(name, kind).players()[which]
        before, grads = loss_of()
        length = np.sqrt(sum((gradient * gradient).sum() for gradient in grads.values()))
        step = 1e-5
        for key, gradient in grads.items():
            player.params[key] -= step / length * gradient
        after, _ = loss_of()
        assert after < before
        assert before - after == pytest.approx(step * length, rel=1e-2)


@both_kinds
@every_game
def test_every_parameter_changes_in_a_step_of_its_player_and_none_of_the_others(name, kind):
    setting = Setting(name, kind)
    for which, (player, loss_of) in enumerate(setting.players()):
        other, _ = setting.players()[1 - which]
        before = {key: array.copy() for key, array in player.params.items()}
        others = {key: array.copy() for key, array in other.params.items()}
        for key, gradient in loss_of()[1].items():
            player.params[key] -= 0.01 * gradient
        for key, array in player.params.items():
            if key not in setting.without_gradient(player):
                assert (array != before[key]).all(), key
        for key, array in other.params.items():
            np.testing.assert_array_equal(array, others[key])


EXEMPT = [(name, kind) for name in GAMES for kind in ("dense", "convolution")]


@pytest.mark.parametrize(("name", "kind"), EXEMPT)
def test_what_gets_no_gradient_gets_none_but_rounding(name, kind):
    setting = Setting(name, kind)
    for player, loss_of in setting.players():
        loss, grads = loss_of()
        for key in setting.without_gradient(player):
            weight = grads[key.replace("bias", "weight")]
            assert np.abs(grads[key]).max() <= 1e-13 * max(1, np.abs(weight).max()), key
            # nor does the loss itself depend on it, whatever the gradient says
            player.params[key] += 3.0
            assert loss_of()[0] == pytest.approx(loss, rel=1e-11, abs=1e-11), key
            player.params[key] -= 3.0


def test_the_list_of_what_gets_none():
    def listed(name, kind):
        setting = Setting(name, kind)
        return [setting.without_gradient(player) for player, _ in setting.players()]

    assert listed("non-saturating", "dense") == [["0.bias"], ["2.bias"]]
    assert listed("non-saturating", "convolution") == [["4.bias"], ["2.bias"]]
    assert listed("hinge, spectral norm", "dense") == [["0.bias"], []]
    assert listed("wasserstein", "dense") == [["0.bias"], ["4.bias"]]
    assert listed("wasserstein, gradient penalty, layer norm", "convolution") == [["4.bias"], ["6.bias"]]


def test_every_objective_is_played():
    assert {game.objective.name for game in GAMES.values()} == set(OBJECTIVES)
