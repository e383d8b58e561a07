"""What a page says about repeating its run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnfromscratch.report.page import Table
from nnfromscratch.wording import duration

REPEAT = "The same command on the same machine with the same versions gives the same bits."


def footer(run: Mapping[str, Any]) -> str:
    """With which version the page was made, and of which run."""
    return f"Made by nnfromscratch {run['versions']['nnfromscratch']}, run started {run['started']}."


def settings_table(run: Mapping[str, Any], results: Mapping[str, Any]) -> Table:
    """All settings of a run, how many images it had, and on what it ran."""
    rows = [(name.replace("_", " "), _say(value)) for name, value in run["settings"].items() if value is not None]
    rows += [(f"{part} images", f"{count:,}") for part, count in results["images"].items()]
    rows += [("trainings at a time", str(run["jobs"]))] if "jobs" in run else []
    rows += [("threads", str(run["threads"])), ("platform", run["platform"])]
    rows += [(name, version or "not installed") for name, version in run["versions"].items()]
    rows += [("whole run", duration(results["timings"]["total_seconds"]))]
    return Table(("", ""), rows)


def _say(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_say(part)}" for name, part in value.items()) or "none"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
