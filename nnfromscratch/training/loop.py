"""The training loop."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable

import numpy as np

from nnfromscratch.data import Dataset, batches
from nnfromscratch.data.batches import Augment
from nnfromscratch.errors import NonFiniteError, RunError, ShapeError, require_number
from nnfromscratch.kernels.threads import use_threads
from nnfromscratch.layers import Layer
from nnfromscratch.optimizers import Optimizer
from nnfromscratch.schedules import Constant, Schedule
from nnfromscratch.training.checkpoint import Autosave, Run, load_checkpoint
from nnfromscratch.training.checks import require_callables, require_trainable
from nnfromscratch.training.evaluate import evaluate
from nnfromscratch.training.gradients import gradient_norms
from nnfromscratch.training.history import History
from nnfromscratch.training.interrupt import held_signals
from nnfromscratch.training.nonfinite import Loss, first_non_finite, restore_state
from nnfromscratch.training.progress import Progress
from nnfromscratch.training.settings import run_settings
from nnfromscratch.types import Array


def fit(
    network: Layer,
    train: Dataset,
    validation: Dataset | None = None,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    rng: np.random.Generator,
    batch_size: int = 64,
    schedule: Schedule | None = None,
    augment: Augment | None = None,
    patience: int | None = None,
    restore_best: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 10.0,
    progress: bool | None = None,
    on_epoch: Callable[[History], object] | None = None,
) -> History:
    """Train ``network`` on ``train``: forward, loss, backward, step; batch after batch, epoch after epoch.

    θ ← optimizer(θ, ∂L/∂θ),   L = 1/B · Σ_n ℓ(network(x[n]), labels[n])   over the B images of a shuffled batch

    loss: ``loss(scores, labels)`` gives the mean over a batch and its way back, as ``softmax_cross_entropy`` does.
    rng: shuffles, and gives each batch's ``augment`` a generator. schedule: the learning rate of step t, counted from
    0, is the optimizer's ``lr`` · schedule(t); afterwards ``lr`` is what it was.
    validation: looked at after every epoch. patience: stop after so many epochs without a better validation accuracy
    (of equal ones the lower loss counts as better). restore_best: end with the parameters of the best epoch.
    checkpoint: a file that is written at the start, after every epoch, and in between every ``checkpoint_seconds``
    (0: after every step).
    resume: go on from it, if it is there. A run that was killed at any moment, and resumed by the same call on a newly
    made network and optimizer and a generator of the same seed, ends with the same bits as one that was never stopped;
    ``epochs`` may be larger than before. Ctrl-C and SIGTERM wait for the step to end and leave a checkpoint.
    progress: bars on standard error; None: only in a terminal; True: a plain line an epoch elsewhere; False: nothing.
    on_epoch: called with the history after every epoch.

    Raises, before anything changes, RangeError, ShapeError or DtypeError for arguments that do not fit together,
    CheckpointError where the checkpoint was written by a run with other settings, RunError where there is one already
    and ``resume`` is not set, or where it cannot be written. Raises NonFiniteError at the first loss or gradient with a
    NaN or an infinity, and names the layer where it first appeared; network and optimizer are then as before that step.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 8.1.3 and algorithm 8.1; for early stopping
    algorithm 7.1.

    >>> from nnfromscratch.functional import softmax_cross_entropy
    >>> from nnfromscratch.layers import Dense, Flatten, Sequential
    >>> from nnfromscratch.optimizers import Adam
    >>> rng = np.random.default_rng(0)
    >>> data = Dataset(rng.random((32, 1, 8, 8), np.float32), np.arange(32) % 2, classes=("cat", "dog"))
    >>> network = Sequential(Flatten(), Dense(64, 2, rng=rng))
    >>> history = fit(network, data, loss=softmax_cross_entropy, optimizer=Adam(), epochs=5, batch_size=8, rng=rng)
    >>> history.loss[-1] < history.loss[0]
    True
    """
    require_trainable(network, train, validation, optimizer, rng, epochs, batch_size, patience, restore_best)
    require_number("fit", "checkpoint_seconds", checkpoint_seconds, least=0)
    require_callables(loss=loss, schedule=schedule, augment=augment, on_epoch=on_epoch)
    run = Run(network, optimizer, rng, epochs)
    save = Autosave(checkpoint, checkpoint_seconds)
    if checkpoint is not None:
        choices = {"loss": loss, "schedule": schedule, "augment": augment, "batch_size": batch_size}
        run.settings = run_settings(
            network, train, validation, optimizer=optimizer, rng=rng, patience=patience, **choices
        )
    _begin(run, save, resume)
    base_lr = optimizer.lr
    rate = schedule or Constant()
    display = Progress(progress, epochs, len(train))
    try:
        quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        with quiet, use_threads(), held_signals() as interrupted:
            while not run.finished:
                unseen = batches(train, batch_size, rng=rng, augment=augment, start=run.sums.steps)
                with display.epoch(run.history.epochs + 1, run.sums):
                    clock = time.perf_counter()
                    for x, labels in unseen:
                        optimizer.lr = base_lr * rate(run.history.steps)
                        _step(run, x.astype(network.dtype, copy=False), labels, loss, save)
                        clock, began = time.perf_counter(), clock
                        run.sums.seconds += clock - began
                        display.step(run.sums, len(labels))
                        if interrupted():
                            _stop(run, save)
                        save.when_due(run)
                    _end_epoch(run, validation, loss, patience, base_lr * rate(run.history.steps - 1), save)
                    display.epoch_done(run.history)
                save(run)
                if on_epoch is not None:
                    on_epoch(run.history)
                if interrupted():
                    _stop(run, save)
    finally:
        optimizer.lr = base_lr
    if restore_best:
        run.restore_best()
    return run.history


def _step(run: Run, x: Array, labels: Array, loss: Loss, save: Autosave) -> None:
    """One step of the algorithm; where a number is not finite, network and optimizer stay as they were."""
    network = run.network
    before = copy.deepcopy(dict(network.state))

    y, backward = network.forward(x)
    value, loss_backward = loss(y, labels)
    if np.ndim(value) != 0:
        raise ShapeError(f"fit: loss expects to give one number for a batch, gives shape {np.shape(value)}")
    _, grads = backward(loss_backward(), wrt=("params",))
    norms = gradient_norms(grads)

    if not math.isfinite(value) or not all(map(math.isfinite, norms.values())):
        restore_state(network, before)
        where = first_non_finite(network, x, labels, loss)
        restore_state(network, before)
        what = f"loss {value}" if not math.isfinite(value) else f"loss {value:.4g} and a gradient that is not finite"
        raise NonFiniteError(
            f"fit: epoch {run.history.epochs + 1}, step {run.sums.steps + 1}: expects finite numbers, has {what}; "
            f"where it began: {where}{save.kept()}"
        )
    run.optimizer.step(network.params, grads)
    run.sums.add(float(value), int((y.argmax(axis=1) == labels).sum()), len(labels), norms)
    run.history.step_loss.append(float(value))


def _end_epoch(
    run: Run, validation: Dataset | None, loss: Loss, patience: int | None, learning_rate: float, save: Autosave
) -> None:
    """Write down the epoch's figures, look at the validation data, keep the best, stop early."""
    save.require_finite(run)
    if validation is not None:
        began = time.perf_counter()
        try:
            seen = evaluate(run.network, validation, loss=loss)
        except NonFiniteError as error:
            raise NonFiniteError(f"fit: validation after {run.place()}: {error}{save.kept()}") from error
        if run.history.add_validation(seen.loss, seen.accuracy, time.perf_counter() - began):
            run.keep_best()
    run.sums.close(run.history, learning_rate)
    run.begin_epoch()
    best = run.history.best_epoch
    if patience is not None and best is not None:
        run.history.stopped_early = run.history.epochs - 1 - best >= patience


def _begin(run: Run, save: Autosave, resume: bool) -> None:
    """Take up the run where its checkpoint stands, or write the first one: what cannot be written, shows at once."""
    if save.path is None or not save.path.exists():
        run.begin_epoch()
        save(run)
    elif resume:
        load_checkpoint(save.path, run)
    else:
        raise RunError(f"fit: checkpoint expects a new file, {save.path} exists; resume=True goes on from it")


def _stop(run: Run, save: Autosave) -> None:
    """End after Ctrl-C with everything saved."""
    save(run)
    kept = "" if save.path is None else f"; {save.path} has it all, resume=True goes on from it"
    raise KeyboardInterrupt(f"fit: stopped after {run.place()}{kept}")
