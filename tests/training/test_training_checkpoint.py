import json

import numpy as np
import pytest
from training_cases import blobs, mlp

from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.optimizers import Adam
from nnfromscratch.training import Run, checkpoint, fit, load_checkpoint, save_checkpoint


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests set; every checkpoint takes ``cost`` seconds."""

    class Clock:
        now, cost, written = 100.0, 0.01, 0

        def save(self, path, run):
            self.now += self.cost
            self.written += 1

    clock = Clock()
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(checkpoint, "save_checkpoint", clock.save)
    return clock


def a_run(seed=0):
    return Run(mlp(seed), Adam(), np.random.default_rng(0), 1)


def test_in_between_every_so_many_seconds(clock, tmp_path):
    autosave, run, written = checkpoint.Autosave(tmp_path / "run.npz", 10.0), a_run(), []
    for second in range(100, 131):
        clock.now = float(second)
        autosave.when_due(run)
        written.append(clock.written)
    assert (written[9], written[10], written[20], written[21], written[30]) == (0, 1, 1, 2, 2)


def test_a_slow_disk_costs_a_fiftieth_of_the_time(clock, tmp_path):
    autosave, run, clock.cost = checkpoint.Autosave(tmp_path / "run.npz", 10.0), a_run(), 2.0
    autosave(run)
    for clock.now, written in [(201.9, 1), (202.1, 2), (250.0, 2)]:
        autosave.when_due(run)
        assert clock.written == written


def test_without_a_file_nothing_is_written(clock):
    autosave = checkpoint.Autosave(None, 0.0)
    autosave(a_run())
    autosave.when_due(a_run())
    assert clock.written == 0


def test_it_has_no_pickle_and_numpy_reads_it(tmp_path):
    run = a_run()
    run.begin_epoch()
    save_checkpoint(tmp_path / "run.npz", run)
    with np.load(tmp_path / "run.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["network/params/1.weight"], run.network.params["1.weight"])
        assert json.loads(file["description.json"].tobytes())["kind"] == "training"


def test_save_and_load_by_hand(tmp_path):
    run, other = a_run(), a_run(seed=1)
    run.history = fit(
        run.network, blobs(), blobs(16), loss=softmax_cross_entropy, optimizer=run.optimizer, epochs=1, rng=run.rng
    )
    run.keep_best()
    run.begin_epoch()
    save_checkpoint(tmp_path / "run.npz", run)
    load_checkpoint(tmp_path / "run.npz", other)
    assert other.history == run.history
    assert other.optimizer.steps == 1
    assert other.rng.random() == run.rng.random()
    for name, array in run.network.params.items():
        np.testing.assert_array_equal(other.network.params[name], array)
        np.testing.assert_array_equal(other.best[f"params/{name}"], array)
        assert not np.shares_memory(other.best[f"params/{name}"], other.network.params[name])
