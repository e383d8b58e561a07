"""An arm that makes more labelled images of few: by a conditional GAN, which has seen the few alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nnfromscratch.data import Dataset
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.gan.sampling import draw_samples
from nnfromscratch.gan.techniques import Techniques
from nnfromscratch.gan.training import train_gan
from nnfromscratch.models import Conditional, conditional_gan
from nnfromscratch.optimizers import Adam
from nnfromscratch.semi.arm import Outcome, Steps, Task, TimeStep
from nnfromscratch.semi.labels import FewLabels
from nnfromscratch.semi.method import Method
from nnfromscratch.semi.network_arm import outcome_of, steps_of, train_part

_TECHNIQUES = Techniques(label_smoothing=0.1, average=0.999)
_MOST = 20_000  # samples that are added


@dataclass(frozen=True)
class ConditionalArm:
    """A conditional GAN on the labelled images, its samples beside them, and a classifier by ``method``.

    samples: how many for each labelled image, all classes in turn. share: of the time, that of the GAN.
    """

    method: Method
    samples: int = 10
    share: float = 0.5
    batch_size: int = 64

    def plan(self, task: Task, seconds: float, time_step: TimeStep, /) -> Steps:
        """The steps of both that fit into so many seconds."""
        each = time_step(lambda count: self._play(task, count, None)[1].seconds)
        return {
            "game": max(1, int(self.share * seconds / each)),
            "training": steps_of(self.method, task.data, (1 - self.share) * seconds, time_step),
        }

    def run(self, task: Task, steps: Mapping[str, int], /) -> Outcome:
        """Train one after the other."""
        generator, game = self._play(task, steps["game"], "game")
        labelled = task.data.labelled
        count = min(self.samples * len(labelled), _MOST)
        classes = np.arange(count) % len(labelled.classes)
        made = draw_samples(generator, count, rng=task.rng(3), labels=classes)
        made = made if labelled.images.dtype == np.uint8 else made / np.float32(255)
        more = Dataset(
            np.concatenate([labelled.images, made]), np.concatenate([labelled.labels, classes]), labelled.classes
        )
        data = FewLabels(more, task.data.unlabelled, task.data.validation)
        learned = train_part(task, self.method, "training", steps["training"], data)
        # a step: a batch of real images and one of generated ones, and one by which the generator learns; what is
        # generated goes through both players
        played = 5 * self._batch(labelled) * game.steps
        return outcome_of(learned, task, seconds=game.seconds, samples=played + count)

    def _play(self, task: Task, steps: int, part: str | None) -> tuple[Conditional, GanHistory]:
        labelled = task.data.labelled
        rng = task.rng(2)
        players = conditional_gan(rng=rng, classes=len(labelled.classes), image_shape=labelled.image_shape)
        history = train_gan(
            *players,
            labelled,
            objective="non-saturating",
            generator_optimizer=Adam(1e-3),
            discriminator_optimizer=Adam(1e-3),
            techniques=_TECHNIQUES,
            steps=steps,
            rng=rng,
            batch_size=self._batch(labelled),
            checkpoint=None if part is None else task.checkpoint(part),
            resume=task.resume and part is not None,
            progress=False,
        )
        return players[0], history

    def _batch(self, labelled: Dataset) -> int:
        return min(self.batch_size, len(labelled))
