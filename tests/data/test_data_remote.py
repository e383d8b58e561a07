import gzip
import hashlib
import io
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from nnfromscratch.data.download import RemoteFile
from nnfromscratch.data.load import load
from nnfromscratch.data.remote import REMOTE, RemoteSet, read_cifar10, read_emnist_letters, read_idx_files
from nnfromscratch.errors import DataError, NNFromScratchError

CLASSES = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def idx(array):
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def write_idx_files(folder, rng, train=8, test=4):
    parts = {}
    for name, n in (("train", train), ("t10k", test)):
        parts[name] = rng.integers(0, 256, (n, 5, 4)), np.arange(n) % 3
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(parts[name][0])))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(parts[name][1])))
    return parts


def test_four_idx_files(tmp_path, rng):
    parts = write_idx_files(tmp_path, rng)
    names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
    train, test = read_idx_files([tmp_path / f"{name}-ubyte.gz" for name in names], ("a", "b", "c"))
    for part, name in ((train, "train"), (test, "t10k")):
        np.testing.assert_array_equal(part.images[:, 0], parts[name][0])
        np.testing.assert_array_equal(part.labels, parts[name][1])
    with pytest.raises(DataError, match=r"labels.*images expect bytes of shape"):
        read_idx_files([tmp_path / f"{names[1]}-ubyte.gz"] * 4, ("a", "b", "c"))


def emnist_archive(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in members.items():
            archive.writestr(f"gzip/emnist-letters-{name}-ubyte.gz", gzip.compress(idx(array)))


def test_emnist_is_put_upright_and_counts_from_zero(tmp_path, rng):
    train, test = rng.integers(0, 256, (26, 28, 28)), rng.integers(0, 256, (3, 28, 28))
    members = {
        "train-images-idx3": train.swapaxes(1, 2),
        "train-labels-idx1": np.arange(26) + 1,
        "test-images-idx3": test.swapaxes(1, 2),
        "test-labels-idx1": np.array([26, 1, 2]),
    }
    path = tmp_path / "gzip.zip"
    emnist_archive(path, members)
    train_part, test_part = read_emnist_letters([path], CLASSES)
    np.testing.assert_array_equal(train_part.images[:, 0], train)
    np.testing.assert_array_equal(test_part.images[:, 0], test)
    np.testing.assert_array_equal(train_part.labels, np.arange(26))
    np.testing.assert_array_equal(test_part.labels, [25, 0, 1])

    del members["test-labels-idx1"]
    emnist_archive(path, members)
    with pytest.raises(DataError, match=r"gzip\.zip is not the EMNIST archive: it lacks one of .*test-labels"):
        read_emnist_letters([path], CLASSES)
    path.write_bytes(b"no zip at all")
    with pytest.raises(DataError, match=r"gzip\.zip is not the EMNIST archive"):
        read_emnist_letters([path], CLASSES)


def cifar_archive(path, tables):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in tables.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_cifar10(tmp_path, rng):
    names = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
    images, labels = rng.integers(0, 256, (12, 3, 32, 32)).astype(np.uint8), rng.integers(0, 10, 12).astype(np.uint8)
    records = np.concatenate([labels[:, None], images.reshape(12, -1)], axis=1)
    tables = {name: records[2 * k : 2 * k + 2].tobytes() for k, name in enumerate(names)}
    path = tmp_path / "cifar-10-binary.tar.gz"
    cifar_archive(path, dict(reversed(tables.items())))  # their order inside the archive does not matter
    train, test = read_cifar10([path], REMOTE["cifar-10"].classes)
    np.testing.assert_array_equal(np.concatenate([train.images, test.images]), images)
    np.testing.assert_array_equal(np.concatenate([train.labels, test.labels]), labels)
    assert len(train) == 10

    cifar_archive(path, tables | {"data_batch_3": tables["data_batch_3"][:-1]})
    with pytest.raises(DataError, match=r"data_batch_3\.bin expects records of 3073 bytes, has 6145 bytes"):
        read_cifar10([path], REMOTE["cifar-10"].classes)
    del tables["test_batch"]
    cifar_archive(path, tables)
    with pytest.raises(DataError, match=r"test_batch\.bin expects records of 3073 bytes, has 0"):
        read_cifar10([path], REMOTE["cifar-10"].classes)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="is not the CIFAR-10 archive"):
        read_cifar10([path], REMOTE["cifar-10"].classes)


@pytest.mark.parametrize("name", sorted(REMOTE))
def test_every_set_has_several_mirrors_and_a_checksum_for_each_file(name):
    wanted = REMOTE[name]
    assert len(wanted.classes) == {"emnist-letters": 26}.get(name, 10)
    assert len({file.md5 for file in wanted.files}) == len(wanted.files)
    for file in wanted.files:
        assert len(set(file.urls)) >= 2
        assert all(url.startswith(("https://", "http://")) for url in file.urls)
        assert len(bytes.fromhex(file.md5)) == 16


def test_load_reads_a_set_from_the_cache(tmp_path, rng, monkeypatch):
    folder = tmp_path / "toy-set"
    folder.mkdir()
    parts = write_idx_files(folder, rng)
    names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
    remote = tuple(
        RemoteFile(f"{name}-ubyte.gz", hashlib.md5((folder / f"{name}-ubyte.gz").read_bytes()).hexdigest(), ())
        for name in names
    )
    monkeypatch.setitem(REMOTE, "toy-set", RemoteSet(("x", "y", "z"), remote, read_idx_files))
    for name in ("toy-set", "Toy_Set"):
        splits = load(name, cache=tmp_path, download=False)
        np.testing.assert_array_equal(splits.train.images[:, 0], parts["train"][0])
        assert splits.test.classes == ("x", "y", "z")
    monkeypatch.setenv("NNFROMSCRATCH_CACHE", str(tmp_path))
    assert len(load("toy-set", download=False).train) == 8


@pytest.mark.parametrize("name", sorted(REMOTE))
def test_a_set_that_is_not_there_says_where_to_put_it(tmp_path, name):
    with pytest.raises(DataError) as caught:
        load(name, cache=tmp_path, download=False)
    for part in (
        name,
        "downloading is switched off",
        str(tmp_path / name),
        *(file.name for file in REMOTE[name].files),
    ):
        assert part in str(caught.value)
    assert isinstance(caught.value, NNFromScratchError)
