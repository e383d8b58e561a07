"""Archives: every array and the description come back; damage anywhere is noticed."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnfromscratch.archive import read_archive, write_archive
from nnfromscratch.errors import CheckpointError, RunError

ARRAYS = {
    "params/0.weight": np.arange(6.0).reshape(2, 3),
    "params/0.bias": np.array([1.5], np.float32),
    "state/labels": np.array([3, -1], np.int64),
    "single": np.array(2.5),
    "nothing": np.zeros((0, 4), np.float32),
    "other order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "file": np.ones(1),  # names that a function somewhere might take for its own
    "allow_pickle": np.zeros(1),
}
DESCRIPTION = {"kind": "test", "step": 3, "names": ["a", "ä"], "nested": {"lr": 0.1, "none": None}}


def test_everything_comes_back(tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, ARRAYS, DESCRIPTION)
    arrays, description = read_archive(str(path))
    assert description == DESCRIPTION
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].tobytes() == array.tobytes()
        assert arrays[name].shape == array.shape


def test_equal_contents_make_equal_files(tmp_path):
    for name in ("a.npz", "b.npz"):
        write_archive(tmp_path / name, ARRAYS, DESCRIPTION)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_numpy_reads_it_too(tmp_path):
    write_archive(tmp_path / "a.npz", ARRAYS, DESCRIPTION)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["params/0.weight"], ARRAYS["params/0.weight"])
        assert json.loads(file["description.json"].tobytes()) == DESCRIPTION


def test_objects_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_archive(tmp_path / "a.npz", {"a": np.array([{}], object)}, {})
    assert not list(tmp_path.iterdir())


def test_every_damaged_byte_is_noticed_or_harmless(tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, {"a": np.arange(3.0)}, {"k": 1})
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            arrays, description = read_archive(path)
        except CheckpointError:
            continue
        # dates and the like; or one whole array less, which whoever asks for it by name will notice
        assert description == {"k": 1}
        assert all(array.tolist() == [0, 1, 2] for array in arrays.values())


def test_every_truncated_file_is_noticed(tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, {"a": np.arange(3.0)}, {"k": 1})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="expects a file saved by nnfromscratch, is damaged"):
            read_archive(path)


@pytest.mark.parametrize("description", [b"[1, 2]", b"3", b"{", b"\xff\xfe"])
def test_a_description_that_is_none(tmp_path, description):
    path = tmp_path / "a.npz"
    np.savez(path, **{"description.json": np.frombuffer(description, np.uint8)})
    with pytest.raises(CheckpointError, match="is damaged"):
        read_archive(path)


def test_what_is_no_archive(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.npz: expects a saved \.npz file, there is none"):
        read_archive(tmp_path / "none.npz")
    with pytest.raises(CheckpointError, match=r"expects a saved \.npz file, there is a folder"):
        read_archive(tmp_path)
    np.save(tmp_path / "array.npy", np.ones(3))
    with pytest.raises(CheckpointError, match=r"array\.npy: expects a file saved by nnfromscratch, is damaged"):
        read_archive(tmp_path / "array.npy")


def test_an_unreadable_file_is_not_called_damaged(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    write_archive(tmp_path / "a.npz", ARRAYS, DESCRIPTION)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CheckpointError, match=r"a\.npz: cannot be read: Permission denied"):
        read_archive(tmp_path / "a.npz")


def test_a_missing_folder(tmp_path):
    with pytest.raises(RunError, match=r"a\.npz: expects a folder with room that can be written, No such file"):
        write_archive(tmp_path / "missing" / "a.npz", ARRAYS, DESCRIPTION)
