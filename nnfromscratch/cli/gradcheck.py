"""``python -m nnfromscratch gradcheck``."""

from __future__ import annotations

import argparse
import importlib

from nnfromscratch.errors import require_choice
from nnfromscratch.kernels import SETS


def run(arguments: argparse.Namespace) -> int:
    """Check every operation and layer, print the table."""
    if arguments.kernels is not None:
        require_choice("gradcheck", "--kernels", arguments.kernels, SETS)
    command = importlib.import_module("nnfromscratch.catalogue.command")
    code: int = command.main(kernels=arguments.kernels, seed=arguments.seed, quick=arguments.quick)
    return code
