"""Networks, a function each, short enough to read."""

from collections.abc import Callable

from nnfromscratch.layers import Sequential
from nnfromscratch.models.article_gan import article_gan
from nnfromscratch.models.cnn import article_cnn
from nnfromscratch.models.conditional import Conditional
from nnfromscratch.models.conditional_dcgan import conditional_dcgan
from nnfromscratch.models.conditional_gan import conditional_gan
from nnfromscratch.models.dcgan import dcgan
from nnfromscratch.models.few_labels import few_labels_discriminator, few_labels_generator
from nnfromscratch.models.judge import judge_cnn
from nnfromscratch.models.lenet5 import lenet5
from nnfromscratch.models.noisy_cnn import noisy_cnn
from nnfromscratch.models.sngan import sngan
from nnfromscratch.models.wgan import wgan

# The classifiers, as ``--model`` calls them.
MODELS: dict[str, Callable[..., Sequential]] = {"cnn": article_cnn, "lenet5": lenet5, "judge": judge_cnn}

__all__ = [
    "MODELS",
    "Conditional",
    "article_cnn",
    "article_gan",
    "conditional_dcgan",
    "conditional_gan",
    "dcgan",
    "few_labels_discriminator",
    "few_labels_generator",
    "judge_cnn",
    "lenet5",
    "noisy_cnn",
    "sngan",
    "wgan",
]
