"""Killed at any moment and resumed: the same bits as never stopped."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from death_cases import environment
from training_cases import blobs, cnn, fingerprint, mlp, resumable

from nnfromscratch.data import Augmentation
from nnfromscratch.errors import CheckpointError, RunError
from nnfromscratch.functional import mean_squared_error, softmax_cross_entropy
from nnfromscratch.optimizers import SGD, Adam, Momentum, Optimizer
from nnfromscratch.schedules import Constant
from nnfromscratch.training import fit


@pytest.fixture(scope="module")
def few(digits):
    train, validation = digits
    return train.take(slice(0, 200)), validation.take(slice(0, 60))  # 9 steps an epoch, the last of 8 images


@pytest.fixture(scope="module")
def unbroken(few):
    return fingerprint(*resumable(*few, None))


class Killed(BaseException):
    """Nobody catches it."""


def kill_before_step(monkeypatch, number):
    step, count = Optimizer.step, 0

    def wrapped(self, params, grads):
        nonlocal count
        count += 1
        if count == number:
            raise Killed
        step(self, params, grads)

    monkeypatch.setattr(Optimizer, "step", wrapped)


@pytest.mark.parametrize("seconds", [0, 1000])
@pytest.mark.parametrize("steps", [1, 2, 9, 10, 11, 19])
def test_resumed_from_every_kind_of_place(few, unbroken, tmp_path, monkeypatch, steps, seconds):
    with monkeypatch.context() as patch:
        kill_before_step(patch, steps)
        with pytest.raises(Killed):
            resumable(*few, tmp_path / "run.npz", checkpoint_seconds=seconds)
    assert fingerprint(*resumable(*few, tmp_path / "run.npz", checkpoint_seconds=seconds)) == unbroken


def test_stopped_in_every_epoch_and_after_the_last_step(few, unbroken, tmp_path, monkeypatch):
    from nnfromscratch.training import loop

    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(loop, "evaluate", lambda *args, **kwargs: (_ for _ in ()).throw(Killed))
            with pytest.raises(Killed):
                resumable(*few, tmp_path / "run.npz")
        with monkeypatch.context() as patch:
            kill_before_step(patch, 3)
            with pytest.raises(Killed):
                resumable(*few, tmp_path / "run.npz")
    assert fingerprint(*resumable(*few, tmp_path / "run.npz")) == unbroken


def test_a_longer_run_goes_on_where_a_shorter_one_ended(few, unbroken, tmp_path):
    resumable(*few, tmp_path / "run.npz", epochs=2)
    assert fingerprint(*resumable(*few, tmp_path / "run.npz")) == unbroken


def test_a_finished_run_returns_at_once(few, unbroken, tmp_path, monkeypatch):
    resumable(*few, tmp_path / "run.npz")
    monkeypatch.setattr(Optimizer, "step", None)
    assert fingerprint(*resumable(*few, tmp_path / "run.npz")) == unbroken


def test_a_stopped_early_run_stays_stopped(tmp_path):
    def run(epochs):
        return fit(
            mlp(), blobs(), blobs(16, seed=1), loss=softmax_cross_entropy, optimizer=SGD(0), epochs=epochs,
            rng=np.random.default_rng(0), patience=2, checkpoint=tmp_path / "run.npz", resume=True,
        )  # fmt: skip

    assert run(10).epochs == 3
    again = run(20)
    assert again.epochs == 3
    assert again.stopped_early


def test_the_memory_order_of_parameters_survives(tmp_path):
    def run(epochs, checkpoint):
        network = mlp()
        network.params["1.weight"] = np.asfortranarray(network.params["1.weight"])
        optimizer, rng = Momentum(0.1), np.random.default_rng(0)
        history = fit(
            network, blobs(), loss=softmax_cross_entropy, optimizer=optimizer, epochs=epochs, rng=rng,
            checkpoint=checkpoint, resume=True,
        )  # fmt: skip
        assert network.params["1.weight"].flags.f_contiguous
        return fingerprint(network, optimizer, rng, history)

    run(2, tmp_path / "run.npz")
    assert run(4, tmp_path / "run.npz") == run(4, None)


# --- killed from outside, in a process of its own


@pytest.fixture
def folder(few, tmp_path):
    train, validation = few
    np.savez(
        tmp_path / "digits.npz",
        train_images=train.images,
        train_labels=train.labels,
        val_images=validation.images,
        val_labels=validation.labels,
    )
    return tmp_path


def start(folder, *plan):
    script = Path(__file__).with_name("training_cases.py")
    command = [sys.executable, str(script), str(folder), *map(str, plan)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, env=environment())


def finish(folder):
    process = start(folder)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()
    return (folder / "done.txt").read_text()


def test_killed_in_the_middle_of_everything(folder, unbroken):
    for where, when in [
        ("writing", 1),
        ("stepping", 4),
        ("writing", 3),
        ("before replacing", 2),
        ("after replacing", 4),
        ("writing", 9),
    ]:
        process = start(folder, where, when)
        process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL, where
        if where in ("writing", "before replacing"):
            assert list(folder.glob(".run.npz.*.part"))
    assert finish(folder) == unbroken
    assert not list(folder.glob(".run.npz.*"))


def test_killed_at_random_moments(folder, unbroken):
    chance, kills = random.Random(0), 0
    for _ in range(5):
        process = start(folder)
        wait_for_checkpoints(folder / "run.npz", chance.randint(1, 4), process)
        time.sleep(chance.uniform(0, 0.02))
        process.kill()
        process.communicate(timeout=120)
        kills += process.returncode == -signal.SIGKILL
    assert kills >= 3
    assert finish(folder) == unbroken


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_a_checkpoint(folder, unbroken, number):
    process = start(folder)
    wait_for_checkpoints(folder / "run.npz", 3, process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    if number == signal.SIGINT:
        assert process.returncode in (1, 130, -signal.SIGINT)
        assert b"KeyboardInterrupt: fit: stopped after" in errors
        assert b"run.npz has it all, resume=True goes on from it" in errors
    else:
        assert process.returncode == -signal.SIGTERM
    assert finish(folder) == unbroken


def wait_for_checkpoints(path, number, process):
    """Until the file was written ``number`` times, or the process has ended."""
    last = path.stat().st_ino if path.exists() else None
    deadline = time.monotonic() + 60
    while number and process.poll() is None and time.monotonic() < deadline:
        now = path.stat().st_ino if path.exists() else None
        number -= now != last
        last = now
        time.sleep(0.001)


# --- what does not belong together


@pytest.fixture
def begun(tmp_path):
    path = tmp_path / "run.npz"
    run(path, epochs=2)
    return path


def run(path, **changes):
    arguments = {
        "network": mlp(),
        "train": blobs(),
        "validation": blobs(16, seed=1),
        "loss": softmax_cross_entropy,
        "optimizer": Adam(lr=0.01),
        "epochs": 3,
        "rng": np.random.default_rng(5),
        "batch_size": 16,
        "resume": True,
        "checkpoint": path,
        **changes,
    }
    network, train = arguments.pop("network"), arguments.pop("train")
    return fit(network, train, arguments.pop("validation"), **arguments)


def one_hot_error(logits, labels):
    return mean_squared_error(logits, np.eye(4, dtype=np.float32)[labels])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"network": mlp().astype(np.float64)}, "layer 1"),
        ({"network": cnn(classes=4), "train": blobs()}, "layer"),
        ({"batch_size": 8}, "batch_size"),
        ({"train": blobs(48)}, "train"),
        ({"train": blobs(seed=3)}, "train"),
        ({"validation": blobs(16, seed=2)}, "validation"),
        ({"validation": None}, "validation"),
        ({"optimizer": Adam(lr=0.02)}, "optimizer"),
        ({"optimizer": SGD(lr=0.01)}, "optimizer"),
        ({"rng": np.random.default_rng(6)}, "seed"),
        ({"loss": one_hot_error}, "loss"),
        ({"schedule": Constant(warmup=1)}, "schedule"),
        ({"augment": Augmentation(shift=1)}, "augment"),
        ({"patience": 3}, "patience"),
        ({"epochs": 1}, "at least 2 epochs"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_other_settings_are_named_and_nothing_changes(begun, changes, named):
    network = changes.get("network", mlp())
    if network.layers[0].params:  # the CNN takes larger images
        network = mlp(size=64, classes=5)
    optimizer = changes.get("optimizer", Adam(lr=0.01))
    rng = changes.get("rng", np.random.default_rng(5))
    before = fingerprint(network, optimizer, rng, run(None, epochs=1)), begun.read_bytes()
    with pytest.raises(CheckpointError, match=named):
        run(begun, **{**changes, "network": network, "optimizer": optimizer, "rng": rng})
    after = fingerprint(network, optimizer, rng, run(None, epochs=1)), begun.read_bytes()
    assert before == after


def test_the_generator_may_have_moved_on(begun):
    """The same cell of a notebook again, with the objects of the interrupted run."""
    rng = np.random.default_rng(5)
    rng.random(100)
    assert run(begun, rng=rng, epochs=3).step_loss == run(None, epochs=3).step_loss


@pytest.mark.parametrize("keep", [0, 10, 1000, -1])
def test_a_checkpoint_cut_short_changes_nothing(begun, keep):
    begun.write_bytes(begun.read_bytes()[:keep])
    network, optimizer = mlp(), Adam(lr=0.01)
    with pytest.raises(CheckpointError, match=r"run\.npz"):
        run(begun, network=network, optimizer=optimizer)
    assert all((network.params[name] == array).all() for name, array in mlp().params.items())
    assert optimizer.steps == 0


def test_an_inconsistent_checkpoint_changes_nothing(begun):
    """Right in every setting, with the optimizer's memory of something else."""
    from nnfromscratch.archive import read_archive, write_archive

    arrays, description = read_archive(begun)
    del arrays["optimizer/m.1.weight"]
    write_archive(begun, arrays, description)
    network = mlp()
    with pytest.raises(CheckpointError):
        run(begun, network=network)
    assert all((network.params[name] == array).all() for name, array in mlp().params.items())


def test_a_saved_network_is_no_checkpoint(tmp_path):
    mlp().save(tmp_path / "run.npz")
    with pytest.raises(CheckpointError, match="expects a checkpoint of training, is a saved layer"):
        run(tmp_path / "run.npz")


def test_an_existing_checkpoint_is_not_overwritten(begun):
    before = begun.read_bytes()
    with pytest.raises(RunError, match="resume=True"):
        run(begun, resume=False)
    assert begun.read_bytes() == before


def test_a_folder_that_is_not_there_shows_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(Optimizer, "step", None)
    with pytest.raises(RunError, match="nowhere"):
        run(tmp_path / "nowhere" / "run.npz")


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    from nnfromscratch import archive

    path = tmp_path / "run.npz"
    write_whole, count = archive.write_whole, 0

    def full(path, write):
        nonlocal count
        count += 1
        if count > 2:

            def write(file):
                file.write(b"PK")
                raise OSError(28, "No space left on device")

        write_whole(path, write)

    with monkeypatch.context() as patch:
        patch.setattr(archive, "write_whole", full)
        with pytest.raises(RunError, match="No space left"):
            run(path)
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
    assert run(path).step_loss == run(None).step_loss
