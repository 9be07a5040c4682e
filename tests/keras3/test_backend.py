"""Keras is imported on a backend that is installed, by larq_focal and after it."""

from __future__ import annotations

import json
import os

import keras
import pytest

from larq_focal import _keras_backend as backend
from tests.support.processes import output_of


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
    monkeypatch.setenv(backend.VARIABLE, "of the tests")  # so that it is put back
    monkeypatch.delenv(backend.VARIABLE)
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
    assert imported == [chosen] and os.environ.get(backend.VARIABLE) == chosen


def test_what_the_user_chose_is_left(installed, settings, monkeypatch):
    monkeypatch.setenv(backend.VARIABLE, "tensorflow")
    assert backend.import_keras() == "keras" and installed("jax") == ["tensorflow"]


def test_without_any_backend_the_fix_is_named(installed, settings):
    installed()
    backend.use_installed_backend()  # says nothing: most of larq_focal needs no Keras
    assert backend.VARIABLE not in os.environ
    with pytest.raises(ImportError, match="needs one of jax, torch, tensorflow, and none is installed: `pip install"):
        backend.import_keras()


def test_keras_itself_is_imported_on_that_backend_after_larq_focal(settings):
    """The one in use here seems to be the only one that is installed."""
    here = keras.backend.backend()
    code = f"""
        from importlib import util
        find = util.find_spec
        missing = {{"jax", "torch", "tensorflow"}} - {{"{here}"}}
        util.find_spec = lambda name, *more: None if name in missing else find(name, *more)
        import larq_focal, keras
        print(keras.backend.backend())
    """
    variables = {"LARQ_FOCAL_STACK": "keras", "KERAS_BACKEND": None, "KERAS_HOME": str(settings.parent)}
    assert output_of(code, **variables).splitlines()[-1] == here
