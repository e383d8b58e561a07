"""The arms of the experiment: what is compared, each by its settings; with ``-aug`` where images are augmented.

    labels-only      the dense network, and nothing but the labelled images
    self-training    pseudo-labels by the averaged network from the start, with more noise on the image
    consistency      the averaged network's probabilities are to be met under other noise (mean teacher)
    consistency-aug  a CNN meets, on augmented images, the labels that its average gives to clean ones (FixMatch)
    gan              a discriminator of K + 1 classes, feature matching, pseudo-labels from half-time on
    gan-wide         gan with wider layers, for a quarter of an hour and more
    gan-ablated      gan without the generator, all else as it is: start, noise, schedule, time
    cnn              a CNN, and nothing but the labelled images
    hog-linear       oriented gradients and a linear classifier
    hog-knn          oriented gradients and the nearest neighbours
    student          a CNN that learns what gan says about all images
    conditional      labels-only with more images, of a conditional GAN that knows the labelled ones alone

All arms have the same time; those that see nothing but labels need less and stop earlier. Pseudo-labels from the start
make ``self-training`` the best control without augmentation that we found, and a teacher that is renewed at every step
takes the place of its rounds; ``gan-ablated`` waits for half-time, as ``gan`` does. Who gives pseudo-labels aligns them
to classes that are equally frequent: where the images without labels are otherwise, switch ``Method.alignment`` off.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from nnfromscratch.data import Augmentation
from nnfromscratch.models import few_labels_discriminator, noisy_cnn
from nnfromscratch.semi.arm import Arm
from nnfromscratch.semi.conditional_arm import ConditionalArm
from nnfromscratch.semi.feature_arms import LinearArm, NeighboursArm
from nnfromscratch.semi.method import Method
from nnfromscratch.semi.network_arm import NetworkArm
from nnfromscratch.semi.student_arm import StudentArm

AUGMENT = Augmentation(shift=2.0, rotation=11.5, scale=0.1, shear=0.15)

# Beyond so many steps 100 labels alone bring nothing more: what is left of the time is saved.
_ENOUGH = 3000

_LABELS = Method()
_GAN = Method(generator_rate=0.006, pseudo_labels=1.0)
_SELF_TRAINING = Method(
    network=partial(few_labels_discriminator, input_noise=0.5), pseudo_labels=1.0, start=0.0, threshold=0.8
)
_CNN = Method(network=noisy_cnn, learning_rate=0.003)
_STUDENT = replace(_CNN, labelled=64)
_BEST_WITHOUT_GAN = replace(_CNN, pseudo_labels=1.0, start=0.0)


def _augmented(method: Method, *, unlabelled: bool = False) -> Method:
    return replace(method, augment_labelled=AUGMENT, augment_unlabelled=AUGMENT if unlabelled else None)


ARMS: dict[str, Arm] = {
    "labels-only": NetworkArm(_LABELS, most_steps=_ENOUGH),
    "labels-only-aug": NetworkArm(_augmented(_LABELS), most_steps=2 * _ENOUGH),
    "self-training": NetworkArm(_SELF_TRAINING),
    "self-training-aug": NetworkArm(_augmented(_SELF_TRAINING, unlabelled=True)),
    "consistency": NetworkArm(Method(consistency=30.0, start=0.1)),
    "consistency-aug": NetworkArm(_augmented(_BEST_WITHOUT_GAN, unlabelled=True)),
    "gan": NetworkArm(_GAN),
    "gan-aug": NetworkArm(_augmented(_GAN)),
    "gan-wide": NetworkArm(replace(_GAN, network=partial(few_labels_discriminator, widths=(500, 250, 250)))),
    "gan-ablated": NetworkArm(replace(_GAN, generator_rate=None)),
    "gan-ablated-aug": NetworkArm(_augmented(replace(_GAN, generator_rate=None))),
    "cnn": NetworkArm(_CNN, most_steps=_ENOUGH),
    "cnn-aug": NetworkArm(_augmented(_CNN), most_steps=2 * _ENOUGH),
    "hog-linear": LinearArm(),
    "hog-knn": NeighboursArm(),
    "student": StudentArm(_GAN, _STUDENT),
    "student-aug": StudentArm(_augmented(_GAN), _augmented(_STUDENT)),
    "conditional": ConditionalArm(_LABELS),
    "conditional-aug": ConditionalArm(_augmented(_LABELS)),
}
