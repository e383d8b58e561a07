"""What makes a GAN a worse painter and a better teacher of classes: a network that decides, a generator that spreads.

A discriminator with classes gains most where generated images lie between the classes, not on them. Two small terms
push towards that, beside those of ``semi_supervised``: ``conditional_entropy`` makes the network decide on one class
for every real image, so that its classes change where there are none, and ``pull_away`` keeps the generator from making
the same images over and over. Dai et al. add a third, which needs a model of how probable an image is; it is not here.

Source: Dai, Yang, Yang, Cohen, Salakhutdinov, Good Semi-supervised Learning that Requires a Bad GAN (2017), section 5.
"""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import ShapeError, require_nonempty_axes, require_same_float, require_shape
from nnfromscratch.functional import log_softmax
from nnfromscratch.types import Array, Backward


def conditional_entropy(logits: Array) -> tuple[float, Backward]:
    """How undecided the network is between the classes of the images: their mean entropy, which it makes small.

    ℓ = mean_n H[n]        H[n] = −Σ_k p[n, k] · log p[n, k]        p = softmax(z)

    ∂ℓ/∂z[n, k] = −p[n, k] · (log p[n, k] + H[n]) / N

    No label and no teacher is needed: a network that is almost sure becomes surer, rightly or not. Where it is sure
    already, and where all classes are exactly as probable, the gradient is 0. ``backward(dloss=1.0)`` returns ∂ℓ/∂z.
    logits z: (N, K), of images that are real; that of "generated" is none of them   ℓ: from 0 to log K
    Raises ShapeError for logits of another shape, of no class or no image, DtypeError for numbers that are no floats.
    Source: Grandvalet and Bengio, Semi-supervised Learning by Entropy Minimization (2004); for the discriminator of a
    GAN Dai et al., Good Semi-supervised Learning that Requires a Bad GAN (2017), section 5.

    >>> loss, backward = conditional_entropy(np.array([[np.log(3.0), 0.0]]))        # p = 3/4 and 1/4
    >>> round(loss, 4), backward().round(4)
    (0.5623, array([[-0.206,  0.206]]))
    """
    name = "conditional_entropy"
    require_same_float(name, logits=logits)
    require_shape(name, "logits", logits.shape, ("N", "K"))
    require_nonempty_axes(name, "logits", logits.shape)
    if not len(logits):
        raise ShapeError(f"{name}: logits expects at least 1 image, the batch is empty")
    log_p, _ = log_softmax(logits)
    p = np.exp(log_p)
    entropy = -(p * log_p).sum(axis=1, keepdims=True)

    def backward(dloss: float = 1.0) -> Array:
        return -p * (log_p + entropy) * log_p.dtype.type(dloss / len(p))

    return float(entropy.sum(dtype=np.float64)) / len(p), backward


def pull_away(features: Array) -> tuple[float, Backward]:
    """How alike the generated images of a batch are: the mean squared cosine between the features of any two of them.

    ℓ = Σ_n Σ_{m≠n} c[n, m]² / (N·(N − 1))        c[n, m] = Σ_d u[n, d] · u[m, d]        u[n] = g[n] / ‖g[n]‖

    ∂ℓ/∂u[n] = 4 · Σ_{m≠n} c[n, m] · u[m] / (N·(N − 1))

    ∂ℓ/∂g[n] = (∂ℓ/∂u[n] − u[n] · Σ_d u[n, d] · ∂ℓ/∂u[n, d]) / ‖g[n]‖

    A generator that makes it small points the features in as many directions as there are: a stand-in for its entropy,
    which nobody can compute. Only directions count; features that are all 0 have none, they are at right angles to all
    and get no gradient. ``backward(dloss=1.0)`` returns ∂ℓ/∂g.
    features g: (N, ...), N at least 2, what a layer of the discriminator gives for generated images   ℓ: from 0 to 1
    Raises ShapeError for fewer than 2 images or for features without numbers, DtypeError for others than floats.
    Source: Zhao, Mathieu, LeCun, Energy-based Generative Adversarial Network (2017), section 2.4; with features of a
    classifier Dai et al., Good Semi-supervised Learning that Requires a Bad GAN (2017), section 5.

    >>> loss, backward = pull_away(np.array([[2.0, 0.0], [1.0, 1.0]]))        # 45° apart, cos² = 1/2
    >>> round(loss, 4), backward()
    (0.5, array([[ 0. ,  0.5],
           [ 0.5, -0.5]]))
    """
    name = "pull_away"
    require_same_float(name, features=features)
    if features.ndim < 2 or len(features) < 2 or not features.size:
        raise ShapeError(
            f"{name}: features expects shape (N, ...) with N at least 2, a number or more for each image, "
            f"has {features.shape}"
        )
    shape, count = features.shape, len(features)
    g = features.reshape(count, -1)
    length = np.sqrt(np.square(g).sum(axis=1, keepdims=True))
    length[length == 0] = 1
    u = g / length
    cosine = u @ u.T
    np.fill_diagonal(cosine, 0)
    pairs = count * (count - 1)

    def backward(dloss: float = 1.0) -> Array:
        du = cosine @ u * u.dtype.type(4 * dloss / pairs)
        dfeatures: Array = ((du - u * (u * du).sum(axis=1, keepdims=True)) / length).reshape(shape)
        return dfeatures

    return float(np.square(cosine).sum(dtype=np.float64)) / pairs, backward
