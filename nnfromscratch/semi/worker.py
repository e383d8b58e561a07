"""A process of its own that plans and trains cells of an experiment, on one thread, as it is told through a pipe."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeAlias

from nnfromscratch import kernels
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.semi.experiment import Experiment, in_words
from nnfromscratch.semi.progress import Course

MakeExperiment: TypeAlias = Callable[[], Experiment]
Order: TypeAlias = tuple[str, dict[str, Any]]  # a function of Experiment, by name, and its arguments

_PAUSE = 0.5  # seconds between two reports of how far a training has come


@dataclass(frozen=True)
class Answer:
    """What an order has given; failed: why it has given nothing."""

    value: Any = None
    failed: str = ""


def work(pipe: Connection, make: MakeExperiment, folder: Path | None, kernel_set: str) -> None:
    """Carry out orders until the pipe is closed; each gets one ``Answer``, before it come its reports, ``Course``.

    Whatever goes wrong becomes an answer. SIGTERM, which ``train_few_labels`` hears, leaves a checkpoint; so does the
    end of the parent, however it came about. Ctrl-C is the parent's matter.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    experiment: Experiment | None = None
    with kernels.use(kernel_set), use_threads(1), suppress(EOFError, OSError):  # the parent is gone
        while True:
            name, arguments = pipe.recv()
            if arguments.get("progress"):
                arguments["progress"] = reports_through(pipe)
            try:
                if experiment is None:
                    experiment = make()
                    experiment.folder = folder
                answer = Answer(getattr(experiment, name)(**arguments))
            except Exception as error:
                answer = Answer(failed=in_words(error))
            try:
                pipe.send(answer)
            except OSError:
                raise
            except Exception as error:  # an outcome of somebody's own arm may be nothing that can be sent
                pipe.send(Answer(failed=f"its outcome cannot be sent to another process: {in_words(error)}"))


def reports_through(pipe: Connection) -> Callable[[Course], None]:
    """A function that sends how far a training has come, twice a second."""
    last = 0.0

    def report(course: Course) -> None:
        nonlocal last
        if time.monotonic() - last > _PAUSE:
            last = time.monotonic()
            with suppress(OSError):  # where the parent has ended, the training first writes its checkpoint
                pipe.send(course)

    return report


def _end_with_parent() -> None:
    """End, in order, when the parent has ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
