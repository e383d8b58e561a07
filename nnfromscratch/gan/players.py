"""What the loop has to know about the two networks: their layers, what goes in, and what range comes out."""

from __future__ import annotations

from collections.abc import Iterator

from nnfromscratch.errors import RangeError
from nnfromscratch.layers import Dense, Flatten, Layer, Reshape, Sequential, Sigmoid, Tanh
from nnfromscratch.models import Conditional


def layers_of(network: Layer) -> Iterator[Layer]:
    """The layers of which a network is made, in the order of computation, also inside another network around it."""
    if hasattr(network, "layers"):
        for layer in network.layers:
            yield from layers_of(layer)
    elif hasattr(network, "network"):
        yield from layers_of(network.network)
    else:
        yield network


def input_shape_of(argument: str, network: Layer) -> tuple[int, ...]:
    """The shape of one sample that goes in, which a ``Sequential(..., input_shape=...)`` knows; else RangeError."""
    inner = network
    while getattr(inner, "input_shape", None) is None:
        if not hasattr(inner, "network"):
            raise RangeError(
                f"train_gan: {argument} expects a network that knows its input_shape, such as "
                f"Sequential(..., input_shape=(100,)), is {network!r}"
            )
        inner = inner.network
    shape: tuple[int, ...] = tuple(inner.input_shape)  # type: ignore[attr-defined]  # the loop ends where it is there
    return shape


def output_range(generator: Layer) -> tuple[float, float] | None:
    """The range of the images that a generator makes: that of its last activation, None where there is no bound.

    >>> output_range(Sequential(Tanh(), Reshape((1, 2, 2))))
    (-1.0, 1.0)
    """
    last = [layer for layer in layers_of(generator) if not isinstance(layer, (Reshape, Flatten))][-1:]
    if last and isinstance(last[0], Sigmoid):
        return 0.0, 1.0
    if last and isinstance(last[0], Tanh):
        return -1.0, 1.0
    return None


def without_last_dense(discriminator: Layer) -> Layer:
    """The discriminator up to its last layer, which has to be a Dense: the features by which it decides.

    It shares its layers with the discriminator.
    Raises RangeError for a discriminator that is no Sequential, or ends in something else.
    """
    if isinstance(discriminator, Conditional):
        return discriminator.around(without_last_dense(discriminator.network))
    if isinstance(discriminator, Sequential) and len(discriminator) > 1:
        *features, last = discriminator.layers
        if isinstance(getattr(last, "layer", last), Dense):  # also inside a SpectralNorm
            return Sequential(*features, input_shape=discriminator.input_shape)
    raise RangeError(
        f"train_gan: feature_matching expects a discriminator that is a Sequential with a Dense at its end, is "
        f"{discriminator!r}"
    )
