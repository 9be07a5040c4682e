"""Keras is imported on a backend that is there, and the environment is as before."""

from __future__ import annotations

import json
import os

import pytest

from larq_focal.nn import backend


@pytest.fixture
def installed(monkeypatch):
    """Sets what seems to be installed, and gives the backends that Keras was imported with."""
    imported = []

    def set_installed(*names: str) -> list[str | None]:
        monkeypatch.setattr(backend, "find_spec", lambda name: name if name in ("keras", *names) else None)
        return imported

    def import_module(name: str) -> str:
        imported.append(os.environ.get(backend.VARIABLE))
        return name

    monkeypatch.setattr(backend, "import_module", import_module)
    monkeypatch.setattr(backend.sys, "modules", {})
    monkeypatch.delenv(backend.VARIABLE, raising=False)
    return set_installed


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """Keras' own file of settings, which says nothing yet."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "keras.json"


@pytest.mark.parametrize(
    ("there", "told", "chosen"),
    [
        (("jax",), None, "jax"),
        (("torch",), None, "torch"),
        (("torch", "jax"), None, "jax"),
        (("tensorflow", "jax"), None, None),
        (("torch", "jax"), "torch", None),
        (("tensorflow",), "torch", "tensorflow"),
        (("jax",), "no JSON", "jax"),
    ],
)
def test_what_is_missing_is_replaced_and_what_is_there_is_left(there, told, chosen, installed, settings):
    if told:
        settings.write_text(told if told == "no JSON" else json.dumps({"backend": told}))
    imported = installed(*there)
    assert backend.import_keras() == "keras"
    assert imported == [chosen]
    assert backend.VARIABLE not in os.environ


def test_what_the_user_chose_is_left(installed, settings, monkeypatch):
    monkeypatch.setenv(backend.VARIABLE, "tensorflow")
    assert backend.import_keras() == "keras" and installed("jax") == ["tensorflow"]


def test_without_any_backend_the_fix_is_named(installed, settings):
    installed()
    with pytest.raises(ImportError, match="needs one of jax, torch, tensorflow, and none is installed: `pip install"):
        backend.import_keras()
