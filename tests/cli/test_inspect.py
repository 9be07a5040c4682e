"""The command inspect, as a user types it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.focal_plane.compiler import compile_network
from larq_focal.focal_plane.compiler.program_file import write_program
from larq_focal.network import save_graph
from tests.focal_plane.graphs import two_layer_network

TEXT = "kernel look\n get_image(A)\n WHERE(R5)\n neg(B, A)\nend\nmain\n load_plane(R5, mask)\n launch(look)\nend\n"
NETWORK = two_layer_network(side=16, maps=4)


def inspected(*arguments) -> str:
    result = CliRunner().invoke(main, ["inspect", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments) -> str:
    result = CliRunner().invoke(main, ["inspect", *map(str, arguments)])
    assert result.exit_code != 0 and "Traceback" not in result.output
    return result.output


@pytest.fixture
def files(tmp_path):
    (tmp_path / "look.scamp").write_text(TEXT)
    np.savez(tmp_path / "planes.npz", mask=np.eye(256, dtype=bool))
    np.save(tmp_path / "light.npy", np.tile(np.arange(256), (256, 1)))
    np.save(tmp_path / "small.npy", np.full((16, 16), 99))
    save_graph(NETWORK, tmp_path / "two.qgraph")
    return tmp_path


def test_network(files):
    output = inspected(files / "two.qgraph", "-o", files / "page.html")
    assert "exact against the network's graph" in output and "yes: 0 of 1,024" in output
    assert "calibrated:" in output and "lower bound" in output
    assert "Step by step" in (files / "page.html").read_text(encoding="utf-8")


def test_network_as_json(files):
    plain = json.loads(inspected(files / "two.qgraph", "--json"))
    assert plain["exactness"] == [
        {"reference": "the network's graph", "compared": 1024, "mismatching": 0, "is_exact": True}
    ]
    assert plain["store_icw"] <= 1024 and plain["live_ranges"]["peak_digital"] <= 13
    assert {place["name"] for place in plain["maps"]} == {"bit", "sign1", "sign2"}


def test_program_text(files):
    arguments = "--planes", files / "planes.npz", "--data", files / "light.npy", "--region", "0,0,9,9"
    assert "8 of 1,024" in inspected(files / "look.scamp", *arguments)


def test_compiled_program(files):
    write_program(compile_network(NETWORK).array, files / "two.scamp")
    assert "two on scamp5" in inspected(files / "two.scamp", "--data", files / "small.npy")
    np.save(files / "batch.npy", np.full((1, 16, 16, 1), 99))
    assert "two on scamp5" in inspected(files / "two.scamp", "--data", files / "batch.npy")
    assert "needs an image" in refused(files / "two.scamp")
    planes = "--planes", files / "planes.npz"
    assert "a compiled one brings its own" in refused(files / "two.scamp", "--data", files / "small.npy", *planes)
    assert "[256, 256]; the network takes [16, 16, 1]" in refused(files / "two.scamp", "--data", files / "light.npy")


def test_what_is_refused(files):
    assert "there is no plane 'mask'" in refused(files / "look.scamp")
    assert "There is no file" in refused(files / "none.scamp")
    (files / "binary.scamp").write_bytes(b"\xfc")
    assert "binary.scamp' is not a text file" in refused(files / "binary.scamp")
    assert "four whole numbers" in refused(files / "look.scamp", "--region", "1,2")
    assert "is not within the array" in refused(files / "look.scamp", "--region", "0,0,9,300")
    assert "is not a whole .npz file" in refused(files / "look.scamp", "--planes", files / "light.npy")
    np.savez(files / "small.npz", mask=np.eye(9, dtype=bool))
    np.savez(files / "numbers.npz", mask=np.full((256, 256), 0.5))
    np.savez(files / "texts.npz", mask=np.full((256, 256), "a"))
    assert "the plane 'mask' is [9, 9]" in refused(files / "look.scamp", "--planes", files / "small.npz")
    for name in ("numbers", "texts"):
        text = refused(files / "look.scamp", "--planes", files / f"{name}.npz")
        assert "the plane 'mask' has other values than 0 and 1" in text
    for name, content in (("nan256", np.full((256, 256), np.nan)), ("none", np.zeros((0, 16, 16, 1)))):
        np.save(files / f"{name}.npy", content)
    assert "[0, 16, 16, 1]" in refused(files / "two.qgraph", "--data", files / "none.npy")
    assert "not finite" in refused(
        files / "look.scamp", "--planes", files / "planes.npz", "--data", files / "nan256.npy"
    )
    assert "a network brings its own" in refused(files / "two.qgraph", "--planes", files / "planes.npz")
    (files / "look.scamp").write_text(TEXT.replace("neg", "nag"))
    assert "Line 4" in refused(files / "look.scamp") and "nag" in refused(files / "look.scamp")
