"""Larq Compute Engine's converter in a process of its own, so that its crash is an error and not the session's end."""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
from pathlib import Path

from larq_focal.child import environment, python_command
from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.conversion.frozen import FrozenGraph

_ERROR = re.compile(r"error: (.*)")
_NODE = re.compile(r'"([\w./-]+)(?:@[^"]*)?"')
_LINES_SHOWN = 3


def run_converter(frozen: FrozenGraph, timeout_s: float | None = None) -> bytes:
    """Converts a graph and returns the flatbuffer.

    Args:
        frozen: the graph.
        timeout_s: seconds after which the converter is ended; None waits as long as it takes.

    Raises:
        ConversionError: the converter failed, crashed or took too long.
    """
    with tempfile.TemporaryDirectory(prefix="larq_focal-") as folder:
        saved_model, out = Path(folder, "model"), Path(folder, "model.tflite")
        frozen.save(saved_model)
        command = python_command("larq_focal.deploy.conversion.worker", str(saved_model), str(out))
        try:
            done = subprocess.run(command, env=environment(), capture_output=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired:
            raise ConversionError(
                f"The converter had not finished after {timeout_s:g} s and was ended. Give a longer timeout_s, or make "
                f"the model smaller.{_largest(frozen)}"
            ) from None
        printed = done.stderr.decode(errors="replace")
        if done.returncode < 0:
            raise ConversionError(_crash(frozen, -done.returncode, printed))
        if done.returncode > 0 or not out.is_file():
            raise ConversionError(f"The converter failed: {_cause(printed)}{_where(frozen, printed)}{_loops(frozen)}")
        return out.read_bytes()


def _crash(frozen: FrozenGraph, number: int, printed: str) -> str:
    name = signal.Signals(number).name if number in signal.valid_signals() else f"signal {number}"
    if number == signal.SIGKILL:
        return (
            f"The converter was killed ({name}), most likely because the machine ran out of memory. Use a machine with "
            f"more memory, or a smaller model.{_largest(frozen)}"
        )
    return (
        f"The converter crashed ({name}).{_where(frozen, printed) or _largest(frozen)} Nothing was written. To find "
        "the layer, convert the model without its last layers; what it is known to crash on is a constant of several "
        "axes behind a binary convolution, and a quantized kernel of 100 MiB or more."
    )


def _cause(printed: str) -> str:
    """The converter's own error lines, without its locations, then the exception."""
    errors = list(dict.fromkeys(match[1].strip() for match in _ERROR.finditer(printed)))[:_LINES_SHOWN]
    lines = printed.strip().splitlines()
    return " ".join([*(f"{error.rstrip('.')}." for error in errors), lines[-1] if lines else "no message."])


def _where(frozen: FrozenGraph, printed: str) -> str:
    """The nodes that the converter's last messages name."""
    names = [name for name in _NODE.findall(printed) if name in frozen.nodes]
    if not names:
        return ""
    return f" Its last messages name {', '.join(repr(name) for name in dict.fromkeys(names[-_LINES_SHOWN:]))}."


def _loops(frozen: FrozenGraph) -> str:
    """The layers that run in loops, which the converter cannot always read."""
    loops = [node.name.rpartition("/")[0] for node in frozen.graph_def.node if node.op in ("While", "StatelessWhile")]
    if not loops:
        return ""
    return (
        f" The cause may be the loop in {', '.join(repr(name) for name in loops)}: build recurrent layers with "
        "unroll=True and copy their weights."
    )


def _largest(frozen: FrozenGraph) -> str:
    """The largest constant, which is what the converter is most likely to choke on."""
    sizes = {node.name: node.attr["value"].ByteSize() for node in frozen.graph_def.node if node.op == "Const"}
    if not sizes:
        return ""
    name = max(sizes, key=sizes.get)
    return f" Its largest constant is '{name}' with {sizes[name] / 2**20:.1f} MiB."
