"""Each loss against its literal formula, far out where that overflows, and against differences."""

import dataclasses
import math

import numpy as np
import pytest

from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.gan import losses
from nnfromscratch.gan.objectives import OBJECTIVES, clip_weights, require_objective, smoothed
from nnfromscratch.gradcheck import gradcheck
from nnfromscratch.layers import Dense

every_objective = pytest.mark.parametrize("name", OBJECTIVES)
both_floats = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SMOOTHABLE = ("minimax", "non-saturating", "least-squares")


def scores(n=5, seed=0, scale=2.0, dtype=np.float64):
    return (scale * np.random.default_rng(seed).standard_normal((n, 1))).astype(dtype)


def sigma(s):
    return 1 / (1 + math.exp(-s))


def mean(numbers):
    numbers = list(numbers)
    return math.fsum(numbers) / len(numbers)


def cross_entropy(r, g, t=1.0):
    real = mean(-t * math.log(sigma(s)) - (1 - t) * math.log(1 - sigma(s)) for s in r)
    return real + mean(-math.log(1 - sigma(s)) for s in g)


# as the papers print them, in plain Python
DISCRIMINATOR = {
    "minimax": cross_entropy,
    "non-saturating": cross_entropy,
    "least-squares": lambda r, g, t=1.0: mean((s - t) ** 2 for s in r) / 2 + mean(s**2 for s in g) / 2,
    "wasserstein": lambda r, g: mean(g) - mean(r),
    "hinge": lambda r, g: mean(max(0, 1 - s) for s in r) + mean(max(0, 1 + s) for s in g),
}
GENERATOR = {
    "minimax": lambda g: mean(math.log(1 - sigma(s)) for s in g),
    "non-saturating": lambda g: mean(-math.log(sigma(s)) for s in g),
    "least-squares": lambda g: mean((s - 1) ** 2 for s in g) / 2,
    "wasserstein": lambda g: -mean(g),
    "hinge": lambda g: -mean(g),
}
# the limits of the losses and of N times their gradients for scores of ±1,000: [r, g] → loss, N·dr, N·dg
FAR = {
    "minimax": {(1, -1): (0, 0, 0), (-1, 1): (2000, -1, 1)},
    "non-saturating": {(1, -1): (0, 0, 0), (-1, 1): (2000, -1, 1)},
    "least-squares": {(1, -1): (0.5 * 999**2 + 5e5, 999, -1000), (-1, 1): (0.5 * 1001**2 + 5e5, -1001, 1000)},
    "wasserstein": {(1, -1): (-2000, -1, 1), (-1, 1): (2000, -1, 1)},
    "hinge": {(1, -1): (0, 0, 0), (-1, 1): (2002, -1, 1)},
}
FAR_GENERATOR = {
    "minimax": {-1: (0, 0), 1: (-1000, -1)},
    "non-saturating": {-1: (1000, -1), 1: (0, 0)},
    "least-squares": {-1: (0.5 * 1001**2, -1001), 1: (0.5 * 999**2, 999)},
    "wasserstein": {-1: (1000, -1), 1: (-1000, -1)},
    "hinge": {-1: (1000, -1), 1: (-1000, -1)},
}


def test_every_objective_is_here():
    assert list(OBJECTIVES) == list(DISCRIMINATOR) == list(GENERATOR) == list(FAR) == list(FAR_GENERATOR)
    assert all(objective.name == name for name, objective in OBJECTIVES.items())


@every_objective
def test_losses_are_those_of_the_papers(name):
    r, g = scores(5, 1), scores(3, 2)
    loss, _ = OBJECTIVES[name].discriminator_loss(r, g)
    assert type(loss) is float
    assert loss == pytest.approx(DISCRIMINATOR[name](r.ravel(), g.ravel()), rel=1e-12)
    loss, _ = OBJECTIVES[name].generator_loss(g)
    assert type(loss) is float
    assert loss == pytest.approx(GENERATOR[name](g.ravel()), rel=1e-12)


@pytest.mark.parametrize("flat", [False, True])
@every_objective
def test_gradients(name, flat):
    r, g = scores(5, 1), scores(3, 2)
    if flat:
        r, g = r.ravel(), g.ravel()
    rng = np.random.default_rng(3)
    gradcheck(OBJECTIVES[name].discriminator_loss, r, g, rng=rng)
    gradcheck(OBJECTIVES[name].generator_loss, g, rng=rng)


@both_floats
@every_objective
def test_shapes_and_types_are_kept(name, dtype):
    r, g = scores(5, 1, dtype=dtype), scores(3, 2, dtype=dtype)
    for gradients, given in (
        (OBJECTIVES[name].discriminator_loss(r, g)[1](), (r, g)),
        (OBJECTIVES[name].discriminator_loss(r.ravel(), g.ravel())[1](0.5), (r.ravel(), g.ravel())),
        ((OBJECTIVES[name].generator_loss(g)[1](),), (g,)),
    ):
        for gradient, array in zip(gradients, given, strict=True):
            assert (gradient.shape, gradient.dtype) == (array.shape, dtype)


@every_objective
def test_the_way_back_is_linear_and_may_be_gone_twice(name):
    r, g = scores(5, 1), scores(3, 2)
    _, backward = OBJECTIVES[name].discriminator_loss(r, g)
    whole, half = backward(), backward(-0.5)
    for one, other, again in zip(whole, half, backward(), strict=True):
        np.testing.assert_allclose(other, -0.5 * one, rtol=1e-14)
        np.testing.assert_array_equal(again, one)
    _, backward = OBJECTIVES[name].generator_loss(g)
    np.testing.assert_allclose(backward(-0.5), -0.5 * backward(), rtol=1e-14)


@both_floats
@pytest.mark.parametrize("signs", [(1, -1), (-1, 1)])
@every_objective
def test_scores_of_a_thousand_overflow_nothing(name, signs, dtype):
    r, g = (np.full((4, 1), 1000 * sign, dtype) for sign in signs)
    with np.errstate(all="raise", under="ignore"):
        loss, backward = OBJECTIVES[name].discriminator_loss(r, g)
        dr, dg = backward()
        generator_loss, generator_backward = OBJECTIVES[name].generator_loss(g)
        dgenerated = generator_backward()
    expected, slope_real, slope_generated = FAR[name][signs]
    assert loss == pytest.approx(expected, rel=1e-6, abs=1e-12)
    np.testing.assert_allclose(4 * dr, np.full((4, 1), slope_real), rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(4 * dg, np.full((4, 1), slope_generated), rtol=1e-6, atol=1e-12)
    expected, slope = FAR_GENERATOR[name][signs[1]]
    assert generator_loss == pytest.approx(expected, rel=1e-6, abs=1e-12)
    np.testing.assert_allclose(4 * dgenerated, np.full((4, 1), slope), rtol=1e-6, atol=1e-12)


def test_what_saturates_and_what_does_not():
    # where the generator fails completely, the minimax game leaves it no gradient, the non-saturating one the largest
    g = np.full(1, -20.0)
    assert abs(OBJECTIVES["minimax"].generator_loss(g)[1]().item()) < 1e-8
    assert OBJECTIVES["non-saturating"].generator_loss(g)[1]().item() == pytest.approx(-1, abs=1e-8)


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("name", SMOOTHABLE)
def test_smoothing_lowers_the_target_of_real_images_alone(name, amount):
    r, g = scores(5, 1), scores(3, 2)
    objective = smoothed(OBJECTIVES[name], amount)
    assert (objective.name, objective.real_target) == (name, 1 - amount)
    loss, backward = objective.discriminator_loss(r, g)
    assert loss == pytest.approx(DISCRIMINATOR[name](r.ravel(), g.ravel(), 1 - amount), rel=1e-12)
    plain = OBJECTIVES[name].discriminator_loss(r, g)[1]()
    np.testing.assert_array_equal(backward()[1], plain[1])
    np.testing.assert_allclose(backward()[0], plain[0] + amount / 5, rtol=1e-12)
    assert objective.generator_loss is OBJECTIVES[name].generator_loss
    gradcheck(objective.discriminator_loss, r, g, rng=np.random.default_rng(3))


def test_smoothing_twice_counts_once():
    assert smoothed(smoothed(OBJECTIVES["minimax"], 0.3), 0.1).real_target == 0.9
    loss = smoothed(smoothed(OBJECTIVES["minimax"], 0.3), 0.1).discriminator_loss
    assert loss(scores(), scores())[0] == smoothed(OBJECTIVES["minimax"], 0.1).discriminator_loss(scores(), scores())[0]


def test_with_smoothing_the_best_score_is_finite():
    # t · −log σ(s) + (1 − t) · −log(1 − σ(s)) is least at σ(s) = t
    loss = smoothed(OBJECTIVES["non-saturating"], 0.1).discriminator_loss
    best = np.full(1, math.log(0.9 / 0.1))
    assert abs(loss(best, best)[1]()[0].item()) < 1e-15


@pytest.mark.parametrize("name", ["wasserstein", "hinge"])
def test_smoothing_what_has_no_target(name):
    with pytest.raises(RangeError) as error:
        smoothed(OBJECTIVES[name], 0.1)
    expected = "objective expects one with a target for real images (minimax, non-saturating, least-squares)"
    assert str(error.value) == f"smoothed: {expected}, is {name}"


@pytest.mark.parametrize("amount", [-0.1, 1, 1.5, math.nan, "0.1", None, True])
def test_smoothing_by_an_amount_that_makes_no_sense(amount):
    with pytest.raises(RangeError, match="smoothed: amount expects a finite number >= 0 and < 1, is "):
        smoothed(OBJECTIVES["minimax"], amount)


def test_objectives_by_name():
    assert all(require_objective(name) is objective for name, objective in OBJECTIVES.items())
    for wrong, near in (("hings", "hinge"), ("least_squares", "least-squares"), ("Wasserstein", "wasserstein")):
        with pytest.raises(RangeError, match=f"objective: name expects one of .*; is '{wrong}' .did you mean '{near}'"):
            require_objective(wrong)
    for wrong in ("", None, 3, "xyz"):
        with pytest.raises(RangeError, match="objective: name expects one of minimax, non-saturating, "):
            require_objective(wrong)


def test_an_objective_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        OBJECTIVES["hinge"].name = "other"


LOSSES = [getattr(losses, name) for name in vars(losses) if name.endswith("_loss")]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_wrong_scores(loss):
    count = 2 if "discriminator" in loss.__name__ or "critic" in loss.__name__ else 1
    name, argument = loss.__name__, ("real_scores", "generated_scores")[2 - count]
    good = [scores()] * (count - 1)
    for shape in ((5, 2), (5, 1, 1), ()):
        with pytest.raises(
            ShapeError, match=rf"^{name}: {argument} expects one score for each image, \(N,\) or \(N, 1"
        ):
            loss(np.zeros(shape), *good)
    with pytest.raises(ShapeError, match=rf"^{name}: {argument} expects at least 1 image, the batch is empty"):
        loss(np.zeros((0, 1)), *good)
    with pytest.raises(DtypeError, match=rf"^{name}: {argument} expects float32 or float64, has int64"):
        loss(np.zeros((5, 1), int), *good)
    with pytest.raises(DtypeError, match=rf"^{name}: {argument} expects a NumPy array, is float"):
        loss(1.0, *good)
    if count == 2:
        with pytest.raises(DtypeError, match=rf"^{name}: generated_scores expects float64 like real_scores, has floa"):
            loss(scores(), scores(dtype=np.float32))
        with pytest.raises(ShapeError, match=rf"^{name}: generated_scores expects at least 1 image"):
            loss(scores(), np.zeros(0))


def test_all_losses_were_tried():
    assert len(LOSSES) == 8


def test_clipping_keeps_every_parameter_inside_and_counts_as_an_update():
    layer = Dense(4, 3, rng=np.random.default_rng(0))
    layer.params["bias"] = np.array([0.5, -0.004, -3.0], np.float32)
    before, version = layer.params["weight"].copy(), layer.params.version
    clip_weights(layer.params, 0.01)
    np.testing.assert_array_equal(layer.params["weight"], np.minimum(np.maximum(before, -np.float32(0.01)), 0.01))
    np.testing.assert_allclose(layer.params["bias"], [0.01, -0.004, -0.01], rtol=1e-6)
    assert layer.params["weight"].dtype == np.float32
    assert layer.params.version > version
    for wrong in (0, -1, math.inf, math.nan, "0.01", None):
        with pytest.raises(RangeError, match="clip_weights: limit expects a finite number > 0, is "):
            clip_weights(layer.params, wrong)
