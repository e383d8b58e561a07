import math
import signal
import threading

import numpy as np
import pytest
from training_cases import blobs, cnn, fingerprint, mlp

from nnfromscratch import kernels
from nnfromscratch.data import Augmentation, Dataset, as_input
from nnfromscratch.errors import DtypeError, NNFromScratchError, RangeError, ShapeError
from nnfromscratch.functional import mean_squared_error, softmax_cross_entropy
from nnfromscratch.layers import BatchNorm, Dense, Flatten, ReLU, Sequential
from nnfromscratch.optimizers import SGD, Adam, Optimizer
from nnfromscratch.schedules import Cosine
from nnfromscratch.training import evaluate, fit


def train(network=None, data=None, validation=None, **settings):
    arguments = {
        "loss": softmax_cross_entropy,
        "optimizer": Adam(lr=0.01),
        "epochs": 3,
        "batch_size": 16,
        "rng": np.random.default_rng(0),
        **settings,
    }
    return fit(network or mlp(), blobs() if data is None else data, validation, **arguments)


# --- it learns


def test_it_overfits_32_digits(digits):
    few = digits[0].take(slice(0, 32))
    network = cnn()
    with kernels.use("vectorized"):
        history = train(network, few, epochs=60)
        assert evaluate(network, few).accuracy == 1.0
    assert history.loss[-1] < 0.2 * history.loss[0]
    assert history.accuracy[-1] > 0.9


def test_the_loss_falls_and_what_was_learned_holds_for_other_images():
    network = mlp()
    history = train(network, epochs=10)
    assert history.loss[-1] < 0.3 * history.loss[0]
    assert evaluate(network, blobs(40, seed=9)).accuracy > 0.9


def test_a_step_is_the_algorithm_and_nothing_else():
    """One epoch by hand: the same bits."""
    network, optimizer, rng, data = mlp(), SGD(0.5), np.random.default_rng(3), blobs(40)
    by_hand, order = mlp(), np.random.default_rng(3).permutation(40)
    history = train(network, data, optimizer=optimizer, rng=rng, epochs=1)
    losses = []
    for start in (0, 16, 32):
        chosen = order[start : start + 16]
        y, backward = by_hand.forward(as_input(data.images[chosen]))
        value, loss_backward = softmax_cross_entropy(y, data.labels[chosen])
        _, grads = backward(loss_backward())
        losses.append(value)
        for name, g in grads.items():
            by_hand.params[name] -= 0.5 * g
    assert history.step_loss == losses
    for name, array in by_hand.params.items():
        np.testing.assert_array_equal(network.params[name], array)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    def run(seed, augment=None):
        network, optimizer, rng = mlp(), Adam(), np.random.default_rng(seed)
        history = train(network, optimizer=optimizer, rng=rng, augment=augment)
        return fingerprint(network, optimizer, rng, history)

    assert run(1) == run(1)
    assert run(1, Augmentation()) == run(1, Augmentation())
    assert len({run(1), run(2), run(1, Augmentation())}) == 3


def test_every_epoch_has_another_order():
    first = train(epochs=2, optimizer=SGD(0.0), data=blobs(64))
    assert set(first.step_loss[:4]) != set(first.step_loss[4:])
    assert first.loss[0] == pytest.approx(first.loss[1], rel=1e-6)


def test_validation_and_progress_do_not_touch_the_training():
    plain, watched = mlp(), mlp()
    train(plain)
    train(watched, validation=blobs(16, seed=1), patience=3, progress=True, on_epoch=lambda history: None)
    for name, array in plain.params.items():
        np.testing.assert_array_equal(watched.params[name], array)


def test_checkpoints_do_not_touch_the_training(tmp_path):
    plain, saved = mlp(), mlp()
    train(plain)
    train(saved, checkpoint=tmp_path / "run.npz", checkpoint_seconds=0)
    for name, array in plain.params.items():
        np.testing.assert_array_equal(saved.params[name], array)


def test_a_network_of_float64():
    network = mlp().astype(np.float64)
    train(network)
    assert network.dtype == np.float64


def test_another_loss():
    def error(logits, labels):
        return mean_squared_error(logits, np.eye(4, dtype=np.float32)[labels])

    history = train(loss=error, epochs=10)
    assert history.loss[-1] < 0.5 * history.loss[0]


def test_outside_the_main_thread(tmp_path):
    histories = []
    thread = threading.Thread(target=lambda: histories.append(train(checkpoint=tmp_path / "run.npz")))
    thread.start()
    thread.join()
    assert histories[0].step_loss == train().step_loss


def test_ctrl_c_ends_after_the_step_in_which_it_came(tmp_path, monkeypatch):
    network, optimizer, step = mlp(), Adam(lr=0.01), Optimizer.step

    def press(self, params, grads):
        if self.steps == 5:
            signal.raise_signal(signal.SIGINT)
        step(self, params, grads)

    with monkeypatch.context() as patch:
        patch.setattr(Optimizer, "step", press)
        with pytest.raises(KeyboardInterrupt, match=r"stopped after 2 steps of epoch 2; .*run\.npz has it all"):
            train(network, optimizer=optimizer, checkpoint=tmp_path / "run.npz")
        with pytest.raises(KeyboardInterrupt, match=r"stopped after 2 steps of epoch 2$"):
            train()
    assert optimizer.steps == 6
    with np.load(tmp_path / "run.npz") as file:
        assert len(file["step_loss"]) == 6
    history = train(network, optimizer=optimizer, checkpoint=tmp_path / "run.npz", resume=True)
    assert history.step_loss == train().step_loss


# --- learning rate, early stopping, the best epoch


def test_the_schedule_sets_each_steps_learning_rate(monkeypatch):
    seen, step = [], Optimizer.step
    monkeypatch.setattr(Optimizer, "step", lambda self, *args: (seen.append(self.lr), step(self, *args)))
    optimizer, schedule = SGD(0.2), Cosine(steps=12, warmup=2)
    history = train(optimizer=optimizer, schedule=schedule)
    assert seen == [0.2 * schedule(t) for t in range(12)]
    assert history.learning_rate == [seen[3], seen[7], seen[11]]
    assert optimizer.lr == 0.2


def test_the_learning_rate_is_put_back_when_training_fails():
    def fails(history):
        raise ZeroDivisionError

    optimizer = SGD(0.2)
    with pytest.raises(ZeroDivisionError):
        train(optimizer=optimizer, schedule=Cosine(steps=12), on_epoch=fails)
    assert optimizer.lr == 0.2


def after_each_epoch(network, epochs, validation, **settings):
    """The parameters and the validation figures after every epoch."""
    copies, figures = [], []

    def note(history):
        copies.append({name: array.copy() for name, array in {**network.params, **network.state}.items()})
        seen = evaluate(network, validation)
        figures.append((seen.accuracy, seen.loss))

    history = train(network, validation=validation, epochs=epochs, on_epoch=note, **settings)
    return history, copies, figures


def with_statistics():
    rng = np.random.default_rng(0)
    return Sequential(Flatten(), Dense(64, 16, rng=rng), BatchNorm(16), ReLU(), Dense(16, 4, rng=rng))


def noisy_lr(step):
    """Learns for two epochs and then spoils it all."""
    return 0.001 if step < 8 else 1.0


def test_validation_figures_are_those_of_the_epochs_end():
    history, _, figures = after_each_epoch(with_statistics(), 4, blobs(30, seed=1))
    assert list(zip(history.validation_accuracy, history.validation_loss, strict=True)) == figures


@pytest.mark.parametrize("restore_best", [True, False])
def test_the_best_epoch_is_restored_with_its_statistics(restore_best):
    network = with_statistics()
    history, copies, figures = after_each_epoch(
        network, 5, blobs(40, seed=1), optimizer=SGD(300.0), schedule=noisy_lr, restore_best=restore_best
    )
    best = history.best_epoch
    assert best == max(range(5), key=lambda epoch: (figures[epoch][0], -figures[epoch][1]))
    assert best < 4
    expected = copies[best if restore_best else -1]
    for name, array in {**network.params, **network.state}.items():
        np.testing.assert_array_equal(array, expected[name])


def test_patience():
    history = train(
        validation=blobs(40, seed=1), epochs=20, optimizer=SGD(0.0), patience=3
    )  # the first epoch remains the best
    assert (history.epochs, history.best_epoch, history.stopped_early) == (4, 0, True)
    history = train(validation=blobs(40, seed=1), epochs=4, optimizer=SGD(0.0), patience=4)
    assert (history.epochs, history.stopped_early) == (4, False)
    history = train(validation=blobs(40, seed=1), epochs=6, patience=1)  # the loss still falls
    assert (history.epochs, history.stopped_early) == (6, False)


def test_gradient_norms_are_means_over_the_steps(monkeypatch):
    norms, step = [], Optimizer.step

    def note(self, params, grads):
        norms.append(
            math.hypot(*(np.linalg.norm(grads[f"3.{name}"].astype(np.float64)) for name in ("weight", "bias")))
        )
        step(self, params, grads)

    monkeypatch.setattr(Optimizer, "step", note)
    history = train(epochs=2)
    assert history.gradient_norm["3"] == pytest.approx([np.mean(norms[:4]), np.mean(norms[4:])], rel=1e-12)


# --- what does not fit, before anything changes


def vectors():
    rng = np.random.default_rng(0)
    return Sequential(Flatten(), Dense(64, 8, rng=rng), BatchNorm(8), Dense(8, 4, rng=rng))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"epochs": 0}, RangeError, "epochs expects a whole number of at least 1, is 0"),
        ({"epochs": 2.0}, RangeError, "epochs expects a whole number"),
        ({"batch_size": 0}, RangeError, "batch_size expects a whole number of at least 1, is 0"),
        ({"batch_size": 65}, RangeError, "batch_size expects at most the 64 training images, is 65"),
        ({"data": blobs().images}, DtypeError, "train expects a data.Dataset, is ndarray"),
        ({"validation": (1, 2)}, DtypeError, "validation expects a data.Dataset, is tuple"),
        ({"network": mlp(classes=3)}, ShapeError, r"each of the 4 classes, shape \(N, 4\), gives shape \(N, 3\)"),
        ({"network": mlp(size=32)}, ShapeError, r"other images than these of shape \(1, 8, 8\): dense"),
        ({"network": Sequential(ReLU(), Flatten())}, RangeError, "network expects parameters to train, has none"),
        ({"network": "cnn"}, DtypeError, "network expects a layer, is str"),
        (
            {"validation": Dataset(np.zeros((2, 1, 9, 9), np.uint8), np.array([0, 1]), ("a", "b"))},
            ShapeError,
            r"other images than these of shape \(1, 9, 9\)",
        ),
        ({"optimizer": "adam"}, DtypeError, "optimizer expects an optimizer such as Adam"),
        ({"optimizer": Adam}, DtypeError, "optimizer expects an optimizer"),
        ({"rng": 0}, DtypeError, "rng expects a numpy.random.Generator"),
        ({"loss": None}, DtypeError, "loss expects a function, is NoneType"),
        ({"loss": "mse"}, DtypeError, "loss expects a function, is str"),
        ({"schedule": 0.1}, DtypeError, "schedule expects a function, is float"),
        ({"augment": True}, DtypeError, "augment expects a function, is bool"),
        ({"on_epoch": 3}, DtypeError, "on_epoch expects a function, is int"),
        ({"patience": 0, "validation": blobs(8)}, RangeError, "patience expects a whole number of at least 1"),
        ({"patience": 2}, RangeError, "patience and restore_best expect validation data"),
        ({"restore_best": True}, RangeError, "patience and restore_best expect validation data"),
        ({"checkpoint_seconds": -1}, RangeError, "checkpoint_seconds"),
        ({"checkpoint_seconds": math.nan}, RangeError, "checkpoint_seconds"),
        (
            {"network": vectors(), "data": blobs(33)},
            ShapeError,
            "batch_size expects another number than 16, .* of the 33",
        ),
        (
            {"loss": lambda logits, labels: softmax_cross_entropy(logits, labels, "none")},
            ShapeError,
            r"loss expects to give one number for a batch, gives shape \(16,\)",
        ),
    ],
)
def test_bad_input_is_named_before_anything_changes(changes, error, message):
    changes = dict(changes)
    rng = np.random.default_rng(0)
    network = changes.pop("network", None) or mlp()
    optimizer = changes.get("optimizer", Adam())
    before = {name: np.copy(array) for name, array in getattr(network, "params", {}).items()}
    with pytest.raises(error, match=message) as caught:
        train(network, changes.pop("data", None), **{"optimizer": optimizer, "rng": rng, **changes})
    assert isinstance(caught.value, NNFromScratchError)
    assert all((network.params[name] == array).all() for name, array in before.items())
    assert getattr(optimizer, "steps", 0) == 0


def test_a_last_batch_of_one_image_is_fine_for_other_networks():
    assert train(data=blobs(33), epochs=1).steps == 3


def test_a_learning_rate_that_makes_no_sense():
    with pytest.raises(RangeError, match="lr"):
        train(schedule=lambda step: -1.0)
