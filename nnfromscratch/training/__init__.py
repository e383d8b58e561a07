"""Training turns the crank: the loop, evaluation, metrics, checkpoints.

``history = fit(network, train, validation, loss=softmax_cross_entropy, optimizer=Adam(), epochs=3, rng=rng)`` trains,
``evaluate(network, test)`` says how well the network does.
"""

from nnfromscratch.training.checkpoint import Run, load_checkpoint, save_checkpoint
from nnfromscratch.training.evaluate import Evaluation, evaluate
from nnfromscratch.training.history import History
from nnfromscratch.training.loop import fit
from nnfromscratch.training.metrics import ClassFigures, accuracy, class_figures, confusion_matrix
from nnfromscratch.training.nonfinite import Loss
from nnfromscratch.training.trained import trained_network

__all__ = [
    "ClassFigures",
    "Evaluation",
    "History",
    "Loss",
    "Run",
    "accuracy",
    "class_figures",
    "confusion_matrix",
    "evaluate",
    "fit",
    "load_checkpoint",
    "save_checkpoint",
    "trained_network",
]
