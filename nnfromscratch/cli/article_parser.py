"""What can be typed after ``article``, the command that is meant where none is named."""

from __future__ import annotations

import argparse
from typing import Any

from nnfromscratch.cli.numbers import whole

# What a user can change, with its default.
DEFAULTS: dict[str, Any] = {"quick": False, "seed": 0, "kernels": None}


def add_article(parser: argparse.ArgumentParser) -> None:
    """The options of ``article``. None stands for what was not typed."""
    parser.add_argument(
        "--quick", action="store_true", default=None, help="all of it in about a minute; its figures are rough"
    )
    parser.add_argument(
        "--seed", type=whole(0), metavar="N", help=f"decides everything that is random (default {DEFAULTS['seed']})"
    )
    parser.add_argument(
        "--kernels",
        metavar="NAME",
        help="compiled (default with Numba), vectorized (NumPy; takes far longer than six minutes)",
    )
    parser.add_argument("--out", metavar="DIR", help="the run's folder (default runs/article-DATE-TIME)")
    parser.add_argument("--resume", metavar="DIR", help="go on with the run in DIR, with the settings it had")
