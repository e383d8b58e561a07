"""The page about the GAN techniques says what its figures say, and the script measures what the page says."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from figures import techniques, what_helped
from measured import NOTHING

from nnfromscratch import data, gan
from nnfromscratch.gan import Techniques
from nnfromscratch.layers import MinibatchDiscrimination, WithReference
from nnfromscratch.models.convolutional import COMPARED, REFERENCE

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "gan-techniques.md").read_text(encoding="utf-8")
RESULTS = what_helped.load()
TORCH = what_helped.load_torch()
SWITCHES = {field.name for field in dataclasses.fields(Techniques)}


def run(what, seed, score, distance, loss=(1.0,)):
    """A run as the script would write it."""
    figures = {"classifier_score": score, "frechet_distance": distance, "classes_covered": 9, "confident_share": 0.5}
    return {
        "what": what,
        "seed": seed,
        "settings": {**techniques.SAME, **techniques.RUNS[what]},
        "figures": {metric: {"value": value} for metric, value in figures.items()},
        "cpu_seconds": 60.0,
        "discriminator_loss": list(loss),
    }


def made_up(**rows):
    """Three runs without techniques, scores 5, 6, 7 and distances 60, 70, 80, and others by scores and distances."""
    rows = {"none": [(5, 60), (6, 70), (7, 80)], **{name.replace("_", " "): runs for name, runs in rows.items()}}
    return {
        "real": {},
        "runs": [run(what, seed, *each) for what, runs in rows.items() for seed, each in enumerate(runs)],
    }


def test_the_page_shows_every_part():
    for part in (
        "table(results)",
        "verdicts(results)",
        "same_games(results)",
        "beside_averaging(results)",
        "as_printed(results, torch)",
    ):
        assert f"Text(what_helped.{part})" in PAGE


def test_every_technique_has_a_row_and_a_paragraph():
    alone = [special for what, special in techniques.RUNS.items() if what not in ("none", "together", "as printed")]
    switched = [set(special) for special in alone]
    assert all(len(names) == 1 for names in switched)
    assert set().union(*switched) == SWITCHES | {"lr_discriminator"}
    paragraphs = re.findall(r"^\*\*(.+?)\.\*\*", PAGE, re.MULTILINE)
    assert len(paragraphs) == 8
    assert {each.lower() for each in paragraphs} == set(techniques.RUNS) - {"none", "together", "as printed"}


def test_the_settings_that_the_page_names_are_those_of_the_script():
    told = dict(re.findall(r"^\| ([a-z ]+) \| (.+) \|$", PAGE, re.MULTILINE))
    for what, special in techniques.RUNS.items():
        values = [value for value in special.values() if value is not True]
        for value in values:
            assert f"{value:.4f}".rstrip("0") in told[what]
    assert f"{REFERENCE} reference samples" in told["virtual batch normalization"]
    assert f"{COMPARED[0]} kernels of {COMPARED[1]} numbers" in told["minibatch discrimination"]
    same = techniques.SAME
    assert f"Adam with a rate of {same['lr_generator']} and β₁ = {same['beta1']}" in " ".join(PAGE.split())
    assert f"{same['steps']:,} steps with batches of {same['batch_size']}" in PAGE
    assert f"{same['samples']} samples of each run" in PAGE.replace(",", "")
    assert f"its {len(techniques.wanted())} runs" in PAGE


def test_no_measured_figure_is_written_by_hand():
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    values = {value for what in techniques.RUNS.values() for value in what.values()} | set(techniques.SAME.values())
    tried = {0.0001, 0.01}  # weights of historical averaging
    written = {float(number) for number in re.findall(r"(?<!section )\b\d+\.\d+", prose)}
    assert written <= {value for value in values if isinstance(value, float)} | tried | {0.9}


def test_every_figure_was_measured_with_the_settings_of_the_script():
    assert json.loads(techniques.FILE.read_text(encoding="utf-8"))["runs"] == RESULTS["runs"]
    runs = [(each["what"], each["seed"]) for each in RESULTS["runs"]]
    assert len(set(runs)) == len(runs) > 0
    for each in RESULTS["runs"]:
        assert 1 <= each["figures"]["classifier_score"]["value"] <= 10
        assert 0 <= each["figures"]["confident_share"]["value"] <= 1
        assert each["cpu_seconds"] > 0
        assert len(each["discriminator_loss"]) * techniques.WINDOW == each["settings"]["steps"]


def test_the_table_has_mean_and_deviation_of_all_that_is_measured():
    lines = what_helped.table(RESULTS).splitlines()
    measured = [what for what in techniques.RUNS if any(each["what"] == what for each in RESULTS["runs"])]
    assert len(lines) == 2 + len(measured) + 1
    for what, line in zip(measured, lines[2:], strict=False):
        name, seeds, score, distance, *_ = (cell.strip() for cell in line.strip("|").split("|"))
        runs = [each["figures"] for each in RESULTS["runs"] if each["what"] == what]
        assert name == what_helped.NAMES.get(what, what)
        assert int(seeds) == len(runs)
        for cell, metric, digits in ((score, "classifier_score", 2), (distance, "frechet_distance", 1)):
            values = [each[metric]["value"] for each in runs]
            deviation = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
            assert cell == f"{np.mean(values):.{digits}f}{deviation}"


def test_what_is_not_measured_is_left_out():
    results = made_up(label_smoothing=[(6, 70)])
    assert what_helped.rows(results) == ["none", "label smoothing"]
    line = what_helped.table(results).splitlines()[-1]
    assert "| no technique | 3 | 6.00 ± 1.00 | 70.0 ± 10.0 | 9.0 ± 0.0 |" in what_helped.table(results)
    assert line == "| label smoothing | 1 | 6.00 | 70.0 | 9.0 | 50.0\u00a0% | 60 |"
    assert what_helped.table({"real": {}, "runs": []}).count("\n") == 1
    assert what_helped.verdicts({"real": {}, "runs": []}) == NOTHING


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([(7.1, 59), (8, 40), (9, 30)], "helped"),
        ([(6.9, 59), (8, 40), (9, 30)], "did not show"),
        ([(7.1, 61), (8, 40), (9, 30)], "did not show"),
        ([(4.9, 81), (4, 90), (3, 99)], "hurt"),
        ([(5.1, 81), (4, 90), (3, 99)], "did not show"),
        ([(8, 90), (9, 90), (9, 90)], "did not show"),
        ([(8, 40), (9, 30)], "open"),
    ],
)
def test_a_technique_helps_where_every_run_is_better_by_both_figures(runs, expected):
    results = made_up(feature_matching=runs)
    assert what_helped.verdict(results, "feature matching") == expected
    said = what_helped.verdicts(results)
    assert said.startswith(
        {"helped": "- **Helped", "hurt": "- **Hurt", "open": "- **Open"}.get(expected, "- **Nothing")
    )
    assert said.count("\n") == 0
    assert "feature matching (classifier score 6.00 → " in said


def test_the_article_s_setting_is_told_apart_from_the_techniques():
    results = made_up(as_printed=[(1, 600)] * 3)
    assert what_helped.verdicts(results) == NOTHING
    assert what_helped.as_printed(made_up(), {"runs": []}) == NOTHING
    results["runs"][-1]["discriminator_loss"] = [0.5, 0.004, 0.001]
    said = what_helped.as_printed(results, {"runs": [run("none", 0, 1.25, 500)]})
    assert said.startswith("Classifier scores at the end: 1.00, 1.00, 1.00. In 1 of 3 runs")
    assert "fell below 0.01 within 1,000 steps" in said
    assert said.endswith("other random numbers: 1.25.")


def test_averaging_is_compared_game_by_game():
    said = what_helped.same_games(made_up(averaged_weights=[(5.5, 61), (6.5, 50)]))
    assert "in 2 of 2 games by classifier score, in 1 of 2 by Fréchet distance" in said
    assert what_helped.same_games(made_up()) == NOTHING


def test_all_together_is_compared_with_averaging_alone():
    results = made_up(averaged_weights=[(8, 40)] * 3, together=[(9, 30)] * 3)
    said = what_helped.beside_averaging(results)
    assert said.startswith("Beside averaging alone, together (classifier score 8.00 → 9.00, Fréchet distance 40.0 →")
    assert "every run is better" in said
    results = made_up(averaged_weights=[(9, 30)] * 3, together=[(8, 40)] * 3)
    assert "every run is worse" in what_helped.beside_averaging(results)
    assert "too few" in what_helped.beside_averaging(made_up(averaged_weights=[(9, 30)] * 3, together=[(8, 40)]))
    assert what_helped.beside_averaging(made_up()) == NOTHING


def test_averaging_does_not_touch_the_game():
    losses = {(each["what"], each["seed"]): each["discriminator_loss"] for each in RESULTS["runs"]}
    pairs = [
        (losses["none", s], losses["averaged weights", s])
        for s in techniques.SEEDS
        if ("averaged weights", s) in losses
    ]
    assert pairs
    assert all(alone == averaged for alone, averaged in pairs)


def test_as_printed_the_discriminator_wins():
    runs = [each for each in RESULTS["runs"] if each["what"] == "as printed"]
    assert runs
    assert TORCH["runs"]
    for each in runs:
        assert min(each["discriminator_loss"]) < what_helped.WON
    for each in (*runs, *TORCH["runs"]):
        assert each["figures"]["classifier_score"]["value"] < 1.5
    others = [each for each in RESULTS["runs"] if each["what"] == "none"]
    assert all(min(each["discriminator_loss"]) > 10 * what_helped.WON for each in others)


@pytest.mark.parametrize("what", techniques.RUNS)
def test_a_run_is_played_with_its_settings(monkeypatch, what):
    played = {}

    def train_gan(generator, discriminator, images, **settings):
        played.update(settings, generator=generator, discriminator=discriminator)

    monkeypatch.setattr(gan, "train_gan", train_gan)
    settings = {**techniques.SAME, **techniques.RUNS[what]}
    techniques.play(settings, 0, None)
    for player in ("generator", "discriminator"):
        assert played[f"{player}_optimizer"].lr == settings[f"lr_{player}"]
        assert played[f"{player}_optimizer"].beta1 == settings["beta1"]
    for name in ("objective", "steps", "batch_size"):
        assert played[name] == settings[name]
    assert vars(played["techniques"]).items() >= {n: v for n, v in settings.items() if n in SWITCHES}.items()
    assert played["techniques"].names == tuple(name for name in vars(Techniques()) if name in settings)
    compares = any(isinstance(layer, MinibatchDiscrimination) for layer in played["discriminator"].layers)
    assert compares == ("minibatch_discrimination" in settings)
    assert isinstance(played["generator"], WithReference) == ("virtual_batch_norm" in settings)


@pytest.mark.slow
def test_the_package_still_plays_the_same_game():
    """Its first steps; the kernels of another machine may round otherwise, and then the games drift apart a little."""
    kept = next(each for each in RESULTS["runs"] if each["what"] == "together" and each["seed"] == 0)
    settings = {**kept["settings"], "steps": techniques.WINDOW}
    _, history, _ = techniques.play(settings, 0, data.load("mnist").train)
    assert np.mean(history.discriminator_loss) == pytest.approx(kept["discriminator_loss"][0], rel=0.1)


def test_the_script_goes_on_with_what_is_missing_or_has_other_settings(monkeypatch, tmp_path):
    digits = data.load("mnist")
    few = data.Splits(digits.train.take(slice(200)), digits.test.take(slice(200)), None)
    made, file = [], tmp_path / "techniques.json"
    real = techniques.measured

    def measured(settings, seed, *others):
        made.append((settings["beta1"], settings.get("average"), seed))
        return real(settings, seed, *others)

    monkeypatch.setattr(data, "load", lambda name: few)
    monkeypatch.setattr(techniques, "measured", measured)
    monkeypatch.setattr(techniques, "SEEDS", (0, 1))
    monkeypatch.setattr(techniques, "WINDOW", 2)
    monkeypatch.setattr(techniques, "SAME", {**techniques.SAME, "steps": 5, "batch_size": 16, "samples": 40})
    monkeypatch.setattr(techniques, "RUNS", {"none": {}, "averaged weights": {"average": 0.9}})
    techniques.main(file)
    assert made == [(0.5, None, 0), (0.5, 0.9, 0), (0.5, None, 1), (0.5, 0.9, 1)]
    first = json.loads(file.read_text(encoding="utf-8"))["runs"]
    assert [len(each["discriminator_loss"]) for each in first] == [2] * 4
    assert first[0]["discriminator_loss"] == first[1]["discriminator_loss"] != first[2]["discriminator_loss"]

    made.clear()
    techniques.main(file)
    assert made == []

    monkeypatch.setattr(techniques, "RUNS", {"none": {}, "averaged weights": {"average": 0.5}})
    techniques.main(file)
    assert made == [(0.5, 0.5, 0), (0.5, 0.5, 1)]
    second = json.loads(file.read_text(encoding="utf-8"))["runs"]
    assert second[:2] == [first[0], first[2]]
    runs = [(each["what"], each["seed"]) for each in what_helped.load(file)["runs"]]
    assert runs == [
        ("none", 0), ("none", 1), ("averaged weights", 0), ("averaged weights", 1)
    ]  # fmt: skip

    monkeypatch.setattr(techniques, "RUNS", {"none": {}, "averaged weights": {"average": 0.25}})
    runs = [(each["what"], each["seed"]) for each in what_helped.load(file)["runs"]]
    assert runs == [("none", 0), ("none", 1)]
