"""``python -m nnfromscratch bench``: what it prints, writes and refuses. No PyTorch is needed, and none is used."""

import json
import sys
from pathlib import Path

import pytest

from nnfromscratch import data
from nnfromscratch.bench import (
    agreement,
    interleaved,
    machine,
    measure,
    memory,
    operation_times,
    optimizer_times,
    step_times,
)
from nnfromscratch.bench.agreement import Agreement
from nnfromscratch.bench.chosen import PARTS, Chosen
from nnfromscratch.cli import bench as command
from nnfromscratch.cli import main
from nnfromscratch.cli.parser import build_parser
from nnfromscratch.plotting import style

RIGHT = Agreement(float64=0.0, first=0.0, float32=0.0, formats=0.0, rounding=0.0, torch_rounding=0.0)
QUICK = ["--batch", "4", "--threads", "1", "--seconds", "0.02"]
ONE = ["--workload", "article-gan", *QUICK]


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist")


@pytest.fixture(autouse=True)
def alone(monkeypatch, digits):
    """As where PyTorch is not installed; with small matrices and few pixels, which is quick."""
    for module in (measure, step_times, operation_times, optimizer_times, memory, command):
        monkeypatch.setattr(module, "has_torch", lambda: False)
    monkeypatch.setattr(data, "load", lambda name: digits)
    monkeypatch.setattr(machine, "SIDE", 64)
    monkeypatch.setattr(machine, "COPIED", 2**16)
    monkeypatch.setattr(interleaved.gc, "collect", lambda: 0)
    monkeypatch.setattr(style, "PIXELS_PER_INCH", 40)


def fails(capsys, *argv):
    """The one line on standard error of a command that a user got wrong."""
    assert main(["bench", *map(str, argv)]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("nnfromscratch: error: ")
    assert printed.err.count("\n") == 1
    assert printed.out == ""  # before anything is measured
    return printed.err


def is_png(path):
    return path.read_bytes()[:4] == b"\x89PNG"


# --- what it writes ----------------------------------------------------------------------------------------------


def test_a_json_file_and_a_picture_beside_it(capsys, tmp_path):
    file = tmp_path / "speed.json"
    assert main(["bench", *ONE, "--json", str(file)]) == 0
    figures = json.loads(file.read_text())
    (row,) = figures["steps"]
    assert (row["workload"], row["batch"], row["threads"]) == ("article-gan", 4, 1)
    assert row["ours_ms"] > 0
    assert row["ours_quartiles_ms"][0] <= row["ours_ms"] <= row["ours_quartiles_ms"][1]
    assert row["torch_ms"] == {}
    assert row["ratio_to_best"] is None
    assert figures["failures"] == figures["checks"] == []
    assert all(figures[part] == [] for part in PARTS if part != "steps")
    assert figures["peak"][0]["threads"] == 1
    assert figures["peak"][0]["gflops"] > 0
    assert figures["bandwidth_gb"] > 0
    assert figures["processor"]
    assert figures["versions"]["numpy"]
    assert figures["settings"]["workloads"] == ["article-gan"]
    assert figures["started"] <= figures["finished"]
    assert is_png(tmp_path / "speed.png")
    assert {path.name for path in tmp_path.iterdir()} == {"speed.json", "speed.png"}
    printed = capsys.readouterr()
    assert "PyTorch is not installed (pip install nnfromscratch[bench]): measuring ours alone." in printed.out
    assert str(file) in printed.out
    assert printed.err == ""


def test_the_table_has_a_row_for_each_combination(capsys, tmp_path):
    argv = ["--workload", "article-gan", "small", "--batch", "2,3", "--threads", "1", "--seconds", "0.01"]
    assert main(["bench", *argv, "--json", str(tmp_path / "a.json")]) == 0
    rows = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    places = [row for row in rows if row and row[0] in ("article-gan", "small")]
    assert places == [[name, batch, "1"] for name in ("article-gan", "small") for batch in ("2", "3")]


def test_without_json_a_run_folder(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *ONE]) == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("bench-")
    assert {path.name for path in folder.iterdir()} == {"run.json", "results.json", "bench.png"}
    contents = json.loads((folder / "results.json").read_text())
    assert contents["run"]["command"] == "bench"
    assert contents["run"]["settings"]["batches"] == [4]
    assert contents["results"]["steps"][0]["ours_ms"] > 0
    assert str(Path("runs") / folder.name) in capsys.readouterr().out


def test_the_folder_and_the_picture_can_be_chosen(tmp_path):
    assert main(["bench", *ONE, "--out", str(tmp_path / "mine"), "--picture", str(tmp_path / "look.png")]) == 0
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {"run.json", "results.json"}
    assert is_png(tmp_path / "look.png")


def test_every_part_has_its_table_and_its_picture(monkeypatch, capsys, tmp_path):
    """All of it on a shortened list, each part as small as it gets."""
    monkeypatch.setattr(measure, "OPERATIONS", measure.OPERATIONS[-1:])
    monkeypatch.setattr(measure.scaling, "CHANNELS", ((1, 3), (2, 3)))
    monkeypatch.setattr(measure.scaling, "IMAGES", (4, 6))
    monkeypatch.setattr(measure.scaling, "BATCHES", (2, 4))
    monkeypatch.setattr(measure.kernel_times, "TINY", measure.kernel_times.TINY[1:])
    monkeypatch.setattr(measure.memory, "can_measure", lambda: False)
    assert main(["bench", *ONE, "--all", "--json", str(tmp_path / "all.json")]) == 0
    figures = json.loads((tmp_path / "all.json").read_text())
    lengths = {part: len(figures[part]) for part in PARTS}
    assert lengths == {
        "steps": 1, "profile": 1, "operations": 3 + 1, "kernels": 2 + 1, "channels": 6, "images": 6, "batches": 2,
        "memory": 0,
    }  # fmt: skip
    pictures = {path.stem for path in tmp_path.glob("*.png")}
    assert pictures == {
        "all",
        "all-profile",
        "all-operations",
        "all-kernels",
        "all-channels",
        "all-batches",
        "all-roofline",
    }
    printed = capsys.readouterr().out
    assert "Memory can be measured on Linux only." in printed
    assert "Adam, 1,663,370 parameters" in printed


@pytest.mark.parametrize(
    ("argv", "parts"),
    [
        ([], ("steps",)),
        (["--operations"], ("operations",)),
        (["--profile"], ("profile",)),
        (["--memory", "--steps"], ("steps", "memory")),
        (["--scaling"], ("channels", "images", "batches")),
        (["--all"], PARTS),
    ],
)
def test_parts(argv, parts):
    assert command._chosen(build_parser().parse(["bench", *argv])).parts == parts


def test_what_is_not_typed_is_everything():
    chosen = command._chosen(build_parser().parse(["bench"]))
    assert chosen == Chosen()
    assert chosen.workloads == ("lenet", "small", "dcgan", "article-gan")
    assert chosen.batches == (32, 128)
    assert chosen.threads == tuple(n for n in (1, 2) if n <= machine.processors())


def test_words_can_stand_with_spaces_or_commas_and_count_once():
    chosen = command._chosen(build_parser().parse(["bench", "--batch", "8,16", "8", "--batch", "4"]))
    assert chosen.batches == (8, 16, 4)


# --- where the two sides differ ----------------------------------------------------------------------------------


@pytest.fixture
def beside(monkeypatch):
    """As if PyTorch were there to be compared with, and only then."""
    monkeypatch.setattr(measure, "has_torch", lambda: True)
    said = {}
    monkeypatch.setattr(agreement, "check", lambda workload, *_, **__: said.get(workload.name, [RIGHT]))
    return said


def test_what_computes_other_losses_is_not_timed(beside, capsys, tmp_path):
    beside["small"] = [Agreement(1e-6, 0.0, 0.0, 0.0, 0.0, 0.0)]
    file = tmp_path / "speed.json"
    assert main(["bench", "--workload", "small", "article-gan", *QUICK, "--json", str(file)]) == 1
    figures = json.loads(file.read_text())
    assert [row["workload"] for row in figures["steps"]] == ["article-gan"]
    assert [(check["workload"], check["passed"]) for check in figures["checks"]] == [
        ("small", False), ("article-gan", True)
    ]  # fmt: skip
    printed = capsys.readouterr()
    assert "small, batch 4: not timed, the losses differ" in printed.out
    (line,) = printed.err.splitlines()
    assert line.startswith("nnfromscratch: error: small, batch 4: losses in float64 over 20 steps expected to differ")
    assert "differ by 1.0e-06" in line


def test_nothing_timed_is_no_picture(beside, tmp_path):
    beside["small"] = [Agreement(float("nan"), 0.0, 0.0, 0.0, 0.0, 0.0)]
    assert main(["bench", "--workload", "small", *QUICK, "--json", str(tmp_path / "a.json")]) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"a.json"}
    assert json.loads((tmp_path / "a.json").read_text())["checks"][0]["differences"][0]["float64"] is None


def test_an_operation_that_computes_something_else_ends_with_1(monkeypatch, capsys, tmp_path):
    row = {"operation": "dense 1→1", "way": "forward", "batch": 4, "threads": 1, "difference": 0.5}
    monkeypatch.setattr(measure, "OPERATIONS", measure.OPERATIONS[-1:])
    monkeypatch.setattr(measure, "operation_times", lambda *_, **__: [row])
    assert main(["bench", "--operations", *QUICK, "--json", str(tmp_path / "a.json")]) == 1
    assert [one["way"] for one in json.loads((tmp_path / "a.json").read_text())["operations"]] == ["step"]
    assert "dense 1→1, forward, batch 4: results expected to be the same, differ by 5.0e-01" in capsys.readouterr().err


# --- what it refuses ---------------------------------------------------------------------------------------------


def test_bad_words(capsys):
    assert "--workload expects one of lenet, small, dcgan, article-gan; is 'lenett' (did you mean 'lenet'?)" in fails(
        capsys, "--workload", "lenett"
    )
    for word in ("0", "-3", "1.5", "many", ""):
        assert "--batch expects a whole number of at least 1, is" in fails(capsys, "--batch", word)
    assert "--batch expects at most 4,096 images, is 5,000" in fails(capsys, "--batch", 5000)
    assert "--threads expects a whole number of at least 1, is 0" in fails(capsys, "--threads", 0)
    assert "--threads expects at most" in fails(capsys, "--threads", machine.processors() + 1)
    assert "--seconds: expects a number above 0, is 'soon'" in fails(capsys, "--seconds", "soon")
    assert "--seed: expects a whole number of at least 0, is '-1'" in fails(capsys, "--seed", "-1")


def test_files_that_cannot_be_written_are_refused_at_once(capsys, tmp_path):
    missing = tmp_path / "no" / "folder.json"
    assert f"--json expects a folder that can be written, {missing.parent}" in fails(capsys, *ONE, "--json", missing)
    assert f"--json expects a file, {tmp_path} is a folder" in fails(capsys, *ONE, "--json", tmp_path)
    missing = tmp_path / "no" / "a.png"
    assert "--picture expects a folder that can be written" in fails(capsys, *ONE, "--picture", missing)
    assert "expects either --json or --out, has both" in fails(
        capsys, *ONE, "--json", tmp_path / "a.json", "--out", tmp_path / "b"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_there_stays_until_the_new_one_is_whole(monkeypatch, capsys, tmp_path):
    file = tmp_path / "speed.json"
    file.write_text("before")
    monkeypatch.setattr(command, "measure", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["bench", *ONE, "--json", str(file)]) == 130
    assert file.read_text() == "before"
    assert "interrupted" in capsys.readouterr().err


def test_neither_torch_nor_matplotlib_is_loaded_to_ask_for_help():
    import subprocess

    program = (
        "import contextlib, sys\nfrom nnfromscratch.cli import main\n"
        "with contextlib.suppress(SystemExit):\n    main(['bench', '--help'])\n"
        "import nnfromscratch.bench.measure\n"
        "print(*({'torch', 'numba', 'matplotlib'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "--workload NAME" in done.stdout
    assert done.stderr.strip() == ""
