"""Files from the network: several mirrors, a cache, a checksum, and never half a file under its final name."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from nnfromscratch.errors import DataError

_BLOCK = 1 << 16


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be fetched: its name in the cache, its MD5, and the addresses to try, in this order."""

    name: str
    md5: str
    urls: tuple[str, ...]


def cache_folder() -> Path:
    """Where downloaded files are kept.

    The environment variable NNFROMSCRATCH_CACHE, or else nnfromscratch under XDG_CACHE_HOME, or else under ~/.cache.
    """
    own = os.environ.get("NNFROMSCRATCH_CACHE")
    if own:
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nnfromscratch"


def fetch_all(
    name: str, files: Sequence[RemoteFile], folder: Path, *, download: bool = True, timeout: float = 30.0
) -> list[Path]:
    """The paths in ``folder`` of all files of the data set ``name``, fetched where they are not yet there.

    download: False forbids the network. timeout: seconds without an answer after which a mirror is given up.
    Raises DataError that lists what went wrong at every mirror and says how to put the files there by hand.
    """
    try:
        return [fetch(file, folder, download=download, timeout=timeout) for file in files]
    except DataError as failure:
        names = ", ".join(file.name for file in files)
        raise DataError(
            f"{name}: {failure}. To go on without this download, put {names} into {folder}, "
            "or give the path of data of your own: an .npz file or a folder of images by class"
        ) from failure


def fetch(file: RemoteFile, folder: Path, *, download: bool = True, timeout: float = 30.0) -> Path:
    """The path of ``file`` in ``folder``, fetched from the first mirror that gives it whole.

    What has arrived is kept beside the final name until the checksum is right, and then renamed: a file under its final
    name is whole. A transfer that broke off is taken up where it stopped, by the next mirror or the next call.
    Raises DataError that lists what went wrong at every mirror.
    """
    path = folder / file.name
    if path.is_file() and _md5(path) == file.md5:
        return path
    if not download:
        state = "is damaged: its MD5 is not " + file.md5 if path.exists() else "is not there"
        raise DataError(f"{path} {state}, and downloading is switched off")
    # The process works on a file of its own; what an earlier call left over is taken in one step, by one process only.
    leftover, mine = folder / f"{file.name}.part", folder / f"{file.name}.{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            leftover.replace(mine)
        mine.touch()
    except OSError as failure:
        raise DataError(f"the cache {folder} cannot be written: {failure}") from failure
    try:
        _try_mirrors(file, mine, timeout)
        mine.replace(path)
    finally:
        if mine.exists() and mine.stat().st_size > 0:
            mine.replace(leftover)
        mine.unlink(missing_ok=True)
    return path


def _try_mirrors(file: RemoteFile, part: Path, timeout: float) -> None:
    """Leave in ``part`` the whole file, or raise DataError."""
    failures = []
    for url in file.urls:
        try:
            resumed = _transfer(url, part, timeout)
            if resumed and _md5(part) != file.md5:  # the first half may have been something else
                _truncate(part)
                _transfer(url, part, timeout)
        except (OSError, http.client.HTTPException, ValueError) as failure:  # URLError and time-outs are OSErrors
            failures.append(f"{url}: {failure or type(failure).__name__}")
            continue
        actual = _md5(part)
        if actual == file.md5:
            return
        failures.append(f"{url}: damaged or another file, its MD5 expects {file.md5}, is {actual}")
        _truncate(part)
    raise DataError(f"{file.name} could not be downloaded: {'; '.join(failures)}")


def _transfer(url: str, part: Path, timeout: float) -> bool:
    """Append to ``part`` what it lacks; True where that continued something. Raises OSError where it breaks off."""
    have = part.stat().st_size
    request = urllib.request.Request(url, headers={"User-Agent": "nnfromscratch"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as failure:
        failure.close()
        if failure.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            return True  # nothing is missing, or it is another file: the checksum will tell
        raise
    with response:
        continued = response.status == http.client.PARTIAL_CONTENT
        if not continued:
            _truncate(part)  # the mirror gives the file from its beginning
            have = 0
        announced = response.headers.get("Content-Length")
        total = have + int(announced) if announced else None
        # disable=None: the bar is quiet where nobody looks, in CI and pipes.
        title = url.rsplit("/", 1)[-1]
        with (
            part.open("ab") as target,
            tqdm(initial=have, total=total, unit="B", unit_scale=True, desc=title, disable=None, leave=False) as bar,
        ):
            while block := response.read(_BLOCK):
                target.write(block)
                bar.update(len(block))
    arrived = part.stat().st_size
    if total is not None and arrived < total:
        raise OSError(f"cut short: {arrived} of {total} bytes arrived")
    return continued


def _truncate(path: Path) -> None:
    path.write_bytes(b"")


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)  # against damage, not against malice
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
