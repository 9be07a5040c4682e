"""What the pages for contributors name is there, and what they say runs without TensorFlow does."""

from __future__ import annotations

import re

import pytest

from tests.slowest import SLOWEST
from tests.support.processes import ROOT, output_of
from tests.test_import import without

ARCHITECTURE, CONTRIBUTING = ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md"
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
PATH = re.compile(r"`([\w./-]+(?:/|\.\w+))`")
FREE = re.compile(r"Without TensorFlow run:(.*?)\.\n", re.S)


def places(text: str) -> set[str]:
    """The files and folders that a text names in backquotes."""
    return set(PATH.findall(text))


def is_there(name: str) -> bool:
    return (ROOT / name).exists() or (ROOT / "larq_focal" / name).exists()


@pytest.mark.parametrize("page", [ARCHITECTURE, CONTRIBUTING], ids=lambda page: page.name)
def test_what_a_page_names_is_there(page):
    named = places(page.read_text(encoding="utf-8")) - {".venv", ".qgraph", ".tflite"}
    assert len(named) >= 3
    assert not [name for name in named if not is_there(name)]


def test_what_the_picture_names_is_there():
    text = re.sub(
        r"<style>.*?</style>|<title>.*?</title>|<[^>]*>", " ", PICTURE.read_text(encoding="utf-8"), flags=re.S
    )
    named = re.findall(r"[\w/]+/|\w+\.py", text)
    assert len(named) > 20
    inside = ("", "deploy", "focal_plane", "network", "network/tflite")
    assert not [name for name in named if not any((ROOT / "larq_focal" / folder / name).exists() for folder in inside)]


def test_each_package_is_in_the_picture():
    drawn = PICTURE.read_text(encoding="utf-8")
    packages = [path.parent.name for path in (ROOT / "larq_focal").glob("*/__init__.py")]
    assert len(packages) > 10
    assert not [name for name in packages if f"{name}/" not in drawn]


def test_the_slowest_modules_are_there():
    assert not [name for name in SLOWEST if not (ROOT / "tests" / name).exists()]


def test_what_is_said_to_run_without_tensorflow_does():
    (sentence,) = FREE.findall(ARCHITECTURE.read_text(encoding="utf-8"))
    modules = sorted(places(sentence.split(" but for ")[0] + sentence.split("`network/keras/`")[1]))
    assert {"network/", "focal_plane/", "zoo/download.py"} <= {*modules}
    names = [f"larq_focal.{name.rstrip('/').removesuffix('.py').replace('/', '.')}" for name in modules]
    hidden = without("tensorflow", "tf_keras", "keras", "larq", "wrapt")
    output_of(f"{hidden}\nfrom importlib import import_module\nfor name in {names}: import_module(name)")
