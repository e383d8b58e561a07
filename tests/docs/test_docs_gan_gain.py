"""The page on whether a GAN helps says what the figures say, whatever they are, also where there are none."""

import re
from pathlib import Path

import numpy as np
import pytest
from figures import few_labels, gan_gain, gan_gain_findings, gan_gain_pictures, gan_gain_tables
from measured import NOTHING, Text, picture

from nnfromscratch.semi import ARMS, Method, paired_difference
from nnfromscratch.semi.conditional_arm import ConditionalArm

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "does-a-gan-help.md").read_text(encoding="utf-8")
EMPTY = {"runs": []}
SENTENCES = (
    gan_gain.headline,
    gan_gain.failures,
    gan_gain_findings.ahead_of_a_gan,
    gan_gain_findings.where_the_gain_is,
    gan_gain_findings.what_time_brings,
    gan_gain_findings.no_help,
    gan_gain_findings.found_or_not,
)
TABLES = (gan_gain_tables.arms_table, gan_gain_tables.labels_table, gan_gain_tables.time_table,
          gan_gain_tables.no_help_table, gan_gain_tables.augmented_table)  # fmt: skip


def results(rows=few_labels.ROWS, better=None):
    """Made-up runs: the accuracy is that of ``better`` by arm, else 0.9, and rises with the seed."""
    accuracy = {arm: 0.9 for row in few_labels.ROWS.values() for arm in row.arms} | (better or {})
    runs = []
    for chunk in few_labels.wanted(tuple(rows)):
        seeds = range(chunk.seed, chunk.seed + chunk.seeds)
        arms = {
            arm: {
                "seeds": list(seeds),
                "accuracy": [accuracy[arm] + 0.001 * seed * len(arm) / 10 for seed in seeds],
                "seconds": 60.0,
                "samples": 1e6,
                "over_time": [] if "hog" in arm else [{"seconds": [1.0, 2.0], "accuracy": [0.5, 0.8]} for _ in seeds],
            }
            for arm in few_labels.ROWS[chunk.row].arms
        }
        labelled = 55_000 if chunk.labels == "all" else int(chunk.labels)
        runs.append({**chunk._asdict(), "arms": arms, "labelled": labelled, "failed": {}})
    return {"runs": runs}


def test_arms_of_two_groups_are_compared_on_their_common_label_sets():
    found = gan_gain.arms(results(["main", "augmented"]))
    assert len(found["gan"]) == 10
    sets = few_labels.ROWS["augmented"].seeds
    assert len(found["student-aug"]) == sets
    pair = gan_gain.difference(found, "gan", "student-aug")
    assert pair == paired_difference(
        [found["gan"][seed] for seed in range(sets)], [found["student-aug"][seed] for seed in range(sets)]
    )
    assert gan_gain.difference(found, "gan", "cnn") is None


def test_conditions_are_kept_apart():
    every = results()
    assert set(gan_gain.arms(every, "10", 1)) == set(few_labels.MAIN)
    assert set(gan_gain.arms(every, minutes=60)) == set(few_labels.ROWS["an hour"].arms)
    assert set(gan_gain.arms(every, data="letters.npz")) == set(few_labels.ROWS["letters"].arms)
    assert gan_gain.arms(every, "10", 60) == {}


def test_sentences_for_a_gain_a_loss_and_chance():
    found = {
        "a": dict(enumerate([0.9] * 6)),
        "lower": dict(enumerate([0.88, 0.87, 0.88, 0.87, 0.88, 0.87])),
        "mixed": dict(enumerate([0.91, 0.88, 0.92, 0.87, 0.91, 0.9])),
        "same": dict(enumerate([0.9] * 6)),
        "few": {0: 0.8, 1: 0.82},
        "one": {0: 0.8},
        "none": {},
    }
    assert gan_gain.compared(found, "a", "lower") == (
        "`a` is 2.50 ± 0.55 points ahead of `lower` (six label sets, p = 0.031)."
    )
    assert gan_gain.compared(found, "lower", "a") == (
        "`lower` is 2.50 ± 0.55 points behind `a` (six label sets, p = 0.031)."
    )
    assert "p = 1): that may be chance." in gan_gain.compared(found, "a", "mixed")
    assert gan_gain.compared(found, "a", "same") == "`a` is exactly as good as `same` (six label sets)."
    assert gan_gain.compared(found, "a", "few").endswith("chance; so few sets cannot give less than 0.5.")
    assert gan_gain.compared(found, "a", "one") == (
        "`a` is 10.00 points ahead of `one` (one label set, which alone says little)."
    )
    assert gan_gain.compared(found, "a", "none") == ""
    assert [gan_gain.verdict(found, "a", other) for other in ("lower", "mixed", "none")] == ["ahead", "open", None]
    assert gan_gain.verdict(found, "lower", "a") == "behind"


@pytest.mark.parametrize(
    ("better", "without", "with_it"),
    [
        ({"gan": 0.96, "self-training": 0.95, "gan-aug": 0.97, "consistency-aug": 0.98}, "yes.**", "no.**"),
        ({"gan": 0.95, "self-training": 0.96, "gan-aug": 0.98, "consistency-aug": 0.97}, "without a GAN.**", "yes.**"),
        ({"gan": 0.8, "self-training": 0.95}, "Not even against the labels alone", "With augmentation"),
    ],
    ids=["wins without", "loses without, wins with", "loses to all"],
)
def test_the_answer_follows_the_figures(better, without, with_it):
    first, second = gan_gain.headline(results(better={"labels-only": 0.85, **better})).split("**With aug")
    assert without in first
    assert with_it in f"**With aug{second}"


def test_an_undecided_comparison_is_called_so():
    every = results(better={"labels-only": 0.5})
    for entry in every["runs"]:
        if "gan" in entry["arms"] and "self-training" in entry["arms"]:
            for arm in ("gan", "self-training"):
                entry["arms"][arm]["accuracy"] = [0.95 + 0.01 * (seed % 2) for seed in entry["arms"][arm]["seeds"]]
            entry["arms"]["gan"]["accuracy"][0] += 0.001
    assert "do not decide" in gan_gain.headline(every)


def test_where_the_gain_is_largest_and_where_it_is_gone():
    every = results(["labels"])
    gains = dict(zip(gan_gain_tables.LABELS, (5, 9, 4, 2, 0.4, 0.6, 0.3, -1), strict=True))
    for entry in every["runs"]:
        entry["arms"]["gan"]["accuracy"] = [
            value + gains[entry["labels"]] / 100 for value in entry["arms"]["labels-only"]["accuracy"]
        ]
        entry["arms"]["self-training"]["accuracy"] = [value + 0.001 for value in entry["arms"]["gan"]["accuracy"]]
    alone, control = gan_gain_findings.where_the_gain_is(every).splitlines()
    assert alone.startswith(
        "- After one minute the mean gain over `labels-only` is largest with 20 labels, 9.00 points; "
    )
    assert "; from 3,000 labels on it is under half a point. `gan` is behind with all. (Three label sets" in alone
    assert control == "- After one minute there is no gain over `self-training` with any number of labels."


def test_more_time_and_what_it_brought():
    every = results(["main", "fifteen minutes", "an hour"], {"gan": 0.96})
    for entry in every["runs"]:
        if entry["minutes"] > 2:
            entry["arms"]["gan"]["accuracy"] = [0.98 if entry["minutes"] == 15 else 0.995]
    quarter, hour = gan_gain_findings.what_time_brings(every).splitlines()
    said = "- 15 minutes instead of 2: `gan` makes 2.00\u00a0% errors instead of 3.94\u00a0% (five label sets), "
    assert quarter == said + "more than the paper's 0.93\u00a0%."
    assert hour.endswith(
        "0.50\u00a0% errors instead of 4.00\u00a0% (one label set), no more than the paper's 0.93\u00a0%."
    )


@pytest.mark.parametrize(
    ("gan", "rows", "sets", "answer"),
    [
        (0.95, few_labels.ROWS, 10, "**Found with 10, 20, 100 labels**: there the mean with a GAN is the higher one."),
        (
            0.95,
            few_labels.ROWS,
            1,
            "**Found with 100 labels**: there the mean with a GAN is the higher one. And with 10, 20 labels the mean",
        ),
        (0.95, ["few augmented"], 1, "**Not found for sure**: with 10, 20 labels the mean with a GAN is the higher"),
        (0.85, few_labels.ROWS, 10, "**Not found**: with no number"),
    ],
)
def test_whether_a_place_beside_augmentation_was_found(gan, rows, sets, answer):
    every = results(list(rows), better={"gan-aug": gan})
    every["runs"] = [entry for entry in every["runs"] if entry["row"] != "few augmented" or entry["seed"] < sets]
    assert gan_gain_findings.found_or_not(every).startswith(answer)


def test_arms_without_a_generator_that_are_ahead_of_one():
    better = {"gan": 0.93, "gan-aug": 0.97, "consistency-aug": 0.98, "student-aug": 0.99, "self-training": 0.95}
    better["gan-wide"] = 0.96
    without, augmented = gan_gain_findings.ahead_of_a_gan(results(better=better)).splitlines()
    assert re.fullmatch(r"- of `gan`: `consistency-aug` by 5.54 ±.*, `self-training` by 2.45 ±.*", without)
    assert augmented.startswith("- of `gan-aug`: `consistency-aug` by 1.36 ±")
    assert "student" not in without + augmented  # a GAN has taught it
    assert "gan-wide" not in without
    assert "- of `gan`: none" in gan_gain_findings.ahead_of_a_gan(results(better={"gan": 0.99}))


def test_the_arms_with_a_generator_are_those_whose_methods_have_one():
    found = set()
    for name, arm in ARMS.items():
        methods = [value for value in vars(arm).values() if isinstance(value, Method)]
        if isinstance(arm, ConditionalArm) or any(method.generator_rate is not None for method in methods):
            found.add(name.removesuffix("-aug"))
    assert found == set(gan_gain_findings.WITH_GENERATOR)


def test_an_arm_that_failed_is_told():
    every = results(["main"])
    every["runs"][0]["failed"] = {"gan, 100 labels, seed 0": "out of memory"}
    assert gan_gain.failures(every) == "- gan, 100 labels, seed 0: out of memory"


def test_the_table_of_arms_is_sorted_and_counts_label_sets():
    lines = gan_gain_tables.arms_table(results(["main", "labels alone"], {"gan": 0.96, "cnn": 0.5})).splitlines()
    assert lines[2].startswith("| `gan` | 96.")
    assert lines[2].endswith("| 10 | – | 60 | 1.00 |")
    assert lines[-1].startswith("| `cnn` | 50.")
    assert f"| {few_labels.ROWS['labels alone'].seeds} | −46." in lines[-1]


def test_more_time_is_compared_on_the_label_sets_that_had_it():
    lines = gan_gain_tables.time_table(results(["main", "controls", "five minutes"])).splitlines()
    sets = few_labels.ROWS["five minutes"].seeds
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["2", "5"]
    assert all(line.count(f"({sets}) |") == 3 for line in lines[2:])
    between = gan_gain_tables.time_table(results(["main", "controls", "main job"])).splitlines()
    assert [line.split("|")[1].strip() for line in between[2:]] == ["2", "2.75"]
    assert between[2].count("(10) |") == 3  # five minutes have no label set yet, so none is left out
    alone = gan_gain_tables.time_table(results(["main"])).splitlines()
    assert alone[2].count("(10) |") == 2
    assert alone[2].endswith("| – |")


def test_arms_with_fewer_label_sets_are_compared_on_these():
    every = results(["main", "others"], {"conditional": 0.91})
    for entry in every["runs"]:
        if entry["seed"]:  # easy sets, which the conditional GAN has not had
            entry["arms"].pop("conditional", None)
            for arm in entry["arms"].values():
                arm["accuracy"] = [0.99] * len(arm["seeds"])
    for arm in every["runs"][0]["arms"].values():
        arm["accuracy"][1] = 0.99
    assert gan_gain_tables.no_help_table(every).splitlines()[2].startswith("| 100 | 1 | 90.00")
    best = gan_gain_tables.arms_table(every).splitlines()[2]
    assert best.startswith("| `conditional` | 91.00")
    assert "| 1 | +1.00 |" in best


def test_a_run_counts_as_made_when_it_has_all_arms():
    every = results(["fifteen minutes"])
    del every["runs"][0]["arms"]["gan-wide"]
    (line,) = (line for line in gan_gain_tables.progress(every).splitlines() if line.startswith("| fifteen minutes"))
    assert line.endswith("| 4 of 5 |")


def test_the_table_of_arms_tells_the_shortest_and_the_longest_run():
    every = results(["main"])
    for entry, seconds in zip(every["runs"], (103.2, 99.6, 130.9, 110.0, 120.0), strict=True):
        entry["arms"]["gan"]["seconds"] = seconds
    (line,) = (line for line in gan_gain_tables.arms_table(every).splitlines() if line.startswith("| `gan` |"))
    assert "| 100 to 131 |" in line


def test_how_steadily_one_arm_is_ahead():
    found = {"a": {0: 0.95, 1: 0.94, 2: 0.96}, "b": {0: 0.93, 1: 0.95, 2: 0.9}, "c": {0: 0.9}}
    assert gan_gain.steadiness(found, "a", "b") == (
        "`a` is ahead on 2 of the 3 label sets, with a median difference of +2.00 points; from set to set `a` scatters "
        "by 1.00 points, `b` by 2.52."
    )
    assert gan_gain.steadiness(found, "a", "c") == ""


@pytest.mark.parametrize("count", range(0, len(few_labels.wanted()) + 1, 15))
def test_every_part_of_the_page_is_made_whatever_has_been_measured(count):
    some = {"runs": results()["runs"][:count]}
    for part in (*SENTENCES, *TABLES, gan_gain_tables.progress):
        text = part(some)
        assert text  # a cell shows no empty text
        assert not re.search(r"\bnan\b|None|\| +\|", text), text
    for draw in (gan_gain_pictures.arms_picture, gan_gain_pictures.gains_picture, gan_gain_pictures.course_picture,
                 gan_gain_pictures.time_picture, gan_gain_pictures.labels_picture):  # fmt: skip
        shown = picture(lambda draw=draw: draw(some))
        assert not count or draw is gan_gain_pictures.labels_picture or not isinstance(shown, Text)


def test_nothing_is_measured_yet():
    assert gan_gain.headline(EMPTY) == NOTHING
    for make in (*SENTENCES, *TABLES):
        assert make(EMPTY) == NOTHING
    assert gan_gain.gains({}, *gan_gain_pictures.PAIRS) == NOTHING


def test_the_commands_that_repeat_a_group_are_those_of_all_its_label_sets():
    typed = gan_gain_tables.repeat("letters", "no help").splitlines()
    assert "python docs/figures/letters.py letters.npz" in typed
    assert any("--labels all --seeds 3 --seed 0 --arms labels-only,cnn,conditional,gan --budget 2" in t for t in typed)
    for name in few_labels.ROWS:
        assert f'"{name}"' in PAGE, f"the page does not tell how to repeat {name}"


def test_the_page_shows_every_part_and_names_every_arm():
    for part in (*SENTENCES, *TABLES):
        assert f".{part.__name__}(results" in PAGE
    arms = {arm.removesuffix("-aug") for row in few_labels.ROWS.values() for arm in row.arms}
    assert [arm for arm in sorted(arms) if f"`{arm}`" not in PAGE] == []


def test_the_committed_figures_are_probabilities():
    for entry in gan_gain.load()["runs"]:
        for arm in entry["arms"].values():
            assert len(arm["seeds"]) == len(arm["accuracy"])
            assert np.all((np.array(arm["accuracy"]) >= 0) & (np.array(arm["accuracy"]) <= 1))
