"""The command line: ``python -m nnfromscratch`` trains the default network; see ``--help``."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from nnfromscratch.cli.parser import build_parser
from nnfromscratch.errors import NNFromScratchError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0, 2 for a user's mistake (one line on standard error), 130 for Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a class may have a name that this terminal cannot show
    try:
        arguments = build_parser().parse(sys.argv[1:] if argv is None else list(argv))
        code: int = arguments.run(arguments)
    except NNFromScratchError as error:
        print(f"nnfromscratch: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nnnfromscratch: interrupted", file=sys.stderr)
        return 130
    return code
