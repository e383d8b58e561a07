"""What is looked at now and then: gradients layer by layer, pinned weights, how different the images are."""

import json

import numpy as np
import pytest
from game_cases import LATENT, SHAPE, conditional_players, pictures, play, players
from hypothesis import given, settings
from hypothesis import strategies as st

from nnfromscratch import kernels
from nnfromscratch.errors import CheckpointError, RangeError, ShapeError
from nnfromscratch.gan.history import PER_STEP, GanHistory
from nnfromscratch.gan.looks import distances, pinned_share
from nnfromscratch.gan.players import input_shape_of, layers_of, output_range, without_last_dense
from nnfromscratch.layers import (
    Dense,
    Flatten,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    SpectralNorm,
    Tanh,
    VirtualBatchNorm,
    WithReference,
)
from nnfromscratch.optimizers import SGD


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


def rng():
    return np.random.default_rng(0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(2, 6))
def test_distances_are_those_of_all_pairs(seed, count):
    images = np.random.default_rng(seed).standard_normal((count, 2, 3, 2)) + 100
    with kernels.use("vectorized"):
        between, nearest = distances(images)
    d = np.sqrt(((images[:, None] - images[None]) ** 2).sum(axis=(2, 3, 4)))
    others = ~np.eye(count, dtype=bool)
    assert between == pytest.approx(d[others].mean())
    assert nearest == pytest.approx(np.where(others, d, np.inf).min(axis=1).mean())


def test_small_distances_are_not_lost_beside_large_numbers():
    offsets = 1e-2 * rng().standard_normal((4, 1, 3, 3))
    plain, far = distances(offsets), distances(offsets + 1e6)
    np.testing.assert_allclose(far, plain, rtol=1e-5)


def test_distances_of_images_that_are_all_alike():
    """0 but for what rounding leaves, though the numbers are large."""
    between, nearest = distances(np.full((5, 1, 4, 4), 1e3, np.float32))
    assert between == nearest == 0
    twice = np.repeat(rng().standard_normal((3, 1, 4, 4), np.float32), 2, axis=0)
    between, nearest = distances(twice)
    assert nearest < 1e-6 < 1 < between


@pytest.mark.parametrize("images", [np.zeros((1, 1, 4, 4)), np.zeros((0, 3)), np.zeros(5)])
def test_distances_need_two_images(images):
    with pytest.raises(ShapeError, match=r"^distances: images expects at least 2"):
        distances(images)


def test_pinned_share():
    layer = Dense(2, 2, rng=rng())
    layer.params["weight"] = np.array([[0.1, -0.1], [0.09, 0.0]], np.float32)
    layer.params["bias"] = np.array([-0.1, 0.05], np.float32)
    assert pinned_share(layer, 0.1) == 3 / 6
    assert pinned_share(layer, 1.0) == 0


class Recorder(SGD):
    def __init__(self):
        super().__init__(0.1)
        self.grads = []

    def step(self, params, grads):
        self.grads.append(grads)
        super().step(params, grads)


def test_gradient_norms_are_of_that_step_and_of_each_layer():
    optimizers = Recorder(), Recorder()
    *_, history = play(
        steps=5, look_every=2, critic_steps=2, generator_optimizer=optimizers[0], discriminator_optimizer=optimizers[1]
    )
    assert history.look_step == [2, 4]
    for norms, grads, layers in (
        (history.generator_gradient, optimizers[0].grads[1:4:2], ["0", "2"]),
        (history.discriminator_gradient, optimizers[1].grads[3:8:4], ["1", "3"]),
    ):
        assert list(norms) == layers
        for layer in layers:
            expected = [np.sqrt((g[f"{layer}.weight"] ** 2).sum() + (g[f"{layer}.bias"] ** 2).sum()) for g in grads]
            np.testing.assert_allclose(norms[layer], expected, rtol=1e-5)


def test_diversity_is_relative_to_the_real_images():
    """A generator that makes the very same image of everything, and one that makes noise brighter than the images."""

    def looked(weight):
        generator, discriminator = players()
        generator.params["2.weight"] = (weight * rng().choice([-1, 1], (5, 16))).astype(np.float32)
        return play((generator, discriminator), steps=1, look_every=1, generator_optimizer=SGD(0))[2]

    assert looked(0.0).diversity[0] < 1e-6
    assert looked(0.0).nearest[0] < 1e-6
    assert looked(10.0).diversity[0] > 1.2
    same = np.repeat(pictures(1), 20, axis=0)
    assert play(images=same, steps=1, look_every=1)[2].diversity == [1.0]  # there is nothing to compare with


def test_a_history_survives_json():
    *_, history = play(objective="wasserstein", weight_limit=0.1, gradient_penalty=1.0, steps=4)
    text = json.dumps(history.to_dict())
    assert GanHistory.from_dict(json.loads(text)) == history
    assert history.steps == 4
    for name in PER_STEP:
        assert len(getattr(history, name)) == 4, name
    for name in ("look_step", "diversity", "nearest", "pinned"):
        assert len(getattr(history, name)) == 2, name
    assert history.seconds > 0
    assert history.to_dict()["pinned"] is not history.pinned


def test_without_a_limit_and_without_a_penalty_there_are_no_such_figures():
    *_, history = play(steps=4)
    assert history.pinned == history.gradient_penalty == []


@pytest.mark.parametrize("change", [{"more": 1}, {"seconds": None}])
def test_another_history_is_refused(change):
    figures = GanHistory().to_dict() | change
    if change == {"seconds": None}:
        del figures["seconds"]
    with pytest.raises(CheckpointError, match="GanHistory: expects the entries of to_dict"):
        GanHistory.from_dict(figures)


# --- what the loop has to know about the players


def reference():
    inner = Sequential(Dense(3, 16, rng=rng()), VirtualBatchNorm(16, 4), Sigmoid(), Reshape(SHAPE), input_shape=(3,))
    return WithReference(inner, np.zeros((4, 3), np.float32))


def test_the_range_of_a_generator():
    assert output_range(players()[0]) == (0.0, 1.0)
    assert output_range(players(last=Tanh)[0]) == (-1.0, 1.0)
    assert output_range(Sequential(Sigmoid(), Dense(2, 2, rng=rng()), Reshape((1, 2)))) is None
    assert output_range(Sequential(Dense(2, 2, rng=rng()), Sequential(Tanh(), Flatten()))) == (-1.0, 1.0)
    assert output_range(conditional_players()[0]) == (0.0, 1.0)
    assert output_range(reference()) == (0.0, 1.0)
    assert output_range(Reshape((1, 2))) is None


def test_the_size_of_the_noise():
    assert input_shape_of("generator", players()[0]) == (LATENT,)
    assert input_shape_of("generator", conditional_players()[0]) == (LATENT,)
    assert input_shape_of("generator", reference()) == (3,)
    with pytest.raises(RangeError, match="generator expects a network that knows its input_shape"):
        input_shape_of("generator", Dense(3, 3, rng=rng()))


def test_the_layers_inside():
    assert [type(layer) for layer in layers_of(reference())] == [Dense, VirtualBatchNorm, Sigmoid, Reshape]
    assert [type(layer) for layer in layers_of(conditional_players()[1])] == [Flatten, Dense, Tanh, Dense]


def test_the_features_share_their_layers_with_the_discriminator():
    for last in (Dense(5, 1, rng=rng()), SpectralNorm(Dense(5, 1, rng=rng()), rng=rng())):
        discriminator = Sequential(Flatten(), Dense(16, 5, rng=rng()), ReLU(), last, input_shape=SHAPE)
        features = without_last_dense(discriminator)
        assert features.layers == discriminator.layers[:-1]
        assert features.input_shape == SHAPE
        assert features.params["1.weight"] is discriminator.params["1.weight"]
    conditional = conditional_players()[1]
    features = without_last_dense(conditional)
    assert features.network.layers == conditional.network.layers[:-1]
    assert features.params["embedding.weight"] is conditional.params["embedding.weight"]


@pytest.mark.parametrize(
    "layers", [(Dense(3, 1, rng=rng()),), (Flatten(), Dense(3, 1, rng=rng()), Sigmoid())], ids=["alone", "sigmoid"]
)
def test_no_features(layers):
    with pytest.raises(RangeError, match="feature_matching expects a discriminator that is a Sequential"):
        without_last_dense(Sequential(*layers))
    with pytest.raises(RangeError, match="feature_matching"):
        without_last_dense(layers[0])
