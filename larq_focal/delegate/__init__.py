"""The LiteRT delegate: runs the binary operations of Larq's compute engine in any LiteRT interpreter.

LiteRT loads the library that the C++ sources beside this file are compiled to; Python never imports it. A folder
includes files of its own and of those after it in this list:

- ``litert/``: the delegate as LiteRT sees it, and what it takes of LiteRT's graph.
- ``graph/``: the operations that it took, joined where one can do the work of another.
- ``operations/``: the operations.
- ``kernels/``: binary convolution and bit packing, for one kind of processor each.
- ``base/``: tensors, memory, threads and errors.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_LIBRARY = f"{__name__}._litert_delegate"


class DelegateMissing(RuntimeError):
    """The delegate was not compiled when larq_focal was installed."""


def is_built() -> bool:
    """Whether the delegate was compiled when larq_focal was installed."""
    return find_spec(_LIBRARY) is not None


def library_path() -> Path:
    """The shared library, for ``load_delegate`` of LiteRT or ``benchmark_model --external_delegate_path``.

    Raises:
        DelegateMissing: the library was not compiled.
    """
    spec = find_spec(_LIBRARY)
    if spec is None or spec.origin is None:
        raise DelegateMissing(
            "larq_focal was installed without its LiteRT delegate, because its build found no C++17 compiler. Install "
            "one (Debian: apt-get install g++) or let the build fetch one (the package ziglang, which pip gets unless "
            "it is given --no-build-isolation); then reinstall larq_focal. Or choose another engine."
        )
    return Path(spec.origin)


@cache
def kernels() -> tuple[str, ...]:
    """The names of the kernels that this processor can run, best first.

    The variable LARQ_FOCAL_KERNEL, or the delegate's option "kernel", chooses another than the first.

    Raises:
        DelegateMissing: the library was not compiled.
    """
    library = ctypes.CDLL(str(library_path()))
    library.larq_focal_kernels.restype = ctypes.c_char_p
    return tuple(library.larq_focal_kernels().decode().split(","))
