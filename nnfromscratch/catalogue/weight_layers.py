"""Dense, Conv2d and ConvTranspose2d, the layers with weights: their cases and the mistakes that people make."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnfromscratch.catalogue.built import built, layer_case, wrong_layer
from nnfromscratch.catalogue.case import Arguments, Case, small, values
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.mistake import Mistake
from nnfromscratch.layers import Conv2d, ConvTranspose2d, Dense
from nnfromscratch.layers.layer import LayerBackward
from nnfromscratch.types import Array


class ForgetfulDense(Dense):
    """Keeps its input in an attribute, where the next forward overwrites it."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """Remember x for the way back."""
        self.x = x
        y, right = super().forward(x, training)

        def backward(dy: Array) -> Any:
            dx, grads = right(dy)
            return dx, {**grads, "weight": self.x.T @ dy}

        return y, backward


class AccumulatingDense(Dense):
    """Adds its gradients up in an attribute that nobody sets back."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The total begins with the forward and grows with every backward."""
        y, right = super().forward(x, training)
        total: dict[str, Any] = dict.fromkeys(self.params, 0)

        def backward(dy: Array) -> Any:
            dx, grads = right(dy)
            for name in grads:
                total[name] = total[name] + grads[name]
            return dx, dict(total)

        return y, backward


class EagerDense(Dense):
    """Updates its parameters by itself."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The way back takes a step downhill at once."""
        y, right = super().forward(x, training)

        def backward(dy: Array) -> Any:
            dx, grads = right(dy)
            self.params["bias"][...] -= 0.1 * grads["bias"]
            return dx, grads

        return y, backward


def _random_dense(rng: np.random.Generator) -> Arguments:
    d, settings = small(rng), {"out_features": small(rng), "bias": bool(rng.random() < 0.8)}
    return Arguments((values(rng, (small(rng), d)),), {"in_features": d, **settings}, int(rng.integers(1000)))


def _random_conv(rng: np.random.Generator) -> Arguments:
    c, k = small(rng, 2), small(rng, 3)
    settings = {"in_channels": c, "out_channels": small(rng, 2), "kernel_size": k, "padding": int(rng.integers(3))}
    settings["stride"] = small(rng, 3)
    x = values(rng, (small(rng, 2), c, k + int(rng.integers(3)), k + int(rng.integers(3))))
    return Arguments((x,), settings, int(rng.integers(1000)))


def _random_transposed(rng: np.random.Generator) -> Arguments:
    c, step = small(rng, 2), small(rng, 3)
    settings = {"in_channels": c, "out_channels": small(rng, 2), "kernel_size": small(rng, 3), "stride": step}
    settings["output_padding"] = int(rng.integers(step))
    return Arguments(
        (values(rng, (small(rng, 2), c, small(rng, 3), small(rng, 3))),), settings, int(rng.integers(1000))
    )


DENSE_LAYER = Entry(
    "Dense",
    Dense,
    (
        Case("typical", layer_case((4, 5), in_features=5, out_features=3)),
        Case("one sample", layer_case((1, 3), in_features=3, out_features=2)),
        Case("no bias", layer_case((3, 4), in_features=4, out_features=2, bias=False)),
        Case("evaluation", layer_case((3, 4), training=False, in_features=4, out_features=2)),
    ),
    _random_dense,
    (
        Mistake(
            "Dense",
            "input kept in an attribute",
            "shared-state",
            "keeps x in self.x, where the next forward overwrites it",
            "What if forward is called a second time before backward, on generated images, say?",
            ForgetfulDense,
        ),
        Mistake(
            "Dense",
            "gradients added up",
            "second-call",
            "adds to the gradients of the call before",
            "Call backward twice with the same dy: should the answer change?",
            AccumulatingDense,
        ),
        Mistake(
            "Dense",
            "parameters updated in backward",
            "written",
            "takes the step downhill itself",
            "Whose job is the update: the layer's, or the optimizer's?",
            EagerDense,
        ),
        Mistake(
            "Dense",
            "gradient of the bias not returned",
            "count",
            "leaves the bias out of grads",
            "Compare the names in grads with those in params.",
            wrong_layer(Dense, lambda at: (at.dx, {"weight": at.grads["weight"]})),
        ),
        Mistake(
            "Dense",
            "gradients as a tuple",
            "structure",
            "returns dx, dweight, dbias as an operation does",
            "What does the backward of a layer return beside dx?",
            wrong_layer(Dense, lambda at: (at.dx, tuple(at.grads.values()))),
        ),
        Mistake(
            "Dense",
            "bias averaged",
            "factor",
            "takes the mean of dy over the batch",
            "Where in the forward equation is a division by the batch size?",
            wrong_layer(Dense, lambda at: (at.dx, {**at.grads, "bias": at.dy.mean(axis=0)})),
        ),
    ),
    subject=built,
    kernels=True,
)

CONV2D_LAYER = Entry(
    "Conv2d",
    Conv2d,
    (
        Case("typical", layer_case((2, 2, 4, 4), in_channels=2, out_channels=2, kernel_size=3, padding=1)),
        Case(
            "stride 2, no bias",
            layer_case((1, 2, 5, 5), in_channels=2, out_channels=1, kernel_size=2, stride=2, bias=False),
        ),
    ),
    _random_conv,
    (
        Mistake(
            "Conv2d",
            "bias of one position",
            "missing-sum",
            "takes dy at the first position for the bias",
            "At how many positions does the same bias enter?",
            wrong_layer(Conv2d, lambda at: (at.dx, {**at.grads, "bias": at.dy[:, :, 0, 0].sum(axis=0)})),
        ),
        Mistake(
            "Conv2d",
            "weight flipped",
            "flipped",
            "turns the weight's gradient around",
            "Is the forward pass a convolution in the strict sense, or a correlation?",
            wrong_layer(Conv2d, lambda at: (at.dx, {**at.grads, "weight": np.flip(at.grads["weight"], (2, 3))})),
        ),
        Mistake(
            "Conv2d",
            "weight decay in the gradient",
            "missing-term",
            "adds the weight to its gradient",
            "Is the penalty part of this layer's result?",
            wrong_layer(
                Conv2d, lambda at: (at.dx, {**at.grads, "weight": at.grads["weight"] + at.layer.params["weight"]})
            ),
        ),
    ),
    kernels=True,
    subject=built,
)

CONV_TRANSPOSE2D_LAYER = Entry(
    "ConvTranspose2d",
    ConvTranspose2d,
    (
        Case("typical", layer_case((2, 2, 2, 3), in_channels=2, out_channels=2, kernel_size=3, stride=2, padding=1)),
        Case(
            "output padding",
            layer_case((1, 1, 2, 2), in_channels=1, out_channels=2, kernel_size=2, stride=2, output_padding=1),
        ),
    ),
    _random_transposed,
    (
        Mistake(
            "ConvTranspose2d",
            "bias averaged",
            "factor",
            "takes the mean of dy for the bias",
            "Sum or mean: what does the chain rule say about several paths to one number?",
            wrong_layer(ConvTranspose2d, lambda at: (at.dx, {**at.grads, "bias": at.dy.mean(axis=(0, 2, 3))})),
        ),
        Mistake(
            "ConvTranspose2d",
            "channels exchanged in the weight's gradient",
            "transpose",
            "returns the gradient in Conv2d's order",
            "Whose channels come first in a transposed convolution's weight?",
            wrong_layer(
                ConvTranspose2d,
                lambda at: (at.dx, {**at.grads, "weight": at.grads["weight"].swapaxes(0, 1)}),
            ),
        ),
    ),
    kernels=True,
    subject=built,
)
