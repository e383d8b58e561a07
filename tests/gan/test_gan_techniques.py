"""The techniques' functions by hand and against differences, with mistakes planted; the switches and their ranges."""

import dataclasses

import numpy as np
import pytest

from nnfromscratch.catalogue.mistake import wrong
from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.gan import Techniques, decayed, feature_matching, instance_noise
from nnfromscratch.gradcheck import gradcheck


def features(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


# --- feature matching


def test_feature_matching_by_hand():
    generated, real = np.array([[1.0, 2.0], [3.0, 6.0]]), np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 4.0]])
    loss, backward = feature_matching(generated, real)
    assert loss == pytest.approx((2 - 1) ** 2 + (4 - 2) ** 2)  # means (2, 4) and (1, 2)
    np.testing.assert_allclose(backward(), [[1, 2], [1, 2]])
    np.testing.assert_allclose(backward(-3.0), [[-3, -6], [-3, -6]])


@pytest.mark.parametrize(
    ("generated", "real"), [((4, 3), (5, 3)), ((1, 3), (1, 3)), ((3, 2, 2, 2), (2, 2, 2, 2)), ((4,), (3,))]
)
def test_feature_matching_against_differences(generated, real):
    rng = np.random.default_rng(0)
    report = gradcheck(feature_matching, features(*generated), features(*real, seed=1), wrt=0, rng=rng)
    assert report.passed


MISTAKES = {
    "times N": (lambda at: at.right * len(at.generated_features), "factor"),
    "factor 2 forgotten": (lambda at: at.right / 2, "factor"),
    "wrong way round": (lambda at: -at.right, "sign"),
    "real features forgotten": (
        lambda at: np.broadcast_to(2 * at.dy * at.generated_features.mean(axis=0) / 4, (4, 3)),
        None,
    ),
    "each sample matched alone": (
        lambda at: 2 * at.dy * (at.generated_features - at.real_features.mean(axis=0)) / 4,
        None,
    ),
    "first sample only": (lambda at: at.right * (np.arange(4) == 0)[:, None] * 4, None),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_feature_matching_are_caught(name):
    way_back, kind = MISTAKES[name]
    report = gradcheck(
        wrong(feature_matching, generated_features=way_back),
        features(4, 3), features(5, 3, seed=1), wrt=0, rng=np.random.default_rng(0), raise_error=False,
    )  # fmt: skip
    assert not report.passed
    assert kind is None or report.diagnosis.kind == kind


def test_features_with_the_same_mean_match_whatever_their_spread():
    generated = np.array([[1.0], [-1.0]])
    loss, backward = feature_matching(generated, np.array([[5.0], [-5.0]]))
    assert loss == 0
    np.testing.assert_array_equal(backward(), [[0], [0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_feature_matching_keeps_the_float_type_and_writes_nowhere(dtype):
    generated, real = features(4, 3, dtype=dtype), features(5, 3, seed=1, dtype=dtype)
    before = generated.copy(), real.copy()
    generated.flags.writeable = real.flags.writeable = False
    loss, backward = feature_matching(generated, real)
    gradient = backward()
    assert isinstance(loss, float)
    assert gradient.dtype == dtype
    expected = gradient.copy()
    gradient[:] = 7  # the caller's own
    np.testing.assert_array_equal(backward(), expected)
    np.testing.assert_array_equal(generated, before[0])
    np.testing.assert_array_equal(real, before[1])


def test_any_memory_order_matches_alike():
    generated, real = features(4, 3, 2), features(5, 3, 2, seed=1)
    loss, backward = feature_matching(generated, real)
    other, other_backward = feature_matching(np.asfortranarray(generated), real[::-1])
    assert other == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(other_backward(), backward(), rtol=1e-12)


def test_a_nan_in_one_feature_leaves_the_others():
    generated = features(4, 3)
    generated[2, 1] = np.nan
    loss, backward = feature_matching(generated, features(5, 3, seed=1))
    assert np.isnan(loss)
    np.testing.assert_array_equal(np.isnan(backward()), [[False, True, False]] * 4)


@pytest.mark.parametrize(
    ("generated", "real", "error", "message"),
    [
        (np.ones((4, 3)), np.ones((4, 2)), ShapeError, r"real_features expects shape \(M, 3\), has \(4, 2\)"),
        (np.ones((4, 3)), np.ones(4), ShapeError, r"real_features expects shape \(M, 3\), has \(4,\)"),
        (
            np.ones((0, 3)),
            np.ones((4, 3)),
            ShapeError,
            r"generated_features expects .* at least 1 sample, has \(0, 3\)",
        ),
        (np.ones((4, 3)), np.ones((0, 3)), ShapeError, r"real_features expects .* at least 1 sample, has \(0, 3\)"),
        (np.array(1.0), np.array(1.0), ShapeError, r"generated_features expects shape \(N, ...\), .* has \(\)"),
        (np.ones((4, 3)), np.ones((4, 3), np.float32), DtypeError, "real_features expects float64 like generated"),
        (np.ones((4, 3), int), np.ones((4, 3)), DtypeError, "generated_features expects float32 or float64, has int64"),
        ([[1.0]], np.ones((4, 3)), DtypeError, "generated_features expects a NumPy array, is list"),
    ],
)
def test_features_that_do_not_fit(generated, real, error, message):
    with pytest.raises(error, match=f"^feature_matching: {message}"):
        feature_matching(generated, real)


# --- instance noise


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_instance_noise_has_its_spread_and_adds_to_the_images(dtype):
    images = features(50, 1, 20, 20, dtype=dtype)
    noisy = instance_noise(images, 0.25, np.random.default_rng(0))
    assert noisy.dtype == dtype
    assert (noisy - images).std() == pytest.approx(0.25, rel=0.02)
    assert (noisy - images).mean() == pytest.approx(0, abs=0.01)
    np.testing.assert_array_equal(noisy, instance_noise(images, 0.25, np.random.default_rng(0)))


def test_its_gradient_passes_as_it_is():
    def operation(images):
        return instance_noise(images, 0.5, np.random.default_rng(0)), lambda dnoisy: dnoisy

    assert gradcheck(operation, features(3, 4), rng=np.random.default_rng(1)).passed


def test_no_noise_draws_nothing():
    rng, images = np.random.default_rng(0), features(3, 4)
    assert instance_noise(images, 0, rng) is images
    assert rng.random() == np.random.default_rng(0).random()


def test_instance_noise_of_nothing_and_of_read_only_images():
    images = features(3, 4)
    images.flags.writeable = False
    instance_noise(images[:, ::2], 0.1, np.random.default_rng(0))
    assert instance_noise(images[:0], 0.1, np.random.default_rng(0)).shape == (0, 4)


@pytest.mark.parametrize(
    ("images", "std", "rng", "error", "message"),
    [
        (np.ones(3), -0.1, np.random.default_rng(0), RangeError, "instance_noise: std expects a finite number >= 0"),
        (np.ones(3), np.nan, np.random.default_rng(0), RangeError, "instance_noise: std expects a finite number >= 0"),
        (np.ones(3, np.uint8), 0, np.random.default_rng(0), DtypeError, "instance_noise: images expects float32 or"),
        ([1.0], 0.1, np.random.default_rng(0), DtypeError, "instance_noise: images expects a NumPy array, is list"),
        (np.ones(3), 0.1, 0, DtypeError, "rng expects a numpy.random.Generator"),
    ],
)
def test_instance_noise_wrong_arguments(images, std, rng, error, message):
    with pytest.raises(error, match=message):
        instance_noise(images, std, rng)


def test_noise_decays_in_a_straight_line_and_ends():
    assert [decayed(0.4, step, 4) for step in range(7)] == pytest.approx([0.4, 0.3, 0.2, 0.1, 0, 0, 0])
    assert decayed(0, 3, 10) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0, 4), "decayed: std expects a finite number >= 0, is -1"),
        ((1, -1, 4), "decayed: step expects a whole number of at least 0, is -1"),
        ((1, 0.5, 4), "decayed: step expects a whole number of at least 0, is 0.5"),
        ((1, 0, 0), "decayed: steps expects a whole number of at least 1, is 0"),
    ],
)
def test_decay_wrong_arguments(arguments, message):
    with pytest.raises(RangeError, match=message):
        decayed(*arguments)


# --- the switches


def test_nothing_is_on_unless_it_is_asked_for():
    assert Techniques().names == ()
    assert not any(dataclasses.asdict(Techniques()).values())


def test_each_switch_turns_one_technique_on():
    on = {
        "feature_matching": True,
        "minibatch_discrimination": True,
        "historical_averaging": 0.01,
        "label_smoothing": 0.1,
        "virtual_batch_norm": True,
        "instance_noise": 0.2,
        "average": 0.999,
    }
    assert [field.name for field in dataclasses.fields(Techniques)] == list(on)
    for name, value in on.items():
        techniques = Techniques(**{name: value})
        assert techniques.names == (name,)
        assert getattr(techniques, name) == value
    assert Techniques(**on).names == tuple(on)
    assert Techniques(**on) == Techniques(**on) != Techniques()
    with pytest.raises(dataclasses.FrozenInstanceError):
        Techniques().average = 0.5


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("feature_matching", 1, "expects True or False, is 1"),
        ("minibatch_discrimination", "yes", "expects True or False, is 'yes'"),
        ("virtual_batch_norm", None, "expects True or False, is None"),
        ("historical_averaging", -0.1, "expects a finite number >= 0, is -0.1"),
        ("historical_averaging", True, "expects a finite number >= 0, is True"),
        ("label_smoothing", 0.9, "expects a finite number >= 0 and < 0.5, is 0.9"),
        ("label_smoothing", -0.1, "expects a finite number >= 0 and < 0.5, is -0.1"),
        ("instance_noise", np.inf, "expects a finite number >= 0, is inf"),
        ("average", 1.0, "expects a finite number >= 0 and < 1, is 1.0"),
        ("average", "0.9", "expects a finite number >= 0 and < 1, is '0.9'"),
    ],
)
def test_switches_out_of_range(name, value, message):
    with pytest.raises(RangeError) as error:
        Techniques(**{name: value})
    assert str(error.value) == f"Techniques: {name} {message}"
