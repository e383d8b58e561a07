"""Pictures of the game on a line: the best discriminator and the trained one, and the game played to its end."""

from __future__ import annotations

import numpy as np
from figures.one_dimension import LINE, answers
from matplotlib.ticker import FuncFormatter, MultipleLocator

from nnfromscratch.gan.optimal_discriminator import optimal_discriminator
from nnfromscratch.plotting.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    SERIES,
    SMALL_SIZE,
    TEXT_SIZE,
    add_axes,
    calm,
    new_figure,
)

GREEN, PALE = SERIES[2], "#a9b0ba"
SHOWN = -6.0, 6.0
RARE = 0.005  # a mean density under which hardly a sample falls


def best_discriminators(trained):
    """Densities above, D and D* below, and their difference. trained: name → (data, generated, network)."""
    figure = new_figure(
        9.6, 6.9, title="The best discriminator, and the one that training finds",
        subtitle="D* = p_data / (p_data + p_g) is computed; D knows neither density, only samples of both.",
    )  # fmt: skip
    _key(figure, (("p_data", BLUE), ("p_g", ORANGE), ("D* in closed form", PALE), ("D trained", INK)))
    for column, (name, (data, generated, network)) in enumerate(trained.items()):
        left = 0.9 + 2.95 * column
        p_data, p_generated = data.density(LINE), generated.density(LINE)
        best, found = optimal_discriminator(p_data, p_generated), answers(network)
        densities = add_axes(figure, left, 1.55, 2.55, 1.25)
        calm(densities, ylabel="" if column else "density")
        _fill(densities, p_data, p_generated)
        densities.set_title(name, loc="left", size=TEXT_SIZE, color=INK)
        middle = add_axes(figure, left, 3.0, 2.55, 1.7)
        calm(middle, ylabel="" if column else "D(x)")
        seen = (p_data + p_generated) / 2 > RARE
        _draw_answers(middle, best, found, seen)
        middle.set_ylim(-0.03, 1.03)
        below = add_axes(figure, left, 4.9, 2.55, 1.15)
        calm(below, xlabel="x", ylabel="" if column else "D − D*")
        below.plot(LINE, found - best, color=MUTED, linewidth=1, dashes=(2, 2))
        below.plot(LINE, np.where(seen, found - best, np.nan), color=INK, linewidth=1.3)
        below.set_ylim(-0.11, 0.11)
        for axes in (densities, middle, below):
            axes.set_xlim(*SHOWN)
            axes.xaxis.set_major_locator(MultipleLocator(3))
            axes.xaxis.set_major_formatter(FuncFormatter(_minus))
            if axes is not below:
                axes.set_xticklabels([])
            if column and axes is not densities:
                axes.set_yticklabels([])
        below.yaxis.set_major_locator(MultipleLocator(0.1))
        if not column:
            below.yaxis.set_major_formatter(FuncFormatter(_minus))
    _footnote(figure)
    return figure


def the_game(moments, data, shown):
    """Four moments of the game, and its value all the way. shown: their steps."""
    figure = new_figure(
        9.6, 6.75, title="The game, played to its end",
        subtitle="Below: the value of the game. Against the best discriminator it cannot fall under −log 4.",
    )  # fmt: skip
    _key(figure, (("p_data", BLUE), ("p_g", ORANGE), ("D* in closed form", PALE), ("D", INK)))
    p_data = data.density(LINE)
    for column, moment in enumerate(moment for moment in moments if moment.step in shown):
        left = 0.9 + 2.18 * column
        p_generated = moment.generated.density(LINE)
        axes = add_axes(figure, left, 1.6, 1.93, 1.75)
        calm(axes, xlabel="x", ylabel="" if column else "density;  D(x)")
        _fill(axes, p_data, p_generated)
        seen = (p_data + p_generated) / 2 > RARE
        _draw_answers(axes, optimal_discriminator(p_data, p_generated), moment.answers, seen)
        axes.set_title(f"after {moment.step:,} steps", loc="left", size=TEXT_SIZE, color=INK)
        axes.set(xlim=SHOWN, ylim=(0, 1.03))
        axes.xaxis.set_major_locator(MultipleLocator(3))
        axes.xaxis.set_major_formatter(FuncFormatter(_minus))
        if column:
            axes.set_yticklabels([])
    steps = [moment.step for moment in moments]
    axes = add_axes(figure, 0.9, 4.2, 8.47, 1.7)
    calm(axes, xlabel="steps of both players", ylabel="value V")
    axes.plot(steps, [moment.best for moment in moments], color=PALE, linewidth=5, solid_capstyle="butt")
    axes.plot(steps, [moment.value for moment in moments], color=INK, linewidth=1.3)
    axes.axhline(-np.log(4), color=GREEN, linewidth=1.2)
    axes.annotate("−log 4", (1, -np.log(4)), (-4, 5), xycoords=("axes fraction", "data"),
                  textcoords="offset points", ha="right", size=TEXT_SIZE, color=GREEN)  # fmt: skip
    axes.set(xlim=(0, steps[-1]), ylim=(-1.6, 0.05))
    axes.yaxis.set_major_locator(MultipleLocator(0.5))
    axes.yaxis.set_major_formatter(FuncFormatter(_minus))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    for step in shown[1:-1]:
        axes.axvline(step, color=MUTED, linewidth=0.8, dashes=(3, 3))
    _footnote(figure)
    return figure


def _fill(axes, p_data, p_generated):
    for density, colour in ((p_data, BLUE), (p_generated, ORANGE)):
        axes.fill_between(LINE, density, color=colour, alpha=0.22, linewidth=0)
        axes.plot(LINE, density, color=colour, linewidth=1.2)
    axes.set_ylim(bottom=0)


def _draw_answers(axes, best, found, seen):
    """D* broad and pale, D thin and dark upon it; faint where hardly a sample falls."""
    axes.plot(LINE, best, color=PALE, linewidth=5, solid_capstyle="butt", alpha=0.35)
    axes.plot(LINE, np.where(seen, best, np.nan), color=PALE, linewidth=5, solid_capstyle="butt")
    axes.plot(LINE, found, color=MUTED, linewidth=1, dashes=(2, 2))
    axes.plot(LINE, np.where(seen, found, np.nan), color=INK, linewidth=1.3)


def _footnote(figure):
    width, height = figure.get_size_inches()
    words = f"Dotted: where hardly a sample falls (mean density under {RARE:g}), nobody tells D what to say."
    figure.text(0.9 / width, 0.2 / height, words, size=SMALL_SIZE, color=MUTED)


def _key(figure, entries):
    """Names and colours of the lines, in a row under the subtitle."""
    width, height = figure.get_size_inches()
    x = 0.9
    for words, colour in entries:
        figure.text(x / width, 1 - 1.05 / height, "●", color=colour, size=TEXT_SIZE, va="center")
        figure.text((x + 0.17) / width, 1 - 1.05 / height, words, color=INK, size=SMALL_SIZE, va="center")
        x += 0.6 + 0.068 * len(words)


def _minus(value, _):
    return f"{value:g}".replace("-", "−")
