"""The data that a command was given, and errors about it in the words of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnfromscratch import data
from nnfromscratch.data import Splits
from nnfromscratch.errors import DataError, RangeError


def load_real_images(command: str, settings: Mapping[str, Any], rng: np.random.Generator) -> Splits:
    """``data.load`` for the settings "data" and "image_size". Raises as it does, in the words of the command line."""
    size = settings["image_size"]
    try:
        return data.load(settings["data"], rng=rng, size=None if size is None else (size, size))
    except (DataError, RangeError) as error:
        raise type(error)(_in_words_of_the_command(command, str(error))) from error


def _in_words_of_the_command(command: str, message: str) -> str:
    for ours, theirs in (
        ("give size=(height, width)", "give --image-size N"),
        ("load: source", f"{command}: --data"),
        ("load: size", f"{command}: --image-size"),
    ):
        message = message.replace(ours, theirs)
    return message
