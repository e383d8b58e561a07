"""The committed figures are whole, and the page about speed is made from them and from nothing else."""

import itertools
import json
import re
from pathlib import Path

import measured
import profiled
import pytest

from nnfromscratch import plotting
from nnfromscratch.bench.chosen import PARTS, Chosen

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "how-a-convolution-gets-fast.md").read_text(encoding="utf-8")
TABLES = {
    name: getattr(measured, name)
    for name in ("ladder", "passes", "threads", "steps", "verdict", "operations", "sets", "memory", "agreement")
}

PROFILES = {name: getattr(profiled, name) for name in ("shares", "rates", "bounds", "verdict", "stopwatches")}


@pytest.fixture(scope="module")
def results():
    return measured.load()


def test_the_figures_are_where_the_command_on_the_page_writes_them():
    assert measured.FILE == DOCS / "figures" / "bench.json"
    assert "bench --all --json docs/figures/bench.json" in PAGE


def test_the_keys_are_those_of_the_reference(results):
    described = (DOCS / "reference" / "bench.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", described, re.MULTILINE)
    keys = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert {*PARTS, "peak", "versions"} <= keys
    assert keys <= set(results)


def test_every_step_was_measured(results):
    found = {(row["workload"], row["batch"], row["threads"]) for row in results["steps"]}
    assert found >= set(itertools.product(Chosen().workloads, (32, 128), (1, 2)))
    assert all(row["ours_ms"] > 0 and row["ratio_to_best"] > 0 for row in results["steps"])


@pytest.mark.parametrize("part", [*PARTS, "peak", "checks"])
def test_every_part_was_measured(results, part):
    assert results[part]


def test_both_sides_computed_the_same(results):
    assert results["failures"] == []
    assert all(check["passed"] for check in results["checks"])
    checked = {(check["workload"], check["batch"]) for check in results["checks"]}
    assert checked >= set(itertools.product(Chosen().workloads, (32, 128)))


def test_a_ratio_is_that_of_the_medians(results):
    for row in results["steps"]:
        best = min(row["torch_ms"].values())
        assert row["torch_ms"][row["best"]] == best
        assert row["ratio_to_best"] == pytest.approx(row["ours_ms"] / best)


def test_every_rung_of_the_ladder_was_measured(results):
    assert set(results["ladder"]["convolution"]["gflops"]) == set(measured.RUNGS)
    assert len(results["ladder"]["passes"]) == 3


@pytest.mark.parametrize("name", TABLES)
def test_the_page_shows_every_table_with_its_rows(results, name):
    assert f"measured.{name}(results" in PAGE
    assert TABLES[name](results) != measured.NOTHING


@pytest.mark.parametrize("name", PROFILES)
def test_the_page_shows_the_profile(results, name):
    assert f"profiled.{name}(results" in PAGE
    assert PROFILES[name](results) != measured.NOTHING
    assert PROFILES[name]({}) == PROFILES[name]({"profile": [{"workload": "lenet"}]}) == measured.NOTHING


def test_every_step_has_a_profile_that_adds_up(results):
    assert {(row["workload"], row["batch"]) for row in results["profile"]} == set(profiled.MARKS)
    for row in results["profile"]:
        assert sum(part["ms"] for part in row["parts"].values()) + row["around_ms"] == pytest.approx(row["ours_ms"])
        assert row["ratio_to_best"] == pytest.approx(row["ours_ms"] / min(row["torch_ms"].values()))
    for line in profiled.shares(results).splitlines()[2:]:
        assert sum(int(cell) for cell in line.split("|")[3:-1] if cell.strip().isdigit()) == pytest.approx(100, abs=5)


def profile_row(ours=8.0, python=1.0, floor=4.0, peak=3.0):
    """A step of PyTorch's that takes 10 ms, beside ours with 6 ms in products, half a millisecond of it prepared."""
    part = {"ms": 6.0, "compiled_ms": 5.5, "calls": 1, "flops": 1e8, "gflops": 16.7}
    return {
        "workload": "small", "batch": 32, "ours_ms": ours, "timed_ms": ours, "torch_ms": {"a": 10.0}, "best": "a",
        "ratio_to_best": ours / 10, "parts": {"convolution": part}, "around_ms": python, "peak_gflops": 60.0,
        "block_gflops": 50.0, "floors_ms": {"sizes": floor, "peak": peak},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "bounds", "named"),
    [
        (profile_row(), "0.80 | 0.60 | 0.65 | 0.60 | 0.40 | 0.40 | 0.30", "lose against BLAS"),
        (
            profile_row(python=2.0, floor=5.0),
            "0.80 | 0.60 | 0.55 | 0.70 | 0.50 | 0.50 | 0.30",
            "no more than Python costs",
        ),
        (profile_row(floor=6.0, ours=9.0), "0.90 | 0.60 | 0.75 | 0.90 | 0.60 | 0.60 | 0.30", None),
        (profile_row(floor=6.1, ours=9.0), "0.90 | 0.60 | 0.75 | 0.91 | 0.61 | 0.61 | 0.30", "rate and ours"),
        (profile_row(peak=7.0, ours=9.0), "0.90 | 0.60 | 0.75 | 0.70 | 0.40 | 0.40 | 0.70", "large matrices"),
    ],
)
def test_what_keeps_a_step_from_its_mark(row, bounds, named):
    results = {"profile": [row]}
    assert bounds in profiled.bounds(results)
    said = profiled.verdict(results)
    assert said.startswith("0 of 1 marks are reached")
    assert (f"{named}: small at 32" in said) == (named is not None)
    assert ("By more than both: small at 32." in said) == (row["floors_ms"]["sizes"] > 6.0)
    assert ("By no more than both together: small at 32." in said) == (row["floors_ms"]["sizes"] <= 6.0)
    assert profiled.verdict({"profile": [profile_row(ours=6.0)]}) == "1 of 1 marks are reached in this run."


def test_the_profile_is_drawn(results):
    assert isinstance(measured.picture(lambda: profiled.picture(results)), measured.Picture)
    assert isinstance(measured.picture(lambda: profiled.picture({})), measured.Text)


def test_the_table_of_steps_has_a_line_for_each_row(results):
    lines = measured.steps(results).splitlines()
    assert len(lines) == 2 + len(results["steps"])
    for line, row in zip(lines[2:], results["steps"], strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[:3] == [row["workload"], str(row["batch"]), str(row["threads"])]
        assert cells[6].strip("*") == f"{row['ratio_to_best']:.2f}"
        assert cells[6].startswith("**") == (row["ratio_to_best"] >= 1)


def test_where_we_are_slower_is_said():
    rows = [
        {"workload": "lenet", "batch": 32, "threads": 1, "ratio_to_best": 0.8},
        {"workload": "dcgan", "batch": 32, "threads": 2, "ratio_to_best": 1.234},
    ]
    said = measured.verdict({"steps": rows})
    assert "in 1 of 2 rows" in said
    assert "dcgan with batch 32 on 2 threads (1.23)" in said
    assert "lenet" not in said


@pytest.mark.parametrize("name", TABLES)
def test_what_was_not_measured_is_said_to_be_missing(name):
    assert TABLES[name]({}) == measured.NOTHING
    assert TABLES[name](dict.fromkeys((*PARTS, "checks", "ladder"))) == measured.NOTHING


def test_tables_bear_rows_without_numbers(results):
    def emptied(value, key=""):
        if isinstance(value, dict):
            return {name: emptied(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [emptied(each, key) for each in value]
        return value if key in ("batch", "threads") or not isinstance(value, float) else None

    without = emptied(json.loads(json.dumps(results)))
    for table in (*TABLES.values(), *PROFILES.values()):
        assert isinstance(table(without), str)


def test_pictures_are_drawn_or_said_to_be_missing(results):
    assert isinstance(measured.picture(lambda: measured.roofline(results)), measured.Picture)
    assert isinstance(measured.picture(lambda: plotting.step_times([])), measured.Text)
    assert isinstance(measured.picture(lambda: measured.roofline({})), measured.Text)
    assert isinstance(measured.picture(lambda: measured.roofline({**results, "peak": []})), measured.Text)


def test_no_figure_is_written_by_hand():
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    assert re.findall(r"\d[\d.,]*\s*(?:ms|µs|GFLOP/s|MiB|GB/s|%|times as fast|seconds)", prose) == []


def test_the_code_beside_the_figures_exists():
    for path, thing in re.findall(r"literalinclude\} (figures/\S+)\n:language: python\n:pyobject: (\w+)", PAGE):
        assert f"def {thing}(" in (DOCS / path).read_text(encoding="utf-8")
