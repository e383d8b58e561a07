"""The figures of judging.json as tables, and a picture of the images that they are about."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from figures import judging
from matplotlib.figure import Figure

from nnfromscratch import gan

SHOWN = 12  # images of each kind
TITLES = {
    "classifier_score": "classifier score",
    "frechet_distance": "Fréchet distance",
    "classes_covered": "classes",
    "confident_share": "confident",
    "nearest_distance": "nearest distance",
    "copied_share": "copied",
}
DIGITS = {"classifier_score": 2, "frechet_distance": 2, "classes_covered": 0, "nearest_distance": 2}


def load():
    return json.loads(judging.FILE.read_text(encoding="utf-8"))


def load_record():
    return json.loads((Path(gan.__file__).parent / "judge.json").read_text(encoding="utf-8"))


def record(kept):
    """Where the judge comes from, and how well it reads."""
    return (
        f"`{kept['command']}` trained it: {kept['parameters']:,} parameters, {kept['training_images']:,} images, "
        f"{kept['epochs']} epochs. Of the {kept['test_images']:,} test images it reads **{kept['test_accuracy']:.2%}** "
        f"rightly, {kept['test_errors']} errors."
    )


def yardstick(results):
    """What real images get, one draw of them."""
    lines = [
        (TITLES[name], _number(name, figure["value"]), _spread(name, figure.get("spread")))
        for name, figure in results["yardstick"].items()
    ]
    return table(("metric", "real images", "±"), lines)


def spreads(results):
    """How much each metric differs between draws, beside the spread that one draw tells."""
    lines = []
    for name in ("classifier_score", "frechet_distance", "confident_share", "nearest_distance"):
        for row in (*results["by_count"], results["near"]):
            if name in row:
                each = (_spread(name, row[name][key]) for key in ("over_draws", "told"))
                lines.append((TITLES[name], row["what"], f"{row['count']:,}", _number(name, row[name]["mean"]), *each))
    return table(("metric", "of", "samples", "mean", "spread over draws", "spread told"), lines, words=2)


def known(results):
    """What the metrics say about images of which we know what they are worth."""
    lines = [(row["what"], *(_number(name, row[name]["value"]) for name in TITLES)) for row in results["known"]]
    return table(("images", *TITLES.values()), lines)


def pictures(splits):
    """Some images of each kind, a row each."""
    kinds = judging.known_images(splits, SHOWN, np.random.default_rng(1))
    figure = Figure(figsize=(8, 0.46 * len(kinds)))
    rows = figure.subplots(len(kinds), 1, gridspec_kw={"left": 0.37, "right": 1, "bottom": 0, "top": 1})
    for axes, (what, images) in zip(rows, kinds.items(), strict=True):
        axes.imshow(np.concatenate(images[:, 0], axis=1), cmap="gray_r", vmin=0, vmax=1)
        axes.set_ylabel(what, rotation=0, horizontalalignment="right", verticalalignment="center", fontsize=9)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    return figure


def table(titles, lines, words=1):
    """Markdown; all columns but the first ``words`` hold numbers."""
    rule = ["---" if column < words else "---:" for column in range(len(titles))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (titles, rule, *lines))


def _number(name, value):
    if name in ("confident_share", "copied_share"):
        return f"{value:.1%}".replace("%", "\u00a0%")
    return f"{value:.{DIGITS[name]}f}"


def _spread(name, value):
    if value is None:
        return "–"
    if name in ("confident_share", "copied_share"):
        return f"{value:.2%}".replace("%", "\u00a0%")
    return f"{value:.3f}"
