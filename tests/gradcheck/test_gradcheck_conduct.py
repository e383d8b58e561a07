"""What is noticed besides wrong numbers: shapes, types, NaN, writing, memory; and bad input to the checker itself."""

import numpy as np
import pytest
from gradcheck_examples import cross_entropy, dense, tanh

from nnfromscratch.errors import DtypeError, NonFiniteError, RangeError
from nnfromscratch.gradcheck import GradientError, gradcheck

X = np.array([[1.0, -2.0, 3.0], [0.5, 0.25, -1.0]])


def kind_of(function, *arrays, **options):
    with pytest.raises(GradientError) as caught:
        gradcheck(function, *arrays, rng=np.random.default_rng(0), **options)
    report = caught.value.report
    assert not report.passed
    assert report.diagnosis.text in str(caught.value)
    return report.diagnosis.kind, report.diagnosis.argument


def test_the_error_is_an_assertion():
    assert issubclass(GradientError, AssertionError)


@pytest.mark.parametrize(
    ("way_back", "kind"),
    [
        (lambda dy: dy[0], "shape"),
        (lambda dy: dy.T, "transpose"),
        (lambda dy: np.stack([dy, dy]), "missing-sum"),
        (lambda dy: dy.astype(np.float32), "dtype"),
        (lambda dy: dy.astype(int), "dtype"),
        (lambda dy: dy * 1j, "dtype"),
        (lambda dy: dy * np.where(X == 3, np.nan, 1), "non-finite"),
        (lambda dy: dy * np.where(X == 3, np.inf, 1), "non-finite"),
        (lambda dy: None, "count"),
        (lambda dy: (dy, dy), "count"),
    ],
)
def test_gradients_of_the_wrong_form(way_back, kind):
    assert kind_of(lambda x: (x * 1.0, way_back), X) == (kind, "x")


def test_gradients_are_counted():
    def both(a, b):
        return a * b, lambda dy: dy * b

    assert kind_of(both, X, X + 1) == ("count", "a")
    assert gradcheck(both, X, X + 1, wrt="a", rng=np.random.default_rng(0)).passed
    assert gradcheck(both, X, X + 1, wrt=0, rng=np.random.default_rng(0)).passed


def test_gradients_of_a_loss_may_stand_alone_or_in_their_places():
    def with_none(logits, labels):
        loss, backward = cross_entropy(logits, labels)
        return loss, lambda dloss: (backward(dloss), None)

    def in_a_tuple(logits, labels):
        loss, backward = cross_entropy(logits, labels)
        return loss, lambda dloss: (backward(dloss),)

    for function in (cross_entropy, with_none, in_a_tuple):
        report = gradcheck(function, X, np.array([1, 2]), rng=np.random.default_rng(0))
        assert [entry.name for entry in report.arguments] == ["logits"]


def test_dloss_is_a_plain_number():
    seen = []

    def mean(x):
        def backward(dloss=1.0):
            seen.append(type(dloss))
            return np.full_like(x, dloss / x.size)

        return float(x.mean()), backward

    gradcheck(mean, X, rng=np.random.default_rng(0))
    assert set(seen) == {float}


def test_none_is_passed_on_and_gets_none():
    def maybe(x, weight, bias):
        y, backward = dense(x, weight, 0.0 if bias is None else bias)
        return y, lambda dy: (*backward(dy)[:2], None if bias is None else backward(dy)[2])

    def wrong(x, weight, bias):
        y, backward = dense(x, weight, 0.0)
        return y, backward

    weight = np.ones((3, 2))
    assert gradcheck(maybe, X, weight, None, rng=np.random.default_rng(0)).passed
    assert gradcheck(maybe, X, weight, np.ones(2), rng=np.random.default_rng(0)).passed
    assert kind_of(wrong, X, weight, None) == ("count", "bias")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_result_that_is_not_finite(value):
    assert kind_of(lambda x: (np.where(x == 3, value, x), lambda dy: dy), X) == ("non-finite", "y")


def test_a_result_of_another_type():
    assert kind_of(lambda x: (x.astype(np.float32), lambda dy: dy), X) == ("dtype", "y")
    assert kind_of(lambda x: (x.astype(int), lambda dy: dy), X) == ("dtype", "y")


def test_forward_writes_into_its_argument():
    def forward(x):
        x += 1
        return x * 2, lambda dy: 2 * dy

    assert kind_of(forward, X) == ("written", "x")


def test_backward_writes_into_an_argument():
    def function(x, w):
        def backward(dy):
            dx, dw = dy * w, dy * x
            w[0] = 7
            return dx, dw

        return x * w, backward

    assert kind_of(function, X, X + 1) == ("written", "w")


def test_backward_writes_into_dy():
    def backward(dy):
        dy *= 2
        return dy

    assert kind_of(lambda x: (2 * x, backward), X) == ("written", "dy")


def test_backward_writes_into_y():
    def function(x):
        y = np.tanh(x)

        def backward(dy):
            y[...] = dy * (1 - y * y)
            return y.copy()

        return y, backward

    assert kind_of(function, X) == ("written", "y")


def test_a_backward_that_accumulates():
    def function(x):
        total = np.zeros_like(x)

        def backward(dy):
            total[...] += dy
            return total.copy()

        return x * 1.0, backward

    assert kind_of(function, X) == ("second-call", "x")


def test_a_result_that_changes():
    rng = np.random.default_rng(0)

    def dropout(x):
        mask = rng.random(x.shape) > 0.5
        return x * mask, lambda dy: dy * mask

    assert kind_of(dropout, X) == ("nondeterministic", "y")


@pytest.mark.parametrize("write", ["last", "first"])
def test_state_kept_between_calls(write):
    # "first" keeps what the first forward saw, for ever.
    memory = {}

    def function(x):
        if write == "last" or "x" not in memory:
            memory["x"] = x.copy()
        return x**2, lambda dy: 2 * memory["x"] * dy

    assert kind_of(function, X) == ("shared-state", "x")


def test_state_kept_as_a_mask_only():
    memory = {}

    def relu(x):
        memory["mask"] = x > 0
        return np.maximum(x, 0), lambda dy: dy * memory["mask"]

    assert kind_of(relu, X) == ("shared-state", "x")


@pytest.mark.parametrize("result", [lambda x: x, lambda x: (x, x), lambda x: (x, tanh, tanh), lambda x: [x, tanh]])
def test_a_function_that_does_not_return_y_and_backward(result):
    assert kind_of(result, X)[0] == "structure"


def test_bad_input_to_the_checker():
    rng = np.random.default_rng(0)
    with pytest.raises(NonFiniteError, match=r"x expects finite numbers, has nan at \[1\]"):
        gradcheck(tanh, np.array([0, np.nan]), rng=rng)
    with pytest.raises(DtypeError, match="rng expects"):
        gradcheck(tanh, X, rng=0)
    with pytest.raises(DtypeError, match="x expects floats"):
        gradcheck(tanh, X * 1j, rng=rng)
    with pytest.raises(DtypeError, match="something to call"):
        gradcheck("tanh", X, rng=rng)
    with pytest.raises(RangeError, match="at least one array of floats"):
        gradcheck(tanh, np.arange(3), rng=rng)
    with pytest.raises(RangeError, match="wrt expects float arguments out of x, has 'y'"):
        gradcheck(tanh, X, rng=rng, wrt=["y"])
    with pytest.raises(RangeError, match="limit"):
        gradcheck(tanh, X, rng=rng, limit=0)
    with pytest.raises(RangeError, match="rtol"):
        gradcheck(tanh, X, rng=rng, rtol=0.5)


def test_an_exception_of_the_function_itself_passes_through():
    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        gradcheck(broken, X, rng=np.random.default_rng(0))
