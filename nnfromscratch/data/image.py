"""Pictures from the disk: as they are, or a drawn figure brought into MNIST's form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from nnfromscratch.data.batches import as_input
from nnfromscratch.errors import DataError, RangeError, require_int
from nnfromscratch.types import Array

# What Pillow raises for files that it cannot make sense of, a broken PNG's SyntaxError among them.
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)

_WHITE = (255, 255, 255)
_BLACK = (0, 0, 0)


def read_pixels(path: str | Path, *, size: tuple[int, int] | None = None) -> Array:
    """The picture as a person sees it: (H, W, 3) bytes, red, green, blue.

    Turned as its camera noted (EXIF), transparent parts on white, 16 bits brought to 8. size: (H, W) to resize it to.
    Raises DataError that names the file: missing, a folder, or nothing that can be read as a picture.
    """
    return np.asarray(_resized(_on_ground(_open(path), _WHITE), size))


def read_image(path: str | Path, image_shape: tuple[int, int, int]) -> Array:
    """A picture as a network takes it: (1, C, H, W), float32 in [0, 1], resized, and grey where C is 1.

    image_shape: (C, H, W) with C = 1 or 3. Grey is 0.299·R + 0.587·G + 0.114·B.
    Raises DataError that names the file, RangeError for other numbers of channels.
    Source of the weights: Recommendation ITU-R BT.601.
    """
    channels, height, width = image_shape
    if channels not in (1, 3):
        raise RangeError(f"read_image: image_shape expects 1 or 3 channels, has {image_shape}")
    picture = _on_ground(_open(path), _WHITE)
    if channels == 1:
        picture = picture.convert("L")
    pixels = np.asarray(_resized(picture, (height, width))).reshape(height, width, channels)
    return as_input(pixels.transpose(2, 0, 1)[None])


def read_digit(path: str | Path, *, size: int = 28, box: int = 20) -> Array:
    """A drawn figure in MNIST's form: (1, 1, size, size), float32 in [0, 1], light on dark, in the middle.

    Any size, any colours, dark on light or light on dark, on an even ground. As MNIST was made: the figure is cut out,
    fitted into a square of ``box`` pixels with its proportions kept, and placed with its centre of mass in the middle.

    ink = max over R, G, B of |colour − ground|, divided by its largest value; ground: the median colour of the edge.
    What differs from the ground no more than neighbours along the edge differ, is ground.
    Raises DataError that names the file: missing, not a picture, or nothing stands out from the ground.
    Source: LeCun et al., Gradient-Based Learning Applied to Document Recognition (1998), section III.A.
    """
    size = require_int("read_digit", "size", size, least=1)
    box = require_int("read_digit", "box", box, least=1)
    if box > size:
        raise RangeError(f"read_digit: box expects at most size = {size}, is {box}")
    picture = _open(path)
    picture = _on_ground(picture, _contrasting_ground(picture))
    picture = picture.reduce(max(1, max(picture.size) // (8 * box)))  # averaging takes out noise, and saves time
    ink = _ink(np.asarray(picture, np.float32) / 255)
    if ink is None:
        raise DataError(f"{path} shows nothing: no figure stands out from its ground")

    strong = ink > 0.2  # a soft edge does not make the figure larger
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    figure = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = box / max(figure.shape)
    height, width = (max(1, round(length * scale)) for length in figure.shape)
    figure = np.asarray(Image.fromarray(figure).resize((width, height), Image.Resampling.HAMMING))
    figure = np.clip(figure / figure.max(), 0, 1)

    top, left = (
        min(max(round(size / 2 - float(mass @ np.arange(len(mass)) / mass.sum())), 0), size - len(mass))
        for mass in (figure.sum(axis=1), figure.sum(axis=0))
    )
    digit = np.zeros((1, 1, size, size), np.float32)
    digit[0, 0, top : top + height, left : left + width] = figure
    return as_input(digit)


def _ink(pixels: Array) -> Array | None:
    """How much every pixel of (H, W, 3) differs from the ground, in [0, 1]; None where nothing does."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    ground = np.median(edge, axis=0)
    ink: Array = np.abs(pixels - ground).max(axis=2)
    most = float(ink.max())
    # Neighbours along the edge differ by noise alone, except where the figure begins or ends. Four times the upper
    # quartile is six standard deviations of normal noise, and more than three where white or black cuts off half of it.
    steps = np.abs(np.diff(edge, axis=0)).max(axis=1)
    noise = 4 * float(np.quantile(steps, 0.75)) if len(steps) else 0.0
    if most < max(0.1, 1.5 * noise):
        return None
    ink[ink <= max(noise, 0.04 * most)] = 0
    return ink / np.float32(most)


def _open(path: str | Path) -> Image.Image:
    """The picture, read whole and upright."""
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a picture")
    if not path.exists():
        raise DataError(f"{path} does not exist")
    try:
        with Image.open(path) as picture:
            picture.load()
            return _eight_bits(ImageOps.exif_transpose(picture))
    except _UNREADABLE as failure:
        raise DataError(f"{path} cannot be read as a picture: {failure}") from failure


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits divided by 257, so that 65535 becomes 255; everything else unchanged."""
    if not picture.mode.startswith("I"):
        return picture
    values = np.asarray(picture).astype(np.int64)
    if values.max() > 255 or picture.mode != "I":
        values = (values + 128) // 257
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _is_transparent(picture: Image.Image) -> bool:
    return "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info


def _on_ground(picture: Image.Image, ground: tuple[int, int, int]) -> Image.Image:
    """In RGB, transparent parts showing ``ground``."""
    if not _is_transparent(picture):
        return picture.convert("RGB")
    solid = Image.new("RGBA", picture.size, (*ground, 255))
    return Image.alpha_composite(solid, picture.convert("RGBA")).convert("RGB")


def _contrasting_ground(picture: Image.Image) -> tuple[int, int, int]:
    """White, or black where what can be seen of a transparent picture is light: on white it would vanish."""
    if _is_transparent(picture):
        pixels = np.asarray(picture.convert("RGBA"), np.float64)
        seen = pixels[..., 3].sum()
        if seen and (pixels[..., :3].mean(axis=2) * pixels[..., 3]).sum() / seen > 127:
            return _BLACK
    return _WHITE


def _resized(picture: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    return picture if size is None else picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
