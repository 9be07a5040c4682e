"""The commands compile and simulate, as a user types them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.network import interpret, save_graph
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Unknown
from tests.focal_plane.compiler.gradients import gradient
from tests.focal_plane.compiler.random_layers import Draw, images, network
from tests.focal_plane.graphs import chain, conv, sign

LAYER = network(Draw(padding="same"))
NO_FIT, NOT_JUDGED = 3, 4


def invoked(*arguments, status: int = 0) -> str:
    result = CliRunner().invoke(main, [*map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.stdout


def refused(*arguments, status: int = 1) -> str:
    result = CliRunner().invoke(main, [*map(str, arguments)])
    assert result.exit_code == status and "Traceback" not in result.output
    return " ".join(result.output.split())


@pytest.fixture
def files(tmp_path):
    save_graph(LAYER, tmp_path / "layer.qgraph")
    np.save(tmp_path / "image.npy", images(LAYER, 1)[0])
    return tmp_path


def test_a_compiled_program_runs_from_its_file_alone(files):
    program = files / "layer.scamp"
    compiled = json.loads(invoked("compile", "--from-graph", files / "layer.qgraph", "-o", program, "--json"))
    assert compiled["allocation"]["used"] <= 12 and compiled["store_icw"] <= 1024
    assert "words" in invoked("compile", files / "layer.qgraph", "-o", program)
    (files / "layer.qgraph").unlink()
    invoked("simulate", program, "--input", files / "image.npy", "-o", files / "out.npz")
    with np.load(files / "out.npz") as values:
        expected = interpret(LAYER, images(LAYER, 1), LAYER.outputs)["sign"][0]
        np.testing.assert_array_equal(values["sign"], expected)
    run = json.loads(invoked("simulate", program, "--input", files / "image.npy", "--json"))["run"]
    assert sum(run["icw"].values()) == compiled["total_icw"]


def test_a_project_for_the_device_is_written(files):
    invoked(
        "compile", files / "layer.qgraph", "--placement", "interleaved", "--export", "scamp5", "-o", files / "project"
    )
    assert {"main.cpp", "kernels.hpp", "planes.hpp", "support.hpp", "decode.py", "README.md", "program.scamp"} <= {
        path.name for path in (files / "project").iterdir()
    }


def test_noise_is_that_of_the_seed(files):
    """A network that spills keeps bits as charges, and noise is the same for the same seed."""
    program = files / "layer.scamp"
    invoked("compile", files / "layer.qgraph", "-o", program)
    np.save(files / "grey.npy", np.random.default_rng(0).integers(100, 156, (8, 8, 1), np.uint8))

    def values(*more):
        return json.loads(invoked("simulate", program, "--input", files / "grey.npy", *more, "--json"))["values"][
            "sign"
        ]

    exact, *noisy = values(), values("--noise", 1), values("--noise", 1), values("--noise", 2)
    assert noisy[0] == noisy[1] != noisy[2] and noisy[0] != exact


def test_pictures_are_looked_at(files):
    image = pytest.importorskip("PIL.Image")
    grey = np.where(images(LAYER, 1)[0, ..., 0] > 0, 200, 20).astype(np.uint8)
    image.fromarray(grey).save(files / "image.png")
    invoked("compile", files / "layer.qgraph", "-o", files / "layer.scamp")
    shown = [invoked("simulate", files / "layer.scamp", "--input", files / f"image.{kind}") for kind in ("png", "npy")]
    assert shown[0] == shown[1] and "8x8x4" in shown[0]


def test_gradients_are_looked_at(files):
    save_graph(gradient(8, with_layer=True), files / "gradient.qgraph")
    program = files / "gradient.scamp"
    text = invoked("compile", files / "gradient.qgraph", "--pixel-range", 0, 1, "-o", program)
    assert "the light of two pixels" in text
    np.save(files / "grey.npy", np.random.default_rng(0).integers(0, 256, (8, 8, 1), np.uint8))
    assert "6x6x4" in invoked("simulate", program, "--input", files / "grey.npy")
    assert "mov2x" in invoked("inspect", program, "--data", files / "grey.npy")
    np.save(files / "small.npy", np.zeros((6, 6, 1)))
    assert "[6, 6, 1]; the network takes [8, 8, 1]" in refused("simulate", program, "--input", files / "small.npy")


def test_planes_spill_as_far_as_they_may(files):
    sensor = files / "few.yaml"
    sensor.write_text(
        "extends: scamp5\ndigital: {free: [R5, R6]}\nanalog: {storage: []}\narray: {height: 64, width: 64}\n"
    )
    arguments = "compile", files / "layer.qgraph", "-o", files / "layer.scamp", "--sensor", sensor
    assert "planes at once" in refused(*arguments, status=NO_FIT)
    compiled = json.loads(invoked(*arguments, "--spill", "controller", "--json"))
    assert compiled["allocation"]["spills_to"] == ["controller"]
    run = json.loads(invoked("simulate", files / "layer.scamp", "--input", files / "image.npy", "--json"))["run"]
    assert run["calls"]["load_plane"] >= compiled["allocation"]["moves"]["controller"]["reloads"] > 0
    fitted = json.loads(invoked("fit", files / "layer.qgraph", "--sensor", sensor, "--spill", "controller", "--json"))
    assert (fitted["verdict"], fitted["layers"][0]["spills_to"]) == ("FIT WITH SPILL", ["controller"])


def test_kernels_are_swapped_where_that_is_asked_for(files):
    sensor = files / "short.yaml"
    sensor.write_text("extends: scamp5\ncode_store_icw: 12\narray: {height: 64, width: 64}\n")
    arguments = "compile", files / "layer.qgraph", "-o", files / "layer.scamp", "--sensor", sensor
    assert "and the store of scamp5 holds 12" in refused(*arguments, status=NO_FIT)
    compiled = json.loads(invoked(*arguments, "--swap-kernels", "--json"))
    run = json.loads(invoked("simulate", files / "layer.scamp", "--input", files / "image.npy", "--json"))["run"]
    assert run["swapped_icw"] == compiled["swapped_icw"] > run["store_icw"]
    fitted = json.loads(invoked("fit", files / "layer.qgraph", "--sensor", sensor, "--swap-kernels", "--json"))
    assert (fitted["verdict"], fitted["swapped_icw"]) == ("FIT WITH SWAP", compiled["swapped_icw"])


def test_charges_count_where_that_is_asked_for(files):
    sensor = files / "by_words.yaml"  # without times, which would not choose charges for so few channels
    sensor.write_text("extends: scamp5\ncalibrations: []\n")
    arguments = "compile", files / "layer.qgraph", "-o", files / "layer.scamp"
    counting = *arguments, "--analog-counting", "--sensor", sensor
    told = json.loads(invoked(*counting, "--json"))["analog_counting"]
    assert told["conv"]["step"] > 1 and "conv in analog" in invoked(*counting)
    assert "scamp7 has no analog registers that can count" in refused(
        *arguments, "--analog-counting", "--sensor", "scamp7", status=NO_FIT
    )


def test_faults_are_one_message(files):
    program = files / "layer.scamp"
    invoked("compile", files / "layer.qgraph", "-o", program)
    np.save(files / "wide.npy", np.zeros((8, 9, 1)))
    assert "[8, 9, 1]; the network takes [8, 8, 1]" in refused("simulate", program, "--input", files / "wide.npy")
    program.write_text(program.read_text().replace("    NOR(", "    NAR(", 1))
    assert "NAR is not an instruction" in refused("simulate", program, "--input", files / "image.npy")
    graph = chain("wide", LAYER["image"], LAYER["bits"], wide := conv("wide", LAYER["bits"], 4, 32), sign("s", wide))
    save_graph(graph, files / "wide.qgraph")
    assert "'wide' has weights of 32 bits" in refused(
        "compile", files / "wide.qgraph", "-o", files / "no.scamp", status=NO_FIT
    )
    assert not (files / "no.scamp").exists()


def test_a_program_is_written_as_asked_for_and_tells_what_others_cost(files):
    compiled = ("compile", files / "layer.qgraph", "-o", files / "layer.scamp")
    tiled = json.loads(invoked(*compiled, "--placement", "tiled", "--weights", "packed", "--json"))
    assert (tiled["cost"]["placement"], tiled["cost"]["weights"]) == ("tiled", "packed")
    assert not tiled["other_costs"]
    chosen = json.loads(invoked(*compiled, "--json"))
    assert tiled["cost"] in (chosen["cost"], *chosen["other_costs"])
    assert "interleaved, patterns" in invoked(*compiled)
    contradiction = refused(*compiled, "--placement", "interleaved", "--weights", "analog")
    assert "ask for placement='tiled' or 'auto'" in contradiction
    assert "exact" in invoked("fit", files / "layer.qgraph", "--program", "--placement", "tiled")


def with_an_unknown_part(graph):
    last = graph[graph.outputs[0]]
    strange = Unknown(name="strange", inputs=(last.name,), shape=last.shape, kind="Fourier")
    return QuantGraph("strange", (*graph, strange), ["strange"])


def test_exit_statuses_tell_verdicts_apart(files):
    wide = chain("wide", LAYER["image"], LAYER["bits"], layer := conv("wide", LAYER["bits"], 4, 32), sign("s", layer))
    for name, graph, status in (
        ("layer", LAYER, 0),
        ("wide", wide, NO_FIT),
        ("strange", with_an_unknown_part(LAYER), NOT_JUDGED),
        ("both", with_an_unknown_part(wide), NO_FIT),
    ):
        path = save_graph(graph, files / f"{name}.qgraph")
        plain = json.loads(invoked("fit", path, "--json", status=status))
        assert bool(plain["not_judged"]) == (name in ("strange", "both"))
        assert name == "layer" or plain["latency_lower_bound_us"] is plain["icw"] is None
        text = invoked("fit", path, status=status)
        assert plain["verdict"] in text and ("Not judged" in text) == bool(plain["not_judged"])
    invoked("fit", files / "strange.qgraph", "--sensor", "binareye", status=NO_FIT)
    refused("fit", files / "layer.qgraph", "--sensor", "retina", status=1)
    refused("fit", status=2)
    assert "Fourier is not understood" in refused(
        "compile", files / "strange.qgraph", "-o", files / "no.scamp", status=NOT_JUDGED
    )
    for command in ("fit", "compile"):
        assert all(str(status) in invoked(command, "--help") for status in (NO_FIT, NOT_JUDGED))


def test_an_interruption_ends_cleanly(files, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("larq_focal.focal_plane.fit", interrupted)
    assert refused("fit", files / "layer.qgraph", status=130) == "Interrupted."
