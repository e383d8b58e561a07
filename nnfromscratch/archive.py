"""Named arrays and a description in one ``.npz`` file: no pickle, so that opening a stranger's file runs no code."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

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

    def write(file: IO[bytes]) -> None:  # an .npz file is a zip file of .npy files
        with zipfile.ZipFile(file, "w") as archive:
            for name, array in {_DESCRIPTION: text, **arrays}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)

    write_whole(path, write)


def read_archive(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the description in ``path``.

    Raises CheckpointError, naming the file, where it is missing, cut short, damaged or something else.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: expects a saved .npz file, there is {'a folder' if path.is_dir() else 'none'}")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
            description = dict(json.loads(arrays.pop(_DESCRIPTION).tobytes()))
    except PermissionError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from error
    except Exception as error:  # the readers of zip, .npy and JSON raise a dozen kinds, by where the damage is
        raise CheckpointError(f"{path}: expects a file saved by nnfromscratch, is damaged: {error}") from error
    return arrays, description
