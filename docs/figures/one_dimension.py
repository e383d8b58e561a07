"""The game between generator and discriminator on a line, where the best discriminator is known in closed form.

The page about the article's GAN equations shows these functions and draws what they return.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nnfromscratch.functional import sigmoid, softplus
from nnfromscratch.gan.objectives import OBJECTIVES
from nnfromscratch.gan.optimal_discriminator import optimal_discriminator, optimal_value
from nnfromscratch.layers import Dense, Sequential, Tanh
from nnfromscratch.optimizers import Adam
from nnfromscratch.schedules import LinearToZero

LINE = np.linspace(-8.0, 8.0, 1601)  # the points at which densities and integrals are taken
BATCH = 256


class Bells(NamedTuple):
    """A density on the line: a sum of normal distributions. Each bell: (its share, its mean, its width)."""

    bells: tuple[tuple[float, float, float], ...]

    def density(self, x):
        """x: (N,) → (N,)"""
        return sum(share * np.exp(-0.5 * ((x - mean) / width) ** 2) / width for share, mean, width in self.bells) / (
            np.sqrt(2 * np.pi)
        )

    def sample(self, count, rng):
        """(count, 1)"""
        shares, means, widths = np.array(self.bells).T
        which = rng.choice(len(shares), count, p=shares)
        return rng.normal(means[which], widths[which])[:, None]


CASES = {
    "two Gaussians": (Bells(((1.0, 1.5, 0.8),)), Bells(((1.0, -1.0, 1.3),))),
    "a mixture": (Bells(((0.3, -2.5, 0.6), (0.45, 0.0, 0.5), (0.25, 2.5, 0.6))), Bells(((1.0, 0.0, 2.0),))),
    "twice the same": (Bells(((0.5, -1.5, 0.6), (0.5, 1.5, 0.6))),) * 2,
}


def discriminator(rng):
    """Points of the line (N, 1) to scores (N, 1): D(x) = σ(score)."""
    float64 = np.float64
    return Sequential(
        Dense(1, 32, rng=rng, dtype=float64), Tanh(),
        Dense(32, 32, rng=rng, dtype=float64), Tanh(),
        Dense(32, 1, rng=rng, dtype=float64),
    )  # fmt: skip


def discriminator_step(network, optimizer, real, generated):
    """Raise E log D(x) + E log(1 − D(G(z))) a little: one step of Adam down its negative."""
    real_scores, real_backward = network.forward(real)
    generated_scores, generated_backward = network.forward(generated)
    _, backward = OBJECTIVES["minimax"].discriminator_loss(real_scores, generated_scores)
    dreal, dgenerated = backward()
    _, from_real = real_backward(dreal, wrt=("params",))
    _, from_generated = generated_backward(dgenerated, wrt=("params",))
    optimizer.step(network.params, {name: from_real[name] + from_generated[name] for name in from_real})


def generator_step(generator, network, optimizer, z):
    """Raise E log D(G(z)) a little, D standing still: the generator loss that does not saturate."""
    generated, generator_backward = generator.forward(z)
    scores, score_backward = network.forward(generated)
    _, backward = OBJECTIVES["non-saturating"].generator_loss(scores)
    dgenerated, _ = score_backward(backward(), wrt=("x",))
    _, grads = generator_backward(dgenerated, wrt=("params",))
    optimizer.step(generator.params, grads)


def train_discriminator(data, generated, *, steps, rng):
    """A discriminator between two densities of which neither moves."""
    network, optimizer, schedule = discriminator(rng), Adam(), LinearToZero(steps)
    for step in range(steps):
        optimizer.lr = 0.01 * schedule(step)
        discriminator_step(network, optimizer, data.sample(BATCH, rng), generated.sample(BATCH, rng))
    return network


class Comparison(NamedTuple):
    """How far a discriminator is from the best. mean: for a point drawn from either density. largest: in their middle
    99 %. value: E log D(x) + E log(1 − D(G(z))); best: the same for the best discriminator."""

    mean: float
    largest: float
    value: float
    best: float


def compare(network, data, generated):
    """The trained discriminator beside D*, by integrals over the line."""
    p_data, p_generated = data.density(LINE), generated.density(LINE)
    both = (p_data + p_generated) / 2
    off = np.abs(answers(network) - optimal_discriminator(p_data, p_generated))
    below = np.cumsum(both) * (LINE[1] - LINE[0])
    return Comparison(
        float(np.trapezoid(both * off, LINE)),
        float(off[(below > 0.005) & (below < 0.995)].max()),
        value(network, p_data, p_generated),
        optimal_value(p_data, p_generated, LINE),
    )


def scores(network):
    """The network's scores along the line."""
    return network.predict(LINE[:, None], batch_size=len(LINE))[:, 0]


def answers(network):
    """D along the line."""
    return sigmoid(scores(network))[0]


def value(network, p_data, p_generated):
    """E log D(x) + E log(1 − D(x)) from the scores, log σ(f) being −softplus(−f): finite for every score."""
    f = scores(network)
    return float(-np.trapezoid(p_data * softplus(-f)[0] + p_generated * softplus(f)[0], LINE))


class Moment(NamedTuple):
    """The game after so many steps. The generator's density is known: that of a·z + b, z being normal."""

    step: int
    generated: Bells
    answers: np.ndarray
    value: float
    best: float


def play(data, *, steps, rng, every=10):
    """Both players in turn, G(z) = a·z + b: the game to its end, one moment for every few steps."""
    network, generator = discriminator(rng), Dense(1, 1, rng=rng, dtype=np.float64)
    generator.params["weight"], generator.params["bias"] = np.array([[0.7]]), np.array([-3.0])
    optimizers = Adam(beta1=0.5), Adam(beta1=0.5)
    schedule, p_data, moments = LinearToZero(steps), data.density(LINE), []
    for step in range(steps + 1):
        if step % every == 0:
            a, b = generator.params["weight"][0, 0], generator.params["bias"][0]
            generated = Bells(((1.0, float(b), float(abs(a))),))
            p_generated = generated.density(LINE)
            both = value(network, p_data, p_generated), optimal_value(p_data, p_generated, LINE)
            moments.append(Moment(step, generated, answers(network), *both))
        optimizers[0].lr, optimizers[1].lr = (rate * schedule(step) for rate in (0.005, 0.01))
        z = rng.standard_normal((2, BATCH, 1))
        discriminator_step(network, optimizers[0], data.sample(BATCH, rng), generator.predict(z[0]))
        generator_step(generator, network, optimizers[1], z[1])
    return moments
