"""The layer in a discriminator: where its weights begin, a batch of one, and that it tells a collapse from variety."""

import numpy as np
import pytest
from layer_cases import rng

from nnfromscratch.errors import DtypeError, ShapeError
from nnfromscratch.functional import binary_cross_entropy_with_logits
from nnfromscratch.layers import Dense, LeakyReLU, MinibatchDiscrimination, Sequential
from nnfromscratch.optimizers import Adam


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_and_their_first_similarities(dtype):
    for features, kernels, size in ((400, 50, 5), (50, 100, 16)):
        layer = MinibatchDiscrimination(features, kernels, size, rng=rng(), dtype=dtype)
        weight = layer.params["weight"]
        assert (weight.shape, weight.dtype) == ((features, kernels, size), dtype)
        assert weight.std() == pytest.approx(1 / (size * np.sqrt(features)), rel=0.03)
        x = rng(1).standard_normal((40, features)).astype(dtype)
        o = layer.predict(x)[:, features:]
        assert 0.28 < o.mean() / 39 < 0.42  # e^{−1.13} = 0.32, and a little more: exp is convex


def test_the_seed_decides():
    first, second = (MinibatchDiscrimination(4, 3, 2, rng=rng(seed)).params["weight"] for seed in (0, 1))
    np.testing.assert_array_equal(MinibatchDiscrimination(4, 3, 2, rng=rng(0)).params["weight"], first)
    assert (first != second).any()


def test_one_sample_has_no_others():
    layer = MinibatchDiscrimination(4, 3, 2, rng=rng())
    x = np.ones((1, 4), np.float32)
    with pytest.raises(ShapeError, match=r"^MinibatchDiscrimination: x expects at least 2 .* in training, has 1"):
        layer.forward(x)
    np.testing.assert_array_equal(layer.predict(x), [[1, 1, 1, 1, 0, 0, 0]])


def test_an_empty_batch_in_training():
    y, backward = MinibatchDiscrimination(4, 3, 2, rng=rng()).forward(np.ones((0, 4), np.float32))
    assert y.shape == (0, 7)
    dx, grads = backward(y)
    assert dx.shape == (0, 4)
    assert not grads["weight"].any()


def test_other_inputs():
    layer = MinibatchDiscrimination(4, 3, 2, rng=rng())
    for shape in ((2, 5), (2, 4, 1), (4,)):
        with pytest.raises(ShapeError, match=r"minibatch_discrimination: x expects shape \(N, 4\), has "):
            layer.forward(np.ones(shape, np.float32))
    with pytest.raises(DtypeError, match="minibatch_discrimination: weight expects float64 like x, has float32"):
        layer.forward(np.ones((2, 4)))


def test_it_tells_a_collapse_from_variety_where_samples_one_by_one_cannot():
    """Every sample is drawn from the same distribution; only whether a batch's samples are alike differs."""

    def batches(draw):
        various = draw.standard_normal((16, 4)).astype(np.float32)
        return various, np.repeat(draw.standard_normal((1, 4)).astype(np.float32), 16, axis=0)

    def trained(*last):
        network = Sequential(Dense(4, 16, rng=rng(1)), LeakyReLU(), *last)
        optimizer, draw = Adam(lr=0.01), rng(2)
        for _ in range(150):
            for x, target in zip(batches(draw), (1.0, 0.0), strict=True):
                scores, backward = network.forward(x)
                _, loss_backward = binary_cross_entropy_with_logits(scores, target)
                optimizer.step(network.params, backward(loss_backward(), wrt=("params",))[1])
        right = [[(network.predict(x) > 0).mean() for x in batches(draw)] for _ in range(50)]
        return np.mean([(various, 1 - alike) for various, alike in right])

    plain = trained(Dense(16, 1, rng=rng(3)))
    seeing = trained(MinibatchDiscrimination(16, 4, 3, rng=rng(3)), Dense(20, 1, rng=rng(4)))
    assert 0.35 < plain < 0.65
    assert seeing > 0.98
