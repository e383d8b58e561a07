"""One function for all data: by name, or by path."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np

from nnfromscratch.data.dataset import Dataset, Splits
from nnfromscratch.data.download import cache_folder, fetch_all
from nnfromscratch.data.folder import read_folder
from nnfromscratch.data.idx import parse_idx, read_idx
from nnfromscratch.data.npz import read_npz
from nnfromscratch.data.remote import IDX_NAMES, REMOTE, pair, read_idx_files
from nnfromscratch.errors import DataError, DtypeError, RangeError, require_choice, require_generator

DIGITS = tuple("0123456789")

# MD5 of the packaged files, which were compressed anew; mnist/LICENSE.txt has the published ones of their contents.
_MNIST_MD5 = (
    "c7dfcf1bfd3481a40f7b3aedbdbd083c",
    "d289298a347a2cc65765a3c81043ba88",
    "ecff87aa27c74fbc2c1f97e89c19221d",
    "a38049bc042dc6e683842a84160daae1",
)

NAMES = ("mnist", *REMOTE)


def load(
    source: str | Path,
    *,
    validation: int | float = 0,
    test: int | float = 0.2,
    rng: np.random.Generator | None = None,
    size: tuple[int, int] | None = None,
    cache: str | Path | None = None,
    download: bool = True,
) -> Splits:
    """A data set in its parts: ``splits.train``, ``splits.test``, and ``splits.validation`` where it is wanted.

    source: a name (mnist, which lies inside the package; fashion-mnist, kmnist, emnist-letters, cifar-10, which are
    downloaded once), or the path of an .npz file (``read_npz``), of a folder of pictures by class (``read_folder``), or
    of a folder with the four IDX files under MNIST's names.
    validation: how many images, or which share of them, to cut from train; never from test. test: the same where the
    data come without a test part of their own. rng: draws what is cut, class by class (``Dataset.split``).
    size: (H, W) to resize the pictures of a folder to. cache: the folder of the downloads instead of
    ``cache_folder()``; a set's files lie in a folder of its name. download: False forbids the network.
    Raises DataError for data that are missing or damaged; RangeError for an unknown name (the nearest is suggested),
    parts that leave nothing, a size where there is nothing to resize; DtypeError where something is to be cut and there
    is no ``rng``.

    >>> splits = load("mnist", validation=5000, rng=np.random.default_rng(0))
    >>> len(splits.train), len(splits.validation), len(splits.test)
    (55000, 5000, 10000)
    """
    train, test_part = _read(source, size, cache, download)
    if test_part is None:
        where = f"load: {source} has no test part of its own, so one is drawn"
        try:
            train, test_part = train.split(test, rng=require_generator(where, rng))
        except RangeError as error:
            raise RangeError(f"{where} out of its {len(train)} images: {error}") from error
    if validation == 0:
        return Splits(train, test_part)
    train, validation_part = train.split(validation, rng=require_generator("load", rng))
    return Splits(train, test_part, validation_part)


def _read(
    source: str | Path, size: tuple[int, int] | None, cache: str | Path | None, download: bool
) -> tuple[Dataset, Dataset | None]:
    if not isinstance(source, (str, Path)):
        raise DtypeError(f"load: source expects a name or a path, is {type(source).__name__}")
    read = _of_fixed_size(source, cache, download)
    if read is None:
        return read_folder(Path(source).expanduser(), size=size)
    if size is not None:
        raise RangeError(f"load: size expects a folder of pictures to resize, {source} has images of its own size")
    return read


def _of_fixed_size(
    source: str | Path, cache: str | Path | None, download: bool
) -> tuple[Dataset, Dataset | None] | None:
    """Train and test, or None where ``source`` is a folder of pictures."""
    name = source.lower().replace("_", "-") if isinstance(source, str) else ""
    if name == "mnist":
        return _packaged_mnist()
    if name in REMOTE:
        wanted = REMOTE[name]
        folder = Path(cache_folder() if cache is None else cache) / name
        return wanted.read(fetch_all(name, wanted.files, folder, download=download), wanted.classes)
    path = Path(source).expanduser()
    if path.is_dir():
        return _idx_folder(path)
    if path.is_file():
        if path.suffix != ".npz":
            raise DataError(f"load: {path} expects an .npz file or a folder, is a file of another kind")
        return read_npz(path)
    if isinstance(source, str) and len(path.parts) == 1 and not path.suffix:
        require_choice("load", "source", source, NAMES)  # no such name: the nearest is suggested
    raise DataError(f"load: {path} does not exist")


def _packaged_mnist() -> tuple[Dataset, Dataset]:
    """MNIST out of the installed package, wherever that lies."""
    folder = resources.files("nnfromscratch.data") / "mnist"
    train_images, train_labels, test_images, test_labels = (
        parse_idx((folder / f"{name}.gz").read_bytes(), f"mnist/{name}.gz", md5=md5)
        for name, md5 in zip(IDX_NAMES, _MNIST_MD5, strict=True)
    )
    return pair(train_images, train_labels, DIGITS, "mnist"), pair(test_images, test_labels, DIGITS, "mnist")


def _idx_folder(folder: Path) -> tuple[Dataset, Dataset] | None:
    """Train and test out of a folder with MNIST's four names, compressed or not; None where they are not there."""
    paths = [next((p for p in (folder / f"{name}.gz", folder / name) if p.exists()), None) for name in IDX_NAMES]
    if not any(paths):
        return None
    for name, path in zip(IDX_NAMES, paths, strict=True):
        if path is None:
            raise DataError(f"load: {folder} lacks {name}.gz")
    labels = [read_idx(path) for path in paths[1::2] if path is not None]
    highest = max(int(part.max(initial=0)) for part in labels)
    return read_idx_files([path for path in paths if path is not None], tuple(str(k) for k in range(highest + 1)))
