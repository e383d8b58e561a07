"""Arms on the same label sets: who gets which images, what is kept when one fails, what the figures say."""

from dataclasses import dataclass

import numpy as np
import pytest
from few_labels_cases import pictures

from nnfromscratch.data import Dataset
from nnfromscratch.errors import RangeError, RunError
from nnfromscratch.semi import Cell, Experiment, figures, paired_difference
from nnfromscratch.semi.arm import Outcome
from nnfromscratch.semi.history import FewLabelsHistory

TRAIN = pictures(150)
TEST = pictures(40, seed=9)


@dataclass
class Guesser:
    """An arm that answers rightly for a part of the images, which its seed decides, and notes what it was given."""

    right: float
    tasks: list

    def plan(self, task, seconds, time_step):
        self.tasks.append(task)
        return {"training": int(seconds / time_step(lambda count: 0.0 * count))}

    def run(self, task, steps):
        self.tasks.append((task, steps))
        pairs = [pair for data in (TRAIN, TEST) for pair in zip(data.images, data.labels, strict=True)]
        truth = {image.tobytes(): label for image, label in pairs}

        def classify(images):
            labels = np.array([truth[image.tobytes()] for image in images])
            wrong = np.random.default_rng(task.seed).random(len(labels)) > self.right
            return np.where(wrong, (labels + 1) % 3, labels)

        history = FewLabelsHistory(seconds_done=2.0, samples_done=20)
        history.step, history.seconds, history.samples, history.accuracy = [1, 2], [1.0, 2.0], [10, 20], [0.4, 0.6]
        return Outcome(classify, 5.0 + task.seed, 50, 0.6, history)


class Failing:
    """An arm that fails, at once or while it trains."""

    def __init__(self, at_once, error=None):
        self.at_once, self.error = at_once, error or RangeError("failing: expects better, is worse")

    def plan(self, *_):
        if self.at_once:
            raise self.error
        return {}

    def run(self, *_):
        raise self.error


def experiment(labels=(6,), seeds=(0, 1, 2), **arms):
    return Experiment(arms or {"good": Guesser(0.9, []), "fair": Guesser(0.6, [])}, TRAIN, labels, seeds, 30)


def run(one, **more):
    steps = one.plan(10.0, lambda take: 0.5, on_plan=lambda *_: None)
    one.run(steps, on_done=lambda cell: None, **more)
    return one


def test_every_arm_has_the_same_images():
    one = run(experiment())
    tasks = {name: arm.tasks[1:] for name, arm in one.arms.items()}
    for (good, _), (fair, _) in zip(tasks["good"], tasks["fair"], strict=True):
        assert good.seed == fair.seed
        np.testing.assert_array_equal(good.data.labelled.images, fair.data.labelled.images)
        np.testing.assert_array_equal(good.data.unlabelled, fair.data.unlabelled)
    labelled = [task.data.labelled.images for task, _ in tasks["good"]]
    assert not np.array_equal(labelled[0], labelled[1])  # another seed, another label set


def test_validation_images_are_the_same_for_every_label_set_and_nobody_learns_from_them():
    one = experiment(labels=(6, 12, None), seeds=(0, 5))
    aside = {image.tobytes() for image in one.few(6, 0).validation.images}
    for count in (6, 12, None):
        for seed in (0, 5):
            data = one.few(count, seed)
            assert {image.tobytes() for image in data.validation.images} == aside
            assert not aside & {image.tobytes() for image in data.unlabelled}
            assert len(data.labelled) == (count or 120)


def test_the_number_of_steps_is_decided_once_for_all_label_sets():
    one = run(experiment())
    assert [steps for _, steps in one.arms["good"].tasks[1:]] == [{"training": 20}] * 3


@pytest.mark.parametrize(("labels", "most"), [((6, 12), 12), ((12, 6), 12), ((6, None, 12), 120)])
def test_the_largest_label_set_decides_the_number_of_steps(labels, most):
    one = experiment(labels=labels)
    one.plan_arm("good", 10.0, lambda take: 0.5)
    assert len(one.arms["good"].tasks[0].data.labelled) == most


def test_arms_are_interleaved():
    cells = list(experiment(labels=(6, None), seeds=(0, 1)).cells)
    assert [(cell.arm, cell.labels, cell.seed) for cell in cells[:5]] == [
        ("good", 6, 0), ("fair", 6, 0), ("good", 6, 1), ("fair", 6, 1), ("good", None, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("error", [None, ZeroDivisionError("in the arm itself"), MemoryError()])
def test_an_arm_that_fails_leaves_the_others(at_once, error):
    one = run(experiment(bad=Failing(at_once, error), good=Guesser(0.9, [])))
    assert {cell.arm for cell in one.outcomes} == {"good"}
    assert {cell.arm for cell in one.failures} == {"bad"}
    assert len(one.failures) == 3
    said = {None: "failing: expects better, is worse"}.get(error, str(error) or "MemoryError")
    assert set(one.failures.values()) == {said}
    found = figures(one, one.test(TEST), TEST)["6"]
    assert list(found["arms"]) == ["good"]
    assert found["paired"] == []


def test_where_every_arm_fails_there_is_no_result():
    with pytest.raises(RunError, match="every arm failed, the first: failing: expects better"):
        run(experiment(bad=Failing(False)))


def test_ctrl_c_is_no_failure():
    with pytest.raises(KeyboardInterrupt):
        run(experiment(bad=Failing(False, KeyboardInterrupt()), good=Guesser(0.9, [])))


def test_figures_are_those_of_the_answers():
    one = run(experiment())
    answers = one.test(TEST)
    found = figures(one, answers, TEST)["6"]
    for name in ("good", "fair"):
        accuracy = [(answers[Cell(name, 6, seed)] == TEST.labels).mean() for seed in (0, 1, 2)]
        arm = found["arms"][name]
        assert arm["accuracy"] == accuracy
        assert arm["accuracy_mean"] == pytest.approx(np.mean(accuracy))
        assert arm["accuracy_std"] == pytest.approx(np.std(accuracy, ddof=1))
        assert (arm["seconds"], arm["samples"], arm["seeds"]) == (6.0, 50.0, [0, 1, 2])
    (pair,) = found["paired"]
    assert (pair["arm"], pair["other"]) == ("fair", "good")
    expected = paired_difference(*(found["arms"][name]["accuracy"] for name in ("fair", "good")))
    assert (pair["mean"], pair["p_value"]) == (expected.mean, expected.p_value)
    assert pair["mean"] < 0


def test_what_came_before_the_last_training_has_taken_time_as_well():
    over_time = figures(one := run(experiment()), one.test(TEST), TEST)["6"]["arms"]["good"]["over_time"]
    assert over_time[0]["seconds"] == [4.0, 5.0]  # 5 s in all, of which the training with looks took 2 s
    assert over_time[0]["samples"] == [40, 50]
    assert over_time[1]["seconds"] == [5.0, 6.0]


def test_one_seed_has_no_spread():
    found = figures(one := run(experiment(seeds=(4,))), one.test(TEST), TEST)["6"]
    assert found["arms"]["good"]["accuracy_std"] is None
    assert found["paired"][0]["std"] is None


def test_pairs_are_label_sets_that_both_have():
    class Once(Guesser):
        def run(self, task, steps):
            if task.seed == 1:
                raise RangeError("not this one")
            return super().run(task, steps)

    found = figures(one := run(experiment(good=Guesser(0.9, []), some=Once(0.9, []))), one.test(TEST), TEST)["6"]
    assert found["arms"]["some"]["seeds"] == [0, 2]
    assert found["paired"][0]["differences"] == (0.0, 0.0)


def test_checkpoints_have_a_folder_each(tmp_path):
    one = Experiment({"good": Guesser(0.9, [])}, TRAIN, (6, None), (0, 1), 30, tmp_path / "arms")
    run(one)
    names = {path.name for path in (tmp_path / "arms").iterdir()}
    assert names == {f"good-{count}-labels-seed-{seed}" for count in ("6", "all") for seed in (0, 1)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": ()}, "labels expects at least one"),
        ({"labels": (6, 6)}, "labels expects at least one, all different"),
        ({"seeds": ()}, "seeds expects at least one"),
        ({"seeds": (1, 1)}, "seeds expects at least one, all different"),
        ({"seeds": tuple(range(21))}, "seeds expects at most 20"),
        ({"seeds": (-1,)}, "seeds expects a whole number"),
        ({"labels": (2,)}, "at least one label for each of the 3 classes"),
        ({"labels": (6, 1000)}, "count expects at most the 120 images"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(given, message):
    with pytest.raises(RangeError, match=message):
        experiment(**given)
    missing = Dataset(TRAIN.images, np.where(TRAIN.labels == 1, 0, TRAIN.labels), TRAIN.classes)
    with pytest.raises(RangeError, match="has none of class 1"):
        Experiment({"good": Guesser(0.9, [])}, missing, (6,), (0,), 30)
