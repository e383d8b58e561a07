"""What every layer keeps: it computes its operation, names its gradients, changes its state in training only."""

import copy

import numpy as np
import pytest
from layer_cases import NAMES, OPERATIONS, draw_x, make, snapshot

from nnfromscratch import layers
from nnfromscratch.errors import DtypeError, RangeError, ShapeError, StaleBackwardError

NOT_LAYERS = {"Layer", "Parameters", "initialize_from_data", "unfused"}
every_layer = pytest.mark.parametrize("name", NAMES)


def test_every_layer_is_here():
    public = set(layers.__all__) - NOT_LAYERS
    assert {name.split()[0] for name in NAMES} == public


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OPERATIONS)
def test_forward_and_backward_are_those_of_the_operation(name, dtype):
    layer, x = make(name, dtype), draw_x(name, dtype=dtype)
    expected, way_back = OPERATIONS[name](x, dict(layer.params), layer)
    y, backward = layer.forward(x)
    np.testing.assert_array_equal(y, expected)
    assert y.dtype == dtype
    dy = np.random.default_rng(2).standard_normal(y.shape).astype(dtype)
    gradients = way_back(dy)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    dx, grads = backward(dy)
    np.testing.assert_array_equal(dx, gradients[0])
    assert list(grads) == list(layer.params)
    for (key, gradient), wanted in zip(grads.items(), gradients[1:], strict=False):
        np.testing.assert_array_equal(gradient, wanted)
        assert gradient.shape == layer.params[key].shape
        assert gradient.dtype == dtype


@every_layer
def test_wrt_chooses_x_or_the_parameters(name):
    layer, x = make(name), draw_x(name)
    y, backward = layer.forward(x)
    dy = np.random.default_rng(2).standard_normal(y.shape, np.float32)
    dx, grads = backward(dy)
    only_dx, nothing = backward(dy, wrt=("x",))
    np.testing.assert_array_equal(only_dx, dx)
    assert nothing == {}
    nothing, only_grads = backward(dy, wrt=("params",))
    assert nothing is None
    assert list(only_grads) == list(grads)
    for key, gradient in grads.items():
        np.testing.assert_array_equal(only_grads[key], gradient)
    for wrong in (("weight",), ("x", "parameters")):
        with pytest.raises(RangeError, match=f"^{name.split()[0]}: wrt expects names out of x, params, has "):
            backward(dy, wrt=wrong)


@every_layer
def test_forward_changes_nothing_but_the_state_and_that_in_training_only(name):
    layer, x = make(name), draw_x(name)
    before = copy.deepcopy((snapshot(layer.params), snapshot(layer.state), x.tobytes()))
    y, backward = layer.forward(x, training=False)
    dx, _ = backward(np.ones_like(y))
    assert dx is None if layer.takes_labels else dx.shape == x.shape
    layer.predict(x)
    assert (snapshot(layer.params), snapshot(layer.state), x.tobytes()) == before
    backward = layer.forward(x)[1]
    after = snapshot(layer.state)
    assert (after != before[1]) == (name.split()[0] in ("BatchNorm", "Dropout", "GaussianNoise", "SpectralNorm"))
    backward(np.ones_like(y))
    assert (snapshot(layer.params), snapshot(layer.state), x.tobytes()) == (before[0], after, before[2])


@every_layer
def test_two_forwards_before_two_backwards(name):
    first, second = draw_x(name, 1), draw_x(name, 2)
    if name in ("Dropout", "GaussianNoise"):
        pytest.skip("draws anew in each forward")
    if name.startswith("SpectralNorm"):
        pytest.skip("moves u in each forward; see test_layers_spectral_norm.py")
    layer = make(name)
    y, backward = layer.forward(first)
    dy = np.random.default_rng(2).standard_normal(y.shape, np.float32)
    alone = backward(dy)
    _, backward_first = layer.forward(first)
    _, backward_second = layer.forward(second)
    backward_second(dy)
    for _ in range(2):
        dx, grads = backward_first(dy)
        np.testing.assert_array_equal(dx, alone[0])
        for key, gradient in grads.items():
            np.testing.assert_array_equal(gradient, alone[1][key])


@pytest.mark.parametrize("name", [name for name in NAMES if make(name).params])
def test_a_backward_from_before_an_update_is_refused(name):
    layer, x = make(name), draw_x(name)
    for training in (True, False):
        for key in layer.params:
            y, backward = layer.forward(x, training)
            layer.params[key] -= np.float32(0.5)
            for wrt in (("x", "params"), ("x",), ("params",)):
                with pytest.raises(
                    StaleBackwardError, match=r"backward expects the parameters of its forward, .* 1 tim"
                ):
                    backward(np.ones_like(y), wrt=wrt)
            y, backward = layer.forward(x, training)
            layer.params[key] = layer.params[key] * 2
            layer.params[key] *= np.float32(0.5)
            with pytest.raises(StaleBackwardError, match="which have been updated 2 times since"):
                backward(np.ones_like(y))
            layer.forward(x, training)[1](np.ones_like(y))


@every_layer
def test_a_gradient_of_another_shape_is_refused(name):
    layer, x = make(name), draw_x(name)
    for training in (True, False):
        _, backward = layer.forward(x, training)
        with pytest.raises(ShapeError, match=r"dy expects the shape of y, .* has \(7,\)"):
            backward(np.ones(7, np.float32))


@every_layer
def test_output_shape_and_empty_batches(name):
    layer, x = make(name), draw_x(name)
    y = layer.predict(x)
    assert layer.output_shape(x.shape[1:]) == y.shape[1:]
    empty = layer.predict(x[:0])
    assert empty.shape == (0, *y.shape[1:])
    assert empty.dtype == np.float32
    y, backward = layer.forward(x[:0], training=False)
    dx, grads = backward(y)
    assert dx is None if layer.takes_labels else dx.shape == (0, *x.shape[1:])
    assert not any(gradient.any() for gradient in grads.values())


@every_layer
def test_astype_gives_a_copy_that_shares_nothing(name):
    layer, x = make(name), draw_x(name)
    layer.forward(x)
    double = layer.astype(np.float64)
    assert type(double) is type(layer)
    assert list(double.params) == list(layer.params)
    for key, array in double.params.items():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, layer.params[key])
        assert not np.shares_memory(array, layer.params[key])
    for key, value in double.state.items():
        assert value is not layer.state[key]
        if isinstance(value, np.ndarray):
            assert value.dtype == np.float64
    x64 = x if layer.takes_labels else x.astype(np.float64)
    np.testing.assert_allclose(double.predict(x64), layer.predict(x), rtol=1e-4, atol=1e-5)
    before = snapshot(layer.params), snapshot(layer.state)
    for key in double.params:
        double.params[key] += 1.0
    double.forward(x64)
    assert (snapshot(layer.params), snapshot(layer.state)) == before
    back = double.astype("float32")
    assert back.dtype == np.float32
    if layer.params:
        assert (layer.dtype, double.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("dtype", [np.float16, int, "complex128"])
def test_astype_of_other_types(dtype):
    with pytest.raises(DtypeError, match=r"Dense\.astype: dtype expects float32 or float64, is "):
        make("Dense").astype(dtype)


def test_a_layer_without_parameters_counts_as_float32():
    assert make("ReLU").dtype == np.float32
    assert make("ReLU").astype(np.float64).dtype == np.float32


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 256])
@every_layer
def test_predict_in_batches_equals_the_whole(name, batch_size):
    if name in ("MinibatchDiscrimination", "VirtualBatchNorm"):
        pytest.skip("a sample's result depends on others of its batch")
    layer = make(name)
    x = np.concatenate([draw_x(name, seed) for seed in (1, 2)])[:5]
    calls = []
    forward = layer._infer
    layer._infer = lambda part: calls.append(len(part)) or forward(part)
    y = layer.predict(x, batch_size)
    assert calls == [min(batch_size, 5 - start) for start in range(0, 5, batch_size)]
    np.testing.assert_allclose(y, layer.forward(x, training=False)[0], rtol=1e-5, atol=1e-6)


def test_predict_takes_256_at_once():
    sizes = []
    layer = make("ReLU")
    layer._infer = lambda part: sizes.append(len(part)) or part
    layer.predict(np.zeros((600, 2), np.float32))
    assert sizes == [256, 256, 88]


def test_predict_wrong_input():
    layer = make("Dense")
    with pytest.raises(DtypeError, match="predict: x expects a NumPy array, is list"):
        layer.predict([[1.0]])
    with pytest.raises(DtypeError, match="predict: x expects float32 or float64, has uint8"):
        layer.predict(np.zeros((2, 6), np.uint8))
    with pytest.raises(ShapeError, match=r"predict: x expects a batch, shape \(N, ...\), is a single number"):
        layer.predict(np.array(1.0))
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(RangeError, match="predict: batch_size expects a whole number of at least 1, is "):
            layer.predict(np.zeros((2, 6), np.float32), wrong)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("AvgPool2d", "AvgPool2d(2×3, stride 1×1)"),
        ("BatchNorm", "BatchNorm(2)"),
        ("Conv2d", "Conv2d(2, 3, 3×2, stride 1×2, padding ((1, 0), (0, 1)))"),
        ("Conv2d no bias", "Conv2d(2, 3, 3×3)"),
        ("ConvTranspose2d", "ConvTranspose2d(2, 3, 3×2, stride 2×2, padding 1)"),
        ("Dense", "Dense(6, 4)"),
        ("Dropout", "Dropout(0.4)"),
        ("ELU", "ELU(0.7)"),
        ("Embedding", "Embedding(5, 4)"),
        ("Flatten", "Flatten()"),
        ("GaussianNoise", "GaussianNoise(0.3)"),
        ("LayerNorm", "LayerNorm(5 × 4)"),
        ("LeakyReLU", "LeakyReLU(0.3)"),
        ("MaxPool2d", "MaxPool2d(2×3, stride 2×2)"),
        ("MinibatchDiscrimination", "MinibatchDiscrimination(6, 3, 2)"),
        ("ReLU", "ReLU()"),
        ("Reshape", "Reshape(4 × 10)"),
        ("SpectralNorm dense", "SpectralNorm(Dense(6, 4))"),
        ("VirtualBatchNorm", "VirtualBatchNorm(2, reference 2)"),
        ("WithReference", "WithReference(VirtualBatchNorm(2, reference 4), 4 samples)"),
    ],
)
def test_layers_name_themselves(name, text):
    assert repr(make(name)) == text


def test_a_layer_of_ones_own():
    class Scale(layers.Layer):
        """y = a·x."""

        def __init__(self):
            super().__init__({"a": np.full(1, 3.0)})

        def forward(self, x, training=True):
            a = self.params["a"]

            def backward(dy, wrt=("x", "a")):
                return dy * a if "x" in wrt else None, (dy * x).sum(keepdims=True).reshape(1) if "a" in wrt else None

            return a * x, self.way_back(backward)

    network = layers.Sequential(Scale(), Scale())
    y, backward = network.forward(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(y, [9, 18])
    dx, grads = backward(np.ones(2))
    np.testing.assert_array_equal(dx, [9, 9])
    assert {key: gradient.item() for key, gradient in grads.items()} == {"0.a": 9, "1.a": 9}


def test_a_layer_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Layer has no forward"):
        layers.Layer().forward(np.ones(1))
