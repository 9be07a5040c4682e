"""Python processes of our own, which import nothing from the folder that they are started in.

``python -m`` looks into the working folder before anything else, so that a file ``numpy.py`` beside a model would be
run. Python's own switch against that, ``-P``, is there from 3.11 on; ``-I`` would also drop what users have installed
for themselves and what ``PYTHONPATH`` names.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Only what is built into Python is imported before the path is clean: "" stands for the working folder. The folder of
# this package comes last, for where it is not installed.
_START = (
    "import sys; sys.path[:] = [place for place in sys.path if place]; sys.path.append(sys.argv.pop(1)); "
    "import runpy; runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)
_ROOT = str(Path(__file__).parents[1])


def python_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this package, as ``python -m`` does, in a process of its own.

    Start it with ``env=environment()``.
    """
    return [sys.executable, "-c", _START, _ROOT, module, *arguments]


def own_lines(printed: str) -> list[str]:
    """What a process wrote to its standard error stream, without what LiteRT tells of itself, at its end too."""
    return [line for line in printed.strip().splitlines() if not line.startswith("INFO: ")]


def environment(**more: str) -> dict[str, str]:
    """This process's variables and ``more``; without empty entries of PYTHONPATH, which mean the working folder."""
    variables = os.environ | more
    places = [place for place in variables.pop("PYTHONPATH", "").split(os.pathsep) if place]
    return variables | ({"PYTHONPATH": os.pathsep.join(places)} if places else {})
