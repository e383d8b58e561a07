"""The pairs of generator and discriminator: sizes as published, images of both kinds, and what makes no sense."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from nnfromscratch import kernels, models
from nnfromscratch.errors import RangeError, ShapeError
from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.layers import (
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    LayerNorm,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)

SHAPES = [(1, 28, 28), (3, 32, 32)]
MAKERS = {
    "article_gan": models.article_gan,
    "dcgan": models.dcgan,
    "wgan": models.wgan,
    "sngan": models.sngan,
    "wgan with layer_norm": partial(models.wgan, layer_norm=True),
    "article_gan with dropout": partial(models.article_gan, dropout=0.3),
    "article_gan with comparison": partial(models.article_gan, minibatch_discrimination=True),
    "article_gan with a reference": partial(models.article_gan, virtual_batch_norm=True),
    "dcgan with comparison": partial(models.dcgan, minibatch_discrimination=True),
    "dcgan with a reference": partial(models.dcgan, virtual_batch_norm=True),
}
CONVOLUTIONAL = [name for name in MAKERS if not name.startswith("article_gan")]
every_model = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


def rng(seed=0):
    return np.random.default_rng(seed)


def sizes(network):
    return {name: array.shape for name, array in network.params.items()}


def kinds(network):
    return [type(layer) for layer in network]


def weighted(network, kind):
    """The weights of the layers of a kind, also inside of what stands around them."""
    layers = (getattr(layer, "layer", layer) for layer in getattr(network, "network", network))
    return [layer.params["weight"] for layer in layers if isinstance(layer, kind)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("image_shape", SHAPES)
@every_model
def test_noise_becomes_images_and_images_become_scores(make, image_shape, dtype):
    generator, discriminator = make(rng=rng(), latent=7, image_shape=image_shape, width=8, dtype=dtype)
    images, _ = generator.forward(rng(1).standard_normal((5, 7)).astype(dtype))
    scores, _ = discriminator.forward(images)
    assert (images.shape, images.dtype, scores.shape, scores.dtype) == ((5, *image_shape), dtype, (5, 1), dtype)
    inner = getattr(generator, "network", generator)
    low = -1 if isinstance(inner.layers[-1], Tanh) else 0
    assert low < images.min() < images.max() < 1
    assert (inner.input_shape, discriminator.input_shape) == ((7,), image_shape)


@pytest.mark.parametrize(
    "name",
    [name if name in ("article_gan", "dcgan") else pytest.param(name, marks=pytest.mark.slow) for name in MAKERS],
)
def test_the_whole_game_has_the_right_gradients(name):
    """∂(score of a generated image)/∂ every parameter of both, through both networks."""
    shape = (1, 16, 16) if name in CONVOLUTIONAL else (1, 2, 2)
    generator, discriminator = MAKERS[name](rng=rng(), latent=2, image_shape=shape, width=1, dtype=np.float64)
    for player in (generator, discriminator):
        for name, array in player.params.items():
            player.params[name] = array + 0.1 * rng(2).standard_normal(array.shape)
    for _ in range(200):  # spectral normalization takes its vector for a constant: exact where it has arrived
        discriminator.forward(rng(3).standard_normal((2, *shape)))
    gradcheck(Sequential(generator, discriminator), rng(1).standard_normal((3, 2)), rng=rng(3))


def test_the_article_has_these_sizes():
    generator, discriminator = models.article_gan(rng=rng())
    assert [a for a in sizes(generator).values() if len(a) == 2] == [(100, 128), (128, 128), (128, 784)]
    assert [a for a in sizes(discriminator).values() if len(a) == 2] == [(784, 128), (128, 128), (128, 1)]
    assert [layer.negative_slope for layer in (*generator, *discriminator) if isinstance(layer, LeakyReLU)] == [0.2] * 4
    assert Sigmoid in kinds(generator)
    assert Sigmoid not in kinds(discriminator)


def test_the_article_starts_as_tensorflow_does():
    """tf.layers.dense: Glorot's uniform, √(6 / (in + out)) being the largest; biases zero."""
    for network in models.article_gan(rng=rng()):
        for name, array in network.params.items():
            if name.endswith("weight"):
                assert 0.95 < np.abs(array).max() / np.sqrt(6 / sum(array.shape)) <= 1
            else:
                assert not array.any()


@pytest.mark.parametrize(
    ("image_shape", "channels"),
    [
        ((1, 28, 28), [16, 32, 64]),
        ((3, 32, 32), [16, 32, 64]),
        ((2, 16, 24), [16, 32]),
        ((1, 13, 26), [16, 32]),
    ],
)
@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_channels_double_with_every_halving(name, image_shape, channels):
    generator, discriminator = MAKERS[name](rng=rng(), image_shape=image_shape, width=16)
    down = [weight.shape[:2] for weight in weighted(discriminator, Conv2d)]
    up = [weight.shape[:2] for weight in weighted(generator, ConvTranspose2d)]
    between = [image_shape[0], *channels]
    assert down == list(zip(between[1:], between[:-1], strict=True))
    assert up == list(zip(between[:0:-1], between[-2::-1], strict=True))


@pytest.mark.parametrize("image_shape", [(1, 13, 13), (1, 27, 30), (2, 14, 50), (1, 25, 28)])
@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_sides_of_any_parity_come_back(name, image_shape):
    generator, discriminator = MAKERS[name](rng=rng(), latent=3, image_shape=image_shape, width=2)
    images, _ = generator.forward(rng(1).standard_normal((4, 3)).astype(np.float32))
    assert images.shape == (4, *image_shape)
    assert discriminator.forward(images)[0].shape == (4, 1)


@pytest.mark.parametrize("image_shape", SHAPES)
def test_the_five_rules(image_shape):
    generator, discriminator = models.dcgan(rng=rng(), image_shape=image_shape, width=4)
    steps = 3
    for network in (generator, discriminator):
        assert not {MaxPool2d, AvgPool2d} & set(kinds(network))
        assert kinds(network).count(Dense) == 1
        assert all(layer.stride == (2, 2) for layer in network if isinstance(layer, (Conv2d, ConvTranspose2d)))
    assert kinds(generator).count(BatchNorm) == steps
    assert kinds(discriminator).count(BatchNorm) == steps - 1
    assert kinds(generator)[-2:] == [ConvTranspose2d, Tanh]
    assert kinds(discriminator)[:2] == [Conv2d, LeakyReLU]
    assert kinds(generator).count(ReLU) == steps
    assert LeakyReLU not in kinds(generator)
    assert kinds(discriminator).count(LeakyReLU) == steps
    assert ReLU not in kinds(discriminator)


def test_dcgan_starts_at_002_and_has_no_bias_before_batch_normalization():
    for network in models.dcgan(rng=rng()):
        layers = list(network)
        for layer, follower in pairwise(layers):
            if isinstance(layer, (Dense, Conv2d, ConvTranspose2d)):
                assert 0.018 < layer.params["weight"].std() < 0.022
                normalized = isinstance(follower, BatchNorm) or isinstance(layer, Dense)
                assert ("bias" in layer.params) != normalized


@pytest.mark.parametrize("layer_norm", [False, True])
def test_a_critic_scores_every_image_by_itself(layer_norm):
    _, critic = models.wgan(rng=rng(), width=4, layer_norm=layer_norm)
    images = rng(1).uniform(-1, 1, (6, 1, 28, 28)).astype(np.float32)
    together, _ = critic.forward(images)
    alone, _ = critic.forward(images[2:3])
    np.testing.assert_allclose(together[2:3], alone, rtol=1e-5)
    assert (LayerNorm in kinds(critic)) == layer_norm
    assert BatchNorm not in kinds(critic)


@every_model
def test_a_seed_decides_every_bit(make):
    first, again, other = make(rng=rng(), width=4), make(rng=rng(), width=4), make(rng=rng(1), width=4)
    for player in range(2):
        for name, array in first[player].params.items():
            assert array.tobytes() == again[player].params[name].tobytes()
        assert any(a.tobytes() != other[player].params[n].tobytes() for n, a in first[player].params.items())


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("image_shape", [(28, 28), (1, 28), (0, 28, 28), (1, 28, 28.0), 28, None, "1,28,28"])
def test_what_is_no_image_shape(name, image_shape):
    with pytest.raises(ShapeError, match=rf"^{name.split()[0]}: image_shape expects \(channels, height, width\)"):
        MAKERS[name](rng=rng(), image_shape=image_shape)


@pytest.mark.parametrize("name", CONVOLUTIONAL)
@pytest.mark.parametrize("size", [(8, 8), (12, 28), (28, 12), (6, 30)])
def test_images_that_cannot_be_halved_twice(name, size):
    with pytest.raises(
        ShapeError, match=rf"^{name.split()[0]}: image_shape expects .* halved twice.*, is \(1, {size[0]}"
    ):
        MAKERS[name](rng=rng(), image_shape=(1, *size))


@pytest.mark.parametrize("argument", ["latent", "width"])
@pytest.mark.parametrize("value", [0, -1, 2.5, None])
@pytest.mark.parametrize("name", MAKERS)
def test_a_size_under_1(name, argument, value):
    with pytest.raises(RangeError, match=rf"^{name.split()[0]}: {argument} expects a whole number of at least 1, is"):
        MAKERS[name](rng=rng(), **{argument: value})
