"""What the README and the pages in docs/ say can be done: every Python block and every command of theirs."""

import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import click
import pytest

from larq_focal._keras_version import is_keras_3
from larq_focal.cli import main
from tests.support.processes import output_of

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(r"^```python\n(.*?)^```", re.S | re.M)
OF_KERAS_3 = re.compile(r"^import keras$", re.M)
OF_LARQ = re.compile(r"^import larq as lq$", re.M)
INDENTED_COMMAND = re.compile(r"^    ((?:larq-focal|python3?|make) .*)$", re.M)
QUOTED_COMMAND = re.compile(r"`((?:larq-focal|python) [^`]+)`", re.S)
SAVED_SCRIPT = re.compile(r"[Ss]ave\sthis\sas `(\w+\.py)`")
QUOTED_OPTION = re.compile(r"`(--[a-z][a-z-]*)(?![\w-])")


def found(pattern: re.Pattern, pages: Iterable[Path] = PAGES) -> list:
    """What the pages have of a pattern, each with the place where it stands as its name."""
    places = (
        (text[1], f"{page.name}:{content[: text.start()].count(chr(10)) + 1}")
        for page in pages
        for content in [page.read_text(encoding="utf-8")]
        for text in pattern.finditer(content)
    )
    return [pytest.param(text, id=place) for text, place in places]


def commands(group: click.Group = main) -> list[click.Command]:
    inner = [command for command in group.commands.values() if isinstance(command, click.Group)]
    return [*group.commands.values(), *(command for each in inner for command in commands(each))]


def resolved(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that words name, and its arguments."""
    command: click.Command = main
    while isinstance(command, click.Group):
        assert words and words[0] in command.commands, f"there is no command {' '.join(words[:2])}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("block", found(BLOCK, [page for page in PAGES if page.parent.name != "start"]))
def test_a_block_of_python_runs_by_itself(block, tmp_path, monkeypatch):
    """In a namespace and a working folder of its own; files that it needs, it makes itself.

    Those of docs/start run with the commands of their pages, in tests/test_start_pages.py.
    """
    monkeypatch.chdir(tmp_path)
    if OF_LARQ.search(block) and is_keras_3():
        pytest.skip("of Larq's stack: run it on Python 3.10 to 3.12 with LARQ_FOCAL_STACK=larq")
    if OF_KERAS_3.search(block) and not is_keras_3():
        output_of(
            f"import os\nos.chdir({str(tmp_path)!r})\n{block}", LARQ_FOCAL_STACK="keras", KERAS_BACKEND="tensorflow"
        )
        return
    exec(compile(block, "<block>", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("line", found(INDENTED_COMMAND))
def test_a_command_is_one_that_can_be_given(line):
    program, *words = shlex.split(line, comments=True)
    if program == "larq-focal":
        command, arguments = resolved(words)
        command.make_context(command.name, arguments)
    elif program == "make":
        assert set(words) <= set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    else:
        assert_script_takes(words)


@pytest.mark.parametrize("line", found(QUOTED_COMMAND))
def test_a_quoted_command_exists_with_its_options(line):
    """It may leave out arguments."""
    program, *words = shlex.split(line.replace("\n", " "))
    if program == "python":
        if words[0] not in {
            parameter.values[0] for parameter in found(SAVED_SCRIPT)
        }:  # a block of the page, which runs
            assert_script_takes(words)
        return
    command, arguments = resolved(words)
    with command.make_context(command.name, [], resilient_parsing=True) as context:
        command.make_parser(context).parse_args(arguments)


@pytest.mark.parametrize("option", found(QUOTED_OPTION))
def test_a_quoted_option_is_one_of_a_command_or_a_benchmark(option):
    known = {
        name
        for command in commands()
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    assert option in known or any(option in path.read_text() for path in (ROOT / "benchmarks").glob("*.py"))


def assert_script_takes(words: list[str]) -> None:
    """A script of the repository, by path or ``-m``, and its options; other modules are Python's own."""
    is_module = words[0] == "-m"
    if is_module and not words[1].startswith("benchmarks"):
        return
    text = (ROOT / (words[1].replace(".", "/") + ".py" if is_module else words[0])).read_text()
    assert all(word in text for word in words if word.startswith("--"))


def test_the_pages_have_blocks_and_commands():
    assert len(found(BLOCK)) > 10 and len(found(INDENTED_COMMAND)) > 20 and len(found(QUOTED_COMMAND)) > 10
