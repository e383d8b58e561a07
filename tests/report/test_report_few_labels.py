"""What the page of arms on few labels says follows from its figures, and stays true where these are unusual."""

import pytest

from nnfromscratch.report import few_labels_report
from nnfromscratch.report import few_labels_words as words
from nnfromscratch.semi import paired_difference

ACCURACY = {
    "labels-only": [0.76, 0.75, 0.77],
    "self-training": [0.95, 0.93, 0.94],
    "gan": [0.955, 0.957, 0.953],
    "consistency-aug": [0.98, 0.982, 0.981],
}
RUN = {
    "settings": {"labels": "100"}, "threads": 2, "platform": "Linux", "versions": {"nnfromscratch": "0.1.0"},
    "started": "2025-01-31T12:00:00+00:00",
}  # fmt: skip


def results_of(accuracy=None, seeds=(0, 1, 2), failed=None, labels=None):
    accuracy = ACCURACY if accuracy is None else accuracy
    arms = {
        name: {
            "accuracy": values[: len(seeds)],
            "accuracy_mean": sum(values[: len(seeds)]) / len(seeds),
            "accuracy_std": 0.01 if len(seeds) > 1 else None,
            "seconds": 120.5,
            "samples": 123456.0,
        }
        for name, values in accuracy.items()
    }
    names = list(accuracy)
    paired = [
        {"arm": arm, "other": other, **vars(paired_difference(arms[arm]["accuracy"], arms[other]["accuracy"]))}
        for place, arm in enumerate(names)
        for other in names[:place]
    ]
    labels = labels or {"100": 100}
    return {
        "arms": arms, "paired": paired, "failed": failed or {}, "steps": {"gan": {"training": 5000}},
        "labels": list(labels), "labelled": labels, "seeds": list(seeds), "data": "mnist",
        "images": {"train": 55_000, "validation": 5_000, "test": 10_000},
        "timings": {"training_seconds": 700.0, "total_seconds": 800.0},
    }  # fmt: skip


def plain(text):
    return text.replace("\u00a0", " ")


def test_the_outcome_names_the_best_and_its_distance():
    said = plain(words.outcome(results_of()))
    assert said.startswith("With 100 labels, consistency-aug classifies 98.10 % of the test images rightly (the mean")
    assert "gan 95.50 %, self-training 94.00 %, labels-only 76.00 %." in said
    assert "consistency-aug is 2.60 ± 0.17 points ahead of gan (p = 0.25, 3 label sets: that may be chance" in said
    assert "so few label sets cannot give less than 0.25" in said


def test_enough_label_sets_are_evidence():
    seeds = tuple(range(6))
    accuracy = {"gan": [0.95 + 0.001 * seed for seed in seeds], "labels-only": [0.7] * 6}
    said = words.outcome(results_of(accuracy, seeds))
    assert "(p = 0.031, 6 label sets)" in said
    assert "chance" not in said


def test_one_label_set_proves_nothing():
    said = words.outcome(results_of(seeds=(4,)))
    assert "(one label set)" in said
    assert "2.50 points ahead of gan, on one label set, which proves nothing" in said


def test_one_arm_is_ahead_of_nobody():
    said = plain(words.outcome(results_of({"gan": [0.9, 0.9, 0.9]})))
    assert said.endswith("classifies 90.00 % of the test images rightly (the mean over 3 label sets).")


def test_where_nothing_was_trained_it_says_so():
    assert words.outcome(results_of({})) == "No arm was trained on 100 labels."
    assert "What failed" in page(results_of({}, failed={"gan, 100 labels, seed 0": "no"}))


def test_all_labels_are_called_so():
    assert words.outcome(results_of(labels={"all": 55_000})).startswith("With all 55,000 labels, ")


def test_a_difference_can_be_read_both_ways():
    results = results_of()
    one, other = (words.difference(results, *pair) for pair in (("gan", "labels-only"), ("labels-only", "gan")))
    assert one["mean"] == -other["mean"] == pytest.approx(0.195)
    assert one["differences"] == tuple(-value for value in other["differences"])
    assert (one["std"], one["p_value"]) == (other["std"], other["p_value"])
    assert words.difference(results, "gan", "student") is None


def test_the_table_of_pairs_has_the_best_and_the_gan_once_each():
    rows = words.pairs_table(results_of()).rows
    assert [row[0] for row in rows] == [
        "consistency-aug − gan", "consistency-aug − self-training", "consistency-aug − labels-only",
        "gan − self-training", "gan − labels-only",
    ]  # fmt: skip
    assert rows[3][1:4] == ("+1.50", "± 1.11", "0.25")


def test_the_table_of_arms_has_the_best_first():
    rows = words.arms_table(results_of()).rows
    assert [row[0] for row in rows] == ["consistency-aug", "gan", "self-training", "labels-only"]
    assert plain(rows[1][1]) == "95.50 %"
    assert rows[1][2:] == ("± 1.00", "3", "120.5", "5,000", "123,456")


def test_many_validation_labels_are_told():
    assert "far more than the 100" in " ".join(words.protocol(results_of()))
    assert "far more" not in " ".join(words.protocol(results_of(labels={"all": 55_000})))
    assert "(seed 4)" in " ".join(words.protocol(results_of(seeds=(4,))))


def page(results, **pictures):
    return few_labels_report(RUN, results, pictures, command="python -m nnfromscratch semi")


def test_a_picture_that_is_missing_leaves_its_section_out():
    whole = page(results_of(), accuracy=b"\x89PNG", curves=b"\x89PNG", samples=b"\x89PNG")
    assert whole.count("<img") == 3
    assert "How fast they learn" in whole
    assert "How many labels it takes" not in whole
    assert "What failed" not in whole


def test_failures_are_told():
    assert "gan, 100 labels, seed 0: a loss of nan" in page(
        results_of(failed={"gan, 100 labels, seed 0": "a loss of nan"})
    )


def test_the_title_names_all_label_counts():
    labels = {"10": 10, "100": 100, "all": 55_000}
    assert "<h1>Few labels on mnist: 10, 100 and all</h1>" in page(results_of(labels=labels))
    assert "<h1>Few labels on mnist: 100</h1>" in page(results_of())
