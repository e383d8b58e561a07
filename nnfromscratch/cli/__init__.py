"""The command line: ``python -m nnfromscratch`` trains the default network; see ``--help``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from nnfromscratch.cli.parser import build_parser
from nnfromscratch.errors import NNFromScratchError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0, 2 for a user's mistake (one line on standard error), 130 for Ctrl-C."""
    try:
        arguments = build_parser().parse(sys.argv[1:] if argv is None else list(argv))
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except NNFromScratchError as error:
        print(f"nnfromscratch: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nnnfromscratch: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has left: nothing to complain about
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code
