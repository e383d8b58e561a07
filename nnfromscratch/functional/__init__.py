"""The mathematics: ``y, backward = op(x, ...)``, equation, shapes and derivative side by side.

``backward(dy)`` returns ∂L/∂argument for each array argument, in their order: the array itself where there is one,
otherwise a tuple. ``backward(dy, wrt=("weight", "bias"))`` computes just those; the others are None.
"""

from nnfromscratch.functional.activations import elu, leaky_relu, log_softmax, relu, sigmoid, softmax, softplus, tanh
from nnfromscratch.functional.conv import conv2d, conv_transpose2d
from nnfromscratch.functional.dense import dense
from nnfromscratch.functional.embedding import embedding
from nnfromscratch.functional.losses import (
    binary_cross_entropy_with_logits,
    mean_squared_error,
    softmax_cross_entropy,
)
from nnfromscratch.functional.minibatch_discrimination import minibatch_discrimination
from nnfromscratch.functional.noise import dropout, gaussian_noise
from nnfromscratch.functional.normalization import batch_norm, layer_norm
from nnfromscratch.functional.pool import avg_pool2d, max_pool2d
from nnfromscratch.functional.reshape import flatten, reshape
from nnfromscratch.functional.spectral_norm import spectral_norm
from nnfromscratch.functional.virtual_batch_norm import virtual_batch_norm
from nnfromscratch.functional.weight_norm import weight_norm

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "conv_transpose2d",
    "dense",
    "dropout",
    "elu",
    "embedding",
    "flatten",
    "gaussian_noise",
    "layer_norm",
    "leaky_relu",
    "log_softmax",
    "max_pool2d",
    "mean_squared_error",
    "minibatch_discrimination",
    "relu",
    "reshape",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "spectral_norm",
    "tanh",
    "virtual_batch_norm",
    "weight_norm",
]
