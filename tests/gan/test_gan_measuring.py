"""All metrics at once, on images of which we know what they are worth."""

import json

import numpy as np
import pytest

from nnfromscratch import data, models
from nnfromscratch.data import Dataset
from nnfromscratch.errors import DataError, DtypeError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.gan import Judge, measure_samples, real_yardstick

METRICS = {
    "classifier_score",
    "frechet_distance",
    "classes_covered",
    "confident_share",
    "nearest_distance",
    "copied_share",
}
NUMBERS = {"samples", "real_samples", "test_images", "nearest_samples", "judge_accuracy"}
COUNT = 500


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist")


@pytest.fixture(scope="module")
def parts(digits):
    """2,000 images to learn from, 1,000 to be compared with, and 500 more that are in neither."""
    train, test = digits.train.take(slice(2000)), digits.test.take(slice(1000))
    return train, test, digits.test.images[1000 : 1000 + COUNT]


@pytest.fixture(scope="module")
def yardstick(parts):
    return real_yardstick(*parts[:2], COUNT, nearest_count=400, rng=rng())


@pytest.fixture(scope="module")
def fresh(parts, yardstick):
    return yardstick.measure(parts[2], rng=rng(1))


# --- what comes back ---------------------------------------------------------------------------------------------


def test_every_figure_stands_beside_the_real_images(fresh):
    assert set(fresh) == METRICS | NUMBERS
    for name in METRICS:
        assert {"value", "real"} <= set(fresh[name])
        assert ("spread" in fresh[name]) == ("real_spread" in fresh[name]) == (name != "classes_covered")
        assert ("ratio" in fresh[name]) == (name in ("frechet_distance", "nearest_distance"))
    assert {name: fresh[name] for name in NUMBERS - {"judge_accuracy"}} == {
        "samples": COUNT,
        "real_samples": COUNT,
        "test_images": 1000,
        "nearest_samples": 400,
    }
    assert fresh["judge_accuracy"] > 0.98
    assert json.loads(json.dumps(fresh)) == fresh


def test_the_real_figures_are_the_yardsticks(yardstick, fresh):
    for name, figure in yardstick.figures.items():
        assert fresh[name]["real"] == figure["value"]
        assert fresh[name].get("real_spread") == figure.get("spread")
    assert fresh["frechet_distance"]["value"] != fresh["frechet_distance"]["real"]
    assert fresh["frechet_distance"]["spread"] != fresh["frechet_distance"]["real_spread"]


def test_the_generator_draws_the_real_images(parts, yardstick):
    train, test, _ = parts
    same, other = (real_yardstick(train, test, COUNT, nearest_count=400, rng=rng(seed)).figures for seed in (0, 1))
    assert same == yardstick.figures
    for name in ("classifier_score", "frechet_distance", "nearest_distance"):
        assert other[name]["value"] != yardstick.figures[name]["value"]


def test_unseen_digits_measure_as_real_ones_do(fresh):
    assert fresh["classes_covered"] == {"value": 10, "real": 10}
    for name in ("classifier_score", "confident_share", "nearest_distance", "copied_share"):
        figure = fresh[name]
        error = np.hypot(figure["spread"], figure["real_spread"])
        assert abs(figure["value"] - figure["real"]) < 4 * error, name
    assert fresh["classifier_score"]["value"] > 9.5
    assert fresh["frechet_distance"]["ratio"] < 3
    assert 0.9 < fresh["nearest_distance"]["ratio"] < 1.1


def test_one_call_is_the_yardstick_and_its_measure(parts):
    train, test, images = parts[0], parts[1], parts[2][:50]
    generator = rng(3)
    yardstick = real_yardstick(train, test, 50, rng=generator)
    assert measure_samples(images, train, test, rng=rng(3)) == yardstick.measure(images, rng=generator)
    assert measure_samples(images, train, test, rng=rng(3)) != measure_samples(images, train, test, rng=rng(4))


def test_bytes_and_floats_measure_alike(parts, yardstick, fresh):
    again = yardstick.measure(parts[2] / 255, rng=rng(1))
    for name in METRICS - {"copied_share"}:
        assert again[name]["value"] == pytest.approx(fresh[name]["value"], rel=1e-4)


def test_all_of_mnist_as_the_documentation_has_it(digits):
    """The yardstick of the default data, with 10,000 samples: near the highest score, and a small distance."""
    figures = real_yardstick(digits.train, digits.test, 10_000, rng=rng()).figures
    assert 9.8 < figures["classifier_score"]["value"] < 9.9
    assert 0.25 < figures["frechet_distance"]["value"] < 0.75
    assert figures["classes_covered"]["value"] == 10
    assert 0.98 < figures["confident_share"]["value"] < 0.995
    assert 4.0 < figures["nearest_distance"]["value"] < 4.4
    assert 0.005 < figures["copied_share"]["value"] < 0.015
    assert 0 < figures["frechet_distance"]["spread"] < 0.2


# --- what the figures show ---------------------------------------------------------------------------------------


def test_copies_are_found_out_and_only_by_the_distance(parts, yardstick):
    copies = parts[0].images[rng(5).permutation(2000)[:COUNT]]
    figures = yardstick.measure(copies, rng=rng(1))
    assert figures["nearest_distance"]["value"] == 0
    assert figures["nearest_distance"]["ratio"] == 0
    assert figures["copied_share"]["value"] == 1
    assert figures["classifier_score"]["value"] > 9.5


def test_copies_under_noise_are_found_out(parts, yardstick):
    copies = parts[0].images[rng(5).permutation(2000)[:COUNT]] / 255
    noisy = np.clip(copies + rng(6).normal(0, 0.1, copies.shape), 0, 1)
    assert yardstick.measure(noisy, rng=rng(1))["nearest_distance"]["ratio"] < 0.6


def test_a_few_copies_show_in_their_share(parts, yardstick):
    mixed = np.concatenate([parts[0].images[:100], parts[2][:400]])
    figures = yardstick.measure(mixed, rng=rng(1))
    assert figures["nearest_distance"]["ratio"] > 0.7
    assert figures["copied_share"]["value"] == pytest.approx(0.2, abs=0.05)


def test_one_class_alone_is_no_good_however_sure_the_judge_is(digits, yardstick):
    ones = digits.test.images[digits.test.labels == 1][:COUNT]
    figures = yardstick.measure(ones, rng=rng(1))
    assert figures["classes_covered"]["value"] == 1
    assert figures["classifier_score"]["value"] < 1.3
    assert figures["confident_share"]["value"] > 0.95
    assert figures["frechet_distance"]["ratio"] > 50


def test_noise_is_far_away(yardstick):
    figures = yardstick.measure(rng(7).random((COUNT, 1, 28, 28)), rng=rng(1))
    assert figures["frechet_distance"]["ratio"] > 50
    assert figures["nearest_distance"]["ratio"] > 2


def test_sorted_samples_have_the_spread_of_shuffled_ones(digits, yardstick):
    """Every tenth image of the same class: without shuffling, each part of the jackknife would lack one class."""
    by_class = [digits.test.images[digits.test.labels == k][: COUNT // 10] for k in range(10)]
    in_turn = np.stack(by_class, axis=1).reshape(COUNT, 1, 28, 28)
    figures = yardstick.measure(in_turn, rng=rng(1))
    assert figures["frechet_distance"]["spread"] < 5 * figures["frechet_distance"]["real_spread"]
    assert figures["classifier_score"]["spread"] < 5 * figures["classifier_score"]["real_spread"]


def test_the_nearest_of_all_training_images_counts(parts):
    """A copy of any training image is found, although just some of the samples are looked at."""
    train, test, _ = parts
    yardstick = real_yardstick(train, test, 50, nearest_count=20, rng=rng())
    figures = yardstick.measure(train.images[-50:], rng=rng(1))
    assert (figures["nearest_distance"]["value"], figures["nearest_samples"]) == (0, 20)


# --- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "error", "says"),
    [
        (np.zeros((19, 1, 28, 28), np.uint8), RangeError, "images expects at least 20, has 19"),
        (np.zeros((1, 1, 28, 28), np.uint8), RangeError, "images expects at least 20, has 1"),
        (np.full((20, 1, 28, 28), np.nan), NonFiniteError, "images expects finite numbers, has nan"),
        (np.full((20, 1, 28, 28), -1.0), RangeError, r"images .* \[0, 1\], has -1 to -1; .* Tanh"),
        (np.zeros((20, 28, 28)), ShapeError, r"images expects shape \(N, C, H, W\)"),
        (np.zeros((20, 1, 28, 28), np.int8), DtypeError, "images expects an array of uint8"),
    ],
)
def test_images_that_cannot_be_measured(parts, images, error, says):
    with pytest.raises(error, match=f"measure_samples: {says}"):
        measure_samples(images, *parts[:2], rng=rng())


def test_images_of_another_size_than_the_data(parts, yardstick):
    with pytest.raises(ShapeError, match=r"judge_features: .* only MNIST's 28×28×1 digits"):
        yardstick.measure(np.zeros((COUNT, 1, 32, 32), np.uint8), rng=rng())
    with pytest.raises(RangeError, match=r"Yardstick\.measure: images expects 500 like the real ones, has 499"):
        yardstick.measure(parts[2][:-1], rng=rng())


def other(dataset, **changes):
    fields = {"images": dataset.images, "labels": dataset.labels, "classes": dataset.classes}
    return Dataset(**fields | changes)


def test_data_that_the_judge_does_not_know(parts):
    train, test, _ = parts
    clothes = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")
    with pytest.raises(
        DataError, match=r"classes 0, 1, 2, 3, … \(10 in all\), .* has T-shirt, trouser, .*load_judge\("
    ):
        real_yardstick(other(train, classes=clothes), other(test, classes=clothes), 50, rng=rng())
    wide = np.zeros((100, 3, 32, 32), np.uint8)
    colour = other(train, images=wide, labels=train.labels[:100])
    with pytest.raises(
        DataError, match=r"shape \(1, 28, 28\), .* has \(3, 32, 32\): the judge inside the package knows"
    ):
        real_yardstick(colour, colour, 50, rng=rng())
    inverted = other(test, images=np.roll(test.images, 300, axis=0))  # digits by name, others by what they show
    with pytest.raises(DataError, match=r"it is right about \d+% of these: the judge inside the package knows only"):
        real_yardstick(train, inverted, 50, rng=rng())


def test_a_judge_of_ones_own_for_other_data(parts):
    """However little it knows: its accuracy stands beside the figures."""
    generator = rng()
    images, labels = generator.integers(0, 256, (60, 3, 32, 32), np.uint8), np.arange(60) % 2
    pets = Dataset(images, labels, ("cat", "dog"))
    judge = Judge(models.judge_cnn(rng=generator, classes=2, input_shape=(3, 32, 32)), pets.classes)
    figures = measure_samples(images[:30], pets, pets, judge=judge, rng=rng())
    assert figures["judge_accuracy"] < 0.9
    assert figures["nearest_distance"]["ratio"] is None  # the real ones are at 0 here
    with pytest.raises(DataError, match="train expects the classes cat, dog, which the judge knows, has 0, 1"):
        measure_samples(parts[2], *parts[:2], judge=Judge(models.judge_cnn(rng=generator, classes=2), ("cat", "dog")),
                        rng=rng())  # fmt: skip


def test_few_training_images_are_all_taken(parts):
    train, test, images = parts
    figures = measure_samples(images, train.take(slice(100)), test, rng=rng())
    assert (figures["samples"], figures["real_samples"]) == (COUNT, 100)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"count": 19}, RangeError, "count expects a whole number of at least 20, is 19"),
        ({"nearest_count": 1}, RangeError, "nearest_count expects a whole number of at least 2"),
        ({"rng": 0}, DtypeError, "rng expects a numpy.random.Generator"),
        ({"train": np.zeros((50, 1, 28, 28))}, DtypeError, "train expects a data.Dataset, is ndarray"),
        ({"test": None}, DtypeError, "test expects a data.Dataset, is NoneType"),
    ],
)
def test_settings_that_make_no_yardstick(parts, changes, error, says):
    arguments = {"train": parts[0], "test": parts[1], "count": 50, "rng": rng()} | changes
    with pytest.raises(error, match=f"real_yardstick: {says}"):
        real_yardstick(**arguments)


def test_parts_that_are_too_small_or_of_different_shapes(parts):
    train, test, _ = parts
    with pytest.raises(DataError, match="at least 20 training and test images"):
        real_yardstick(train, test.take(slice(19)), 50, rng=rng())
    small = other(test, images=test.images[:, :, 4:-4, 4:-4])
    with pytest.raises(ShapeError, match=r"test expects images of shape \(1, 28, 28\), has \(1, 20, 20\)"):
        real_yardstick(train, small, 50, rng=rng())
    with pytest.raises(DtypeError, match=r"Yardstick\.measure: rng"):
        real_yardstick(train, test, 50, rng=rng()).measure(train.images[:50], rng=None)
