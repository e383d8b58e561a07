"""Ctrl-C in a run that can be resumed."""

from __future__ import annotations

import shlex
from pathlib import Path


class Stopped(KeyboardInterrupt):
    """Ends a command after Ctrl-C; its text says how to go on with the run in ``folder``.

    >>> print(Stopped("classify", Path("runs/digits")))
    Stopped. To go on: python -m nnfromscratch classify --resume runs/digits
    """

    def __init__(self, command: str, folder: Path) -> None:
        again = shlex.join(["python", "-m", "nnfromscratch", command, "--resume", str(folder)])
        super().__init__(f"Stopped. To go on: {again}")
