"""The loop does what Algorithm 1 says, for every objective: the gradients, their order, nothing that nobody wants."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from game_cases import CLASSES, LATENT, SHAPE, bits, conditional_players, pictures, play, players, quarters

from nnfromscratch import kernels
from nnfromscratch.data import Dataset
from nnfromscratch.gan import training
from nnfromscratch.gan.gradient_penalty import gradient_penalty
from nnfromscratch.gan.objectives import OBJECTIVES, smoothed
from nnfromscratch.gan.techniques import Techniques, feature_matching
from nnfromscratch.layers import BatchNorm, Sequential, Tanh
from nnfromscratch.models import article_gan, dcgan, wgan
from nnfromscratch.optimizers import SGD, Adam
from nnfromscratch.schedules import LinearToZero

every_objective = pytest.mark.parametrize("name", OBJECTIVES)


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


class Recorder(SGD):
    """Gradient descent that keeps each gradient that it gets, and the parameters from before."""

    def __init__(self, lr=0.1):
        super().__init__(lr)
        self.seen = []

    def step(self, params, grads):
        before = {name: array.copy() for name, array in params.items()}
        self.seen.append((before, {name: gradient.copy() for name, gradient in grads.items()}, self.lr))
        super().step(params, grads)


def listen(network, monkeypatch):
    """What goes into the network's forward in training, and what is wanted of each way back."""
    heard, forward = [], network.forward

    def listening(*inputs, training=True):
        y, backward = forward(*inputs, training=training)
        wanted = []
        heard.append((inputs, wanted))

        def way_back(dy, wrt=("x", "params")):
            wanted.append(wrt)
            return backward(dy, wrt=wrt)

        return y, way_back

    monkeypatch.setattr(network, "forward", listening)
    return heard


def numeric_gradient(loss, params, eps=1e-6):
    """∂loss/∂params by central differences, the parameters being put back."""
    gradient = {}
    for name in params:
        theta = params[name]
        gradient[name] = np.zeros_like(theta)
        for index in np.ndindex(theta.shape):
            sides = []
            for sign in (1, -1):
                moved = theta.copy()
                moved[index] += sign * eps
                params[name] = moved
                sides.append(loss())
            gradient[name][index] = (sides[0] - sides[1]) / (2 * eps)
        params[name] = theta
    return gradient


def at(network, params):
    """A copy of the network with these parameters."""
    other = copy.deepcopy(network)
    for name, array in params.items():
        other.params[name] = array
    return other


def score(network, *inputs):
    return network.forward(*inputs, training=True)[0]


def recorded(monkeypatch, pair=None, **settings):
    """A game of one step in float64, with all that both players saw and got."""
    generator, discriminator = players(dtype=np.float64) if pair is None else pair
    silent = copy.deepcopy(generator), copy.deepcopy(discriminator)
    noise, judged = listen(generator, monkeypatch), listen(discriminator, monkeypatch)
    optimizers = Recorder(), Recorder()
    *_, history = play(
        (generator, discriminator), steps=1, generator_optimizer=optimizers[0], discriminator_optimizer=optimizers[1],
        **settings,
    )  # fmt: skip
    return silent, noise, judged, optimizers, history


@every_objective
def test_both_players_get_the_gradients_of_their_own_losses(name, monkeypatch):
    (generator, discriminator), noise, judged, optimizers, history = recorded(monkeypatch, objective=name)
    objective = OBJECTIVES[name]
    (real, _), (generated, _), (deceiving, _) = judged

    before, grads, _ = optimizers[1].seen[0]
    d = at(discriminator, before)
    images = score(generator, *noise[0][0])
    np.testing.assert_array_equal(generated[0], images)

    def discriminator_loss():
        return objective.discriminator_loss(score(d, real[0]), score(d, images))[0]

    assert history.discriminator_loss == [pytest.approx(discriminator_loss())]
    for key, gradient in numeric_gradient(discriminator_loss, d.params).items():
        np.testing.assert_allclose(grads[key], gradient, atol=1e-8)

    d = at(discriminator, {key: before[key] - 0.1 * grads[key] for key in before})  # it has learned meanwhile
    before, grads, _ = optimizers[0].seen[0]
    g = at(generator, before)
    np.testing.assert_array_equal(deceiving[0], score(g, *noise[1][0]))

    def generator_loss():
        return objective.generator_loss(score(d, score(g, *noise[1][0])))[0]

    assert history.generator_loss == [pytest.approx(generator_loss())]
    for key, gradient in numeric_gradient(generator_loss, g.params).items():
        np.testing.assert_allclose(grads[key], gradient, atol=1e-8)


@every_objective
def test_a_small_step_lowers_the_player_s_own_loss(name, monkeypatch):
    """The other player, the images and the noise being held."""
    (generator, discriminator), noise, judged, optimizers, history = recorded(monkeypatch, objective=name)
    objective = OBJECTIVES[name]

    before, grads, _ = optimizers[1].seen[0]
    d = at(discriminator, {key: before[key] - 1e-3 * grads[key] for key in before})
    assert (
        objective.discriminator_loss(score(d, *judged[0][0]), score(d, *judged[1][0]))[0]
        < history.discriminator_loss[0]
    )

    d = at(discriminator, {key: before[key] - 0.1 * grads[key] for key in before})
    before, grads, _ = optimizers[0].seen[0]
    g = at(generator, {key: before[key] - 1e-3 * grads[key] for key in before})
    assert objective.generator_loss(score(d, score(g, *noise[1][0])))[0] < history.generator_loss[0]


def test_nothing_is_computed_that_nobody_wants(monkeypatch):
    _, noise, judged, _, _ = recorded(monkeypatch)
    assert [wanted for _, wanted in judged] == [[("params",)], [("params",)], [("x",)]]
    assert [wanted for _, wanted in noise] == [[], [("params",)]]  # while the discriminator learns nobody goes back


def test_the_order_of_a_round(monkeypatch):
    """k times the discriminator, each time with new images and new noise, then once the generator."""
    pair = players(dtype=np.float64)
    order = []
    for player, network in zip(("generator", "discriminator"), pair, strict=True):

        class Named(SGD):
            def step(self, params, grads, player=player):
                order.append(player)
                super().step(params, grads)

        pair[0 if player == "generator" else 1].optimizer = Named(0.1)
        assert network.optimizer
    noise, judged = listen(pair[0], monkeypatch), listen(pair[1], monkeypatch)
    play(
        pair, steps=2, critic_steps=3, generator_optimizer=pair[0].optimizer, discriminator_optimizer=pair[1].optimizer
    )
    assert order == [*["discriminator"] * 3, "generator"] * 2
    assert len({inputs[0].tobytes() for inputs, _ in noise}) == len(noise) == 8
    assert len({inputs[0].tobytes() for inputs, _ in judged}) == len(judged) == 14


def test_figures_are_means_over_the_critic_steps(monkeypatch):
    pair = players(dtype=np.float64)
    losses, objective = [], OBJECTIVES["wasserstein"]

    def listening(real_scores, generated_scores):
        losses.append((real_scores.mean(), generated_scores.mean()))
        return objective.discriminator_loss(real_scores, generated_scores)

    heard = type(objective)("heard", listening, objective.generator_loss)
    *_, history = play(pair, steps=1, critic_steps=3, objective=heard)
    real, generated = np.mean(losses, axis=0)
    assert history.real_score == [pytest.approx(real)]
    assert history.generated_score == [pytest.approx(generated)]
    assert history.discriminator_loss == [pytest.approx(generated - real)]


def unchanged(pair, **settings):
    """The parameters that a few steps leave exactly as they were."""
    before = [bits(player) for player in pair]
    optimizers = {"generator_optimizer": Adam(0.01), "discriminator_optimizer": Adam(0.01)}
    play(pair, **{"steps": 5, **optimizers, **settings})
    return [
        {name for name in player.params if bits(player)[name] == then[name]}
        for player, then in zip(pair, before, strict=True)
    ]


KINDS = {
    "minimax": {},
    "non-saturating": {},
    "least-squares": {},
    "hinge": {"steps": 20},  # as long as no score is beyond its margin, the last bias has a gradient of −1 + 1
    "wasserstein": {"weight_limit": 0.5},
    "wasserstein with penalty": {"gradient_penalty": 10.0, "critic_steps": 2},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_of_both_players_changes(kind):
    """But a Wasserstein critic's last bias: D + c has the same loss, −mean(r + c) + mean(g + c), and the same slope."""
    generator, discriminator = unchanged(players(), objective=kind.split()[0], **KINDS[kind])
    assert generator == set()
    assert discriminator == ({"3.bias"} if kind.startswith("wasserstein") else set())


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_of_convolutional_players_changes(kind):
    """There are no biases in front of batch normalization, whose gradient would be zero."""
    make = wgan if kind.startswith("wasserstein") else dcgan
    images = np.random.default_rng(0).integers(0, 255, (16, 1, 16, 16), np.uint8)
    pair = make(rng=np.random.default_rng(0), latent=3, image_shape=(1, 16, 16), width=2)
    generator, discriminator = unchanged(pair, images=images, objective=kind.split()[0], **KINDS[kind])
    assert generator == set()
    assert discriminator == ({"5.bias"} if kind.startswith("wasserstein") else set())


def test_the_gradient_penalty_is_part_of_the_critic_s_gradient(monkeypatch):
    points = []

    def interpolated(real, generated, rng):
        points.append(training_interpolate(real, generated, rng))
        return points[-1]

    training_interpolate = training.interpolate
    monkeypatch.setattr(training, "interpolate", interpolated)
    settings = {"objective": "wasserstein", "gradient_penalty": 10.0}
    (_, discriminator), _, judged, optimizers, history = recorded(monkeypatch, **settings)
    before, grads, _ = optimizers[1].seen[0]
    d = at(discriminator, before)

    def loss():
        plain = OBJECTIVES["wasserstein"].discriminator_loss(score(d, *judged[0][0]), score(d, *judged[1][0]))[0]
        return plain + 10 * gradient_penalty(d, points[0])[0]

    for key, gradient in numeric_gradient(loss, d.params).items():
        np.testing.assert_allclose(grads[key], gradient, atol=1e-7)
    assert history.gradient_penalty == [pytest.approx(gradient_penalty(d, points[0])[0])]
    assert loss() == pytest.approx(history.discriminator_loss[0] + 10 * history.gradient_penalty[0])
    real, generated = judged[0][0][0], judged[1][0][0]
    shares = ((points[0] - generated) / (real - generated)).reshape(len(real), -1)
    np.testing.assert_allclose(shares, shares[:, :1].repeat(shares.shape[1], axis=1), atol=1e-9)
    assert 0 < shares.min() < shares.max() < 1


def test_clipping_holds_every_weight_of_the_critic_and_none_of_the_generator():
    generator, discriminator, history = play(objective="wasserstein", weight_limit=0.1, steps=6, look_every=1)
    assert max(np.abs(array).max() for array in discriminator.params.values()) == np.float32(0.1)
    assert max(np.abs(array).max() for array in generator.params.values()) > 0.5
    arrays = [np.abs(array) for array in discriminator.params.values()]
    share = sum((array >= np.float32(0.1)).sum() for array in arrays) / sum(array.size for array in arrays)
    assert history.pinned[-1] == pytest.approx(share)
    assert 0.05 < share < 1
    assert len(history.pinned) == 6


# --- techniques


def test_feature_matching_replaces_the_generator_s_loss(monkeypatch):
    (generator, discriminator), noise, judged, optimizers, history = recorded(
        monkeypatch, techniques=Techniques(feature_matching=True)
    )
    assert len(judged) == 2  # the third time it is asked without its last layer
    before, grads, _ = optimizers[1].seen[0]
    d = at(discriminator, {key: before[key] - 0.1 * grads[key] for key in before})
    features = Sequential(*d.layers[:-1])
    g = at(generator, optimizers[0].seen[0][0])
    rng = np.random.default_rng(1)
    for size in (4, 8):  # the samples; then what the discriminator learned from
        chosen = rng.choice(40, 8, replace=False, shuffle=False) if size == 8 else None
        rng.standard_normal((size, LATENT))
    chosen = rng.choice(40, 8, replace=False, shuffle=False)
    real = pictures()[chosen] / 255

    def loss():
        return feature_matching(score(features, score(g, *noise[1][0])), score(features, real))[0]

    assert history.generator_loss == [pytest.approx(loss())]
    for key, gradient in numeric_gradient(loss, g.params).items():
        np.testing.assert_allclose(optimizers[0].seen[0][1][key], gradient, atol=1e-8)


@pytest.mark.parametrize("player", [0, 1], ids=["generator", "discriminator"])
def test_historical_averaging_pulls_a_player_to_where_it_has_been(player):
    """The other one stands still, so that it meets the same player with and without."""

    def seen(weight):
        optimizers = [SGD(0), SGD(0)]
        optimizers[player] = Recorder()
        play(
            players(dtype=np.float64), steps=3, generator_optimizer=optimizers[0],
            discriminator_optimizer=optimizers[1], techniques=Techniques(historical_averaging=weight),
        )  # fmt: skip
        return optimizers[player].seen

    plain, pulled = seen(0.0), seen(0.5)
    for step in (0, 1):  # at first there is no past, then one place alone: where the player is
        for name, gradient in plain[step][1].items():
            np.testing.assert_allclose(pulled[step][1][name], gradient, atol=1e-12)
    for name, gradient in plain[2][1].items():
        mean = (pulled[1][0][name] + pulled[2][0][name]) / 2
        pull = 2 * 0.5 * (pulled[2][0][name] - mean)
        np.testing.assert_allclose(pulled[2][1][name], gradient + pull, atol=1e-12)
        assert np.abs(pull).max() > 1e-6


def test_label_smoothing_is_the_smoothed_objective():
    first = play(techniques=Techniques(label_smoothing=0.1))
    second = play(objective=smoothed(OBJECTIVES["non-saturating"], 0.1))
    plain = play()
    assert bits(first[1]) == bits(second[1]) != bits(plain[1])
    assert first[2].discriminator_loss == second[2].discriminator_loss


def test_instance_noise_lies_on_all_images_and_decays(monkeypatch):
    pair = players(dtype=np.float64)
    judged, made = listen(pair[1], monkeypatch), []
    forward = pair[0].forward

    def keeping(z, training=True):
        made.append(forward(z, training=training))
        return made[-1]

    monkeypatch.setattr(pair[0], "forward", keeping)
    play(pair, steps=4, techniques=Techniques(instance_noise=0.8), batch_size=32)
    for step in range(4):
        std = 0.8 * (1 - step / 4)
        for seen, plain in ((judged[3 * step + 1], made[2 * step]), (judged[3 * step + 2], made[2 * step + 1])):
            assert (seen[0][0] - plain[0]).std() == pytest.approx(std, rel=0.15)
        real = judged[3 * step][0][0]
        assert real.min() < -std
    assert len(judged) == 12


def test_averaged_weights_follow_training_and_end_in_the_generator():
    """Training itself is the same to the last bit."""
    path = [play(steps=steps, samples=5)[0] for steps in range(1, 7)]
    shown = []
    generator, _, history = play(
        steps=6, techniques=Techniques(average=0.6), samples=5, sample_every=6,
        on_samples=lambda step, images, _: shown.append(images),
    )  # fmt: skip
    plain = play(steps=6, samples=5)
    assert history.generator_loss == plain[2].generator_loss
    mean = dict.fromkeys(generator.params, 0.0)
    for step, then in enumerate(path):
        decay = min(0.6, step / (9 + step))
        mean = {name: decay * mean[name] + (1 - decay) * then.params[name] for name in mean}
    for name, array in generator.params.items():
        np.testing.assert_allclose(array, mean[name], rtol=1e-5, atol=1e-6)
    noise = np.random.default_rng(1).standard_normal((5, LATENT), np.float32)
    np.testing.assert_array_equal(shown[-1], generator.predict(noise))


# --- conditional players


def test_conditional_players_are_told_the_labels(monkeypatch):
    images, labels = pictures(), quarters()
    data = Dataset(images, labels, tuple("abcd"))
    pair = conditional_players(dtype=np.float64)
    noise, judged = listen(pair[0], monkeypatch), listen(pair[1], monkeypatch)
    play(pair, images=data, steps=2)
    by_image = {(image / 255).tobytes(): label for image, label in zip(images, labels, strict=True)}
    for real, generated in ((judged[0][0], judged[1][0]), (judged[3][0], judged[4][0])):
        assert [by_image[np.ascontiguousarray(x).tobytes()] for x in real[0]] == list(real[1])
        np.testing.assert_array_equal(real[1], generated[1])
    for (_, made_for), (_, judged_as) in ((noise[1][0], judged[2][0]), (noise[3][0], judged[5][0])):
        np.testing.assert_array_equal(made_for, judged_as)
    assert len({tuple(inputs[1]) for inputs, _ in noise}) == 4


@pytest.mark.parametrize("matching", [False, True])
def test_every_parameter_of_conditional_players_changes(matching):
    pair = conditional_players()
    techniques = Techniques(feature_matching=matching)
    assert unchanged(pair, labels=quarters(), techniques=techniques) == [set(), set()]


def test_samples_of_conditional_players_go_through_the_classes():
    shown = []
    pair = conditional_players()
    play(pair, labels=quarters(), steps=1, samples=6, on_samples=lambda step, images, _: shown.append(images))
    noise = np.random.default_rng(1).standard_normal((6, LATENT), np.float32)
    first = conditional_players()[0].predict(noise, np.array([0, 1, 2, 3, 0, 1]))
    np.testing.assert_array_equal(shown[0], first)


def test_a_conditional_generator_learns_what_each_class_looks_like():
    generator, _, _ = play(
        conditional_players(width=8), labels=quarters(), steps=400, batch_size=16,
        generator_optimizer=Adam(0.01, beta1=0.5), discriminator_optimizer=Adam(0.01, beta1=0.5),
    )  # fmt: skip
    noise = np.random.default_rng(2).standard_normal((100, LATENT), np.float32)
    for label in range(CLASSES):
        image = generator.predict(noise, np.full(100, label)).mean(axis=0)[0]
        corner = [image[:2, :2], image[:2, 2:], image[2:, :2], image[2:, 2:]]
        assert np.argmax([part.mean() for part in corner]) == label


# --- images, samples, rates, bits


@pytest.mark.parametrize("last", ["Sigmoid", "Tanh", "none"])
def test_bytes_come_in_the_range_of_the_generator(last, monkeypatch):
    generator, discriminator = players()
    if last != "Sigmoid":
        layers = [layer for layer in generator if repr(layer) != "Sigmoid()"]
        generator = Sequential(*layers[:3], *([Tanh()] if last == "Tanh" else []), *layers[3:], input_shape=(LATENT,))
    images = pictures()
    images[:, 0, 0, 0], images[:, 0, 3, 3] = 0, 255
    low, high = (-1, 1) if last == "Tanh" else (0, 1)
    floats = (images / np.float32(255)).astype(np.float32)
    data = Dataset(floats, quarters(), tuple("abcd"))
    for given in (images, data):
        judged = listen(discriminator, monkeypatch)
        play((generator, discriminator), images=given, steps=1)
        real = judged[0][0][0]
        assert (real.min(), real.max(), real.dtype) == (low, high, np.float32)
        order = sorted(range(4), key=lambda axis: -real.strides[axis] * (real.shape[axis] > 1))
        assert order[-2:] == [0, 1] or real.transpose(2, 1, 3, 0).flags.c_contiguous
        allowed = {image.tobytes() for image in (floats * (high - low) + low).astype(np.float32).round(5)}
        assert {np.ascontiguousarray(image).round(5).tobytes() for image in real} <= allowed


def test_floats_are_taken_as_they_are(monkeypatch):
    pair = players(dtype=np.float64, last=Tanh)
    images = np.random.default_rng(0).uniform(-1, 1, (20, *SHAPE))
    judged = listen(pair[1], monkeypatch)
    play(pair, images=images, steps=1)
    known = {image.tobytes() for image in images}
    real = judged[0][0][0]
    assert real.dtype == np.float64
    assert {np.ascontiguousarray(image).tobytes() for image in real} <= known


def test_a_minibatch_has_different_images(monkeypatch):
    pair = players()
    judged = listen(pair[1], monkeypatch)
    play(pair, images=pictures(8), steps=1)
    assert len({np.ascontiguousarray(image).tobytes() for image in judged[0][0][0]}) == 8


def test_samples_are_of_the_same_noise_in_evaluation_mode():
    pair = players()
    pair = Sequential(pair[0].layers[0], BatchNorm(5), *pair[0].layers[1:], input_shape=(LATENT,)), pair[1]
    first, seen = copy.deepcopy(pair[0]), []
    generator, _, _ = play(
        pair, steps=6, samples=5, sample_every=3,
        on_samples=lambda step, images, history: seen.append((step, images, history.steps)),
    )  # fmt: skip
    assert [(step, done) for step, _, done in seen] == [(0, 0), (3, 3), (6, 6)]
    noise = np.random.default_rng(1).standard_normal((5, LATENT), np.float32)
    np.testing.assert_array_equal(seen[0][1], first.predict(noise))
    np.testing.assert_array_equal(seen[2][1], generator.predict(noise))


def test_what_is_looked_at_changes_nothing():
    plain = play(steps=6, look_every=100)
    looked = play(
        steps=6, look_every=1, sample_every=1, on_samples=lambda step, images, history: images.fill(0), progress=True
    )
    assert bits(plain[0]) == bits(looked[0])
    assert bits(plain[1]) == bits(looked[1])
    assert plain[2].look_step == []
    assert looked[2].look_step == [1, 2, 3, 4, 5, 6]


def test_each_player_has_its_own_learning_rate():
    optimizers = Recorder(0.1), Recorder(0.4)
    play(
        steps=4, critic_steps=2, generator_optimizer=optimizers[0], discriminator_optimizer=optimizers[1],
        generator_schedule=LinearToZero(4), discriminator_schedule=LinearToZero(8),
    )  # fmt: skip
    assert [lr for *_, lr in optimizers[0].seen] == pytest.approx([0.1, 0.075, 0.05, 0.025])
    assert [lr for *_, lr in optimizers[1].seen] == pytest.approx(np.repeat([0.4, 0.35, 0.3, 0.25], 2))
    assert (optimizers[0].lr, optimizers[1].lr) == (0.1, 0.4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_seed_decides_every_bit(dtype):
    first, again, other = (play(players(dtype=dtype), seed=seed) for seed in (1, 1, 2))
    for player in range(2):
        assert bits(first[player]) == bits(again[player]) != bits(other[player])
    assert first[2].generator_loss == again[2].generator_loss != other[2].generator_loss


def test_the_generator_learns():
    """Its images come nearer to the real ones and are as different from each other."""
    real = pictures() / 255
    noise = np.random.default_rng(3).standard_normal((300, LATENT), np.float32)

    def distance(generator):
        differences = generator.predict(noise)[:, None] - real
        return np.sqrt((differences**2).sum(axis=(2, 3, 4))).min(axis=1).mean()

    pair = players(width=16)
    before = distance(pair[0])
    generator, _, history = play(
        pair, steps=400, batch_size=32, look_every=100,
        generator_optimizer=Adam(0.003, beta1=0.5), discriminator_optimizer=Adam(0.003, beta1=0.5),
    )  # fmt: skip
    assert distance(generator) < 0.75 * before
    assert 0.7 < history.diversity[-1] < 1.4


def test_all_techniques_at_once():
    """They do not get into each other's way, and each of them takes part."""
    kinds = article_gan(
        rng=np.random.default_rng(0), latent=LATENT, image_shape=SHAPE, width=8, dropout=0.1,
        minibatch_discrimination=True, virtual_batch_norm=True,
    )  # fmt: skip
    techniques = Techniques(
        feature_matching=True, minibatch_discrimination=True, historical_averaging=0.01, label_smoothing=0.1,
        virtual_batch_norm=True, instance_noise=0.2, average=0.9,
    )  # fmt: skip
    optimizers = {"generator_optimizer": Adam(0.01), "discriminator_optimizer": Adam(0.02)}
    ends = []
    for name, value in {"": None, **vars(techniques)}.items():
        off = techniques if not name else replace(techniques, **{name: type(value)(0)})
        generator, discriminator, history = play(
            copy.deepcopy(kinds), steps=4, techniques=off, **copy.deepcopy(optimizers)
        )
        assert np.isfinite(history.generator_loss + history.discriminator_loss).all()
        ends.append(repr((bits(generator), bits(discriminator))))
    # the two that are layers take part whether they are asked for or not
    assert len(set(ends)) == 8 - 2


@pytest.mark.parametrize("technique", ["minibatch_discrimination", "virtual_batch_norm"])
@pytest.mark.parametrize("make", [article_gan, dcgan])
def test_every_parameter_changes_with_the_techniques_that_are_layers(make, technique):
    """A score with minibatch discrimination depends on the batch, an image with a reference on the reference."""
    shape = (1, 16, 16)
    images = np.random.default_rng(0).integers(0, 255, (16, *shape), np.uint8)
    pair = make(rng=np.random.default_rng(0), latent=3, image_shape=shape, width=2, **{technique: True})
    changed = unchanged(pair, images=images, techniques=Techniques(**{technique: True}))
    assert changed == [set(), set()]
