"""Right functions, written here by hand, on which the gradient checker is tried; most can be spoiled."""

import numpy as np


def dense(x, weight, bias):
    return x @ weight + bias, lambda dy: (dy @ weight.T, x.T @ dy, dy.sum(axis=0))


def _windows(x, k):
    return np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))


def conv(x, weight, bias):
    k = weight.shape[-1]
    y = np.einsum("ncijpq,fcpq->nfij", _windows(x, k), weight) + bias[:, None, None]

    def backward(dy):
        around = np.pad(dy, ((0, 0), (0, 0), (k - 1, k - 1), (k - 1, k - 1)))
        dx = np.einsum("nfijpq,fcpq->ncij", _windows(around, k), weight[:, :, ::-1, ::-1])
        return dx, np.einsum("ncijpq,nfij->fcpq", _windows(x, k), dy), dy.sum(axis=(0, 2, 3))

    return y, backward


def relu(x):
    return np.maximum(x, 0), lambda dy: dy * (x > 0)


def leaky_relu(x):
    return np.where(x > 0, x, 0.2 * x), lambda dy: np.where(x > 0, dy, 0.2 * dy)


def absolute(x):
    return np.abs(x), lambda dy: dy * np.sign(x)


def sigmoid(x):
    y = 0.5 * (1 + np.tanh(x / 2))
    return y, lambda dy: dy * y * (1 - y)


def tanh(x):
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y * y)


def softplus(x):
    return np.logaddexp(0, x), lambda dy: dy * np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    y = e / e.sum(axis=-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def log_softmax(x):
    z = x - x.max(axis=-1, keepdims=True)
    y = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return y, lambda dy: dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)


def batch_norm(x, weight, bias):
    scale = 1 / np.sqrt(x.var(axis=0) + 1e-5)
    normal = (x - x.mean(axis=0)) * scale

    def backward(dy):
        d = dy * weight
        return scale * (d - d.mean(0) - normal * (d * normal).mean(0)), (dy * normal).sum(0), dy.sum(0)

    return normal * weight + bias, backward


def max_pool(x):
    """2 by 2, the first of equal maxima wins."""
    n, c, h, w = x.shape
    tiles = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
    winner = tiles.argmax(-1)

    def backward(dy):
        d = np.zeros_like(tiles)
        np.put_along_axis(d, winner[..., None], dy[..., None], -1)
        return d.reshape(n, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(x.shape)

    return tiles.max(-1), backward


def multiply(a, b):
    return a * b, lambda dy: (dy * b, dy * a)


def cross_entropy(logits, labels):
    log_p, _ = log_softmax(logits)
    rows = np.arange(len(labels))

    def backward(dloss=1.0):
        p = np.exp(log_p)
        p[rows, labels] -= 1
        return p * dloss / len(labels)

    return -log_p[rows, labels].mean(), backward


class Dense:
    """A layer as a student writes it: params is a plain dict, there is no state."""

    def __init__(self, rng, features=4, units=3):
        self.params = {
            "weight": rng.normal(size=(features, units)).astype(np.float32),
            "bias": rng.normal(size=units).astype(np.float32),
        }

    def forward(self, x, training=True):
        y, backward = dense(x, self.params["weight"], self.params["bias"])

        def way_back(dy):
            dx, dweight, dbias = backward(dy)
            return dx, {"weight": dweight, "bias": dbias}

        return y, way_back


class Noisy(Dense):
    """Dense with dropout behind it and a running mean: state that every forward changes."""

    def __init__(self, rng):
        super().__init__(rng)
        self.state = {"rng": np.random.default_rng(5), "mean": np.zeros(3, np.float32), "calls": np.zeros((), np.int64)}

    def forward(self, x, training=True):
        y, backward = super().forward(x)
        if not training:
            return y + self.state["mean"], backward
        kept = self.state["rng"].random(y.shape) > 0.4
        self.state["mean"] = 0.9 * self.state["mean"] + 0.1 * y.mean(axis=0)
        self.state["calls"] = self.state["calls"] + 1
        return y * kept + self.state["mean"] * 0.0, lambda dy: backward(dy * kept)


def cases(rng):
    """Small and large: (function, arguments)."""
    n = rng.normal
    return [
        (dense, (n(size=(4, 5)), n(size=(5, 3)), n(size=3))),
        (dense, (n(size=(6, 4)), n(size=(4, 4)), n(size=4))),
        (conv, (n(size=(3, 2, 4, 4)), n(size=(2, 2, 3, 3)), n(size=2))),
        (relu, (n(size=(5, 6)),)),
        (softmax, (n(size=(5, 7)),)),
        (batch_norm, (n(size=(8, 4)), n(size=4), n(size=4))),
        (sigmoid, (n(size=(5, 5)),)),
        (max_pool, (n(size=(3, 2, 4, 6)),)),
        (cross_entropy, (n(size=(6, 5)), rng.integers(0, 5, 6))),
        (multiply, (n(size=(5, 4)), n(size=(5, 4)))),
    ]


def large_cases(rng):
    n = rng.normal
    return [
        (dense, (n(size=(8, 60)), n(size=(60, 8)), n(size=8))),
        (softmax, (n(size=(40, 30)),)),
        (relu, (n(size=(30, 40)),)),
    ]
