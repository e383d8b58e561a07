"""Two networks that play against each other: objectives, techniques, the two-player loop, metrics and diagnosis."""

from nnfromscratch.gan.averaging import AveragedWeights, HistoricalAveraging
from nnfromscratch.gan.bad_gan import conditional_entropy, pull_away
from nnfromscratch.gan.diagnostics import Finding, diagnose
from nnfromscratch.gan.gradient_penalty import gradient_penalty, interpolate
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.gan.judge import Judge, judge_features, load_judge
from nnfromscratch.gan.losses import (
    cross_entropy_discriminator_loss,
    hinge_discriminator_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    minimax_generator_loss,
    non_saturating_generator_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from nnfromscratch.gan.measuring import Yardstick, measure_samples, real_yardstick
from nnfromscratch.gan.metrics import classes_covered, classifier_score, confident_share, frechet_distance, jackknife
from nnfromscratch.gan.nearest import nearest_training_images
from nnfromscratch.gan.objectives import OBJECTIVES, Objective, clip_weights, require_objective, smoothed
from nnfromscratch.gan.optimal_discriminator import optimal_discriminator, optimal_value
from nnfromscratch.gan.sampling import draw_samples
from nnfromscratch.gan.second_derivative import require_twice_differentiable
from nnfromscratch.gan.semi_supervised import (
    DistributionAlignment,
    consistency_loss,
    probability_real,
    pseudo_label_loss,
    real_or_generated,
)
from nnfromscratch.gan.slerp import slerp
from nnfromscratch.gan.techniques import Techniques, decayed, feature_matching, instance_noise
from nnfromscratch.gan.training import train_gan

__all__ = [
    "OBJECTIVES",
    "AveragedWeights",
    "DistributionAlignment",
    "Finding",
    "GanHistory",
    "HistoricalAveraging",
    "Judge",
    "Objective",
    "Techniques",
    "Yardstick",
    "classes_covered",
    "classifier_score",
    "clip_weights",
    "conditional_entropy",
    "confident_share",
    "consistency_loss",
    "cross_entropy_discriminator_loss",
    "decayed",
    "diagnose",
    "draw_samples",
    "feature_matching",
    "frechet_distance",
    "gradient_penalty",
    "hinge_discriminator_loss",
    "instance_noise",
    "interpolate",
    "jackknife",
    "judge_features",
    "least_squares_discriminator_loss",
    "least_squares_generator_loss",
    "load_judge",
    "measure_samples",
    "minimax_generator_loss",
    "nearest_training_images",
    "non_saturating_generator_loss",
    "optimal_discriminator",
    "optimal_value",
    "probability_real",
    "pseudo_label_loss",
    "pull_away",
    "real_or_generated",
    "real_yardstick",
    "require_objective",
    "require_twice_differentiable",
    "slerp",
    "smoothed",
    "train_gan",
    "wasserstein_critic_loss",
    "wasserstein_generator_loss",
]
