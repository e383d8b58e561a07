"""The data sets that can be had by name: where their files lie, and how they are read."""

from __future__ import annotations

import string
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnfromscratch.data.dataset import Dataset
from nnfromscratch.data.download import RemoteFile
from nnfromscratch.data.idx import parse_idx, read_idx
from nnfromscratch.errors import DataError, NNFromScratchError
from nnfromscratch.types import Array


@dataclass(frozen=True)
class RemoteSet:
    """A data set to be had by name: its classes, its files, and the function that makes (train, test) of them."""

    classes: tuple[str, ...]
    files: tuple[RemoteFile, ...]
    read: Callable[[Sequence[Path], tuple[str, ...]], tuple[Dataset, Dataset]]


def pair(images: Array, labels: Array, classes: tuple[str, ...], name: str) -> Dataset:
    """A Dataset of what two IDX files hold: images (N, H, W) of bytes, labels (N,)."""
    if images.ndim != 3 or images.dtype != np.uint8:
        raise DataError(f"{name}: the images expect bytes of shape (N, H, W), have {images.dtype} of {images.shape}")
    try:
        return Dataset(images[:, None], labels, classes)
    except NNFromScratchError as failure:
        raise DataError(f"{name}: {failure}") from failure


def read_idx_files(paths: Sequence[Path], classes: tuple[str, ...]) -> tuple[Dataset, Dataset]:
    """Train and test out of four IDX files in MNIST's order: images and labels to train, images and labels to test."""
    train_images, train_labels, test_images, test_labels = (read_idx(path) for path in paths)
    return (
        pair(train_images, train_labels, classes, str(paths[0])),
        pair(test_images, test_labels, classes, str(paths[2])),
    )


def read_emnist_letters(paths: Sequence[Path], classes: tuple[str, ...]) -> tuple[Dataset, Dataset]:
    """Train and test out of EMNIST's archive, whose images lie on their side and whose labels count from 1."""
    (path,) = paths

    def part(name: str) -> Dataset:
        members = [f"gzip/emnist-letters-{name}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")]
        try:
            with zipfile.ZipFile(path) as archive:
                images, labels = (parse_idx(archive.read(member), f"{path}:{member}") for member in members)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as failure:
            raise DataError(f"{path} is not the EMNIST archive: {failure}") from failure
        except KeyError as failure:
            raise DataError(f"{path} is not the EMNIST archive: it lacks one of {', '.join(members)}") from failure
        return pair(images.swapaxes(1, 2), labels.astype(np.int64) - 1, classes, str(path))

    return part("train"), part("test")


def read_cifar10(paths: Sequence[Path], classes: tuple[str, ...]) -> tuple[Dataset, Dataset]:
    """Train and test out of CIFAR-10's binary archive: records of one label and 3 × 32 × 32 bytes."""
    (path,) = paths
    names = [f"cifar-10-batches-bin/{name}.bin" for name in (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")]
    try:
        with tarfile.open(path, "r:gz") as archive:
            members = [member for member in archive if member.name in names]
            # Read in memory, never unpacked to the disk: no name in an archive can then write anywhere.
            contents = {member.name: archive.extractfile(member) for member in members}
            records = {name: content.read() for name, content in contents.items() if content is not None}
    except (tarfile.TarError, zlib.error, EOFError, OSError) as failure:
        raise DataError(f"{path} is not the CIFAR-10 archive: {failure}") from failure

    def part(members: Sequence[str]) -> Dataset:
        for member in members:
            if not records.get(member) or len(records[member]) % 3073:
                raise DataError(
                    f"{path}: {member} expects records of 3073 bytes, has {len(records.get(member, b''))} bytes in all"
                )
        table = np.frombuffer(b"".join(records[member] for member in members), np.uint8).reshape(-1, 3073)
        return Dataset(np.ascontiguousarray(table[:, 1:]).reshape(-1, 3, 32, 32), table[:, 0], classes)

    return part(names[:5]), part(names[5:])


IDX_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def _idx_files(md5s: Sequence[str], *folders: str) -> tuple[RemoteFile, ...]:
    return tuple(
        RemoteFile(f"{name}.gz", md5, tuple(f"{folder}/{name}.gz" for folder in folders))
        for name, md5 in zip(IDX_NAMES, md5s, strict=True)
    )


REMOTE = {
    # Xiao, Rasul, Vollgraf (2017), arXiv:1708.07747; the checksums stand in the authors' README.
    "fashion-mnist": RemoteSet(
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        _idx_files(
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        ),
        read_idx_files,
    ),
    # Clanuwat et al. (2018), arXiv:1812.01718; checksums as torchvision.datasets.KMNIST has them.
    "kmnist": RemoteSet(
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        _idx_files(
            (
                "bdb82020997e1d708af4cf47b453dcf7",
                "e144d726b3acfaa3e44228e80efcd344",
                "5c965bf0a639b31b8f53240b1b52f4d7",
                "7320c461ea6c1c855c0b718fb2a4b134",
            ),
            "https://codh.rois.ac.jp/kmnist/dataset/kmnist",
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist",
            "https://web.archive.org/web/2022id_/http://codh.rois.ac.jp/kmnist/dataset/kmnist",
        ),
        read_idx_files,
    ),
    # Cohen et al. (2017), arXiv:1702.05373; checksum as torchvision.datasets.EMNIST has it.
    "emnist-letters": RemoteSet(
        tuple(string.ascii_uppercase),
        (
            RemoteFile(
                "gzip.zip",
                "58c8d27c78d21e728a6bc7b3cc06412e",
                (
                    "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
                    "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/gzip.zip",
                    "https://rds.westernsydney.edu.au/Institutes/MARCS/BENS/EMNIST/emnist-gzip.zip",
                ),
            ),
        ),
        read_emnist_letters,
    ),
    # Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009); checksum from the author's page.
    "cifar-10": RemoteSet(
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        (
            RemoteFile(
                "cifar-10-binary.tar.gz",
                "c32a1d4ab5d03f1284b67883e8d87530",
                (
                    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                    "https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz",
                    "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/"
                    "cifar-10-binary.tar.gz",
                ),
            ),
        ),
        read_cifar10,
    ),
}
