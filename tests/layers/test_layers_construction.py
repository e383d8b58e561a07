"""How layers begin: shapes, types and sizes of their parameters, defaults, and settings that make no sense."""

import numpy as np
import pytest
from layer_cases import rng

from nnfromscratch.errors import DtypeError, RangeError
from nnfromscratch.initializers import he_normal
from nnfromscratch.layers import (
    ELU,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Embedding,
    GaussianNoise,
    LayerNorm,
    LeakyReLU,
    MaxPool2d,
    MinibatchDiscrimination,
    Reshape,
    VirtualBatchNorm,
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("make", "shapes", "fan_in"),
    [
        (lambda **o: Dense(40, 50, **o), [(40, 50), (50,)], 40),
        (lambda **o: Conv2d(8, 16, (5, 3), **o), [(16, 8, 5, 3), (16,)], 8 * 15),
        (lambda **o: ConvTranspose2d(8, 16, (5, 3), **o), [(8, 16, 5, 3), (16,)], 8 * 15),
    ],
)
def test_weights_start_from_hes_and_biases_from_zero(make, shapes, fan_in, dtype):
    layer = make(rng=rng(), dtype=dtype)
    assert list(layer.params) == ["weight", "bias"]
    assert [layer.params[key].shape for key in layer.params] == shapes
    assert all(array.dtype == dtype for array in layer.params.values())
    assert layer.params["weight"].std() == pytest.approx(np.sqrt(2 / fan_in), rel=0.06)
    assert not layer.params["bias"].any()
    assert list(make(rng=rng(), bias=False).params) == ["weight"]
    np.testing.assert_array_equal(make(rng=rng(), dtype=dtype).params["weight"], layer.params["weight"])
    constant = make(rng=rng(), dtype=dtype, initializer=lambda shape, rng, dtype: np.full(shape, 7, dtype))
    assert (constant.params["weight"] == 7).all()


def test_float32_unless_asked_otherwise():
    for layer in (Dense(2, 2, rng=rng()), Conv2d(1, 1, 1, rng=rng()), BatchNorm(2), LayerNorm(2)):
        assert layer.dtype == np.float32
        assert all(array.dtype == np.float32 for array in layer.params.values())
    assert Dense(4, 3, rng=rng()).params["weight"].tobytes() == he_normal((4, 3), rng(), np.float32).tobytes()


def test_defaults():
    conv, pool = Conv2d(1, 1, 3, rng=rng()), MaxPool2d(2)
    assert (conv.stride, conv.padding) == ((1, 1), 0)
    assert (pool.stride, pool.padding) == ((2, 2), 0)
    assert (AvgPool2d((3, 2)).stride, AvgPool2d(3, (1, 2)).stride) == ((3, 2), (1, 2))
    assert ConvTranspose2d(1, 1, 3, rng=rng()).output_padding == (0, 0)
    assert (LeakyReLU().negative_slope, ELU().alpha) == (0.2, 1.0)
    norm = BatchNorm(3)
    assert (norm.momentum, norm.eps, LayerNorm(3).eps) == (0.1, 1e-5, 1e-5)
    assert norm.params["weight"].tolist() == norm.state["running_variance"].tolist() == [1, 1, 1]
    assert norm.params["bias"].tolist() == norm.state["running_mean"].tolist() == [0, 0, 0]
    assert LayerNorm((2, 3)).params["weight"].tolist() == [[1, 1, 1]] * 2
    assert LayerNorm(3).params["bias"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0, 2, rng=rng()), "Dense: in_features expects a whole number of at least 1, is 0"),
        (lambda: Dense(2, -1, rng=rng()), "Dense: out_features expects a whole number of at least 1, is -1"),
        (lambda: Conv2d(0, 1, 3, rng=rng()), "Conv2d: in_channels expects a whole number of at least 1, is 0"),
        (lambda: Conv2d(1, 2.0, 3, rng=rng()), "Conv2d: out_channels expects a whole number of at least 1, is 2.0"),
        (lambda: Conv2d(1, 1, 0, rng=rng()), "Conv2d: kernel_size expects a whole number of at least 1, is 0"),
        (lambda: Conv2d(1, 1, 3, stride=0, rng=rng()), "Conv2d: stride expects a whole number of at least 1, is 0"),
        (lambda: Conv2d(1, 1, 3, padding=-1, rng=rng()), "Conv2d: padding expects a whole number of at least 0, is -1"),
        (lambda: Conv2d(1, 1, 3, padding="full", rng=rng()), "Conv2d: padding expects a number, pairs, 'valid' or"),
        (lambda: ConvTranspose2d(True, 1, 3, rng=rng()), "ConvTranspose2d: in_channels expects a whole number of"),
        (lambda: ConvTranspose2d(1, 0, 3, rng=rng()), "ConvTranspose2d: out_channels expects a whole number of"),
        (lambda: ConvTranspose2d(1, 1, (3,), rng=rng()), "ConvTranspose2d: kernel_size expects a number or"),
        (lambda: ConvTranspose2d(1, 1, 3, stride=-2, rng=rng()), "ConvTranspose2d: stride expects a whole number"),
        (lambda: ConvTranspose2d(1, 1, 3, padding=-2, rng=rng()), "ConvTranspose2d: padding expects a whole number"),
        (lambda: ConvTranspose2d(1, 1, 3, output_padding=-1, rng=rng()), "ConvTranspose2d: output_padding expects a"),
        (lambda: MaxPool2d(0), "MaxPool2d: kernel_size expects a whole number of at least 1, is 0"),
        (lambda: MaxPool2d(2, 0), "MaxPool2d: stride expects a whole number of at least 1, is 0"),
        (lambda: AvgPool2d(2, 1, -1), "AvgPool2d: padding expects a whole number of at least 0, is -1"),
        (lambda: BatchNorm(0), "BatchNorm: num_features expects a whole number of at least 1, is 0"),
        (lambda: BatchNorm(2, momentum=1.5), "BatchNorm: momentum expects a finite number >= 0 and <= 1, is 1.5"),
        (lambda: BatchNorm(2, momentum=-0.1), "BatchNorm: momentum expects a finite number >= 0 and <= 1, is -0.1"),
        (lambda: BatchNorm(2, eps=0), "BatchNorm: eps expects a finite number > 0, is 0"),
        (lambda: LayerNorm((2, 0)), "LayerNorm: shape expects a whole number of at least 1, is 0"),
        (lambda: LayerNorm(2, eps=-1), "LayerNorm: eps expects a finite number > 0, is -1"),
        (lambda: Dropout(1.0, rng=rng()), "Dropout: rate expects a finite number >= 0 and < 1, is 1.0"),
        (lambda: Dropout(-0.5, rng=rng()), "Dropout: rate expects a finite number >= 0 and < 1, is -0.5"),
        (lambda: GaussianNoise(-0.5, rng=rng()), "GaussianNoise: std expects a finite number >= 0, is -0.5"),
        (lambda: Embedding(0, 2, rng=rng()), "Embedding: num_embeddings expects a whole number of at least 1, is 0"),
        (lambda: Embedding(2, 0, rng=rng()), "Embedding: features expects a whole number of at least 1, is 0"),
        (lambda: MinibatchDiscrimination(0, 2, 2, rng=rng()), "MinibatchDiscrimination: in_features expects a whole"),
        (lambda: MinibatchDiscrimination(2, 0, 2, rng=rng()), "MinibatchDiscrimination: num_kernels expects a whole"),
        (lambda: MinibatchDiscrimination(2, 2, 1.5, rng=rng()), "MinibatchDiscrimination: kernel_size expects a whole"),
        (lambda: VirtualBatchNorm(0, 2), "VirtualBatchNorm: num_features expects a whole number of at least 1, is 0"),
        (lambda: VirtualBatchNorm(2, 0), "VirtualBatchNorm: reference_size expects a whole number of at least 1, is 0"),
        (lambda: VirtualBatchNorm(2, 2, eps=0), "VirtualBatchNorm: eps expects a finite number > 0, is 0"),
        (lambda: LeakyReLU(float("nan")), "LeakyReLU: negative_slope expects a finite number, is nan"),
        (lambda: ELU(0), "ELU: alpha expects a finite number > 0, is 0"),
        (lambda: Reshape((2, -1)), "Reshape: shape expects a whole number of at least 1, is -1"),
        (lambda: Reshape(6), "Reshape: shape expects a tuple of whole numbers, is 6"),
    ],
)
def test_settings_that_make_no_sense(make, message):
    with pytest.raises(RangeError) as error:
        make()
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Dense(2, 2, rng=0),
        lambda: Conv2d(1, 1, 3, rng=None),
        lambda: ConvTranspose2d(1, 1, 3, rng=np.random),
        lambda: Dropout(0.5, rng=0),
        lambda: Embedding(2, 2, rng=0),
        lambda: MinibatchDiscrimination(2, 2, 2, rng=0),
        lambda: Embedding(2, 2, rng=rng(), dtype=int),
        lambda: GaussianNoise(0.5, rng=0),
        lambda: Dense(2, 2, rng=rng(), dtype=np.float16),
        lambda: Conv2d(1, 1, 3, rng=rng(), dtype=int),
    ],
)
def test_generators_and_types_that_are_none(make):
    with pytest.raises(DtypeError, match=r"rng expects a numpy\.random\.Generator|dtype expects float32 or float64"):
        make()
