"""The networks for few labels: sizes as described, any image, what is noisy and what is fixed, true gradients."""

import numpy as np
import pytest

from nnfromscratch import kernels, models
from nnfromscratch.errors import RangeError, ShapeError
from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.layers import GaussianNoise, WeightNorm

SHAPES = [(1, 28, 28), (3, 32, 32), (2, 5, 7)]
CLASSIFIERS = {"dense": models.few_labels_discriminator, "cnn": models.noisy_cnn}
every_classifier = pytest.mark.parametrize("make", CLASSIFIERS.values(), ids=CLASSIFIERS)


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


def rng(seed=0):
    return np.random.default_rng(seed)


@every_classifier
@pytest.mark.parametrize("shape", SHAPES)
def test_a_classifier_takes_any_image_and_number_of_classes(make, shape):
    network = make(rng=rng(), image_shape=shape, classes=3)
    assert network.predict(np.zeros((2, *shape), np.float32)).shape == (2, 3)


def test_the_discriminator_has_the_published_order():
    network = models.few_labels_discriminator(rng=rng())
    assert [repr(layer) for layer in network] == [
        "Flatten()", "GaussianNoise(0.3)",
        "WeightNorm(Dense(784, 300))", "ReLU()", "GaussianNoise(0.5)",
        "WeightNorm(Dense(300, 150))", "ReLU()", "GaussianNoise(0.5)",
        "WeightNorm(Dense(150, 150))", "ReLU()", "GaussianNoise(0.5)",
        "WeightNorm(Dense(150, 10))",
    ]  # fmt: skip


def test_the_cnn_has_the_sizes_that_it_says():
    sizes = {name: array.shape for name, array in models.noisy_cnn(rng=rng()).params.items()}
    assert {name: shape for name, shape in sizes.items() if name.endswith(".v")} == {
        "1.v": (16, 1, 5, 5), "4.v": (32, 16, 3, 3), "8.v": (32 * 7 * 7, 128), "11.v": (128, 10),
    }  # fmt: skip
    noise = [layer.std for layer in models.noisy_cnn(rng=rng()) if isinstance(layer, GaussianNoise)]
    assert noise == [0.3, 0.15, 0.3, 0.3]


@every_classifier
def test_only_the_last_layer_learns_its_length(make):
    layers = [layer for layer in make(rng=rng()) if isinstance(layer, WeightNorm)]
    assert ["g" in layer.params for layer in layers] == [False] * (len(layers) - 1) + [True]


@every_classifier
def test_noise_is_there_in_training_alone(make):
    network, x = make(rng=rng()), rng(1).random((2, 1, 28, 28), np.float32)
    np.testing.assert_array_equal(network.predict(x), network.predict(x))
    assert not np.array_equal(network.forward(x)[0], network.forward(x)[0])


@every_classifier
def test_gradients_are_true(make):
    network = make(rng=rng(), image_shape=(1, 6, 6), classes=3, dtype=np.float64)
    gradcheck(network, rng(1).random((3, 1, 6, 6)), rng=rng(2))


def test_the_generator_makes_images_from_0_to_1():
    generator = models.few_labels_generator(rng=rng(), image_shape=(3, 5, 7), latent=4, width=6)
    images = generator.predict(rng(1).random((20, 4), np.float32))
    assert images.shape == (20, 3, 5, 7)
    assert 0 <= images.min() < images.max() <= 1
    gradcheck(generator.astype(np.float64), rng(2).random((5, 4)), rng=rng(3))


@pytest.mark.parametrize(
    ("make", "settings", "error", "message"),
    [
        (models.few_labels_discriminator, {"image_shape": (28, 28)}, ShapeError, "image_shape expects"),
        (models.few_labels_discriminator, {"classes": 0}, RangeError, "classes expects"),
        (models.few_labels_discriminator, {"widths": ()}, RangeError, "widths expects"),
        (models.few_labels_discriminator, {"widths": (3, 0)}, RangeError, "widths expects"),
        (models.few_labels_discriminator, {"input_noise": -1}, RangeError, "std expects"),
        (models.few_labels_generator, {"latent": 0}, RangeError, "latent expects"),
        (models.few_labels_generator, {"width": 0}, RangeError, "width expects"),
        (models.noisy_cnn, {"classes": 0}, RangeError, "classes expects"),
        (models.noisy_cnn, {"image_shape": (1, 0, 28)}, ShapeError, "image_shape expects"),
    ],
)
def test_what_makes_no_sense_is_refused(make, settings, error, message):
    with pytest.raises(error, match=message):
        make(rng=rng(), **settings)
