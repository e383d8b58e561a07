import gzip
import hashlib
import struct
from importlib import resources

import numpy as np
import pytest

from nnfromscratch.data.idx import read_idx
from nnfromscratch.errors import DataError

MNIST = resources.files("nnfromscratch.data") / "mnist"


def idx(array: np.ndarray, code: int = 0x08) -> bytes:
    head = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("code", "dtype"),
    [(0x08, np.uint8), (0x09, np.int8), (0x0B, np.int16), (0x0C, np.int32), (0x0D, np.float32), (0x0E, np.float64)],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_every_type_of_number_comes_back(tmp_path, code, dtype, compressed):
    array = (np.random.default_rng(1).standard_normal((3, 2, 4)) * 100).astype(dtype)
    content = idx(array, code)
    path = tmp_path / "numbers"
    path.write_bytes(gzip.compress(content) if compressed else content)
    read = read_idx(path)
    assert read.dtype == dtype
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, array)


def test_mnist_is_all_there_and_unchanged():
    """The published checksums are those of the contents, not of our files, which are compressed anew."""
    for name, shape, published in [
        ("train-images-idx3-ubyte", (60000, 28, 28), "6bbc9ace898e44ae57da46a324031adb"),
        ("train-labels-idx1-ubyte", (60000,), "a25bea736e30d166cdddb491f175f624"),
        ("t10k-images-idx3-ubyte", (10000, 28, 28), "2646ac647ad5339dbf082846283269ea"),
        ("t10k-labels-idx1-ubyte", (10000,), "27ae3e4e09519cfbb04c329615203637"),
    ]:
        array = read_idx(MNIST / f"{name}.gz")
        assert array.shape == shape
        assert hashlib.md5(idx(array)).hexdigest() == published


def test_checksum_of_the_file(tmp_path, images):
    path = tmp_path / "images"
    path.write_bytes(idx(images))
    np.testing.assert_array_equal(read_idx(path, md5=hashlib.md5(idx(images)).hexdigest()), images)
    with pytest.raises(DataError, match=r"images is not the expected file: its MD5 expects 0+, is [0-9a-f]{32}"):
        read_idx(path, md5="0" * 32)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"", "is empty"),
        (lambda content: content[:3], "not an IDX file.*has 00 00 08"),
        (lambda content: b"\x00\x01" + content[2:], "not an IDX file.*has 00 01 08 03"),
        (lambda content: content[:2] + b"\x0a" + content[3:], "not an IDX file.*has 00 00 0a 03"),
        (lambda content: content[:3] + b"\x00" + content[4:], "at least 1 axis, has 00 00 08 00"),
        (lambda content: b"<html>not found</html>", "not an IDX file"),
        (lambda content: content[:10], "cut short: the header expects 16 bytes, there are 10"),
        (lambda content: content[:-1], r"cut short: shape \(5, 4, 3\) of uint8 expects 76 bytes.* there are 75"),
        (lambda content: content + b"\x00", r"extra bytes: shape \(5, 4, 3\) of uint8 expects 76 bytes.* are 77"),
        (lambda content: content[:4] + b"\xff" * 12 + content[16:], r"cut short: shape \(4294967295, "),
        (lambda content: gzip.compress(content)[:-12], "cut short: the gzip data end too early"),
        (lambda content: gzip.compress(content)[:5], "cut short"),
        (lambda content: gzip.compress(content)[:-8] + b"\0" * 8, "is damaged.*CRC"),
        (lambda content: gzip.compress(content) + b"trailing", "is damaged"),
        (lambda content: gzip.compress(content)[:10] + b"\x07" * 30, "is damaged"),
        (lambda content: gzip.compress(b""), "magic number expects .* has no bytes"),
    ],
)
def test_a_damaged_file_is_named_with_its_damage(tmp_path, images, damage, message):
    path = tmp_path / "broken-images"
    path.write_bytes(damage(idx(images)))
    with pytest.raises(DataError, match=rf"read_idx: .*broken-images .*{message}"):
        read_idx(path)


def test_what_is_no_file(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.gz does not exist"):
        read_idx(tmp_path / "nothing.gz")
    with pytest.raises(DataError, match="is a folder"):
        read_idx(tmp_path)
    page = tmp_path / "page.gz"
    page.write_bytes(b"<html>not found</html>")
    with pytest.raises(DataError, match="not compressed by gzip: it starts with b'<html>not found<'"):
        read_idx(page)
