"""Activations as layers."""

from __future__ import annotations

from nnfromscratch import functional
from nnfromscratch.errors import require_number
from nnfromscratch.layers.layer import Layer, LayerBackward
from nnfromscratch.types import Array


class _Activation(Layer):
    def __init__(self) -> None:
        super().__init__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ReLU(_Activation):
    """y = max(x, 0), see ``functional.relu``."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """y = max(x, 0)."""
        y, backward = functional.relu(x)
        return y, self.way_back(backward)


class LeakyReLU(_Activation):
    """y = x where x > 0, otherwise negative_slope · x, see ``functional.leaky_relu``."""

    def __init__(self, negative_slope: float = 0.2) -> None:
        self.negative_slope = require_number("LeakyReLU", "negative_slope", negative_slope)
        super().__init__()

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """y = x where x > 0, otherwise negative_slope · x."""
        y, backward = functional.leaky_relu(x, self.negative_slope)
        return y, self.way_back(backward)

    def __repr__(self) -> str:
        return f"LeakyReLU({self.negative_slope:g})"


class ELU(_Activation):
    """y = x where x > 0, otherwise alpha · (eˣ − 1), see ``functional.elu``."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = require_number("ELU", "alpha", alpha, above=0)
        super().__init__()

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """y = x where x > 0, otherwise alpha · (eˣ − 1)."""
        y, backward = functional.elu(x, self.alpha)
        return y, self.way_back(backward)

    def __repr__(self) -> str:
        return f"ELU({self.alpha:g})"


class Sigmoid(_Activation):
    """y = 1 / (1 + e⁻ˣ), see ``functional.sigmoid``."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """y = 1 / (1 + e⁻ˣ)."""
        y, backward = functional.sigmoid(x)
        return y, self.way_back(backward)


class Tanh(_Activation):
    """y = tanh x, see ``functional.tanh``."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """y = tanh x."""
        y, backward = functional.tanh(x)
        return y, self.way_back(backward)


class Softplus(_Activation):
    """y = log(1 + eˣ), see ``functional.softplus``."""

    def forward(self, x: Array, training: bool = True) -> tuple[Array, LayerBackward]:
        """y = log(1 + eˣ)."""
        y, backward = functional.softplus(x)
        return y, self.way_back(backward)
