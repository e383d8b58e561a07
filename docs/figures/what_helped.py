"""The figures of techniques.json as a table, and what they say about each technique."""

from __future__ import annotations

import json
import statistics

from figures import techniques
from measured import NOTHING

TITLES = {
    "classifier_score": "classifier score",
    "frechet_distance": "Fréchet distance",
    "classes_covered": "classes",
    "confident_share": "confident",
}
HIGHER_IS_BETTER = {"classifier_score": True, "frechet_distance": False}
NAMES = {"none": "no technique"}
PAIR = "none", "averaged weights"  # of one seed: the same game, since averaging does not touch it
WON = 0.01  # a loss of the discriminator under which there is next to nothing that it gets wrong
TORCH = techniques.FILE.with_name("techniques_torch.json")


def load(file=techniques.FILE):
    """The results; without a file, and for what was measured with other settings, there are none."""
    results = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"runs": [], "real": {}}
    fits = [run for run in results["runs"] if (run["what"], run["settings"], run["seed"]) in techniques.wanted()]
    return {**results, "runs": fits}


def load_torch(file=TORCH):
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"runs": []}


def figures(results, what, metric):
    """One metric in all runs of a row that have been made."""
    return [run["figures"][metric]["value"] for run in results["runs"] if run["what"] == what]


def rows(results):
    """The rows of which there is at least one run."""
    return [what for what in techniques.RUNS if any(run["what"] == what for run in results["runs"])]


def table(results):
    """Mean ± standard deviation over the seeds of every row that has been measured."""
    lines = []
    for what in rows(results):
        seconds = [run["cpu_seconds"] for run in results["runs"] if run["what"] == what]
        cells = [_over_seeds(metric, figures(results, what, metric)) for metric in TITLES]
        lines.append((NAMES.get(what, what), str(len(seconds)), *cells, f"{statistics.mean(seconds):.0f}"))
    if results["real"]:
        real = [_number(metric, results["real"][metric]["value"]) for metric in TITLES]
        lines.append(("real training images", "–", *real, "–"))
    titles = ("", "seeds", *TITLES.values(), "CPU seconds")
    rule = ["---", *["---:"] * (len(titles) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (titles, rule, *lines))


def verdict(results, what, than="none"):
    """Whether every run of one row is better, or worse, than every run of another, by score and distance alike.

    "helped", "hurt", "did not show" where neither holds, and "open" where one of them has fewer than three runs.
    """
    better, worse = [], []
    for metric, higher in HIGHER_IS_BETTER.items():
        ours, theirs = figures(results, what, metric), figures(results, than, metric)
        if min(len(ours), len(theirs)) < len(techniques.SEEDS):
            return "open"
        above, below = min(ours) > max(theirs), max(ours) < min(theirs)
        better.append(above if higher else below)
        worse.append(below if higher else above)
    return "helped" if all(better) else "hurt" if all(worse) else "did not show"


def verdicts(results):
    """A line for each verdict, with the rows that got it and how far they are from the row without techniques."""
    said = {
        "helped": "**Helped**: every run is better than every run without, by classifier score and Fréchet distance",
        "hurt": "**Hurt**: every run is worse than every run without, by both",
        "did not show": "**Nothing that shows**: the runs overlap with those without, or the two figures disagree",
        "open": "**Open**: fewer than three runs, so that nothing can be said",
    }
    others = [what for what in rows(results) if what not in ("none", "as printed")]
    lines = []
    for kind, words in said.items():
        named = [_apart(results, what) for what in others if verdict(results, what) == kind]
        lines += [f"- {words}: {'; '.join(named)}."] if named else []
    return "\n".join(lines) or NOTHING


def same_games(results):
    """In how many games the averaged generator is better than the latest one of the very same game."""
    scores = {what: {run["seed"]: run["figures"] for run in results["runs"] if run["what"] == what} for what in PAIR}
    seeds = sorted(scores[PAIR[0]].keys() & scores[PAIR[1]].keys())
    if not seeds:
        return NOTHING
    latest, averaged = ([scores[what][seed] for seed in seeds] for what in PAIR)
    pairs = list(zip(latest, averaged, strict=True))
    better = {
        metric: sum((a[metric]["value"] > b[metric]["value"]) == higher for b, a in pairs)
        for metric, higher in HIGHER_IS_BETTER.items()
    }
    return (
        f"The averaged generator is better than the latest one of the same game in {better['classifier_score']} of "
        f"{len(pairs)} games by classifier score, in {better['frechet_distance']} of {len(pairs)} by Fréchet distance."
    )


def beside_averaging(results):
    """Whether smoothing and two rates bring anything more, where the generator is averaged anyway."""
    alone = "averaged weights"
    if not {alone, "together"} <= set(rows(results)):
        return NOTHING
    words = {
        "helped": "every run is better than every run with averaging alone, by both figures",
        "hurt": "every run is worse than every run with averaging alone, by both figures",
        "did not show": "nothing that shows",
        "open": "too few runs to say",
    }
    return (
        f"Beside averaging alone, {_apart(results, 'together', alone)}: {words[verdict(results, 'together', alone)]}."
    )


def as_printed(results, torch):
    """What became of the article's setting."""
    runs = [run for run in results["runs"] if run["what"] == "as printed"]
    scores = figures(results, "as printed", "classifier_score")
    if not runs:
        return NOTHING
    won = [next((i for i, loss in enumerate(run["discriminator_loss"]) if loss < WON), None) for run in runs]
    late = max((i for i in won if i is not None), default=None)
    said = [f"Classifier scores at the end: {_listed(scores)}."]
    if late is not None:
        count = sum(i is not None for i in won)
        said.append(
            f"In {count} of {len(runs)} runs the discriminator's loss, a mean over {techniques.WINDOW} steps, fell "
            f"below {WON:g} within {techniques.WINDOW * (late + 1):,} steps."
        )
    elsewhere = [run["figures"]["classifier_score"]["value"] for run in torch["runs"]]
    if elsewhere:
        said.append(f"The same networks in PyTorch, as many steps, other random numbers: {_listed(elsewhere)}.")
    return " ".join(said)


def _apart(results, what, than="none"):
    """The row, and the means of its score and distance beside those of another."""
    pairs = []
    for metric in HIGHER_IS_BETTER:
        ours, theirs = figures(results, what, metric), figures(results, than, metric)
        if not theirs:
            return NAMES.get(what, what)
        mean, without = (_number(metric, statistics.mean(each)) for each in (ours, theirs))
        pairs.append(f"{TITLES[metric]} {without} → {mean}")
    return f"{NAMES.get(what, what)} ({', '.join(pairs)})"


def _over_seeds(metric, values):
    mean = _number(metric, statistics.mean(values), over_seeds=True)
    if len(values) < 2:
        return mean
    return f"{mean} ± {_number(metric, statistics.stdev(values), over_seeds=True)}"


def _number(metric, value, over_seeds=False):
    if metric == "confident_share":
        return f"{value:.1%}".replace("%", "\u00a0%")
    if metric == "classes_covered":
        return f"{value:.1f}" if over_seeds else f"{value:.0f}"
    return f"{value:.2f}" if metric == "classifier_score" else f"{value:.1f}"


def _listed(scores):
    return ", ".join(f"{score:.2f}" for score in scores)
