"""Timing over ssh, against a real server on this machine: the record comes back, and nothing is left behind."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from dataclasses import replace
from glob import glob

import pytest

from larq_focal.deploy import luggage, remote, remote_end
from larq_focal.deploy.checking import Check
from larq_focal.deploy.device import from_record, time_on_device
from larq_focal.deploy.remote import Host, RemoteError, time_remote
from larq_focal.deploy.timing import ThreadSweep, Timing
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.support import sshd
from tests.support.emulation import emulated_python
from tests.support.flatbuffers import relu_network
from tests.support.lce_file import residual_network
from tests.support.requirements import require
from tools.arm64_python import EMULATOR, PYTHON_VERSION
from tools.wheels import REPOSITORY

QUICK = {"runs": 5, "warmup": 1}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    require(sshd.missing_packages())
    with sshd.running(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def host(server):
    """This machine over ssh; whatever a test does, nothing may be left there."""
    yield Host(server.name, sys.executable, server.port, server.identity, server.ssh_options)
    assert vanishes(server.scratch)


def vanishes(scratch, seconds: float = 10) -> bool:
    """Whether a folder is empty, or soon will be."""
    deadline = time.monotonic() + seconds
    while any(scratch.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(scratch.iterdir())


def test_the_record_comes_back(host, tmp_path):
    path = tmp_path / "a name with 'quotes' & $signs.tflite"
    path.write_bytes(residual_network(1, 8, 32))
    result = time_remote(path, host, threads=[2], watts=3.0, memory=True, profile=True, **QUICK)
    assert isinstance(result, Timing)
    assert (result.model, result.engine, result.threads, result.runs) == (path.stem, "delegate", 2, 5)
    assert result.power_w == 3.0
    assert result.memory.preparation_bytes > 0
    assert [op.kind for op in result.profile.operations] == ["LceQuantize", "LceBconv2d", "ADD"]


def test_threads_are_swept_there(host):
    result = time_remote(relu_network(), host, threads=[1, 2], **QUICK)
    assert isinstance(result, ThreadSweep)
    assert [timing.threads for timing in result.timings] == [1, 2]


def test_the_delegate_of_a_wheel_is_used(host, tmp_path):
    with zipfile.ZipFile(tmp_path / "larq_focal.whl", "w") as wheel:
        wheel.writestr(luggage.LIBRARY, luggage._own_library())
    result = time_remote(residual_network(1, 8, 32), host, wheel=tmp_path / "larq_focal.whl", **QUICK)
    assert result.engine == "delegate"


def test_a_delegate_that_is_installed_there_is_used(host, monkeypatch):
    monkeypatch.setattr(luggage, "_own_library", lambda: None)
    assert time_remote(residual_network(1, 8, 32), host, **QUICK).engine == "delegate"


def test_compiled_model_takes_the_delegate_along_for_any_network(host):
    assert time_remote(relu_network(), host, engine="compiled", **QUICK).engine == "compiled"


def test_sources_are_compiled_there_if_need_be(monkeypatch):
    """With the flags of setup.py; that these give the delegate is the matter of every installation."""
    monkeypatch.setattr(luggage, "_own_library", lambda: None)
    there = {"machine": "riscv64", "delegate": None, "compiler": "/usr/bin/c++"}
    network = read_flatbuffer(residual_network(1, 8, 32))
    archive, ((compiler, *words),) = luggage.packed(network, there, None, "pi@raspberrypi")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        sent = set(tar.getnames())
    assert compiler == "/usr/bin/c++"
    units = {word for word in words if word.endswith(".cc")}
    assert units == set(glob("larq_focal/delegate/**/*.cc", root_dir=REPOSITORY, recursive=True)) <= sent
    assert set(glob("larq_focal/delegate/**/*.h", root_dir=REPOSITORY, recursive=True)) <= sent
    assert words[: words.index("-shared")] == (REPOSITORY / "larq_focal/delegate/compile_flags.txt").read_text().split()


@pytest.mark.slow
def test_an_emulated_processor_there_is_checked_and_not_timed(host, tmp_path):
    python = emulated_python()
    script = tmp_path / "python"
    root = python.folder / "root"
    script.write_text(
        f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{python.folder / "site"}" '
        f'exec {EMULATOR} -L "{root}" "{root}/usr/bin/python{PYTHON_VERSION}" "$@"\n'
    )
    script.chmod(0o755)
    result = time_remote(relu_network(), replace(host, python=str(script)))
    assert isinstance(result, Check) and result.passed
    described = [result.machine[name] for name in ("architecture", "cpu", "features", "emulator")]
    assert described == ["aarch64", "aarch64", None, "qemu-aarch64"]


class TestWhatGoesWrong:
    def test_nobody_there(self, server):
        host = Host(server.name, port=1, ssh_options=server.ssh_options)
        with pytest.raises(RemoteError, match=rf"'{server.name}' cannot be reached: .*refused"):
            time_remote(relu_network(), host)

    def test_a_key_that_is_not_known(self, host, tmp_path):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
        with pytest.raises(RemoteError, match=r"cannot be reached: .*Permission denied"):
            time_remote(relu_network(), replace(host, identity=tmp_path / "other"))

    def test_no_python(self, host):
        with pytest.raises(RemoteError, match=r"no Python '/no/python' on .*--python"):
            time_remote(relu_network(), replace(host, python="/no/python"))

    def test_something_else_than_python(self, host):
        with pytest.raises(RemoteError, match=r"Python 'false' on .* did not start: exit code 1"):
            time_remote(relu_network(), replace(host, python="false"))

    def test_no_litert(self, host, tmp_path):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
        with pytest.raises(RemoteError, match=r"lacks ai_edge_litert, flatbuffers, numpy.*pip install ai-edge-litert"):
            time_remote(relu_network(), replace(host, python=str(tmp_path / "bare/bin/python")))

    def test_an_old_python(self, host, monkeypatch):
        there = {"python": [3, 8], "missing": []}
        with pytest.raises(RemoteError, match=r"is Python 3\.8, too old"):
            remote._check(host, there)

    def test_no_delegate_for_that_processor(self, host, monkeypatch):
        monkeypatch.setattr(luggage, "_machine", lambda library: "aarch64")
        monkeypatch.setattr(remote._Connection, "hear", hearing_less("delegate", "compiler"))
        with pytest.raises(RemoteError, match=r"no delegate for x86_64: build a wheel .*--wheel, or install a C\+\+"):
            time_remote(residual_network(1, 8, 32), host)

    def test_a_wheel_for_another_processor(self, host, tmp_path):
        with zipfile.ZipFile(tmp_path / "arm.whl", "w") as wheel:
            wheel.writestr(luggage.LIBRARY, b"\x7fELF" + bytes(14) + b"\xb7\x00" + bytes(40))
        with pytest.raises(RemoteError, match=r"arm\.whl' is not for x86_64"):
            time_remote(residual_network(1, 8, 32), host, wheel=tmp_path / "arm.whl")

    def test_a_file_that_is_no_wheel(self, host, tmp_path):
        (tmp_path / "no.whl").write_text("no archive")
        with pytest.raises(RemoteError, match=r"no\.whl' is not a wheel of larq_focal"):
            time_remote(residual_network(1, 8, 32), host, wheel=tmp_path / "no.whl")

    def test_an_error_there_is_told(self, host):
        with pytest.raises(RemoteError, match=r"failed on .* at least one run"):
            time_remote(relu_network(), host, runs=0)

    def test_a_crash_there_is_told(self, host, monkeypatch):
        sending(monkeypatch, ["{python}", "-c", "import os; print('so far', flush=True); os.abort()"])
        with pytest.raises(RemoteError, match=r"crashed on .* \(signal 6\)"):
            time_remote(relu_network(), host)

    def test_an_answer_that_is_no_record(self, host, monkeypatch):
        sending(monkeypatch, ["{python}", "-c", "raise SystemExit"])
        monkeypatch.setattr(remote, "from_record", lambda record: from_record({"model": "other"}))
        with pytest.raises(RemoteError, match="something that is not a record"):
            time_remote(relu_network(), host, **QUICK)

    @pytest.mark.parametrize("side", ["theirs", "ours"])
    def test_a_connection_that_is_cut(self, side, host, server, monkeypatch):
        sending(monkeypatch, ["sleep", "60"])
        opened, failures = [], []
        opening = remote._Connection.__init__
        monkeypatch.setattr(
            remote._Connection, "__init__", lambda self, *a: (opening(self, *a), opened.append(self))[0]
        )

        def run():
            try:
                time_remote(relu_network(), host)
            except RemoteError as error:
                failures.append(str(error))

        thread = threading.Thread(target=run)
        thread.start()
        deadline = time.monotonic() + 20
        while not list(server.scratch.glob("*/err")) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert list(server.scratch.glob("larq-focal-*/err")), "the far end has begun"
        server.cut_connections() if side == "theirs" else opened[0]._ssh.kill()
        thread.join(20)
        assert vanishes(server.scratch), "the far end has noticed, ended what ran and removed its folder"
        (failure,) = failures
        assert f"The connection to '{host.name}' ended before the record came back" in failure

    def test_names_that_are_options_are_refused(self):
        with pytest.raises(RemoteError, match="'-oProxyCommand=touch x' is not a name of a host"):
            time_remote(relu_network(), "-oProxyCommand=touch x")

    def test_no_ssh_here(self):
        with pytest.raises(RemoteError, match=r"no 'no-ssh' here: .*openssh-client"):
            time_remote(relu_network(), Host("pi@raspberrypi", ssh="no-ssh"))


class TestTheFarEnd:
    """By itself, as ssh starts it."""

    def start(self, scratch) -> subprocess.Popen:
        command = [sys.executable, remote_end.__file__]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(scratch)}
        )

    def order(self, *command: str) -> bytes:
        archive = luggage._tar({"note.txt": b"unpacked"})
        order = {"python": sys.executable, "bytes": len(archive), "commands": [list(command)]}
        return json.dumps(order).encode() + b"\n" + archive

    def test_an_upload_that_is_cut_leaves_nothing(self, tmp_path):
        for length in (0, 10, 150):
            with self.start(tmp_path) as end:
                end.communicate(self.order("true")[:length])
            assert end.returncode == 0 and not any(tmp_path.iterdir())

    def test_what_was_sent_is_there_and_gone_afterwards(self, tmp_path):
        with self.start(tmp_path) as end:
            end.stdin.write(self.order("cat", "note.txt"))
            end.stdin.flush()
            hello, answer = (json.loads(end.stdout.readline().decode().removeprefix(remote_end.MARK)) for _ in range(2))
            assert end.wait(10) == 0
        assert hello["python"] == list(sys.version_info[:2]) and hello["missing"] == []
        assert answer == {"result": "unpacked"}
        assert not any(tmp_path.iterdir())

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    def test_a_signal_ends_it_cleanly(self, number, tmp_path):
        with self.start(tmp_path) as end:
            end.stdin.write(self.order("sleep", "60"))
            end.stdin.flush()
            deadline = time.monotonic() + 10
            while not list(tmp_path.glob("*/err")) and time.monotonic() < deadline:
                time.sleep(0.02)
            end.send_signal(number)
            assert end.wait(10) != 0
        assert not any(tmp_path.iterdir())


def test_the_command_that_is_run():
    require([] if shutil.which("ssh") else ["openssh-client"])
    host = Host("pi@raspberrypi", "my venv/bin/python", 2222, "key", ("ProxyJump=gate", "ConnectTimeout=1"))
    *words, command = host.command()
    assert words[:6] == ["ssh", "-T", "-p", "2222", "-i", "key"]
    assert words.index("ConnectTimeout=1") < words.index("ConnectTimeout=15"), "the caller's comes first, and counts"
    assert words[-2:] == ["--", "pi@raspberrypi"]
    assert command.startswith("'my venv/bin/python' -c ")


def test_results_come_back_from_their_records():
    for threads in ([1], [1, 2]):
        result = time_on_device(relu_network(), threads=threads, **QUICK)
        assert from_record(json.loads(json.dumps(result.to_dict()))) == result


def test_an_emulated_processor_is_checked_instead(monkeypatch):
    from larq_focal.deploy import device

    monkeypatch.setattr(device, "emulator", lambda: "qemu-aarch64")
    result = time_on_device(relu_network(), threads=[1, 2], runs=3)
    assert result.passed
    assert from_record(json.loads(json.dumps(result.to_dict()))) == result


def sending(monkeypatch, *commands: list[str]) -> None:
    """Has other commands run before the timing."""
    monkeypatch.setattr(remote, "packed", add_commands(remote.packed, commands))


def add_commands(pack, commands):
    def more(*arguments):
        archive, needed = pack(*arguments)
        return archive, [*needed, *commands]

    return more


def hearing_less(*names: str):
    """The far end as if it had not told what it has under these names."""
    hear = remote._Connection.hear
    return lambda self: hear(self) | dict.fromkeys(names)
