"""Functions with parameters: a layer is a few lines around an operation, a network is a chain of layers."""

from nnfromscratch.layers.activations import ELU, LeakyReLU, ReLU, Sigmoid, Softplus, Tanh
from nnfromscratch.layers.conv import Conv2d, ConvTranspose2d
from nnfromscratch.layers.dense import Dense
from nnfromscratch.layers.embedding import Embedding
from nnfromscratch.layers.fusion import unfused
from nnfromscratch.layers.initialize_from_data import initialize_from_data
from nnfromscratch.layers.layer import Layer
from nnfromscratch.layers.minibatch_discrimination import MinibatchDiscrimination
from nnfromscratch.layers.noise import Dropout, GaussianNoise
from nnfromscratch.layers.normalization import BatchNorm, LayerNorm
from nnfromscratch.layers.parameters import Parameters
from nnfromscratch.layers.pool import AvgPool2d, MaxPool2d
from nnfromscratch.layers.reshape import Flatten, Reshape
from nnfromscratch.layers.sequential import Sequential
from nnfromscratch.layers.spectral_norm import SpectralNorm
from nnfromscratch.layers.virtual_batch_norm import VirtualBatchNorm, WithReference
from nnfromscratch.layers.weight_norm import WeightNorm

__all__ = [
    "ELU",
    "AvgPool2d",
    "BatchNorm",
    "Conv2d",
    "ConvTranspose2d",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool2d",
    "MinibatchDiscrimination",
    "Parameters",
    "ReLU",
    "Reshape",
    "Sequential",
    "Sigmoid",
    "Softplus",
    "SpectralNorm",
    "Tanh",
    "VirtualBatchNorm",
    "WeightNorm",
    "WithReference",
    "initialize_from_data",
    "unfused",
]
