"""The sentence of ``article`` follows from its figures, whichever way they fall, and never says more than they do."""

import re

import pytest

from nnfromscratch.report import article_report
from nnfromscratch.report import article_words as words

RUN = {
    "settings": {"quick": False, "seed": 0}, "threads": 2, "platform": "Linux", "started": "2025-01-31T12:00:00+00:00",
    "versions": {"nnfromscratch": "0.1.0"},
}  # fmt: skip
ACCURACY = {"labels-only": 0.76, "self-training": 0.9494, "gan": 0.967}


def results_of(accuracy=None, *, other="self-training", uncertainty=0.004, rough=False, failed=None):
    accuracy = ACCURACY if accuracy is None else accuracy
    arms = {
        name: {"accuracy_mean": value, "accuracy": [value], "seconds": 180.5, "samples": 1234567.0}
        for name, value in accuracy.items()
    }
    difference = None
    if "gan" in arms and "self-training" in arms:
        difference = {
            "arm": "gan", "other": other, "value": accuracy["gan"] - accuracy[other], "uncertainty": uncertainty,
        }  # fmt: skip
    return {
        "rough": rough,
        "classify": {
            "test_accuracy": 0.993, "test_errors": 70, "epochs": 3, "images": {"train": 55_000, "test": 10_000},
        },
        "generate": {
            "classifier_score": {"value": 5.69, "real": 9.86}, "frechet_distance": {"value": 122.0, "real": 0.43},
            "confident_share": {"value": 0.67, "real": 0.99}, "classes_covered": {"value": 9, "real": 10},
            "steps": 6000,
        },
        "semi": {
            "arms": arms, "difference": difference, "failed": failed or {}, "labels": 100, "budget_minutes": 3.0,
        },
        "images": {"test": 10_000}, "timings": {"total_seconds": 340.0},
    }  # fmt: skip


def plain(text):
    return text.replace("\xa0", " ")


def test_the_gan_wins():
    results = results_of()
    assert words.verdict(results) == "yes"
    assert plain(words.sentence(results)) == (
        "On this set of 100 labels the GAN helped: with it 96.70 % of 10,000 test images are recognised, without it, "
        "from the same images in the same time, 94.94 % (self-training), 1.76 ± 0.40 points fewer."
    )


def test_the_gan_loses():
    results = results_of({**ACCURACY, "gan": 0.93})
    assert words.verdict(results) == "no"
    assert plain(words.sentence(results)) == (
        "On this set of 100 labels the GAN did not help: with it 93.00 % of 10,000 test images are recognised, without "
        "it, from the same images in the same time, 94.94 % (self-training), 1.94 ± 0.40 points more."
    )


@pytest.mark.parametrize(("accuracy", "points"), [(0.952, "0.26"), (0.947, "0.24"), (0.9494, "0.00")])
def test_too_close_to_tell(accuracy, points):
    results = results_of({**ACCURACY, "gan": accuracy})
    assert words.verdict(results) == "unclear"
    said = plain(words.sentence(results))
    assert said.startswith("On this set of 100 labels nobody can tell whether the GAN helped: with it ")
    assert said.endswith(f"; a difference of {points} ± 0.40 points is within what the choice of test images explains.")


def test_a_lead_of_just_the_uncertainty_is_none():
    results = results_of()
    results["semi"]["difference"] |= {"value": 0.004, "uncertainty": 0.004}
    assert words.verdict(results) == "unclear"


def test_the_labels_alone_may_be_the_best_without_a_gan():
    results = results_of({"labels-only": 0.8, "self-training": 0.7, "gan": 0.75}, other="labels-only")
    assert words.verdict(results) == "no"
    assert plain(words.sentence(results)).endswith(
        "without it, from the labels alone, 80.00 %, 5.00 ± 0.40 points more."
    )


@pytest.mark.parametrize("lost", [("gan",), ("self-training",), ("gan", "self-training")])
def test_an_arm_failed(lost):
    kept = {name: value for name, value in ACCURACY.items() if name not in lost}
    results = results_of(kept, failed={f"{name}, 100 labels, seed 0": "a loss of nan" for name in lost})
    assert words.verdict(results) == "unknown"
    said = plain(words.sentence(results))
    assert said.startswith(f"On this set of 100 labels there is no answer, because {' and '.join(lost)} failed; ")
    assert "labels-only 76.00 %" in said
    for word in ("helped", "fewer", "more"):
        assert word not in said
    page = plain(article_report(RUN, results, {}, {}, command="C"))
    assert f"{lost[0]}, 100 labels, seed 0 failed: a loss of nan." in page


def test_without_labels_only_there_is_an_answer_all_the_same():
    assert words.verdict(results_of({"self-training": 0.9, "gan": 0.95})) == "yes"


@pytest.mark.parametrize("rough", [True, False])
def test_one_label_set_is_never_a_proof_and_quick_is_rough(rough):
    results = results_of(rough=rough)
    assert "One set of labels proves nothing." in words.caution(results)
    assert words.sentence(results).startswith("Roughly, on this set" if rough else "On this set")
    assert ("this run was quick" in words.caution(results)) is rough
    page = article_report(RUN, results, {}, {}, command="C")
    assert ("Roughly" in page, "this run was quick" in page) == (rough, rough)


def test_the_page_has_the_sentence_the_parts_and_their_links():
    pictures = {name: name.encode() for name in ("article", "mistakes", "progress", "curves")}
    links = {name: f"{name}/report.html" for name in ("classify", "generate", "semi")}
    page = plain(article_report(RUN, results_of(), pictures, links, command="the command"))
    sentence = re.search(r'<p class="sentence">(.*?)</p>', page)
    assert sentence
    assert sentence.group(1) == plain(words.sentence(results_of()))
    assert re.findall(r'href="(.*?)"', page) == list(links.values())
    assert page.count("data:image/png;base64,") == 4
    for said in ("99.30 %", "wrong 70 times", "6,000 steps", "score of 5.69 (real images 9.86)", "9 of 10 classes",
                 "at most 3 min 0 s", "<pre><code>the command", "<td>gan</td>"):  # fmt: skip
        assert said in page


def test_a_page_without_a_judge_or_pictures():
    results = results_of()
    results["generate"] = {"nearest_distance": {"value": 4.0, "real": 4.1}, "steps": 6000}
    page = article_report(RUN, results, {}, {}, command="C")
    assert "classifier score" not in page
    assert "<img" not in page
    assert "<a " not in page
