"""Few labels, many images: who gets a label, how a network learns from both, and what it has to beat."""

from nnfromscratch.semi.arms import ARMS
from nnfromscratch.semi.experiment import Cell, Experiment
from nnfromscratch.semi.figures import figures
from nnfromscratch.semi.history import FewLabelsHistory
from nnfromscratch.semi.hog import hog
from nnfromscratch.semi.labels import FewLabels, draw_labelled, split_labels
from nnfromscratch.semi.linear import fit_linear
from nnfromscratch.semi.method import Method
from nnfromscratch.semi.nearest_neighbours import classify_by_neighbours
from nnfromscratch.semi.paired import PairedDifference, paired_difference
from nnfromscratch.semi.same_images import SameImages, difference_on_same_images
from nnfromscratch.semi.side_by_side import SideBySide
from nnfromscratch.semi.training import Learned, train_few_labels

__all__ = [
    "ARMS",
    "Cell",
    "Experiment",
    "FewLabels",
    "FewLabelsHistory",
    "Learned",
    "Method",
    "PairedDifference",
    "SameImages",
    "SideBySide",
    "classify_by_neighbours",
    "difference_on_same_images",
    "draw_labelled",
    "figures",
    "fit_linear",
    "hog",
    "paired_difference",
    "split_labels",
    "train_few_labels",
]
