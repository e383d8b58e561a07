"""Virtual batch normalization, and the network around it that brings the reference batch along."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from nnfromscratch import functional
from nnfromscratch.errors import (
    RangeError,
    ShapeError,
    require_gradient,
    require_int,
    require_number,
    require_same_float,
    require_shape,
    require_wrt,
)
from nnfromscratch.layers.layer import Gradients, Layer, LayerBackward
from nnfromscratch.layers.parameters import Nested
from nnfromscratch.types import Array


class VirtualBatchNorm(Layer):
    """Normalization beside a reference batch, see ``functional.virtual_batch_norm``.

    The first ``reference_size`` samples of x are the reference. There are no running statistics: evaluation does what
    training does. Put the network that has such layers into ``WithReference``, which keeps the reference batch and puts
    it in front of every other.
    x: (R + N, num_features) or (R + N, num_features, H, W)   weight, bias: (num_features,), starting from 1 and 0
    Raises RangeError for a size under 1 or an eps that is not positive.

    >>> VirtualBatchNorm(3, reference_size=64)
    VirtualBatchNorm(3, reference 64)
    """

    def __init__(
        self, num_features: int, reference_size: int, *, eps: float = 1e-5, dtype: npt.DTypeLike = np.float32
    ) -> None:
        features = require_int("VirtualBatchNorm", "num_features", num_features, least=1)
        self.reference_size = require_int("VirtualBatchNorm", "reference_size", reference_size, least=1)
        self.eps = require_number("VirtualBatchNorm", "eps", eps, above=0)
        super().__init__({"weight": np.ones(features, dtype), "bias": np.zeros(features, dtype)})

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """Normalize the reference by itself, and every other sample beside it."""
        weight, bias = self.params["weight"], self.params["bias"]
        y, backward = functional.virtual_batch_norm(x, weight, bias, reference_size=self.reference_size, eps=self.eps)
        return y, self.way_back(backward)

    def __repr__(self) -> str:
        return f"VirtualBatchNorm({self.params['weight'].size}, reference {self.reference_size})"


class WithReference(Layer):
    """A network that gets a fixed reference batch in front of every batch, see ``functional.virtual_batch_norm``.

    [f(r), y] = f([r, x])        the gradient of [f(r), y] is [0, ∂L/∂y]

    network f: with ``VirtualBatchNorm(..., reference_size=R)`` inside   reference r: (R, ...), shaped like x
    The reference passes through all layers with the parameters as they are now, so it costs as much as R samples. It is
    copied and never changes; ``state["reference.batch"]`` holds it, and files and checkpoints with it. The network's
    names come after "network.": "network.0.weight".
    Raises RangeError where network is no Layer or a VirtualBatchNorm in it has another reference_size, ShapeError for
    an empty reference or an x whose samples have another shape, DtypeError where the types differ.

    >>> from nnfromscratch.layers import Dense, Sequential
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.standard_normal((64, 10), np.float32)
    >>> generator = WithReference(Sequential(Dense(10, 8, rng=rng), VirtualBatchNorm(8, reference_size=64)), noise)
    >>> generator.predict(np.ones((1, 10), np.float32)).shape            # one sample will do
    (1, 8)
    """

    def __init__(self, network: Layer, reference: Array) -> None:
        if not isinstance(network, Layer):
            raise RangeError(f"WithReference: network expects a Layer, is {network!r}")
        require_same_float("WithReference", reference=reference)
        if reference.ndim < 2 or reference.size == 0:
            raise ShapeError(f"WithReference: reference expects shape (R, ...), at least 1, has {reference.shape}")
        sizes = {layer.reference_size for layer in _leaves(network) if isinstance(layer, VirtualBatchNorm)}
        if others := sizes - {len(reference)}:
            raise RangeError(
                f"WithReference: reference expects {min(others)} samples, the reference_size of a VirtualBatchNorm in "
                f"the network, has {len(reference)}"
            )
        self.network = network
        self._own = {"batch": reference.copy(order="K")}
        self.params = Nested({"network": network.params})
        self.state = Nested({"network": network.state, "reference": self._own})

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """The network's result for x, computed behind the reference, and the way back through both."""
        size = len(self._own["batch"])
        joined, network_backward = self.network.forward(self._behind_reference(x), training)
        shape, y = joined.shape, joined[size:]

        def backward(dy: Array, wrt: Collection[str] = ("x", "params")) -> tuple[Array | None, Gradients]:
            require_wrt("WithReference", wrt, ("x", "params"))
            require_gradient("WithReference", dy, (shape[0] - size, *shape[1:]), joined.dtype)
            dx, grads = network_backward(np.concatenate([np.zeros((size, *shape[1:]), dy.dtype), dy]), wrt=wrt)
            return (
                None if dx is None else dx[size:],
                {f"network.{name}": gradient for name, gradient in grads.items()},
            )

        return y, backward

    def _infer(self, x: Array) -> Array:
        return self.network._infer(self._behind_reference(x))[len(self._own["batch"]) :]

    def _behind_reference(self, x: Array) -> Array:
        reference = self._own["batch"]
        require_same_float("WithReference", x=x, reference=reference)
        require_shape("WithReference", "x", x.shape, ("N", *reference.shape[1:]))
        return np.concatenate([reference, x])

    def _cast(self, dtype: np.dtype[Any]) -> None:
        self.network._cast(dtype)
        self._own["batch"] = self._own["batch"].astype(dtype)

    def __repr__(self) -> str:
        return f"WithReference({self.network!r}, {len(self._own['batch'])} samples)"


def _leaves(layer: Layer) -> list[Layer]:
    """The layers of which a network is made; itself where it is made of none."""
    inner = getattr(layer, "layers", None)
    return [layer] if inner is None else [leaf for part in inner for leaf in _leaves(part)]
