"""The article's equations (3) and (4), taken at their word."""

from __future__ import annotations

import numpy as np

from nnfromscratch.functional import sigmoid


def equation_3(s):
    """D applied to both sides of G(z) = D⁻¹(D(G(z)) ⊙ (1 − D(G(z)))), with s = D(G(z)): the right side."""
    return s * (1 - s)


def repeated(s, times):
    """s ← s·(1 − s), so often; all values, the first included."""
    values = [s]
    for _ in range(times):
        values.append(equation_3(values[-1]))
    return np.array(values)


def equation_4(x, generated):
    """D(x) = 1 / (1 + exp(−(x ⊙ (1 − G(z))))). x, generated: (N, C, H, W), and so is the result."""
    return sigmoid(x * (1 - generated))[0]


def equation_4_of_itself(generated):
    """D(G(z)) by equation (4), and its derivative by the generated pixels g, σ'(g·(1 − g)) · (1 − 2g)."""
    answer, backward = sigmoid(generated * (1 - generated))
    return answer, backward(1 - 2 * generated)


def unseen(change, weight):
    """The part of a change of the image that a first layer with this weight does not notice.

    change: (1, H, W)   weight: (H·W, K), K < H·W; the result is at right angles to each of its columns.
    """
    seen, _ = np.linalg.qr(weight)
    flat = change.ravel()
    return (flat - seen @ (seen.T @ flat)).reshape(change.shape)
