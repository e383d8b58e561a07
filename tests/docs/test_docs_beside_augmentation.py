"""The search for a GAN beside augmentation: fair trials, a script that goes on where it was, and what the page says."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from figures import beside_augmentation as search
from figures import gan_gain_beside as page
from measured import NOTHING

from nnfromscratch.semi import ARMS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "does-a-gan-help.md").read_text(encoding="utf-8")
PARTS = page.trials_table, page.found_or_not, page.progress
WITH = [trial for trial, method in search.TRIALS.items() if method.generator_rate is not None]
BEST = "CNN, GAN 0.006"


# --- the trials


def test_one_trial_is_the_best_method_without_a_gan_and_each_generator_has_its_control():
    assert search.TRIALS["CNN"] == ARMS["consistency-aug"].method
    besides = {"generator_rate", "pull_away"}
    without = [vars(search.TRIALS[trial]) for trial in search.TRIALS if trial not in WITH]
    for trial in WITH:
        other = {name: value for name, value in vars(search.TRIALS[trial]).items() if name not in besides}
        assert any(all(control[name] == value for name, value in other.items()) for control in without), trial


def test_all_trials_augment_both_kinds_of_images_and_begin_at_once():
    for trial, method in search.TRIALS.items():
        assert method.augment_labelled == method.augment_unlabelled == ARMS["consistency-aug"].method.augment_labelled
        assert (method.start, method.pseudo_labels) == (0, 1), trial


def test_settings_are_what_differs_from_the_usual_in_words():
    assert search.settings("CNN, GAN 0.003, entropy, pull-away") == {
        **search.settings("CNN"), "generator_rate": "0.003", "conditional_entropy": "0.1", "pull_away": "1.0",
    }  # fmt: skip
    assert search.settings("CNN")["network"] == "noisy_cnn"
    assert len({json.dumps(search.settings(trial)) for trial in search.TRIALS}) == len(search.TRIALS)


# --- the script


def test_every_run_is_wanted_once_and_a_part_is_of_use():
    runs, trials = search.wanted(), len(search.TRIALS)
    assert len(set(runs)) == len(runs) == trials * len(search.LABELS) * len(search.SEEDS)
    assert min(run.seed for run in runs) >= 100  # the others are for what is reported
    assert [(run.labels, run.seed) for run in runs[::trials]] == [
        (10, 100), (20, 100), (100, 100), (10, 101), (20, 101), (100, 101),
    ]  # fmt: skip


def test_minutes_become_steps():
    assert search.steps_of(search.Run("dense", 10, 100, 1.5), {"dense": 0.02}) == 4500
    assert search.steps_of(search.Run("dense", 10, 100, 0.001), {"dense": 0.2}) == 1


def entry(run, accuracy=0.9, **more):
    return {
        **run._asdict(), "settings": search.settings(run.trial), "steps": 100, "seconds": 90.0, "failed": "",
        "validation_accuracy": accuracy, **more,
    }  # fmt: skip


@pytest.fixture
def pretended(monkeypatch):
    """No training: the runs that are asked for are noted, in reverse, and the one in ``stops`` interrupts."""
    made, stops = [], set()

    def trained(missing, seconds_a_step, jobs):
        assert seconds_a_step == dict.fromkeys(search.TRIALS, 0.5)
        for run in reversed(missing[:5]):
            if run in stops:
                raise KeyboardInterrupt
            made.append(run)
            yield entry(run)

    monkeypatch.setattr(search, "trained", trained)
    monkeypatch.setattr(search, "timed", lambda: dict.fromkeys(search.TRIALS, 0.5))
    return made, stops


def test_it_writes_after_every_run_and_goes_on_with_what_is_missing(pretended, tmp_path, monkeypatch):
    made, stops = pretended
    file, runs = tmp_path / "beside.json", search.wanted()
    stops.add(runs[1])
    with pytest.raises(KeyboardInterrupt):
        search.main([str(file)])
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert [search.run_of(each) for each in kept["runs"]] == runs[2:5]  # in their order, whichever ended first
    assert kept["processors"]
    stops.clear()
    monkeypatch.setattr(search, "timed", None)  # the step times are those of the file
    search.main([str(file)])
    assert made == [*runs[4:1:-1], *runs[7:4:-1], *runs[1::-1]]
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert [search.run_of(each) for each in kept["runs"]] == runs[:8]


def test_other_minutes_and_other_settings_are_other_runs(pretended, tmp_path, monkeypatch):
    made, _ = pretended
    file, first = tmp_path / "beside.json", search.wanted()[0]
    search.main([str(file), "--minutes", "0.02"])
    search.main([str(file)])
    assert first in made
    made.clear()
    monkeypatch.setitem(search.TRIALS, first.trial, search.TRIALS["dense"])
    search.main([str(file)])
    assert first in made


def test_a_training_is_that_of_the_validation_images_and_a_failure_is_told(monkeypatch):
    run = search.Run("dense, GAN 0.006", 10, 100, 0.02)
    made = search.measured(run, 2)
    assert (made["steps"], made["failed"]) == (2, "")
    assert made["samples"] == 2 * (25 + 100 + 100 + 100 + 100)
    assert 0 < made["validation_accuracy"] < 0.9
    assert made["seconds"] > 0
    again = search.measured(run, 2)
    assert again["validation_accuracy"] == made["validation_accuracy"]

    def fails(*_, **__):
        raise MemoryError

    monkeypatch.setattr(search, "train_few_labels", fails)
    failed = search.measured(run, 2)
    assert failed["failed"] == "MemoryError"
    assert "validation_accuracy" not in failed


def test_all_trials_are_timed_in_turns(monkeypatch):
    turns = []

    def train(few, method, *, steps, **_):
        turns.append(method)
        taken = 1.0 if len(turns) <= len(search.TRIALS) else 0.02 * (1 + (method.generator_rate is not None))
        return type("Learned", (), {"history": type("History", (), {"seconds_done": taken * steps})})

    monkeypatch.setattr(search, "train_few_labels", train)
    each = search.timed()
    assert turns == list(search.TRIALS.values()) * search.ROUNDS
    assert each == {trial: pytest.approx(0.04 if trial in WITH else 0.02) for trial in search.TRIALS}


def test_it_starts_from_a_command_line():
    done = subprocess.run([sys.executable, search.__file__, "--help"], check=True, capture_output=True, text=True)
    assert "--minutes" in done.stdout


# --- the page


def results(better, runs=None):
    """Made-up runs: 0.9, and what ``better`` gives for (trial, labels, seed) more."""
    runs = search.wanted() if runs is None else runs
    return {"runs": [entry(run, 0.9 + better.get(run[:3], 0.0)) for run in runs]}


def test_a_gain_on_every_label_set_one_in_the_mean_and_a_loss():
    said = page.found_or_not(
        results({
            (BEST, 10, 100): 0.02, (BEST, 10, 101): 0.01, (BEST, 20, 100): 0.03, (BEST, 20, 101): -0.01,
            ("CNN", 100, 100): 0.01,
        })
    )  # fmt: skip
    answer, *lines = [line for line in said.splitlines() if line]
    assert answer == (
        "**Ahead with 10 labels**: there a generator is better on every label set. "
        "With 20 labels it is better in the mean, but not on every label set."
    )
    ten, twenty, hundred, remark = lines
    assert ten == (
        "- With 10 labels the best with a generator, `CNN, GAN 0.006`, is 1.50 points ahead of the best without, `CNN` "
        "(two label sets: +2.00, +1.00)."
    )
    assert "1.00 points ahead of" in twenty
    assert "(two label sets: +3.00, −1.00)" in twenty
    assert "0.50 points behind the best without, `CNN` (two label sets: −1.00, +0.00)" in hundred
    assert "shows no small difference" in remark
    assert "validation images" in remark


def test_nothing_found_and_nothing_for_sure():
    said = "**Not found**: in trials of 45 seconds a generator is ahead with no number of labels."
    assert page.found_or_not(results({})).startswith(said)
    mixed = results({(BEST, labels, 100): 0.02 for labels in (10, 20, 100)} | {(BEST, 10, 101): -0.01})
    for each in mixed["runs"]:
        if each["trial"] != BEST and each["seed"] == 101:
            each["validation_accuracy"] += 0.001
    said = page.found_or_not(mixed)
    assert said.startswith("**Not found for sure**: with 10, 20 and 100 labels it is better in the mean, but not on")


def test_only_label_sets_that_all_trials_have_had_are_compared():
    runs = search.wanted()
    half = results({(BEST, 10, 100): 0.02, (BEST, 10, 101): 0.5}, [run for run in runs if run != runs[30]])
    assert "(one label set: +2.00)" in page.found_or_not(half)
    assert page.found_or_not(results({}, runs[1:9])) == NOTHING


def test_a_trial_that_failed_is_told_and_never_the_best():
    every = results({(BEST, 10, 101): 0.09})
    place = next(i for i, each in enumerate(every["runs"]) if search.run_of(each)[:3] == (BEST, 10, 100))
    every["runs"][place] |= {"failed": "out of memory"}
    del every["runs"][place]["validation_accuracy"], every["runs"][place]["seconds"]
    assert f"`{BEST}`" not in page.found_or_not(every).splitlines()[2]
    assert "failed, 99.00\u00a0%" in page.trials_table(every)
    assert page.progress(every).endswith(f"- {BEST}, 10 labels, seed 100: out of memory")
    assert page.progress(results({})) == "60 of 60 runs have been made, of 45 seconds each, and none failed."


def test_the_table_has_both_label_sets_of_every_trial():
    lines = page.trials_table(results({("CNN", 10, 101): 0.05})).splitlines()
    assert len(lines) == 2 + len(search.TRIALS)
    assert (
        lines[2]
        == "| `CNN` | 100 | 90 | 90.00\u00a0%, 95.00\u00a0% | 90.00\u00a0%, 90.00\u00a0% | 90.00\u00a0%, 90.00\u00a0% |"
    )
    first = page.trials_table(results({}, search.wanted()[:1])).splitlines()
    assert first[2:] == ["| `CNN` | 100 | 90 | 90.00\u00a0% | – | – |"]


@pytest.mark.parametrize("count", range(0, 61, 7))
def test_every_part_is_made_whatever_has_been_measured(count):
    some = results({}, search.wanted()[:count])
    for part in PARTS:
        text = part(some)
        assert text
        assert (text == NOTHING) == (count < (10 if part is page.found_or_not else 1))
        assert "nan" not in text
        assert "None" not in text


def test_other_minutes_are_no_part_of_the_page():
    assert [part(results({}, search.wanted(0.02))) for part in PARTS] == [NOTHING] * 3


def test_the_page_shows_every_part():
    for part in PARTS:
        assert f"gan_gain_beside.{part.__name__}(beside)" in PAGE
    for trial in search.TRIALS:
        for word in trial.replace("0.003", "").replace("0.006", "").split(", ")[1:]:
            assert f"*{word.strip()}*" in PAGE


def test_the_committed_file_holds_wanted_runs_each_once():
    made = [search.run_of(each) for each in page.load()["runs"]]
    assert len(set(made)) == len(made)
    assert set(made) <= set(search.wanted())
    accuracies = [each["validation_accuracy"] for each in page.load()["runs"] if not each["failed"]]
    assert np.all((np.array(accuracies) >= 0) & (np.array(accuracies) <= 1))
