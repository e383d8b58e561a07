"""Against a server on this machine that does everything a mirror can do wrong."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from nnfromscratch.data.download import RemoteFile, cache_folder, fetch, fetch_all
from nnfromscratch.errors import DataError

CONTENT = bytes(range(256)) * 1000
HALF = len(CONTENT) // 2


class Mirror(BaseHTTPRequestHandler):
    """The first part of the path says how it behaves."""

    def do_GET(self):
        behaviour = self.path.split("/")[1]
        self.server.seen.append((behaviour, self.headers.get("Range")))
        getattr(self, behaviour)()

    def send(self, body, *, status=200, length=None, headers=()):
        self.send_response(status)
        if length is not False:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def good(self):
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(match[1]) if match else 0
        if first >= len(CONTENT):
            self.send(b"", status=416)
        else:
            self.send(CONTENT[first:], status=206 if match else 200)

    def whole(self):
        self.send(CONTENT)  # takes no notice of Range

    def fails(self):
        self.send(b"sorry", status=500)

    def absent(self):
        self.send(b"no such thing", status=404)

    def truncates(self):
        self.send(CONTENT[:HALF], length=len(CONTENT))

    def ends(self):
        self.send(CONTENT[:HALF], length=False)  # without its length, the end of the connection is the end of the file

    def corrupts(self):
        self.send(CONTENT[:-1] + b"?")

    def hangs(self):
        self.server.released.wait(10)

    def stalls(self):
        self.send(CONTENT[:HALF], length=len(CONTENT))
        self.server.released.wait(10)

    def moved(self):
        self.send(b"", status=302, headers=[("Location", "/good/file.bin")])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        server.seen, server.released = [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def remote(server):
    def make(*behaviours, name="file.bin"):
        address = f"http://127.0.0.1:{server.server_port}"
        urls = tuple(f"{address}/{behaviour}/{name}" for behaviour in behaviours)
        return RemoteFile(name, hashlib.md5(CONTENT).hexdigest(), urls)

    return make


def asked(server):
    return [behaviour for behaviour, _ in server.seen]


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_fetched_once_and_then_found_in_the_cache(server, remote, tmp_path):
    folder = tmp_path / "made" / "on the way"
    path = fetch(remote("good"), folder)
    assert path == folder / "file.bin"
    assert path.read_bytes() == CONTENT
    assert files(folder) == ["file.bin"]
    assert fetch(remote("good"), folder) == path
    assert fetch(remote("good"), folder, download=False) == path
    assert asked(server) == ["good"]


@pytest.mark.parametrize("trouble", ["fails", "absent", "truncates", "ends", "corrupts", "hangs", "stalls"])
@pytest.mark.parametrize("next_one", ["good", "whole"])
def test_the_next_mirror_is_used(server, remote, tmp_path, trouble, next_one):
    path = fetch(remote(trouble, next_one), tmp_path, timeout=0.2)
    assert path.read_bytes() == CONTENT
    assert asked(server) == [trouble, next_one]
    assert files(tmp_path) == ["file.bin"]


def test_a_redirection_is_followed(remote, tmp_path):
    assert fetch(remote("moved"), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("trouble", "message", "left"),
    [
        ("fails", "HTTP Error 500", []),
        ("absent", "HTTP Error 404", []),
        ("truncates", f"cut short: {HALF} of {len(CONTENT)} bytes arrived", ["file.bin.part"]),
        ("ends", "damaged or another file, its MD5 expects [0-9a-f]{32}, is [0-9a-f]{32}", []),
        ("corrupts", "damaged or another file", []),
        ("hangs", "timed out", []),
        ("stalls", "timed out", ["file.bin.part"]),
    ],
)
def test_nothing_that_looks_whole_is_left_behind(remote, tmp_path, trouble, message, left):
    with pytest.raises(DataError, match=f"file.bin could not be downloaded: http://.*/{trouble}/file.bin: .*{message}"):
        fetch(remote(trouble), tmp_path, timeout=0.2)
    assert files(tmp_path) == left


def test_nobody_is_there(tmp_path, remote):
    nobody = RemoteFile("file.bin", "0" * 32, ("http://127.0.0.1:9/file.bin", "nonsense"))
    with pytest.raises(DataError, match=r"http://127\.0\.0\.1:9/file\.bin: .*refused.*; nonsense: unknown url type"):
        fetch(nobody, tmp_path, timeout=0.5)
    assert files(tmp_path) == []


def test_a_broken_transfer_is_taken_up_by_the_next_mirror(server, remote, tmp_path):
    fetch(remote("truncates", "good"), tmp_path)
    assert server.seen == [("truncates", None), ("good", f"bytes={HALF}-")]


def test_a_broken_transfer_is_taken_up_by_the_next_call(server, remote, tmp_path):
    with pytest.raises(DataError):
        fetch(remote("truncates"), tmp_path)
    assert fetch(remote("good"), tmp_path).read_bytes() == CONTENT
    assert server.seen[1:] == [("good", f"bytes={HALF}-")]
    assert files(tmp_path) == ["file.bin"]


@pytest.mark.parametrize("leftover", [b"something else", CONTENT + b"and more"])
def test_a_leftover_that_does_not_fit_is_dropped(server, remote, tmp_path, leftover):
    (tmp_path / "file.bin.part").write_bytes(leftover)
    assert fetch(remote("good"), tmp_path).read_bytes() == CONTENT
    assert server.seen[-1] == ("good", None)
    assert files(tmp_path) == ["file.bin"]


def test_a_whole_leftover_is_enough(server, remote, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    assert fetch(remote("good"), tmp_path).read_bytes() == CONTENT
    assert len(server.seen) == 1


def test_a_damaged_file_in_the_cache_is_replaced(remote, tmp_path):
    (tmp_path / "file.bin").write_bytes(CONTENT[:HALF])
    with pytest.raises(DataError, match=r"file\.bin is damaged: its MD5 is not .*downloading is switched off"):
        fetch(remote("good"), tmp_path, download=False)
    assert fetch(remote("good"), tmp_path).read_bytes() == CONTENT


def test_without_download_the_network_is_left_alone(server, remote, tmp_path):
    with pytest.raises(DataError, match=r"file\.bin is not there, and downloading is switched off"):
        fetch(remote("good"), tmp_path / "nowhere", download=False)
    assert not server.seen
    assert not (tmp_path / "nowhere").exists()


def test_a_killed_download_leaves_nothing_under_the_final_name(server, remote, tmp_path):
    """SIGKILL in the middle of a transfer; the next call ends with the whole file."""
    stalled = remote("stalls")
    program = f"""
        from pathlib import Path
        from nnfromscratch.data.download import RemoteFile, fetch
        fetch(RemoteFile({stalled.name!r}, {stalled.md5!r}, {stalled.urls!r}), Path({str(tmp_path)!r}))
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    deadline = time.monotonic() + 20
    while not any(path.stat().st_size for path in tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert files(tmp_path) == [f"file.bin.{process.pid}.part"]
    assert fetch(remote("good"), tmp_path).read_bytes() == CONTENT


def test_two_at_once_do_not_spoil_each_others_work(remote, tmp_path):
    program = f"""
        from pathlib import Path
        from nnfromscratch.data.download import RemoteFile, fetch
        file = {remote("whole")!r}
        print(len(fetch(file, Path({str(tmp_path)!r})).read_bytes()))
    """
    started = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate()[0].strip() for process in started] == [str(len(CONTENT))] * 2
    assert files(tmp_path) == ["file.bin"]


def test_total_failure_lists_the_mirrors_and_says_what_to_do(remote, tmp_path):
    wanted = [remote("good", name="first.bin"), remote("fails", "absent", name="second.bin")]
    with pytest.raises(DataError) as caught:
        fetch_all("some-set", wanted, tmp_path)
    message = str(caught.value)
    assert message.startswith("some-set: second.bin could not be downloaded: ")
    for part in (
        "/fails/second.bin: HTTP Error 500",
        "/absent/second.bin: HTTP Error 404",
        "put first.bin, second.bin",
    ):
        assert part in message
    assert str(tmp_path) in message
    assert "\n" not in message


def test_files_put_there_by_hand_are_taken(server, remote, tmp_path):
    (tmp_path / "file.bin").write_bytes(CONTENT)
    assert fetch_all("some-set", [remote("fails")], tmp_path) == [tmp_path / "file.bin"]
    assert not server.seen


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights do not bind an administrator")
def test_a_cache_that_cannot_be_written(remote, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="cannot be written"):
        fetch(remote("good"), tmp_path)


def test_a_file_in_the_place_of_the_cache(remote, tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(DataError, match=r"the cache .*cache cannot be written"):
        fetch(remote("good"), tmp_path / "cache")


def test_the_progress_bar_is_quiet_in_a_pipe(remote, tmp_path, capfd):
    fetch(remote("good"), tmp_path)
    assert capfd.readouterr() == ("", "")


def test_the_progress_bar_shows_on_a_terminal(remote, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    fetch(remote("good"), tmp_path)
    shown = capsys.readouterr().err
    assert "file.bin: " in shown
    assert "256k" in shown


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NNFROMSCRATCH_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "nnfromscratch"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "nnfromscratch"
    monkeypatch.setenv("NNFROMSCRATCH_CACHE", "~/own")
    assert cache_folder() == tmp_path / "own"
