"""The figures of drawn.json as a table: what each GAN's samples get, beside real images."""

from __future__ import annotations

import json
import statistics
from typing import Any

from figures import drawn

TITLES = {
    "classifier_score": "classifier score",
    "frechet_distance": "Fréchet distance",
    "classes_covered": "classes",
    "confident_share": "confident",
    "nearest_distance": "to the nearest",
}
DIGITS = {"classifier_score": 2, "frechet_distance": 1, "classes_covered": 0, "confident_share": 3}


def load(file=drawn.FILE) -> dict[str, Any]:
    """The results; without a file there are none."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"runs": []}


def runs_of(results, row):
    return [run for run in results["runs"] if run["row"] == row]


def rows(results):
    """The rows of which there is at least one run."""
    return [row for row in drawn.ROWS if runs_of(results, row)]


def figures(results, row, metric, what="value"):
    """One metric in all runs of a row."""
    return [run["figures"][metric][what] for run in runs_of(results, row)]


def table(results):
    """Mean ± standard deviation over the seeds of every row that has been measured, and what real images get."""
    lines = []
    for row in rows(results):
        made = runs_of(results, row)
        cells = [_over_seeds(metric, figures(results, row, metric)) for metric in TITLES]
        minutes = statistics.mean(run["cpu_seconds"] for run in made) / 60
        lines.append((row, f"{made[0]['steps']:,}", f"{minutes:.0f}", str(len(made)), *cells))
    if lines:
        real = [
            statistics.mean(value for row in rows(results) for value in figures(results, row, metric, "real"))
            for metric in TITLES
        ]
        cells = [_number(metric, value) for metric, value in zip(TITLES, real, strict=True)]
        lines.append(("real images", "–", "–", "–", *cells))
    titles = ("", "steps", "CPU minutes", "seeds", *TITLES.values())
    rule = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (titles, rule, *lines))


def ratio(results, row):
    """The mean Fréchet distance of a row as a multiple of the real images' own."""
    own = zip(figures(results, row, "frechet_distance"), figures(results, row, "frechet_distance", "real"), strict=True)
    return statistics.mean(value / real for value, real in own)


def ratios(results):
    """How far each row is from real images, in words."""
    words = [f"{row} {ratio(results, row):.0f} times" for row in rows(results)]
    return f"The Fréchet distance as a multiple of the real images' own: {', '.join(words)}." if words else ""


def told_by_the_clinic(results):
    """What the clinic said about the runs, in a line for each row of which it said anything."""
    lines = []
    for row in rows(results):
        kinds = sorted({kind for run in runs_of(results, row) for kind in run["clinic"]})
        count = sum(bool(run["clinic"]) for run in runs_of(results, row))
        if kinds:
            lines.append(f"- *{row}*: {', '.join(kinds)} ({count} of {len(runs_of(results, row))} runs)")
    return "\n".join(lines) or "It found nothing wrong with any of these runs."


def _over_seeds(metric, values):
    mean = _number(metric, statistics.mean(values))
    return f"{mean} ± {_number(metric, statistics.stdev(values))}" if len(values) > 1 else mean


def _number(metric, value):
    return f"{value:.{DIGITS.get(metric, 2)}f}"
