"""Learning from few labels and many images: one loop for every method."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np

from nnfromscratch.data import batches
from nnfromscratch.errors import NonFiniteError, RunError, require_int, require_number
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.layers import Layer, Sequential
from nnfromscratch.semi.checkpoint import LearnerSave, load_learner
from nnfromscratch.semi.history import FewLabelsHistory
from nnfromscratch.semi.labels import FewLabels
from nnfromscratch.semi.learner import Learner, learner_settings, new_learner
from nnfromscratch.semi.method import Method
from nnfromscratch.semi.progress import FewLabelsProgress, ProgressLike
from nnfromscratch.semi.step import step
from nnfromscratch.training.interrupt import held_signals


@dataclass(frozen=True, eq=False)
class Learned:
    """What came out: the classifier with averaged weights, the generator where there is one, and the figures."""

    network: Layer
    generator: Sequential | None
    history: FewLabelsHistory


def train_few_labels(
    data: FewLabels,
    method: Method,
    *,
    steps: int,
    rng: np.random.Generator,
    looks: int = 30,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 10.0,
    progress: ProgressLike = None,
    title: str = "training",
) -> Learned:
    """Train a classifier on a few labelled and many unlabelled images, by any ``Method``.

    L = L_labelled + [generator] · L_game + w_e · L_entropy + [t ≥ start·T] · (w_p · L_pseudo + w_c · L_consistency)

    L_generator = L_matching + w_a · L_pull_away

    L_labelled = −mean_n log softmax(z[n])[t[n]]        z: logits of a minibatch of labelled images

    L_game, L_entropy, L_pseudo, L_consistency: ``gan.real_or_generated``, ``gan.conditional_entropy``,
    ``gan.pseudo_label_loss`` and ``gan.consistency_loss``, of a minibatch of unlabelled images; the teacher is the
    running mean of the network's own weights, in evaluation mode and on clean images. The generator learns by
    L_matching, ``gan.feature_matching``, and L_pull_away, ``gan.pull_away``, on the features of the last hidden layer,
    from the same two forward passes as the network, and both move at the same time. Adam's learning rates follow
    ``schedules.ConstantThenLinear(steps)``; the network starts by ``layers.initialize_from_data``. What is returned has
    the averaged weights.

    data: see ``split_labels``; the validation images are looked at ``looks`` times, evenly spread, for the figures
    alone: nothing is chosen by them. rng: everything random is drawn from it.
    checkpoint, resume, checkpoint_seconds, progress: as in ``training.fit``: a training that was killed at any moment,
    and resumed by the same call with a generator of the same seed, ends with the same bits as one that was never
    stopped. Ctrl-C and SIGTERM leave a checkpoint. progress may also be a function, which is given a ``Course`` after
    each step. title: what the progress calls it.

    Raises, before anything is trained, RangeError, ShapeError or DtypeError for what does not fit together,
    CheckpointError where the checkpoint was written with other settings, RunError where there is one already and
    ``resume`` is not set, or where it cannot be written. Raises NonFiniteError at the first loss or gradient with a NaN
    or an infinity, and names the player and the layer; the last checkpoint is then still good.
    Source: Salimans et al., Improved Techniques for Training GANs (2016), section 5; Lee, Pseudo-Label (2013);
    Tarvainen and Valpola, Mean teachers are better role models (2017); Dai et al., Good Semi-supervised Learning that
    Requires a Bad GAN (2017).

    >>> from functools import partial
    >>> from nnfromscratch.data import Dataset
    >>> from nnfromscratch.models import few_labels_discriminator
    >>> from nnfromscratch.semi import split_labels
    >>> seed = np.random.default_rng
    >>> labels = np.arange(60) % 2
    >>> images = np.where(labels[:, None, None, None], 200, 20) + seed(0).integers(0, 50, (60, 1, 6, 6))
    >>> train = Dataset(images.astype(np.uint8), labels, classes=("dark", "light"))
    >>> data = split_labels(train, 4, validation=20, validation_rng=seed(1), rng=seed(2))
    >>> small = Method(network=partial(few_labels_discriminator, widths=(8,)), generator_rate=0.006)
    >>> train_few_labels(data, small, steps=40, rng=seed(3)).history.accuracy[-1]
    1.0
    """
    require_int("train_few_labels", "looks", looks, least=0)
    require_number("train_few_labels", "checkpoint_seconds", checkpoint_seconds, least=0)
    learner = new_learner(data, method, steps=steps, rng=rng)
    save = LearnerSave(checkpoint, checkpoint_seconds)
    _begin(learner, save, resume)
    every = max(1, steps // looks) if looks else 0
    display = FewLabelsProgress(progress, steps, title)
    history = learner.history
    quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
    with quiet, use_threads(), held_signals() as interrupted, display.training(history.steps_done):
        while history.steps_done < steps:
            clock = time.perf_counter()
            learner.set_rates()
            try:
                step(learner)
            except NonFiniteError as error:
                where = f"train_few_labels: step {history.steps_done + 1}"
                raise NonFiniteError(f"{where}: {error}{save.kept()}") from None
            history.seconds_done += time.perf_counter() - clock
            display.step(history)
            done = history.steps_done
            if every and ((done % every == 0 and done + every <= steps) or done == steps):
                history.look(validation_accuracy(learner.averaged.network, data))
                display.look(history)
            if interrupted():
                _stop(learner, save)
            save.when_due(learner)
        save(learner)
    return Learned(learner.averaged.network, learner.generator, history)


def validation_accuracy(network: Layer, data: FewLabels) -> float:
    """The share of the validation images that the network classifies rightly."""
    found = [network.predict(x).argmax(axis=1) == labels for x, labels in batches(data.validation, 500)]
    return float(np.concatenate(found).mean())


def _begin(learner: Learner, save: LearnerSave, resume: bool) -> None:
    """Take up the training where its checkpoint stands, or write the first: what cannot be written, shows at once."""
    if save.path is None:
        return
    learner.settings = learner_settings(learner)
    if not save.path.exists():
        save(learner)
    elif resume:
        load_learner(save.path, learner)
    else:
        raise RunError(
            f"train_few_labels: checkpoint expects a new file, {save.path} exists; resume=True goes on from it"
        )


def _stop(learner: Learner, save: LearnerSave) -> None:
    """End after Ctrl-C with everything saved."""
    save(learner)
    kept = "" if save.path is None else f"; {save.path} has it all, resume=True goes on from it"
    raise KeyboardInterrupt(f"train_few_labels: stopped after {learner.place()}{kept}")
