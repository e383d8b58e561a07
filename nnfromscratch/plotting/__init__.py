r"""Pictures of a training run: each function takes arrays and returns a matplotlib ``Figure``; nothing needs a display.

>>> import numpy as np
>>> figure = confusion_matrix(np.array([[97, 3], [1, 99]]), ("cat", "dog"))
>>> png_bytes(figure)[:4]
b'\x89PNG'
"""

from nnfromscratch.plotting.accuracy_curves import accuracy_over_time, label_curve
from nnfromscratch.plotting.arm_accuracies import arm_accuracies
from nnfromscratch.plotting.article import Course, Drawings, Mistakes, article_overview
from nnfromscratch.plotting.confusion import confusion_matrix
from nnfromscratch.plotting.curves import learning_curves
from nnfromscratch.plotting.disagreements import disagreements
from nnfromscratch.plotting.feature_maps import activations, feature_maps
from nnfromscratch.plotting.filters import first_layer_filters
from nnfromscratch.plotting.game import game_curves
from nnfromscratch.plotting.gradients import gradient_norms
from nnfromscratch.plotting.growth import growth
from nnfromscratch.plotting.interpolation import interpolations
from nnfromscratch.plotting.metrics import metrics_over_training
from nnfromscratch.plotting.mistakes import confident_mistakes, most_confident_mistakes
from nnfromscratch.plotting.nearest import nearest_images
from nnfromscratch.plotting.operation_times import kernel_times, operation_times
from nnfromscratch.plotting.samples import sample_grid
from nnfromscratch.plotting.step_profile import step_profile
from nnfromscratch.plotting.step_times import step_memory, step_times
from nnfromscratch.plotting.style import png_bytes, save_figure
from nnfromscratch.plotting.through_training import training_animation, training_strip
from nnfromscratch.plotting.throughput import roofline, throughput

__all__ = [
    "Course",
    "Drawings",
    "Mistakes",
    "accuracy_over_time",
    "activations",
    "arm_accuracies",
    "article_overview",
    "confident_mistakes",
    "confusion_matrix",
    "disagreements",
    "feature_maps",
    "first_layer_filters",
    "game_curves",
    "gradient_norms",
    "growth",
    "interpolations",
    "kernel_times",
    "label_curve",
    "learning_curves",
    "metrics_over_training",
    "most_confident_mistakes",
    "nearest_images",
    "operation_times",
    "png_bytes",
    "roofline",
    "sample_grid",
    "save_figure",
    "step_memory",
    "step_profile",
    "step_times",
    "throughput",
    "training_animation",
    "training_strip",
]
