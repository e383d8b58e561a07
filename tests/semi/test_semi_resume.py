"""A training with few labels that is stopped anywhere and resumed ends with the bits of one that never stopped."""

import signal

import numpy as np
import pytest
from few_labels_cases import METHODS, few, method, seeded

from nnfromscratch import archive, kernels
from nnfromscratch.errors import CheckpointError, NonFiniteError, RunError
from nnfromscratch.semi import train_few_labels
from nnfromscratch.semi import training as training_module
from nnfromscratch.semi.learner import learner_settings, new_learner

STEPS = 12


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


def train(path, name="everything", steps=STEPS, resume=True, **more):
    return train_few_labels(
        more.pop("data", None) or few(), METHODS[name], steps=steps, rng=seeded(more.pop("seed", 3)), looks=4,
        checkpoint=path, resume=resume, progress=False, **more,
    )  # fmt: skip


def assert_same(learned, other, path, other_path):
    """The same result, and the same checkpoint but for the clock."""
    for key, array in learned.network.params.items():
        np.testing.assert_array_equal(array, other.network.params[key])
    (arrays, description), (others, other_description) = (archive.read_archive(each) for each in (path, other_path))
    assert arrays.keys() == others.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(array, others[key], err_msg=key)
    for each in (description, other_description):
        for clock in ("seconds", "seconds_done"):
            del each["history"][clock]
    assert description == other_description


def stop_after(monkeypatch, count):
    """Ctrl-C comes in the middle of the ``count``-th step."""
    real, taken = training_module.step, []

    def stopping(learner):
        taken.append(learner.history.steps_done)
        if len(taken) == count:
            signal.raise_signal(signal.SIGINT)
        real(learner)

    monkeypatch.setattr(training_module, "step", stopping)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("count", [1, 5, 6, 9])
def test_stopped_and_resumed(name, count, tmp_path, monkeypatch):
    unbroken = train(tmp_path / "unbroken.npz", name)
    with monkeypatch.context() as patch:
        stop_after(patch, count)
        with pytest.raises(KeyboardInterrupt, match=f"stopped after step {count}; .* goes on from it"):
            train(tmp_path / "stopped.npz", name)
    resumed = train(tmp_path / "stopped.npz", name)
    assert_same(unbroken, resumed, tmp_path / "unbroken.npz", tmp_path / "stopped.npz")


def test_killed_without_a_word(tmp_path, monkeypatch):
    """What counts is the last checkpoint, wherever the training was torn off."""
    unbroken, path = train(tmp_path / "unbroken.npz"), tmp_path / "killed.npz"
    real = training_module.step
    for count in (3, 4, 8):
        with monkeypatch.context() as patch:

            def killed(learner, count=count):
                if learner.history.steps_done == count:
                    raise MemoryError
                real(learner)

            patch.setattr(training_module, "step", killed)
            with pytest.raises(MemoryError):
                train(path, checkpoint_seconds=0)
    assert_same(unbroken, train(path), tmp_path / "unbroken.npz", path)


def test_a_finished_training_returns_at_once(tmp_path, monkeypatch):
    first = train(tmp_path / "run.npz")
    monkeypatch.setattr(training_module, "step", lambda learner: pytest.fail("it takes a step"))
    again = train(tmp_path / "run.npz")
    assert again.history == first.history
    for key, array in first.network.params.items():
        np.testing.assert_array_equal(array, again.network.params[key])


def test_seconds_are_added_up_over_the_parts(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "run.npz")
    _, description = archive.read_archive(tmp_path / "run.npz")
    assert train(tmp_path / "run.npz").history.seconds_done > description["history"]["seconds_done"] > 0


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"steps": STEPS + 1}, "steps"),
        ({"seed": 4}, "seed"),
        ({"data": few(seed=9)}, "labelled images"),
        ({"name": "gan"}, "pseudo_labels"),
        ({"name": "pseudo-labels"}, "generator_rate"),
    ],
    ids=str,
)
def test_other_settings_are_named_and_nothing_changes(given, named, tmp_path):
    train(tmp_path / "run.npz")
    before = (tmp_path / "run.npz").read_bytes()
    with pytest.raises(CheckpointError, match=f"resume expects {named} as when the run began"):
        train(tmp_path / "run.npz", **given)
    assert (tmp_path / "run.npz").read_bytes() == before


def test_every_setting_of_a_method_is_among_them():
    learner = new_learner(few(), METHODS["everything"], steps=3, rng=seeded())
    assert set(vars(method())) - {"network"} <= set(learner_settings(learner))  # a network is known by its layers


@pytest.mark.parametrize("keep", [0, 100, 2000])
def test_a_checkpoint_cut_short_is_told(keep, tmp_path):
    train(tmp_path / "run.npz")
    (tmp_path / "run.npz").write_bytes((tmp_path / "run.npz").read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"run\.npz"):
        train(tmp_path / "run.npz")


@pytest.mark.parametrize("gone", ["network/params/2.v", "averaged/params/2.v", "optimizer/m.2.v", "alignment/mean"])
def test_an_incomplete_checkpoint_is_told(gone, tmp_path):
    train(tmp_path / "run.npz")
    arrays, description = archive.read_archive(tmp_path / "run.npz")
    del arrays[gone]
    archive.write_archive(tmp_path / "run.npz", arrays, description)
    with pytest.raises(CheckpointError, match="expects"):
        train(tmp_path / "run.npz")


def test_a_checkpoint_of_something_else_is_told(tmp_path):
    archive.write_archive(tmp_path / "run.npz", {}, {"kind": "gan"})
    with pytest.raises(CheckpointError, match="expects a checkpoint of few labels, is a saved gan"):
        train(tmp_path / "run.npz")


def test_an_existing_checkpoint_is_not_overwritten(tmp_path):
    train(tmp_path / "run.npz")
    with pytest.raises(RunError, match="checkpoint expects a new file"):
        train(tmp_path / "run.npz", resume=False)


def test_a_folder_that_is_not_there_shows_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(training_module, "step", lambda learner: pytest.fail("it takes a step"))
    with pytest.raises(RunError, match="expects a folder"):
        train(tmp_path / "nowhere" / "run.npz")


def test_parameters_that_are_not_finite_are_not_saved(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"

    def spoil(learner):
        learner.network.params["2.v"][0, 0] = np.inf
        learner.history.note({}, 0)

    monkeypatch.setattr(training_module, "step", spoil)
    with pytest.raises(NonFiniteError, match=r"after step 1: expects finite parameters, the network has parameter v"):
        train(path, checkpoint_seconds=0)
    assert np.isfinite(archive.read_archive(path)[0]["network/params/2.v"]).all()
