"""Several trainings of an experiment at the same time, each in a process of its own and on one thread.

The networks of this room are small: a second thread brings one of them hardly anything, a second training doubles what
is learned in an hour.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any

from nnfromscratch.errors import require_int
from nnfromscratch.kernels import default
from nnfromscratch.semi.arm import Steps, TimeStep
from nnfromscratch.semi.experiment import Cell, Experiment
from nnfromscratch.semi.progress import Course
from nnfromscratch.semi.worker import Answer, MakeExperiment, Order, work
from nnfromscratch.training.interrupt import held_signals

_LISTEN = 0.2  # seconds until the next look whether somebody has pressed Ctrl-C


@dataclass(eq=False)
class _Worker:
    """A process, its pipe, and what it is at."""

    process: SpawnProcess
    pipe: Connection
    busy_with: Any = None


class SideBySide:
    """Plans and trains an experiment with several processes; what comes out is in ``experiment``, as after its ``run``.

    The same steps give the same bits as ``Experiment.run`` does, for any number of processes. A process that dies, be
    it by a signal, is the failure of its training alone. Ctrl-C, SIGTERM and even the sudden end of this process leave
    a checkpoint of every training.

    make: makes the same experiment in each process. It is pickled, so let it load its images: a
    ``functools.partial`` of a function of a module, never a lambda. jobs: how many processes, at least 1. kernels: the
    name of their set, None: the default.
    Raises RangeError for fewer jobs.

    A script that uses it needs ``if __name__ == "__main__":``, as with all of ``multiprocessing``, whose start
    method here is "spawn", the same on every system.

    >>> def compare(make, time_step):
    ...     with SideBySide(make(), make, jobs=2) as several:
    ...         steps = several.plan(60.0, time_step, on_plan=print)
    ...         several.run(steps, on_done=print)
    ...     return several.experiment
    """

    def __init__(self, experiment: Experiment, make: MakeExperiment, *, jobs: int, kernels: str | None = None) -> None:
        self.experiment = experiment
        self.jobs = require_int("SideBySide", "jobs", jobs, least=1)
        self._arguments = (make, experiment.folder, kernels or default())
        self._workers: list[_Worker] = []

    def __enter__(self) -> SideBySide:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def warm_up(self) -> None:
        """``Experiment.warm_up`` of every arm in every process, which then need not load kernels while they are timed.

        An arm that fails is left to fail once more when it is planned.
        """
        for arm in self.experiment.arms:
            self._in_all("warm_up", arm=arm)

    def plan(self, seconds: float, time_step: TimeStep, *, on_plan: Callable[[str, Steps], object]) -> dict[str, Steps]:
        """As ``Experiment.plan``, timed in all processes at once, so under the load under which they will train.

        The slowest decides. time_step is pickled.
        """
        steps: dict[str, Steps] = {}
        for arm in self.experiment.arms:
            answers = self._in_all("plan_arm", arm=arm, seconds=seconds, time_step=time_step)
            if failed := [answer.failed for answer in answers if answer.failed]:
                self.experiment.fail(arm, failed[0])
                continue
            steps[arm] = {part: min(answer.value[part] for answer in answers) for part in answers[0].value}
            on_plan(arm, steps[arm])
        return steps

    def run(
        self,
        steps: Mapping[str, Steps],
        *,
        resume: bool = False,
        on_done: Callable[[Cell], object],
        on_course: Callable[[Cell, Course], object] | None = None,
    ) -> None:
        """As ``Experiment.run``. on_course: is told, twice a second, how far a training has come."""
        experiment = self.experiment
        told = on_course is not None
        orders: list[tuple[Cell, Order]] = [
            (cell, ("train_cell", {"cell": cell, "steps": steps[cell.arm], "resume": resume, "progress": told}))
            for cell in experiment.open_cells
        ]

        def take(cell: Cell, answer: Answer) -> None:
            if answer.failed:
                experiment.failures[cell] = answer.failed
            else:
                experiment.outcomes[cell] = answer.value
            on_done(cell)

        with held_signals() as interrupted:
            self._carry_out(orders, take, on_course, interrupted)
            if interrupted():
                self._end()
        experiment.sort()
        experiment.require_outcome()

    def _in_all(self, name: str, **arguments: Any) -> list[Answer]:
        """The same order in every process at once; their answers."""
        answers: list[Answer] = []
        orders = [(number, (name, arguments)) for number in range(self.jobs)]
        self._carry_out(orders, lambda _, answer: answers.append(answer))
        return answers

    def _carry_out(
        self,
        orders: Iterable[tuple[Hashable, Order]],
        on_answer: Callable[[Any, Answer], object],
        on_course: Callable[[Any, Course], object] | None = None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        """Give every free process the next order, until all are answered or somebody interrupts."""
        waiting = deque(orders)
        while not interrupted():
            busy = [worker for worker in self._workers if worker.busy_with is not None]
            while waiting and len(busy) < self.jobs:
                worker = self._free_worker()
                worker.busy_with, order = waiting.popleft()
                _send(worker, order)
                busy.append(worker)
            if not busy:
                return
            ready = wait([worker.pipe for worker in busy], timeout=_LISTEN)
            for worker in busy:
                if worker.pipe not in ready:
                    continue
                news, at = self._news_of(worker), worker.busy_with
                if isinstance(news, Answer):
                    worker.busy_with = None
                    on_answer(at, news)
                elif on_course is not None:
                    on_course(at, news)

    def _free_worker(self) -> _Worker:
        for worker in self._workers:
            if worker.busy_with is None:
                return worker
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, *self._arguments), daemon=True)
        with _deaf_to_ctrl_c():
            process.start()
        theirs.close()  # so that the pipe ends with the process
        self._workers.append(_Worker(process, ours))
        return self._workers[-1]

    def _news_of(self, worker: _Worker) -> Course | Answer:
        """What a process says; where it has died, why."""
        try:
            news: Course | Answer = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join()
            worker.pipe.close()
            self._workers.remove(worker)
            return Answer(failed=f"its process ended {_cause(worker.process.exitcode or 0)}")
        return news

    def _end(self) -> None:
        """End all processes; one that trains writes a checkpoint first."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()


def _send(worker: _Worker, order: Order) -> None:
    """Send an order; where the process has just died, its closed pipe tells so when it is listened to."""
    with suppress(OSError):
        worker.pipe.send(order)


def _cause(code: int) -> str:
    """How a process ended, from its exit code.

    >>> _cause(-9), _cause(1)
    ('by signal 9 (SIGKILL)', 'with exit code 1')
    """
    if code >= 0:
        return f"with exit code {code}"
    known = {number.value: f" ({number.name})" for number in signal.Signals}
    return f"by signal {-code}{known.get(-code, '')}"


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """What is started within it does not hear Ctrl-C, not even while it loads; here Ctrl-C waits for the end."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
