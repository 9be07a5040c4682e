"""The metadata is in setup.cfg; here is only the delegate, which takes a compiler. Without one, all else installs."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

from larq_focal.delegate import sources
from tools.compiler import compiler


class BuildDelegate(build_ext):
    """Compiles and links in one run. LiteRT loads the library, so Python's own compiler settings do not matter."""

    def build_extension(self, extension: Extension) -> None:
        command = compiler()
        if command is None:
            raise CompileError("There is no C++17 compiler for the delegate: on Debian, apt-get install g++.")
        library = Path(self.get_ext_fullpath(extension.name))
        library.parent.mkdir(parents=True, exist_ok=True)
        words = sources.compile_command(command, extension.sources, str(library))
        if sys.platform == "linux":
            words.append(f"-Wl,--version-script={sources.EXPORTS}")
        with tempfile.TemporaryDirectory() as cache:
            caches = {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
            if subprocess.run(words, env={**os.environ, **caches}).returncode != 0:
                raise CompileError(f"{command[0]} did not compile the delegate.")


def relative(paths: list[Path]) -> list[str]:
    """As setuptools wants them."""
    return [path.relative_to(Path(__file__).parent).as_posix() for path in paths]


delegate = Extension(
    "larq_focal.delegate._litert_delegate",
    sources=relative(sources.source_files(".cc")),
    depends=relative(sources.source_files(".h")),
    language="c++",
    py_limited_api=True,
    optional=True,
)

setup(ext_modules=[delegate], cmdclass={"build_ext": BuildDelegate})
