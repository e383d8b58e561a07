"""The folder of a run: never overwritten, known to be writable before any work, its results whole or not there.

run.json        written at the start: command, settings, seed, versions; what --resume goes by
checkpoint.npz  written by the training loop again and again
results.json    written at the end: {"run": ..., "results": ...}; a run that has it is finished
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import math
import os
import platform
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

import nnfromscratch
from nnfromscratch.errors import RunError
from nnfromscratch.files import write_whole

RUN, CHECKPOINT, RESULTS = "run.json", "checkpoint.npz", "results.json"


def new_folder(command: str, out: str | os.PathLike[str] | None = None) -> Path:
    """Make the folder of a new run: ``out``, or ``runs/<command>-<date-time>`` under the current directory.

    Raises RunError where it exists and is not empty, or cannot be made or written.
    """
    if out is None:
        base = Path("runs") / f"{command}-{datetime.now():%Y-%m-%d-%H%M%S}"
        folders = [base, *(base.with_name(f"{base.name}-{number}") for number in range(2, 100))]
    else:
        folders = [Path(out).expanduser()]
    for folder in folders:
        try:
            folder.mkdir(parents=True)
        except FileExistsError as error:
            if out is None:
                continue  # another run began in this very second
            if not folder.is_dir():
                raise RunError(f"{command}: --out expects a folder, {folder} is a file") from error
            if any(folder.iterdir()):
                go_on = f"continue it with --resume {folder}, or " if (folder / RUN).is_file() else ""
                raise RunError(
                    f"{command}: {folder} exists and is never overwritten; {go_on}give another --out"
                ) from error
        except OSError as error:
            raise RunError(f"{command}: --out expects a folder that can be made, {folder}: {error.strerror}") from error
        return folder
    raise RunError(f"{command}: found no free name for a folder beside {folders[0]}; give one with --out")


def describe(command: str, settings: Mapping[str, Any], *, seed: int, kernels: str, threads: int) -> dict[str, Any]:
    """What has to be known to repeat a run: the part "run" of its results.

    >>> run = describe("classify", {"epochs": 1}, seed=0, kernels="vectorized", threads=2)
    >>> sorted(run)
    ['command', 'kernels', 'platform', 'seed', 'settings', 'started', 'threads', 'versions']
    """
    return {
        "command": command,
        "settings": dict(settings),
        "seed": seed,
        "kernels": kernels,
        "threads": threads,
        "versions": {
            "nnfromscratch": nnfromscratch.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": _version("numba"),
        },
        "platform": f"{platform.system()} {platform.machine()}",
        "started": now(),
    }


def now() -> str:
    """The time, to the second, with its zone: 2025-01-31T12:00:00+00:00."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def write_run(folder: Path, run: Mapping[str, Any]) -> None:
    """Write ``run.json``, before any work. Raises RunError where the folder cannot be written."""
    write_json(folder / RUN, run)


@contextlib.contextmanager
def held(folder: Path, command: str) -> Iterator[None]:
    """Keep ``folder`` to this process: two that train in one would delete each other's half-written files.

    The system lets go of the folder when the process ends, however it ends. Raises RunError where another has it.
    Where the system has no such locks (Windows, some network drives), nothing is checked.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / RUN).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(f"{command}: expects {folder} for itself, another process is at work on it") from error
        except OSError:
            pass
        yield


def read_run(folder: str | os.PathLike[str], command: str, argument: str = "") -> dict[str, Any]:
    """The description of the run in ``folder``. Raises RunError where there is none, or one of another command.

    argument: what an error calls the folder; that of ``--resume`` where it is empty.
    """
    path = Path(folder).expanduser() / RUN
    argument = argument or f"{command}: --resume"
    run = _read_json(path, f"{argument} expects the folder of a run")
    if not isinstance(run.get("settings"), dict) or run.get("command") != command:
        raise RunError(f"{argument} expects a run of {command}, {path} is of {run.get('command')!r}")
    return run


def is_finished(folder: Path) -> bool:
    """Whether the run has its results."""
    return (folder / RESULTS).is_file()


def write_results(folder: Path, run: Mapping[str, Any], results: Mapping[str, Any]) -> None:
    """Write ``results.json``, whole or not at all. Raises RunError where that fails."""
    write_json(folder / RESULTS, {"run": {**run, "finished": now()}, "results": results})


def read_results(folder: str | os.PathLike[str], command: str = "read_results") -> dict[str, Any]:
    """``{"run": ..., "results": ...}`` of a finished run, for ``command``; RunError where it is missing or damaged."""
    path = Path(folder).expanduser() / RESULTS
    unfinished = "" if path.is_file() or not path.with_name(RUN).is_file() else ", the run is to be resumed first"
    contents = _read_json(path, f"{command}: expects the folder of a finished run{unfinished}")
    if not isinstance(contents.get("run"), dict) or not isinstance(contents.get("results"), dict):
        raise RunError(f"{path}: expects the results of a run, has something else")
    return contents


def write_json(path: Path, contents: Mapping[str, Any]) -> None:
    """Write ``contents`` as JSON that every reader understands; NaN and infinities, which JSON lacks, become null."""
    text = json.dumps(plain(contents), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(path, lambda file: file.write(text.encode()))


def plain(value: Any) -> Any:
    """``value`` in the types that JSON has.

    >>> plain({"loss": np.float32(0.5), "counts": np.arange(3), "worst": float("nan")})
    {'loss': 0.5, 'counts': [0, 1, 2], 'worst': None}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _read_json(path: Path, expected: str) -> dict[str, Any]:
    if not path.is_file():
        raise RunError(f"{expected}; {path} does not exist")
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RunError(f"{path}: expects JSON written by nnfromscratch, is damaged: {error}") from error
    if not isinstance(contents, dict):
        raise RunError(f"{path}: expects JSON written by nnfromscratch, has a {type(contents).__name__}")
    return contents


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
