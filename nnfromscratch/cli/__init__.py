"""The command line: ``python -m nnfromscratch`` trains the default network; see ``--help``."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Sequence

from nnfromscratch.cli.stopped import Stopped

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0; 2 for what a user can mend, told in one line; 130 for Ctrl-C."""
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    except KeyboardInterrupt as error:
        print(f"\n{error}" if isinstance(error, Stopped) else "\nnnfromscratch: interrupted", file=sys.stderr)
        return 130


def _run(argv: list[str]) -> int:
    from nnfromscratch.cli.parser import build_parser  # here, since Ctrl-C may come while NumPy is being loaded
    from nnfromscratch.errors import NNFromScratchError

    codecs.register_error("nnfromscratch", _plainer)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="nnfromscratch")
    try:
        arguments = build_parser().parse(argv)
        code: int = arguments.run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()  # what cannot be written shows here, not when Python ends
    except NNFromScratchError as error:
        return _mistake(str(error))
    except BrokenPipeError:  # whoever reads the output has seen enough, as `head` does
        _drop_what_cannot_be_written()
        return 141  # as a program that the signal of a broken pipe ends
    except OSError as error:
        _drop_what_cannot_be_written()
        return _mistake(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except MemoryError as error:
        return _mistake(f"expects more memory than there is. {error}")
    return code


def _drop_what_cannot_be_written() -> None:
    """Where the output itself is what failed: Python would try again at its end, and end with its own code."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _mistake(message: str) -> int:
    print(f"nnfromscratch: error: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _plainer(error: UnicodeError) -> tuple[str, int]:
    """For a terminal that lacks a letter, say of a class's name: three points for …, o for ö, else a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = unicodedata.normalize("NFKD", error.object[error.start : error.end])
    plain = "".join(letter if letter.isascii() else "?" for letter in letters if not unicodedata.combining(letter))
    return plain, error.end
