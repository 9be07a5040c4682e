"""Timing on another machine over ssh, with nothing installed there but LiteRT, and nothing left behind.

One connection of the system's own ssh carries everything: what is needed is piped in, the record comes back, and the
far end removes its folder, also when the connection is cut.
"""

from __future__ import annotations

import base64
import io
import json
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from larq_focal.deploy import remote_end
from larq_focal.deploy.device import Result, from_record
from larq_focal.deploy.engines import AUTO
from larq_focal.deploy.luggage import RemoteError, packed
from larq_focal.network.tflite.flatbuffer import read_flatbuffer

_OLDEST_PYTHON = (3, 10)
# After the caller's own options: of each, ssh takes the first that it is given.
_DEFAULTS = ("ConnectTimeout=15", "ServerAliveInterval=10", "ServerAliveCountMax=3")
_SSH_FAILED, _NOT_EXECUTABLE, _NOT_FOUND = 255, 126, 127


@dataclass(frozen=True)
class Host:
    """How a machine is reached.

    Args:
        name: as ssh takes it: "pi@raspberrypi", or a name in its configuration.
        python: the interpreter there; a path is taken from the home folder.
        port: if not 22.
        identity: file of the private key, if not the usual.
        ssh_options: more for ssh's ``-o``, as "ProxyJump=gate".
        ssh: the program.
    """

    name: str
    python: str = "python3"
    port: int | None = None
    identity: str | Path | None = None
    ssh_options: Sequence[str] = field(default=())
    ssh: str = "ssh"

    def command(self) -> list[str]:
        """That which runs the far end there."""
        if not self.name or self.name.startswith("-"):
            raise RemoteError(f"'{self.name}' is not a name of a host.")
        if shutil.which(self.ssh) is None:
            raise RemoteError(f"There is no '{self.ssh}' here: on Debian, apt-get install openssh-client.")
        words = [self.ssh, "-T"]
        words += ["-p", str(self.port)] if self.port else []
        words += ["-i", str(self.identity)] if self.identity else []
        for option in (*self.ssh_options, *_DEFAULTS):
            words += ["-o", option]
        text = base64.b64encode(Path(remote_end.__file__).read_bytes()).decode()
        # No quote but ', no newline, nothing that one shell reads otherwise than another. The first entry of the path
        # is the home folder there, from which nothing is to be imported.
        start = f"import sys;sys.path=list(filter(None,sys.path));import base64;exec(base64.b64decode('{text}'))"
        return [*words, "--", self.name, f'{shlex.quote(self.python)} -c "{start}"']


def time_remote(
    model: str | Path | bytes, host: Host | str, *, wheel: str | Path | None = None, **options: Any
) -> Result:
    """Times a network on another machine.

    There it takes Python 3.10 or newer with LiteRT (``pip install ai-edge-litert``). The delegate for binary networks
    comes from ``wheel``, else from this installation if the processors are of one kind, else from a larq_focal that is
    installed there, else from a C++ compiler there.

    Args:
        model: path or content of a ``.tflite`` file.
        host: where, by its name or in full.
        wheel: a wheel of larq_focal for that machine.
        options: those of ``larq_focal.deploy.device.time_on_device``.

    Returns:
        What ``time_on_device`` gave there.

    Raises:
        RemoteError: the machine cannot be reached or lacks something, or the run failed there.
        OSError, FlatbufferError: the model or the wheel cannot be read.
    """
    host = Host(host) if isinstance(host, str) else host
    network = read_flatbuffer(model)
    with tempfile.TemporaryFile() as errors, _Connection(host, errors) as connection:
        there = connection.hear()
        _check(host, there)
        archive, commands = packed(network, there, wheel, host.name, options.get("engine", AUTO))
        worker = [remote_end.PYTHON, "-m", __package__, "time", f"{network.name}.tflite", json.dumps(options)]
        order = {"python": host.python, "bytes": len(archive), "commands": [*commands, worker]}
        connection.send(order, archive)
        answer = connection.hear()
    if "result" not in answer:
        raise RemoteError(_failure(host, answer))
    try:
        return from_record(json.loads(answer["result"].splitlines()[-1]))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise RemoteError(f"'{host.name}' answered something that is not a record ({error}).") from error


class _Connection:
    """One run of ssh, and the messages that go over it."""

    def __init__(self, host: Host, errors: io.BufferedRandom):
        self._host, self._errors = host, errors
        self._heard_before = False
        self._ssh = subprocess.Popen(host.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the connection, upon which the far end removes what it has, and waits until it has done so."""
        with suppress(OSError):  # it was cut
            self._ssh.stdin.close()
        try:
            self._ssh.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._ssh.kill()
            self._ssh.wait()
        self._ssh.stdout.close()

    def hear(self) -> dict[str, Any]:
        """The next message from the far end."""
        for line in self._ssh.stdout:
            text = line.decode(errors="replace")
            if text.startswith(remote_end.MARK):
                self._heard_before = True
                return json.loads(text.removeprefix(remote_end.MARK))
        raise RemoteError(self._why_it_ended())

    def send(self, order: dict[str, Any], archive: bytes) -> None:
        try:
            self._ssh.stdin.write(json.dumps(order).encode() + b"\n" + archive)
            self._ssh.stdin.flush()
        except OSError:
            raise RemoteError(self._why_it_ended()) from None

    def _why_it_ended(self) -> str:
        code = self._ssh.wait()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().decode(errors="replace").splitlines() if line.strip()]
        reason = lines[-1] if lines else f"exit code {code}"
        name, python = self._host.name, self._host.python
        if self._heard_before:
            return f"The connection to '{name}' ended before the record came back: {reason}"
        if code == _SSH_FAILED:
            return f"'{name}' cannot be reached: {reason}"
        if code in (_NOT_FOUND, _NOT_EXECUTABLE):
            return f"There is no Python '{python}' on '{name}' ({reason}): install it, or name another with --python."
        return f"Python '{python}' on '{name}' did not start: {reason}"


def _check(host: Host, there: dict[str, Any]) -> None:
    version = ".".join(map(str, there["python"]))
    if tuple(there["python"]) < _OLDEST_PYTHON:
        raise RemoteError(
            f"'{host.python}' on '{host.name}' is Python {version}, too old for larq_focal, which takes 3.10 or newer: "
            "name another with --python."
        )
    if there["missing"]:
        raise RemoteError(
            f"Python {version} on '{host.name}' lacks {', '.join(there['missing'])}. There: {there['executable']} -m "
            "pip install ai-edge-litert, or name the Python of an environment that has it: --python env/bin/python."
        )


def _failure(host: Host, answer: dict[str, Any]) -> str:
    lines = [line.strip() for line in answer.get("error", "").splitlines() if line.strip()]
    compiling = [line for line in lines if "error:" in line]
    reason = (compiling or lines[-1:] or ["it printed nothing"])[0]
    if answer.get("code", 0) < 0:
        return f"'{answer['failed']}' crashed on '{host.name}' (signal {-answer['code']}): {reason}"
    return f"'{answer.get('failed')}' failed on '{host.name}': {reason}"
