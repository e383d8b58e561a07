"""An arm that trains one network by one method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnfromscratch.data import as_input
from nnfromscratch.errors import RunError
from nnfromscratch.gan.sampling import as_bytes
from nnfromscratch.layers import Layer, Sequential
from nnfromscratch.semi.arm import Outcome, Steps, Task, TimeStep
from nnfromscratch.semi.labels import FewLabels
from nnfromscratch.semi.learner import LATENT
from nnfromscratch.semi.method import Method
from nnfromscratch.semi.training import Learned, train_few_labels
from nnfromscratch.types import Array

SHOWN = 100  # generated images that an outcome keeps
_AT_ONCE = 500


@dataclass(frozen=True)
class NetworkArm:
    """One network, one method.

    most_steps: for 100 labels or fewer no more, also where there is time; for more labels as many more.
    """

    method: Method
    most_steps: int | None = None

    def plan(self, task: Task, seconds: float, time_step: TimeStep, /) -> Steps:
        """The steps that fit into so many seconds."""
        steps = steps_of(self.method, task.data, seconds, time_step)
        if self.most_steps is not None:
            steps = min(steps, max(self.most_steps, self.most_steps * len(task.data.labelled) // 100))
        return {"training": steps}

    def run(self, task: Task, steps: Mapping[str, int], /) -> Outcome:
        """Train."""
        learned = train_part(task, self.method, "training", steps["training"])
        return outcome_of(learned, task)


def steps_of(method: Method, data: FewLabels, seconds: float, time_step: TimeStep) -> int:
    """How many steps of a method fit into so many seconds. Raises RunError where it is not one.

    A short training has all that a long one has, in the same shares: also the half in which a teacher tells.
    """

    def take(count: int) -> float:
        learned = train_few_labels(data, method, steps=count, rng=np.random.default_rng(0), looks=0, progress=False)
        return learned.history.seconds_done

    each = time_step(take)
    if seconds < each:
        raise RunError(f"a budget of {seconds:.3g} s is too short for one step, which takes {each:.3g} s")
    return int(seconds / each)


def train_part(task: Task, method: Method, part: str, steps: int, data: FewLabels | None = None) -> Learned:
    """``train_few_labels`` as the task wants it; data: other than the task's."""
    return train_few_labels(
        data or task.data,
        method,
        steps=steps,
        rng=task.rng(0),
        checkpoint=task.checkpoint(part),
        resume=task.resume,
        progress=task.progress,
        title=f"{task.title} {part}".strip(),
    )


def outcome_of(learned: Learned, task: Task, *, seconds: float = 0.0, samples: int = 0) -> Outcome:
    """What a training arrived at; seconds, samples: what came before it."""
    history = learned.history
    return Outcome(
        Classifier(learned.network),
        seconds + history.seconds_done,
        samples + history.samples_done,
        history.accuracy[-1],
        history,
        None if learned.generator is None else generated_by(learned.generator, task.rng(1)),
    )


def generated_by(generator: Sequential, rng: np.random.Generator) -> Array:
    """Some images of a generator, as bytes; none of them chosen."""
    return as_bytes(generator.predict(rng.random((SHOWN, LATENT), np.float32)), (0.0, 1.0))


@dataclass(frozen=True)
class Classifier:
    """From images, as they stand in a data set, to classes; it can be pickled, as a nested function cannot."""

    network: Layer

    def __call__(self, images: Array) -> Array:
        """(N, C, H, W) → (N,)."""
        starts = range(0, len(images), _AT_ONCE)
        parts = [self.network.predict(as_input(images[at : at + _AT_ONCE])).argmax(axis=1) for at in starts]
        return np.concatenate(parts)
