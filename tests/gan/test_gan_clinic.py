"""The clinic at work: games that fail are named rightly, those with the remedy and healthy ones are left alone.

All of them at full length and with other seeds are played by docs/figures/clinic.py; tests/docs has what came of it.
"""

import numpy as np
import pytest

from nnfromscratch.gan import diagnostics
from nnfromscratch.gan.clinic import digits, play, spots
from nnfromscratch.gan.clinic_healthy import HEALTHY
from nnfromscratch.gan.clinic_recipes import RECIPES, exploding_gradients, mode_collapse
from nnfromscratch.gan.diagnostics import (
    COPIED_IMAGES,
    DISCRIMINATOR_WON,
    EXPLODING_GRADIENTS,
    KINDS,
    MODE_COLLAPSE,
    PINNED_WEIGHTS,
)
from nnfromscratch.optimizers import SGD

slow = pytest.mark.slow
QUICK = [EXPLODING_GRADIENTS, PINNED_WEIGHTS]
LONG = [pytest.param(kind, marks=slow) for kind in (MODE_COLLAPSE, DISCRIMINATOR_WON, COPIED_IMAGES)]


def named(outcome):
    return [finding.kind for finding in outcome.findings]


def test_there_is_a_recipe_for_everything_that_the_clinic_can_name():
    assert set(RECIPES) == set(KINDS) == {param.values[0] for param in LONG} | set(QUICK)


@pytest.mark.parametrize("kind", [*QUICK, *LONG])
def test_a_recipe_fails_in_its_own_way_and_the_remedied_one_does_not(kind):
    outcome = play(RECIPES[kind]())
    assert named(outcome) == [kind]
    assert outcome.findings[0].step <= outcome.history.steps
    assert outcome.stopped is None
    # a quarter of the way shows whether thousands of images are being copied, and takes a quarter of the time
    shorter = {"steps": 1000} if kind == COPIED_IMAGES else {}
    assert named(play(RECIPES[kind](remedied=True, **shorter))) == []


@slow
@pytest.mark.parametrize("name", HEALTHY)
def test_the_clinic_leaves_healthy_games_alone_also_on_the_way(name):
    outcome = play(HEALTHY[name](steps=HEALTHY[name].keywords["steps"] // 4))
    assert named(outcome) == []


def test_there_are_ten_healthy_games_of_many_kinds():
    assert len(HEALTHY) == 10
    games = [each.keywords | {"objective": each.args[0]} for each in HEALTHY.values()]
    assert {game["objective"] for game in games} == {
        "non-saturating",
        "minimax",
        "least-squares",
        "hinge",
        "wasserstein",
    }
    assert len({game["seed"] for game in games}) == 10
    assert len({game.get("model") for game in games}) == 4
    assert sum("weight_limit" in game for game in games) == 1


def test_the_same_seed_is_the_same_game_and_another_one_another():
    one, again, other = (play(exploding_gradients(seed=seed, steps=40)) for seed in (0, 0, 1))
    assert one.history.generator_loss == again.history.generator_loss != other.history.generator_loss
    np.testing.assert_array_equal(one.samples, again.samples)
    assert one.figures == again.figures != other.figures


def test_a_limit_in_the_wrong_place_breaks_a_recipe(monkeypatch):
    outcome = play(exploding_gradients(steps=300))
    assert named(outcome) == [EXPLODING_GRADIENTS]
    monkeypatch.setattr(diagnostics, "EXPLODED", 1e6)
    assert diagnostics.diagnose(outcome.history) == []


def test_a_game_that_ran_into_infinity_is_played_to_that_end():
    recipe = mode_collapse(steps=50)
    recipe.settings["discriminator_optimizer"] = SGD(1e38)
    outcome = play(recipe)
    assert outcome.stopped is not None
    assert outcome.figures is None  # nothing was looked at yet
    assert outcome.history.steps < 50
    assert named(outcome) == [EXPLODING_GRADIENTS]
    assert outcome.samples.dtype == np.uint8


def test_the_images_are_what_they_are_said_to_be():
    for (training, held_out), count in ((digits(), 5000), (spots(), 3000)):
        assert training.shape == (count, 1, 16, 16)
        assert held_out.shape == (500, 1, 16, 16)
        assert training.dtype == held_out.dtype == np.uint8
        assert training.max() > 240
        assert not {image.tobytes() for image in held_out} & {image.tobytes() for image in training}
