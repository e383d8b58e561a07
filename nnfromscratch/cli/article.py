"""``python -m nnfromscratch``: the whole article in one run, part by part, and a page that says what came out."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

import nnfromscratch
from nnfromscratch import kernels, runs
from nnfromscratch.cli import article_parts
from nnfromscratch.cli.article_parser import DEFAULTS
from nnfromscratch.cli.article_parts import PARTS, REPORT, Part, Plan, seconds_of
from nnfromscratch.cli.settings import command_line, of_resumed_run, require_kernels, typed
from nnfromscratch.cli.stopped import Stopped
from nnfromscratch.errors import RunError, require_choice
from nnfromscratch.kernels.threads import thread_count


def run(arguments: argparse.Namespace) -> int:
    """Train, compare and tell, in a new folder or from where a run in an old one was stopped."""
    settings = _settings(arguments)
    if arguments.resume is None:
        folder = runs.new_folder("article", arguments.out)
        described = runs.describe(
            "article", settings, seed=settings["seed"], kernels=settings["kernels"], threads=thread_count()
        )
        plan = article_parts.QUICK if settings["quick"] else article_parts.FULL
        runs.write_run(folder, described | {"plan": plan, "command_line": _again(settings)})
    else:
        folder = Path(arguments.resume).expanduser()
        if runs.is_finished(folder):
            return _say_finished(folder)
    try:
        with runs.held(folder, "article"):
            _tell(folder, settings, resumed=arguments.resume is not None)
    except KeyboardInterrupt as error:
        raise Stopped("article", folder) from error
    return _say_finished(folder)


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was typed, completed by the defaults, or by what a run to be resumed was started with."""
    chosen = typed(arguments, DEFAULTS)
    if "kernels" in chosen:
        require_choice("article", "--kernels", chosen["kernels"], kernels.SETS)
    if arguments.resume is None:
        settings = {**DEFAULTS, "kernels": kernels.default(), **chosen}
    else:
        settings = of_resumed_run("article", arguments, chosen, DEFAULTS)
        _require_started_like_this(arguments.resume)
    require_kernels("article", settings["kernels"])
    return settings


def _require_started_like_this(folder: str) -> None:
    """Raise RunError where the run to be resumed was started by another version, or its description was spoiled."""
    described = runs.read_run(folder, "article")
    began = described.get("versions", {}).get("nnfromscratch")
    if began != nnfromscratch.__version__:
        raise RunError(
            f"article: --resume expects a run of nnfromscratch {nnfromscratch.__version__}, {folder} was started with "
            f"{began}; start a new run"
        )
    settings, plan = described["settings"], described.get("plan")
    kinds = {"quick": bool, "seed": int, "kernels": str}
    wrong = [name for name, kind in kinds.items() if type(settings.get(name)) is not kind]
    commands = {part.command for part in PARTS}
    if not (isinstance(plan, dict) and plan.keys() == commands and all(isinstance(e, dict) for e in plan.values())):
        wrong.append("plan")
    if wrong:
        raise RunError(f"article: {folder}/{runs.RUN} expects what the command wrote, has another {wrong[0]}")
    require_choice("article", f"kernels in {folder}/{runs.RUN}", settings["kernels"], kernels.SETS)


def _tell(folder: Path, settings: dict[str, Any], *, resumed: bool) -> None:
    _say_what_comes(folder, settings)
    plan: Plan = runs.read_run(folder, "article")["plan"]
    for number, part in enumerate(PARTS, start=1):
        _say_part(f"{number} of {len(PARTS)}", part.what, part.why)
        typed_settings = dict(plan[part.command])
        if part.command == "semi" and "budget" not in typed_settings:
            typed_settings["budget"] = article_parts.budget(_seconds_spent(folder), thread_count())
        _run_part(folder / part.command, part, typed_settings, settings)
    _say_part("The page", "All of it on one page.", "A figure says little without those beside it.")
    os.environ["MPLBACKEND"] = "agg"  # pictures go into files, whatever windows somebody has chosen
    from nnfromscratch.cli import article_outcome  # with matplotlib, which takes a moment

    article_outcome.write_outcome(folder, resumed=resumed)


def _run_part(folder: Path, part: Part, typed_settings: dict[str, Any], settings: dict[str, Any]) -> None:
    """Run a part's command in its own folder, or go on with it there; one that is finished says so."""
    from nnfromscratch.cli.parser import build_parser

    if (folder / runs.RUN).is_file():
        words = [part.command, "--resume", str(folder)]
    else:
        if folder.exists():  # stopped before it was described: nothing had been computed
            shutil.rmtree(folder)
        chosen = {**typed_settings, "seed": settings["seed"], "kernels": settings["kernels"], "out": folder}
        words = [part.command, *article_parts.typed(chosen)]
    arguments = build_parser().parse(words)
    arguments.run(arguments)  # an arm that failed is told by the results


def _seconds_spent(folder: Path) -> float:
    """By the parts that are finished."""
    done = [part for part in PARTS if runs.is_finished(folder / part.command)]
    return sum(seconds_of(folder / part.command) for part in done)


def _again(settings: dict[str, Any]) -> str:
    return command_line("article", {**settings, "quick": settings["quick"] or None})


def _say_what_comes(folder: Path, settings: dict[str, Any]) -> None:
    how = "in about a minute, with rough figures" if settings["quick"] else "in about six minutes on two cores"
    if settings["kernels"] != "compiled":
        how += f" (with the {settings['kernels']} kernels far longer)"
    print(f"Does a GAN make a classifier better? The article in three parts, {how}.")
    print(f"Run      {folder}", flush=True)


def _say_part(number: str, what: str, why: str) -> None:
    print()
    for head, text in ((number, what), ("Why", why)):
        print(textwrap.fill(text, 110, initial_indent=f"{head:<9}", subsequent_indent=9 * " "))
    print(flush=True)


def _say_finished(folder: Path) -> int:
    """Say what came out; 1 where an arm failed, else 0."""
    results = runs.read_results(folder, "article")["results"]
    try:
        words = [str(results[name]) for name in ("sentence", "caution")]
        failed = dict(results["semi"]["failed"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{folder / runs.RESULTS}: expects the results of article, is damaged: {error!r}") from error
    print()
    for head, text in zip(("Finished:", ""), words, strict=True):
        print(textwrap.fill(f"{head} {text}".strip(), 118, break_on_hyphens=False))
    for name, why in failed.items():
        print(f"nnfromscratch: {name} failed: {why}", file=sys.stderr)
    print(f"Report   {folder / REPORT}")
    return 1 if failed else 0
