"""Gradients by differences, and operations to try them on. Deliberately apart from ``nnfromscratch.gradcheck``."""

import numpy as np


def numerical_gradient(f, x, h=2e-3):
    """∂f/∂x of a function that gives a number, by differences of fourth order: (−f₂ + 8f₁ − 8f₋₁ + f₋₂) / 12h."""
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        values = []
        for step in (2, 1, -1, -2):
            moved = x.copy()
            moved[index] += step * h
            values.append(f(moved))
        gradient[index] = (-values[0] + 8 * values[1] - 8 * values[2] + values[3]) / (12 * h)
    return gradient


def check_gradients(op, *arrays, rtol=1e-7, atol=1e-8, h=2e-3, seed=0):
    """Compare every gradient of ``y, backward = op(*arrays)`` with differences of L = Σ y · dy, for a random dy."""
    y, backward = op(*arrays)
    dy = np.random.default_rng(seed).standard_normal(np.shape(y))
    gradients = backward(dy)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    assert len(gradients) == len(arrays)
    for place, (array, gradient) in enumerate(zip(arrays, gradients, strict=True)):

        def loss(moved, place=place):
            changed = [*arrays[:place], moved, *arrays[place + 1 :]]
            return float((op(*changed)[0] * dy).sum())

        assert gradient.shape == array.shape
        assert gradient.dtype == array.dtype
        np.testing.assert_allclose(gradient, numerical_gradient(loss, array, h), rtol=rtol, atol=atol)


def numbers(*shape, seed=0, dtype=np.float64, low=None):
    """Random numbers, each at least ``low`` away from zero where that is given (kinks are at zero)."""
    x = np.random.default_rng(seed + sum(shape)).standard_normal(shape)
    if low is not None:
        x = np.where(x < 0, x - low, x + low)
    return x.astype(dtype)
