"""Pictures of what follows from the article's equations (3) and (4), taken at their word."""

from __future__ import annotations

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import FuncFormatter, MultipleLocator

from nnfromscratch.functional import sigmoid
from nnfromscratch.plotting.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    SMALL_SIZE,
    TEXT_SIZE,
    add_axes,
    bare,
    calm,
    new_figure,
    show_image,
    show_signed,
)


def two_images_one_score(image, unseen, score):
    """image + unseen = another image, which gets the same score. image, unseen: (1, 28, 28)"""
    figure = new_figure(
        8.6, 3.75, title="Two images, one score",
        subtitle="What is added is at right angles to all of D's first weights. Orange adds ink, blue takes it away.",
    )  # fmt: skip
    side, top = 2.1, 1.2
    for place, title in ((0.3, "image A"), (3.25, "what D cannot see"), (6.2, "image B")):
        axes = add_axes(figure, place, top, side, side)
        if place == 3.25:
            show_signed(axes, unseen[0], float(np.abs(unseen).max()))
        else:
            show_image(axes, image if place < 1 else np.clip(image + unseen, 0, 1))
        axes.set_title(title, loc="left", size=TEXT_SIZE, color=INK)
        if place != 3.25:
            axes.set_xlabel(f"score {score:.6f}".replace("-", "−"), size=TEXT_SIZE, color=INK)
    _between(figure, 2.83, top + side / 2, "+")
    _between(figure, 5.78, top + side / 2, "=")
    return figure


def repeated(values):
    """Equation (3) as a recipe: s ← s·(1 − s), again and again. values: s after 0, 1, 2, ... times."""
    figure = new_figure(
        8.9, 4.4, title="Equation (3), repeated",
        subtitle="s = D(G(z)), the discriminator's opinion of a generated image, ends where curve and line meet: at 0.",
    )  # fmt: skip
    left = add_axes(figure, 0.9, 1.1, 3.0, 2.65)
    calm(left, xlabel="s", ylabel="s·(1 − s)")
    s = np.linspace(0, 1, 401)
    left.plot(s, s, color=MUTED, linewidth=1.2)
    left.plot(s, s * (1 - s), color=BLUE, linewidth=2)
    path = np.repeat(values[:40], 2)
    left.plot(path[:-1], np.concatenate([[0], path[2:]]), color=ORANGE, linewidth=1.1)
    left.set(xlim=(0, 1), ylim=(0, 0.6))
    left.text(0.47, 0.53, "s", color=MUTED, size=TEXT_SIZE, ha="right")
    left.text(0.8, 0.19, "s·(1 − s)", color=BLUE, size=TEXT_SIZE)
    left.plot([values[0]], [0], "o", color=ORANGE, markersize=5, clip_on=False, zorder=5)
    left.plot([0], [0], "o", color=INK, markersize=5, clip_on=False, zorder=5)
    left.annotate(
        "the only\nsolution", (0, 0), (0.09, 0.42), size=SMALL_SIZE, color=INK, ha="center", linespacing=1.1,
        arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.7, "shrinkB": 4},
    )  # fmt: skip

    right = add_axes(figure, 5.2, 1.1, 3.3, 2.65)
    calm(right, xlabel="how often it was applied, n", ylabel="s")
    count = np.arange(1, len(values))
    right.plot(count, 1 / count, color=MUTED, linewidth=1.2, dashes=(4, 3))
    right.plot(count, values[1:], color=ORANGE, linewidth=2)
    right.set(xscale="log", yscale="log", xlim=(1, len(values) - 1))
    right.text(2.4, 0.55, "1 / n", color=MUTED, size=SMALL_SIZE)
    return figure


def at_the_score():
    """What reaches the score: the sigmoid's slope alone, and what is left of it under each of the two losses."""
    f = np.linspace(-10, 10, 801)
    s, backward = sigmoid(f)
    curves = (
        ("the sigmoid's slope alone, s·(1 − s)", MUTED, backward(np.ones_like(f))),
        ("log(1 − s) leaves −s", BLUE, s),
        ("−log s leaves −(1 − s)", ORANGE, 1 - s),
    )
    figure = new_figure(
        8.9, 4.65, title="What reaches the score, and through it the generator",
        subtitle="The size of the gradient over the score f, with s = D(G(z)) = σ(f). Left and right show the same.",
    )  # fmt: skip
    for place, scale in ((0.9, "linear"), (5.2, "log")):
        axes = add_axes(figure, place, 1.55, 3.4, 2.45)
        calm(axes, xlabel="score f", ylabel="size of ∂loss/∂f" if place < 1 else "")
        axes.axvspan(-10, 0, color=INK, alpha=0.04, linewidth=0)
        for _, colour, values in curves:
            axes.plot(f, values, color=colour, linewidth=2)
        axes.set_yscale(scale)
        axes.set_xlim(-10, 10)
        axes.xaxis.set_major_locator(MultipleLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
        axes.set_ylim(*((0, 1.05) if scale == "linear" else (2e-5, 2)))
        axes.annotate(
            "← D says “generated”", (0.5, 1), (-4, 4), xycoords="axes fraction", textcoords="offset points",
            ha="right", size=SMALL_SIZE, color=MUTED,
        )  # fmt: skip
    x = 0.9
    for words, colour, _ in curves:
        figure.text(x / 8.9, 1 - 1.12 / 4.65, "●", color=colour, size=TEXT_SIZE, va="center")
        figure.text((x + 0.17) / 8.9, 1 - 1.12 / 4.65, words, color=INK, size=SMALL_SIZE, va="center")
        x += 0.55 + 0.066 * len(words)
    return figure


def won(heard):
    """The generator's gradient while the discriminator learns alone."""
    figure = new_figure(
        8.9, 4.4, title="The better the discriminator, the less log(1 − s) has to say",
        subtitle="The article's networks on MNIST. Only the discriminator learns; the generator stands still.",
    )  # fmt: skip
    steps = [moment.step for moment in heard]
    left = add_axes(figure, 0.9, 1.15, 3.2, 2.55)
    calm(left, xlabel="steps of the discriminator", ylabel="mean of D(G(z))")
    left.plot(steps, [moment.answer for moment in heard], color=INK, linewidth=1.8)
    right = add_axes(figure, 5.05, 1.15, 2.7, 2.55)
    calm(right, xlabel="steps of the discriminator", ylabel="length of G's gradient")
    for name, words, colour in (("minimax", "log(1 − s)", BLUE), ("non-saturating", "−log s", ORANGE)):
        lengths = [moment.lengths[name] for moment in heard]
        right.plot(steps, lengths, color=colour, linewidth=1.8)
        right.annotate(
            words, (steps[-1], lengths[-1]), (6, 0), textcoords="offset points", va="center",
            color=colour, size=TEXT_SIZE,
        )  # fmt: skip
    for axes in (left, right):
        axes.set_yscale("log")
        axes.set_xlim(0, steps[-1])
    return figure


def equation_four(image, generated):
    """The literal D for a real image and for the generated one itself. image, generated: (1, 28, 28) in [0, 1]"""
    low, high = 0.5, float(sigmoid(np.ones(1))[0][0])
    figure = new_figure(
        9.4, 6.05, title="Equation (4) at its word: the answer is an image",
        subtitle="One “score” for every pixel, and none of them below ½: nothing can ever be called generated.",
    )  # fmt: skip
    side, top = 1.75, 1.3
    places = 0.3, 2.55, 4.8, 7.05
    for row, (name, x) in enumerate((("a real image", image), ("the generated image", generated))):
        y = top + row * (side + 0.65)
        product = x * (1 - generated)
        panels = ((f"x: {name}", x), ("G(z)", generated), ("x ⊙ (1 − G(z))", product))
        for place, (title, shown) in zip(places, panels, strict=False):
            axes = add_axes(figure, place, y, side, side)
            show_image(axes, shown)
            axes.set_title(title, loc="left", size=TEXT_SIZE, color=INK)
        axes = add_axes(figure, places[3], y, side, side)
        answer = sigmoid(product)[0]
        axes.imshow(answer[0], cmap="cividis", vmin=low, vmax=high, interpolation="nearest")
        bare(axes)
        axes.set_title("D(x)", loc="left", size=TEXT_SIZE, color=INK)
        axes.set_xlabel(f"mean {answer.mean():.3f}", size=SMALL_SIZE, color=MUTED)
    box = add_axes(figure, places[3] + side + 0.12, top, 0.13, side)
    scale = figure.colorbar(ScalarMappable(Normalize(low, high), "cividis"), cax=box, ticks=[low, high])
    scale.outline.set_visible(False)
    scale.ax.tick_params(labelsize=SMALL_SIZE, colors=MUTED, length=2)
    scale.ax.set_yticklabels([f"{low:g}", f"{high:.2f}"])
    return figure


def _between(figure, x, y, sign):
    """A sign between two pictures, at a place in inches from the left and the top."""
    width, height = figure.get_size_inches()
    figure.text(x / width, 1 - y / height, sign, size=20, color=MUTED, ha="center", va="center")
