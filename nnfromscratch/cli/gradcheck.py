"""``python -m nnfromscratch gradcheck``."""

from __future__ import annotations

import argparse

from nnfromscratch.catalogue import command


def run(arguments: argparse.Namespace) -> int:
    """Check every operation and layer, print the table; 1 where something is wrong."""
    return command.main(
        kernels=arguments.kernels, operation=arguments.operation, seed=arguments.seed, quick=arguments.quick
    )
