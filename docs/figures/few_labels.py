"""Measure whether a GAN makes a classifier better, for docs/does-a-gan-help.md.

    python docs/figures/few_labels.py --jobs 2

Its runs took 13 hours of CPU time: seven to ten on two cores, with a training on each at a time. After every run it
writes what it has; started again, it goes on with what is missing: whole runs, and arms that a run was made without,
for these joined its group later or failed. The comparisons with ten label sets come first, then one run of each other
group, then the next of each, and so on: the page can be made at any time. Each run is ``python -m nnfromscratch semi``
with the command line that is written down beside its figures, in a folder that is removed afterwards.

Another file may be named, ``--rows main,letters`` measures some groups only, and ``--minutes 0.05`` gives every run
another budget, to try whether all of it works; such figures belong into another file.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from nnfromscratch import runs
from nnfromscratch.bench import machine
from nnfromscratch.files import write_whole

FILE = Path(__file__).with_name("few_labels.json")
LETTERS = Path(__file__).with_name("letters.py")
MAIN = "labels-only", "self-training", "gan"


class Row(NamedTuple):
    """A group of runs. together: label sets in one run; minutes: for each arm and label set."""

    what: str
    arms: tuple[str, ...]
    labels: tuple[str, ...]
    seeds: int
    minutes: float
    together: int = 1
    data: str = "mnist"


ROWS = {
    "main": Row("the main comparison", MAIN, ("100",), 10, 2, together=2),
    "controls": Row(
        "the strongest controls", ("gan-ablated", "gan-aug", "consistency-aug"), ("100",), 10, 2, together=2
    ),
    "augmented": Row(
        "the other arms with augmentation",
        ("self-training-aug", "gan-ablated-aug", "student-aug", "conditional-aug"),
        ("100",), 3, 2,
    ),
    "others": Row(
        "the other arms without augmentation", ("consistency", "student", "conditional", "gan-wide"), ("100",), 3, 2
    ),
    "labels alone": Row(
        "what is best with labels alone", ("labels-only-aug", "cnn", "cnn-aug", "hog-linear", "hog-knn"),
        ("100",), 5, 2, together=5,
    ),
    "main job": Row("the minutes of the main job", MAIN, ("100",), 5, 2.75),
    "five minutes": Row("five minutes", ("gan", "self-training", "consistency-aug"), ("100",), 5, 5),
    "labels": Row(
        "by the number of labels", MAIN, ("10", "20", "50", "100", "300", "1000", "3000", "all"), 3, 1
    ),
    "letters": Row("printed letters", (*MAIN, "gan-aug", "consistency-aug"), ("100",), 3, 2, data="letters.npz"),
    "few augmented": Row("few labels, augmented", ("gan-aug", "consistency-aug"), ("10", "20"), 10, 2),
    "no help": Row("where it does not help", ("labels-only", "cnn", "conditional", "gan"), ("1000", "all"), 3, 2),
    "fifteen minutes": Row("fifteen minutes", ("gan", "gan-wide"), ("100",), 5, 15),
    "an hour": Row("an hour", ("gan", "gan-wide"), ("100",), 1, 60),
}  # fmt: skip
FIRST, LAST = ("main", "controls"), ("an hour",)  # all their runs before all others, and behind them


class Chunk(NamedTuple):
    """One run of the command."""

    row: str
    labels: str
    seed: int
    seeds: int
    minutes: float

    def command(self, jobs: int | None = None, arms: Sequence[str] = ()) -> list[str]:
        """What is typed behind ``python -m nnfromscratch``. arms: some of the row's, else all."""
        row = ROWS[self.row]
        typed = ["semi", "--labels", self.labels, "--seeds", str(self.seeds), "--seed", str(self.seed)]
        typed += ["--arms", ",".join(arms or row.arms), "--budget", f"{self.minutes:g}"]
        typed += ["--data", row.data] if row.data != "mnist" else []
        return typed + (["--jobs", str(jobs)] if jobs else [])


def wanted(rows=tuple(ROWS), minutes=None) -> list[Chunk]:
    """All runs in their order: the two main comparisons, the first round of each row, the second, ..., the hour."""
    rounds = {name: _rounds(name, minutes) for name in ROWS if name in rows}
    first, last = ([each for name in names for each in rounds.pop(name, [])] for names in (FIRST, LAST))
    between = zip_longest(*rounds.values(), fillvalue=())
    in_order = (*first, *(of_row for each in between for of_row in each), *last)
    return [chunk for chunks in in_order for chunk in chunks]


def _rounds(name, minutes):
    """For each round of a row its runs, one for every number of labels."""
    row = ROWS[name]
    return [
        [
            Chunk(name, labels, seed, min(row.together, row.seeds - seed), minutes or row.minutes)
            for labels in row.labels
        ]
        for seed in range(0, row.seeds, row.together)
    ]


def missing(chunk: Chunk, entries) -> list[str]:
    """The arms of a run's row that no entry of that run has, such as one that joined the row later, or failed."""
    made = {arm for entry in entries if chunk_of(entry) == chunk for arm in entry["arms"]}
    return [arm for arm in ROWS[chunk.row].arms if arm not in made]


def measured(chunk: Chunk, jobs: int | None, arms: Sequence[str]) -> dict[str, object]:
    """One run of the command: the figures of its arms, and what the run was."""
    with tempfile.TemporaryDirectory() as folder:
        if ROWS[chunk.row].data != "mnist":
            subprocess.run([sys.executable, LETTERS, ROWS[chunk.row].data], check=True, cwd=folder)
        command = chunk.command(jobs, arms)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "nnfromscratch", *command, "--out", "run"], check=False, cwd=folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        made = runs.read_results(Path(folder) / "run", "few_labels.py")  # there is none where all arms failed
    run, results = made["run"], made["results"]
    return {
        **chunk._asdict(),
        "command": " ".join(command),
        "threads": run["threads"],
        "jobs": run["jobs"],
        "images": results["images"],
        "labelled": results["labelled"][chunk.labels],
        "steps": results["steps"],
        "arms": {name: _shortened(arm) for name, arm in results["arms"].items()},
        "failed": results["failed"],
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "finished": runs.now(),
    }


def _shortened(arm):
    """What the page needs of an arm; of its course the times and the accuracies."""
    return {
        **{name: arm[name] for name in ("seeds", "accuracy", "validation_accuracy", "chosen")},
        "seconds": round(arm["seconds"], 2),
        "samples": arm["samples"],
        "over_time": [
            {"seconds": [round(at, 2) for at in each["seconds"]], "accuracy": each["validation_accuracy"]}
            for each in arm["over_time"]
        ],
    }


def chunk_of(entry) -> Chunk:
    """The run that an entry of the file is of."""
    return Chunk(*(entry[name] for name in Chunk._fields))


def write(file: Path, entries, **more) -> None:
    """The machine, what else is to be told once, and a line for each run."""
    described = json.dumps(runs.plain(machine.describe() | more), ensure_ascii=False)[:-1]
    lines = ",\n".join(json.dumps(runs.plain(entry), ensure_ascii=False) for entry in entries)
    write_whole(file, lambda out: out.write(f'{described}, "runs": [\n{lines}\n]}}\n'.encode()))


def main(typed=None) -> None:
    parser = argparse.ArgumentParser(prog="few_labels.py", description="Measure docs/figures/few_labels.json.")
    parser.add_argument("file", type=Path, nargs="?", default=FILE)
    parser.add_argument("--jobs", type=int, help="trainings at once (default: that of semi)")
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of: {', '.join(ROWS)}")
    parser.add_argument("--minutes", type=float, help="another budget for every run, to try it")
    given = parser.parse_args(typed)
    rows = given.rows.split(",")
    if unknown := set(rows) - set(ROWS):
        parser.error(f"--rows expects some of {', '.join(ROWS)}; has {', '.join(sorted(unknown))}")
    kept = json.loads(given.file.read_text(encoding="utf-8"))["runs"] if given.file.exists() else []
    for chunk in wanted(rows, given.minutes):
        if arms := missing(chunk, kept):
            kept.append(measured(chunk, given.jobs, arms))
            write(given.file, kept)


if __name__ == "__main__":
    main()
