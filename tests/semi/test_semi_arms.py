"""Every arm does what its name says: what it may look at, what it takes, and that it can be resumed."""

from dataclasses import fields, replace

import numpy as np
import pytest
from few_labels_cases import SMALL, few

from nnfromscratch import kernels
from nnfromscratch.errors import RunError
from nnfromscratch.layers import Conv2d, WeightNorm
from nnfromscratch.semi import ARMS, FewLabels, network_arm
from nnfromscratch.semi.arm import Task
from nnfromscratch.semi.feature_arms import LinearArm, NeighboursArm
from nnfromscratch.semi.learner import new_learner
from nnfromscratch.semi.method import Method

NAMES = ("labels-only", "self-training", "consistency", "gan", "gan-ablated", "cnn", "student", "conditional")
STEPS = {"training": 4, "teacher": 3, "student": 2, "game": 3}


@pytest.fixture(autouse=True)
def numpy_kernels():
    with kernels.use("vectorized"):
        yield


def small(arm):
    """The arm with small networks and batches."""
    changes = {}
    for field in fields(arm):
        value = getattr(arm, field.name)
        if isinstance(value, Method):
            dense = "few_labels_discriminator" in repr(value.network)
            network = SMALL if dense else value.network
            changes[field.name] = replace(value, network=network, labelled=5, unlabelled=7, generated=4)
    return replace(arm, **changes)


def methods(name):
    return [value for value in vars(ARMS[name]).values() if isinstance(value, Method)]


def task(folder=None, resume=False, shape=(1, 8, 8)):
    return Task(few(9, shape), 3, folder, resume)


def test_the_names_are_those_of_the_command():
    assert set(ARMS) == {*NAMES, *(f"{name}-aug" for name in NAMES), "gan-wide", "hog-linear", "hog-knn"}


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_runs(name):
    outcome = small(ARMS[name]).run(task(), STEPS)
    images = few(9, (1, 8, 8)).validation.images
    answers = outcome.classify(images)
    assert answers.shape == (30,)
    assert set(answers) <= {0, 1, 2}
    assert outcome.seconds > 0
    assert outcome.samples > 0
    assert outcome.accuracy == (answers == few(9, (1, 8, 8)).validation.labels).mean()


@pytest.mark.parametrize("name", [name for name in ARMS if methods(name)])
def test_an_arm_takes_up_its_checkpoints(name, tmp_path):
    first = small(ARMS[name]).run(task(tmp_path), STEPS)
    again = small(ARMS[name]).run(task(tmp_path, resume=True), STEPS)
    images = few(9, (1, 8, 8)).unlabelled
    np.testing.assert_array_equal(first.classify(images), again.classify(images))
    assert again.seconds == first.seconds  # no step was taken twice
    assert again.samples == first.samples
    if first.generated is not None:
        np.testing.assert_array_equal(first.generated, again.generated)


@pytest.mark.parametrize("name", [name for name in ARMS if methods(name)])
def test_only_with_aug_images_are_changed(name):
    augments = [method.augment_labelled for method in methods(name)]
    others = [method.augment_unlabelled for method in methods(name)]
    if name.endswith("-aug"):
        assert all(augment is not None for augment in augments)
    else:
        assert augments == others == [None] * len(augments)


@pytest.mark.parametrize("name", ["labels-only", "cnn", "hog-linear", "hog-knn", "conditional", "labels-only-aug"])
def test_arms_of_labels_never_look_at_other_images(name):
    one = task()
    data = FewLabels(one.data.labelled, np.zeros_like(one.data.unlabelled), one.data.validation)
    answers = [
        small(ARMS[name]).run(each, STEPS).classify(one.data.unlabelled) for each in (one, replace(one, data=data))
    ]
    np.testing.assert_array_equal(*answers)


def test_the_ablation_is_the_gan_without_its_generator():
    for suffix in ("", "-aug"):
        (gan,), (ablated,) = methods(f"gan{suffix}"), methods(f"gan-ablated{suffix}")
        assert gan.generator_rate is not None
        assert replace(gan, generator_rate=None) == ablated


def test_only_the_gans_have_a_generator():
    with_generator = {name for name in ARMS if any(method.generator_rate is not None for method in methods(name))}
    assert with_generator == {"gan", "gan-aug", "gan-wide", "student", "student-aug"}


@pytest.mark.parametrize("name", ["cnn", "consistency-aug"])
def test_cnns_are_convolutional(name):
    network = new_learner(few(), methods(name)[0], steps=1, rng=np.random.default_rng(0)).network
    assert any(isinstance(layer, WeightNorm) and isinstance(layer.layer, Conv2d) for layer in network)


def test_the_student_learns_the_teacher_s_answers(monkeypatch):
    from nnfromscratch.semi import student_arm

    seen = []
    real = student_arm.train_part
    monkeypatch.setattr(student_arm, "train_part", lambda *given: (seen.append(given), real(*given))[1])
    small(ARMS["student"]).run(task(), STEPS)
    (teaching, learning) = seen
    assert (teaching[2:4], learning[2:4]) == (("teacher", 3), ("student", 2))
    labels = learning[4].labelled
    teacher = real(*teaching).network
    answers = teacher.predict(labels.images / np.float32(255)).argmax(axis=1)
    np.testing.assert_array_equal(labels.labels, answers)


def test_the_conditional_gan_s_samples_stand_beside_the_labelled_images(monkeypatch):
    from nnfromscratch.semi import conditional_arm

    seen = []
    real = conditional_arm.train_part
    monkeypatch.setattr(conditional_arm, "train_part", lambda *given: (seen.append(given[4]), real(*given))[1])
    asked = {}
    draw = conditional_arm.draw_samples
    monkeypatch.setattr(
        conditional_arm, "draw_samples", lambda *given, **more: (asked.update(more), draw(*given, **more))[1]
    )
    one = task()
    outcome = small(ARMS["conditional"]).run(one, STEPS)
    labelled = seen[0].labelled
    assert len(labelled) == 9 + 90
    np.testing.assert_array_equal(labelled.images[:9], one.data.labelled.images)
    np.testing.assert_array_equal(labelled.labels[9:], asked["labels"])
    np.testing.assert_array_equal(labelled.class_counts, one.data.labelled.class_counts + 30)
    assert outcome.samples == 5 * 9 * 3 + 90 + 4 * 5


def test_time_becomes_steps():
    """Each step takes 10 ms, a step of the teacher and of the game as well."""

    def time_step(take):
        return 0.01

    plans = {name: small(ARMS[name]).plan(task(), 60.0, time_step) for name in ARMS}
    assert plans["gan"] == plans["self-training"] == plans["gan-ablated"] == {"training": 6000}
    assert plans["labels-only"] == {"training": 3000}
    assert plans["labels-only-aug"] == {"training": 6000}
    assert plans["student"] == {"teacher": 4800, "student": 1200}
    assert plans["conditional"] == {"game": 3000, "training": 3000}
    assert plans["hog-linear"] == plans["hog-knn"] == {}


@pytest.mark.parametrize(("labels", "steps"), [(9, 3000), (100, 3000), (1000, 30_000)])
def test_labels_alone_take_more_steps_where_there_are_more_labels(labels, steps, monkeypatch):
    monkeypatch.setattr(network_arm, "steps_of", lambda *_: 50_000)
    data = few(9, (1, 8, 8))
    more = FewLabels(data.labelled.take(np.arange(labels) % 9), data.unlabelled, data.validation)
    assert ARMS["labels-only"].plan(Task(more, 0), 60.0, lambda take: 1.0) == {"training": steps}


def test_what_is_timed_are_steps():
    taken = []
    small(ARMS["gan"]).plan(task(), 60.0, lambda take: (taken.append(take(4)), 0.01)[1])
    assert 0 < taken[0] < 5


@pytest.mark.parametrize("name", ["gan", "student", "conditional"])
def test_a_budget_too_short_is_told(name):
    with pytest.raises(RunError, match=r"budget of .* s is too short for one step, which takes 10 s"):
        small(ARMS[name]).plan(task(), 5.0, lambda take: 10.0)


@pytest.mark.parametrize(("arm", "name"), [(LinearArm(), "penalty"), (NeighboursArm(), "k")])
def test_the_setting_is_chosen_on_validation_images(arm, name):
    """Turned labels make the worst setting the best: it is these that decide."""
    one = task()
    outcome = arm.run(one, {})
    assert list(outcome.chosen) == [name]
    for setting in arm.penalties if name == "penalty" else (1, 3, 5, 9):
        single = replace(arm, **{"penalties" if name == "penalty" else "neighbours": (setting,)})
        assert single.run(one, {}).accuracy <= outcome.accuracy


def test_k_is_never_more_than_the_labels():
    assert NeighboursArm().run(Task(few(3, (1, 8, 8)), 0), {}).chosen["k"] <= 3
