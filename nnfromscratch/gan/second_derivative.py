"""Layers that can be differentiated twice: what the gradient of a gradient needs of each of them.

A layer y = f(x, θ) has the Jacobian J = ∂y/∂x. Three ways lead on from its result:

    backward(g) = Jᵀ·g                    the gradient by x from that by y, as always
    tangent(u) = J·u                      how y moves when x moves along u
    second(g, a) = ∂/∂x g·J·u  and  ∂/∂θ (g·J·u + a·f(x, θ))        g, u and a being constants

The last one is where the second derivative enters. For a layer that is linear in x, ∂/∂x g·J·u is 0 and ∂/∂θ g·J·u its
own weight gradient at the input u and the gradient g; for an activation φ, ∂/∂x g·J·u is φ''(x)·g·u. The derivation
stands on the page about the gradient penalty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from nnfromscratch import functional
from nnfromscratch.errors import DtypeError, RangeError
from nnfromscratch.layers import Conv2d, Dense, Flatten, Layer, LayerNorm, LeakyReLU, ReLU, Reshape, Sequential, Tanh
from nnfromscratch.layers.layer import Gradients
from nnfromscratch.types import Array

# second(g, a) → ∂/∂x g·J·u, None where that is zero, and ∂/∂θ (g·J·u + a·f) by name; an a of None is a zero.
Second: TypeAlias = Callable[[Array, "Array | None"], tuple["Array | None", Gradients]]


class Ways(NamedTuple):
    """A layer's result at one x, and the ways that lead on from there."""

    y: Array
    backward: Callable[[Array], Array]
    tangent: Callable[[Array], tuple[Array, Second]]


def leaves(critic: Layer, prefix: str = "") -> Iterator[tuple[str, Layer]]:
    """The layers in their order, out of every Sequential, each with what stands before its parameters' names.

    >>> rng = np.random.default_rng(0)
    >>> [prefix for prefix, _ in leaves(Sequential(Dense(2, 2, rng=rng), Sequential(ReLU(), Dense(2, 1, rng=rng))))]
    ['0.', '1.0.', '1.1.']
    """
    if type(critic) is Sequential:
        for index, layer in enumerate(critic):
            yield from leaves(layer, f"{prefix}{index}.")
    else:
        yield prefix, critic


def require_twice_differentiable(critic: Layer) -> None:
    """Raise RangeError, naming the layer, unless the second derivative of every layer of the critic is known here.

    A critic with batch normalization has no gradient of its own for each image, since each score depends on the whole
    batch: the penalty's authors replace it by layer normalization.
    Raises DtypeError where the critic is no layer.
    Source: Gulrajani et al., Improved training of Wasserstein GANs (2017), section 4.

    >>> from nnfromscratch.layers import BatchNorm
    >>> require_twice_differentiable(Sequential(Dense(3, 2, rng=np.random.default_rng(0)), BatchNorm(2)))
    Traceback (most recent call last):
    nnfromscratch.errors.RangeError: gradient_penalty: critic expects a Sequential of Dense, Conv2d, ReLU, LeakyReLU,
    Tanh, LayerNorm, Flatten, Reshape, whose second derivatives are known; layer 1 is BatchNorm(2)
    """
    if not isinstance(critic, Layer):
        raise DtypeError(f"gradient_penalty: critic expects a Layer, is {type(critic).__name__}")
    for prefix, layer in leaves(critic):
        if type(layer) not in WAYS:
            known = ", ".join(kind.__name__ for kind in WAYS)
            place = f"layer {prefix.rstrip('.')}" if prefix else "critic"
            raise RangeError(
                f"gradient_penalty: critic expects a Sequential of {known}, whose second derivatives are known; "
                f"{place} is {layer!r}"
            )


def ways_of(layer: Layer, x: Array) -> Ways:
    """The layer's result and its three ways; the layer is one of those that ``require_twice_differentiable`` takes."""
    return WAYS[type(layer)](layer, x)


def _weighted_sum(layer: Layer, x: Array) -> Ways:
    """Dense and Conv2d: y = W·x + b, W·x being the one or the other product.

    J·u = W·u        ∂/∂x g·J·u = 0

    ∂/∂W = the weight gradient at (u, g) + that at (x, a)        ∂/∂b = the bias gradient of a
    """
    weighted = cast("Dense | Conv2d", layer)
    y, backward = weighted.weighted_sum(x, layer.params.get("bias"))

    def tangent(u: Array) -> tuple[Array, Second]:
        moved, moved_backward = weighted.weighted_sum(u, None)

        def second(g: Array, a: Array | None) -> tuple[None, Gradients]:
            grads = {name: np.zeros_like(array) for name, array in layer.params.items()}
            grads["weight"] = moved_backward(g, wrt=("weight",))[1]
            if a is not None:
                _, dweight, dbias = backward(a, wrt=tuple(layer.params))
                grads["weight"] += dweight
                if dbias is not None:
                    grads["bias"] = dbias
            return None, grads

        return moved, second

    return Ways(y, lambda g: backward(g, wrt=("x",))[0], tangent)


def _activation(layer: Layer, x: Array) -> Ways:
    """relu, leaky_relu and tanh: y = φ(x), each number by itself.

    J·u = φ'(x)·u = Jᵀ·u        ∂/∂x g·J·u = φ''(x)·g·u        φ'' = 0 for (leaky) relu, −2·y·φ'(x) for tanh
    """
    y, layer_backward = layer.forward(x)

    def backward(g: Array) -> Array:
        return cast("Array", layer_backward(g)[0])

    def tangent(u: Array) -> tuple[Array, Second]:
        moved = backward(u)

        def second(g: Array, _: Array | None) -> tuple[Array | None, Gradients]:
            return -2 * y * moved * g if type(layer) is Tanh else None, {}

        return moved, second

    return Ways(y, backward, tangent)


def _layer_norm(layer: Layer, x: Array) -> Ways:
    """layer_norm: y = γ·x̂ + β, x̂ = s·(x − μ), s = 1/√(σ² + ε).

    The Jacobian of x̂ is symmetric: N(u) = s·(u − mean(u) − x̂·mean(x̂·u)). Hence J·u = γ·N(u), and with h = γ·g

    ∂/∂x g·J·u = −s·(x̂·mean(h·N(u)) + mean(x̂·u)·N(h) + mean(x̂·h)·N(u))

    ∂/∂γ = Σ (g·N(u) + a·x̂)        ∂/∂β = Σ a        (sums over the samples, means over the numbers of one)
    """
    eps, weight = cast("LayerNorm", layer).eps, layer.params["weight"]
    y, backward = functional.layer_norm(x, weight, layer.params["bias"], eps=eps)
    x_hat, normalize = functional.layer_norm(x, np.ones_like(weight), np.zeros_like(weight), eps=eps)
    samples, own = tuple(range(x.ndim - weight.ndim)), tuple(range(x.ndim - weight.ndim, x.ndim))
    s = 1 / np.sqrt(x.var(axis=own, keepdims=True) + x.dtype.type(eps))

    def mean(array: Array) -> Array:
        return cast("Array", array.mean(axis=own, keepdims=True))

    def tangent(u: Array) -> tuple[Array, Second]:
        n_u = normalize(u, wrt=("x",))[0]

        def second(g: Array, a: Array | None) -> tuple[Array, Gradients]:
            h = weight * g
            n_h = normalize(h, wrt=("x",))[0]
            bend = x_hat * mean(h * n_u) + mean(x_hat * u) * n_h + mean(x_hat * h) * n_u
            dweight, dbias = (g * n_u).sum(axis=samples), np.zeros_like(weight)
            if a is not None:
                _, of_result, dbias = backward(a, wrt=("weight", "bias"))
                dweight += of_result
            return -s * bend, {"weight": dweight, "bias": dbias}

        return weight * n_u, second

    return Ways(y, lambda g: backward(g, wrt=("x",))[0], tangent)


def _shape(layer: Layer, x: Array) -> Ways:
    """flatten and reshape: the same numbers, so that what moves keeps its numbers too."""
    y, layer_backward = layer.forward(x)

    def second(_g: Array, _a: Array | None) -> tuple[None, Gradients]:
        return None, {}

    return Ways(y, lambda g: cast("Array", layer_backward(g)[0]), lambda u: (layer.forward(u)[0], second))


WAYS: dict[type[Layer], Callable[[Layer, Array], Ways]] = {
    Dense: _weighted_sum,
    Conv2d: _weighted_sum,
    ReLU: _activation,
    LeakyReLU: _activation,
    Tanh: _activation,
    LayerNorm: _layer_norm,
    Flatten: _shape,
    Reshape: _shape,
}
