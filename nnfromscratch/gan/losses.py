"""The losses of generators and discriminators, on raw scores.

A score is what the discriminator's last layer gives, before any sigmoid. The article ends its discriminator with one;
here the sigmoid σ lives in the loss, D(x) = σ(score), and log σ(s) is computed as −log(1 + e⁻ˢ), in which nothing
overflows.

r[n] stands for the score of the n-th real image, g[n] for that of the n-th generated one; scores are (N,) or (N, 1).
``backward(dloss=1.0)`` returns ∂L/∂r and ∂L/∂g, or ∂L/∂g alone.
"""

from __future__ import annotations

import numpy as np

from nnfromscratch.errors import ShapeError, require_same_float
from nnfromscratch.functional import binary_cross_entropy_with_logits, mean_squared_error, relu
from nnfromscratch.types import Array, Backward


def cross_entropy_discriminator_loss(
    real_scores: Array, generated_scores: Array, *, real_target: float = 1.0
) -> tuple[float, Backward]:
    """How surprised the discriminator is by the truth: the 2014 game, which it maximizes, with the sign turned.

    L = −mean_n (t · log σ(r[n]) + (1 − t) · log(1 − σ(r[n]))) − mean_n log(1 − σ(g[n]))

    ∂L/∂r[n] = (σ(r[n]) − t) / N        ∂L/∂g[n] = σ(g[n]) / N

    The target t of real images is 1 in the paper; one-sided label smoothing lowers it.
    real_scores r, generated_scores g: (N,) or (N, 1), each with an N of its own. real_target t: from 0 to 1
    Raises ShapeError for scores of another shape or none at all, DtypeError where their types differ.
    Source: Goodfellow et al., Generative adversarial networks (2014), equation (1) and Algorithm 1.

    >>> loss, backward = cross_entropy_discriminator_loss(np.array([0.0, 1000.0]), np.array([-1000.0, 0.0]))
    >>> round(loss, 4), *backward()
    (0.6931, array([-0.25,  0.  ]), array([0.  , 0.25]))
    """
    _require_scores("cross_entropy_discriminator_loss", real_scores=real_scores, generated_scores=generated_scores)
    return _sum(
        binary_cross_entropy_with_logits(real_scores, real_target),
        binary_cross_entropy_with_logits(generated_scores, 0.0),
    )


def minimax_generator_loss(generated_scores: Array) -> tuple[float, Backward]:
    """The same game from the other side: the generator lowers what the discriminator raises.

    L = mean_n log(1 − σ(g[n]))                    ∂L/∂g[n] = −σ(g[n]) / N

    It *saturates*: where the discriminator is sure that an image is generated, σ(g) and with it the gradient is nearly
    0. The generator learns least where it fails most.
    generated_scores g: (N,) or (N, 1)
    Raises ShapeError for scores of another shape or none at all, DtypeError for numbers that are no floats.
    Source: Goodfellow et al., Generative adversarial networks (2014), equation (1) and Algorithm 1.

    >>> loss, backward = minimax_generator_loss(np.array([0.0, -1000.0]))
    >>> round(loss, 4), backward()
    (-0.3466, array([-0.25, -0.  ]))
    """
    _require_scores("minimax_generator_loss", generated_scores=generated_scores)
    surprise, way_back = binary_cross_entropy_with_logits(generated_scores, 0.0)

    def backward(dloss: float = 1.0) -> Array:
        dgenerated: Array = way_back(-dloss)
        return dgenerated

    return -float(surprise), backward


def non_saturating_generator_loss(generated_scores: Array) -> tuple[float, Backward]:
    """The generator raises the probability that its images are taken for real.

    L = −mean_n log σ(g[n])                    ∂L/∂g[n] = −(1 − σ(g[n])) / N

    The same aim as in the minimax game, but the gradient is largest where the discriminator is not deceived.
    generated_scores g: (N,) or (N, 1)
    Raises ShapeError for scores of another shape or none at all, DtypeError for numbers that are no floats.
    Source: Goodfellow et al., Generative adversarial networks (2014), section 3.

    >>> loss, backward = non_saturating_generator_loss(np.array([0.0, -1000.0]))
    >>> round(loss, 4), backward()
    (500.3466, array([-0.25, -0.5 ]))
    """
    _require_scores("non_saturating_generator_loss", generated_scores=generated_scores)
    return _alone(binary_cross_entropy_with_logits(generated_scores, 1.0))


def least_squares_discriminator_loss(
    real_scores: Array, generated_scores: Array, *, real_target: float = 1.0
) -> tuple[float, Backward]:
    """How far the scores lie from 1 for real and 0 for generated images, squared.

    L = ½ · mean_n (r[n] − b)² + ½ · mean_n g[n]²

    ∂L/∂r[n] = (r[n] − b) / N        ∂L/∂g[n] = g[n] / N

    The paper's a is 0 and its b is 1 here. Also a score on the right side of its target is drawn back to it.
    real_scores r, generated_scores g: (N,) or (N, 1), each with an N of its own. real_target b: a finite number
    Raises ShapeError for scores of another shape or none at all, DtypeError where their types differ.
    Source: Mao et al., Least squares generative adversarial networks (2017), equation (2) with a = 0, b = c = 1.

    >>> loss, backward = least_squares_discriminator_loss(np.array([1.0, 3.0]), np.array([0.0, -2.0]))
    >>> loss, *backward()
    (2.0, array([0., 1.]), array([ 0., -1.]))
    """
    _require_scores("least_squares_discriminator_loss", real_scores=real_scores, generated_scores=generated_scores)
    return _sum(mean_squared_error(real_scores, real_target), mean_squared_error(generated_scores, 0.0), weight=0.5)


def least_squares_generator_loss(generated_scores: Array) -> tuple[float, Backward]:
    """How far the scores of generated images lie from 1, squared.

    L = ½ · mean_n (g[n] − c)²                    ∂L/∂g[n] = (g[n] − c) / N

    The paper's c is 1 here.   generated_scores g: (N,) or (N, 1)
    Raises ShapeError for scores of another shape or none at all, DtypeError for numbers that are no floats.
    Source: Mao et al., Least squares generative adversarial networks (2017), equation (2) with a = 0, b = c = 1.

    >>> loss, backward = least_squares_generator_loss(np.array([1.0, -1.0]))
    >>> loss, backward()
    (1.0, array([ 0., -1.]))
    """
    _require_scores("least_squares_generator_loss", generated_scores=generated_scores)
    return _alone(mean_squared_error(generated_scores, 1.0), weight=0.5)


def wasserstein_critic_loss(real_scores: Array, generated_scores: Array) -> tuple[float, Backward]:
    """How much higher the critic scores generated images than real ones.

    L = mean_n g[n] − mean_n r[n]        ∂L/∂r[n] = −1 / N        ∂L/∂g[n] = 1 / N

    For a critic that nowhere rises by more than 1 for each step of length 1, −L at its least is the distance by which
    one distribution has to be moved to become the other. ``clip_weights`` or ``gradient_penalty`` hold the critic to
    it; without them L has no least value.
    real_scores r, generated_scores g: (N,) or (N, 1), each with an N of its own
    Raises ShapeError for scores of another shape or none at all, DtypeError where their types differ.
    Source: Arjovsky, Chintala, Bottou, Wasserstein generative adversarial networks (2017), equation (2), Algorithm 1.

    >>> loss, backward = wasserstein_critic_loss(np.array([3.0, 5.0]), np.array([1.0, 2.0]))
    >>> loss, *backward()
    (-2.5, array([-0.5, -0.5]), array([0.5, 0.5]))
    """
    _require_scores("wasserstein_critic_loss", real_scores=real_scores, generated_scores=generated_scores)
    return _sum(_mean(real_scores, -1), _mean(generated_scores, 1))


def wasserstein_generator_loss(generated_scores: Array) -> tuple[float, Backward]:
    """The generator raises the mean score of its images.

    L = −mean_n g[n]                    ∂L/∂g[n] = −1 / N

    generated_scores g: (N,) or (N, 1)
    Raises ShapeError for scores of another shape or none at all, DtypeError for numbers that are no floats.
    Source: Arjovsky, Chintala, Bottou, Wasserstein generative adversarial networks (2017), Algorithm 1.

    >>> loss, backward = wasserstein_generator_loss(np.array([3.0, 5.0]))
    >>> loss, backward()
    (-4.0, array([-0.5, -0.5]))
    """
    _require_scores("wasserstein_generator_loss", generated_scores=generated_scores)
    return _alone(_mean(generated_scores, -1))


def hinge_discriminator_loss(real_scores: Array, generated_scores: Array) -> tuple[float, Backward]:
    """Real images should score above 1 and generated ones below −1; what is further out costs nothing.

    L = mean_n max(0, 1 − r[n]) + mean_n max(0, 1 + g[n])

    ∂L/∂r[n] = −1 / N where r[n] < 1, otherwise 0

    ∂L/∂g[n] = 1 / N where g[n] > −1, otherwise 0

    real_scores r, generated_scores g: (N,) or (N, 1), each with an N of its own
    Raises ShapeError for scores of another shape or none at all, DtypeError where their types differ.
    Source: Lim and Ye, Geometric GAN (2017), section 3; Miyato et al., Spectral normalization (2018), equation (16).

    >>> loss, backward = hinge_discriminator_loss(np.array([3.0, 0.0]), np.array([-2.0, 1.0]))
    >>> loss, *backward()
    (1.5, array([-0. , -0.5]), array([0. , 0.5]))
    """
    _require_scores("hinge_discriminator_loss", real_scores=real_scores, generated_scores=generated_scores)
    return _sum(_hinge(real_scores, -1), _hinge(generated_scores, 1))


def _require_scores(operation: str, **scores: Array) -> None:
    require_same_float(operation, **scores)
    for name, array in scores.items():
        if array.ndim not in (1, 2) or array.shape[1:] not in ((), (1,)):
            raise ShapeError(f"{operation}: {name} expects one score for each image, (N,) or (N, 1), has {array.shape}")
        if len(array) == 0:
            raise ShapeError(f"{operation}: {name} expects at least 1 image, the batch is empty")


def _mean(scores: Array, sign: int) -> tuple[float, Backward]:
    """± the mean score."""

    def backward(dloss: float) -> Array:
        return np.full_like(scores, sign * dloss / len(scores))

    return sign * float(scores.sum(dtype=np.float64)) / len(scores), backward


def _hinge(scores: Array, sign: int) -> tuple[float, Backward]:
    """The mean of max(0, 1 ± s)."""
    excess, relu_backward = relu(1 + sign * scores)

    def backward(dloss: float) -> Array:
        return sign * relu_backward(np.full_like(scores, dloss / len(scores)))

    return float(excess.sum(dtype=np.float64)) / len(scores), backward


def _alone(term: tuple[float | Array, Backward], weight: float = 1.0) -> tuple[float, Backward]:
    """One term as a loss."""
    value, way_back = term

    def backward(dloss: float = 1.0) -> Array:
        return way_back(weight * dloss)

    return weight * float(value), backward


def _sum(
    real: tuple[float | Array, Backward], generated: tuple[float | Array, Backward], weight: float = 1.0
) -> tuple[float, Backward]:
    """The weighted sum of a term of the real scores and one of the generated."""

    def backward(dloss: float = 1.0) -> tuple[Array, Array]:
        return real[1](weight * dloss), generated[1](weight * dloss)

    return weight * float(real[0] + generated[0]), backward
