"""New training images out of old ones: shifted, turned, scaled and slanted a little, each differently."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnfromscratch.errors import (
    RangeError,
    require_generator,
    require_nonempty_axes,
    require_number,
    require_same_float,
    require_shape,
)
from nnfromscratch.types import Array


@dataclass(frozen=True)
class Augmentation:
    """Draws for every image a random affine map and applies it; called as ``augment(images, rng)``.

    A = s · [cos α  −sin α] · [1  0]          α, s, k and both parts of t evenly distributed within
            [sin α   cos α]   [k  1]          |α| ≤ rotation,  |s − 1| ≤ scale,  |k| ≤ shear,  |t| ≤ shift

    ``warp`` says what is done with A and t. shift: in pixels. rotation: in degrees. scale and shear: as parts of 1.
    A setting of 0 leaves that change out; with all of them 0 the images come back as they were, bit for bit.

    images: (N, C, H, W), float32 or float64. Returns a new array of the same shape and type, memory order (H, C, W, N).
    Raises RangeError for a setting that makes no sense (negative, scale of 1 or more).
    Source: Simard, Steinkraus, Platt, Best Practices for Convolutional Neural Networks Applied to Visual Document
    Analysis (2003), section 2.

    >>> augment = Augmentation(shift=2, rotation=10, scale=0.1, shear=0.1)
    >>> augment(np.ones((8, 1, 28, 28), np.float32), np.random.default_rng(0)).shape
    (8, 1, 28, 28)
    """

    shift: float = 2.0
    rotation: float = 10.0
    scale: float = 0.1
    shear: float = 0.1

    def __post_init__(self) -> None:
        require_number("Augmentation", "shift", self.shift, least=0)
        require_number("Augmentation", "rotation", self.rotation, least=0, most=180)
        require_number("Augmentation", "scale", self.scale, least=0, below=1)
        require_number("Augmentation", "shear", self.shear, least=0)

    def __call__(self, images: Array, rng: np.random.Generator) -> Array:
        """The changed images; ``rng`` gives five numbers for each."""
        require_generator("Augmentation", rng)
        require_shape("Augmentation", "images", images.shape, ("N", "C", "H", "W"))
        angle, scale, shear, *shift = rng.uniform(-1, 1, (5, len(images)))
        angle = np.deg2rad(self.rotation) * angle
        sine, cosine = np.sin(angle), np.cos(angle)
        slant = self.shear * shear
        matrix = np.stack([cosine - slant * sine, -sine, sine + slant * cosine, cosine], axis=1).reshape(-1, 2, 2)
        matrix *= (1 + self.scale * scale)[:, None, None]
        return warp(images, matrix, self.shift * np.stack(shift, axis=1))


def warp(images: Array, matrix: Array, shift: Array) -> Array:
    """Every image under an affine map of its own, with bilinear interpolation and zeros outside.

    The map takes the place q = (row, column) of the image to p = A·(q − c) + c + t with c = ((H−1)/2, (W−1)/2), the
    middle. Read the other way round, it says for each place p of the result where in the image its value lies,

        q = A⁻¹·(p − c − t) + c,    ⌊q⌋ = (i, j),    q − ⌊q⌋ = (u, v)
        y[n, c, p] = (1−u)·((1−v)·x[n, c, i, j] + v·x[n, c, i, j+1]) + u·((1−v)·x[n, c, i+1, j] + v·x[n, c, i+1, j+1])

    images x: (N, C, H, W), float32 or float64   matrix A: (N, 2, 2)   shift t: (N, 2), in pixels
    y: as x, in memory order (H, C, W, N). A shift by whole pixels (A = 1) is exact.
    Raises ShapeError or DtypeError where the arguments do not fit, RangeError where a matrix has no inverse or a number
    is not finite.

    >>> image = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    >>> warp(image, np.eye(2)[None], np.array([[0, 1]]))[0, 0]
    array([[0., 0., 1.],
           [0., 3., 4.],
           [0., 6., 7.]], dtype=float32)
    """
    require_same_float("warp", images=images)
    require_shape("warp", "images", images.shape, ("N", "C", "H", "W"))
    require_nonempty_axes("warp", "images", images.shape)
    N, C, H, W = images.shape
    require_shape("warp", "matrix", matrix.shape, (N, 2, 2))
    require_shape("warp", "shift", shift.shape, (N, 2))
    determinant = matrix[:, 0, 0] * matrix[:, 1, 1] - matrix[:, 0, 1] * matrix[:, 1, 0]
    if not (np.isfinite(matrix).all() and np.isfinite(shift).all() and determinant.all()):
        raise RangeError("warp: matrix and shift expect finite numbers, and matrices that have an inverse")

    # A border of zeros stands for everything outside, so that no place needs a mask: one pixel above and left, two
    # below and right, where the neighbours of the last place lie. In memory order (H, W, C, N) a pixel has one address.
    padded = np.zeros((H + 3, W + 3, C, N), images.dtype)
    padded[1 : H + 1, 1 : W + 1] = images.transpose(2, 3, 1, 0)
    flat = padded.reshape(-1)
    down, right = (W + 3) * C * N, C * N  # the steps to the neighbour below and to the right

    # q for every p at once, in coordinates of the padded image: arrays (H, W, N).
    inverse = np.linalg.inv(matrix.astype(np.float64))
    centre = np.array([(H - 1) / 2, (W - 1) / 2])
    origin = (centre + 1 - np.einsum("nij,nj->ni", inverse, centre + shift)).astype(images.dtype)
    inverse = inverse.astype(images.dtype)
    rows, columns = np.arange(H, dtype=images.dtype)[:, None, None], np.arange(W, dtype=images.dtype)[:, None]
    u = rows * inverse[:, 0, 0] + (columns * inverse[:, 0, 1] + origin[:, 0])
    v = rows * inverse[:, 1, 0] + (columns * inverse[:, 1, 1] + origin[:, 1])
    np.clip(u, 0, H + 1, out=u)
    np.clip(v, 0, W + 1, out=v)

    i, j = np.floor(u), np.floor(v)
    u -= i
    v -= j
    address = i.astype(np.intp)
    address *= W + 3
    np.add(address, j, out=address, casting="unsafe")  # exact: j is a whole number
    address *= C * N
    address += np.arange(N)
    address = address[:, None] + np.arange(C)[:, None, None] * N  # (H, C, W, N)
    u, v = u[:, None], v[:, None]

    # Four reads a pixel. mode="clip" spares `take` to look first whether the addresses are inside: they are.
    def row(step: int) -> Array:
        left: Array = flat[step:].take(address, mode="clip")
        difference = flat[step + right :].take(address, mode="clip")
        difference -= left
        difference *= v
        left += difference
        return left

    upper, lower = row(0), row(down)
    lower -= upper
    lower *= u
    upper += lower
    return upper.transpose(3, 1, 0, 2)
