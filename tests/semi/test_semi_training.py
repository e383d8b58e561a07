"""Learning from few labels: gradients are those of the losses, every switch does what it says, a seed decides all."""

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from few_labels_cases import METHODS, SMALL, brighter, few, method, pictures, seeded

from nnfromscratch import kernels
from nnfromscratch.data import Augmentation, Dataset
from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.functional import softmax
from nnfromscratch.models import few_labels_discriminator, noisy_cnn
from nnfromscratch.schedules import ConstantThenLinear
from nnfromscratch.semi import FewLabels, Method, train_few_labels
from nnfromscratch.semi import learner as learner_module
from nnfromscratch.semi import training as training_module
from nnfromscratch.semi.learner import new_learner
from nnfromscratch.semi.step import step


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


every_method = pytest.mark.parametrize("name", METHODS)


def learner_of(chosen, steps=10, data=None, seed=3):
    learner = new_learner(data or few(), chosen, steps=steps, rng=seeded(seed))
    learner.set_rates()
    return learner


def train(chosen, steps=10, data=None, seed=3, **more):
    return train_few_labels(data or few(), chosen, steps=steps, rng=seeded(seed), progress=False, **more)


# --- the gradients -----------------------------------------------------------------------------------------------


class Caught:
    """What the optimizers are given, in the place of a step, and the minibatch."""

    def __init__(self, learner, monkeypatch):
        monkeypatch.setattr(learner.optimizer, "step", lambda params, grads: setattr(self, "grads", grads))
        monkeypatch.setattr(learner.generator_optimizer, "step", lambda params, grads: setattr(self, "made", grads))
        draw, draw_noise = learner.draw, learner.draw_noise

        def caught_draw():
            self.x, self.labels, self.clean = draw()
            return self.x, self.labels, self.clean

        def caught_noise(count):
            self.z = draw_noise(count)
            return self.z

        monkeypatch.setattr(learner, "draw", caught_draw)
        monkeypatch.setattr(learner, "draw_noise", caught_noise)


def losses_by_hand(learner, caught, network, generator):
    """L of the network and L of the generator, as the papers print them, in float64."""
    chosen, known = learner.method, len(caught.labels)
    x = caught.x.astype(np.float64)
    logits = network.forward(x)[0]
    p = softmax(logits)[0]
    total = -np.log(p[np.arange(known), caught.labels]).mean()
    matching = 0.0
    if chosen.generator_rate is not None:
        images = generator.forward(caught.z.astype(np.float64))[0]
        z_real, z_made = (np.exp(each).sum(axis=1) for each in (logits[known:], network.forward(images)[0]))
        d_real, d_made = z_real / (z_real + 1), z_made / (z_made + 1)
        total += -0.5 * np.log(d_real).mean() - 0.5 * np.log(1 - d_made).mean()
        features = [x[known:], images]
        for layer in network.layers[:-2]:  # the last two are noise and the logits
            features = [layer.forward(each)[0] for each in features]
        matching = np.square(features[0].mean(axis=0) - features[1].mean(axis=0)).sum()
        directions = features[1] / np.linalg.norm(features[1], axis=1, keepdims=True)
        cosines = directions @ directions.T
        count = len(cosines)
        matching += chosen.pull_away * (np.square(cosines).sum() - count) / (count * (count - 1))
    others = p[known:]
    total += -chosen.conditional_entropy * (others * np.log(others)).sum(axis=1).mean() if len(others) else 0.0
    if learner.teaches:
        q = softmax(learner.averaged.network.predict(caught.clean).astype(np.float64))[0]
        aligned = q
        if chosen.alignment:
            aligned = q * (1 / 3) / learner.alignment.mean
            aligned = aligned / aligned.sum(axis=1, keepdims=True)
        best = aligned.argmax(axis=1)
        sure = aligned.max(axis=1) > chosen.threshold
        total += chosen.pseudo_labels * -(sure * np.log(others[np.arange(len(others)), best])).mean()
        total += chosen.consistency * np.square(others - q).mean()
    return total, matching


@every_method
def test_gradients_are_those_of_the_losses(name, monkeypatch):
    quiet = partial(few_labels_discriminator, widths=(12, 8), input_noise=0.0, hidden_noise=0.0)
    learner = learner_of(replace(METHODS[name], network=quiet, start=0.0))
    learner.alignment.mean = np.array([0.5, 0.3, 0.2])
    teacher = learner.averaged.network
    for key in teacher.params:  # it is surer than the network
        teacher.params[key] = teacher.params[key] * np.float32(3)
    teacher = copy.deepcopy(teacher)  # as it is before it follows the network
    caught = Caught(learner, monkeypatch)
    before = learner.states()
    mean = learner.alignment.mean
    step(learner)
    learner.restore_states(before)
    learner.alignment.mean, learner.averaged.network = mean, teacher
    learner.history.steps_done = 0

    exact = learner.network.astype(np.float64)
    generator = None if learner.generator is None else learner.generator.astype(np.float64)
    checked = [("network", exact, caught.grads)]
    checked += [] if generator is None else [("generator", generator, caught.made)]
    for which, network, grads in checked:
        assert grads.keys() == network.params.keys()
        for key, gradient in grads.items():
            direction, h = seeded(7).standard_normal(gradient.shape), 1e-6
            start = network.params[key]
            values = []
            for sign in (1, -1):
                network.params[key] = start + sign * h * direction
                values.append(losses_by_hand(learner, caught, exact, generator)[which == "generator"])
            network.params[key] = start
            expected = (values[0] - values[1]) / (2 * h)
            assert (gradient * direction).sum() == pytest.approx(expected, rel=2e-3, abs=2e-5), (which, key)


@pytest.mark.parametrize(("network", "activation"), [(SMALL, "ReLU()"), (noisy_cnn, "LeakyReLU(0.1)")])
def test_the_features_are_those_before_the_noise(network, activation):
    learner = learner_of(Method(network=network, generator_rate=0.006))
    assert repr(learner.body.layers[-1]) == activation
    assert len(learner.head) == 2
    assert [*learner.body, *learner.head] == list(learner.network)


def test_the_network_and_the_generator_move_at_the_same_time(monkeypatch):
    """Neither sees what the other has just become."""
    learner = learner_of(METHODS["gan"])
    order = []
    for name, optimizer in (("network", learner.optimizer), ("generator", learner.generator_optimizer)):
        real = optimizer.step
        monkeypatch.setattr(optimizer, "step", lambda *given, name=name, real=real: (order.append(name), real(*given)))
    forward = learner.generator.forward
    monkeypatch.setattr(learner.generator, "forward", lambda *given: (order.append("forward"), forward(*given))[1])
    step(learner)
    assert order == ["forward", "network", "generator"]


@every_method
def test_every_parameter_changes(name):
    learner = learner_of(METHODS[name], steps=2)
    before = {
        (player, key): array.copy()
        for player, network in learner.players.items()
        for key, array in network.params.items()
    }
    for _ in range(2):
        step(learner)
    for (player, key), array in before.items():
        assert not np.array_equal(array, learner.players[player].params[key]), (player, key)


# --- the switches ------------------------------------------------------------------------------------------------


def test_losses_are_those_of_the_method():
    for name, chosen in METHODS.items():
        history = train(chosen, looks=1).history
        expected = set(chosen.losses)
        expected |= {"generator"} if chosen.generator_rate else set()
        expected |= {"sure"} if chosen.pseudo_labels else set()
        expected |= {"pull-away"} if chosen.pull_away else set()
        assert set(history.losses) == expected, name


def test_the_teacher_says_nothing_before_its_time():
    history = train(method(pseudo_labels=1.0, start=0.5), steps=10, looks=10).history
    told = [value is not None for value in history.losses["pseudo-labels"]]
    assert told == [False] * 5 + [True] * 5
    assert history.samples == [12, 24, 36, 48, 60, 79, 98, 117, 136, 155]


def test_every_image_that_goes_through_a_network_is_counted():
    """5 + 7 real ones; 4 that the generator makes and the network looks at; 7 once more by the teacher."""
    for chosen, expected in (
        (method(), 5),
        (method(conditional_entropy=1.0), 12),
        (method(generator_rate=0.006), 12 + 4 + 4),
        (method(generator_rate=0.006, consistency=1.0, start=0.0), 12 + 4 + 4 + 7),
    ):
        learner = learner_of(chosen)
        step(learner)
        assert learner.history.samples_done == expected


@pytest.mark.parametrize("which", ["augment_labelled", "augment_unlabelled"])
def test_only_the_images_that_are_meant_are_augmented(which):
    learner = learner_of(method(generator_rate=0.006, **{which: brighter}))
    x, labels, clean = learner.draw()
    bright = x.max(axis=(1, 2, 3)) > 1
    known = np.arange(len(x)) < len(labels)
    assert bright[known].any() == (which == "augment_labelled")
    assert bright[~known].any() == (which == "augment_unlabelled")
    assert clean.max() <= 1
    if which == "augment_labelled":
        np.testing.assert_array_equal(x[~known], clean)


def test_labelled_images_keep_their_labels():
    data = few()
    x, labels, _ = learner_of(METHODS["gan"], data=data).draw()
    images = data.labelled.images / np.float32(255)
    for image, label in zip(x, labels, strict=False):
        places = [place for place, known in enumerate(images) if np.array_equal(known, image)]
        assert [data.labelled.labels[place] for place in places] == [label]


def test_labels_alone_never_look_at_the_others(monkeypatch):
    data = few()
    hidden = FewLabels(data.labelled, np.zeros_like(data.unlabelled), data.validation)
    for one, other in zip(
        train(METHODS["labels alone"], data=data).network.params.values(),
        train(METHODS["labels alone"], data=hidden).network.params.values(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_the_alignment_follows_what_the_teacher_says():
    learner = learner_of(method(pseudo_labels=1.0, start=0.0))
    told = []
    predict = learner.averaged.network.predict
    learner.averaged.network.predict = lambda x: told.append(predict(x)) or told[-1]
    step(learner)
    expected = 0.99 / 3 + 0.01 * softmax(told[0])[0].mean(axis=0)
    np.testing.assert_allclose(learner.alignment.mean, expected, rtol=1e-6)


def test_the_teacher_sees_clean_images(monkeypatch):
    learner = learner_of(method(consistency=1.0, start=0.0, augment_unlabelled=brighter))
    seen = []
    predict = learner.averaged.network.predict
    monkeypatch.setattr(learner.averaged.network, "predict", lambda x: (seen.append(x), predict(x))[1])
    step(learner)
    assert seen[0].max() <= 1


def test_the_rates_follow_the_schedule(monkeypatch):
    rates = []

    def note(learner):
        rates.append((learner.optimizer.lr, learner.generator_optimizer.lr))
        learner.history.note({}, 0)

    monkeypatch.setattr(training_module, "step", note)
    train(method(generator_rate=0.006), steps=20, looks=0)
    shares = [ConstantThenLinear(20)(t) for t in range(20)]
    np.testing.assert_allclose(rates, [(0.008 * share, 0.006 * share) for share in shares], rtol=1e-12)


def test_the_result_has_averaged_weights():
    learner = learner_of(METHODS["gan"], steps=3)
    expected = None
    for t in range(3):
        learner.set_rates()
        step(learner)
        now = learner.network.params["2.v"]
        decay = min(0.998, t / (9 + t))
        expected = now.copy() if expected is None else decay * expected + (1 - decay) * now
    np.testing.assert_allclose(learner.averaged.network.params["2.v"], expected, rtol=1e-5)
    learned = train(METHODS["gan"], steps=3)
    np.testing.assert_array_equal(
        learned.network.predict(np.ones((1, 1, 6, 6), np.float32)),
        learner.averaged.network.predict(np.ones((1, 1, 6, 6), np.float32)),
    )


def test_the_network_starts_standardized():
    quiet = partial(few_labels_discriminator, widths=(12, 8), input_noise=0.0, hidden_noise=0.0)
    learner = learner_of(Method(network=quiet, generator_rate=0.006))
    logits = learner.network.predict(learner.data.unlabelled / np.float32(255))
    np.testing.assert_allclose(logits.mean(axis=0), 0, atol=0.3)
    np.testing.assert_allclose(logits.std(axis=0), 1, atol=0.3)


# --- the loop ----------------------------------------------------------------------------------------------------


@every_method
def test_a_seed_decides_every_bit(name):
    one, other, another = (train(METHODS[name], seed=seed) for seed in (3, 3, 4))
    for key, array in one.network.params.items():
        np.testing.assert_array_equal(array, other.network.params[key])
    assert not np.array_equal(one.network.params["2.v"], another.network.params["2.v"])


@pytest.mark.parametrize(("steps", "looks", "expected"), [(10, 3, [3, 6, 10]), (5, 30, [1, 2, 3, 4, 5]), (7, 1, [7])])
def test_looks_are_spread_and_the_last_step_is_one(steps, looks, expected):
    history = train(METHODS["labels alone"], steps=steps, looks=looks).history
    assert history.step == expected
    assert history.samples == [5 * step for step in expected]
    assert history.seconds == sorted(history.seconds)


def test_looking_changes_nothing():
    one, other = (train(METHODS["everything"], looks=looks) for looks in (0, 10))
    assert one.history.step == []
    for key, array in one.network.params.items():
        np.testing.assert_array_equal(array, other.network.params[key])


def test_the_accuracy_is_that_of_the_result_on_the_validation_images():
    data = few()
    learned = train(METHODS["gan"], data=data)
    answers = learned.network.predict(data.validation.images / np.float32(255)).argmax(axis=1)
    assert learned.history.accuracy[-1] == (answers == data.validation.labels).mean()


@pytest.mark.parametrize("name", ["labels alone", "everything"])
def test_it_learns(name):
    assert train(replace(METHODS[name], augment_labelled=None), steps=150).history.accuracy[-1] > 0.8


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8)])
def test_a_cnn_learns_with_real_augmentation(shape):
    augment = Augmentation()
    chosen = Method(
        network=noisy_cnn, learning_rate=0.003, pseudo_labels=1.0, start=0.0,
        augment_labelled=augment, augment_unlabelled=augment, labelled=5, unlabelled=7,
    )  # fmt: skip
    learned = train(chosen, steps=3, data=few(shape=shape))
    assert learned.network.predict(np.zeros((2, *shape), np.float32)).shape == (2, 3)


def test_a_convolutional_discriminator_plays_as_well():
    learner = learner_of(Method(network=noisy_cnn, generator_rate=0.006, pseudo_labels=1.0), data=few(shape=(1, 8, 8)))
    images = seeded(1).random((4, 1, 8, 8), np.float32)
    features, _ = learner.body.forward(images, training=False)
    assert features.shape == (4, 128)
    np.testing.assert_array_equal(learner.head.forward(features, training=False)[0], learner.network.predict(images))
    before = learner.generator.params["0.weight"].copy()
    step(learner)
    assert not np.array_equal(before, learner.generator.params["0.weight"])


# --- what makes no sense -----------------------------------------------------------------------------------------


def test_images_that_do_not_fit_are_refused():
    data = few()
    for unlabelled, error, message in (
        (np.zeros((9, 1, 5, 6), np.uint8), ShapeError, "unlabelled images expect shape"),
        (np.zeros((0, 1, 6, 6), np.uint8), ShapeError, "N at least 1"),
        (np.zeros((9, 1, 6, 6), np.float32), DtypeError, "unlabelled images expect uint8"),
    ):
        with pytest.raises(error, match=message):
            train(METHODS["gan"], data=FewLabels(data.labelled, unlabelled, data.validation))
    floats = FewLabels(*(replace_images(part) for part in (data.labelled, data.unlabelled, data.validation)))
    train(METHODS["gan"], steps=1, data=floats)
    with pytest.raises(RangeError, match="numbers from 0 to 1"):
        train(METHODS["gan"], data=FewLabels(floats.labelled, floats.unlabelled * 255, floats.validation))


def replace_images(part):
    images = part if isinstance(part, np.ndarray) else part.images
    images = images / np.float32(255)
    return images if isinstance(part, np.ndarray) else replace(part, images=images)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"steps": 0}, RangeError, "steps expects"),
        ({"looks": -1}, RangeError, "looks expects"),
        ({"checkpoint_seconds": -1}, RangeError, "checkpoint_seconds expects"),
        ({"data": pictures()}, DtypeError, "data expects FewLabels"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(given, error, message):
    with pytest.raises(error, match=message):
        train(METHODS["gan"], **given)
    one = Dataset(pictures().images, np.zeros(120, int), ("only",))
    with pytest.raises(RangeError, match="at least 2 classes to tell apart, has 1"):
        train(METHODS["gan"], data=FewLabels(one, one.images, one))
    with pytest.raises(DtypeError, match="method expects a Method"):
        train("gan")
    with pytest.raises(DtypeError, match="rng expects"):
        train_few_labels(few(), METHODS["gan"], steps=1, rng=3)


@pytest.mark.parametrize(
    "given",
    [
        {"network": "dense"}, {"learning_rate": 0}, {"generator_rate": -1}, {"pseudo_labels": -1}, {"consistency": -1},
        {"start": 1}, {"threshold": 1.0}, {"average": 1.0}, {"beta1": 1.0}, {"labelled": 0}, {"unlabelled": 0},
        {"generated": 0.5}, {"conditional_entropy": -1}, {"pull_away": -1}, {"pull_away": 1.0},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(given):
    with pytest.raises(RangeError, match=f"Method: {next(iter(given))} expects"):
        Method(**given)


@pytest.mark.parametrize(
    ("player", "key", "named"),
    [
        ("network", "2.v", r"the network, on real images: parameter v of layer 2, WeightNorm\(Dense\(36, 12\)\)"),
        ("generator", "3.weight", r"the generator: parameter weight of layer 3, Dense\(200, 200\)"),
    ],
)
def test_what_is_not_finite_is_named_and_nothing_changes(player, key, named):
    learner = learner_of(METHODS["gan"])
    step(learner)
    learner.players[player].params[key][0, 0] = np.nan
    before = copy.deepcopy({name: dict(network.params) for name, network in learner.players.items()})
    states = learner.states()
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError, match=named):
        step(learner)
    for name, network in learner.players.items():
        for each in network.params:
            np.testing.assert_array_equal(network.params[each], before[name][each])
        for each, value in network.state.items():
            if isinstance(value, np.random.Generator):
                assert value.bit_generator.state == states[name][each]
            else:
                np.testing.assert_array_equal(value, states[name][each])


def test_a_teacher_that_is_not_finite_is_named():
    learner = learner_of(METHODS["consistency"])
    step(learner)
    learner.averaged.network.params["5.bias"][0] = np.inf
    with (
        np.errstate(all="ignore"),
        pytest.raises(NonFiniteError, match=r"\(teacher\) of nan; .*: the teacher: parameter"),
    ):
        step(learner)


def test_a_loss_that_overflows_is_told_with_the_step(monkeypatch):
    monkeypatch.setattr(learner_module, "ConstantThenLinear", lambda steps: lambda step: 1e30)
    with pytest.raises(NonFiniteError, match=r"train_few_labels: step \d+: expects finite numbers, has .* began: the"):
        train(METHODS["labels alone"], steps=50)


def test_the_small_network_is_the_one_that_is_tested():
    assert learner_of(METHODS["gan"]).network.params["2.v"].shape == (36, 12)
    assert SMALL.keywords == {"widths": (12, 8)}
