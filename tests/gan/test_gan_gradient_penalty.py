"""The gradient penalty: its value by differences of scores, its parameters' gradients by differences of its value."""

import copy
import math

import numpy as np
import pytest
from critic_cases import CRITICS, rng, setting

from nnfromscratch import kernels
from nnfromscratch.errors import DtypeError, RangeError, ShapeError, StaleBackwardError
from nnfromscratch.gan import second_derivative
from nnfromscratch.gan.gradient_penalty import gradient_penalty, interpolate
from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.interop import to_torch
from nnfromscratch.layers import (
    BatchNorm,
    Conv2d,
    Dense,
    Flatten,
    LayerNorm,
    LeakyReLU,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Tanh,
)
from nnfromscratch.optimizers import SGD

every_critic = pytest.mark.parametrize("name", CRITICS)
SMOOTH = ("dense tanh", "convolution tanh", "nested")
PIECEWISE_LINEAR = ("dense leaky relu", "dense relu", "convolution leaky relu")


def slopes(critic, x, h=1e-3):
    """∂D(x[n])/∂x[n] by differences of the scores alone."""
    result = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        scores = []
        for k in (2, 1, -1, -2):
            moved = x.copy()
            moved[index] += k * h
            scores.append(critic.forward(moved)[0].ravel()[index[0]])
        result[index] = (-scores[0] + 8 * scores[1] - 8 * scores[2] + scores[3]) / (12 * h)
    return result


def literal(critic, x, target=1.0, h=1e-3):
    """The penalty as the paper prints it, from those slopes."""
    norms = [math.sqrt(math.fsum((g * g).ravel())) for g in slopes(critic, x, h)]
    return math.fsum((norm - target) ** 2 for norm in norms) / len(norms)


def of_parameters(critic, x, target=1.0):
    """The penalty as a function of the critic's parameters, and those."""
    names = list(critic.params)

    def penalty(*arrays):
        fresh = copy.deepcopy(critic)
        for name, array in zip(names, arrays, strict=True):
            fresh.params[name] = array.copy()
        value, backward = gradient_penalty(fresh, x, target=target)
        return value, lambda dpenalty: tuple(backward(dpenalty)[name] for name in names)

    return penalty, [critic.params[name] for name in names]


@pytest.mark.parametrize("target", [1.0, 0.0, 2.5])
@every_critic
def test_the_penalty_is_that_of_the_paper(name, target):
    critic, x = setting(name)
    penalty, _ = gradient_penalty(critic, x, target=target)
    assert type(penalty) is float
    # rectifiers have kinks, which wide differences would meet
    h = 1e-5 if "relu" in name else 1e-3
    assert penalty == pytest.approx(literal(critic, x, target, h), rel=1e-8)


@every_critic
def test_gradients_of_all_parameters(name):
    critic, x = setting(name)
    penalty, arrays = of_parameters(critic, x)
    report = gradcheck(penalty, *arrays, rng=rng(3))
    assert sum(argument.checks for argument in report.arguments) == sum(array.size for array in arrays)


@pytest.mark.parametrize("name", ["dense layer norm, tanh", "convolution tanh"])
def test_gradients_against_differences_of_the_literal_penalty(name):
    """Independent of the gradient checker and of every backward: differences of differences of scores."""
    critic, x = setting(name)
    _, backward = gradient_penalty(critic, x)
    grads, draw, h = backward(), rng(6), 2e-3
    for key in critic.params:
        before = critic.params[key].copy()
        for index in {tuple(int(draw.integers(size)) for size in before.shape) for _ in range(2)}:
            values = []
            for k in (2, 1, -1, -2):
                moved = before.copy()
                moved[index] += k * h
                critic.params[key] = moved
                values.append(literal(critic, x, h=0.01))
            numeric = (-values[0] + 8 * values[1] - 8 * values[2] + values[3]) / (12 * h)
            assert grads[key][index] == pytest.approx(numeric, rel=1e-5, abs=1e-6)
        critic.params[key] = before


@pytest.mark.parametrize("target", [0.0, 2.5])
@pytest.mark.parametrize("name", ["dense layer norm, tanh", "convolution tanh"])
def test_gradients_with_another_target(name, target):
    critic, x = setting(name)
    penalty, arrays = of_parameters(critic, x, target)
    gradcheck(penalty, *arrays, rng=rng(3))


@pytest.mark.parametrize("kernel_set", ["loops", "vectorized", "compiled"])
@pytest.mark.parametrize("name", ["dense tanh", "convolution layer norm, tanh"])
def test_all_kernels_agree(kernel_set, name):
    if kernel_set == "compiled":
        pytest.importorskip("numba")
    critic, x = setting(name)
    with kernels.use("vectorized"):
        expected, backward = gradient_penalty(critic, x)
        grads = backward()
    with kernels.use(kernel_set):
        penalty, backward = gradient_penalty(critic, x)
        found = backward()
    assert penalty == pytest.approx(expected, rel=1e-12)
    for key, gradient in grads.items():
        np.testing.assert_allclose(found[key], gradient, rtol=1e-10, atol=1e-12)


def test_no_second_copy_of_a_convolution():
    """A student's own kernels compute the penalty too."""
    used = []

    critic, x = setting("convolution leaky relu")
    with kernels.use("vectorized"):
        original = kernels.active()

        class Mine:
            @staticmethod
            def conv2d_grad_weight(*arguments):
                used.append(1)
                return original.conv2d_grad_weight(*arguments)

        with kernels.use(Mine):
            gradient_penalty(critic, x)[1]()
    assert len(used) == 2


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_critics_have_gradients_in_every_bias_but_the_last(name):
    critic, x = setting(name)
    grads = gradient_penalty(critic, x)[1]()
    *hidden, last = [key for key in grads if key.endswith("bias")]
    assert len(hidden) >= 2
    for key in hidden:
        assert np.abs(grads[key]).min() > 1e-4, key
    # the last bias is added to every score and changes no slope
    assert not grads[last].any()


@pytest.mark.parametrize("name", PIECEWISE_LINEAR)
def test_piecewise_linear_critics_have_none_in_any_bias(name):
    """A small change of a bias moves the places where a rectifier bends, but no slope between them."""
    critic, x = setting(name)
    for key, gradient in gradient_penalty(critic, x)[1]().items():
        assert gradient.any() != key.endswith("bias")


@every_critic
def test_every_weight_gets_a_gradient(name):
    critic, x = setting(name)
    grads = gradient_penalty(critic, x)[1]()
    assert list(grads) == list(critic.params)
    for key, gradient in grads.items():
        assert (gradient.shape, gradient.dtype) == (critic.params[key].shape, np.float64)
        if key.endswith("weight"):
            assert np.abs(gradient).max() > 1e-3, key


@every_critic
def test_one_image_and_the_mean_over_several(name):
    critic, x = setting(name)
    singles = [gradient_penalty(critic, x[n : n + 1]) for n in range(len(x))]
    penalty, backward = gradient_penalty(critic, x)
    assert penalty == pytest.approx(sum(value for value, _ in singles) / len(x), rel=1e-12)
    alone = [way_back() for _, way_back in singles]
    for key, gradient in backward().items():
        np.testing.assert_allclose(gradient, sum(each[key] for each in alone) / len(x), rtol=1e-9, atol=1e-12)


@every_critic
def test_float32_stays_float32(name):
    critic, x = setting(name)
    single, points = setting(name, np.float32)
    penalty, backward = gradient_penalty(single, points)
    expected, expected_backward = gradient_penalty(critic, x)
    assert penalty == pytest.approx(expected, rel=1e-4)
    wanted = expected_backward()
    for key, gradient in backward().items():
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(gradient, wanted[key], rtol=1e-3, atol=1e-4 * np.abs(wanted[key]).max() + 1e-6)


@every_critic
def test_any_memory_order_nothing_written_and_two_penalties_before_two_ways_back(name):
    critic, x = setting(name)
    other = rng(9).standard_normal(x.shape)
    expected, backward = gradient_penalty(critic, x)
    wanted = backward()
    params = {key: array.copy() for key, array in critic.params.items()}
    batch_innermost = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
    batch_innermost.flags.writeable = False
    penalty, first = gradient_penalty(critic, batch_innermost)
    _, second = gradient_penalty(critic, other)
    second()
    assert penalty == pytest.approx(expected, rel=1e-12)
    for _ in range(2):
        for key, gradient in first().items():
            np.testing.assert_allclose(gradient, wanted[key], rtol=1e-9, atol=1e-13)
            gradient[...] = -7  # what the caller does with it must not come back
    for key, gradient in first(-0.5).items():
        np.testing.assert_allclose(gradient, -0.5 * wanted[key], rtol=1e-9, atol=1e-13)
    for key, array in critic.params.items():
        np.testing.assert_array_equal(array, params[key])


@pytest.mark.parametrize("name", ["dense leaky relu", "convolution tanh", "convolution layer norm, leaky relu"])
def test_a_critic_that_is_flat_everywhere_gets_the_subgradient_0(name):
    critic, x = setting(name)
    last = [key for key in critic.params if key.endswith("weight")][-1]
    critic.params[last] = np.zeros_like(critic.params[last])
    with np.errstate(all="raise"):
        penalty, backward = gradient_penalty(critic, x)
        grads = backward()
    assert penalty == 1
    for gradient in grads.values():
        np.testing.assert_array_equal(gradient, np.zeros_like(gradient))


def test_one_flat_image_among_others_changes_nothing_for_them():
    # behind a ReLU whose inputs are all negative, the second image has the slope 0
    critic = Sequential(Dense(2, 3, rng=rng(), dtype=np.float64), ReLU(), Dense(3, 1, rng=rng(), dtype=np.float64))
    critic.params["0.weight"] = np.abs(critic.params["0.weight"])
    x = np.array([[1.0, 2.0], [-1.0, -2.0]])
    penalty, backward = gradient_penalty(critic, x)
    alone, alone_backward = gradient_penalty(critic, x[:1])
    assert penalty == pytest.approx((alone + 1) / 2, rel=1e-14)
    for key, gradient in alone_backward().items():
        np.testing.assert_allclose(backward()[key], gradient / 2, rtol=1e-14)


def test_a_critic_whose_slope_is_right_has_no_penalty_and_no_gradient():
    critic = Dense(2, 1, rng=rng(), dtype=np.float64)
    critic.params["weight"] = np.array([[0.6], [0.8]])
    penalty, backward = gradient_penalty(critic, np.ones((3, 2)))
    assert penalty < 1e-30
    assert np.abs(backward()["weight"]).max() < 1e-15


@pytest.mark.parametrize("name", ["dense tanh", "dense layer norm, leaky relu", "convolution leaky relu"])
def test_steps_downhill_bring_every_slope_to_1(name):
    critic, x = setting(name)
    first, sgd = gradient_penalty(critic, x)[0], SGD(0.02)
    for _ in range(600):
        sgd.step(critic.params, gradient_penalty(critic, x)[1]())
    norms = np.sqrt((slopes(critic, x, 1e-5) ** 2).sum(axis=tuple(range(1, x.ndim))))
    assert first > 0.05
    np.testing.assert_allclose(norms, 1, atol=0.02)


@pytest.mark.parametrize(("kind", "name"), [(Tanh, "dense tanh"), (LayerNorm, "dense layer norm, leaky relu")])
def test_a_missing_second_derivative_would_be_seen(monkeypatch, kind, name):
    """The check of the checks: without what tanh or layer_norm add, gradients are refused."""
    right = second_derivative.WAYS[kind]

    def straight(layer, x):
        ways = right(layer, x)

        def tangent(u):
            moved, second = ways.tangent(u)
            return moved, lambda g, a: (None, second(g, a)[1])

        return ways._replace(tangent=tangent)

    monkeypatch.setitem(second_derivative.WAYS, kind, straight)
    penalty, arrays = of_parameters(*setting(name))
    report = gradcheck(penalty, *arrays, rng=rng(3), wrt=0, raise_error=False)
    assert not report.passed


def test_an_update_makes_the_way_back_stale():
    critic, x = setting("dense tanh")
    _, backward = gradient_penalty(critic, x)
    critic.params["2.bias"] += 0.1
    with pytest.raises(
        StaleBackwardError, match="gradient_penalty: backward expects the parameters of its forward, upd"
    ):
        backward()


def test_an_unknown_layer_is_named_before_anything_is_computed():
    class Watched(Dense):
        def forward(self, x, training=True):
            raise AssertionError("computed")

    for layer in (BatchNorm(4), Sigmoid(), Watched(4, 4, rng=rng())):
        critic = Sequential(Dense(5, 4, rng=rng()), layer, Dense(4, 1, rng=rng()))
        critic.layers[0].weighted_sum = Watched.forward
        with pytest.raises(RangeError, match=r"gradient_penalty: critic expects a Sequential of .*; layer 1 is "):
            gradient_penalty(critic, np.zeros((2, 5), np.float32))


def test_wrong_arguments():
    critic, x = setting("dense tanh")
    with pytest.raises(ShapeError, match=r"gradient_penalty: x expects a batch of at least 1 image, .* shape \(0, 5\)"):
        gradient_penalty(critic, x[:0])
    with pytest.raises(ShapeError, match=r"gradient_penalty: x expects a batch of at least 1 image, .* shape \(5,\)"):
        gradient_penalty(critic, x[0])
    with pytest.raises(DtypeError, match="gradient_penalty: x expects float32 or float64, has int64"):
        gradient_penalty(critic, np.zeros((2, 5), int))
    with pytest.raises(DtypeError, match="expects float32 like x, has float64"):
        gradient_penalty(critic, x.astype(np.float32))
    for target in (-1, math.nan, None):
        with pytest.raises(RangeError, match="gradient_penalty: target expects a finite number >= 0, is "):
            gradient_penalty(critic, x, target=target)
    two = Sequential(*critic.layers[:-1], Dense(4, 2, rng=rng(), dtype=np.float64))
    with pytest.raises(ShapeError, match=r"critic expects one score for each image, \(N, 1\), gives \(3, 2\)"):
        gradient_penalty(two, x)


def test_what_is_no_number_passes_through():
    critic, x = setting("dense tanh")
    x[0, 0] = np.nan
    penalty, backward = gradient_penalty(critic, x)
    assert math.isnan(penalty)
    assert np.isnan(backward()["0.weight"]).any()


@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 3, 3)])
def test_interpolation_is_one_point_between_each_pair(shape):
    real, generated = rng(1).standard_normal(shape), rng(2).standard_normal(shape)
    x = interpolate(real, generated, rng(3))
    axes = tuple(range(1, len(shape)))
    e = ((x - generated) * (real - generated)).sum(axis=axes) / ((real - generated) ** 2).sum(axis=axes)
    each = e.reshape(-1, *[1] * len(axes))
    np.testing.assert_allclose(x, each * real + (1 - each) * generated, rtol=1e-10, atol=1e-12)
    assert ((e > 0) & (e < 1)).all()
    assert len(set(e.round(6))) == len(e)
    np.testing.assert_array_equal(x, interpolate(real, generated, rng(3)))


def test_interpolation_is_uniform_and_keeps_type_and_memory_order():
    e = interpolate(np.ones((20_000, 1), np.float32), np.zeros((20_000, 1), np.float32), rng(3))
    assert e.dtype == np.float32
    assert [e.mean(), (e * e).mean()] == [pytest.approx(1 / 2, abs=0.01), pytest.approx(1 / 3, abs=0.01)]
    images = np.zeros((3, 4, 4, 5), np.float32).transpose(3, 0, 1, 2)
    assert interpolate(images, images, rng()).strides == images.strides


def test_interpolation_of_what_does_not_fit():
    x = np.zeros((4, 3))
    with pytest.raises(ShapeError, match=r"interpolate: generated expects shape \(4, 3\), has \(4, 2\)"):
        interpolate(x, x[:, :2], rng())
    with pytest.raises(DtypeError, match="interpolate: generated expects float64 like real, has float32"):
        interpolate(x, x.astype(np.float32), rng())
    with pytest.raises(DtypeError, match=r"interpolate: rng expects a numpy\.random\.Generator"):
        interpolate(x, x, 0)


def as_modules(torch, critic):
    """The same critic in PyTorch."""
    nn = torch.nn
    modules = {
        Dense: lambda layer: nn.Linear(*layer.params["weight"].shape, bias="bias" in layer.params),
        Conv2d: lambda layer: nn.Conv2d(
            *layer.params["weight"].shape[1::-1], layer.params["weight"].shape[2:], layer.stride, 1
        ),
        LayerNorm: lambda layer: nn.LayerNorm(layer.params["weight"].shape, eps=layer.eps),
        LeakyReLU: lambda layer: nn.LeakyReLU(layer.negative_slope),
        Tanh: lambda layer: nn.Tanh(),
        Flatten: lambda layer: nn.Flatten(),
        Reshape: lambda layer: nn.Unflatten(1, layer.shape),
    }
    module = nn.Sequential(*(modules[type(layer)](layer) for layer in critic)).double()
    module.load_state_dict({name: torch.from_numpy(array) for name, array in to_torch(critic).items()})
    return module


@pytest.mark.parametrize("activation", [Tanh, LeakyReLU])
@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_pytorch_finds_the_same_by_differentiating_twice(kind, normalized, activation):
    torch = pytest.importorskip("torch")
    draw, f64 = rng(1), np.float64

    def bent(shape):
        return [*([LayerNorm(shape, dtype=f64)] if normalized else []), activation()]

    if kind == "dense":
        x = draw.standard_normal((6, 20))
        layers = [Dense(20, 16, rng=draw, dtype=f64), *bent(16), Dense(16, 12, rng=draw, dtype=f64), *bent(12)]
        critic = Sequential(*layers, Dense(12, 1, rng=draw, dtype=f64))
    else:
        x = draw.standard_normal((6, 1, 8, 8))
        layers = [Conv2d(1, 4, 4, stride=2, padding=1, rng=draw, dtype=f64), *bent((4, 4, 4))]
        layers += [Conv2d(4, 8, 4, stride=2, padding=1, rng=draw, dtype=f64), *bent((8, 2, 2)), Flatten()]
        critic = Sequential(*layers, Dense(32, 1, rng=draw, dtype=f64))
    for key, array in critic.params.items():
        critic.params[key] = array + 0.2 * draw.standard_normal(array.shape)
    penalty, backward = gradient_penalty(critic, x)
    module, points = as_modules(torch, critic), torch.from_numpy(x).requires_grad_()
    (slope,) = torch.autograd.grad(module(points).sum(), points, create_graph=True)
    theirs = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    assert penalty == pytest.approx(theirs.item(), rel=1e-12)
    theirs.backward()
    grads, named = backward(), dict(module.named_parameters())
    worst = 0.0
    for key, gradient in grads.items():
        wanted = np.zeros_like(gradient) if named[key].grad is None else named[key].grad.numpy()
        wanted = wanted.T if gradient.ndim == 2 else wanted
        worst = max(worst, np.abs(gradient - wanted).max() / max(np.abs(wanted).max(), 1e-3))
    assert worst < 1e-12
