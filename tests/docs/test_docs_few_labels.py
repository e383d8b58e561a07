"""The command that measures few labels: what it wants, in which order, and that it goes on where it was."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from figures import few_labels, gan_gain, letters

from nnfromscratch.cli.parser import build_parser
from nnfromscratch.cli.semi_settings import semi_settings
from nnfromscratch.data import load
from nnfromscratch.report.article_words import LARGER
from nnfromscratch.semi import ARMS

README = Path(few_labels.__file__).parents[2] / "README.md"
WANTED = few_labels.wanted()


def test_every_run_is_wanted_once():
    assert len(set(WANTED)) == len(WANTED)


def test_every_row_has_its_labels_and_seeds():
    for name, row in few_labels.ROWS.items():
        for labels in row.labels:
            chunks = [chunk for chunk in WANTED if (chunk.row, chunk.labels) == (name, labels)]
            seeds = [seed for chunk in chunks for seed in range(chunk.seed, chunk.seed + chunk.seeds)]
            assert seeds == list(range(row.seeds)), (name, labels)
            assert {chunk.minutes for chunk in chunks} == {row.minutes}


def test_ten_label_sets_come_first_then_one_round_of_each_row_and_the_hour_last():
    rows = [chunk.row for chunk in WANTED]
    assert rows[:10] == ["main"] * 5 + ["controls"] * 5
    others = [name for name in few_labels.ROWS if name not in ("main", "controls")]
    assert list(dict.fromkeys(rows[10:])) == others
    assert rows[-1] == others[-1] == "an hour"
    second = next(place for place, chunk in enumerate(WANTED) if chunk.row == "augmented" and chunk.seed)
    assert all(chunk.seed == 0 for chunk in WANTED[10:second])
    assert set(rows[10:second]) == set(others[:-1])


def test_every_arm_is_measured_with_100_labels_in_the_same_time():
    measured = {arm for row in few_labels.ROWS.values() if (row.minutes, row.data) == (2, "mnist") for arm in row.arms}
    assert measured == set(ARMS)


@pytest.mark.parametrize("chunk", WANTED[:: len(WANTED) // 20])
def test_each_command_can_be_typed(chunk):
    typed = build_parser().parse_args(chunk.command(2))
    settings = semi_settings(typed)
    assert (settings["labels"], settings["seeds"], settings["seed"]) == (chunk.labels, chunk.seeds, chunk.seed)
    assert (settings["budget"], typed.jobs) == (chunk.minutes, 2)
    assert settings["data"] == few_labels.ROWS[chunk.row].data
    assert tuple(settings["arms"].split(",")) == few_labels.ROWS[chunk.row].arms
    some = semi_settings(build_parser().parse_args(chunk.command(2, ["gan-wide"])))
    assert some["arms"] == "gan-wide"


def _measured(chunk, jobs, arms):
    if chunk in _measured.fails:
        raise KeyboardInterrupt
    _measured.made.append(chunk)
    _measured.arms.append(arms)
    return {**chunk._asdict(), "arms": {arm: {} for arm in arms}, "failed": {}, "jobs": jobs}


@pytest.fixture
def pretended(monkeypatch):
    _measured.made, _measured.arms, _measured.fails = [], [], set()
    monkeypatch.setattr(few_labels, "measured", _measured)
    return _measured


def test_it_writes_after_every_run_and_goes_on_with_what_is_missing(pretended, tmp_path):
    file = tmp_path / "few.json"
    wanted = few_labels.wanted(["main"])
    pretended.fails = {wanted[2]}
    with pytest.raises(KeyboardInterrupt):
        few_labels.main([str(file), "--rows", "main", "--jobs", "2"])
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert [few_labels.chunk_of(entry) for entry in kept["runs"]] == wanted[:2]
    assert kept["processors"]
    pretended.fails = set()
    few_labels.main([str(file), "--rows", "main", "--jobs", "2"])
    assert pretended.made == wanted
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert [few_labels.chunk_of(entry) for entry in kept["runs"]] == wanted


def test_without_options_everything_is_measured(pretended, tmp_path):
    few_labels.main([str(tmp_path / "few.json")])
    assert pretended.made == WANTED
    assert pretended.arms == [list(few_labels.ROWS[chunk.row].arms) for chunk in WANTED]


def test_an_arm_that_a_run_was_made_without_is_measured_alone(pretended, tmp_path):
    file = tmp_path / "few.json"
    few_labels.main([str(file), "--rows", "fifteen minutes"])
    kept = json.loads(file.read_text(encoding="utf-8"))
    del kept["runs"][1]["arms"]["gan-wide"]
    file.write_text(json.dumps(kept), encoding="utf-8")
    pretended.made.clear()
    pretended.arms.clear()
    few_labels.main([str(file), "--rows", "fifteen minutes"])
    assert pretended.made == few_labels.wanted(["fifteen minutes"])[1:2]
    assert pretended.arms == [["gan-wide"]]
    few_labels.main([str(file), "--rows", "fifteen minutes"])
    assert len(pretended.made) == 1


def test_other_minutes_are_other_runs(pretended, tmp_path):
    sets = few_labels.ROWS["letters"].seeds
    few_labels.main([str(tmp_path / "few.json"), "--rows", "letters", "--minutes", "0.05"])
    few_labels.main([str(tmp_path / "few.json"), "--rows", "letters"])
    assert [chunk.minutes for chunk in pretended.made] == [0.05] * sets + [2] * sets


def test_an_unknown_row_is_told(capsys):
    with pytest.raises(SystemExit):
        few_labels.main(["--rows", "man"])
    assert "has man" in capsys.readouterr().err


def test_a_run_is_read_as_the_command_wrote_it(monkeypatch):
    """The command itself is replaced by one that writes its results at once."""
    arm = {
        "seeds": [0, 1], "accuracy": [0.7, 0.8], "validation_accuracy": [0.7, 0.8], "chosen": [{}, {}],
        "seconds": 1.234, "samples": 50.0, "accuracy_mean": 0.75, "accuracy_std": 0.07,
        "over_time": [{"seconds": [0.5, 1.234], "validation_accuracy": [0.6, 0.7], "losses": {}}],
    }  # fmt: skip
    results = {
        "images": {"train": 5}, "labelled": {"100": 100}, "steps": {"gan": {"training": 3}}, "arms": {"gan": arm},
        "failed": {"cnn, 100 labels, seed 0": "why"},
    }  # fmt: skip
    typed = []

    def run(command, check, cwd):
        typed.append(command)
        (few_labels.Path(cwd) / "run").mkdir()
        made = {"run": {"threads": 1, "jobs": 2}, "results": results}
        (few_labels.Path(cwd) / "run" / "results.json").write_text(json.dumps(made), encoding="utf-8")

    monkeypatch.setattr(few_labels.subprocess, "run", run)
    entry = few_labels.measured(WANTED[0], 2, few_labels.MAIN)
    assert typed[0][1:3] == ["-m", "nnfromscratch"]
    assert " ".join(typed[0][3:-2]) == entry["command"] == " ".join(WANTED[0].command(2))
    assert few_labels.chunk_of(entry) == WANTED[0]
    assert entry["arms"]["gan"]["accuracy"] == [0.7, 0.8]
    assert entry["arms"]["gan"]["over_time"] == [{"seconds": [0.5, 1.23], "accuracy": [0.6, 0.7]}]
    assert entry["failed"] == results["failed"]
    assert (entry["labelled"], entry["threads"], entry["jobs"]) == (100, 1, 2)


def test_the_committed_file_holds_wanted_runs_and_each_arm_of_them_once():
    kept = gan_gain.load()["runs"]
    made = [(few_labels.chunk_of(entry), arm) for entry in kept for arm in entry["arms"]]
    assert len(set(made)) == len(made)
    assert {chunk for chunk, _ in made} <= set(WANTED)


@pytest.mark.parametrize("text", [" ".join(LARGER), README.read_text("utf-8")], ids=["main job", "README"])
def test_figures_that_are_quoted_are_the_measured_ones(text):
    found = gan_gain.arms(gan_gain.load())
    for arm in ("gan", "self-training", "labels-only", "consistency-aug", "gan-aug"):
        assert len(found[arm]) == 10
        assert f" {100 * statistics.mean(found[arm].values()):.1f} %" in text.replace("\n", " "), arm
    five, fifteen = (gan_gain.arms(gan_gain.load(), minutes=minutes) for minutes in (5, 15))
    for values in (found["hog-linear"], five["gan"], fifteen["gan-wide"]):
        assert len(values) == 5
        assert f" {100 * statistics.mean(values.values()):.1f} %" in text.replace("\n", " ")
    chance = gan_gain.difference(found, "gan", "self-training").p_value
    assert f" {100 * chance:.1f} % of all cases" in text.replace("\n", " ")


def test_letters_have_all_classes_and_the_same_seed_makes_the_same():
    images, labels = letters.letters(300, np.random.default_rng(0))
    again, _ = letters.letters(300, np.random.default_rng(0))
    np.testing.assert_array_equal(images, again)
    assert (images.shape, images.dtype) == ((300, 1, 28, 28), np.uint8)
    assert set(labels) == set(range(10))
    centre, border = images[:, 0, 7:21, 7:21], images[:, 0, [0, -1]]
    assert centre.mean() > 4 * border.mean()  # ink in the middle, noise around


def test_letters_can_be_loaded_as_a_user_s_own(monkeypatch, tmp_path):
    monkeypatch.setattr(letters, "TRAIN", 60)
    monkeypatch.setattr(letters, "TEST", 20)
    letters.main(tmp_path / "letters.npz")
    splits = load(str(tmp_path / "letters.npz"), rng=np.random.default_rng(0))
    assert (len(splits.train), len(splits.test)) == (60, 20)
    assert splits.train.classes == letters.CLASSES


def test_every_font_has_every_letter():
    """No two letters of a font are the same picture, as boxes that stand for missing ones would be."""
    for font in letters.FONTS:
        printed = {letters._printed(letter, font).tobytes() for k in letters.CLASSES for letter in (k, k.lower())}
        assert len(printed) == 2 * len(letters.CLASSES), font


def test_both_scripts_start_from_a_command_line():
    done = subprocess.run([sys.executable, few_labels.__file__, "--help"], check=True, capture_output=True, text=True)
    assert "--minutes" in done.stdout
