"""Named arrays and a description in one ``.npz`` file: no pickle, so that opening a stranger's file runs no code."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnfromscratch.errors import CheckpointError
from nnfromscratch.files import write_whole
from nnfromscratch.types import Array

_DESCRIPTION = "description.json"


def write_archive(path: str | os.PathLike[str], arrays: Mapping[str, Array], description: Mapping[str, Any]) -> None:
    """Write ``arrays`` and ``description`` (anything that JSON holds) to ``path``, whole or not at all.

    Raises RunError where the folder cannot be written or is full.
    """
    text = np.frombuffer(json.dumps(dict(description)).encode(), np.uint8)
    write_whole(path, lambda file: np.savez(file, allow_pickle=False, **{_DESCRIPTION: text}, **arrays))


def read_archive(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the description in ``path``.

    Raises CheckpointError, naming the file, where it is missing, cut short, damaged or something else.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: expects a saved .npz file, there is {'a folder' if path.is_dir() else 'none'}")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
            description = json.loads(arrays.pop(_DESCRIPTION).tobytes())
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise CheckpointError(f"{path}: expects a file saved by nnfromscratch, is damaged: {error}") from error
    return arrays, description
