"""Few labels, many images: who gets a label, and the hand-made classifiers that a network has to beat."""

from nnfromscratch.semi.hog import hog
from nnfromscratch.semi.labels import FewLabels, draw_labelled, split_labels
from nnfromscratch.semi.linear import fit_linear
from nnfromscratch.semi.nearest_neighbours import classify_by_neighbours

__all__ = [
    "FewLabels",
    "classify_by_neighbours",
    "draw_labelled",
    "fit_linear",
    "hog",
    "split_labels",
]
