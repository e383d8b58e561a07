"""Pictures of few_labels.json: arms, gains, courses, numbers of labels; and where new information can come from."""

from __future__ import annotations

import numpy as np
from figures import few_labels, letters
from figures.gan_gain import arms, courses, difference
from figures.gan_gain_tables import MINUTES
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from nnfromscratch import plotting
from nnfromscratch.errors import DataError
from nnfromscratch.plotting.style import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    ORANGE,
    SERIES,
    SMALL_SIZE,
    TEXT_SIZE,
    add_axes,
    bare,
    calm,
    new_figure,
    show_image,
)

PAIRS = (
    ("gan", "self-training"),
    ("gan", "consistency"),
    ("gan", "hog-linear"),
    ("gan", "gan-ablated"),
    ("gan-aug", "gan-ablated-aug"),
    ("gan-aug", "self-training-aug"),
    ("gan-aug", "consistency-aug"),
    ("student-aug", "consistency-aug"),
)
SHOWN = 15  # letters of each class


def arms_picture(results):
    """Every arm on 100 labels."""
    found = {name: list(seeds.values()) for name, seeds in arms(results).items()}
    return plotting.arm_accuracies(
        found, subtitle="100 labels, two minutes. A dot for each label set, a line at the mean."
    )


def gains_picture(results):
    """For each pair of arms the differences on the same label sets, their mean, and p."""
    found = arms(results)
    pairs = [(arm, other, pair) for arm, other in PAIRS if (pair := difference(found, arm, other)) is not None]
    if not pairs:
        raise DataError("gains_picture: results expects two arms with a label set in common, has none")
    height = 0.62 * len(pairs)
    figure = new_figure(
        9.2, 1.5 + height + 0.75, title="What the GAN brings, label set by label set",
        subtitle="The difference of two arms that saw the same labels. A dot for each label set, a line at the mean.",
    )  # fmt: skip
    axes = add_axes(figure, 2.5, 1.2, 5.0, height)
    calm(axes, xlabel="points of test accuracy")
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=1)
    for row, (_, _, pair) in enumerate(pairs):
        points = 100 * np.array(pair.differences)
        colour = BLUE if pair.mean > 0 else ORANGE
        axes.axhline(row, color=FAINT, linewidth=0.8, zorder=0)
        axes.plot(points, [row] * len(points), "o", color=colour, markersize=7, markeredgecolor="white", alpha=0.8)
        axes.plot([100 * pair.mean] * 2, [row - 0.3, row + 0.3], color=colour, linewidth=2.4)
        words = f"{100 * pair.mean:+.2f}   p = {pair.p_value:.2g}".replace("-", "−")
        axes.annotate(
            words, (1.03, row), xycoords=axes.get_yaxis_transform(), va="center", size=SMALL_SIZE, color=INK,
            annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(len(pairs) - 0.5, -0.5)
    axes.set_yticks(range(len(pairs)), [f"{arm}\n− {other}" for arm, other, _ in pairs], size=SMALL_SIZE, color=INK)
    axes.tick_params(axis="y", length=0)
    _name_the_sides(axes)
    return figure


def _name_the_sides(axes):
    """Which side of zero is better with a GAN, where the side is wide enough for the words."""
    low, high = (min(axes.get_xlim()[0], -0.5), max(axes.get_xlim()[1], 0.5))
    reach = high - low
    low, high = min(low, -0.25 * reach), max(high, 0.25 * reach)
    axes.set_xlim(low, high)
    for words, side, colour in (("better without", -1, ORANGE), ("better with a GAN", 1, BLUE)):
        axes.annotate(
            words, (0, 1), xycoords=("data", "axes fraction"), xytext=(8 * side, 5), textcoords="offset points",
            ha="right" if side < 0 else "left", size=SMALL_SIZE, color=colour,
        )  # fmt: skip


def course_picture(results, names=(*few_labels.MAIN, "gan-ablated", "consistency-aug"), minutes=2):
    """Validation accuracy over the seconds of training."""
    return plotting.accuracy_over_time(
        courses(results, names, minutes), subtitle=f"100 labels, {minutes:g} minutes, on validation images."
    )


def time_picture(results, arm="gan"):
    """The courses of one arm that had more and more time."""
    longer = {
        f"{minutes:g} minutes": found[arm] for minutes in MINUTES if arm in (found := courses(results, (arm,), minutes))
    }
    return plotting.accuracy_over_time(
        longer,
        subtitle=f"{arm}, 100 labels, on validation images. A curve for each budget, the mean of its trainings.",
    )


def labels_picture(results, minutes=1):
    """Test accuracy by the number of labels."""
    found = {}
    for labels in few_labels.ROWS["labels"].labels:
        for name, seeds in arms(results, labels, minutes).items():
            count = next(entry["labelled"] for entry in results["runs"] if entry["labels"] == labels)
            found.setdefault(name, {})[count] = list(seeds.values())
    return plotting.label_curve(found)


def letters_picture():
    """Some images of each class of the letters, none of them chosen."""
    images, labels = letters.letters(400, np.random.default_rng(0))
    size = 0.46
    figure = new_figure(
        0.6 + size * SHOWN + 0.3, 0.95 + size * 10 + 0.25, title="Letters, printed and spoiled",
        subtitle="The first images of each class: capital and small letters in 22 fonts.",
    )  # fmt: skip
    for k in range(len(letters.CLASSES)):
        for column, image in enumerate(images[labels == k][:SHOWN]):
            axes = add_axes(figure, 0.6 + size * column, 0.95 + size * k, size * 0.92, size * 0.92)
            show_image(axes, image)
        figure.text(
            0.3 / figure.get_size_inches()[0], 1 - (0.95 + size * (k + 0.46)) / figure.get_size_inches()[1],
            letters.CLASSES[k], size=TEXT_SIZE, weight="bold", color=INK, va="center",
        )  # fmt: skip
    return figure


def sources_picture():
    """What the classifier of either GAN can know, and from where."""
    figure = new_figure(
        9.2, 4.5, title="Where can new information come from?",
        subtitle="An arrow passes on what its beginning knows, and never more.",
    )  # fmt: skip
    axes = add_axes(figure, 0.3, 0.95, 8.6, 3.3)
    bare(axes, frame=False)
    axes.set_xlim(0, 8.6)
    axes.set_ylim(3.3, 0)
    few, many, made = SERIES[2], BLUE, MUTED
    columns, rows = (0.05, 3.0, 4.95, 6.9), (0.5, 1.2, 1.9, 2.6)
    for left, title in (
        (columns[0], "a conditional GAN on the labelled images"),
        (columns[1], "a semi-supervised GAN"),
    ):
        axes.text(left, 0.2, title, size=SMALL_SIZE, color=MUTED)
    for column, row, words, colour, width in (
        (0, 0, "100 images with labels", few, 1), (0, 1, "generator", made, 1), (0, 2, "more images, labels", made, 1),
        (0, 3, "classifier", INK, 1),
        (1, 0, "100 images with labels", few, 1), (2, 0, "55,000 images without", many, 1),
        (3, 1, "generator", made, 1), (3, 2, "generated images", made, 1),
        (1, 3, "classifier, which is the discriminator as well", INK, 3),
    ):  # fmt: skip
        _box(axes, columns[column], rows[row], words, colour, 1.65 + 1.95 * (width - 1))
    for column, start, end, colour in (
        (0, 0, 1, few), (0, 1, 2, few), (0, 2, 3, few), (1, 0, 3, few), (2, 0, 3, many), (3, 1, 2, many),
        (3, 2, 3, many),
    ):  # fmt: skip
        middle = columns[column] + 0.82
        _arrow(axes, (middle, rows[start] + 0.42), (middle, rows[end] - 0.02), colour)
    _arrow(axes, (columns[2] + 1.67, rows[0] + 0.2), (columns[3] + 0.82, rows[1] - 0.02), many)
    return figure


def _box(axes, left, top, words, colour, width):
    shape = FancyBboxPatch(
        (left, top), width, 0.4, boxstyle="round,pad=0,rounding_size=0.06", facecolor="white", edgecolor=colour,
        linewidth=1.6,
    )  # fmt: skip
    axes.add_patch(shape)
    axes.text(left + width / 2, top + 0.2, words, size=SMALL_SIZE, color=INK, ha="center", va="center")


def _arrow(axes, start, end, colour):
    bend = "angle,angleA=0,angleB=90,rad=6" if start[0] != end[0] else "arc3"
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", connectionstyle=bend, mutation_scale=11, color=colour, linewidth=1.4,
            shrinkA=0, shrinkB=0,
        )
    )  # fmt: skip
