"""The clinic on histories written by hand: every failure is named, alone, with its figures; what is healthy is not."""

import dataclasses

import numpy as np
import pytest

from nnfromscratch.errors import DataError, NonFiniteError, RangeError, ShapeError
from nnfromscratch.gan import diagnostics, symptoms
from nnfromscratch.gan.diagnostics import (
    COPIED_IMAGES,
    DISCRIMINATOR_WON,
    EXPLODING_GRADIENTS,
    KINDS,
    MODE_COLLAPSE,
    PINNED_WEIGHTS,
    Finding,
    diagnose,
)
from nnfromscratch.gan.history import GanHistory
from nnfromscratch.gan.symptoms import APART, COLLAPSED, COPIED, EXPLODED, GREW, PINNED, REPEATED, VANISHED, since

LOOKS, EVERY = 16, 25  # the last quarter: four looks, a hundred steps


def game(**changes):
    """A healthy history; a number stands for all looks or steps, a pair for those before the last quarter and in it."""
    steps = LOOKS * EVERY

    def course(values, length):
        if isinstance(values, list):
            return values
        before, late = values if isinstance(values, tuple) else (values, values)
        return [before] * (length - length // 4) + [late] * (length // 4)

    figures = {
        "discriminator_loss": 1.0, "generator_loss": 1.0, "real_score": 0.8, "generated_score": -0.7,
        "generator_gradient": 3.0, "discriminator_gradient": 2.0, "diversity": 0.9, "nearest": 0.6, "pinned": 0.1,
    } | changes  # fmt: skip
    made, judged = (course(figures.pop(f"{player}_gradient"), LOOKS) for player in ("generator", "discriminator"))
    looked = {name: course(figures.pop(name), LOOKS) for name in ("diversity", "nearest", "pinned")}
    each = {name: course(values, steps) for name, values in figures.items()}
    return GanHistory(
        look_step=[EVERY * (look + 1) for look in range(LOOKS)],
        generator_gradient={"0": [0.6 * norm for norm in made], "2": [0.8 * norm for norm in made]},
        discriminator_gradient={"1": [0.8 * norm for norm in judged], "3": [0.6 * norm for norm in judged]},
        **looked,
        **each,
    )


def kinds(history, **more):
    return [finding.kind for finding in diagnose(history, **more)]


FAILURES = {
    MODE_COLLAPSE: {"diversity": (0.8, 0.01), "nearest": (0.5, 0.005)},
    DISCRIMINATOR_WON: {"real_score": 9.0, "generated_score": -9.0, "generator_gradient": (0.5, 1e-5)},
    EXPLODING_GRADIENTS: {"discriminator_gradient": (5.0, 4e4), "real_score": (1.0, 5e3)},
    PINNED_WEIGHTS: {"pinned": (0.3, 0.8)},
}
START = 325  # the first look of the last quarter


def test_a_healthy_history_has_no_finding():
    assert diagnose(game()) == []
    assert diagnose(game(pinned=[])) == []
    assert diagnose(game(diversity=[], nearest=[])) == []  # batches of one image


@pytest.mark.parametrize("kind", FAILURES)
def test_each_failure_is_named_and_no_other(kind):
    (finding,) = diagnose(game(**FAILURES[kind]))
    assert finding.kind == kind
    assert finding.step == START


# For each figure that decides, a value just on the healthy side of the limit and one just on the other.
LIMITS = [
    (MODE_COLLAPSE, "diversity", 1.01 * COLLAPSED, 0.99 * COLLAPSED),
    (MODE_COLLAPSE, "nearest", 1.01 * REPEATED, 0.99 * REPEATED),
    (DISCRIMINATOR_WON, "generator_gradient", 1.01 * VANISHED, 0.99 * VANISHED),
    (DISCRIMINATOR_WON, "real_score", -9 + 0.99 * APART, -9 + 1.01 * APART),
    (EXPLODING_GRADIENTS, "discriminator_gradient", (1.0, 0.99 * EXPLODED), (1.0, 1.01 * EXPLODED)),
    (EXPLODING_GRADIENTS, "generator_gradient", (1.0, 0.99 * EXPLODED), (1.0, 1.01 * EXPLODED)),
    (EXPLODING_GRADIENTS, "discriminator_gradient", (1e5, 0.99e5 * GREW), (1e5, 1.01e5 * GREW)),
    (PINNED_WEIGHTS, "pinned", 0.99 * PINNED, 1.01 * PINNED),
]


@pytest.mark.parametrize(("kind", "name", "healthy", "ill"), LIMITS)
def test_the_limits_are_where_they_are_said_to_be(kind, name, healthy, ill):
    others = {**FAILURES[kind], name: None} if kind == DISCRIMINATOR_WON else {}
    assert kinds(game(**{**others, name: healthy})) == []
    assert kinds(game(**{**others, name: ill})) == [kind]


def test_the_limits_leave_room_on_both_sides():
    """A limit moved by a half breaks no name: the failures above, and the healthy history, are far from all of them."""
    for name in ("COLLAPSED", "REPEATED", "VANISHED", "APART", "EXPLODED", "GREW"):
        for factor in (0.5, 2.0):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(diagnostics, name, factor * getattr(symptoms, name))
                assert diagnose(game()) == []
                for kind, changes in FAILURES.items():
                    assert kinds(game(**changes)) == [kind], (name, factor)


def test_what_counts_is_the_end():
    """A collapse that the generator got over, and one blink of an eye at the end, are no finding."""
    assert kinds(game(diversity=(0.01, 0.8), nearest=(0.002, 0.5))) == []
    assert kinds(game(diversity=[0.9] * 15 + [0.0], nearest=[0.5] * 15 + [0.0])) == []
    assert kinds(game(generator_gradient=(1e-6, 2.0), real_score=9.0)) == []
    assert kinds(game(discriminator_gradient=[2.0] * 15 + [1e9])) == []


def test_the_step_is_that_from_which_on_it_was_so():
    steps = [10, 20, 30, 40, 50, 60]

    def first(*holds):
        return since(steps, np.array(holds, bool))

    assert first(0, 0, 1, 1, 1, 1) == 30
    assert first(1, 1, 1, 1, 1, 1) == 10
    assert first(1, 0, 1, 1, 0, 1) == 10  # single looks out of line do not count
    assert first(1, 0, 0, 1, 0, 1) == 40  # two in a row do
    assert first(0, 0, 1, 1, 1, 0) == 30
    assert first(0, 1, 1, 1, 0, 0) == 20
    assert first(0, 0, 0, 0, 0, 0) == 60


def test_a_generator_that_repeats_a_few_images_has_collapsed_too():
    """Images that differ much, but each of them several times in a batch."""
    (finding,) = diagnose(game(diversity=0.7, nearest=(0.4, 0.001)))
    assert (finding.kind, finding.step) == (MODE_COLLAPSE, START)
    assert "0.7 times as far apart" in finding.evidence


def test_images_that_have_not_spread_yet_have_not_collapsed():
    """As in the first hundreds of steps of generators that learn."""
    assert kinds(game(diversity=0.15, nearest=0.07)) == []


def test_certainty_is_no_victory_while_the_generator_has_a_gradient():
    assert kinds(game(real_score=20.0, generated_score=-20.0, discriminator_loss=1e-9)) == []


def test_a_small_gradient_is_no_defeat_while_the_scores_are_close():
    """The gradients of a critic with tightly clipped weights are small from the start."""
    assert kinds(game(real_score=0.02, generated_score=-0.02, generator_gradient=1e-4)) == []


def test_a_discriminator_that_is_wrong_has_not_won():
    assert kinds(game(real_score=-9.0, generated_score=9.0, generator_gradient=(0.5, 1e-5))) == []


def test_the_gradient_that_vanishes_is_the_generators():
    assert kinds(game(real_score=9.0, generated_score=-9.0, discriminator_gradient=(0.5, 1e-5))) == []


def test_a_gradient_that_was_always_long_has_not_exploded():
    assert kinds(game(discriminator_gradient=5e3)) == []


def test_an_explosion_names_the_player_the_layer_and_the_growth():
    for player, layer in (("discriminator", "1"), ("generator", "2")):
        (finding,) = diagnose(game(**{f"{player}_gradient": (5.0, 4e4)}))
        assert f"the gradient of the {player} has a length of 40,000" in finding.evidence
        assert "8,000 times that of its first looks" in finding.evidence
        assert f"most of it in layer {layer}" in finding.evidence
    both = game(discriminator_gradient=(5.0, 4e4), generator_gradient=(5.0, 9e4))
    assert "the gradient of the generator has a length of 90,000" in diagnose(both)[0].evidence


def test_what_follows_from_another_failure_is_not_named_besides():
    collapse, won, explosion = (FAILURES[kind] for kind in (MODE_COLLAPSE, DISCRIMINATOR_WON, EXPLODING_GRADIENTS))
    assert kinds(game(**won, **collapse)) == [MODE_COLLAPSE]
    assert kinds(game(**explosion, **collapse)) == [EXPLODING_GRADIENTS]
    vanished = {"generated_score": -9.0, "generator_gradient": (0.5, 1e-5)}
    assert kinds(game(**explosion, **vanished)) == [EXPLODING_GRADIENTS]


def test_what_has_nothing_to_do_with_each_other_is_named_together():
    both = game(**FAILURES[PINNED_WEIGHTS], **FAILURES[MODE_COLLAPSE])
    assert kinds(both) == [MODE_COLLAPSE, PINNED_WEIGHTS]
    both = game(**FAILURES[PINNED_WEIGHTS], **FAILURES[EXPLODING_GRADIENTS])
    assert kinds(both) == [EXPLODING_GRADIENTS, PINNED_WEIGHTS]


def compared(distance, count=12):
    """Samples at that share of the distance of held-out images, every one of a single changed pixel."""
    training = np.zeros((count, 1, 4, 4))
    training[:, 0, 3, 3] = np.linspace(0, 1, count)
    held_out, samples = training.copy(), training[::-1].copy()
    held_out[:, 0, 0, 0] = 0.8
    samples[:, 0, 0, 0] = 0.8 * distance
    return {"samples": samples, "training": training, "held_out": held_out}


def test_copies_are_found_by_their_distance_to_the_training_images():
    assert kinds(game(), **compared(1.01 * COPIED)) == []
    assert kinds(game(), **compared(0.99 * COPIED)) == [COPIED_IMAGES]
    (finding,) = diagnose(game(), **compared(0.3))
    assert (finding.kind, finding.step) == (COPIED_IMAGES, LOOKS * EVERY)
    assert "0.3 times as far from the nearest training image" in finding.evidence
    assert kinds(game(), **compared(0.0)) == [COPIED_IMAGES]


def test_a_few_copies_among_many_samples_are_not_the_rule():
    images = compared(1.2)
    images["samples"][:3] = images["training"][:3]
    assert kinds(game(), **images) == []


def test_images_may_be_bytes_or_floats():
    images = {name: np.rint(255 * each).astype(np.uint8) for name, each in compared(0.3).items()}
    assert kinds(game(), **images) == [COPIED_IMAGES]
    assert symptoms.symptoms(game(), **images).copy_distance == pytest.approx(0.3, abs=0.01)


def test_copies_of_a_few_images_repeat_them_without_having_collapsed():
    repeated = game(nearest=(0.4, 0.001))
    assert kinds(repeated, **compared(0.1)) == [COPIED_IMAGES]
    assert kinds(repeated, **compared(0.9)) == [MODE_COLLAPSE]
    assert kinds(repeated) == [MODE_COLLAPSE]
    single = game(diversity=(0.8, 0.01), nearest=(0.4, 0.001))
    assert kinds(single, **compared(0.1)) == [MODE_COLLAPSE, COPIED_IMAGES]


def test_a_game_that_ran_into_infinity_has_exploded():
    error = NonFiniteError("train_gan: step 3: the generator expects finite numbers, has loss inf")
    short = GanHistory(
        discriminator_loss=[0.5, 4e9], generator_loss=[0.5, 7e12], real_score=[0, 0], generated_score=[0, 0]
    )
    (finding,) = diagnose(short, stopped=error)
    assert (finding.kind, finding.step) == (EXPLODING_GRADIENTS, 3)
    assert "losses of 4e+09 for the discriminator and 7e+12 for the generator" in finding.evidence
    assert "the generator expects finite numbers" in finding.evidence
    (at_once,) = diagnose(GanHistory(), stopped=error)
    assert at_once.step == 1
    long = game(**FAILURES[EXPLODING_GRADIENTS], pinned=0.9)
    assert [(each.kind, each.step) for each in diagnose(long, stopped=error)] == [
        (EXPLODING_GRADIENTS, LOOKS * EVERY + 1), (PINNED_WEIGHTS, EVERY),
    ]  # fmt: skip
    assert kinds(game(**FAILURES[MODE_COLLAPSE]), stopped=error) == [EXPLODING_GRADIENTS]


def test_a_finding_reads_as_a_text():
    every = [diagnose(game(**changes))[0] for changes in FAILURES.values()]
    every += diagnose(game(), **compared(0.1)) + diagnose(GanHistory(), stopped=NonFiniteError("inf"))
    assert {finding.kind for finding in every} == set(KINDS)
    for finding in every:
        text = str(finding)
        assert text.startswith(f"{finding.kind[0].upper()}{finding.kind[1:]}, since step {finding.step:,}. Seen: ")
        for part in (finding.evidence, finding.remedy, finding.source):
            assert part in text
            assert not part.endswith(".")
        assert text.endswith(".")
        assert "nan" not in text
        assert any(switch in finding.remedy for switch in SWITCHES), finding.remedy
        assert any(year in finding.source for year in ("2013", "2014", "2016", "2017", "2020"))


SWITCHES = (
    "Techniques", "generator_optimizer", "discriminator_optimizer", "objective=", "gradient_penalty=10",
    "weight_limit", "(images)",
)  # fmt: skip


def test_findings_are_plain_values():
    (finding,) = diagnose(game(**FAILURES[PINNED_WEIGHTS]))
    assert finding == dataclasses.replace(finding)
    assert "80\u00a0% of the discriminator's weights" in finding.evidence
    with pytest.raises(dataclasses.FrozenInstanceError):
        finding.kind = "well"
    assert str(Finding("a", 1, "b", "c", "d")) == "A, since step 1. Seen: b. Likely remedy: c. Source: d."


def test_the_figures_are_medians_of_the_last_quarter():
    seen = symptoms.symptoms(
        game(
            real_score=[0.0] * 300 + [1.0] * 49 + [5.0] * 51,
            generator_gradient=[2.0, 4.0, 3.0] + [9.0] * 9 + [6.0, 6.0, 12.0, 30.0],
            pinned=[],
        )
    )
    assert seen.real_score == 5.0
    assert seen.generator_gradient == pytest.approx(9.0)  # 0.6 and 0.8 in the layers: the length of both together
    assert seen.generator_growth == pytest.approx(3.0)
    assert seen.discriminator_growth == pytest.approx(1.0)
    assert (seen.pinned, seen.copy_distance) == (None, None)


def test_a_layer_without_a_gradient_at_first_has_grown_beyond_measure():
    history = game(discriminator_gradient=[0.0] * 3 + [2e3] * 13)
    assert symptoms.symptoms(history).discriminator_growth == np.inf
    assert kinds(history) == [EXPLODING_GRADIENTS]


def test_too_few_looks_say_nothing():
    history = game()
    history.look_step = history.look_step[:3]
    with pytest.raises(DataError, match=r"diagnose: history expects at least 4 looks .*look_every.* has 3"):
        diagnose(history)
    with pytest.raises(DataError, match="has 0"):
        diagnose(GanHistory())


@pytest.mark.parametrize("missing", ["samples", "training", "held_out"])
def test_images_come_together(missing):
    images = compared(1.0)
    del images[missing]
    with pytest.raises(DataError, match=f"expect images together, lacks {missing}"):
        diagnose(game(), **images)


def test_images_that_are_none_are_named():
    images = compared(1.0)
    for name in ("samples", "held_out"):
        with pytest.raises(ShapeError, match=rf"diagnose: {name} expects images of shape \(1, 4, 4\) like training"):
            diagnose(game(), **{**images, name: np.zeros((3, 1, 5, 5))})
    with pytest.raises(RangeError, match=r"diagnose: samples of float64 expects numbers in \[0, 1\]"):
        diagnose(game(), **{**images, "samples": images["samples"] - 1})
    with pytest.raises(DataError, match="held_out expects images that are not in training"):
        diagnose(game(), **{**images, "held_out": images["training"]})
