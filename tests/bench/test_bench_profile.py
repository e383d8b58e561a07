"""Where a step's time goes: every call is counted once, the parts add up, and the step stays the one that users get."""

import time

import numpy as np
import pytest

from nnfromscratch import data, functional, kernels
from nnfromscratch.bench import step_profile as profile
from nnfromscratch.bench import steps
from nnfromscratch.bench.digits import make_batches
from nnfromscratch.bench.products import product_of
from nnfromscratch.bench.watched import OPERATIONS, Stopwatches, watched
from nnfromscratch.bench.workloads import WORKLOADS
from nnfromscratch.layers import Conv2d, ConvTranspose2d, Dense, MaxPool2d, ReLU, Sequential


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist").train


def step_of(name, digits, batch=4):
    workload = WORKLOADS[name]
    batches = make_batches(workload, digits, batch, 2, rng=np.random.default_rng(0))
    return steps.training_step(workload, workload.networks(0), batches)


def names_in(call):
    names = []

    def noting(name, function):
        return lambda *arguments: (names.append(name), function(*arguments))[1]

    with watched(noting):
        call()
    return names


def test_every_call_of_a_step_is_seen(digits):
    names = names_in(lambda: step_of("small", digits)(0))
    assert names == [
        "conv2d", "max_pool2d", "bias_activation", "conv2d", "max_pool2d", "bias_activation", "matmul",
        "bias_activation", "softmax_cross_entropy", "softmax_cross_entropy", "matmul", "matmul", "bias_activation_grad",
        "bias_activation_grad", "max_pool2d_grad", "conv2d_grad_input", "conv2d_grad_weight", "bias_activation_grad",
        "max_pool2d_grad", "conv2d_grad_weight", *["adam"] * 6,
    ]  # fmt: skip


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_call_belongs_to_one_kind(digits, name):
    known = sum(profile.KINDS.values(), ())
    assert len(set(known)) == len(known)
    assert set(names_in(lambda: step_of(name, digits)(0))) <= set(known)


def test_layers_are_fused_as_ever_and_compute_the_same(digits):
    network = Sequential(Conv2d(1, 4, 3, rng=np.random.default_rng(0)), ReLU(), MaxPool2d(2))
    assert names_in(lambda: network.forward(np.ones((2, 1, 8, 8), np.float32))) == [
        "conv2d", "max_pool2d", "bias_activation"
    ]  # fmt: skip
    plain, timed = step_of("dcgan", digits), step_of("dcgan", digits)
    with Stopwatches().around():
        losses = timed(0), timed(1)
    assert losses == (plain(0), plain(1))


def test_everything_is_back_afterwards():
    before = [getattr(module, name) for module, name in OPERATIONS], kernels.active(), functional.sigmoid
    with Stopwatches().around():
        assert functional.sigmoid is not before[2]
    with pytest.raises(ZeroDivisionError), Stopwatches().around():
        raise ZeroDivisionError
    assert ([getattr(module, name) for module, name in OPERATIONS], kernels.active(), functional.sigmoid) == before


def test_stopwatches_take_the_time_of_a_call_and_of_what_is_compiled_in_it():
    x = np.ones((64, 64), np.float32)
    kernels.active().matmul(x, x)
    watches = Stopwatches()
    with kernels.use(kernels.KernelSet(**dict.fromkeys(kernels.NAMES, time.sleep))), watches.around():
        kernels.active().adam(0.01)
    assert watches.calls[0] >= 0.01
    assert watches.compiled == [0.0]
    watches.start()
    with watches.around():
        kernels.active().matmul(x, x)
        functional.sigmoid(x)[1](x)
    assert len(watches.calls) == 3
    assert 0 < watches.compiled[0] < watches.calls[0]
    assert watches.compiled[1:] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("layer", "sample"),
    [
        (lambda rng: Conv2d(3, 5, (3, 2), stride=(2, 1), padding=((1, 2), (0, 1)), bias=False, rng=rng), (3, 7, 6)),
        (lambda rng: ConvTranspose2d(3, 5, 4, stride=2, padding=1, bias=False, rng=rng), (3, 4, 5)),
        (lambda rng: Dense(7, 5, bias=False, rng=rng), (7,)),
    ],
)
def test_operations_are_those_that_meet_a_real_pixel(layer, sample):
    """Counted by the layer itself: with ones everywhere, the sum of what comes out is the number of products."""
    layer, x = layer(np.random.default_rng(0)), np.ones((2, *sample), np.float32)
    layer.params["weight"] = np.ones_like(layer.params["weight"])
    found = []

    def noting(name, function):
        return lambda *arguments: (found.append(product_of(name, arguments)), function(*arguments))[1]

    with watched(noting):
        y, backward = layer.forward(x)
        backward(np.ones_like(y))
    assert [product.flops for product in found] == [2 * y.sum()] * 3
    assert all(2 * p.rows * p.depth * p.columns >= p.flops for p in found)
    assert product_of("max_pool2d", (x,)) is None


@pytest.mark.parametrize("name", ["small", "article-gan"])
def test_a_profile_adds_up(monkeypatch, digits, name):
    monkeypatch.setattr(profile, "torch_variants", lambda *_, **__: {})
    monkeypatch.setattr(profile, "SIDE", 64)
    row = profile.step_profile(WORKLOADS[name], digits, 4, seconds=0.05, seed=0)
    assert (row["workload"], row["batch"], row["threads"], row["best"]) == (name, 4, 1, None)
    parts = row["parts"]
    assert sum(part["ms"] for part in parts.values()) + row["around_ms"] == pytest.approx(row["ours_ms"])
    assert row["around_ms"] > 0 < row["timed_ms"]
    assert all(0 <= part["compiled_ms"] <= part["ms"] for part in parts.values())
    assert parts["in NumPy"]["compiled_ms"] == 0 < parts["matrix product"]["compiled_ms"]
    assert ("convolution" in parts) == (name == "small")
    flops = sum(part["flops"] or 0 for part in parts.values())
    fastest = max(row["peak_gflops"], row["block_gflops"])
    assert row["floors_ms"]["peak"] == pytest.approx(flops / fastest / 1e6)
    products = sum(part["ms"] for part in parts.values() if part["flops"])
    assert 0 < row["floors_ms"]["sizes"] <= products
    for part in parts.values():
        if part["flops"]:
            assert part["gflops"] == pytest.approx(part["flops"] / part["ms"] / 1e6)


def test_shares_are_those_of_the_middle_half(monkeypatch):
    """Four steps of 1, 2, 3 and 1,000 seconds, each with a call of half a second: only those of 2 and 3 count."""
    clock = iter(np.cumsum([0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 1000.0]))
    monkeypatch.setattr(profile.time, "perf_counter", lambda: next(clock))
    step = profile._TimedStep(lambda: (step._watches.calls.append(0.5), step._watches.compiled.append(0.25)))
    for _ in range(4):
        step()
    assert [list(share) for share in step.shares()] == [[1.0 / 5.0], [0.5 / 5.0]]
