"""The IDX file format: how MNIST and its relatives store an array."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np

from nnfromscratch.errors import DataError
from nnfromscratch.types import Array

# The third byte of the file says of what type its numbers are; they are stored big-endian.
_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: str | Path, *, md5: str | None = None) -> Array:
    """The array in an IDX file, compressed by gzip or not.

    The file: two bytes of zero, one byte for the type, one for the number of axes, the length of each axis as a
    big-endian 32-bit number, then the elements with the last axis running fastest.

    md5: the checksum that the file as it stands on the disk should have; None leaves it unchecked.
    Returns an array of the file's shape and type (uint8 for images and labels); it may be read-only.
    Raises DataError that names the file and what is wrong with it: missing, empty, cut short, not IDX, more or fewer
    elements than its header says, another checksum.
    Source: LeCun, Cortes, Burges, The MNIST database of handwritten digits, "The IDX file format".

    >>> from importlib import resources
    >>> folder = resources.files("nnfromscratch.data") / "mnist"
    >>> read_idx(folder / "t10k-labels-idx1-ubyte.gz")[:8]
    array([7, 2, 1, 0, 4, 1, 4, 9], dtype=uint8)
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"read_idx: {path} is a folder, not an IDX file")
    if not path.exists():
        raise DataError(f"read_idx: {path} does not exist")
    try:
        content = path.read_bytes()
    except OSError as failure:
        raise DataError(f"read_idx: {path} cannot be read: {failure}") from failure
    return parse_idx(content, str(path), md5=md5)


def parse_idx(content: bytes, name: str, *, md5: str | None = None) -> Array:
    """The array in the bytes of an IDX file; ``name`` says in error messages where they came from.

    Raises DataError as ``read_idx`` does.

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), "three numbers")
    array([7, 8, 9], dtype=uint8)
    """
    if not content:
        raise DataError(f"read_idx: {name} is empty")
    plain = _decompress(content, name)
    if len(plain) < 4 or plain[:2] != b"\0\0" or plain[2] not in _DTYPES or plain[3] == 0:
        codes = ", ".join(f"{code:#04x}" for code in _DTYPES)
        raise DataError(
            f"read_idx: {name} is not an IDX file: the magic number expects two zeros, a type out of {codes} "
            f"and at least 1 axis, has {plain[:4].hex(' ') or 'no bytes'}"
        )
    dtype, axes = np.dtype(_DTYPES[plain[2]]), plain[3]
    start = 4 + 4 * axes
    if len(plain) < start:
        raise DataError(f"read_idx: {name} is cut short: the header expects {start} bytes, there are {len(plain)}")
    shape = tuple(int.from_bytes(plain[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(axes))
    expected = start + math.prod(shape) * dtype.itemsize
    if len(plain) != expected:
        trouble = "is cut short" if len(plain) < expected else "has extra bytes"
        raise DataError(
            f"read_idx: {name} {trouble}: shape {shape} of {dtype.newbyteorder('=')} expects {expected} bytes "
            f"with the header, there are {len(plain)}"
        )
    if md5 is not None:
        actual = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if actual != md5:
            raise DataError(f"read_idx: {name} is not the expected file: its MD5 expects {md5}, is {actual}")
    array = np.frombuffer(plain, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _decompress(content: bytes, name: str) -> bytes:
    if not content.startswith(_GZIP_MAGIC):
        if name.endswith(".gz"):
            raise DataError(f"read_idx: {name} is not compressed by gzip: it starts with {content[:16]!r}")
        return content
    try:
        return gzip.decompress(content)
    except EOFError as failure:
        raise DataError(f"read_idx: {name} is cut short: the gzip data end too early") from failure
    except (gzip.BadGzipFile, zlib.error) as failure:
        raise DataError(f"read_idx: {name} is damaged: {failure}") from failure
