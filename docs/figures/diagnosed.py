"""The figures of clinic.json as tables and pictures: games that fail, the same with the remedy, and healthy ones."""

from __future__ import annotations

import base64
import json

import numpy as np
from figures import clinic
from figures.judged import table

from nnfromscratch.gan import Finding, nearest_training_images
from nnfromscratch.gan.clinic import digits
from nnfromscratch.gan.clinic_recipes import SHAPE
from nnfromscratch.gan.diagnostics import (
    DISCRIMINATOR_WON,
    EXPLODING_GRADIENTS,
    KINDS,
    MODE_COLLAPSE,
    PINNED_WEIGHTS,
)
from nnfromscratch.gan.symptoms import APART, COLLAPSED, COPIED, EXPLODED, GREW, PINNED, REPEATED, VANISHED
from nnfromscratch.plotting.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    SMALL_SIZE,
    TEXT_SIZE,
    add_axes,
    calm,
    new_figure,
    show_image,
)
from nnfromscratch.wording import counted, percent

# The curves that show a failure: (figure of the looks, name, colour) and the limit.
TOLD_BY = {
    MODE_COLLAPSE: (
        (("diversity", "between two images", BLUE), ("nearest", "to the one most like it", ORANGE)),
        COLLAPSED,
    ),
    DISCRIMINATOR_WON: ((("generator_gradient", "generator", ORANGE),), VANISHED),
    EXPLODING_GRADIENTS: (
        (("discriminator_gradient", "discriminator", BLUE), ("generator_gradient", "generator", ORANGE)),
        EXPLODED,
    ),
    PINNED_WEIGHTS: ((("pinned", "at the limit", BLUE),), PINNED),
}
LABELS = {
    MODE_COLLAPSE: "distance (real: 1)",
    DISCRIMINATOR_WON: "length of the gradient",
    EXPLODING_GRADIENTS: "length of the gradient",
    PINNED_WEIGHTS: "share of the weights",
}
# How each figure is written, and on which side of which limit a healthy game has it.
COLUMNS = {
    "diversity": ("diversity", min, f"above {COLLAPSED:g}"),
    "nearest": ("nearest", min, f"above {REPEATED:g}"),
    "apart": ("scores apart", max, f"below {APART:g}, or"),
    "generator_gradient": ("gradient of the generator", min, f"above {VANISHED:g}"),
    "longest": ("longest gradient", max, f"below {EXPLODED:,.0f}, or"),
    "growth": ("growth", max, f"below {GREW:g}"),
    "pinned": ("pinned", max, f"below {percent(PINNED, 0)}"),
    "copy_distance": ("copy distance", min, f"above {COPIED:g}"),
}


def load(file=clinic.FILE):
    """The results; games that the script would not play any more are left out."""
    results = json.loads(file.read_text(encoding="utf-8"))
    known = clinic.wanted()
    return {**results, "games": [game for game in results["games"] if clinic.key(game) in known]}


def games(results, group, what, change=""):
    """One game for each seed that has been played."""
    return [each for each in results["games"] if (each["group"], each["what"], each["change"]) == (group, what, change)]


def said(results, kind):
    """What the clinic says about the first seed's failing game."""
    return "\n".join(f"> {Finding(**finding)}" for finding in games(results, "failing", kind)[0]["findings"])


def names(game):
    return [finding["kind"] for finding in game["findings"]]


def record(results):
    """How often each failure was named, and its remedied game left alone."""
    lines = []
    for kind in KINDS:
        failing, remedied = (games(results, group, kind) for group in ("failing", "remedied"))
        lines.append(
            (
                kind,
                f"{sum(names(game) == [kind] for game in failing)} of {len(failing)}",
                f"{sum(not names(game) for game in remedied)} of {len(remedied)}",
                f"{max(game['seconds'] for game in failing):.0f}",
                f"{max(game['seconds'] for game in remedied):.0f}",
            )
        )
    titles = ("failure", "named, and nothing else", "remedied: left alone", "CPU seconds", "remedied")
    return table(titles, lines)


def figures_of(game):
    """The figures by which a game is judged."""
    seen = dict(game["figures"])
    seen["apart"] = seen["real_score"] - seen["generated_score"]
    longest = max(("generator", "discriminator"), key=lambda player: seen[f"{player}_gradient"])
    seen["longest"], seen["growth"] = seen[f"{longest}_gradient"], seen[f"{longest}_growth"]
    return seen


def failing_figures(results):
    """The figures of the failing and the remedied games, those of the first seed."""
    lines = [("healthy", *(limit for *_, limit in COLUMNS.values()))]
    for kind in KINDS:
        for group, words in (("failing", kind), ("remedied", f"{kind}, remedied")):
            lines.append((words, *_cells(games(results, group, kind)[:1])))
    return table(("", *(title for title, *_ in COLUMNS.values())), lines)


def healthy_figures(results):
    """The figures of the healthy games: of all seeds the one that is nearest to the limit."""
    lines = [("healthy", *(limit for *_, limit in COLUMNS.values()), "")]
    for name in clinic.HEALTHY:
        played = games(results, "healthy", name)
        alone = sum(not names(game) for game in played)
        lines.append((name, *_cells(played), f"{alone} of {len(played)}"))
    return table(("", *(title for title, *_ in COLUMNS.values()), "left alone"), lines)


def _cells(played):
    seen = [figures_of(game) for game in played]
    return [
        "–" if seen[0][name] is None else _number(name, worst(each[name] for each in seen))
        for name, (_, worst, _) in COLUMNS.items()
    ]


def _number(name, value):
    if name == "pinned":
        return percent(value, 0)
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}".replace("-", "−").replace("e−0", "e−")


def changes(results):
    """What one change alone did to each failing game."""
    lines = []
    for kind in KINDS:
        lines.append((kind, *(_after(games(results, "changed", kind, words)) for words in clinic.CHANGES)))
    return table(("", *clinic.CHANGES), lines)


def _after(played):
    if not played:
        return "–"
    cured = sum(not names(game) for game in played)
    if cured == len(played):
        return f"**gone** in {cured} of {len(played)}"
    others = {name for game in played for name in names(game)} - {played[0]["what"]}
    words = f"gone in {cured} of {len(played)}"
    return words + (f"; instead {', '.join(sorted(others))}" if others else "")


def rates():
    """The learning rates of the second column: generator / discriminator, before and after."""
    lines = []
    for kind, after in clinic.RATES.items():
        settings = clinic.RECIPES[kind]().settings
        before = [settings[f"{player}_optimizer"].lr for player in ("generator", "discriminator")]
        lines.append((kind, *(f"{_plain(first)} / {_plain(second)}" for first, second in (before, after))))
    return table(("", "in the recipe", "other"), lines)


def _plain(rate):
    return f"{rate:.5f}".rstrip("0")


def picture(results, kind):
    """The failing game and its remedied twin: samples, and below them the figure by which the failure is told."""
    height = 4.35 if kind in TOLD_BY else 2.55
    figure = new_figure(9.6, height, title=kind[0].upper() + kind[1:], subtitle=_subtitle(kind))
    panels = []
    for left, group in ((0.85, "failing"), (5.4, "remedied")):
        game = games(results, group, kind)[0]
        images = _samples(game)
        above = add_axes(figure, left, 1.15, 3.9, 1.0)
        if kind in TOLD_BY:
            panels.append(add_axes(figure, left, 2.4, 3.9, 1.45))
            _draw_curves(panels[-1], game["curves"], kind, first=group == "failing")
        else:
            training = digits()[0] if group == "remedied" else clinic.RECIPES[kind]().images
            _, nearest = nearest_training_images(images[:8], training)
            images = np.concatenate([images[:8], training[nearest]])
            words = f"below: the nearest of {counted(len(training), 'training image')}"
            above.set_xlabel(words, size=SMALL_SIZE, color=MUTED, loc="left")
        show_image(above, _tiled(images))
        above.set_title(f"{group}, {counted(game['steps'], 'step')}", loc="left", size=TEXT_SIZE, color=INK)
    if panels:
        both = [axes.get_ylim() for axes in panels]
        for axes in panels:
            axes.set_ylim(min(low for low, _ in both), max(high for _, high in both))
    return figure


def _subtitle(kind):
    if kind in TOLD_BY:
        return "Above: samples at the end, not chosen. Below: what the clinic looks at; dashed: its limit."
    return "Eight samples at the end, not chosen, and the training image that is most like each."


def _draw_curves(axes, curves, kind, *, first):
    lines, limit = TOLD_BY[kind]
    calm(axes, xlabel="step", ylabel=LABELS[kind] if first else "")
    axes.axhline(limit, color=MUTED, linewidth=1, dashes=(4, 3))
    for name, words, colour in lines:
        if name in curves:
            axes.plot(curves["step"], curves[name], color=colour, linewidth=1.8, label=words)
    if kind == PINNED_WEIGHTS:
        axes.set_ylim(0, 1)
    else:
        axes.set_yscale("log")
    axes.set_xlim(0, curves["step"][-1])
    axes.xaxis.set_major_formatter("{x:,.0f}")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=SMALL_SIZE, labelcolor=INK, loc="best", handlelength=1.4)
    else:
        axes.text(curves["step"][-1] / 2, 0.25, "nothing is clipped", color=MUTED, size=TEXT_SIZE, ha="center")


def _samples(game):
    images = np.frombuffer(base64.b64decode(game["samples"]), np.uint8)
    return images.reshape(-1, *SHAPE)


def _tiled(images):
    """Sixteen images as one, eight in a row, with a line of paper between."""
    framed = np.pad(images[:, 0], ((0, 0), (1, 1), (1, 1)))
    rows = framed.reshape(2, 8, *framed.shape[1:])
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows])[None]
