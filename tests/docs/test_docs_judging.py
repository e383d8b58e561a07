"""The page about judging generated images says what its figures say, and they are the judge's own."""

import re
from pathlib import Path

import numpy as np
import pytest
from figures import judged, judging

from nnfromscratch import data, gan

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "judging-generated-images.md").read_text(encoding="utf-8")
RESULTS = judged.load()
KNOWN = {row["what"]: row for row in RESULTS["known"]}


def value(what, metric):
    return KNOWN[what][metric]["value"]


@pytest.fixture(scope="module")
def splits():
    return data.load("mnist")


def test_the_page_shows_every_table():
    for name in ("record", "yardstick", "spreads", "known"):
        assert f"judged.{name}(" in PAGE
    assert len(judged.known(RESULTS).splitlines()) == 2 + len(KNOWN)
    assert len(judged.yardstick(RESULTS).splitlines()) == 2 + len(judged.TITLES)
    rows = 3 * len(RESULTS["by_count"]) + 1
    assert len(judged.spreads(RESULTS).splitlines()) == 2 + rows


def test_the_record_is_that_of_the_judge():
    said = judged.record(judged.load_record())
    assert "classify --model judge --epochs 12 --seed 0" in said
    assert "**99.39%** rightly, 61 errors" in said


def test_the_yardstick_is_what_the_package_measures_now(splits):
    """As the script draws it; the kernels of another machine may round a little otherwise."""
    now = gan.real_yardstick(splits.train, splits.test, judging.SAMPLES, rng=np.random.default_rng(0)).figures
    for name, figure in RESULTS["yardstick"].items():
        assert now[name]["value"] == pytest.approx(figure["value"], rel=1e-3)


def test_the_kinds_of_images_are_those_of_the_table(splits):
    kinds = judging.known_images(splits, 12, np.random.default_rng(0))
    assert list(kinds) == list(KNOWN)
    assert "Fourteen kinds of images, 10,000 of each" in PAGE
    assert len(kinds) == 14
    for images in kinds.values():
        assert images.shape == (12, 1, 28, 28)
        assert images.min() >= 0
        assert images.max() <= 1
    judged.pictures(splits)


def test_what_the_page_says_about_known_images():
    copies, test = "copies of training images", "test images"
    assert value(copies, "nearest_distance") < 1e-6  # floats, rounded
    assert value(copies, "copied_share") == 1
    assert abs(value(copies, "classifier_score") - value(test, "classifier_score")) < 0.02
    few = "100 training images, each many times"
    assert value(few, "classifier_score") > 9.5
    assert value(few, "frechet_distance") > 10 * value(copies, "frechet_distance")
    for sure in ("empty images", "random pixels", "nothing but ones"):
        assert value(sure, "confident_share") > 0.98
    assert KNOWN["random pixels"]["classifier_score"]["value"] < 1.01
    for hardly in ("test images in noise of 0.1", "test images, blurred"):
        assert value(hardly, "classifier_score") > 9.5
        assert value(hardly, "frechet_distance") > 40 * value(copies, "frechet_distance")
    for nearer in ("test images, blurred", "empty images"):
        assert value(nearer, "nearest_distance") < RESULTS["yardstick"]["nearest_distance"]["value"]
        assert value(nearer, "copied_share") < 0.01
    noisy = KNOWN["copies in noise of 0.1"]
    assert noisy["copied_share"]["value"] == 0
    assert noisy["nearest_distance"]["ratio"] == pytest.approx(0.5, abs=0.02)  # "half as far"
    shifted = "copies, one pixel to the right"
    assert KNOWN[shifted]["nearest_distance"]["ratio"] > 1


def test_what_the_page_says_about_spreads():
    plain = [row for row in RESULTS["by_count"] if row["what"] == "training images"]
    assert [row["count"] for row in plain] == list(judging.COUNTS)
    distances = [row["frechet_distance"] for row in plain]
    assert distances[0]["mean"] == pytest.approx(4 * distances[-1]["mean"], rel=0.2)  # "four times as bad"
    assert max(each["told"] / each["over_draws"] for each in distances) < 2.2  # "up to twice too much"
    assert 0.7 < distances[-1]["told"] / distances[-1]["over_draws"] < 1.4
    others = [row[name] for row in RESULTS["by_count"] for name in ("classifier_score", "confident_share")]
    others += [row["frechet_distance"] for row in RESULTS["by_count"] if row not in plain]
    for each in others:  # both are known to about a quarter
        assert 0.6 < each["told"] / each["over_draws"] < 1.6
    assert all(row["draws"] == 20 for row in (*RESULTS["by_count"], RESULTS["near"]))


def test_no_measured_figure_is_written_by_hand():
    prose = re.sub(r"```.*?```|\$\$.*?\$\$", "", PAGE, flags=re.DOTALL)
    assert re.findall(r"\d+\.\d+ ?%|\d\.\d\d+", prose) == []
