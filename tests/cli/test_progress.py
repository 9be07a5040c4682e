"""The lines that tell what goes on."""

import io
import os
import sys
import time

import pytest

from larq_focal.cli import progress as module
from larq_focal.cli.output import quiet
from larq_focal.cli.progress import progress


def replaced_stderr(monkeypatch) -> io.StringIO:
    """To be called in the test itself, for pytest replaces stderr when a test begins."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def waited_for(stream: io.StringIO, text: str) -> bool:
    end = time.monotonic() + 20
    while text not in stream.getvalue() and time.monotonic() < end:
        time.sleep(0.01)
    return text in stream.getvalue()


def test_quick_work_says_nothing(monkeypatch):
    stderr = replaced_stderr(monkeypatch)
    with progress("starting") as tell:
        tell("layer 1")
    assert stderr.getvalue() == ""


def test_long_work_tells_the_latest_line_now_and_then(monkeypatch):
    stderr = replaced_stderr(monkeypatch)
    monkeypatch.setattr(module, "FIRST_AFTER_S", 0.01)
    monkeypatch.setattr(module, "THEN_EVERY_S", 0.01)
    with progress("starting") as tell:
        assert waited_for(stderr, "starting (0 s) ...\n")
        tell("layer [2]")
        assert waited_for(stderr, "layer [2] (")
    length = len(stderr.getvalue())
    time.sleep(0.05)
    assert len(stderr.getvalue()) == length


def test_a_terminal_shows_the_line_at_once_and_clears_it(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    with progress("starting") as tell:
        tell("layer [2]")
        time.sleep(0.3)
    assert "layer [2]" in stream.getvalue() and stream.getvalue().endswith("\x1b[2K")


def test_it_is_seen_while_the_output_of_others_is_held_back(capfd, monkeypatch):
    monkeypatch.setattr(module, "FIRST_AFTER_S", 0.01)
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    with progress("starting"), quiet():
        time.sleep(0.2)
        os.write(2, b"noise of others")
    assert "starting" in (shown := capfd.readouterr().err) and "noise" not in shown


def test_errors_pass_through():
    with pytest.raises(ValueError, match="wrong"), progress("starting"):
        raise ValueError("wrong")
