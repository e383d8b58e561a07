"""The first number that is not finite is found where it was planted."""

import copy

import numpy as np
import pytest
from training_cases import blobs, fingerprint, mlp

from nnfromscratch.errors import NonFiniteError
from nnfromscratch.functional import softmax_cross_entropy
from nnfromscratch.layers import BatchNorm, Dense, Dropout, Flatten, Layer, ReLU, Sequential
from nnfromscratch.optimizers import SGD, Adam
from nnfromscratch.training import History, evaluate, fit
from nnfromscratch.training.nonfinite import first_non_finite

pytestmark = pytest.mark.filterwarnings("ignore:(overflow|invalid|divide):RuntimeWarning")


class Spoils(Layer):
    """Passes everything on, but for one number on the way forward or on the way back."""

    def __init__(self, forward=False, back=False, after=0):
        super().__init__()
        self.wrong = forward, back
        self.after = after

    def forward(self, x, training=True):
        in_time = self.after <= 0
        self.after -= training
        y = x.copy()
        if self.wrong[0] and in_time:
            y[1, 2] = np.nan

        def backward(dy, wrt=("x", "params")):
            dx = dy.copy()
            if self.wrong[1] and in_time:
                dx[0, 3] = -np.inf
            return dx, {}

        return y, backward

    def __repr__(self):
        return "Spoils()"


def network(*between):
    rng = np.random.default_rng(0)
    return Sequential(Flatten(), Sequential(Dense(64, 16, rng=rng), *between, ReLU()), Dense(16, 4, rng=rng))


def where(net, **settings):
    data = blobs(8)
    return first_non_finite(net, np.asarray(data.images), data.labels, softmax_cross_entropy, **settings)


def test_in_the_data():
    images = np.array(blobs(8).images)
    images[3, 0, 1, 2] = np.nan
    found = first_non_finite(network(), images, np.zeros(8, int), softmax_cross_entropy)
    assert found == "the data: the batch of images (1 of 512 numbers, the first nan at (3, 0, 1, 2))"


def test_in_a_parameter():
    net = network()
    net.params["2.bias"][3] = -np.inf
    assert where(net) == "parameter bias of layer 2, Dense(16, 4) (1 of 4 numbers, the first -inf at (3,))"


def test_in_a_running_statistic():
    net = network(BatchNorm(16))
    net.state["1.1.running_variance"][5] = np.inf
    assert where(net).startswith("state running_variance of layer 1.1, BatchNorm(16) (1 of 16 numbers")


def test_in_the_result_of_a_layer():
    found = where(network(Spoils(forward=True)))
    assert found == "the result of layer 1.1, Spoils() (1 of 128 numbers, the first nan at (1, 2))"


def test_where_finite_numbers_overflow():
    net = network()
    net.params["1.0.weight"] *= 1e20
    net.params["2.weight"] *= 1e25
    assert where(net).startswith("the result of layer 2, Dense(16, 4)")


def test_in_the_gradient_that_a_layer_passes_back():
    assert where(network(Spoils(back=True))).startswith("the gradient that layer 1.1, Spoils() passes back (1 of 128")


def test_in_the_gradient_of_a_parameter():
    """x finite, dy finite, and yet xᵀ·dy overflows."""
    net = network()
    net.params["1.0.weight"] *= 1e30
    net.params["2.weight"] *= 1e-32

    def steep(logits, labels):
        return 1.0, lambda dloss=1.0: np.full_like(logits, 1e10)

    found = first_non_finite(net, np.asarray(blobs(8).images), blobs(8).labels, steep)
    assert found.startswith("the gradient of parameter weight of layer 2, Dense(16, 4) (")


def test_in_the_loss_and_in_its_gradient():
    def infinite(logits, labels):
        return np.inf, None

    def steep(logits, labels):
        return 1.0, lambda dloss=1.0: np.full_like(logits, np.nan)

    images, labels = np.asarray(blobs(8).images), blobs(8).labels
    assert first_non_finite(network(), images, labels, infinite) == "the loss itself: inf, of scores that are finite"
    assert first_non_finite(network(), images, labels, steep).startswith("the gradient of the loss (32 of 32")


def test_nowhere():
    assert where(network()) == "nowhere when computed again"
    assert where(network(Spoils(back=True)), training=False) == "nowhere when computed again"


def test_a_network_that_is_one_layer():
    layer = Dense(4, 3, rng=np.random.default_rng(0))
    layer.params["weight"][0, 0] = np.nan
    found = first_non_finite(layer, np.ones((2, 4), np.float32), np.zeros(2, int), softmax_cross_entropy)
    assert found.startswith("parameter weight of Dense(4, 3) (1 of 12")


# --- in the training loop


def train(net, optimizer=None, **settings):
    rng = np.random.default_rng(0)
    arguments = {"loss": softmax_cross_entropy, "epochs": 3, "batch_size": 16, "rng": rng, **settings}
    return fit(net, blobs(), optimizer=optimizer or SGD(0.1), **arguments)


def test_the_step_and_the_layer_are_named():
    with pytest.raises(
        NonFiniteError, match=r"^fit: epoch 2, step 3: .* loss nan; where it began: the result of lay.*1\.1"
    ):
        train(network(Spoils(forward=True, after=6)))


def test_a_gradient_stops_it_before_the_parameters_are_lost():
    net = network(Spoils(back=True, after=2))
    with pytest.raises(NonFiniteError, match=r"epoch 1, step 3: .* a gradient .* the gradient that layer 1\.1, Spoils"):
        train(net)
    assert all(np.isfinite(array).all() for array in net.params.values())


def test_a_parameter_planted_before_training():
    net = network()
    net.params["2.weight"][0, 0] = np.inf
    with pytest.raises(NonFiniteError, match=r"after 0 steps of epoch 1: .* parameter weight of layer 2, Dense"):
        train(net)


@pytest.mark.parametrize("lr", [1e20, 1e38])
def test_a_huge_learning_rate(lr):
    with pytest.raises(NonFiniteError, match=r"layer (1\.0|2), Dense"):
        train(network(), SGD(lr))


def test_parameters_lost_in_the_last_step():
    with pytest.raises(NonFiniteError, match=r"after 4 steps of epoch 1: expects finite parameters, has parameter"):
        train(mlp(), SGD(1e308), epochs=1, schedule=lambda step: float(step == 3))


def test_in_the_validation():
    class Brittle(Spoils):
        def forward(self, x, training=True):
            self.wrong = not training and len(x) > 0, False
            return super().forward(x, training)

    with pytest.raises(
        NonFiniteError, match=r"validation after 4 steps of epoch 1: .*the result of layer 1\.1, Spoils"
    ):
        fit(
            network(Brittle()), blobs(), blobs(16), loss=softmax_cross_entropy, optimizer=SGD(0.1), epochs=1,
            batch_size=16, rng=np.random.default_rng(0),
        )  # fmt: skip


def test_an_augmentation_that_makes_nan():
    def spoil(images, rng):
        images = images.copy()
        images[2] = np.nan
        return images

    with pytest.raises(NonFiniteError, match=r"epoch 1, step 1: .* where it began: the data: .*nan at \(2, 0, 0, 0\)"):
        train(mlp(), augment=spoil)


def test_the_network_stays_as_before_the_step():
    """Also the generator behind dropout and the running statistics."""
    rng = np.random.default_rng(0)
    net = network(BatchNorm(16), Dropout(0.5, rng=rng), Spoils(forward=True, after=3))
    same = copy.deepcopy(net)
    optimizer, unspoiled = Adam(0.01), Adam(0.01)
    with pytest.raises(NonFiniteError, match=r"epoch 1, step 4"):
        train(net, optimizer)

    class EnoughError(Exception):
        pass

    def stop(images, rng):
        nonlocal seen
        seen += 1
        if seen == 4:
            raise EnoughError
        return images

    seen = 0
    same.layers[1].layers[3].wrong = False, False
    with pytest.raises(EnoughError):
        train(same, unspoiled, augment=stop)
    common = np.random.default_rng(0), History()
    assert fingerprint(net, optimizer, *common) == fingerprint(same, unspoiled, *common)


class Moody(Layer):
    """Fails at random: the batch has to be computed again with the numbers that it drew."""

    def __init__(self):
        super().__init__(state={"rng": np.random.default_rng(0)})

    def forward(self, x, training=True):
        fails = training and self.state["rng"].random() > 0.9
        return (x * np.float32(np.inf if fails else 1)), lambda dy, wrt=(): (dy, {})

    def __repr__(self):
        return "Moody()"


def test_the_failing_batch_is_computed_again_with_the_same_random_numbers():
    drawn = np.random.default_rng(0).random(40) > 0.9
    step = int(drawn.argmax())
    assert not drawn[step + 1]
    with pytest.raises(
        NonFiniteError, match=rf"epoch {step // 4 + 1}, step {step % 4 + 1}: .*result of layer 1\.1, Moody"
    ):
        train(network(Moody()), epochs=10)


def test_the_last_good_checkpoint_stays(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.raises(NonFiniteError, match=r"the last good checkpoint is .*run\.npz"):
        train(
            mlp(), SGD(1e308), epochs=3, schedule=lambda step: float(step == 7), checkpoint=path, checkpoint_seconds=0
        )
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name.startswith("network/params/")}
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert len(arrays) == 4
    net = mlp()
    for name in net.params:
        net.params[name] = arrays[f"network/params/{name}"]
    assert np.isfinite(evaluate(net, blobs()).loss)
