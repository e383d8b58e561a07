"""Techniques that steady the game of two networks, and the switches that turn each of them on.

    feature matching          ``feature_matching``: the generator's loss in place of the objective's
    minibatch discrimination  ``layers.MinibatchDiscrimination`` before the discriminator's last layer
    historical averaging      ``HistoricalAveraging``: a penalty for either player
    label smoothing           ``objectives.smoothed``: another target for real images
    virtual batch norm        ``layers.VirtualBatchNorm`` in the generator, ``layers.WithReference`` around it
    instance noise            ``instance_noise`` on real and generated images, ``decayed`` with time
    averaged weights          ``AveragedWeights``: of the generator, to draw samples with
    two learning rates        the ``lr`` of each player's own optimizer

Source: Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen, Improved Techniques for Training GANs (2016), section 3,
for the first five; Sønderby et al., Amortised MAP Inference for Image Super-resolution (2017), and Arjovsky and Bottou,
Towards Principled Methods for Training Generative Adversarial Networks (2017), for instance noise; Yazıcı et al., The
Unusual Effectiveness of Averaging in GAN Training (2019), for averaged weights; Heusel et al., GANs Trained by a Two
Time-Scale Update Rule Converge to a Local Nash Equilibrium (2017), for two learning rates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnfromscratch.errors import (
    RangeError,
    ShapeError,
    require_int,
    require_number,
    require_same_float,
    require_shape,
)
from nnfromscratch.functional import gaussian_noise
from nnfromscratch.types import Array, Backward


@dataclass(frozen=True)
class Techniques:
    """Which techniques a game is played with; none of them where nothing is said.

    Two learning rates need no switch: each player has its own optimizer.
    feature_matching, minibatch_discrimination, virtual_batch_norm: on or off
    historical_averaging: the weight of the penalty, at least 0, where 0 is off
    label_smoothing: how far below 1 the target of real images is, from 0 (off) to below 0.5
    instance_noise: its standard deviation at the first step, at least 0, where 0 is off
    average: the decay of the averaged weights, from 0 (off) to below 1
    Raises RangeError for anything else.

    >>> Techniques(label_smoothing=0.1, average=0.999).names
    ('label_smoothing', 'average')
    """

    feature_matching: bool = False
    minibatch_discrimination: bool = False
    historical_averaging: float = 0.0
    label_smoothing: float = 0.0
    virtual_batch_norm: bool = False
    instance_noise: float = 0.0
    average: float = 0.0

    def __post_init__(self) -> None:
        for switch in ("feature_matching", "minibatch_discrimination", "virtual_batch_norm"):
            if not isinstance(getattr(self, switch), bool):
                raise RangeError(f"Techniques: {switch} expects True or False, is {getattr(self, switch)!r}")
        require_number("Techniques", "historical_averaging", self.historical_averaging, least=0)
        require_number("Techniques", "label_smoothing", self.label_smoothing, least=0, below=0.5)
        require_number("Techniques", "instance_noise", self.instance_noise, least=0)
        require_number("Techniques", "average", self.average, least=0, below=1)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are on."""
        return tuple(name for name, value in vars(self).items() if value)


def feature_matching(generated_features: Array, real_features: Array) -> tuple[float, Backward]:
    """How far the generated images lie from the real ones in the mean of what a layer of the discriminator sees.

    ℓ = Σ_d (a[d] − b[d])²        a[d] = mean_n(g[n, d])        b[d] = mean_n(r[n, d])

    ∂ℓ/∂g[n, d] = 2 · (a[d] − b[d]) / N

    The generator's loss: instead of being taken for real, it wants to have the statistics of what is real. The features
    are the result of a layer in the middle of the discriminator, mostly the last before the score. The discriminator is
    trained as ever. The real ones are constants: ``backward(dloss=1.0)`` gives ∂ℓ/∂g alone.
    generated_features g: (N, ...)   real_features r: (M, ...), of the same shape but for their number   ℓ: a number
    Raises ShapeError where the shapes differ or one of the two has no samples, DtypeError where the types differ.
    Source: Salimans et al., Improved Techniques for Training GANs (2016), section 3.1.

    >>> loss, backward = feature_matching(np.array([[1.0], [4.0]]), np.array([[2.0]]))
    >>> loss, backward()
    (0.25, array([[0.5],
           [0.5]]))
    """
    name = "feature_matching"
    require_same_float(name, generated_features=generated_features, real_features=real_features)
    for argument, features in (("generated_features", generated_features), ("real_features", real_features)):
        if features.ndim == 0 or not len(features):
            raise ShapeError(f"{name}: {argument} expects shape (N, ...), at least 1 sample, has {features.shape}")
    require_shape(name, "real_features", real_features.shape, ("M", *generated_features.shape[1:]))
    shape, dtype = generated_features.shape, generated_features.dtype
    difference = generated_features.mean(axis=0) - real_features.mean(axis=0)

    def backward(dloss: float = 1.0) -> Array:
        return np.full(shape, difference * dtype.type(2 * dloss / shape[0]))

    return float(np.square(difference).sum()), backward


def instance_noise(images: Array, std: float, rng: np.random.Generator) -> Array:
    """Images as the discriminator is to see them: with normal noise on them, real and generated ones alike.

    noisy = images + std · z,  z ~ N(0, 1)        ∂L/∂images = ∂L/∂noisy

    Two sets of images that have nothing in common can be told apart without fail, and then the generator gets no
    gradient; noise makes them overlap. It decays to nothing while the two come nearer (``decayed``). The gradient
    passes as it is, so there is no way back to call.
    images: any shape   std: at least 0; for 0 nothing is drawn and the images themselves come back
    Raises RangeError for another std, DtypeError for other numbers than floats and where rng is no
    numpy.random.Generator.
    Source: Sønderby et al., Amortised MAP Inference for Image Super-resolution (2017), where it has its name; Arjovsky
    and Bottou, Towards Principled Methods for Training Generative Adversarial Networks (2017), section 3.

    >>> instance_noise(np.zeros(2), 0.1, np.random.default_rng(0)).round(4)
    array([-0.1014, -0.1179])
    """
    require_same_float("instance_noise", images=images)
    if require_number("instance_noise", "std", std, least=0) == 0:
        return images
    noisy, _ = gaussian_noise(images, std, rng=rng)
    return noisy


def decayed(std: float, step: int, steps: int) -> float:
    """What is left of the noise: all of it before the first step, nothing from step ``steps`` on.

    σ(t) = σ(0) · max(0, 1 − t / T)        t = step        T = steps

    std: at least 0   step: at least 0, counted from 0   steps: at least 1
    Raises RangeError for numbers below these.
    Source: Sønderby et al. (2017), who let the noise decay while they train.

    >>> [decayed(0.5, step, 100) for step in (0, 50, 100, 200)]
    [0.5, 0.25, 0.0, 0.0]
    """
    std = require_number("decayed", "std", std, least=0)
    step = require_int("decayed", "step", step, least=0)
    return std * max(0.0, 1 - step / require_int("decayed", "steps", steps, least=1))
