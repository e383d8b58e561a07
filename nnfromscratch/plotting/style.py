"""What all pictures share: colours, type, frames, and how a figure becomes a file.

The colours of the lines are Okabe and Ito's, which people with any kind of colour vision can tell apart. Blue is below
zero and orange above, everywhere; orange also marks errors.
Source: Okabe and Ito, Color Universal Design (2008), https://jfly.uni-koeln.de/color/.
"""

from __future__ import annotations

import io
import os
import warnings
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from nnfromscratch.errors import DtypeError
from nnfromscratch.files import write_whole
from nnfromscratch.types import Array

INK = "#23272e"
MUTED = "#69707d"
FAINT = "#e3e6ea"
HAIRLINE = "#cfd4db"
BLUE = "#0072b2"
ORANGE = "#d55e00"
SERIES = (BLUE, ORANGE, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d4d4d", "#b0a300")

SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#00426b", BLUE, "#8ec4e3", "#ffffff", "#f5b58a", ORANGE, "#7a3300"]
)
ERRORS = LinearSegmentedColormap.from_list("errors", ["#fdeadd", "#f5b58a", ORANGE])

TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 13, 10, 8.5
PIXELS_PER_INCH = 160  # twice what a page shows, so that a sharp screen has something to be sharp with


def new_figure(width: float, height: float, *, title: str, subtitle: str = "") -> Figure:
    """An empty white figure, in inches, with its title, and under it in grey how to read it."""
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(
        0.3 / width, 1 - 0.3 / height, title, size=TITLE_SIZE, weight="bold", color=INK, va="top", parse_math=False
    )
    figure.text(0.3 / width, 1 - 0.56 / height, subtitle, size=TEXT_SIZE, color=MUTED, va="top")
    return figure


def add_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place in inches, counted from the figure's left and top edges."""
    whole_width, whole_height = figure.get_size_inches()
    return figure.add_axes(
        (left / whole_width, 1 - (top + height) / whole_height, width / whole_width, height / whole_height)
    )


def calm(axes: Axes, *, xlabel: str = "", ylabel: str = "") -> None:
    """Two thin lines instead of a box, a faint grid behind the data, small grey numbers."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#b6bcc6")
    axes.grid(True, color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=MUTED, labelsize=SMALL_SIZE, length=3)
    axes.set_xlabel(xlabel, size=TEXT_SIZE, color=INK)
    axes.set_ylabel(ylabel, size=TEXT_SIZE, color=INK)


def bare(axes: Axes, *, frame: bool = True) -> None:
    """No ticks and just a hairline around, for an image."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(frame)
        spine.set_color(HAIRLINE)
        spine.set_linewidth(0.7)


def show_signed(axes: Axes, values: Array, limit: float) -> Any:
    """Numbers as colours: blue below zero, white at zero, orange above, full at ±limit. values: (H, W)."""
    shown = axes.imshow(values, cmap=SIGNED, vmin=-limit, vmax=limit, interpolation="nearest", aspect="auto")
    bare(axes)
    return shown


def show_image(axes: Axes, image: Array) -> None:
    """An image (C, H, W) in [0, 1] or bytes: grey ones as ink on paper, three channels in their colours."""
    shown = image / 255 if image.dtype == np.uint8 else image
    if len(shown) == 3:
        axes.imshow(np.clip(shown.transpose(1, 2, 0), 0, 1), interpolation="nearest", aspect="equal")
    else:
        axes.imshow(shown.mean(axis=0), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest", aspect="equal")
    bare(axes)


def png_bytes(figure: Figure) -> bytes:
    """The figure as PNG. The same figure gives the same bytes: nothing in them tells when or with which version.

    Raises DtypeError where ``figure`` is no matplotlib Figure.
    """
    if not isinstance(figure, Figure):
        raise DtypeError(f"png_bytes: figure expects a matplotlib Figure, is {type(figure).__name__}")
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a class named in a script the font lacks
        figure.savefig(buffer, format="png", dpi=PIXELS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write the figure to ``path`` as PNG, whole or not at all.

    Raises DtypeError where ``figure`` is no matplotlib Figure, RunError where the folder cannot be written.
    """
    png = png_bytes(figure)
    write_whole(path, lambda file: file.write(png))
