"""Memory: it grows with the batch and not with the number of steps, and predict needs little more for many images."""

import gc
import tracemalloc

import numpy as np
import pytest

from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.kernels import use
from nnfromscratch.layers import BatchNorm, Conv2d, Dense, Dropout, Flatten, MaxPool2d, ReLU, Sequential
from nnfromscratch.optimizers import Adam


def network(seed=0):
    rng = np.random.default_rng(seed)
    return Sequential(
        Conv2d(1, 4, 3, padding=1, rng=rng),
        BatchNorm(4),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Dropout(0.5, rng=rng),
        Dense(4 * 4 * 4, 10, rng=rng),
        input_shape=(1, 8, 8),
    )


def peak(work):
    """Bytes allocated at the most while the work was done, beyond what was there before."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def training(batch_size, steps=3):
    model, optimizer = network(), Adam()
    x = np.random.default_rng(1).random((batch_size, 1, 8, 8), np.float32)
    labels = np.arange(batch_size) % 10

    def run(count=steps):
        for _ in range(count):
            scores, backward = model.forward(x)
            _, grads = backward(softmax_cross_entropy(scores, labels)[1](), wrt=("params",))
            optimizer.step(model.params, grads)

    return run


def test_a_step_needs_memory_in_proportion_to_its_batch():
    peaks = []
    for batch_size in (500, 1000, 2000):
        run = training(batch_size)
        run()
        peaks.append(peak(run))
    assert 1.7 < peaks[1] / peaks[0] < 2.3
    assert 1.7 < peaks[2] / peaks[1] < 2.3


def test_predict_needs_little_more_for_many_images_than_for_a_batch():
    model, rng = network(), np.random.default_rng(1)
    few, many = (rng.random((count, 1, 8, 8), np.float32) for count in (512, 10_000))
    model.predict(few)
    answer = 2 * 10_000 * 10 * 4  # the scores of all images, in parts and then joined
    assert peak(lambda: model.predict(many)) < 2 * peak(lambda: model.predict(few)) + answer


@pytest.mark.slow
def test_memory_is_flat_over_ten_thousand_steps():
    run = training(16)
    run(1000)
    gc.collect()
    tracemalloc.start()
    try:
        run(1000)
        gc.collect()
        early = tracemalloc.get_traced_memory()[0]
        run(9000)
        gc.collect()
        late = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert late - early < 20_000  # bytes


@pytest.mark.parametrize("kernels", ["vectorized", "compiled"])
def test_a_batch_larger_than_memory_is_an_error_that_says_how_much_was_wanted(kernels):
    x = np.broadcast_to(np.float32(1), (2**36, 1, 28, 28))  # one number, which claims to be 200 tebibytes of images
    small = Sequential(Conv2d(1, 2, 3, rng=np.random.default_rng(0)), ReLU())
    with use(kernels), pytest.raises(MemoryError, match="Unable to allocate"):
        small.forward(x)
    assert small.forward(np.ones((2, 1, 8, 8), np.float32))[0].shape == (2, 2, 6, 6)
