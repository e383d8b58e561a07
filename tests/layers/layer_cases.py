"""One of every layer, with an input and the operation that it is made of."""

import numpy as np

from nnfromscratch import functional as f
from nnfromscratch.functional.spectral_norm import power_iteration
from nnfromscratch.layers import (
    ELU,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    LayerNorm,
    LeakyReLU,
    MaxPool2d,
    MinibatchDiscrimination,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Softplus,
    SpectralNorm,
    Tanh,
    VirtualBatchNorm,
    WeightNorm,
    WithReference,
)

IMAGES, ROWS = (3, 2, 5, 4), (3, 6)


def rng(seed=0):
    return np.random.default_rng(seed)


def copied(generator):
    """A generator that will draw the same."""
    twin = np.random.default_rng()
    twin.bit_generator.state = generator.bit_generator.state
    return twin


def make(name, dtype=np.float32):
    """The layer ``name``, its parameters all random."""
    makers = {
        "AvgPool2d": lambda: AvgPool2d((2, 3), 1, 1),
        "BatchNorm": lambda: BatchNorm(2, eps=0.01, dtype=dtype),
        "Conv2d": lambda: Conv2d(2, 3, (3, 2), stride=(1, 2), padding=((1, 0), (0, 1)), rng=rng(), dtype=dtype),
        "Conv2d no bias": lambda: Conv2d(2, 3, 3, bias=False, rng=rng(), dtype=dtype),
        "ConvTranspose2d": lambda: ConvTranspose2d(
            2, 3, (3, 2), stride=2, padding=1, output_padding=(0, 1), rng=rng(), dtype=dtype
        ),
        "ConvTranspose2d no bias": lambda: ConvTranspose2d(2, 3, 3, bias=False, rng=rng(), dtype=dtype),
        "Dense": lambda: Dense(6, 4, rng=rng(), dtype=dtype),
        "Dense no bias": lambda: Dense(6, 4, bias=False, rng=rng(), dtype=dtype),
        "Dropout": lambda: Dropout(0.4, rng=rng()),
        "ELU": lambda: ELU(0.7),
        "Embedding": lambda: Embedding(5, 4, rng=rng(), dtype=dtype),
        "Flatten": Flatten,
        "GaussianNoise": lambda: GaussianNoise(0.3, rng=rng()),
        "LayerNorm": lambda: LayerNorm((5, 4), eps=0.02, dtype=dtype),
        "LeakyReLU": lambda: LeakyReLU(0.3),
        "MaxPool2d": lambda: MaxPool2d((2, 3), 2, ((0, 1), (1, 0))),
        "MinibatchDiscrimination": lambda: MinibatchDiscrimination(6, 3, 2, rng=rng(), dtype=dtype),
        "ReLU": ReLU,
        "Reshape": lambda: Reshape((4, 10)),
        "Sequential": lambda: Sequential(
            Dense(6, 3, rng=rng(), dtype=dtype), Tanh(), Dense(3, 2, rng=rng(), dtype=dtype)
        ),
        "Sigmoid": Sigmoid,
        "Softplus": Softplus,
        "SpectralNorm": lambda: SpectralNorm(Conv2d(2, 3, 3, padding=1, rng=rng(), dtype=dtype), rng=rng(6)),
        "SpectralNorm dense": lambda: SpectralNorm(Dense(6, 4, rng=rng(), dtype=dtype), rng=rng(6)),
        "Tanh": Tanh,
        "VirtualBatchNorm": lambda: VirtualBatchNorm(2, 2, eps=0.01, dtype=dtype),
        "WeightNorm": lambda: WeightNorm(Conv2d(2, 3, 3, padding=1, rng=rng(), dtype=dtype)),
        "WeightNorm dense": lambda: WeightNorm(Dense(6, 4, rng=rng(), dtype=dtype)),
        "WeightNorm fixed gain": lambda: WeightNorm(
            Conv2d(2, 3, 3, padding=1, rng=rng(), dtype=dtype), learn_gain=False
        ),
        "WithReference": lambda: WithReference(
            VirtualBatchNorm(2, 4, eps=0.01, dtype=dtype), rng(7).standard_normal((4, 2, 5, 4)).astype(dtype)
        ),
    }
    layer = makers[name]()
    draw = rng(5)
    for key, array in layer.params.items():
        layer.params[key] = draw.standard_normal(array.shape).astype(dtype)
    return layer


def with_normalized_weight(op, x, params, layer, axis):
    """``op(x, weight, bias)`` after one power iteration and the division by σ, composed by hand."""
    u = power_iteration(params["weight"], layer.state["u"], axis=axis)
    weight, weight_backward = f.spectral_norm(params["weight"], u=u, axis=axis)
    y, backward = op(x, weight, params["bias"])

    def both(dy):
        dx, dweight, dbias = backward(dy)
        return dx, weight_backward(dweight), dbias

    return y, both


def with_length_and_direction(op, x, params, gain, axis):
    """``op(x, weight, bias)`` with the weight g · v / ‖v‖, composed by hand."""
    weight, weight_backward = f.weight_norm(params["v"], gain, axis=axis)
    y, backward = op(x, weight, params["bias"])

    def both(dy):
        dx, dweight, dbias = backward(dy)
        dv, dg = weight_backward(dweight)
        return (dx, dv, dg, dbias) if "g" in params else (dx, dv, dbias)

    return y, both


def without_labels(y, backward):
    """An embedding's way back as that of a layer, whose first argument is x."""
    return y, lambda dy: (None, backward(dy))


def behind_reference(x, params, reference):
    """virtual_batch_norm with the reference put in front of x, and taken away again."""
    joined, backward = f.virtual_batch_norm(
        np.concatenate([reference, x]), params["network.weight"], params["network.bias"], reference_size=4, eps=0.01
    )

    def of_samples(dy):
        dx, dweight, dbias = backward(np.concatenate([np.zeros_like(reference), dy]))
        return dx[4:], dweight, dbias

    return joined[4:], of_samples


# name: the operation, called with x, the layer's parameters by name, and the layer
OPERATIONS = {
    "AvgPool2d": lambda x, p, layer: f.avg_pool2d(x, (2, 3), stride=1, padding=1),
    "BatchNorm": lambda x, p, layer: f.batch_norm(x, p["weight"], p["bias"], eps=0.01),
    "Conv2d": lambda x, p, layer: f.conv2d(x, p["weight"], p["bias"], (1, 2), ((1, 0), (0, 1))),
    "Conv2d no bias": lambda x, p, layer: f.conv2d(x, p["weight"]),
    "ConvTranspose2d": lambda x, p, layer: f.conv_transpose2d(x, p["weight"], p["bias"], 2, 1, (0, 1)),
    "ConvTranspose2d no bias": lambda x, p, layer: f.conv_transpose2d(x, p["weight"]),
    "Dense": lambda x, p, layer: f.dense(x, p["weight"], p["bias"]),
    "Dense no bias": lambda x, p, layer: f.dense(x, p["weight"]),
    "Dropout": lambda x, p, layer: f.dropout(x, 0.4, rng=copied(layer.state["rng"])),
    "ELU": lambda x, p, layer: f.elu(x, 0.7),
    "Embedding": lambda x, p, layer: without_labels(*f.embedding(x, p["weight"])),
    "Flatten": lambda x, p, layer: f.flatten(x),
    "GaussianNoise": lambda x, p, layer: f.gaussian_noise(x, 0.3, rng=copied(layer.state["rng"])),
    "LayerNorm": lambda x, p, layer: f.layer_norm(x, p["weight"], p["bias"], eps=0.02),
    "LeakyReLU": lambda x, p, layer: f.leaky_relu(x, 0.3),
    "MaxPool2d": lambda x, p, layer: f.max_pool2d(x, (2, 3), stride=2, padding=((0, 1), (1, 0))),
    "MinibatchDiscrimination": lambda x, p, layer: f.minibatch_discrimination(x, p["weight"]),
    "ReLU": lambda x, p, layer: f.relu(x),
    "Reshape": lambda x, p, layer: f.reshape(x, (4, 10)),
    "Sigmoid": lambda x, p, layer: f.sigmoid(x),
    "Softplus": lambda x, p, layer: f.softplus(x),
    "SpectralNorm": lambda x, p, layer: with_normalized_weight(
        lambda *arrays: f.conv2d(*arrays, padding=1), x, p, layer, 0
    ),
    "SpectralNorm dense": lambda x, p, layer: with_normalized_weight(f.dense, x, p, layer, 1),
    "Tanh": lambda x, p, layer: f.tanh(x),
    "VirtualBatchNorm": lambda x, p, layer: f.virtual_batch_norm(x, p["weight"], p["bias"], reference_size=2, eps=0.01),
    "WeightNorm": lambda x, p, layer: with_length_and_direction(
        lambda *arrays: f.conv2d(*arrays, padding=1), x, p, p["g"], 0
    ),
    "WeightNorm dense": lambda x, p, layer: with_length_and_direction(f.dense, x, p, p["g"], 1),
    "WeightNorm fixed gain": lambda x, p, layer: with_length_and_direction(
        lambda *arrays: f.conv2d(*arrays, padding=1), x, p, layer.state["g"], 0
    ),
    "WithReference": lambda x, p, layer: behind_reference(x, p, layer.state["reference.batch"]),
}
NAMES = [*OPERATIONS, "Sequential"]


def draw_x(name, seed=1, dtype=np.float32):
    if name == "Embedding":
        return rng(seed).integers(0, 5, 6)
    rows = name.split()[0] in ("Dense", "MinibatchDiscrimination", "Sequential") or name.endswith(" dense")
    shape = ROWS if rows else IMAGES
    return rng(seed).standard_normal(shape).astype(dtype)


def snapshot(mapping):
    """The arrays and generators of a mapping, as comparable bytes and text."""
    return {
        key: value.tobytes() if isinstance(value, np.ndarray) else str(value.bit_generator.state)
        for key, value in mapping.items()
    }
