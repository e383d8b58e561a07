"""Make a data set as a user might bring one: the letters A to J, printed in many fonts, askew and dirty.

    python docs/figures/letters.py letters.npz

Capital and small letters of one name are one class. The fonts are the 22 text fonts that come with matplotlib, so there
is nothing to download. Each image has its own turn, size, shear, place, strength of ink, blur and noise. Training and
test images are drawn alike, from the same fonts. It takes a few seconds; the same seed makes the same images.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

CLASSES = tuple("ABCDEFGHIJ")
FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmb10", "cmti10", "cmmi10", "cmss10", "cmtt10"),
)
TRAIN, TEST = 22_000, 5_000
SIDE, LARGE = 28, 64  # pixels of an image, and of the letter that it is made from


def letters(count, rng):
    """``count`` images (N, 1, 28, 28) as bytes, ink being light, and their labels, all classes alike but for chance."""
    labels = rng.integers(len(CLASSES), size=count)
    cases, fonts = rng.integers(2, size=count), rng.integers(len(FONTS), size=count)
    large = {}
    images = np.empty((count, 1, SIDE, SIDE), np.uint8)
    for place, (label, case, font) in enumerate(zip(labels, cases, fonts, strict=True)):
        if (label, case, font) not in large:
            letter = CLASSES[label].lower() if case else CLASSES[label]
            large[label, case, font] = _printed(letter, FONTS[font])
        images[place, 0] = _spoiled(large[label, case, font], rng)
    return images, labels


def _printed(letter, font):
    """A letter in the middle of a square of 64×64 pixels, as large as its box allows within 40."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    image = Image.new("L", (LARGE, LARGE))
    left, top, right, bottom = ImageFont.truetype(path, 100).getbbox(letter)
    sized = ImageFont.truetype(path, round(100 * 40 / max(right - left, bottom - top)))
    left, top, right, bottom = sized.getbbox(letter)
    ImageDraw.Draw(image).text(((LARGE - left - right) / 2, (LARGE - top - bottom) / 2), letter, font=sized, fill=255)
    return image


def _spoiled(image, rng):
    """Turned, sheared, resized, moved, blurred, pale, noisy."""
    angle, shear = rng.uniform(-0.35, 0.35), rng.uniform(-0.3, 0.3)
    width, height = LARGE / SIDE / rng.uniform(0.75, 1.15, size=2)
    c, s = math.cos(angle), math.sin(angle)
    a, b, d, e = c * width, (shear * c - s) * height, s * width, (shear * s + c) * height
    x, y = (SIDE - 1) / 2 + rng.uniform(-2, 2, size=2)  # where the middle of the letter comes to lie
    middle = (LARGE - 1) / 2
    back = (a, b, middle - a * x - b * y, d, e, middle - d * x - e * y)
    small = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.8, 2.0)))
    small = small.transform((SIDE, SIDE), Image.Transform.AFFINE, back, Image.Resampling.BILINEAR)
    pixels = np.asarray(small, np.float32) * rng.uniform(0.6, 1.0) + rng.normal(0, 16, (SIDE, SIDE))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def main(file):
    rng = np.random.default_rng(0)
    (train, train_labels), (test, test_labels) = letters(TRAIN, rng), letters(TEST, rng)
    np.savez_compressed(
        file, train_images=train, train_labels=train_labels, test_images=test, test_labels=test_labels,
        classes=np.array(CLASSES),
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
