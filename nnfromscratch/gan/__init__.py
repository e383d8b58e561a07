"""Two networks that play against each other: objectives, techniques, the two-player loop, metrics and diagnosis."""

from nnfromscratch.gan.judge import Judge, judge_features, load_judge
from nnfromscratch.gan.measuring import Yardstick, measure_samples, real_yardstick
from nnfromscratch.gan.metrics import classes_covered, classifier_score, confident_share, frechet_distance, jackknife
from nnfromscratch.gan.nearest import nearest_training_images
from nnfromscratch.gan.optimal_discriminator import optimal_discriminator, optimal_value

__all__ = [
    "Judge",
    "Yardstick",
    "classes_covered",
    "classifier_score",
    "confident_share",
    "frechet_distance",
    "jackknife",
    "judge_features",
    "load_judge",
    "measure_samples",
    "nearest_training_images",
    "optimal_discriminator",
    "optimal_value",
    "real_yardstick",
]
