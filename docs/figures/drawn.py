"""Train every GAN as the command does, with three seeds each, for docs/how-well-they-draw.md.

    NUMBA_NUM_THREADS=1 python docs/figures/drawn.py

It takes some hours on one core. After every run it writes what it has; started again, it goes on with what is missing.
Another file may be named behind it. Each run is ``python -m nnfromscratch generate`` with the command line that is
written down beside its figures, in a folder that is removed afterwards.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from nnfromscratch import runs
from nnfromscratch.bench import machine

FILE = Path(__file__).with_name("drawn.json")
SEEDS = 0, 1, 2
METRICS = "classifier_score", "frechet_distance", "classes_covered", "confident_share", "nearest_distance"
ROWS = {
    "article": ["--gan", "article"],
    "article, as printed": ["--gan", "article", "--plain"],
    "dcgan": ["--gan", "dcgan"],
    "lsgan": ["--gan", "lsgan"],
    "wgan-gp": ["--gan", "wgan-gp"],
    "hinge": ["--gan", "hinge"],
}


def measured(options: list[str], seed: int) -> dict[str, object]:
    """One run of the command: its figures, what the clinic says, and the processor's seconds."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = ["generate", *options, "--seed", str(seed)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "nnfromscratch", *command, "--out", str(out)], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        results = json.loads((out / "results.json").read_text(encoding="utf-8"))["results"]
    return {
        "command": " ".join(command),
        "seed": seed,
        "steps": results["steps"],
        "figures": {name: results[name] for name in METRICS},
        "samples": results["measured"]["samples"],
        "clinic": [finding["kind"] for finding in results["clinic"] or []],
        "training_seconds": results["timings"]["training_seconds"],
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "finished": runs.now(),
    }


def wanted() -> list[tuple[str, int]]:
    """All runs, the first seed of all rows first."""
    return [(row, seed) for seed in SEEDS for row in ROWS]


def main(file: str | Path = FILE) -> None:
    file = Path(file)
    kept = json.loads(file.read_text(encoding="utf-8"))["runs"] if file.exists() else []
    made = [(entry["row"], entry["seed"]) for entry in kept]
    for row, seed in wanted():
        if (row, seed) not in made:
            kept.append({"row": row, **measured(ROWS[row], seed)})
            runs.write_json(file, {**machine.describe(), "runs": kept})


if __name__ == "__main__":
    main(*sys.argv[1:2])
