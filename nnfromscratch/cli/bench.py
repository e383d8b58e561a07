"""``python -m nnfromscratch bench``: from a command to a table, a JSON file and a picture."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nnfromscratch import runs
from nnfromscratch.bench import machine
from nnfromscratch.bench.chosen import PARTS, Chosen
from nnfromscratch.bench.measure import measure
from nnfromscratch.bench.torch_steps import has_torch
from nnfromscratch.errors import RunError
from nnfromscratch.wording import counted


def run(arguments: argparse.Namespace) -> int:
    """Check, measure, print, write and draw; 1 where ours and PyTorch do not compute the same."""
    chosen = _chosen(arguments)
    file, picture = _writable("--json", arguments.json), _writable("--picture", arguments.picture)
    if file and arguments.out:
        raise RunError("bench: expects either --json or --out, has both")
    place = file or runs.new_folder("bench", arguments.out) / runs.RESULTS
    described = machine.describe()
    settings = asdict(chosen)
    asked = runs.describe(
        "bench", settings, seed=chosen.seed, kernels=described["kernels"], threads=max(chosen.threads)
    )
    if not file:
        runs.write_run(place.parent, asked)
    _introduce(described)
    with _bar() as bar:
        results = measure(chosen, say=bar.write, now=bar.set_description)
    if file:
        times = {"started": asked["started"], "finished": runs.now()}
        runs.write_json(file, {**described, "settings": settings, **times, **results})
    else:
        runs.write_results(place.parent, asked, described | results)
    print(f"\nFigures  {place}")
    _draw(results, picture or (place.with_suffix(".png") if file else place.with_name("bench.png")))
    for failure in results["failures"]:
        print(f"nnfromscratch: error: {failure}", file=sys.stderr)
    return 1 if results["failures"] else 0


def _chosen(arguments: argparse.Namespace) -> Chosen:
    typed = {
        "parts": _parts(arguments),
        "workloads": _words(arguments.workload),
        "batches": _numbers(_words(arguments.batch)),
        "threads": _numbers(_words(arguments.threads)),
        "seconds": arguments.seconds,
        "seed": arguments.seed,
    }
    return Chosen(**{name: value for name, value in typed.items() if value})


def _parts(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The parts that were asked for, in the order of ``PARTS``."""
    if arguments.all:
        return PARTS
    scaling = ("channels", "images", "batches")
    return tuple(part for part in PARTS if getattr(arguments, "scaling" if part in scaling else part))


def _words(typed: list[str] | None) -> tuple[str, ...]:
    """The words of an option, with spaces or commas between, each once.

    >>> _words(["lenet,small", "dcgan", "small"])
    ('lenet', 'small', 'dcgan')
    """
    return tuple(dict.fromkeys(word.strip() for words in typed or () for word in words.split(",")))


def _numbers(words: tuple[str, ...]) -> tuple[Any, ...]:
    """Whole numbers; what is none stays a word, about which ``Chosen`` complains."""
    return tuple(int(word) if word.isdecimal() else word for word in words)


def _writable(option: str, path: str | None) -> Path | None:
    """The path, or RunError where no file can be written there: better now than after minutes of measuring."""
    if path is None:
        return None
    file = Path(path).expanduser()
    if file.is_dir():
        raise RunError(f"bench: {option} expects a file, {file} is a folder")
    try:
        with tempfile.TemporaryFile(dir=file.parent):
            pass
    except OSError as error:
        raise RunError(
            f"bench: {option} expects a folder that can be written, {file.parent}: {error.strerror}"
        ) from error
    return file


def _introduce(described: dict[str, Any]) -> None:
    versions = described["versions"]
    print(f"Machine  {described['processor']}, {counted(described['processors'], 'processor')}")
    print(f"Ours     {described['kernels']} kernels, NumPy {versions['numpy']}, Numba {versions['numba']}")
    if has_torch():
        print(f"PyTorch  {versions['torch']}", flush=True)
    else:
        print("PyTorch is not installed (pip install nnfromscratch[bench]): measuring ours alone.", flush=True)


def _draw(results: dict[str, Any], path: Path) -> None:
    """A picture of each part that has figures: of the steps under the very name, of the others with theirs added."""
    os.environ["MPLBACKEND"] = "agg"  # into files, whatever windows somebody has chosen
    from nnfromscratch import plotting  # with matplotlib, which takes a moment

    pictures: dict[str, Callable[[], Any]] = {
        "steps": lambda: plotting.step_times(results["steps"]),
        "profile": lambda: plotting.step_profile(results["profile"]),
        "operations": lambda: plotting.operation_times(results["operations"]),
        "kernels": lambda: plotting.kernel_times(results["kernels"]),
        "channels": lambda: plotting.throughput(results["channels"]),
        "batches": lambda: plotting.growth(results["batches"], results["images"]),
        "memory": lambda: plotting.step_memory(results["memory"]),
    }
    for part, draw in pictures.items():
        if results[part] and (part != "batches" or results["images"]):
            _save(draw(), path, part)
    peak = results["peak"][0]
    if any(row["threads"] == peak["threads"] and row["gflops"] for row in results["operations"]):
        figure = plotting.roofline(
            results["operations"],
            peak_gflops=peak["gflops"],
            bandwidth=results["bandwidth_gb"],
            threads=peak["threads"],
        )
        _save(figure, path, "roofline")


def _save(figure: Any, path: Path, part: str) -> None:
    from nnfromscratch import plotting

    target = path if part == "steps" else path.with_name(f"{path.stem}-{part}{path.suffix}")
    plotting.save_figure(figure, target)
    print(f"Picture  {target}")


def _bar() -> Any:
    """What is being measured, and for how long already, on a terminal; nothing in a pipe."""
    from tqdm import tqdm

    watched = sys.stderr.isatty() and os.environ.get("CI", "").lower() in ("", "0", "false")
    layout = "{desc} [{elapsed}]"
    return tqdm(bar_format=layout, file=sys.stderr, leave=False, disable=not watched)
