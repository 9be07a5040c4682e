"""Runs altered files on an engine in processes of their own, so that a crash or a hang is an outcome like others.

    python -m tests.support.altered_runs ENGINE FIRST COUNT

runs a range of seeds over all files and prints how often each outcome came, and the seeds of crashes.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.support.altered_files import altered
from tests.support.flatbuffers import dense_network, relu_network
from tests.support.lce_file import residual_network
from tests.support.many_operators import many_operators

_MODULE = "tests.support.altered_runs"
_SECONDS_PER_FILE = 20
_MEMORY = 6 << 30
_ROOT = Path(__file__).parents[2]

FLOAT_FILES: dict[str, Callable[[], bytes]] = {
    "many_operators": many_operators,
    "dense": dense_network,
    "int8": lambda: relu_network(dtype="int8", scale=0.5),
}
BINARY_FILES: dict[str, Callable[[], bytes]] = {"residual": lambda: residual_network(2, 8, 32)}
FILES: dict[str, dict[str, Callable[[], bytes]]] = {
    "litert": FLOAT_FILES,
    "delegate": BINARY_FILES,
    "compiled": FLOAT_FILES | BINARY_FILES,
    "lce": FLOAT_FILES | BINARY_FILES,
}
"""By the name of the engine: what makes the files that are altered."""


def outcomes(engine: str, seeds: range) -> Iterator[tuple[int, str]]:
    """For each seed "ran", the name of the error, or "crash SIGNAL", "hang"; a process runs as many as it survives."""
    while seeds:
        command = [sys.executable, "-m", _MODULE, "worker", engine, str(seeds.start), str(seeds.stop)]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        yield from ((seed, outcome) for seed, outcome in lines if outcome != "begun")
        if done.returncode == 0:
            return
        last = lines[-1][0] if lines else seeds.start
        number = -done.returncode
        if number <= 0:
            yield last, done.stderr.decode(errors="replace")
        else:
            yield last, "hang" if number == signal.SIGALRM else f"crash {signal.Signals(number).name}"
        seeds = range(last + 1, seeds.stop)


def _work(engine: str, seeds: range) -> None:
    from larq_focal.deploy.runtime import EngineError, FlatbufferError, Runtime

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    contents = [make() for make in FILES[engine].values()]
    for seed in seeds:
        _tell(seed, "begun")
        signal.alarm(_SECONDS_PER_FILE)
        try:
            content = altered(contents[seed % len(contents)], seed)
            Runtime(content, engine=engine).prepare()()
            outcome = "ran"
        except (EngineError, FlatbufferError) as error:
            outcome = type(error).__name__
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}"
        signal.alarm(0)
        _tell(seed, outcome)


def _tell(seed: int, outcome: str) -> None:
    print(json.dumps([seed, outcome]), flush=True)


def _print_summary(engine: str, seeds: range) -> None:
    counts: Counter[str] = Counter()
    for seed, outcome in outcomes(engine, seeds):
        counts[outcome] += 1
        if outcome not in EXPECTED:
            print(f"seed {seed}: {outcome}", flush=True)
    print(engine, dict(counts))


EXPECTED = ("ran", "EngineError", "FlatbufferError")
"""The outcomes that are in order."""


def main(words: Sequence[str]) -> None:
    if words[0] == "worker":
        _work(words[1], range(int(words[2]), int(words[3])))
    else:
        _print_summary(words[0], range(int(words[1]), int(words[1]) + int(words[2])))


if __name__ == "__main__":
    main(sys.argv[1:])
