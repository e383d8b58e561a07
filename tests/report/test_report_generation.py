"""What the page of a GAN says follows from its figures, and stays true where these are unusual."""

import copy
import re

import pytest

from nnfromscratch.report import generation_report, sample_words

PICTURES = dict.fromkeys(("samples", "metrics", "progress", "scores", "interpolation", "nearest"), b"\x89PNG")


@pytest.fixture
def results():
    def beside(value, real, spread, real_spread, **more):
        return {"value": value, "real": real, "spread": spread, "real_spread": real_spread, **more}

    layers = [{"layer": "Dense(100, 128)", "parameters": 12928}]
    return {
        "classifier_score": beside(7.41, 9.86, 0.04, 0.01),
        "frechet_distance": beside(38.2, 0.47, 0.83, 0.08, ratio=38.2 / 0.47),
        "classes_covered": {"value": 10, "real": 10},
        "confident_share": beside(0.7, 0.988, 0.005, 0.001),
        "nearest_distance": beside(5.5, 6.3, 0.03, 0.04),
        "copied_share": beside(0.02, 0.01, 0.004, 0.003),
        "measured": {
            "samples": 10_000, "real_samples": 9_000, "test_images": 8_000, "nearest_samples": 1_000,
            "judge_accuracy": 0.9939,
        },
        "over_time": {
            "step": [0, 100, 200], "samples": 1_000, "nearest_samples": 200, "classifier_score": [1.0, 7.9, 7.41],
            "classes_covered": [1, 9, 10], "real": {},
        },
        "history": {"real_score": [0.1, 1.5], "generated_score": [0.0, -1.25]},
        "steps": 200,
        "data": "mnist",
        "classes": list("0123456789"),
        "images": {"train": 60_000, "test": 10_000},
        "network": {"gan": "article", **{name: {"parameters": 12928, "layers": layers} for name in
                                          ("generator", "discriminator")}},
        "closest_pairs": [{"sample": 3, "training_image": 7, "distance": 2.99}],
        "timings": {"training_seconds": 171, "total_seconds": 250},
    }  # fmt: skip


@pytest.fixture
def run():
    return {
        "settings": {"gan": "article", "plain": False, "judge": None, "model_settings": {"dropout": 0.3}},
        "versions": {"nnfromscratch": "1", "numpy": "2"}, "started": "then", "threads": 2, "platform": "Linux",
    }  # fmt: skip


def text_of(page):
    return page.replace("\xa0", " ")


def test_the_page_begins_with_the_samples_and_holds_every_figure(run, results):
    page = text_of(generation_report(run, results, {**PICTURES, "animation": b"GIF89a"}, command="the command"))
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles[:2] == ["What it makes", "How good it is"]
    assert page.index("data:image/png") < page.index("<table>")
    assert page.count("data:image/png;base64,") == 6
    assert page.count("data:image/gif;base64,") == 1
    for part in (
        "7.41 ± 0.04", "9.86 ± 0.01", "38.20 ± 0.83", "0.47 ± 0.08", "70.0 ± 0.5 %", "98.8 ± 0.1 %", "5.50 ± 0.03",
        "6.30 ± 0.04", "2.0 ± 0.4 %", "10 of 10", "the command", "dropout 0.3", "article on mnist: 200 steps",
    ):  # fmt: skip
        assert part in page, part
    assert "<td>no</td>" in page  # plain
    assert "judge</td>" not in page  # what was not given


def test_a_picture_that_is_missing_leaves_its_section_out(run, results):
    page = generation_report(run, results, {}, command="")
    assert "data:image" not in page
    assert "What it makes" not in page
    assert "How good it is" in page


def test_the_outcome_in_words(results):
    said = text_of(sample_words.outcome(results))
    assert "A generator with 12,928 parameters learned from 60,000 images to make new ones, in 200 steps" in said
    assert "2 min 51 s" in said
    assert "sure of 70 % of 10,000 samples, and of 99 % of real images" in said
    assert "classifier score is 7.41, that of real images 9.86" in said
    assert "38.2 from real test images, 81 times as far as real ones" in said
    results["frechet_distance"]["ratio"] = None
    assert "times as far" not in sample_words.outcome(results)


def test_every_figure_has_its_meaning_in_one_sentence(results):
    table = sample_words.figures(results)
    assert [row[0] for row in table.rows] == [title for title, _ in sample_words.MEANING.values()]
    for *_, meaning in table.rows:
        assert meaning.endswith(".")
        assert meaning.count(". ") == 0
        assert re.search(r"cannot|only the ratio|but|a thousand times", meaning)


def test_the_basis_of_the_figures(results):
    said = text_of(" ".join(sample_words.how_measured(results)))
    for part in ("10,000 samples", "9,000 real training images", "8,000 test images", "99.39 %", "1,000 samples"):
        assert part in said
    del results["measured"]["judge_accuracy"]
    assert "judge" not in " ".join(sample_words.how_measured(results))


def test_the_course_names_the_best_moment_and_the_last(results):
    (said,) = sample_words.course(results)
    assert "rose to 7.90 at step 100, and ended at 7.41" in said
    assert "All 10 classes were there first at step 200" in said
    results["over_time"]["classifier_score"][2] = 8.0
    results["over_time"]["classes_covered"][2] = 9
    (said,) = sample_words.course(results)
    assert "rose to 8.00 at step 200." in said
    assert "All 10 classes" not in said


def test_the_game_in_words(results):
    (said,) = sample_words.game(results)
    assert "mean score of 1.50 and generated ones −1.25. The discriminator still tells them apart." in said
    results["history"]["generated_score"][-1] = 2.0
    assert "can no longer tell them apart" in sample_words.game(results)[0]


def test_copying_is_named_where_figures_point_to_it(results):
    (said,) = sample_words.nearest(results)
    assert "5.50 from the training image" in said
    assert "a test image 6.30" in said
    assert "2.99 apart" in said
    closer = "2.0 % of the samples are closer to a training image than 99 % of the test images are"
    assert text_of(said).endswith(f"{closer}: nothing points to copying.")
    copying = copy.deepcopy(results)
    copying["nearest_distance"]["value"] = 1.0
    assert "the generator may be copying" in sample_words.nearest(copying)[0]
    suspicious = copy.deepcopy(results)
    suspicious["copied_share"]["value"] = 0.3
    assert "But look at the pairs: 30.0 %" in text_of(sample_words.nearest(suspicious)[0])
    results["copied_share"]["value"] = 0.0
    assert "None of the samples is closer" in sample_words.nearest(results)[0]
    results["nearest_distance"]["real"] = 0.0  # every test image is a training image
    assert "nothing points to copying" in sample_words.nearest(results)[0]


def test_what_the_clinic_says(run, results):
    assert "clinic" not in generation_report(run, results, PICTURES, command="").lower()
    results["clinic"] = []
    page = generation_report(run, results, PICTURES, command="")
    titles = re.findall(r"<h2>(.*?)</h2>", page)
    assert titles[:3] == ["What it makes", "How good it is", "What the clinic says"]
    assert "The clinic finds nothing wrong" in page
    seen = {"kind": "mode collapse", "step": 1200, "evidence": "1 < 2", "remedy": "more", "source": "A (2016)"}
    results["clinic"] = [seen, {**seen, "kind": "exploding gradients"}]
    page = generation_report(run, results, PICTURES, command="")
    assert "<p>Mode collapse, since step 1,200. Seen: 1 &lt; 2. Likely remedy: more. Source: A (2016).</p>" in page
    assert "<p>Exploding gradients, since step 1,200." in page
    assert "nothing wrong" not in page


def test_without_a_judge_only_distances_remain(run, results):
    for name in ("classifier_score", "frechet_distance", "classes_covered", "confident_share"):
        del results[name]
        results["over_time"].pop(name, None)
    del results["measured"]["judge_accuracy"]
    page = text_of(generation_report(run, results, PICTURES, command=""))
    assert "No judge knows these images, so their quality is for your eyes to tell." in page
    assert "classifier score" not in page
    assert "nearest distance" in page
