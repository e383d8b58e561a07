"""The regression ends in the one valley that its loss has, whoever looks for it."""

import numpy as np
import pytest
from scipy.optimize import minimize

from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.functional import dense, softmax_cross_entropy
from nnfromscratch.semi import fit_linear


def problem(dtype=np.float64):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    features = rng.standard_normal((60, 4)) + np.eye(3, 4)[labels]
    return features.astype(dtype), labels


def loss_and_gradient(flat, features, labels, penalty):
    weight, bias = flat[:12].reshape(4, 3), flat[12:]
    logits, backward = dense(features, weight, bias)
    loss, loss_backward = softmax_cross_entropy(logits, labels)
    _, dweight, dbias = backward(loss_backward())
    return loss + penalty / 2 * (weight**2).sum(), np.concatenate([(dweight + penalty * weight).ravel(), dbias])


@pytest.mark.parametrize("penalty", [1e-3, 0.1])
def test_it_finds_what_another_optimizer_finds(penalty):
    features, labels = problem()
    layer = fit_linear(features, labels, classes=3, steps=2000, penalty=penalty)
    found = np.concatenate([layer.params["weight"].ravel(), layer.params["bias"]])
    best = minimize(loss_and_gradient, np.zeros(15), args=(features, labels, penalty), jac=True, tol=1e-12)
    loss, gradient = loss_and_gradient(found, features, labels, penalty)
    assert loss == pytest.approx(best.fun, rel=1e-6)
    assert np.abs(gradient).max() < 1e-3
    np.testing.assert_allclose(layer.params["weight"].ravel(), best.x[:12], atol=0.02)


def test_the_defaults_come_close():
    features, labels = problem()
    layer = fit_linear(features, labels, classes=3)
    best = minimize(loss_and_gradient, np.zeros(15), args=(features, labels, 1e-3), jac=True, tol=1e-12)
    found = np.concatenate([layer.params["weight"].ravel(), layer.params["bias"]])
    assert loss_and_gradient(found, features, labels, 1e-3)[0] == pytest.approx(best.fun, rel=1e-3)


def test_the_penalty_draws_the_weights_to_zero():
    features, labels = problem()
    lengths = [
        np.linalg.norm(fit_linear(features, labels, classes=3, penalty=p).params["weight"]) for p in (0, 0.1, 10)
    ]
    assert lengths[0] > 1.2 * lengths[1] > 6 * lengths[2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits_again_and_the_type_stays(dtype):
    features, labels = problem(dtype)
    one = fit_linear(features, labels, classes=5, steps=20)
    features.flags.writeable = labels.flags.writeable = False
    other = fit_linear(features, labels, classes=5, steps=20)
    for name, array in one.params.items():
        assert array.dtype == dtype
        np.testing.assert_array_equal(array, other.params[name])
    assert one.predict(features).shape == (60, 5)


@pytest.mark.parametrize(
    ("features", "labels", "settings", "error", "message"),
    [
        (np.ones((3, 2)), np.arange(2), {}, ShapeError, r"labels expects shape \(3,\), has \(2,\)"),
        (np.ones((0, 2)), np.zeros(0, int), {}, ShapeError, r"features expects at least 1 example, has shape \(0, 2\)"),
        (np.ones((3, 0)), np.arange(3), {}, ShapeError, "features expects at least 1 along axis 1"),
        (np.ones(3), np.arange(3), {}, ShapeError, r"features expects shape \(N, D\), has \(3,\)"),
        (np.ones((3, 2), np.uint8), np.arange(3), {}, DtypeError, "features expects float32 or float64, has uint8"),
        (np.full((3, 2), np.nan), np.arange(3), {}, NonFiniteError, "features expects finite numbers"),
        (np.ones((3, 2)), np.ones(3), {}, DtypeError, "labels expects an array of whole numbers, is float64"),
        (np.ones((3, 2)), np.arange(3) + 1, {}, RangeError, r"labels expects whole numbers from 0 to 2 \(3 classes\)"),
        (np.ones((3, 2)), np.arange(3), {"classes": 1}, RangeError, "classes expects a whole number of at least 2"),
        (np.ones((3, 2)), np.arange(3), {"steps": 0}, RangeError, "steps expects a whole number of at least 1, is 0"),
        (np.ones((3, 2)), np.arange(3), {"penalty": -1}, RangeError, "penalty expects a finite number >= 0, is -1"),
    ],
)
def test_wrong_arguments(features, labels, settings, error, message):
    with pytest.raises(error, match=f"^fit_linear: {message}"):
        fit_linear(features, labels, **{"classes": 3, **settings})
