"""The diagnosis names what people really get wrong, with the argument, and says it so that it helps."""

import numpy as np
import pytest
from gradcheck_examples import batch_norm, conv, cross_entropy, dense, log_softmax, sigmoid, softmax, tanh

from nnfromscratch.gradcheck import gradcheck


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def diagnose(function, *arguments, change, seed=0, **options):
    """``change(gradients, dy)`` makes the wrong gradients from the right ones."""

    def spoiled(*arguments):
        y, backward = function(*arguments)

        def wrong(dy):
            right = backward(dy)
            return change(list(right) if isinstance(right, tuple) else [right], dy)

        return y, wrong

    names = {1: ["x"], 2: ["x", "labels"], 3: ["x", "weight", "bias"]}[len(arguments)]
    named = eval(f"lambda {', '.join(names)}: f({', '.join(names)})", {"f": spoiled})
    report = gradcheck(named, *arguments, rng=np.random.default_rng(seed), raise_error=False, **options)
    assert not report.passed
    return report.diagnosis


def part(index, change):
    """Change one of the gradients only."""

    def changed(gradients, dy):
        gradients[index] = change(gradients[index], dy)
        return gradients

    return changed


DENSE = normal(6, 5), normal(5, 4), normal(4)
CONV = normal(3, 2, 5, 5), normal(2, 2, 3, 3), normal(2)
NORM = 2 + 3 * normal(8, 3), normal(3), normal(3)


@pytest.mark.parametrize(
    ("arguments", "factor", "text"),
    [
        (DENSE, 6, "6 times what it should be (N, the batch size)"),
        (DENSE, 1 / 6, "1/6 times what it should be (1/N, the batch size)"),
        (DENSE, 2, "2 times what it should be"),
        (DENSE, -0.5, "-1/2 times what it should be"),
        (DENSE, 1.0001, "1.0001 times what it should be"),
        (DENSE, 0.37, "0.37 times what it should be"),
    ],
)
@pytest.mark.parametrize("argument", [0, 1, 2])
def test_a_factor(arguments, factor, text, argument):
    found = diagnose(dense, *arguments, change=part(argument, lambda g, dy: factor * g))
    assert (found.kind, found.argument) == ("factor", ["x", "weight", "bias"][argument])
    assert found.factor == pytest.approx(factor, rel=1e-6)
    assert text in found.text


def test_the_number_of_positions():
    found = diagnose(conv, *CONV, change=part(1, lambda g, dy: g / 9))
    assert found.kind == "factor"
    assert "H·W, the number of positions" in found.text


def test_a_sign():
    found = diagnose(softmax, normal(4, 5), change=part(0, lambda g, dy: -g))
    assert (found.kind, found.factor) == ("sign", -1.0)


def test_zero():
    assert diagnose(conv, *CONV, change=part(1, lambda g, dy: 0 * g)).kind == "zero"


def test_a_transpose():
    square = normal(6, 4), normal(4, 4), normal(4)
    assert diagnose(dense, *square, change=part(1, lambda g, dy: g.T.copy())).kind == "transpose"
    assert diagnose(dense, *DENSE, change=part(1, lambda g, dy: g.T.copy())).kind == "transpose"
    reshaped = diagnose(dense, *DENSE, change=part(1, lambda g, dy: g.T.reshape(g.shape).copy()))
    assert reshaped.kind == "transpose"
    assert "reshape" in reshaped.text
    channels = diagnose(conv, *CONV, change=part(1, lambda g, dy: g.swapaxes(0, 1).copy()))
    assert channels.kind == "transpose"


def test_a_transpose_in_a_large_array():
    large = normal(10, 50), normal(50, 50), normal(50)
    assert diagnose(dense, *large, change=part(1, lambda g, dy: g.T.copy())).kind == "transpose"


@pytest.mark.parametrize("axes", [(2, 3), (3,), (2,), (0,)])
def test_a_flipped_kernel(axes):
    found = diagnose(conv, *CONV, change=part(1, lambda g, dy: np.flip(g, axes)))
    assert (found.kind, found.argument) == ("flipped", "weight")
    assert str(axes[-1]) in found.text


def test_convolution_in_the_place_of_cross_correlation():
    # dx computed with a kernel that was not turned round: related to the right one by nothing simple.
    x, weight, bias = CONV

    def wrong(gradients, dy):
        gradients[0] = conv(x, weight[:, :, ::-1, ::-1], bias)[1](dy)[0]
        return gradients

    assert diagnose(conv, *CONV, change=wrong).argument == "x"


@pytest.mark.parametrize("by", [1, -1])
def test_a_shift_around_the_end_or_out_of_the_array(by):
    def lost(g, dy):
        moved = np.roll(g, by, axis=3)
        moved[..., 0 if by > 0 else -1] = 0
        return moved

    around = diagnose(conv, *CONV, change=part(0, lambda g, dy: np.roll(g, by, axis=2)))
    assert around.kind == "shift"
    assert f"by {by} along axis 2" in around.text
    assert diagnose(conv, *CONV, change=part(0, lost)).kind == "shift"


def test_swapped_gradients():
    def bilinear(a, b):
        return a * np.sin(b), lambda dy: (dy * a * np.cos(b), dy * np.sin(b))

    report = gradcheck(bilinear, normal(3, 4), normal(3, 4, seed=1), rng=np.random.default_rng(0), raise_error=False)
    assert report.diagnosis.kind == "swapped"
    assert "the gradient of b in the place of a" in report.diagnosis.text


@pytest.mark.parametrize("which", [0, 2, -1])
def test_a_missing_sum_over_the_batch(which):
    x, _, _ = DENSE
    only = diagnose(dense, *DENSE, change=part(2, lambda g, dy: dy[which].copy()))
    assert (only.kind, only.argument) == ("missing-sum", "bias")
    assert "the batch" in only.text
    rest = diagnose(dense, *DENSE, change=part(1, lambda g, dy: g - np.outer(x[which], dy[which])))
    assert (rest.kind, rest.argument) == ("missing-sum", "weight")
    assert "left out" in rest.text


def test_a_gradient_that_was_never_summed():
    found = diagnose(dense, *DENSE, change=part(2, lambda g, dy: dy.copy()))
    assert found.kind == "missing-sum"
    assert "the batch (axis 0)" in found.text


def test_a_missing_sum_over_positions():
    one_place = diagnose(conv, *CONV, change=part(2, lambda g, dy: dy[:, :, 0, 0].sum(axis=0)))
    assert one_place.kind == "missing-sum"
    assert "positions" in one_place.text
    one_column = diagnose(conv, *CONV, change=part(2, lambda g, dy: dy[:, :, :, :-1].sum(axis=(0, 2, 3))))
    assert one_column.kind == "missing-sum"
    assert "left out" in one_column.text


def test_a_mean_in_the_place_of_a_sum_over_the_batch():
    found = diagnose(dense, *DENSE, change=part(2, lambda g, dy: dy.mean(axis=0)))
    assert (found.kind, found.factor) == ("factor", pytest.approx(1 / 6))


def batch_norm_without(*terms):
    x, weight, _ = NORM
    scale = 1 / np.sqrt(x.var(axis=0) + 1e-5)
    hat = (x - x.mean(axis=0)) * scale

    def wrong(g, dy):
        d = dy * weight
        mean = 0 if "mean" in terms else d.mean(0)
        variance = 0 if "variance" in terms else hat * (d * hat).mean(0)
        return scale * (d - mean - variance)

    return part(0, wrong)


@pytest.mark.parametrize("terms", [("mean",), ("variance",), ("mean", "variance")])
def test_batch_norm_without_a_term(terms):
    found = diagnose(batch_norm, *NORM, change=batch_norm_without(*terms))
    assert (found.kind, found.argument) == ("missing-term", "x")


def test_softmax_without_its_sum():
    x = normal(5, 6)
    y, _ = softmax(x)
    assert diagnose(softmax, x, change=part(0, lambda g, dy: y * dy)).kind == "missing-term"
    assert diagnose(log_softmax, x, change=part(0, lambda g, dy: dy.copy())).kind in ("missing-term", "missing-factor")


def test_cross_entropy_without_a_term():
    x, labels = normal(6, 5), np.array([0, 1, 2, 3, 4, 0])
    p, _ = softmax(x)
    no_label = diagnose(cross_entropy, x, labels, change=part(0, lambda g, dy: p * dy / 6))
    assert no_label.kind == "missing-term"
    assert "one-hot labels" in no_label.text
    no_p = diagnose(cross_entropy, x, labels, change=part(0, lambda g, dy: -np.eye(5)[labels] * dy / 6))
    assert no_p.kind == "missing-term"
    assert "softmax(x)" in no_p.text


def test_a_forgotten_way_around():
    def residual(x):
        return x + np.sin(x), lambda dy: dy * (1 + np.cos(x))

    found = diagnose(residual, normal(4, 5), change=part(0, lambda g, dy: g - dy))
    assert found.kind == "missing-term"
    assert "dy" in found.text


def test_a_forgotten_factor():
    x = normal(4, 5)
    y, _ = sigmoid(x)
    dy_alone = diagnose(tanh, x, change=part(0, lambda g, dy: dy.copy()))
    assert dy_alone.kind == "missing-factor"
    found = diagnose(sigmoid, x, change=part(0, lambda g, dy: dy * y))
    assert found.kind == "missing-factor"
    assert "1 − y" in found.text
    weight = NORM[1]
    no_weight = diagnose(batch_norm, *NORM, change=part(0, lambda g, dy: g / weight))
    assert no_weight.kind == "missing-factor"
    assert "along axis 0" in no_weight.text


def test_dy_ignored():
    x = normal(4, 5)
    found = diagnose(tanh, x, change=part(0, lambda g, dy: 1 - np.tanh(x) ** 2))
    assert found.kind == "ignores-dy"


def test_one_wrong_element_and_its_index():
    def change(g, dy):
        g[2, 1] += 0.3
        return g

    found = diagnose(dense, *DENSE, change=part(1, change))
    assert found.kind == "one-element"
    assert "[2, 1]" in found.text


def test_one_wrong_slice():
    def change(g, dy):
        g[3] = 0
        return g

    found = diagnose(dense, *DENSE, change=part(1, change))
    assert found.kind == "slice"
    assert "axis 0 is 3: it is zero there" in found.text


def test_no_relation_at_all():
    noise = normal(5, 4, seed=9)
    found = diagnose(dense, *DENSE, change=part(1, lambda g, dy: noise * np.abs(dy).sum()))
    assert found.kind == "other"
    assert "cosine" in found.text


def test_all_wrong_arguments_are_named():
    found = diagnose(dense, *DENSE, change=lambda gradients, dy: [2 * g for g in gradients])
    assert found.argument == "x"
    assert "Wrong as well: weight, bias" in found.text
