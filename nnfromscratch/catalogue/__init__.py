"""For each operation and layer: the cases at which it is checked, and the mistakes that people make in it.

The catalogue proves the gradient checker (every mistake caught, no false alarm) and the library with it.

>>> from nnfromscratch.catalogue import CONV2D
>>> CONV2D.mistakes[0].name
'kernel not flipped'
"""

from nnfromscratch.catalogue.avg_pool import AVG_POOL2D
from nnfromscratch.catalogue.batch_norm import BATCH_NORM
from nnfromscratch.catalogue.case import Arguments, Case
from nnfromscratch.catalogue.conv import CONV2D
from nnfromscratch.catalogue.conv_transpose import CONV_TRANSPOSE2D
from nnfromscratch.catalogue.cross_entropy import CROSS_ENTROPY
from nnfromscratch.catalogue.dense import DENSE
from nnfromscratch.catalogue.embedding import EMBEDDING, EMBEDDING_LAYER
from nnfromscratch.catalogue.entry import Entry
from nnfromscratch.catalogue.layer_norm import LAYER_NORM
from nnfromscratch.catalogue.max_pool import MAX_POOL2D
from nnfromscratch.catalogue.minibatch_discrimination import MINIBATCH_DISCRIMINATION, MINIBATCH_DISCRIMINATION_LAYER
from nnfromscratch.catalogue.mistake import Mistake
from nnfromscratch.catalogue.noise import DROPOUT, GAUSSIAN_NOISE
from nnfromscratch.catalogue.other_losses import BINARY_CROSS_ENTROPY, MEAN_SQUARED_ERROR
from nnfromscratch.catalogue.plain_layers import (
    AVG_POOL2D_LAYER,
    ELU_LAYER,
    FLATTEN_LAYER,
    LEAKY_RELU_LAYER,
    MAX_POOL2D_LAYER,
    RELU_LAYER,
    RESHAPE_LAYER,
    SIGMOID_LAYER,
    SOFTPLUS_LAYER,
    TANH_LAYER,
)
from nnfromscratch.catalogue.rectifiers import ELU, LEAKY_RELU, RELU
from nnfromscratch.catalogue.reference_layers import VIRTUAL_BATCH_NORM_LAYER, WITH_REFERENCE
from nnfromscratch.catalogue.reshape import FLATTEN, RESHAPE
from nnfromscratch.catalogue.sequential import SEQUENTIAL
from nnfromscratch.catalogue.sigmoids import SIGMOID, SOFTPLUS, TANH
from nnfromscratch.catalogue.softmax import LOG_SOFTMAX, SOFTMAX
from nnfromscratch.catalogue.spectral_norm import SPECTRAL_NORM, SPECTRAL_NORM_LAYER
from nnfromscratch.catalogue.state_layers import BATCH_NORM_LAYER, DROPOUT_LAYER, GAUSSIAN_NOISE_LAYER, LAYER_NORM_LAYER
from nnfromscratch.catalogue.virtual_batch_norm import VIRTUAL_BATCH_NORM
from nnfromscratch.catalogue.weight_layers import CONV2D_LAYER, CONV_TRANSPOSE2D_LAYER, DENSE_LAYER
from nnfromscratch.catalogue.weight_norm import WEIGHT_NORM, WEIGHT_NORM_LAYER

OPERATIONS = (
    DENSE,
    CONV2D,
    CONV_TRANSPOSE2D,
    MAX_POOL2D,
    AVG_POOL2D,
    RELU,
    LEAKY_RELU,
    ELU,
    SIGMOID,
    TANH,
    SOFTPLUS,
    SOFTMAX,
    LOG_SOFTMAX,
    BATCH_NORM,
    LAYER_NORM,
    VIRTUAL_BATCH_NORM,
    SPECTRAL_NORM,
    WEIGHT_NORM,
    MINIBATCH_DISCRIMINATION,
    EMBEDDING,
    DROPOUT,
    GAUSSIAN_NOISE,
    FLATTEN,
    RESHAPE,
    CROSS_ENTROPY,
    BINARY_CROSS_ENTROPY,
    MEAN_SQUARED_ERROR,
)

LAYERS = (
    DENSE_LAYER,
    CONV2D_LAYER,
    CONV_TRANSPOSE2D_LAYER,
    MAX_POOL2D_LAYER,
    AVG_POOL2D_LAYER,
    BATCH_NORM_LAYER,
    LAYER_NORM_LAYER,
    VIRTUAL_BATCH_NORM_LAYER,
    WITH_REFERENCE,
    SPECTRAL_NORM_LAYER,
    WEIGHT_NORM_LAYER,
    MINIBATCH_DISCRIMINATION_LAYER,
    EMBEDDING_LAYER,
    DROPOUT_LAYER,
    GAUSSIAN_NOISE_LAYER,
    FLATTEN_LAYER,
    RESHAPE_LAYER,
    RELU_LAYER,
    LEAKY_RELU_LAYER,
    ELU_LAYER,
    SIGMOID_LAYER,
    TANH_LAYER,
    SOFTPLUS_LAYER,
    SEQUENTIAL,
)

__all__ = ["CONV2D", "LAYERS", "OPERATIONS", "Arguments", "Case", "Entry", "Mistake"]
