"""Layers to be checked: built anew for each check, with parameters and statistics at which nothing hides."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from nnfromscratch.catalogue.case import Arguments, Function, Make
from nnfromscratch.layers import Layer
from nnfromscratch.types import Array


def built(make_layer: Function, arguments: Arguments) -> Any:
    """The layer that ``make_layer(**settings)`` gives, its parameters and statistics random.

    A new layer's weights are often 1 and its biases 0, and there a factor that was forgotten does not show.
    """
    rng = np.random.default_rng(arguments.seed)
    noise = {"rng": rng} if "rng" in inspect.signature(make_layer).parameters else {}
    layer = make_layer(**arguments.settings, **noise)
    for name, array in layer.params.items():
        sign = rng.choice([-1.0, 1.0], array.shape)
        layer.params[name] = np.asarray(sign * rng.uniform(0.5, 1.5, array.shape), array.dtype)
    for name, array in layer.state.items():
        if isinstance(array, np.ndarray):
            layer.state[name] = np.asarray(rng.uniform(0.5, 1.5, array.shape), array.dtype)
    return layer


def layer_case(x: tuple[int, ...], /, training: bool = True, **settings: Any) -> Make:
    """An x of this shape through the layer with these settings."""

    def make(rng: np.random.Generator) -> Arguments:
        return Arguments((rng.standard_normal(x),), settings, seed=int(rng.integers(1000)), training=training)

    return make


def wrong_layer(make_layer: Function, way_back: Callable[[Any], tuple[Any, Any]]) -> Function:
    """The layer with another backward.

    ``way_back`` gets one object with ``dy``, the right ``dx`` and ``grads``, and the ``layer``.

    >>> from nnfromscratch.layers import ReLU
    >>> layer = wrong_layer(ReLU, lambda at: (-at.dx, at.grads))()
    >>> layer.forward(np.ones(2))[1](np.ones(2))
    (array([-1., -1.]), {})
    """

    @functools.wraps(make_layer)
    def make(**settings: Any) -> Layer:
        layer: Layer = make_layer(**settings)
        right_class: Any = type(layer)

        class Wrong(right_class):  # type: ignore[misc]  # the class is known only when it runs
            """The layer with the mistake."""

            def forward(self, x: Array, training: bool = True) -> tuple[Array, Any]:
                """The right result with the wrong way back."""
                y, right = super().forward(x, training)

                def backward(dy: Array) -> tuple[Any, Any]:
                    dx, grads = right(dy)
                    return way_back(SimpleNamespace(dy=dy, dx=dx, grads=grads, layer=self))

                return y, backward

        layer.__class__ = Wrong
        return layer

    return make
