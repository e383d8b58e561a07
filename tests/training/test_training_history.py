import json

import numpy as np
import pytest
from training_cases import blobs, mlp

from nnfromscratch.errors import CheckpointError
from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.optimizers import Adam
from nnfromscratch.training import History, fit
from nnfromscratch.training.gradients import gradient_norms
from nnfromscratch.training.history import EpochSums


@pytest.fixture(scope="module")
def history():
    return fit(
        mlp(), blobs(), blobs(16, seed=1), loss=softmax_cross_entropy, optimizer=Adam(), epochs=3, batch_size=20,
        rng=np.random.default_rng(0),
    )  # fmt: skip


def test_json_and_back_is_the_same_to_the_last_bit(history):
    again = History.from_dict(json.loads(json.dumps(history.to_dict(), allow_nan=False)))
    assert again == history
    assert again.loss is not history.loss


def test_every_epoch_has_its_figures(history):
    assert history.epochs == 3
    assert history.steps == len(history.step_loss) == 12
    assert list(history.gradient_norm) == ["1", "3"]
    for name, figures in history.to_dict().items():
        if isinstance(figures, list) and name != "step_loss":
            assert len(figures) == 3, name
    assert all(len(norms) == 3 and min(norms) > 0 for norms in history.gradient_norm.values())
    assert min(history.seconds + history.validation_seconds) > 0
    for seconds, rate in zip(history.seconds, history.images_per_second, strict=True):
        assert rate == pytest.approx(64 / seconds)


def test_the_mean_counts_images_not_batches(history):
    losses = history.step_loss[:4]  # of 20, 20, 20 and 4 images
    assert history.loss[0] == pytest.approx((20 * sum(losses[:3]) + 4 * losses[3]) / 64, rel=1e-12)


@pytest.mark.parametrize("change", [{"loss": None}, {"surprise": []}])
def test_other_entries_are_refused(history, change):
    figures = {**history.to_dict(), **change}
    if "loss" in change:
        del figures["loss"]
    with pytest.raises(CheckpointError, match=next(iter(change))):
        History.from_dict(figures)


def test_the_best_epoch():
    history = History()
    for loss, accuracy, best in [
        (0.5, 0.8, True),
        (0.1, 0.7, False),
        (0.5, 0.8, False),
        (0.6, 0.8, False),
        (0.4, 0.8, True),
        (0.9, 0.9, True),
    ]:
        assert history.add_validation(loss, accuracy, 1.0) == best
    assert history.best_epoch == 5


def test_sums_by_hand():
    sums, history = EpochSums(seconds=2.0), History()
    sums.add(1.0, 1, 2, {"0": 3.0})
    sums.add(4.0, 0, 1, {"0": 5.0})
    sums.close(history, 0.25)
    assert (history.loss, history.accuracy, history.learning_rate) == ([2.0], [1 / 3], [0.25])
    assert (history.gradient_norm, history.seconds, history.images_per_second) == ({"0": [4.0]}, [2.0], [1.5])


def test_gradient_norms():
    grads = {"0.1.weight": np.full((2, 2), 1e30, np.float32), "0.1.bias": np.zeros(2, np.float32), "weight": np.ones(9)}
    norms = gradient_norms(grads)
    assert norms == {"0.1": pytest.approx(2e30), "": 3.0}
    assert np.isnan(gradient_norms({"0.weight": np.array([1.0, np.nan])})["0"])
    assert gradient_norms({"0.weight": np.array([1.0, -np.inf])})["0"] == np.inf
