"""The command simulate, as a user types it: classes from a program and pictures alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.network import interpret, save_graph
from tests.focal_plane.compiler.random_layers import Draw
from tests.focal_plane.compiler.test_controller_graphs import two_eyes, with_softmax
from tests.focal_plane.compiler.test_dense import classifier

NAMES = ("cat", "dog", "owl")


def called(*arguments, status: int = 0) -> str:
    result = CliRunner().invoke(main, [*map(str, arguments)])
    assert result.exit_code == status and "Traceback" not in result.output, result.output
    return result.stdout if status == 0 else " ".join(result.output.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    image = pytest.importorskip("PIL.Image")
    folder, rng = tmp_path_factory.mktemp("simulate"), np.random.default_rng(0)
    (folder / "names.txt").write_text("\n".join(NAMES))
    save_graph(with_softmax(classifier(Draw(padding="same"), [-1, 1], bias=True)), folder / "one.qgraph")
    save_graph(two_eyes(), folder / "eyes.qgraph")
    for name in ("one", "eyes"):
        called("compile", folder / f"{name}.qgraph", "-o", folder / f"{name}.scamp", "--classes", folder / "names.txt")
        (folder / f"{name}.qgraph").unlink()
    for name, side in {"grey": 8, "left": 6, "right": 6}.items():
        image.fromarray(rng.integers(0, 256, (side, side), np.uint8)).save(folder / f"{name}.png")
    return folder


def values_of(folder, name: str) -> np.ndarray:
    """A picture in the network's terms."""
    from PIL import Image

    return (np.asarray(Image.open(folder / f"{name}.png"), np.float32)[None, ..., None] / 127.5 - 1).astype(np.float32)


def test_a_picture_has_a_class(folder):
    graph = with_softmax(classifier(Draw(padding="same"), [-1, 1], bias=True))
    # an array's pixel keeps the upper 7 of 8 bits, which a threshold between two grey levels does not notice
    expected = interpret(graph, values_of(folder, "grey"), ["softmax"])["softmax"][0]
    for arguments in ((folder / "grey.png",), ("--input", folder / "grey.png")):
        found = json.loads(called("simulate", folder / "one.scamp", *arguments, "--json"))
        np.testing.assert_allclose(found["outputs"]["softmax"], expected, rtol=1e-5)
        assert [row["class"] for row in found["classes"]] == np.argsort(-expected, kind="stable").tolist()
        assert found["classes"][0]["name"] == NAMES[expected.argmax()]
    text = called("simulate", folder / "one.scamp", folder / "grey.png")
    assert f"{expected.argmax()} {NAMES[expected.argmax()]}" in text and "words" in text


def test_classes_under_noise_are_those_of_the_seed(folder):
    arguments = "simulate", folder / "one.scamp", folder / "grey.png", "--json", "--noise"
    once, again = (json.loads(called(*arguments, 4))["classes"] for _ in range(2))
    assert once == again and len(once) == 3 and once[0]["name"] in NAMES


def test_pictures_of_several_inputs_by_name(folder):
    given = {name: values_of(folder, name) for name in ("left", "right")}
    expected = interpret(two_eyes(), given, ["softmax"])["softmax"][0]
    files = [f"{name}={folder / name}.png" for name in ("right", "left")]
    np.savez(folder / "both.npz", **{name: value[0] for name, value in given.items()})
    for arguments in (files, ("--input", files[0], "--input", files[1]), (folder / "both.npz",)):
        called("simulate", folder / "eyes.scamp", *arguments, "-o", folder / "out.npz")
        with np.load(folder / "out.npz") as found:
            np.testing.assert_allclose(found["softmax"], expected, rtol=1e-5)
            assert set(np.unique(found["sign"])) <= {-1, 1} and found["sign"].shape == (6, 6, 3)
    assert "eyes on scamp5" in called("inspect", folder / "eyes.scamp", "--data", folder / "both.npz")


@pytest.mark.parametrize(
    ("files", "status", "message"),
    [
        ([], 2, "needs an image: it takes left, right"),
        (["left.png", "right.png"], 2, "Give one image, or NAME=FILE for each"),
        (["left=left.png", "left=right.png"], 2, "A name is given twice"),
        (["left=left.png"], 1, "needs an image for 'right'"),
        (["left=left.png", "right=none.png"], 1, "no file"),
    ],
)
def test_what_is_missing_is_named(folder, files, status, message, monkeypatch):
    monkeypatch.chdir(folder)
    assert message in called("simulate", folder / "eyes.scamp", *files, status=status)
