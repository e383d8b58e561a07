"""Losses for few labels and many images: a discriminator that also tells the classes, and a teacher of its own.

The discriminator has K + 1 classes, the last being "generated". A softmax does not change where all logits are raised
by the same, so the logit of "generated" is fixed at 0 and the network gives the other K:

D(x) = Z / (Z + 1)        Z = Σ_k exp z[k]

A labelled image is learned as ever, by ``functional.softmax_cross_entropy`` on the K logits: that is the surprise at
the class of an image that is known to be real. An image without a label is real, a generated one is not:
``real_or_generated``. The generator plays with ``feature_matching``.

``pseudo_label_loss`` and ``consistency_loss`` need no generator: they let the network learn from what a teacher, mostly
the running mean of its own weights, says about an image without a label.

Source: Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen, Improved Techniques for Training GANs (2016), section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnfromscratch.errors import (
    CheckpointError,
    RangeError,
    ShapeError,
    require_int,
    require_nonempty_axes,
    require_number,
    require_same_float,
    require_shape,
)
from nnfromscratch.functional import mean_squared_error, sigmoid, softmax, softmax_cross_entropy, softplus
from nnfromscratch.types import Array, Backward


def probability_real(logits: Array) -> Array:
    """How probable it is to the discriminator that an image is real, whatever its class.

    D(x[n]) = Z[n] / (Z[n] + 1) = σ(log Z[n])        Z[n] = Σ_k exp z[n, k]

    logits z: (N, K)
    Raises ShapeError for logits of another shape or of no class, DtypeError for numbers that are no floats.
    Source: Salimans et al., Improved Techniques for Training GANs (2016), section 5.

    >>> probability_real(np.array([[0.0, np.log(2.0)], [-1e4, -1e4], [1e4, 0.0]]))
    array([0.75, 0.  , 1.  ])
    """
    _require_logits("probability_real", logits=logits)
    probability: Array = sigmoid(_log_sum_exp(logits)[0])[0]
    return probability


def real_or_generated(real_logits: Array, generated_logits: Array) -> tuple[float, Backward]:
    """How surprised the discriminator is by which images are real and which are generated.

    L = −½ · mean_n log D(r[n]) − ½ · mean_n log(1 − D(g[n]))

    −log D(r[n]) = log(1 + 1/Z(r[n]))        −log(1 − D(g[n])) = log(1 + Z(g[n]))        Z(z) = Σ_k exp z[k]

    ∂L/∂r[n, k] = −(1 − D(r[n])) · softmax(r[n])[k] / (2·N)

    ∂L/∂g[n, k] = D(g[n]) · softmax(g[n])[k] / (2·M)

    Everything is computed from log Z, in which nothing overflows; log(1 + Z) is softplus(log Z). What has to happen to
    log Z is shared out among the classes by how probable each is: a real image without a label makes the classes that
    it already resembles more probable. ``backward(dloss=1.0)`` returns ∂L/∂r and ∂L/∂g.
    real_logits r: (N, K)   generated_logits g: (M, K)
    Raises ShapeError for logits of other shapes, of no class or none at all, DtypeError where the types differ.
    Source: Salimans et al., Improved Techniques for Training GANs (2016), section 5, L_unsupervised, halved.

    >>> loss, backward = real_or_generated(np.array([[0.0, -1e4]]), np.array([[-1e4, -1e4]]))
    >>> round(loss, 4), *backward()
    (0.3466, array([[-0.25, -0.  ]]), array([[0., 0.]]))
    """
    name = "real_or_generated"
    _require_logits(name, real_logits=real_logits, generated_logits=generated_logits)
    require_shape(name, "generated_logits", generated_logits.shape, ("M", real_logits.shape[1]))
    for argument, logits in (("real_logits", real_logits), ("generated_logits", generated_logits)):
        _require_samples(name, argument, logits)
    real, real_backward = _mean_softplus(real_logits, -1)
    generated, generated_backward = _mean_softplus(generated_logits, 1)

    def backward(dloss: float = 1.0) -> tuple[Array, Array]:
        return real_backward(dloss / 2), generated_backward(dloss / 2)

    return (real + generated) / 2, backward


def pseudo_label_loss(logits: Array, probabilities: Array, *, threshold: float = 0.95) -> tuple[float, Backward]:
    """How surprised the network is by the classes that a teacher is sure of; the other images count as 0.

    ℓ = −Σ_n s[n] · log softmax(z[n])[c[n]] / N

    c[n] = argmax_k q[n, k]        s[n] = 1 where q[n, c[n]] > τ, otherwise 0

    ∂ℓ/∂z[n, k] = s[n] · (softmax(z[n])[k] − [k = c[n]]) / N

    The sum is divided by the size N of the whole batch: as more images become certain they weigh more. What the teacher
    says is a constant; ``backward(dloss=1.0)`` returns ∂ℓ/∂z.
    logits z: (N, K)   probabilities q: (N, K), the teacher's, perhaps aligned by ``DistributionAlignment``
    threshold τ: from 0 to below 1
    Raises ShapeError where the shapes differ or there is no sample, DtypeError where the types differ, RangeError for
    probabilities outside 0 … 1, logits for example, and another threshold.
    Source: Lee, Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks (2013);
    with a threshold Sohn et al., FixMatch: Simplifying Semi-Supervised Learning with Consistency and
    Confidence (2020), equation (4).

    >>> loss, backward = pseudo_label_loss(np.zeros((2, 2)), np.array([[0.99, 0.01], [0.6, 0.4]]))
    >>> round(loss, 4), backward()                # log(2) / 2: of two images the teacher is sure of one
    (0.3466, array([[-0.25,  0.25],
           [ 0.  ,  0.  ]]))
    """
    name = "pseudo_label_loss"
    limit = require_number(name, "threshold", threshold, least=0, below=1)
    _require_logits(name, logits=logits, probabilities=probabilities)
    _require_samples(name, "logits", logits)
    require_shape(name, "probabilities", probabilities.shape, logits.shape)
    _require_probabilities(name, probabilities)
    labels = probabilities.argmax(axis=1)
    sure = np.flatnonzero(probabilities.max(axis=1) > limit)
    shape, dtype = logits.shape, logits.dtype
    loss, sure_backward = softmax_cross_entropy(logits[sure], labels[sure], reduction="sum")

    def backward(dloss: float = 1.0) -> Array:
        dlogits = np.zeros(shape, dtype)
        dlogits[sure] = sure_backward(dloss / shape[0])
        return dlogits

    return float(loss) / shape[0], backward


def consistency_loss(logits: Array, teacher_logits: Array) -> tuple[float, Backward]:
    """How far the network's probabilities lie from those of a teacher that saw the same images otherwise, squared.

    ℓ = Σ_{n,k} (p[n, k] − q[n, k])² / (N·K)        p = softmax(z)        q = softmax(t)

    ∂ℓ/∂z[n, k] = 2 / (N·K) · p[n, k] · (p[n, k] − q[n, k] − Σ_j p[n, j] · (p[n, j] − q[n, j]))

    The teacher sees other noise or another augmentation; it is the network itself (Π-model) or the running mean of its
    weights (mean teacher). What it says is a constant; ``backward(dloss=1.0)`` returns ∂ℓ/∂z.
    logits z: (N, K)   teacher_logits t: (N, K)
    Raises ShapeError where the shapes differ or there is no sample, DtypeError where the types differ.
    Source: Laine and Aila, Temporal Ensembling for Semi-Supervised Learning (2017), Algorithm 1; Tarvainen and Valpola,
    Mean teachers are better role models (2017), section 2.

    >>> loss, backward = consistency_loss(np.array([[0.0, 0.0]]), np.array([[100.0, 0.0]]))
    >>> loss, backward()
    (0.25, array([[-0.25,  0.25]]))
    """
    name = "consistency_loss"
    _require_logits(name, logits=logits, teacher_logits=teacher_logits)
    _require_samples(name, "logits", logits)
    require_shape(name, "teacher_logits", teacher_logits.shape, logits.shape)
    p, softmax_backward = softmax(logits)
    loss, error_backward = mean_squared_error(p, softmax(teacher_logits)[0])

    def backward(dloss: float = 1.0) -> Array:
        dlogits: Array = softmax_backward(error_backward(dloss))
        return dlogits

    return float(loss), backward


class DistributionAlignment:
    """Keeps a teacher from giving one class to more and more images: over time each class shall be as frequent.

    q[n, k] = p[n, k] · (1/K) / m[k] / S[n]        S[n] = Σ_j p[n, j] · (1/K) / m[j]

    m ← (1 − rate) · m + rate · mean_n p[n]

    m is the running mean of the teacher's probabilities, which starts at 1/K for each class, in float64. ``align``
    gives q and changes nothing, ``update`` takes a batch into m. A class that the teacher names too rarely gains, one
    that it names too often loses. Right where the images without labels have all classes equally often, and wrong
    where they have not.
    classes K: at least 2   rate: above 0 and at most 1
    Raises RangeError for anything else.
    Source: Berthelot et al., ReMixMatch: Semi-Supervised Learning with Distribution Matching and Augmentation Anchoring
    (2020), section 3.1; there m is the mean over the last 128 batches.

    >>> alignment = DistributionAlignment(2, rate=0.5)
    >>> alignment.update(np.array([[1.0, 0.0]]))
    >>> alignment.mean
    array([0.75, 0.25])
    >>> alignment.align(np.array([[0.5, 0.5]]))
    array([[0.25, 0.75]])
    """

    def __init__(self, classes: int, *, rate: float = 0.01) -> None:
        self.classes = require_int("DistributionAlignment", "classes", classes, least=2)
        self.rate = require_number("DistributionAlignment", "rate", rate, above=0, most=1)
        self.mean: Array = np.full(self.classes, 1 / self.classes)

    def align(self, probabilities: Array) -> Array:
        """The probabilities q, of the type and shape of p: (N, K).

        Raises ShapeError, DtypeError or RangeError for something else than probabilities of K classes.
        """
        self._check("align", probabilities)
        # The floor keeps a class that the teacher has never named from a division by 0.
        q = probabilities / np.maximum(self.mean, np.finfo(np.float32).tiny)
        return (q / q.sum(axis=1, keepdims=True)).astype(probabilities.dtype)

    def update(self, probabilities: Array) -> None:
        """Take a batch of the teacher's probabilities, not yet aligned, into the mean; raises as ``align`` does."""
        self._check("update", probabilities)
        _require_samples("DistributionAlignment.update", "probabilities", probabilities)
        self.mean = (1 - self.rate) * self.mean + self.rate * probabilities.mean(axis=0, dtype=np.float64)

    def state_dict(self) -> dict[str, Array]:
        """A copy of what is remembered: ``{"mean": array}``."""
        return {"mean": self.mean.copy()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember exactly what ``state_dict`` gave. Raises CheckpointError, and changes nothing, for anything else."""
        mean = np.asarray(state.get("mean"))
        if set(state) != {"mean"} or mean.dtype != np.float64 or mean.shape != self.mean.shape:
            raise CheckpointError(
                f"DistributionAlignment.load_state_dict: state expects 'mean' alone, float64 {self.mean.shape}; has "
                + ", ".join(f"{name!r} {np.asarray(a).dtype} {np.shape(a)}" for name, a in state.items())
            )
        self.mean = mean.copy()

    def _check(self, operation: str, probabilities: Array) -> None:
        where = f"DistributionAlignment.{operation}"
        require_same_float(where, probabilities=probabilities)
        require_shape(where, "probabilities", probabilities.shape, ("N", self.classes))
        _require_probabilities(where, probabilities)


def _log_sum_exp(logits: Array) -> tuple[Array, Array]:
    """log Z for each row, and its gradient, the softmax."""
    highest = logits.max(axis=1, keepdims=True)
    exp = np.exp(logits - highest)
    total = exp.sum(axis=1, keepdims=True)
    return (highest + np.log(total))[:, 0], exp / total


def _mean_softplus(logits: Array, sign: int) -> tuple[float, Backward]:
    """mean_n softplus(± log Z[n])."""
    log_z, shares = _log_sum_exp(logits)
    surprise, softplus_backward = softplus(sign * log_z)

    def backward(dloss: float) -> Array:
        each = np.full_like(log_z, sign * dloss / len(log_z))
        return softplus_backward(each)[:, None] * shares

    return float(surprise.sum(dtype=np.float64)) / len(log_z), backward


def _require_logits(operation: str, **arrays: Array) -> None:
    require_same_float(operation, **arrays)
    for name, array in arrays.items():
        require_shape(operation, name, array.shape, ("N", "K"))
        require_nonempty_axes(operation, name, array.shape)


def _require_samples(operation: str, argument: str, array: Array) -> None:
    if not len(array):
        raise ShapeError(f"{operation}: {argument} expects at least 1 image, the batch is empty")


def _require_probabilities(operation: str, probabilities: Array) -> None:
    if probabilities.size and not (probabilities.min() >= 0 and probabilities.max() <= 1 + 1e-6):
        raise RangeError(
            f"{operation}: probabilities expects numbers from 0 to 1, such as a softmax gives, "
            f"has {probabilities.min():g} to {probabilities.max():g}"
        )
