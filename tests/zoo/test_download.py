"""Downloads against a real HTTP server that misbehaves."""

from __future__ import annotations

import errno
import hashlib
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import requests

from larq_focal.zoo import transfer
from larq_focal.zoo.download import download
from larq_focal.zoo.manifest import DownloadError, WeightsFile
from larq_focal.zoo.transfer import _answer

CONTENT = np.random.default_rng(0).bytes(300_000)
ROW = WeightsFile("net-mnist.npz", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
AMONG = {"net-mnist": ROW}


class Server(ThreadingHTTPServer):
    """Serves CONTENT in the way that ``behaviour`` names; ``requests`` are the paths and ranges asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour, self.cut_after, self.content, self.requests = "plain", 100_000, CONTENT, []
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        server.requests.append((self.path, wanted))
        behaviour, content = server.behaviour, server.content
        if behaviour.isdigit():
            return self.answer(int(behaviour), b"")
        if behaviour.startswith("to "):
            return self.answer(302, b"", Location=behaviour.removeprefix("to "))
        if behaviour == "redirect" and not self.path.startswith("/moved"):
            return self.answer(302, b"", Location=f"/moved{self.path}")
        if behaviour == "once busy":
            server.behaviour = "plain"
            return self.answer(503, b"")
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if wanted and behaviour == "no ranges":
            begin = 0
        if begin >= len(content):
            return self.answer(416, b"")
        body, extra = content[begin:], {}
        if begin:
            extra = {"Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"}
        if behaviour == "cuts":
            return self.answer(206 if begin else 200, body, body[: server.cut_after], **extra)
        if behaviour == "slow":
            return self.answer(200, body, body, pause=0.02)
        return self.answer(206 if begin else 200, body, **extra)

    def answer(self, status, body, sent=None, pause=0.0, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        sent = body if sent is None else sent
        for begin in range(0, len(sent), 16_384):
            self.wfile.write(sent[begin : begin + 16_384])
            time.sleep(pause)
        if len(sent) < len(body):
            self.close_connection = True


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def fetch(server, tmp_path):
    def fetch(**options):
        return download("net-mnist", mirror=server.address, cache=tmp_path, among=AMONG, offline=False, **options)

    return fetch


def left(tmp_path):
    return sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("."))


def test_a_file_is_fetched_once(server, fetch, tmp_path):
    seen = []
    path = fetch(received=lambda have, whole: seen.append((have, whole)))
    assert path.read_bytes() == CONTENT
    assert fetch() == path
    assert server.requests == [("/net-mnist.npz", None)]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [have for have, _ in seen] == sorted(have for have, _ in seen)
    assert left(tmp_path) == ["net-mnist.npz"]


def test_a_cut_download_goes_on_where_it_stopped(server, fetch, tmp_path):
    server.behaviour = "cuts"
    assert fetch().read_bytes() == CONTENT
    ranges = [wanted for _, wanted in server.requests]
    assert ranges[0] is None
    assert len(ranges) > 1
    assert all(wanted and wanted != "bytes=0-" for wanted in ranges[1:])


def test_a_later_call_goes_on_too(server, fetch, tmp_path):
    (tmp_path / "net-mnist.npz.part").write_bytes(CONTENT[:200_000])
    assert fetch().read_bytes() == CONTENT
    assert server.requests == [("/net-mnist.npz", "bytes=200000-")]


def test_a_whole_part_is_only_checked(server, fetch, tmp_path):
    (tmp_path / "net-mnist.npz.part").write_bytes(CONTENT)
    assert fetch().read_bytes() == CONTENT
    assert server.requests == []


def test_a_server_without_ranges_sends_it_again(server, fetch, tmp_path):
    (tmp_path / "net-mnist.npz.part").write_bytes(CONTENT[:200_000])
    server.behaviour = "no ranges"
    assert fetch().read_bytes() == CONTENT


def test_a_part_of_another_file_is_thrown_away(fetch, tmp_path):
    (tmp_path / "net-mnist.npz.part").write_bytes(b"x" * 200_000)
    with pytest.raises(DownloadError, match="SHA-256 is another one"):
        fetch()
    assert fetch().read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_thrown_away(fetch, tmp_path):
    (tmp_path / "net-mnist.npz.part").write_bytes(b"x" * 400_000)
    assert fetch().read_bytes() == CONTENT


def test_wrong_bytes_are_refused_and_deleted(server, fetch, tmp_path):
    server.content = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with pytest.raises(DownloadError, match="SHA-256 is another one"):
        fetch()
    assert left(tmp_path) == []


def test_too_many_bytes_are_refused(server, fetch, tmp_path):
    server.content = CONTENT + b"more"
    with pytest.raises(DownloadError, match="sends more than the 300,000 bytes"):
        fetch()
    assert left(tmp_path) == []


def test_too_few_bytes_are_refused(server, fetch):
    server.content = CONTENT[:1000]
    with pytest.raises(DownloadError, match="not the file of the manifest"):
        fetch()


def test_a_missing_file_names_the_mend(server, fetch):
    server.behaviour = "404"
    with pytest.raises(
        DownloadError, match=r"answers 404 Not Found: name a mirror that has 'net-mnist.npz' with LARQ_"
    ):
        fetch()
    assert len(server.requests) == 1


def test_a_server_in_trouble_is_asked_again_and_then_named(server, fetch):
    server.behaviour = "500"
    with pytest.raises(DownloadError, match=r"broke off 5 times .* the server answered 500"):
        fetch()
    assert len(server.requests) == 5


def test_a_server_that_recovers_is_forgiven(server, fetch):
    server.behaviour = "once busy"
    assert fetch().read_bytes() == CONTENT


def test_redirects_are_followed(server, fetch):
    server.behaviour = "redirect"
    assert fetch().read_bytes() == CONTENT
    assert server.requests[-1][0] == "/moved/net-mnist.npz"


def test_nobody_at_the_address_is_said(server, fetch):
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError, match="broke off 5 times"):
        fetch()


def test_two_processes_fetch_it_once(server, tmp_path):
    server.behaviour = "slow"
    program = (
        "import sys; from larq_focal.zoo.download import download; from larq_focal.zoo.manifest import WeightsFile;"
        f"row = WeightsFile({ROW.name!r}, {ROW.bytes}, {ROW.sha256!r});"
        "download('net-mnist', mirror=sys.argv[1], cache=sys.argv[2], among={'net-mnist': row}, offline=False)"
    )
    command = [sys.executable, "-c", program, server.address, str(tmp_path)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert server.requests == [("/net-mnist.npz", None)]
    assert (tmp_path / "net-mnist.npz").read_bytes() == CONTENT


def test_offline_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("LARQ_FOCAL_OFFLINE", "1")
    monkeypatch.setenv("LARQ_FOCAL_CACHE", str(tmp_path))
    with pytest.raises(DownloadError, match=r"'net-mnist.npz' \(300,000 bytes\) is not in .* and this is offline"):
        download("net-mnist", among=AMONG)
    (tmp_path / "net-mnist.npz").write_bytes(CONTENT)
    assert download("net-mnist", among=AMONG) == tmp_path / "net-mnist.npz"


def test_an_environment_names_mirror_and_cache(server, tmp_path, monkeypatch):
    monkeypatch.setenv("LARQ_FOCAL_ZOO_URL", server.address + "/")
    monkeypatch.setenv("LARQ_FOCAL_CACHE", str(tmp_path / "cache"))
    assert download("net-mnist", among=AMONG).parent == tmp_path / "cache"


def test_a_damaged_file_in_the_cache_is_fetched_again(server, fetch, tmp_path):
    (tmp_path / "net-mnist.npz").write_bytes(b"x" * len(CONTENT))
    assert fetch().read_bytes() == CONTENT


def test_unknown_weights_are_named():
    with pytest.raises(DownloadError, match="no pretrained weights 'other'; there are net-mnist"):
        download("other", among=AMONG)


def test_without_any_address_the_fix_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("LARQ_FOCAL_ZOO_URL", raising=False)
    with pytest.raises(DownloadError, match="LARQ_FOCAL_ZOO_URL"):
        download("net-mnist", among=AMONG, cache=tmp_path, offline=False)


class TestWhereItLeads:
    """Redirections that are not followed are one error of ours."""

    @pytest.mark.parametrize(
        "there", ["file:///etc/passwd", "ftp://example.org/net-mnist.npz", "data:,x", "javascript:0", "gopher://x/"]
    )
    def test_other_kinds_of_addresses(self, there, server, fetch, tmp_path):
        server.behaviour = f"to {there}"
        with pytest.raises(DownloadError, match="which is not followed: only https, or http from http, is"):
            fetch()
        assert len(server.requests) == 1 and left(tmp_path) == []

    def test_http_from_https(self, monkeypatch):
        class Answer:
            is_redirect, headers = True, {"Location": "http://example.org/x"}
            __enter__ = __exit__ = lambda self, *_: None

        monkeypatch.setattr(requests, "get", lambda *_, **__: Answer())
        monkeypatch.setattr(Answer, "__enter__", lambda self: self)
        with pytest.raises(DownloadError, match=r"https://example.org/net leads to 'http://example.org/x'"):
            _answer("https://example.org/net", {}).__enter__()

    def test_without_end(self, server, fetch):
        server.behaviour = "to /net-mnist.npz"
        with pytest.raises(DownloadError, match="leads from one address to another without end"):
            fetch()
        assert len(server.requests) == 6

    @pytest.mark.parametrize("there", ["http://[", "http://:99999/x"])
    def test_addresses_that_are_none(self, there, server, fetch):
        server.behaviour = f"to {there}"
        with pytest.raises(DownloadError, match="cannot be fetched: "):
            fetch()

    @pytest.mark.parametrize("mirror", ["ftp://example.org", "folder", "file:///tmp", "http://["])
    def test_mirrors_that_are_none(self, mirror, tmp_path):
        with pytest.raises(DownloadError, match=r"cannot be fetched: .* Name a mirror with LARQ_FOCAL_ZOO_URL"):
            download("net-mnist", mirror=mirror, cache=tmp_path, among=AMONG, offline=False)


@pytest.mark.parametrize("name", ["net-mnist.npz.part", ".net-mnist.npz.lock"])
def test_nothing_is_written_through_a_link(name, server, fetch, tmp_path):
    cache = tmp_path
    (cache / "precious.txt").write_text("precious")
    (cache / name).symlink_to("precious.txt")
    with pytest.raises(DownloadError, match="is a symbolic link, through which nothing is written: delete it"):
        fetch()
    assert (cache / "precious.txt").read_text() == "precious" and server.requests == []


def test_a_link_that_comes_later_is_not_followed(server, fetch, tmp_path, monkeypatch):
    """Someone makes the link between the look and the opening."""
    (tmp_path / "precious.txt").write_text("precious")
    monkeypatch.setattr(transfer, "_not_a_link", lambda path: path)
    (tmp_path / "net-mnist.npz.part").symlink_to("precious.txt")
    with pytest.raises(DownloadError, match=r"part' cannot be written"):
        fetch()
    assert (tmp_path / "precious.txt").read_text() == "precious"


def test_a_full_disk_names_the_file(server, fetch, tmp_path, monkeypatch):
    def full(self):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(requests.Response, "iter_content", lambda self, size: (full(self) for _ in range(1)))
    with pytest.raises(DownloadError, match=r"net-mnist.npz.part' cannot be written: No space left on device"):
        fetch()
