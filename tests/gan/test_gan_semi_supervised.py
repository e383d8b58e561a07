"""The losses of semi-supervised learning by hand, literally, against differences, and with mistakes planted."""

import math

import numpy as np
import pytest

from nnfromscratch.catalogue.mistake import wrong
from nnfromscratch.errors import CheckpointError, DtypeError, RangeError, ShapeError
from nnfromscratch.functional import softmax
from nnfromscratch.gan import (
    DistributionAlignment,
    consistency_loss,
    probability_real,
    pseudo_label_loss,
    real_or_generated,
)
from nnfromscratch.gradcheck import gradcheck


def logits(n, k, seed=0, dtype=np.float64):
    return (2 * np.random.default_rng(seed).standard_normal((n, k))).astype(dtype)


def sure_of_some(n, k, seed=3, dtype=np.float64):
    """Probabilities of which about half have one above .9."""
    return softmax(3 * logits(n, k, seed, dtype))[0]


def with_a_fixed_logit(z):
    """The softmax over K + 1 classes, in which "generated" has the logit 0."""
    return softmax(np.concatenate([z, np.zeros((len(z), 1))], axis=1))[0]


def fails(function, *arrays, wrt=None):
    """gradcheck's verdict on a function with a mistake."""
    return gradcheck(function, *arrays, wrt=wrt, rng=np.random.default_rng(0), raise_error=False)


# --- real or generated


def test_probability_real_is_one_minus_that_of_the_class_generated():
    z = logits(20, 5)
    np.testing.assert_allclose(probability_real(z), 1 - with_a_fixed_logit(z)[:, -1], rtol=1e-12)


def test_real_or_generated_literally():
    r, g = logits(7, 5), logits(4, 5, seed=1)
    loss, _ = real_or_generated(r, g)
    expected = 0.0
    for row in r:
        z = sum(math.exp(logit) for logit in row)
        expected -= math.log(z / (z + 1)) / len(r) / 2
    for row in g:
        z = sum(math.exp(logit) for logit in row)
        expected -= math.log(1 - z / (z + 1)) / len(g) / 2
    assert loss == pytest.approx(expected, rel=1e-12)


def test_real_or_generated_by_hand():
    loss, backward = real_or_generated(np.zeros((1, 3)), np.array([[0.0, 0.0, math.log(2)]]))
    assert loss == pytest.approx((math.log(4 / 3) + math.log(5)) / 2)
    dreal, dgenerated = backward(-3.0)
    np.testing.assert_allclose(dreal, [[1 / 8] * 3], rtol=1e-12)  # 3 · (1 − 3/4) · 1/3 / 2
    np.testing.assert_allclose(dgenerated, [[-0.3, -0.3, -0.6]], rtol=1e-12)  # −3 · 4/5 · (1/4, 1/4, 1/2) / 2
    np.testing.assert_allclose(backward()[0], dreal / -3, rtol=1e-12)


@pytest.mark.parametrize(("n", "m", "k"), [(4, 4, 3), (3, 5, 2), (1, 1, 1), (6, 2, 10)])
def test_real_or_generated_against_differences(n, m, k):
    assert gradcheck(real_or_generated, logits(n, k), logits(m, k, seed=1), rng=np.random.default_rng(0)).passed


def test_real_images_raise_the_classes_that_they_resemble():
    dreal, dgenerated = real_or_generated(np.array([[3.0, 0.0]]), np.array([[0.0, 3.0]]))[1]()
    assert dreal[0, 0] < dreal[0, 1] < 0
    assert dgenerated[0, 1] > dgenerated[0, 0] > 0


MISTAKES = {
    "½ forgotten": ({"real_logits": lambda at: 2 * at.right[0]}, "factor"),
    "½ forgotten, generated": ({"generated_logits": lambda at: 2 * at.right[1]}, "factor"),
    "sum in the place of the mean": ({"real_logits": lambda at: 4 * at.right[0]}, "factor"),
    "wrong way round": ({"generated_logits": lambda at: -at.right[1]}, "sign"),
    "no gradient": ({"real_logits": lambda at: 0 * at.right[0]}, None),
    "probabilities of the other kind": (
        {
            "real_logits": lambda at: (
                at.right[0] * (probability_real(at.real_logits) / (1 - probability_real(at.real_logits)))[:, None]
            )
        },
        None,
    ),
    "not shared out among the classes": (
        {"real_logits": lambda at: at.right[0].sum(axis=1, keepdims=True) + 0 * at.right[0]},
        None,
    ),
    "shared out evenly": ({"real_logits": lambda at: at.right[0].mean(axis=1, keepdims=True) + 0 * at.right[0]}, None),
    "softmax over K + 1 classes": (
        {"generated_logits": lambda at: at.right[1] * probability_real(at.generated_logits)[:, None]},
        None,
    ),
    "transposed": ({"real_logits": lambda at: at.right[0].T}, "transpose"),
    "first image only": ({"real_logits": lambda at: at.right[0] * (np.arange(4) == 0)[:, None]}, None),
    "the two exchanged": ({"real_logits": lambda at: at.right[1], "generated_logits": lambda at: at.right[0]}, None),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_real_or_generated_are_caught(name):
    ways_back, kind = MISTAKES[name]
    report = fails(wrong(real_or_generated, **ways_back), logits(4, 4), logits(4, 4, seed=1))
    assert not report.passed
    assert kind is None or report.diagnosis.kind == kind


# --- pseudo-labels


def test_pseudo_labels_literally():
    z, q = logits(30, 4), sure_of_some(30, 4)
    loss, backward = pseudo_label_loss(z, q, threshold=0.9)
    p, expected, gradient, count = softmax(z)[0], 0.0, np.zeros_like(z), 0
    for n in range(30):
        c = int(np.argmax(q[n]))
        if q[n, c] > 0.9:
            count += 1
            expected -= math.log(p[n, c]) / 30
            gradient[n] = (p[n] - (np.arange(4) == c)) / 30
    assert 5 < count < 25
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(backward(), gradient, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(backward(-2.0), -2 * gradient, rtol=1e-10, atol=1e-15)


def test_the_threshold_itself_is_not_enough():
    z, q = logits(1, 2), np.array([[0.75, 0.25]])
    assert pseudo_label_loss(z, q, threshold=0.75)[0] == 0
    assert pseudo_label_loss(z, q, threshold=0.74)[0] > 0
    np.testing.assert_array_equal(pseudo_label_loss(z, q, threshold=0.75)[1](), [[0, 0]])


@pytest.mark.parametrize("shape", [(6, 4), (1, 2), (12, 3)])
def test_pseudo_labels_against_differences(shape):
    q = sure_of_some(*shape)
    report = gradcheck(lambda z: pseudo_label_loss(z, q, threshold=0.6), logits(*shape), rng=np.random.default_rng(0))
    assert report.passed


PSEUDO_MISTAKES = {
    "divided by the certain ones": lambda at: at.right * 12 / (at.probabilities.max(axis=1) > 0.8).sum(),
    "sum in the place of the mean": lambda at: at.right * 12,
    "uncertain ones too": lambda at: (softmax(at.logits)[0] - np.eye(3)[at.probabilities.argmax(axis=1)]) / 12 * at.dy,
    "soft labels": lambda at: at.right + (np.eye(3)[at.probabilities.argmax(axis=1)] - at.probabilities) / 12 * at.dy,
    "no gradient": lambda at: 0 * at.right,
    "the label's class only": lambda at: at.right * np.eye(3)[at.probabilities.argmax(axis=1)],
    "transposed": lambda at: at.right.reshape(3, 12).T.copy(),
}


@pytest.mark.parametrize("name", PSEUDO_MISTAKES)
def test_mistakes_in_pseudo_labels_are_caught(name):
    function = wrong(pseudo_label_loss, logits=PSEUDO_MISTAKES[name])
    q = sure_of_some(12, 3)
    assert 2 < (q.max(axis=1) > 0.8).sum() < 11

    def of_logits(z):
        return function(z, q, threshold=0.8)

    assert not fails(of_logits, logits(12, 3)).passed


# --- consistency


def test_consistency_literally():
    z, t = logits(6, 4), logits(6, 4, seed=1)
    p, q = softmax(z)[0], softmax(t)[0]
    loss, backward = consistency_loss(z, t)
    assert loss == pytest.approx(sum((p[n, k] - q[n, k]) ** 2 for n in range(6) for k in range(4)) / 24, rel=1e-12)
    gradient = backward(0.5)
    np.testing.assert_allclose(backward(), 2 * gradient, rtol=1e-12)
    for n in range(6):
        pull = sum(p[n, j] * (p[n, j] - q[n, j]) for j in range(4))
        for k in range(4):
            assert gradient[n, k] == pytest.approx(p[n, k] * (p[n, k] - q[n, k] - pull) / 24, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("shape", [(6, 4), (1, 2), (5, 3)])
def test_consistency_against_differences(shape):
    t = logits(*shape, seed=1)
    assert gradcheck(lambda z: consistency_loss(z, t), logits(*shape), rng=np.random.default_rng(0)).passed


def test_no_difference_no_loss_and_a_shift_of_all_logits_changes_nothing():
    z, t = logits(5, 3), logits(5, 3, seed=1)
    loss, backward = consistency_loss(z, z + 7)
    assert loss == pytest.approx(0, abs=1e-30)
    np.testing.assert_allclose(backward(), 0, atol=1e-16)
    np.testing.assert_allclose(consistency_loss(z, t)[1]().sum(axis=1), 0, atol=1e-16)


CONSISTENCY_MISTAKES = {
    "2 forgotten": lambda at: at.right / 2,
    "divided by N only": lambda at: at.right * 3,
    "softmax forgotten": lambda at: 2 * at.dy * (softmax(at.logits)[0] - softmax(at.teacher_logits)[0]) / 15,
    "sum over the classes forgotten": lambda at: (
        2 * at.dy * softmax(at.logits)[0] * (softmax(at.logits)[0] - softmax(at.teacher_logits)[0]) / 15
    ),
    "student and teacher exchanged": lambda at: -at.right,
    "no gradient": lambda at: 0 * at.right,
    "transposed": lambda at: at.right.reshape(3, 5).T.copy(),
}


@pytest.mark.parametrize("name", CONSISTENCY_MISTAKES)
def test_mistakes_in_consistency_are_caught(name):
    function, t = wrong(consistency_loss, logits=CONSISTENCY_MISTAKES[name]), logits(5, 3, seed=1)
    assert not fails(lambda z: function(z, t), logits(5, 3)).passed


# --- alignment


def test_alignment_literally():
    alignment, p = DistributionAlignment(3, rate=0.1), sure_of_some(8, 3)
    mean = [1 / 3] * 3
    for part in (p[:5], p[5:]):
        mean = [0.9 * m + 0.1 * sum(row[k] for row in part) / len(part) for k, m in enumerate(mean)]
        alignment.update(part)
    np.testing.assert_allclose(alignment.mean, mean, rtol=1e-12)
    aligned = alignment.align(p)
    for n in range(8):
        raised = [p[n, k] * (1 / 3) / mean[k] for k in range(3)]
        np.testing.assert_allclose(aligned[n], np.array(raised) / sum(raised), rtol=1e-12)


def test_alignment_begins_with_no_effect_and_align_changes_nothing():
    alignment, p = DistributionAlignment(4), sure_of_some(8, 4)
    np.testing.assert_allclose(alignment.align(p), p, rtol=1e-12)
    np.testing.assert_array_equal(alignment.mean, [0.25] * 4)
    assert alignment.align(p[:0]).shape == (0, 4)


def test_a_class_named_too_often_loses_until_all_are_as_frequent():
    rng = np.random.default_rng(0)
    alignment = DistributionAlignment(3, rate=0.05)
    for _ in range(300):
        alignment.update(softmax(rng.standard_normal((20, 3)) + np.array([2.0, 0, 0]))[0])
    p = softmax(rng.standard_normal((5000, 3)) + np.array([2.0, 0, 0]))[0]
    assert p.mean(axis=0)[0] > 0.7
    assert (np.abs(alignment.align(p).mean(axis=0) - 1 / 3) < 0.08).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_class_that_was_never_named_divides_by_nothing(dtype):
    alignment = DistributionAlignment(2, rate=1)
    alignment.update(np.array([[1.0, 0.0]], dtype))
    aligned = alignment.align(np.array([[1.0, 0.0], [0.5, 0.5]], dtype))
    assert aligned.dtype == dtype
    np.testing.assert_allclose(aligned, [[1, 0], [0, 1]], atol=1e-30)


def test_alignment_continues_with_the_same_bits():
    one, other = DistributionAlignment(3, rate=0.1), DistributionAlignment(3, rate=0.1)
    one.update(sure_of_some(8, 3))
    state = one.state_dict()
    other.load_state_dict(state)
    for alignment in (one, other):
        alignment.update(sure_of_some(8, 3, seed=5))
    np.testing.assert_array_equal(one.mean, other.mean)
    assert not np.array_equal(state["mean"], one.mean)


@pytest.mark.parametrize(
    "state", [{}, {"mean": np.ones(4) / 4}, {"mean": np.ones(3, np.float32)}, {"mean": np.ones(3), "step": 1}]
)
def test_alignment_refuses_another_state(state):
    alignment = DistributionAlignment(3)
    with pytest.raises(CheckpointError, match=r"^DistributionAlignment.load_state_dict: state expects 'mean' alone"):
        alignment.load_state_dict(state)
    np.testing.assert_array_equal(alignment.mean, DistributionAlignment(3).mean)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": 1}, "classes expects a whole number of at least 2, is 1"),
        ({"classes": 3, "rate": 0}, "rate expects a finite number > 0 and <= 1, is 0"),
        ({"classes": 3, "rate": 1.5}, "rate expects a finite number > 0 and <= 1, is 1.5"),
    ],
)
def test_alignment_settings_out_of_range(settings, message):
    with pytest.raises(RangeError, match=f"^DistributionAlignment: {message}"):
        DistributionAlignment(**settings)


# --- what holds for all

LOSSES = {
    "real_or_generated": lambda a, b: real_or_generated(a, b),
    "pseudo_label_loss": lambda a, b: pseudo_label_loss(a, softmax(b)[0], threshold=0.5),
    "consistency_loss": lambda a, b: consistency_loss(a, b),
}
every_loss = pytest.mark.parametrize("name", LOSSES)


def as_tuple(gradients):
    return gradients if isinstance(gradients, tuple) else (gradients,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_loss
def test_nothing_overflows_for_logits_of_ten_thousand(name, dtype):
    extremes = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [0, 0, 0]], dtype)
    with np.errstate(all="raise", under="ignore"):
        loss, backward = LOSSES[name](extremes, extremes[::-1].copy())
        gradients = as_tuple(backward())
    assert isinstance(loss, float)
    assert np.isfinite(loss)
    for gradient in gradients:
        assert gradient.dtype == dtype
        assert np.isfinite(gradient).all()


def test_the_extremes_cost_what_they_should():
    high, low = np.full((1, 3), 1e4, np.float32), np.full((1, 3), -1e4, np.float32)
    assert real_or_generated(high, low)[0] == 0
    assert real_or_generated(low, high)[0] == pytest.approx(1e4, rel=1e-3)
    np.testing.assert_array_equal(probability_real(np.concatenate([high, low])), np.array([1, 0], np.float32))


@every_loss
def test_any_strides_and_read_only_arrays_and_nothing_is_written(name):
    a, b = logits(6, 4), logits(6, 4, seed=1)
    loss, backward = LOSSES[name](a, b)
    expected = [gradient.copy() for gradient in as_tuple(backward())]
    for gradient in as_tuple(backward()):
        gradient[...] = 7  # the caller's own
    other = np.asfortranarray(a), np.repeat(b, 2, axis=1)[:, ::2]
    other[0].flags.writeable = other[1].flags.writeable = False
    again, other_backward = LOSSES[name](*other)
    assert again == pytest.approx(loss, rel=1e-13)
    for way_back in (backward, other_backward):
        for gradient, wanted in zip(as_tuple(way_back()), expected, strict=True):
            np.testing.assert_allclose(gradient, wanted, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan])
def test_what_is_no_probability_is_refused(value):
    q = np.array([[0.3, 0.7], [0.2, 0.8]])
    q[1, 0] = value
    for call in (
        lambda: pseudo_label_loss(logits(2, 2), q),
        lambda: DistributionAlignment(2).align(q),
        lambda: DistributionAlignment(2).update(q),
    ):
        with pytest.raises(
            RangeError, match="probabilities expects numbers from 0 to 1, such as a softmax gives, has "
        ):
            call()


def test_a_probability_may_be_one_and_what_rounding_makes_of_it():
    for one in (1.0, np.nextafter(np.float32(1), np.float32(2))):
        assert pseudo_label_loss(np.zeros((1, 2), np.float32), np.array([[one, 0]], np.float32))[0] > 0.6


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: real_or_generated(logits(3, 4), logits(3, 5)),
            ShapeError,
            r"generated_logits expects shape \(M, 4\), has",
        ),
        (
            lambda: real_or_generated(logits(0, 4), logits(3, 4)),
            ShapeError,
            "real_logits expects at least 1 image, the",
        ),
        (
            lambda: real_or_generated(logits(3, 4), logits(0, 4)),
            ShapeError,
            "generated_logits expects at least 1 image",
        ),
        (
            lambda: real_or_generated(logits(3, 0), logits(3, 0)),
            ShapeError,
            "real_logits expects at least 1 along axis 1",
        ),
        (
            lambda: real_or_generated(np.ones(3), logits(3, 4)),
            ShapeError,
            r"real_logits expects shape \(N, K\), has \(3,\)",
        ),
        (
            lambda: real_or_generated(logits(3, 4), logits(3, 4, dtype=np.float32)),
            DtypeError,
            "generated_logits expects float64 like real_logits, has float32",
        ),
        (lambda: real_or_generated([[1.0]], logits(3, 4)), DtypeError, "real_logits expects a NumPy array, is list"),
        (lambda: probability_real(np.ones(3)), ShapeError, r"logits expects shape \(N, K\), has \(3,\)"),
        (lambda: probability_real(np.ones((3, 2), int)), DtypeError, "logits expects float32 or float64, has int64"),
        (
            lambda: pseudo_label_loss(logits(3, 4), 9 * logits(3, 4)),
            RangeError,
            "probabilities expects numbers from 0 to 1, such as a softmax gives, has -",
        ),
        (
            lambda: pseudo_label_loss(logits(3, 4), np.ones((2, 4))),
            ShapeError,
            r"probabilities expects shape \(3, 4\), has",
        ),
        (
            lambda: pseudo_label_loss(logits(0, 4), np.ones((0, 4))),
            ShapeError,
            "logits expects at least 1 image, the batch",
        ),
        (
            lambda: pseudo_label_loss(logits(3, 4), np.ones((3, 4)), threshold=1),
            RangeError,
            "threshold expects a finite number >= 0 and < 1, is 1",
        ),
        (
            lambda: consistency_loss(logits(3, 4), logits(2, 4)),
            ShapeError,
            r"teacher_logits expects shape \(3, 4\), has",
        ),
        (
            lambda: consistency_loss(logits(0, 4), logits(0, 4)),
            ShapeError,
            "logits expects at least 1 image, the batch",
        ),
        (
            lambda: DistributionAlignment(4).align(np.ones((2, 3))),
            ShapeError,
            r"probabilities expects shape \(N, 4\), has \(2, 3\)",
        ),
        (lambda: DistributionAlignment(4).align(logits(3, 4)), RangeError, "probabilities expects numbers from 0 to 1"),
        (lambda: DistributionAlignment(4).update(logits(0, 4)), ShapeError, "probabilities expects at least 1 image"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
