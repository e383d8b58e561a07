"""Layers that share a pass behave as each layer does: what they compute, keep, write to and refuse."""

import copy

import numpy as np
import pytest
from fusion_cases import (
    FUSED,
    IMAGES,
    WEIGHTED,
    assert_same,
    both,
    classifier,
    draw_x,
    every_group,
    network,
    run,
    x_for,
)
from layer_cases import rng, snapshot

from nnfromscratch import kernels
from nnfromscratch.errors import DtypeError, ShapeError, StaleBackwardError
from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    Dense,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Sequential,
    unfused,
)


@pytest.fixture(params=("loops", "vectorized", "compiled"))
def kernel_set(request):
    if request.param == "compiled":
        pytest.importorskip("numba")
    with kernels.use(request.param):
        yield request.param


@pytest.mark.parametrize("wrt", [("x",), ("params",), ("x", "params"), ()])
def test_wrt_chooses_and_the_rest_is_left_out(kernel_set, wrt):
    for chain, x in (
        (classifier(), draw_x("conv", np.float64)),
        (network(WEIGHTED["dense"](np.float64, True), ReLU(), dtype=np.float64), draw_x("dense", np.float64)),
        (network(BatchNorm(6, dtype=np.float64), LeakyReLU(), dtype=np.float64), draw_x("dense", np.float64)),
    ):
        everything = run(copy.deepcopy(chain), x)
        _, dx, grads = run(chain, x, wrt=wrt)
        assert (dx is not None) == ("x" in wrt)
        assert list(grads) == (list(chain.params) if "params" in wrt else [])
        if "x" in wrt:
            np.testing.assert_array_equal(dx, everything[1])
        for name, gradient in grads.items():
            np.testing.assert_array_equal(gradient, everything[2][name])


def test_what_nobody_wants_is_not_computed(monkeypatch):
    calls, plain = [], kernels._named("vectorized")

    def noting(name):
        def kernel(*arguments):
            calls.append(name)
            return getattr(plain, name)(*arguments)

        return kernel

    watched = kernels.KernelSet(**{name: noting(name) for name in kernels.NAMES})
    monkeypatch.setattr(kernels, "_named", lambda name: watched)
    chain, x = FUSED["Conv2d"](), x_for("Conv2d")
    with kernels.use("vectorized"):
        y, backward = chain.forward(x)
        assert calls == ["conv2d", "max_pool2d", "bias_activation"]
        for wrt, expected in ((("x",), "conv2d_grad_input"), (("params",), "conv2d_grad_weight")):
            calls.clear()
            backward(y, wrt=wrt)
            assert calls == ["bias_activation_grad", "max_pool2d_grad", expected]


@every_group
def test_an_update_makes_the_way_back_stale(kernel_set, name):
    for key in FUSED[name]().params:
        chain = FUSED[name]()
        y, backward = chain.forward(x_for(name))
        backward(np.ones_like(y))
        chain.params[key] -= 0.5
        with pytest.raises(StaleBackwardError, match=f"{name}: backward expects the parameters of its forward"):
            backward(np.ones_like(y))


@every_group
def test_two_forwards_before_two_backwards_in_either_order_and_twice(kernel_set, name):
    first, second, dy = x_for(name), x_for(name, seed=7), None
    alone = []
    for x in (first, second):
        y, backward = FUSED[name]().forward(x)
        dy = rng(2).standard_normal(y.shape)
        alone.append((y.copy(), backward(dy)))
    for order in ((0, 1, 0), (1, 0, 0, 1), (1, 1, 0)):
        chain = FUSED[name]()
        results = [chain.forward(first), chain.forward(second)]
        for which in order:
            y, backward = results[which]
            dx, grads = backward(dy)
            np.testing.assert_array_equal(y, alone[which][0])
            np.testing.assert_array_equal(dx, alone[which][1][0])
            for key, gradient in grads.items():
                np.testing.assert_array_equal(gradient, alone[which][1][1][key])


@every_group
def test_nothing_is_written_to(kernel_set, name):
    chain, x = FUSED[name](), x_for(name)
    y, backward = chain.forward(x.copy())
    dy = rng(2).standard_normal(y.shape)
    expected = backward(dy.copy())
    argument, parameters = x.copy(), snapshot(chain.params)
    y, backward = chain.forward(argument)
    kept, gradient = y.copy(), dy.copy()
    backward(gradient)
    for array, before in ((argument, x), (gradient, dy), (y, kept)):
        np.testing.assert_array_equal(array, before)
    assert snapshot(chain.params) == parameters
    for array in (argument, gradient, *chain.params.values()):
        array.flags.writeable = False
    again = chain.forward(argument)[1](gradient)
    np.testing.assert_array_equal(again[0], expected[0])
    for key in expected[1]:
        np.testing.assert_array_equal(again[1][key], expected[1][key])


@every_group
def test_a_gradient_of_another_shape_or_type_is_refused_by_name(kernel_set, name):
    operation = "batch_norm" if name == "BatchNorm" else name
    y, backward = FUSED[name]().forward(x_for(name))
    for wrong in (np.ones((1, *y.shape)), np.ones_like(y)[:-1], np.ones_like(y)[:, :-1], np.ones_like(y)[..., :1]):
        with pytest.raises(ShapeError, match=rf"{operation}: dy expects the shape of y, \({y.shape[0]}, .*; has"):
            backward(wrong)
    for wrong in (np.ones_like(y, dtype=np.float32), y.tolist()):
        with pytest.raises(DtypeError, match=f"{operation}: dy expects an array of float64 like y"):
            backward(wrong)


def test_a_wrong_input_is_refused_as_without_fusion(kernel_set):
    for chain, x in (
        (Sequential(Dense(6, 5, rng=rng()), MaxPool2d(2), ReLU()), np.ones((4, 6), np.float32)),
        (Sequential(Dense(6, 5, rng=rng()), ReLU()), np.ones((4, 7), np.float32)),
        (Sequential(Conv2d(2, 3, 3, rng=rng()), MaxPool2d(4), ReLU()), np.ones(IMAGES, np.float32)),
        (Sequential(BatchNorm(2), ReLU()), np.ones((1, 2), np.float32)),
    ):
        with unfused(), pytest.raises(ShapeError) as plain:
            chain.forward(x)
        with pytest.raises(ShapeError) as fused:
            chain.forward(x)
        assert str(fused.value) == str(plain.value)


def test_a_batch_that_is_refused_leaves_no_trace_in_the_statistics(kernel_set):
    chain = Sequential(BatchNorm(2), ReLU())
    before = snapshot(chain.state)
    with pytest.raises(ShapeError):
        chain.forward(np.ones((1, 2), np.float32))
    assert snapshot(chain.state) == before


@every_group
def test_an_empty_batch(kernel_set, name):
    if name == "BatchNorm":
        pytest.skip("statistics of nothing are an error")
    chain = FUSED[name]()
    fused, plain = both(chain, x_for(name)[:0])
    assert_same(fused, plain)
    assert not any(gradient.any() for gradient in fused[2].values())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@every_group
def test_what_is_no_number_comes_out_as_without_fusion(kernel_set, name, value):
    chain, x = FUSED[name](), x_for(name)
    x[1, 1] = value
    with np.errstate(invalid="ignore"):
        y, _ = chain.forward(x, training=False)
        with unfused():
            expected, _ = chain.forward(x, training=False)
    np.testing.assert_array_equal(y, expected)
    assert np.isnan(y).any() or not np.isnan(value)
