"""The same noise through training: what the generator made of it, step after step, on paper and in motion."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from nnfromscratch.errors import RangeError, ShapeError
from nnfromscratch.plotting.style import MUTED, SMALL_SIZE, new_figure, png_bytes
from nnfromscratch.plotting.tiles import Tiles, require_pictures
from nnfromscratch.types import Array

_ROWS, _COLUMNS = 8, 12  # of the strip
_GREYS = 32  # of the animation: the fewer, the smaller the file, and nobody sees more
_MILLISECONDS, _AT_THE_END = 160, 2500  # a frame of the animation; the last one stays for longer


def training_strip(steps: Sequence[int], frames: Array) -> Figure:
    """A row for each noise vector, a column for each of the moments, from the first to the last.

    Of more than 12 moments those are shown whose steps grow by about the same factor, as most happens at first; of more
    than 8 noise vectors the first 8.
    steps: T whole numbers that rise   frames: (T, N, C, H, W), what the same N noise vectors became after so many steps
    Raises DtypeError, ShapeError, RangeError or DataError where these do not fit together.

    >>> figure = training_strip([0, 100, 200], np.zeros((3, 4, 1, 28, 28), np.uint8))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['0', '100', '200']
    """
    _require_frames("training_strip", steps, frames)
    chosen = spread_steps(steps, _COLUMNS)
    shown = frames[chosen, :_ROWS].swapaxes(0, 1)  # noise by noise
    tiles = Tiles("training_strip", shown.reshape(-1, *frames.shape[2:]), len(chosen))
    figure = new_figure(
        max(tiles.width + 0.6, 7.6),
        1.2 + tiles.height + 0.3,
        title="The same noise through training",
        subtitle="Each row is one noise vector, which never changes; what changes is the generator. Above: the step.",
    )
    axes = tiles.show(figure, 0.3, 1.2)
    for column, place in enumerate(chosen):
        axes.text(
            tiles.column_centre(column), -2, f"{steps[place]:,}", size=SMALL_SIZE, color=MUTED, ha="center", va="bottom"
        )
    return figure


def training_animation(steps: Sequence[int], frames: Array) -> bytes:
    """The same in motion: an animated GIF, one picture of all N samples for each moment, which begins again at the end.

    steps: T whole numbers that rise   frames: (T, N, C, H, W), what the same N noise vectors became after so many steps
    Raises DtypeError, ShapeError, RangeError or DataError where these do not fit together.

    >>> training_animation([0, 100], np.zeros((2, 4, 1, 28, 28), np.uint8))[:6]
    b'GIF89a'
    """
    from PIL import Image

    _require_frames("training_animation", steps, frames)
    grey = frames.shape[2] == 1
    pictures = []
    for step, images in zip(steps, frames, strict=True):
        tiles = Tiles("training_animation", images, min(8, len(images)), size=0.36)
        figure = new_figure(max(tiles.width + 0.6, 3.4), tiles.height + 0.95, title=f"Step {step:,}")
        tiles.show(figure, 0.3, 0.65)
        picture = Image.open(io.BytesIO(png_bytes(figure))).convert("RGB")
        pictures.append(picture.convert("L").quantize(_GREYS) if grey else picture.quantize(256))
    file = io.BytesIO()
    durations = [_MILLISECONDS] * (len(pictures) - 1) + [_AT_THE_END]
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    return file.getvalue()


def _require_frames(operation: str, steps: Sequence[int], frames: Array) -> None:
    require_pictures(operation, "frames", frames, "T, N, C, H, W")
    if len(steps) != len(frames):
        raise ShapeError(f"{operation}: steps expects {len(frames)} like frames, has {len(steps)}")
    if any(after <= before for before, after in pairwise(steps)) or steps[0] < 0:
        raise RangeError(f"{operation}: steps expects numbers from 0 that rise, has {list(steps)}")


def spread_steps(steps: Sequence[int], most: int) -> list[int]:
    """The places of at most so many steps: the first, the last, and between them about evenly many for every doubling.

    >>> spread_steps([0, 100, 200, 300, 400, 500, 600, 700, 800], 5)
    [0, 1, 2, 4, 8]
    """
    if len(steps) <= most:
        return list(range(len(steps)))
    first, last = max(1, steps[1]), steps[-1]
    wanted = np.geomspace(first, last, most - 1)
    chosen = {0, *(int(np.abs(np.asarray(steps) - step).argmin()) for step in wanted)}
    others = [place for place in range(len(steps)) if place not in chosen]
    return sorted([*chosen, *others[: most - len(chosen)]])
