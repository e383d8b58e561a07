"""The article's equations (3) and (4): what follows from them, what is true in them, and the game as it should be."""

from itertools import pairwise

import numpy as np
import pytest
from figures import literally, one_dimension, won
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnfromscratch import models
from nnfromscratch.errors import DtypeError, RangeError, ShapeError
from nnfromscratch.functional import sigmoid
from nnfromscratch.gan.objectives import OBJECTIVES
from nnfromscratch.gan.optimal_discriminator import optimal_discriminator, optimal_value
from nnfromscratch.kernels import use
from nnfromscratch.layers import Dense
from nnfromscratch.optimizers import SGD, Adam

EXAMPLES = settings(deadline=None, max_examples=60, derandomize=True)
LOG_4 = np.log(4)
PIXELS = arrays.arrays(np.float64, (2, 1, 3, 3), elements=st.floats(0, 1))


@pytest.fixture(autouse=True)
def _nothing_to_compile():
    with use("vectorized"):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# --- equation (3), taken at its word -----------------------------------------------------------------------------


@EXAMPLES
@given(st.floats(1e-9, 1))
def test_equation_3_has_no_solution_but_zero(s):
    assert literally.equation_3(0.0) == 0
    assert s - literally.equation_3(s) == pytest.approx(s**2, rel=1e-6)  # what is missing, and it is never nothing
    assert literally.equation_3(s) < s


def test_no_score_solves_equation_3():
    """Where rounding does not hide it: s(1 − s) stays below s = σ(f), which stays above 0, down to f = −36."""
    s, _ = sigmoid(np.linspace(-36, 36, 2001))
    assert (s > 0).all()
    assert (literally.equation_3(s) < s).all()


def test_on_a_computer_rounding_seems_to_solve_it():
    s, _ = sigmoid(np.array([-36.0, -38.0, -700.0, -750.0]))
    assert (literally.equation_3(s) == s).tolist() == [False, True, True, True]
    assert (s == 0).tolist() == [False, False, False, True]


@pytest.mark.parametrize("start", [0.02, 0.5, 0.98])
def test_equation_3_as_a_recipe_makes_the_generator_fail(start):
    values = literally.repeated(start, 20_000)
    assert len(values) == 20_001
    assert values[0] == start
    assert (np.diff(values) < 0).all()
    assert 20_000 * values[-1] == pytest.approx(1, rel=0.005)
    np.testing.assert_allclose(np.diff(1 / values), 1 / (1 - values[:-1]), rtol=1e-6)


def test_two_images_with_one_score(rng):
    _, discriminator = models.article_gan(rng=rng, dtype=np.float64)
    image, other = rng.random((2, 1, 28, 28))
    weight = discriminator.params["1.weight"]
    change = literally.unseen(other - image, weight)
    scores = discriminator.predict(np.stack([image, image + change, other]))[:, 0]
    assert scores[1] == pytest.approx(scores[0], abs=1e-12)
    assert abs(scores[2] - scores[0]) > 0.01
    assert abs(change.ravel() @ weight).max() < 1e-12
    share = np.square(change).sum() / np.square(other - image).sum()
    assert share == pytest.approx(656 / 784, abs=0.05)  # the change is nearly the whole difference


# --- what is true in it ------------------------------------------------------------------------------------------

SCORES = np.linspace(-30, 30, 241)


def test_the_sigmoids_way_back_is_equation_3():
    s, backward = sigmoid(SCORES)
    np.testing.assert_array_equal(backward(np.ones_like(s)), literally.equation_3(s))


def _at_the_score(name, f):
    """∂loss/∂f for each score by itself."""
    return np.array([OBJECTIVES[name].generator_loss(score)[1]()[0] for score in f[:, None]])


def test_the_minimax_loss_leaves_minus_s():
    s, backward = sigmoid(SCORES)
    np.testing.assert_allclose(_at_the_score("minimax", SCORES), -s, rtol=1e-12)
    by_the_chain_rule = backward(-1 / (1 - s))  # ∂log(1 − s)/∂s, through the sigmoid
    np.testing.assert_allclose(by_the_chain_rule, -s, rtol=1e-12)


def test_the_non_saturating_loss_leaves_minus_one_minus_s():
    s, backward = sigmoid(SCORES)
    one_minus_s, _ = sigmoid(-SCORES)
    np.testing.assert_allclose(_at_the_score("non-saturating", SCORES), -one_minus_s, rtol=1e-12, atol=1e-15)
    by_the_chain_rule = backward(-1 / s)
    np.testing.assert_allclose(by_the_chain_rule, -one_minus_s, rtol=1e-12, atol=1e-15)


def test_only_the_minimax_gradient_vanishes_where_the_generator_fails():
    failing = np.array([-5.0, -10.0, -20.0, -40.0])
    minimax, other = _at_the_score("minimax", failing), _at_the_score("non-saturating", failing)
    assert (np.diff(abs(minimax)) < 0).all()
    assert abs(minimax[-1]) < 1e-17
    assert (abs(other) > 0.99).all()
    assert (minimax < 0).all()
    assert (other < 0).all()
    np.testing.assert_allclose(other / minimax, np.exp(-failing), rtol=1e-9)


def test_where_the_generator_succeeds_it_is_the_other_way_round():
    assert _at_the_score("minimax", np.array([20.0]))[0] == pytest.approx(-1)
    assert _at_the_score("non-saturating", np.array([20.0]))[0] == pytest.approx(-np.exp(-20), rel=1e-6)


def test_a_discriminator_that_learns_alone_silences_the_minimax_loss(rng):
    generator, discriminator = models.article_gan(rng=rng, width=32)
    before = {name: array.copy() for name, array in generator.params.items()}
    images = np.zeros((256, 1, 28, 28), np.float32)
    images[:, :, 8:20, 8:20] = rng.random((256, 1, 12, 12))
    first, *_, last = won.teach_discriminator_alone(generator, discriminator, images, steps=60, rng=rng, every=20)
    assert first.answer > 0.1
    assert last.answer < 1e-3
    assert last.lengths["minimax"] < 1e-2 * first.lengths["minimax"]
    assert last.lengths["non-saturating"] > first.lengths["non-saturating"] / 10
    assert last.lengths["non-saturating"] > 100 * last.lengths["minimax"]
    assert all((generator.params[name] == array).all() for name, array in before.items())


# --- equation (4), taken at its word -----------------------------------------------------------------------------


@EXAMPLES
@given(PIXELS, PIXELS)
def test_equation_4_has_the_shape_of_an_image(x, generated):
    with use("vectorized"):
        answer = literally.equation_4(x, generated)
        score = models.article_gan(rng=np.random.default_rng(0), image_shape=(1, 3, 3), width=2)[1]
    assert answer.shape == x.shape
    assert score.output_shape((1, 3, 3)) == (1,)
    np.testing.assert_allclose(answer, 1 / (1 + np.exp(-(x * (1 - generated)))), rtol=1e-14)


@EXAMPLES
@given(PIXELS, PIXELS)
def test_equation_4_never_says_generated(x, generated):
    answer = literally.equation_4(x, generated)
    assert answer.min() >= 0.5
    assert answer.max() <= 1 / (1 + np.exp(-1))


def test_equation_4_has_nothing_to_learn(rng):
    """All that it depends on are the two images: no order of examples, no training changes an answer."""
    generator, discriminator = models.article_gan(rng=rng, dtype=np.float64)
    x, z = rng.random((4, 1, 28, 28)), rng.standard_normal((4, 100))
    generated = generator.predict(z)
    before = literally.equation_4(x, generated), discriminator.predict(x)
    optimizer = Adam()
    for _ in range(3):
        one_dimension.discriminator_step(discriminator, optimizer, x, generated)
    assert (literally.equation_4(x, generated) == before[0]).all()
    assert (discriminator.predict(x) > before[1]).all()  # the network did learn: its real images look more real
    assert sum(array.size for array in discriminator.params.values()) == 117_121


def test_the_answer_of_equation_4_depends_on_the_noise(rng):
    generator, discriminator = models.article_gan(rng=rng, dtype=np.float64)
    x = np.ones((1, 1, 28, 28))
    one, other = generator.predict(rng.standard_normal((2, 100)))
    assert abs(literally.equation_4(x, one[None]) - literally.equation_4(x, other[None])).max() > 0.05
    assert (discriminator.predict(x) == discriminator.predict(x)).all()


def test_the_derivative_of_equation_4_by_its_own_image(rng):
    g, h = rng.random((2, 1, 3, 3)), 1e-6
    _, derivative = literally.equation_4_of_itself(g)
    rise = literally.equation_4(g + h, g + h) - literally.equation_4(g - h, g - h)
    np.testing.assert_allclose(derivative, rise / (2 * h), atol=1e-9)
    answer, _ = literally.equation_4_of_itself(g)
    assert (answer == literally.equation_4(g, g)).all()


@EXAMPLES
@given(PIXELS)
def test_a_generator_that_believes_equation_4_ends_in_grey(g):
    for _ in range(200):
        _, slope = literally.equation_4_of_itself(g)
        g = g + slope
    np.testing.assert_allclose(g, 0.5, atol=1e-9)


# --- the best discriminator --------------------------------------------------------------------------------------

DENSITIES = arrays.arrays(np.float64, 5, elements=st.floats(0.01, 9))


@EXAMPLES
@given(DENSITIES, DENSITIES, st.floats(0.001, 0.999))
def test_no_answer_beats_the_optimal_discriminator(p_data, p_generated, answer):
    best = optimal_discriminator(p_data, p_generated)
    here = p_data * np.log(answer) + p_generated * np.log(1 - answer)
    there = p_data * np.log(best) + p_generated * np.log1p(-best)
    assert (there >= here - 1e-12).all()
    np.testing.assert_allclose(p_data / best, p_generated / (1 - best), rtol=1e-9)


@EXAMPLES
@given(DENSITIES, DENSITIES)
def test_the_optimal_score_is_the_logarithm_of_the_densities_ratio(p_data, p_generated):
    np.testing.assert_allclose(
        optimal_discriminator(p_data, p_generated), sigmoid(np.log(p_data) - np.log(p_generated))[0], rtol=1e-12
    )


def test_the_optimal_discriminator_where_a_density_is_zero():
    best = optimal_discriminator(np.array([0.0, 2.0, 0.0], np.float32), np.array([3.0, 0.0, 0.0], np.float32))
    assert best.dtype == np.float32
    assert best[:2].tolist() == [0, 1]
    assert np.isnan(best[2])


def _bell(mean, width):
    return one_dimension.Bells(((1.0, mean, width),)).density(one_dimension.LINE)


@pytest.mark.parametrize("density", [_bell(0, 1), _bell(-2, 0.5), one_dimension.CASES["a mixture"][0].density(
    one_dimension.LINE)])  # fmt: skip
def test_the_value_of_equal_densities_is_minus_log_4(density):
    assert optimal_value(density, density, one_dimension.LINE) == pytest.approx(-LOG_4, abs=1e-6)


def test_the_value_is_minus_log_4_nowhere_else():
    values = [optimal_value(_bell(0, 1), _bell(mean, 1), one_dimension.LINE) for mean in (0.0, 0.1, 0.5, 1.0, 3.0)]
    assert (np.diff(values) > 1e-4).all()
    assert optimal_value(_bell(0, 1), _bell(0, 1.2), one_dimension.LINE) > -LOG_4 + 1e-3
    assert optimal_value(_bell(-5, 0.3), _bell(5, 0.3), one_dimension.LINE) == pytest.approx(0, abs=1e-9)


def test_the_value_is_that_of_the_jensen_shannon_divergence():
    p, q, line = _bell(0.5, 0.8), _bell(-1, 1.0), one_dimension.LINE  # nothing of them lies beyond the line
    middle = (p + q) / 2
    divergence = (np.trapezoid(p * np.log(p / middle), line) + np.trapezoid(q * np.log(q / middle), line)) / 2
    assert optimal_value(p, q, line) == pytest.approx(-LOG_4 + 2 * divergence, abs=1e-12)
    assert optimal_value(p, q, line) == optimal_value(q, p, line)


def test_the_value_counts_distances_between_uneven_points():
    x = np.array([0.0, 1.0, 4.0])
    assert optimal_value(np.array([2.0, 2.0, 0.0]), np.array([2.0, 0.0, 0.0]), x) == pytest.approx(-LOG_4)


@pytest.mark.parametrize("function", [optimal_discriminator, lambda p, q: optimal_value(p, q, np.arange(1.0, 4.0))])
@pytest.mark.parametrize(
    ("p_data", "p_generated", "error", "words"),
    [
        (np.ones(3), np.ones(4), ShapeError, r"p_generated expects shape \(3,\), has \(4,\)"),
        (np.ones(3), np.ones(3, np.float32), DtypeError, "p_generated expects float64 like p_data, has float32"),
        ([1.0], np.ones(1), DtypeError, "p_data expects a NumPy array, is list"),
        (np.ones(3), np.array([1.0, -0.5, 1.0]), RangeError, "p_generated expects densities >= 0, has -0.5"),
        (np.array([1.0, -2.0, 1.0]), np.ones(3), RangeError, "p_data expects densities >= 0, has -2"),
    ],
)
def test_what_is_no_pair_of_densities_is_refused(function, p_data, p_generated, error, words):
    with pytest.raises(error, match=words):
        function(p_data, p_generated)


@pytest.mark.parametrize(
    ("x", "error"),
    [
        (np.array([0.0, 1.0, 1.0]), RangeError),
        (np.array([0.0, np.nan, 1.0]), RangeError),
        (np.arange(4.0), ShapeError),
        (np.arange(3, dtype=np.float32), DtypeError),
    ],
)
def test_points_that_do_not_rise_or_fit_are_refused(x, error):
    with pytest.raises(error, match="optimal_value: x expects"):
        optimal_value(np.ones(3), np.ones(3), x)


def test_a_line_is_needed_for_the_value():
    with pytest.raises(ShapeError, match="x expects"):
        optimal_value(np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(RangeError, match="at least 2 numbers"):
        optimal_value(np.ones(1), np.ones(1), np.ones(1))


# --- found by training -------------------------------------------------------------------------------------------


def test_samples_have_the_density_that_is_claimed(rng):
    data, _ = one_dimension.CASES["a mixture"]
    edges = np.linspace(-6, 6, 25)
    found, _ = np.histogram(data.sample(200_000, rng), edges)
    line = one_dimension.LINE
    density = data.density(line)
    expected = [np.trapezoid(np.where((line >= a) & (line <= b), density, 0), line) for a, b in pairwise(edges)]
    np.testing.assert_allclose(found / 200_000, expected, atol=0.006)
    assert np.trapezoid(density, line) == pytest.approx(1, abs=1e-6)


class _Undecided:
    def predict(self, x, batch_size):
        return np.zeros_like(x)


def test_the_comparison_measures_what_it_says(rng):
    """D = ½ beside D* = σ(2x), the best for two bells of width 1 at ±1."""
    data, generated = (one_dimension.Bells(((1.0, mean, 1.0),)) for mean in (1.0, -1.0))
    comparison = one_dimension.compare(_Undecided(), data, generated)
    points = np.concatenate([bells.sample(200_000, rng) for bells in (data, generated)])
    off = abs(0.5 - sigmoid(2 * points)[0])
    assert comparison.mean == pytest.approx(off.mean(), abs=1e-3)
    assert comparison.largest == pytest.approx(sigmoid(2 * np.quantile(points, [0.995]))[0][0] - 0.5, abs=2e-4)
    assert comparison.value == pytest.approx(-LOG_4, abs=1e-9)
    assert comparison.best == optimal_value(
        data.density(one_dimension.LINE), generated.density(one_dimension.LINE), one_dimension.LINE
    )


def test_training_finds_the_optimal_discriminator(rng):
    data, generated = one_dimension.CASES["two Gaussians"]
    before = one_dimension.compare(one_dimension.discriminator(rng), data, generated)
    after = one_dimension.compare(
        one_dimension.train_discriminator(data, generated, steps=500, rng=rng), data, generated
    )
    assert before.mean > 0.2
    assert after.mean < 0.012
    assert after.largest < 0.05
    assert after.best - 0.004 < after.value <= after.best  # close to the bound, and never above it


@pytest.mark.slow
@pytest.mark.parametrize("name", one_dimension.CASES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_finds_it_for_every_pair_on_the_page(name, seed):
    data, generated = one_dimension.CASES[name]
    network = one_dimension.train_discriminator(data, generated, steps=2000, rng=np.random.default_rng(seed))
    comparison = one_dimension.compare(network, data, generated)
    assert comparison.mean < 0.012
    assert comparison.largest < 0.1
    assert comparison.best - 0.003 < comparison.value <= comparison.best


def test_a_step_of_the_generator_goes_down_minus_log_s(rng):
    network, generator = one_dimension.discriminator(rng), Dense(1, 1, rng=rng, dtype=np.float64)
    z, h, slopes = rng.standard_normal((64, 1)), 1e-6, {}

    def loss():
        return -np.log(sigmoid(network.predict(generator.predict(z)))[0]).mean()

    for name, start in list(generator.params.items()):
        generator.params[name] = start + h
        above = loss()
        generator.params[name] = start - h
        slopes[name] = (above - loss()) / (2 * h)
        generator.params[name] = start
    before = {name: float(array.item()) for name, array in generator.params.items()}
    one_dimension.generator_step(generator, network, SGD(lr=0.5), z)
    for name, array in generator.params.items():
        assert array.item() == pytest.approx(before[name] - 0.5 * slopes[name], abs=1e-8)
        assert abs(slopes[name]) > 1e-3


def test_the_game_ends_at_minus_log_4(rng):
    data = one_dimension.Bells(((1.0, 1.5, 0.8),))
    moments = one_dimension.play(data, steps=1500, rng=rng, every=100)
    assert [moment.step for moment in moments] == list(range(0, 1501, 100))
    assert moments[0].generated.bells == ((1.0, -3.0, 0.7),)
    assert moments[0].best > -0.1  # far apart: the best discriminator is nearly always right
    last = moments[-1]
    _, mean, width = last.generated.bells[0]
    assert (mean, width) == pytest.approx((1.5, 0.8), abs=0.05)
    assert last.best == pytest.approx(-LOG_4, abs=1e-3)
    assert last.value == pytest.approx(-LOG_4, abs=1e-3)
    assert all(moment.value <= moment.best for moment in moments)
    assert all(moment.best >= -LOG_4 - 1e-6 for moment in moments)
    middle = data.density(one_dimension.LINE) > 0.1
    np.testing.assert_allclose(last.answers[middle], 0.5, atol=0.05)
