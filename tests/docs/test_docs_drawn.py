"""The page with the table of all GANs: its figures are those of the file, and its commands can be typed."""

from pathlib import Path

import pytest
from figures import drawn, how_well

from nnfromscratch.cli.parser import build_parser

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-well-they-draw.md").read_text(encoding="utf-8")
RESULTS = how_well.load()


def run(row, seed, score, distance, clinic=()):
    figures = {metric: {"value": 10, "real": 10} for metric in drawn.METRICS}
    figures["classifier_score"] = {"value": score, "real": 9.8}
    figures["frechet_distance"] = {"value": distance, "real": 0.5}
    return {"row": row, "seed": seed, "steps": 1000, "figures": figures, "clinic": list(clinic), "cpu_seconds": 90.0}


MADE_UP = {
    "runs": [run("dcgan", 0, 8.0, 10.0), run("dcgan", 1, 9.0, 20.0, ["mode collapse"]), run("hinge", 0, 7.0, 5.0)]
}


def test_the_page_shows_every_part():
    for name in ("table", "ratios", "told_by_the_clinic"):
        assert f"how_well.{name}(results)" in PAGE
    for row in drawn.ROWS:
        assert f"| {row} |" in PAGE


def test_a_table_of_made_up_runs():
    _, _, dcgan, hinge, real = how_well.table(MADE_UP).splitlines()
    assert dcgan.startswith("| dcgan | 1,000 | 2 | 2 | 8.50 ± 0.71 | 15.0 ± 7.1 | 10 ± 0 |")
    assert hinge.startswith("| hinge | 1,000 | 2 | 1 | 7.00 | 5.0 | 10 |")
    assert real.startswith("| real images | – | – | – | 9.80 | 0.5 |")
    assert how_well.ratio(MADE_UP, "dcgan") == pytest.approx(30)
    assert "dcgan 30 times, hinge 10 times" in how_well.ratios(MADE_UP)


def test_what_the_clinic_said():
    assert how_well.told_by_the_clinic(MADE_UP) == "- *dcgan*: mode collapse (1 of 2 runs)"
    assert "nothing wrong" in how_well.told_by_the_clinic({"runs": []})


def test_nothing_is_measured_yet():
    assert len(how_well.table({"runs": []}).splitlines()) == 2
    assert how_well.ratios({"runs": []}) == ""


@pytest.mark.parametrize("options", drawn.ROWS.values(), ids=drawn.ROWS)
def test_each_command_can_be_typed(options):
    build_parser().parse_args(["generate", *options, "--seed", "0"])


def test_the_file_holds_runs_of_the_rows_with_all_figures():
    made = [(entry["row"], entry["seed"]) for entry in RESULTS["runs"]]
    assert len(set(made)) == len(made)
    assert set(made) <= set(drawn.wanted())
    for entry in RESULTS["runs"]:
        assert set(entry["figures"]) == set(drawn.METRICS)
        assert entry["samples"] == 10_000
