"""The far end of a timing over ssh: its text is run there by whatever Python is there. Standard library only.

It says what it is, takes an archive from its standard input, unpacks it to a folder of its own, runs the command that
came along, says what came of it, and removes the folder: also when the connection is cut, which ends its input, and
when it is told to end. Lines that are meant for the near end begin with ``MARK``; shells may print others.
"""

import importlib.util
import io
import json
import os
import platform
import select
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile

MARK = "larq_focal: "
NEEDED = ("ai_edge_litert", "flatbuffers", "numpy")
PREFIX = "larq-focal-"
PYTHON = "{python}"


def say(**message):
    print(MARK + json.dumps(message), flush=True)


def hello():
    installed = importlib.util.find_spec("larq_focal")
    libraries = []
    for place in (installed.submodule_search_locations or []) if installed else []:
        folder = os.path.join(place, "delegate")
        if os.path.isdir(folder):
            libraries += [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".abi3.so")]
    say(
        python=list(sys.version_info[:2]),
        executable=sys.executable,
        machine=platform.machine(),
        bits=8 * struct.calcsize("P"),
        missing=[name for name in NEEDED if importlib.util.find_spec(name) is None],
        delegate=libraries[0] if libraries else None,
        compiler=next((found for found in map(shutil.which, ("c++", "g++", "clang++")) if found), None),
    )


def run(folder, command):
    """Runs a command in ``folder``, and ends it if the connection ends first."""
    environment = dict(os.environ, PYTHONPATH=folder, PYTHONDONTWRITEBYTECODE="1")
    with open(os.path.join(folder, "out"), "wb") as out, open(os.path.join(folder, "err"), "wb") as err:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            while child.poll() is None:
                if select.select([0], [], [], 0.2)[0] and not os.read(0, 1):
                    raise SystemExit("The connection ended.")
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    texts = []
    for name in ("out", "err"):
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            texts.append(file.read())
    return child.returncode, texts[0], texts[1]


def main():
    def end(number, frame):
        raise SystemExit(f"Ended by signal {number}.")

    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    hello()
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return
    order = json.loads(line.decode())
    python = os.path.abspath(shutil.which(order["python"]) or sys.executable)  # as it was named: it may be a script
    archive = sys.stdin.buffer.read(order["bytes"])
    if len(archive) < order["bytes"]:
        return
    folder = tempfile.mkdtemp(prefix=PREFIX)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            tar.extractall(folder)
        for command in order["commands"]:
            words = [python if word == PYTHON else word for word in command]
            code, out, err = run(folder, words)
            if code != 0:
                say(failed=words[0], code=code, error=err[-4000:])
                return
        say(result=out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
