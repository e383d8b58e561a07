"""The steps that are timed are right: gradients by difference quotients, no PyTorch needed."""

import numpy as np
import pytest

from nnfromscratch import data
from nnfromscratch.bench.digits import make_batches
from nnfromscratch.bench.steps import training_step
from nnfromscratch.bench.workloads import NOISE, WORKLOADS
from nnfromscratch.functional import binary_cross_entropy_with_logits as bce
from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.layers import BatchNorm, Conv2d, ConvTranspose2d, Dense


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist").train


def batches_of(digits, name, size=4, count=1, seed=0, dtype=np.float64):
    return make_batches(WORKLOADS[name], digits, size, count, rng=np.random.default_rng(seed), dtype=dtype)


def networks_of(name):
    return tuple(network.astype(np.float64) for network in WORKLOADS[name].networks(0))


# --- what is trained ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("lenet", [1_663_370]),
        ("small", [160 + 4640 + 15690]),
        ("dcgan", [627_200 + 256 + 131_072 + 128 + 1025, 1088 + 131_072 + 256 + 6273]),
        ("article-gan", [12_928 + 16_512 + 101_136, 100_480 + 16_512 + 129]),
    ],
)
def test_the_networks_have_the_sizes_that_were_promised(name, parameters):
    networks = WORKLOADS[name].networks(0)
    assert [sum(array.size for array in network.params.values()) for network in networks] == parameters
    images = np.zeros((2, *WORKLOADS[name].image_shape), np.float32)
    if WORKLOADS[name].is_game:
        fake = networks[0].predict(np.zeros((2, NOISE), np.float32))
        assert fake.shape == images.shape
        assert 0 <= fake.min() <= fake.max() <= 1
    assert networks[-1].predict(images).shape == (2, 1 if WORKLOADS[name].is_game else 10)


def test_no_bias_stands_in_front_of_batch_normalization():
    for network in WORKLOADS["dcgan"].networks(0):
        before = None
        for layer in network:
            if isinstance(layer, BatchNorm):
                assert "bias" not in before.params
            if isinstance(layer, (Conv2d, ConvTranspose2d, Dense)):
                before = layer


def test_weights_come_from_the_seed():
    first, again, other = (WORKLOADS["small"].networks(seed)[0].params for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["0.weight"], other["0.weight"])


# --- batches -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORKLOADS)
def test_batches_are_ordinary_arrays_of_digits(digits, name):
    workload = WORKLOADS[name]
    single, double = (batches_of(digits, name, 5, 2, dtype=dtype) for dtype in (np.float32, np.float64))
    assert len(single) == 2
    for (x, other), (x64, other64) in zip(single, double, strict=True):
        assert x.shape == (5, *workload.image_shape)
        assert x.flags.c_contiguous
        assert (x.dtype, x64.dtype) == (np.float32, np.float64)
        assert 0 <= x.min() < 0.1 < 0.9 < x.max() <= 1
        assert np.array_equal(x, x64)
        assert np.array_equal(other, other64)
        assert other.shape == ((5, NOISE) if workload.is_game else (5,))
    assert not np.array_equal(single[0][0], single[1][0])


def test_labels_belong_to_their_images(digits):
    (x, labels), *_ = batches_of(digits, "small", 50)
    known = {image.tobytes(): label for image, label in zip(digits.images, digits.labels, strict=True)}
    assert all(known[np.rint(255 * one).astype(np.uint8).tobytes()] == k for one, k in zip(x, labels, strict=True))


# --- the steps ---------------------------------------------------------------------------------------------------


def slopes(network, loss, names, rng, count=3):
    """For some parameters of each name: where they are, and the difference quotient of the loss there."""
    for name in names:
        theta = network.params[name]
        for _ in range(count):
            at = tuple(rng.integers(length) for length in theta.shape)
            values = []
            for step in (1e-5, -1e-5):
                changed = theta.copy()
                changed[at] += step
                network.params[name] = changed
                values.append(loss())
            network.params[name] = theta
            yield name, at, (values[0] - values[1]) / 2e-5


def assert_first_step(before, after, slopes, lr):
    """Adam's first step goes lr down the slope, whatever its size: −lr·g / (|g| + ε)."""
    told = 0
    for name, at, slope in slopes:
        if abs(slope) > 1e-6:  # else ε counts
            assert after[name][at] - before[name][at] == pytest.approx(-lr * np.sign(slope), rel=0.02)
            told += 1
    assert told >= 3


def test_a_step_of_a_classifier_goes_down_its_loss(digits):
    (network,) = networks_of("small")
    x, labels = batches_of(digits, "small")[0]
    found = list(
        slopes(
            network,
            lambda: softmax_cross_entropy(network.forward(x)[0], labels)[0],
            ["0.weight", "3.bias", "7.weight", "7.bias"],
            np.random.default_rng(0),
        )
    )
    before = {name: array.copy() for name, array in network.params.items()}
    expected = softmax_cross_entropy(network.forward(x)[0], labels)[0]
    losses = training_step(WORKLOADS["small"], (network,), [(x, labels)])(0)
    assert losses == (pytest.approx(expected, rel=1e-12),)
    assert_first_step(before, network.params, found, 1e-3)


@pytest.mark.parametrize("name", ["article-gan", "dcgan"])
def test_a_step_of_a_game_goes_down_both_losses(digits, name):
    """The discriminator's with the generator as it was; the generator's with the discriminator as it has become."""
    workload = WORKLOADS[name]
    generator, discriminator = networks_of(name)
    real, noise = batches_of(digits, name)[0]
    fake = generator.forward(noise)[0]

    def loss_d():
        return bce(discriminator.forward(real)[0], 1.0)[0] + bce(discriminator.forward(fake)[0], 0.0)[0]

    def loss_g():
        return bce(discriminator.forward(generator.forward(noise)[0])[0], 1.0)[0]

    rng = np.random.default_rng(1)
    last_d, last_g = len(discriminator) - 1, len(generator) - 2
    found = list(slopes(discriminator, loss_d, [f"{last_d}.weight", f"{last_d}.bias", "0.bias", "0.weight"], rng))
    before_d, before_g = ({k: v.copy() for k, v in net.params.items()} for net in (discriminator, generator))
    expected_d = loss_d()
    losses = training_step(workload, (generator, discriminator), [(real, noise)])(0)
    assert losses[0] == pytest.approx(expected_d, rel=1e-12)
    assert_first_step(before_d, discriminator.params, found, workload.lr)

    after_g = {k: v.copy() for k, v in generator.params.items()}
    for key, array in before_g.items():
        generator.params[key] = array
    assert losses[1] == pytest.approx(loss_g(), rel=1e-9)
    found = list(slopes(generator, loss_g, [f"{last_g}.weight", f"{last_g}.bias", "0.weight"], rng))
    assert_first_step(before_g, after_g, found, workload.lr)


def test_after_the_last_batch_comes_the_first(digits):
    batches = batches_of(digits, "small", 4, 2)
    losses = []
    for numbers in ((0, 1, 2), (0, 1, 0)):
        step = training_step(WORKLOADS["small"], networks_of("small"), batches)
        losses.append([step(number) for number in numbers])
    assert losses[0] == losses[1]
    one = training_step(WORKLOADS["small"], networks_of("small"), batches)(1)
    assert one != losses[0][0]  # the second batch is another one


def test_the_workloads_learn(digits):
    batches = batches_of(digits, "small", 32, 4, dtype=np.float32)
    step = training_step(WORKLOADS["small"], WORKLOADS["small"].networks(0), batches)
    losses = [step(number)[0] for number in range(24)]
    assert np.mean(losses[-4:]) < 0.5 * np.mean(losses[:4])
