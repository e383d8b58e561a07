"""What can be typed after ``semi``."""

from __future__ import annotations

import argparse
from typing import Any

from nnfromscratch.cli.numbers import positive, whole

# What a user can change, with its default.
DEFAULTS: dict[str, Any] = {
    "data": "mnist",
    "labels": "100",
    "seeds": 5,
    "seed": 0,
    "arms": "labels-only,self-training,gan",
    "budget": 2.0,
    "image_size": None,
    "kernels": None,
}


def add_semi(parser: argparse.ArgumentParser) -> None:
    """The options of ``semi``. None stands for what was not typed."""
    parser.add_argument(
        "--data",
        metavar="NAME|PATH",
        help=f"as for classify (default {DEFAULTS['data']}); a folder of pictures by class too",
    )
    parser.add_argument(
        "--labels",
        metavar="N[,N]",
        help=f"how many labels, all classes alike, or all; several for a label curve (default {DEFAULTS['labels']})",
    )
    parser.add_argument(
        "--seeds", type=whole(1, most=20), metavar="N", help=f"so many label sets (default {DEFAULTS['seeds']})"
    )
    parser.add_argument(
        "--seed",
        type=whole(0),
        metavar="N",
        help=f"of the first label set; the others follow (default {DEFAULTS['seed']})",
    )
    parser.add_argument(
        "--arms", metavar="NAME[,NAME]", help=f"what to compare, or all (default {DEFAULTS['arms']}; see below)"
    )
    parser.add_argument(
        "--budget",
        type=positive,
        metavar="MINUTES",
        help=f"of training for each arm and label set, timed once at the start (default {DEFAULTS['budget']:g})",
    )
    parser.add_argument(
        "--image-size", type=whole(1, most=1024), metavar="N", help="resize a folder's pictures to N×N pixels"
    )
    parser.add_argument(
        "--jobs",
        type=whole(1),
        metavar="N",
        help="so many trainings at the same time, on one thread each (default: one for each processor); 1: one after "
        "the other, on all of them; what comes out is the same for the same numbers of steps",
    )
    parser.add_argument("--kernels", metavar="NAME", help="compiled (default with Numba), vectorized, loops")
    parser.add_argument("--out", metavar="DIR", help="the run's folder (default runs/semi-DATE-TIME)")
    parser.add_argument("--resume", metavar="DIR", help="go on with the run in DIR, with the settings it had")
    rows = [
        "with -aug behind a name, labelled or unlabelled images are augmented (not for hog-linear, hog-knn, gan-wide)",
        "",
        *(f"  {name:<14} {meaning}" for name, meaning in _ARMS.items()),
    ]
    parser.add_argument_group("arms", "\n".join(rows))


_ARMS = {
    "labels-only": "the dense network, and nothing but the labelled images",
    "self-training": "pseudo-labels on the other images, no GAN: the best control without augmentation",
    "consistency": "the same answer under other noise (mean teacher); -aug: a CNN, FixMatch, the best without a GAN",
    "gan": "a discriminator that tells classes, and its generator; pseudo-labels from half-time on",
    "gan-wide": "gan with wider layers, for a quarter of an hour and more",
    "gan-ablated": "gan with the generator taken out, all else as it is",
    "cnn": "a CNN, and nothing but the labelled images",
    "hog-linear": "histograms of oriented gradients and a linear classifier",
    "hog-knn": "histograms of oriented gradients and the nearest neighbours",
    "student": "a CNN that learns what gan says about all images",
    "conditional": "labels-only, and images of a conditional GAN that knows the labelled ones alone",
}
