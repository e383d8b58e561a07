"""Arms and experiments that other processes can make: of functions of a module, with images of their own."""

import os
import signal
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from few_labels_cases import METHODS, pictures

from nnfromscratch.errors import RangeError
from nnfromscratch.kernels.threads import thread_count
from nnfromscratch.semi import Experiment
from nnfromscratch.semi.arm import Outcome
from nnfromscratch.semi.network_arm import NetworkArm

NETWORKS = {"labels": NetworkArm(METHODS["labels alone"]), "all": NetworkArm(METHODS["everything"])}
STEPS = {"labels": {"training": 9}, "all": {"training": 12}}


def make(arms=NETWORKS, seeds=(0, 1, 2), folder=None):
    return Experiment(arms, pictures(150), (6,), seeds, 30, folder)


def zeros(images):
    return images[:, 0, 0, 0] * 0


@dataclass
class Telling:
    """An arm that says how many threads it has, and where it ran."""

    def plan(self, task, seconds, time_step):
        return {}

    def run(self, task, steps):
        return Outcome(zeros, float(os.getpid()), thread_count(), 0.5)


@dataclass
class Dying(Telling):
    """With label set 1 its process dies, by a signal or otherwise; with label set 2 it fails as others do."""

    how: str = "signal"

    def run(self, task, steps):
        if task.seed == 1:
            os.kill(os.getpid(), signal.SIGKILL) if self.how == "signal" else os._exit(3)
        if task.seed == 2:
            raise RangeError("dying: expects better, is worse")
        return super().run(task, steps)


@dataclass
class Unsendable(Telling):
    """Its classifier cannot be pickled."""

    def run(self, task, steps):
        return Outcome(lambda images: images, 1.0, 1, 0.5)


@dataclass
class Meeting(Telling):
    """It is planned only once as many are being planned as shall be; each time it has a step more."""

    folder: Path
    others: int

    def plan(self, task, seconds, time_step):
        (self.folder / str(os.getpid())).touch()
        deadline = time.monotonic() + 30
        while len(here := sorted(int(path.name) for path in self.folder.iterdir())) < self.others:
            if time.monotonic() > deadline:
                raise RangeError(f"alone with {here}")
            time.sleep(0.01)
        return {"training": 5 + here.index(os.getpid()), "more": 5 - here.index(os.getpid())}


def five_seconds(take):
    return 5.0


def making_fails(words):
    raise RangeError(words)


def train_forever(folder):
    """What a process does that a test stops: two trainings of very many steps; says who its children are."""
    from multiprocessing import active_children

    from nnfromscratch.semi import SideBySide

    one = make({"all": NETWORKS["all"]}, (0, 1), folder)

    def say():
        while len(active_children()) < 2:
            time.sleep(0.01)
        print(*(child.pid for child in active_children()), flush=True)

    threading.Thread(target=say, daemon=True).start()
    with SideBySide(one, partial(make, {"all": NETWORKS["all"]}, (0, 1)), jobs=2, kernels="vectorized") as several:
        several.run({"all": {"training": 10**7}}, on_done=print)
