import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from nnfromscratch import runs
from nnfromscratch.errors import RunError

RUN = {"command": "classify", "settings": {"epochs": 1}}


def test_default_folder_is_named_after_command_and_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = runs.new_folder("classify")
    assert folder.is_dir()
    assert folder.parent == Path("runs")
    assert re.fullmatch(r"classify-\d{4}-\d\d-\d\d-\d{6}", folder.name)


def test_two_runs_in_one_second_get_two_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = [runs.new_folder("classify") for _ in range(4)]
    assert len(set(folders)) == 4


def test_parents_are_made_and_an_empty_folder_is_taken(tmp_path):
    assert runs.new_folder("classify", tmp_path / "a" / "b").is_dir()
    (tmp_path / "empty").mkdir()
    assert runs.new_folder("classify", tmp_path / "empty") == tmp_path / "empty"


def test_a_folder_with_anything_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "results.json").write_text("precious")
    with pytest.raises(RunError, match=r"never overwritten; give another --out"):
        runs.new_folder("classify", tmp_path)
    assert (tmp_path / "results.json").read_text() == "precious"
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(RunError, match=r"never overwritten; continue it with --resume .* another --out"):
        runs.new_folder("classify", tmp_path)
    with pytest.raises(RunError, match="is a file"):
        runs.new_folder("classify", tmp_path / "results.json")
    with pytest.raises(RunError, match="can be made"):
        runs.new_folder("classify", tmp_path / "results.json" / "below")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(RunError):
        runs.new_folder("classify", tmp_path / "locked" / "run")


def test_description_says_what_repeating_needs():
    run = runs.describe("classify", {"epochs": 3}, seed=7, kernels="vectorized", threads=3)
    assert (run["command"], run["settings"], run["seed"], run["kernels"]) == (
        "classify",
        {"epochs": 3},
        7,
        "vectorized",
    )
    assert run["threads"] == 3
    assert set(run["versions"]) == {"nnfromscratch", "python", "numpy", "numba"}
    assert run["versions"]["numpy"] == np.__version__
    assert run["started"].endswith("+00:00")


def test_a_missing_package_has_no_version(monkeypatch):
    def version(name):
        if name == "numba":
            raise runs.importlib.metadata.PackageNotFoundError
        return "1"

    monkeypatch.setattr(runs.importlib.metadata, "version", version)
    assert runs.describe("classify", {}, seed=0, kernels="vectorized", threads=3)["versions"]["numba"] is None


def test_results_come_back_and_are_strict_json(tmp_path):
    results = {
        "test_accuracy": np.float32(0.5),
        "counts": np.array([[1, 2]]),
        "worst": float("nan"),
        "most": np.inf,
        "names": ("é", "お"),
        "right": np.True_,
        "where": Path("a"),
    }
    assert not runs.is_finished(tmp_path)
    runs.write_results(tmp_path, RUN, results)
    assert runs.is_finished(tmp_path)

    def no_constants(name):
        raise AssertionError(f"{name} is no JSON")

    text = (tmp_path / "results.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=no_constants) == runs.read_results(tmp_path)
    read = runs.read_results(tmp_path)
    assert set(read) == {"run", "results"}
    assert set(read["run"]) == {"command", "settings", "finished"}
    expected = {"test_accuracy": 0.5, "counts": [[1, 2]], "worst": None, "most": None, "names": ["é", "お"]}
    assert read["results"] == expected | {"right": True, "where": "a"}


def test_results_that_cannot_be_json_leave_nothing(tmp_path):
    with pytest.raises(TypeError):
        runs.write_results(tmp_path, RUN, {"thing": object()})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file_and_no_part(tmp_path, monkeypatch):
    runs.write_results(tmp_path, RUN, {"a": 1})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="No space left"):
        runs.write_results(tmp_path, RUN, {"a": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
    assert runs.read_results(tmp_path)["results"] == {"a": 1}


def test_run_is_read_back_by_its_own_command_only(tmp_path):
    runs.write_run(tmp_path, RUN)
    assert runs.read_run(tmp_path, "classify") == RUN
    with pytest.raises(RunError, match=r"expects a run of gan, .* is of 'classify'"):
        runs.read_run(tmp_path, "gan")


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"run": {}}', "\xff"])
def test_damaged_files_are_named(tmp_path, content):
    for name in ("run.json", "results.json"):
        (tmp_path / name).write_text(content, encoding="latin-1")
    with pytest.raises(RunError, match=r"results\.json"):
        runs.read_results(tmp_path)
    with pytest.raises(RunError, match=r"run\.json"):
        runs.read_run(tmp_path, "classify")


def test_an_unreadable_file_is_not_called_damaged(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "run.json").write_text("{}")
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(RunError, match=r"run\.json: cannot be read: Permission denied"):
        runs.read_run(tmp_path, "classify")


def test_an_unfinished_run_says_so(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(RunError, match=r"predict: expects .* finished run, the run is to be resumed first; .*results"):
        runs.read_results(tmp_path, "predict")


@pytest.mark.skipif(sys.platform == "win32", reason="has no such locks")
def test_a_folder_has_one_process_at_a_time(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    another = pytest.raises(RunError, match=r"classify: expects .* for itself, another process is at work on it")
    with runs.held(tmp_path, "classify"), another, runs.held(tmp_path, "classify"):
        pytest.fail("two at once")
    with runs.held(tmp_path, "classify"):
        pass


def test_missing_files_are_named(tmp_path):
    with pytest.raises(RunError, match=r"expects the folder of a finished run; .*results.json does not exist"):
        runs.read_results(tmp_path)
    with pytest.raises(RunError, match=r"classify: --resume expects the folder of a run; .*run.json does not exist"):
        runs.read_run(tmp_path, "classify")
