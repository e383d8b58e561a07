"""Files are written whole or not at all, whatever goes wrong in between."""

import errno
import os
import stat
from pathlib import Path

import pytest

from nnfromscratch.errors import RunError
from nnfromscratch.files import write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_and_one_in_the_place_of_an_old(tmp_path):
    path = tmp_path / "a.bin"
    write_whole(path, lambda file: file.write(b"first"))
    assert path.read_bytes() == b"first"
    write_whole(str(path), lambda file: file.write(b"second"))
    assert path.read_bytes() == b"second"
    assert names(tmp_path) == ["a.bin"]


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def write(file):
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        assert len(names(tmp_path)) == 2
        assert Path(file.name if isinstance(file.name, str) else path).parent == tmp_path

    write_whole(path, write)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), RunError),
        (OSError("a cause without a number"), RunError),
        (ValueError("a fault of the program's"), ValueError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
@pytest.mark.parametrize("exists", [False, True])
def test_a_failure_leaves_what_was_there(tmp_path, error, raised, exists):
    path = tmp_path / "a.bin"
    if exists:
        path.write_bytes(b"old")

    def write(file):
        file.write(b"half of the new")
        raise error

    with pytest.raises(raised) as caught:
        write_whole(path, write)
    if raised is RunError:
        cause = error.strerror or str(error)
        assert str(caught.value) == f"{path}: expects a folder with room that can be written, {cause}"
    assert names(tmp_path) == (["a.bin"] if exists else [])
    assert not exists or path.read_bytes() == b"old"


def test_a_disk_that_turns_out_full_when_flushing(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="No space left on device"):
        write_whole(path, lambda file: file.write(b"new"))
    assert names(tmp_path) == ["a.bin"]
    assert path.read_bytes() == b"old"


def test_folders_that_cannot_be_written(tmp_path):
    with pytest.raises(RunError, match="No such file or directory"):
        write_whole(tmp_path / "missing" / "a.bin", lambda file: None)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="Not a directory"):
        write_whole(tmp_path / "file" / "a.bin", lambda file: None)
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match="folder: expects a folder with room that can be written, Is a directory"):
        write_whole(tmp_path / "folder", lambda file: None)
    assert names(tmp_path) == ["file", "folder"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user for whom permissions count")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="Permission denied"):
        write_whole(tmp_path / "a.bin", lambda file: None)


@pytest.mark.skipif(os.name != "posix", reason="permissions are posix's")
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_the_file_has_the_permissions_of_any_new_file(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "a.bin", lambda file: file.write(b"x"))
        after = os.umask(umask)
    finally:
        os.umask(before)
    assert after == umask
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o666 & ~umask
