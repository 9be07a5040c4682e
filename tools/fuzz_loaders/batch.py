"""A batch of altered files of one kind in this process, which may crash or be ended:

    python -m tools.fuzz_loaders.batch LOADER FIRST COUNT

For each file two lines of JSON are printed: its seed before, and what came of it after.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

_SECONDS = 30  # for a file; what does not come back from C code is ended from outside
_MORE_MEMORY = 2 * 2**30  # beyond what the libraries take
_LONGEST, _MOST_LINES = 2000, 4  # of a message; the first line of a list and a few items

SAYING = ", saying: "  # what comes before it is the same for the same fault
ACCEPTED, REFUSED = "accepted", "refused"
FAULTS = ("exception", "not named", "too long", "too slow", "memory", "code was run", "crash", "hang")


class _TooSlow(BaseException):
    pass


def _end(number: int, frame: object) -> None:
    raise _TooSlow


def outcome_of(name: str, seed: int, folder: Path) -> tuple[str, str]:
    """Alters, writes and reads one file; returns what came of it and where or how."""
    from tools.fuzz_loaders.loaders import LOADERS

    loader = LOADERS[name]
    canary, path = folder / "code_was_run", folder / loader.file
    content = loader.alter(random.Random(f"{name} {seed}"), canary)
    canary.unlink(missing_ok=True)  # pickling an object that opens it may have made it
    path.write_bytes(content)
    before = signal.signal(signal.SIGALRM, _end)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome, detail = _read(loader, path)
    except _TooSlow:
        outcome, detail = "too slow", f"more than {_SECONDS} s"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return ("code was run", detail) if canary.exists() else (outcome, detail)


def _read(loader, path: Path) -> tuple[str, str]:
    try:
        read = loader.read(path)
    except Exception as error:
        return _judged(error, path)
    try:
        loader.use(read)
    except Exception as error:
        return _judged(error, None)
    return ACCEPTED, ""


def _judged(error: Exception, path: Path | None) -> tuple[str, str]:
    """Whether an error is one of ours that a user can act on: raised by our code, short, and naming the file."""
    message = str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    file = Path(place.filename)
    where = f"{type(error).__name__} in {file.name}, {place.name}{SAYING}{message[:200]}"
    if isinstance(error, MemoryError):
        return "memory", where
    ours = {"larq_focal", "zoo"} & set(file.parts) and "site-packages" not in file.parts
    is_system = isinstance(error, OSError) and error.filename is not None
    if not isinstance(error, ValueError | OSError | RuntimeError) or not (ours or is_system):
        return "exception", where
    if len(message) > _LONGEST or message.count("\n") >= _MOST_LINES:
        return "too long", f"{len(message)} characters: {where}"
    if path is not None and path.name not in message:
        return "not named", where
    return REFUSED, where


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + _MORE_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main(name: str, first: str, count: str) -> None:
    results = os.fdopen(os.dup(1), "w", buffering=1)  # libraries print to the standard output too
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        os.chdir(folder)
        for number in (0, 1):
            outcome_of(name, -1 - number, Path(folder))  # loads the libraries
        _limit_memory()
        for seed in range(int(first), int(first) + int(count)):
            print(json.dumps({"begin": seed}), file=results)
            outcome, detail = outcome_of(name, seed, Path(folder))
            print(json.dumps({"seed": seed, "outcome": outcome, "detail": detail}), file=results)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(*sys.argv[1:])
