"""Layers that share a pass: which do, and that values, gradients and state are those of the layers alone."""

import contextvars
import copy
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from fusion_cases import (
    FUSED,
    POOLS,
    SLOPES,
    WEIGHTED,
    assert_same,
    both,
    classifier,
    draw_x,
    every_group,
    every_type,
    network,
    run,
    taken,
    x_for,
)
from layer_cases import rng, snapshot

from nnfromscratch import functional, kernels
from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.layers import (
    ELU,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    LayerNorm,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Sequential,
    Tanh,
    WeightNorm,
    unfused,
)


@pytest.fixture(params=("loops", "vectorized", "compiled"))
def kernel_set(request):
    if request.param == "compiled":
        pytest.importorskip("numba")
    with kernels.use(request.param):
        yield request.param


@every_type
@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", WEIGHTED)
def test_a_weighted_sum_and_an_activation(kernel_set, kind, bias, activation, dtype):
    chain = network(WEIGHTED[kind](dtype, bias), SLOPES[activation](), dtype=dtype)
    x = draw_x(kind, dtype)
    assert taken(chain, x) == 2
    fused, plain = both(chain, x)
    assert_same(fused, plain)
    assert list(fused[2]) == (["0.weight", "0.bias"] if bias else ["0.weight"])


@every_type
@pytest.mark.parametrize("learn_gain", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", WEIGHTED)
def test_a_weight_normalized_sum_and_an_activation(kernel_set, kind, bias, learn_gain, dtype):
    layer = WeightNorm(WEIGHTED[kind](dtype, bias), learn_gain=learn_gain)
    x = draw_x(kind, dtype)
    for after in ([ReLU()], [LeakyReLU(0.1)], [] if kind == "dense" else [MaxPool2d(2)]):
        chain = network(copy.deepcopy(layer), *after, dtype=dtype)
        assert taken(chain, x) == len(chain)
        fused, plain = both(chain, x)
        pooled = type(chain.layers[-1]) is MaxPool2d  # before the bias is added, which changes the order of sums
        assert_same(fused, plain, exact=not pooled)
        assert list(fused[2]) == ["0.v", *(["0.g"] if learn_gain else []), *(["0.bias"] if bias else [])]
        assert all(gradient.any() for gradient in fused[2].values())


@every_type
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["conv", "transposed"])
def test_a_convolution_and_a_pooling_with_and_without_an_activation(kernel_set, kind, bias, pool, dtype):
    x = draw_x(kind, dtype)
    for activation in (None, *SLOPES.values()):
        for pool_first in (True, False) if activation else (True,):
            after = [POOLS[pool](), *([activation()] if activation else [])]
            chain = network(WEIGHTED[kind](dtype, bias), *(after if pool_first else after[::-1]), dtype=dtype)
            assert taken(chain, x) == len(chain)
            fused, plain = both(chain, x)
            # where f neither scales nor reorders the gradients' sums, those of x and W have the same bits
            linear = activation in (None, ReLU)
            assert_same(fused, plain, exact=False, kept=("x", "0.weight") if linear else ())


@every_type
@pytest.mark.parametrize("shape", [(4, 3), (3, 3, 2, 4)])
@pytest.mark.parametrize("activation", SLOPES)
def test_batch_normalization_and_an_activation(kernel_set, activation, shape, dtype):
    chain = network(BatchNorm(3, eps=0.01, momentum=0.3, dtype=dtype), SLOPES[activation](), dtype=dtype)
    x = rng(1).standard_normal(shape).astype(dtype)
    for training in (True, True, False):  # the state of one step is where the next begins
        twin = copy.deepcopy(chain)
        assert taken(copy.deepcopy(chain), x, training) == 2
        before = snapshot(chain.state)
        fused = *run(chain, x, training=training), snapshot(chain.state)
        with unfused():
            plain = *run(twin, x, training=training), snapshot(twin.state)
        assert_same(fused, plain)
        assert (snapshot(chain.state) == before) == (not training)


@pytest.mark.parametrize(
    ("layers", "count"),
    [
        ([Dense(6, 5, rng=rng()), LeakyReLU(0.0)], 1),
        ([Dense(6, 5, rng=rng()), LeakyReLU(-0.5), ReLU()], 1),
        ([Dense(6, 5, rng=rng()), Tanh(), ReLU()], 1),
        ([Dense(6, 5, rng=rng()), ELU()], 1),
        ([Dense(6, 5, rng=rng()), Dropout(0.5, rng=rng()), ReLU()], 1),
        ([Dense(6, 5, rng=rng()), Dense(5, 4, rng=rng())], 1),
        ([Dense(6, 5, rng=rng())], 1),
        ([Dense(6, 5, rng=rng()), ReLU(), ReLU()], 2),
        ([Dense(6, 5, rng=rng()), ReLU(), LeakyReLU()], 2),
        ([Dense(6, 5, rng=rng()), ReLU(), Tanh()], 2),
        ([Dense(6, 5, rng=rng()), Sequential(ReLU())], 1),
        ([ReLU(), Dense(6, 5, rng=rng())], 1),
        ([LayerNorm(6), ReLU()], 1),
        ([BatchNorm(6)], 1),
        ([BatchNorm(6), LeakyReLU(0.0)], 1),
        ([BatchNorm(6), LeakyReLU(-1.0)], 1),
        ([BatchNorm(6), Tanh(), ReLU()], 1),
        ([BatchNorm(6), ReLU(), ReLU()], 2),
    ],
)
def test_how_many_layers_share_a_pass(layers, count):
    assert taken(Sequential(*layers), draw_x("dense", np.float32)) == count


@pytest.mark.parametrize(
    ("after", "count"),
    [
        ([MaxPool2d(2), MaxPool2d(2), ReLU()], 2),
        ([ReLU(), MaxPool2d(2), ReLU()], 3),
        ([MaxPool2d(2), ReLU(), MaxPool2d(1)], 3),
        ([AvgPool2d(2), ReLU()], 1),
        ([ReLU(), AvgPool2d(2)], 2),
        ([BatchNorm(3), ReLU()], 1),
        ([MaxPool2d(2), BatchNorm(3), ReLU()], 2),
        ([MaxPool2d(2), Tanh(), ReLU()], 2),
        ([LeakyReLU(-1.0), MaxPool2d(2)], 1),
        ([MaxPool2d(2), LeakyReLU(0.0)], 2),
    ],
)
def test_how_many_layers_share_a_convolutions_pass(after, count):
    chain = network(WEIGHTED["conv"](np.float32, True), *after, dtype=np.float32)
    x = draw_x("conv", np.float32)
    assert taken(chain, x) == count
    fused, plain = both(chain, x)
    assert_same(fused, plain, exact=False)


def test_batch_normalization_takes_in_no_pooling():
    chain = Sequential(BatchNorm(2), MaxPool2d(2), ReLU())
    x = draw_x("conv", np.float32)
    assert taken(chain, x) == 1
    assert_same(*both(chain, x))


# Whole networks


@every_type
def test_a_whole_network(kernel_set, dtype):
    chain, x = classifier(dtype), draw_x("conv", dtype)
    for training in (True, True, False):
        twin = copy.deepcopy(chain)
        fused = *run(chain, x, training=training), snapshot(chain.state)
        with unfused():
            plain = *run(twin, x, training=training), snapshot(twin.state)
        assert_same(fused, plain, exact=False)
    with unfused():
        expected = chain.predict(x, batch_size=2)
    before = snapshot(chain.state)
    np.testing.assert_array_equal(chain.predict(x, batch_size=2), expected)
    np.testing.assert_array_equal(chain.forward(x, training=False)[0], chain.predict(x))
    assert snapshot(chain.state) == before


def test_evaluation_fuses_too(kernel_set):
    for layers in ([Dense(6, 5, rng=rng()), ReLU()], [BatchNorm(6), ReLU()]):
        assert taken(Sequential(*layers), draw_x("dense", np.float32), training=False) == 2


@every_group
def test_gradients_by_differences(kernel_set, name):
    chain, x = FUSED[name](), x_for(name)[:2]
    assert taken(copy.deepcopy(chain), x) == len(chain)
    assert gradcheck(chain, x, rng=rng(4)).passed
    if name == "BatchNorm":
        assert gradcheck(chain, x, rng=rng(4), training=False).passed


def test_gradients_of_a_whole_network_by_differences(kernel_set):
    if kernel_set == "loops":
        pytest.skip("takes long")
    assert gradcheck(classifier(), draw_x("conv", np.float64), rng=rng(4)).passed


# When nothing is fused


def test_inside_unfused_every_layer_computes_by_itself_and_afterwards_no_longer():
    chain, x = Sequential(Dense(6, 5, rng=rng()), ReLU()), draw_x("dense", np.float32)
    assert taken(chain, x) == 2
    with unfused():
        assert taken(chain, x) == 1
        with unfused():
            assert taken(chain, x) == 1
        assert taken(chain, x) == 1
    assert taken(chain, x) == 2
    with pytest.raises(ZeroDivisionError), unfused():
        raise ZeroDivisionError
    assert taken(chain, x) == 2


def test_unfused_holds_for_its_own_thread():
    chain, x, seen = Sequential(Dense(6, 5, rng=rng()), ReLU()), draw_x("dense", np.float32), []
    with unfused():
        thread = threading.Thread(target=contextvars.Context().run, args=(lambda: seen.append(taken(chain, x)),))
        thread.start()
        thread.join()
    assert seen == [2]


def test_a_way_back_stays_as_its_forward_was():
    chain, x = FUSED["Conv2d"](), x_for("Conv2d")
    y, backward = chain.forward(x)
    expected = backward(y)
    with unfused(), kernels.use("loops"):
        again = backward(y)
    np.testing.assert_array_equal(again[0], expected[0])
    assert all((again[1][key] == expected[1][key]).all() for key in expected[1])


@pytest.mark.parametrize("replaced", kernels.NAMES)
def test_a_network_with_somebodys_own_kernel_does_what_its_layers_say(replaced):
    own = SimpleNamespace(**{replaced: getattr(kernels._named("vectorized"), replaced)})
    chain, x = classifier(), draw_x("conv", np.float64)
    with kernels.use(own):
        for layers in ([Dense(6, 5, rng=rng()), ReLU()], [BatchNorm(6), ReLU()]):
            assert taken(Sequential(*layers), draw_x("dense", np.float32)) == 1
        fused, plain = both(chain, x)
        assert_same(fused, plain)


class Doubled(ReLU):
    def forward(self, x, training=True):
        y, backward = super().forward(2 * x, training)
        return y, lambda dy, wrt=("x", "params"): (2 * backward(dy, wrt=("x",))[0], {})


class Halved(MaxPool2d):
    def forward(self, x, training=True):
        y, backward = super().forward(x / 2, training)
        return y, lambda dy, wrt=("x", "params"): (backward(dy, wrt=("x",))[0] / 2, {})


class Steep(LeakyReLU):
    def forward(self, x, training=True):
        y, backward = functional.leaky_relu(x, 3 * self.negative_slope)
        return y, self.way_back(backward)


class Shifted:
    def forward(self, x, training=True):
        y, backward = super().forward(x, training)
        return y + 1, backward


class ShiftedDense(Shifted, Dense):
    pass


class ShiftedConv2d(Shifted, Conv2d):
    pass


class ShiftedConvTranspose2d(Shifted, ConvTranspose2d):
    pass


class ShiftedBatchNorm(Shifted, BatchNorm):
    pass


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (lambda: [Dense(6, 5, rng=rng()), Doubled()], 1),
        (lambda: [Dense(6, 5, rng=rng()), Steep()], 1),
        (lambda: [BatchNorm(6), Doubled()], 1),
        (lambda: [BatchNorm(6), Steep()], 1),
        (lambda: [ShiftedDense(6, 5, rng=rng()), ReLU()], 1),
        (lambda: [ShiftedBatchNorm(6), ReLU()], 1),
        (lambda: [Conv2d(2, 3, 3, rng=rng()), Halved(2), ReLU()], 1),
        (lambda: [Conv2d(2, 3, 3, rng=rng()), MaxPool2d(2), Doubled()], 2),
        (lambda: [ShiftedConv2d(2, 3, 3, rng=rng()), MaxPool2d(2), ReLU()], 1),
        (lambda: [ShiftedConvTranspose2d(2, 3, 3, rng=rng()), ReLU()], 1),
    ],
)
def test_a_subclass_may_compute_something_else_and_is_asked_to(make, count):
    chain = network(*make(), dtype=np.float32)
    x = draw_x("conv" if "Conv" in type(chain.layers[0]).__name__ else "dense", np.float32)
    assert taken(chain, x) == count
    fused, plain = both(chain, x)
    assert_same(fused, plain, exact=False)
    step = x
    for layer in copy.deepcopy(chain.layers):
        step, _ = layer.forward(step)
    np.testing.assert_array_equal(fused[0], step)
