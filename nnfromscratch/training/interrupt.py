"""Ctrl-C between two steps, never within one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def held_signals() -> Iterator[Callable[[], bool]]:
    """Within it Ctrl-C (SIGINT) and SIGTERM wait: the function it gives says whether one has come.

    At the end the signal is let through: Ctrl-C ends in KeyboardInterrupt, SIGTERM ends the process. A second Ctrl-C
    does so at once. A signal that the program ignores or, for SIGTERM, handles itself is left alone; so are both
    outside the main thread, where Python does not allow anything else.
    """
    received: list[int] = []
    previous: dict[int, Any] = {}

    def hold(number: int, _frame: FrameType | None) -> None:
        if received:
            restore()
            signal.raise_signal(number)
        received.append(number)

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    if threading.current_thread() is threading.main_thread():
        if callable(signal.getsignal(signal.SIGINT)):
            previous[signal.SIGINT] = signal.signal(signal.SIGINT, hold)
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            previous[signal.SIGTERM] = signal.signal(signal.SIGTERM, hold)
    stopped = False
    try:
        yield lambda: bool(received)
    except KeyboardInterrupt:
        stopped = True
        raise
    finally:
        restore()
        if received and not (stopped and received[0] == signal.SIGINT):
            signal.raise_signal(received[0])
