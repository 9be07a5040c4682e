"""A real ssh server on this machine, for this user, with keys of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = {"sshd": "openssh-server", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


@dataclass(frozen=True)
class Sshd:
    """A running server; ``scratch`` is the folder for temporary files of what runs in its sessions."""

    process: subprocess.Popen
    port: int
    identity: Path
    scratch: Path

    @property
    def name(self) -> str:
        return f"{getpass.getuser()}@127.0.0.1"

    @property
    def ssh_options(self) -> tuple[str, ...]:
        known = f"UserKnownHostsFile={self.scratch.parent / 'known_hosts'}"
        return (known, "StrictHostKeyChecking=no", "IdentitiesOnly=yes", "BatchMode=yes", "LogLevel=ERROR")

    def cut_connections(self) -> None:
        """Ends the server's side of all sessions at once, as if the cable was pulled out."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if parent == self.process.pid:
                os.kill(int(stat.parent.name), signal.SIGKILL)


def missing_packages() -> list[str]:
    """Debian packages without which there is no server."""
    return sorted({package for program, package in PROGRAMS.items() if shutil.which(program, path=_PATH) is None})


@contextmanager
def running(folder: Path) -> Iterator[Sshd]:
    """A server whose files lie in ``folder``."""
    for name in ("host_key", "user_key"):
        command = [shutil.which("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(command, check=True)
    (folder / "authorized_keys").write_text((folder / "user_key.pub").read_text())
    scratch = folder / "scratch"
    scratch.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder / 'host_key'}\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"PermitRootLogin prohibit-password\nSetEnv TMPDIR={scratch}\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where a server of root locks itself up
    program = shutil.which("sshd", path=_PATH)  # it insists on being called by its full path
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-D", "-e", "-f", folder / "sshd_config"], stdout=log, stderr=log)
    try:
        _wait_for(port, process, folder / "log")
        yield Sshd(process, port, folder / "user_key", scratch)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"sshd does not answer: {log.read_text()}")
