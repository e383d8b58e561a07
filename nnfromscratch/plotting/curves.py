"""How loss and accuracy went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from nnfromscratch.errors import DataError, ShapeError
from nnfromscratch.plotting.style import BLUE, INK, MUTED, ORANGE, SMALL_SIZE, add_axes, calm, new_figure
from nnfromscratch.types import Array
from nnfromscratch.wording import percent

Numbers = Sequence[float]


def learning_curves(
    train_loss: Numbers,
    train_accuracy: Numbers,
    *,
    validation_loss: Numbers | None = None,
    validation_accuracy: Numbers | None = None,
    learning_rate: Numbers | None = None,
    best_epoch: int | None = None,
) -> Figure:
    """Loss, accuracy and learning rate against the epoch, counted from 1.

    All of the same length, a number an epoch; accuracies in [0, 1]. best_epoch: the one whose weights were kept.
    Raises DataError where there is no epoch, ShapeError where the lengths differ.

    >>> figure = learning_curves([0.9, 0.4], [0.7, 0.9], validation_loss=[0.5, 0.3], validation_accuracy=[0.8, 0.92])
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'accuracy']
    """
    length = len(train_loss)
    if length == 0:
        raise DataError("learning_curves: train_loss expects at least one epoch, is empty")
    others = (("train_accuracy", train_accuracy), ("validation_loss", validation_loss))
    more = (("validation_accuracy", validation_accuracy), ("learning_rate", learning_rate))
    for name, values in (*others, *more):
        if values is not None and len(values) != length:
            raise ShapeError(f"learning_curves: {name} expects {length} epochs like train_loss, has {len(values)}")

    panels = 2 if learning_rate is None else 3
    subtitle = "Loss: the lower the better. Accuracy: the higher the better. The numbers are the last epoch's."
    if best_epoch is not None:
        subtitle += f" Dashed: epoch {best_epoch}, whose weights were kept."
    figure = new_figure(3.4 * panels + 0.35, 4.0, title="Learning curves", subtitle=subtitle)
    boxes = [add_axes(figure, 0.85 + 3.4 * column, 1.15, 2.5, 2.2) for column in range(panels)]

    _curves(boxes[0], "loss", "{:.4f}".format, train_loss, validation_loss)
    boxes[0].set_ylim(bottom=0)
    _curves(boxes[1], "accuracy", lambda share: percent(share, 2), train_accuracy, validation_accuracy)
    boxes[1].yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    if learning_rate is not None:
        calm(boxes[2], xlabel="epoch", ylabel="learning rate")
        boxes[2].plot(_epochs(length), learning_rate, color=INK, linewidth=1.8, marker="o", markersize=3)
        boxes[2].set_ylim(bottom=0)
        boxes[2].ticklabel_format(axis="y", style="plain", useOffset=False)
    for axes in boxes:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
        axes.set_xlim(0.5, length + 0.5)
        if best_epoch is not None:
            axes.axvline(best_epoch, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    return figure


def _curves(axes: Axes, name: str, say: Callable[[float], str], train: Numbers, validation: Numbers | None) -> None:
    calm(axes, xlabel="epoch", ylabel=name)
    for label, values, colour in (("train", train, BLUE), ("validation", validation, ORANGE)):
        if values is not None:
            axes.plot(
                *(_epochs(len(values)), values),
                color=colour, linewidth=1.8, marker="o", markersize=3, label=f"{label}  {say(values[-1])}",
            )  # fmt: skip
    # Over the axes, where it hides no curve.
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, frameon=False, fontsize=SMALL_SIZE, labelcolor=INK,
        borderpad=0.2, handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip


def _epochs(length: int) -> Array:
    return np.arange(1, length + 1)
