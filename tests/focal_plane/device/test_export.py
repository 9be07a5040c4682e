"""Exported projects, compiled against the library's functions on a simulated array: frame by frame as simulated."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from larq_focal.focal_plane.compiler import compile_network
from larq_focal.focal_plane.export import ExportError, decoded, export_scamp5
from larq_focal.focal_plane.export.project import FIRST_CHANNEL, results_of
from larq_focal.focal_plane.export.tail import fixed_tail
from larq_focal.network import Kernel, QuantGraph, ops
from tests.focal_plane.compiler.random_layers import Draw, images, network, small
from tests.focal_plane.compiler.test_dense import UNITS, classifier

LIBRARY = Path(__file__).parents[2] / "support" / "scamp5_library"
COMPILER = shutil.which("g++") or shutil.which("c++")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")
FRAMES = 2


def with_softmax(graph: QuantGraph) -> QuantGraph:
    softmax = ops.Activation(name="softmax", inputs=(graph.outputs[0],), shape=(UNITS,), kind="softmax")
    return QuantGraph(graph.name, [*graph, softmax], ["softmax"])


def sums_of(graph: QuantGraph) -> QuantGraph:
    """A second layer without a sign behind the first, whose counts are read out."""
    last = graph[graph.outputs[0]]
    codes = np.random.default_rng(3).choice([-1, 1], (2, 2, last.shape[-1], 2)).astype(np.int8)
    sums = ops.Conv2D(
        name="sums",
        inputs=(last.name,),
        shape=(last.shape[0] - 1, last.shape[1] - 1, 2),
        kernel=Kernel(codes, np.ones(2, np.float32), 1),
        padding="valid",
        strides=(1, 1),
        dilation=(1, 1),
        pad_value=0.0,
        groups=1,
    )
    return QuantGraph("sums", [*graph, sums], ["sums"])


NETWORKS = {
    "maps": (network(Draw(height=12, width=12, out_channels=4, padding="same", pool="after")), {}),
    "dense layer on the controller": (with_softmax(classifier(Draw(out_channels=3), [-1, 1], bias=True)), {}),
    "dense layer by events": (classifier(Draw(), [-1, 0, 1]), {"dense_on_array": "events"}),
    "counts": (sums_of(network(Draw(height=10, width=10, out_channels=3))), {}),
    "weights in registers of tiles": (
        network(Draw(height=14, width=14, out_channels=4, padding="same")),
        {"placement": "tiled", "weights": "packed"},
    ),
}


@dataclass
class Posted:
    """By channel, the arrays that were posted, frame by frame; and the words that the store held."""

    frames: list[dict[int, np.ndarray]]
    words: int


def run_project(folder: Path, compiled, inputs: np.ndarray, scan_order: int = 0) -> Posted:
    binary = folder / "program"
    options = ("-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-Wno-unused-parameter")
    command = [COMPILER, *options, "-DPOST_PLANES=1", f"-I{LIBRARY}", "main.cpp", "-o", binary]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (source,) = compiled.array.inputs
    light = [source.light(image[..., 0], (256, 256)).astype(np.uint8) for image in inputs]
    (folder / "frames").write_bytes(b"".join(frame.tobytes() for frame in light))
    variables = {"SCAMP5_FRAMES": "frames", "SCAMP5_POSTS": "posts", "SCAMP5_SCAN": str(scan_order)}
    run = subprocess.run([binary], cwd=folder, env=os.environ | variables, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return Posted(list(_frames((folder / "posts").read_bytes(), len(inputs))), int(run.stdout))


def _frames(data: bytes, count: int):
    posts, start = [], 0
    while start < len(data):
        channel, size, rows, columns = np.frombuffer(data, np.int32, 4, start)
        values = np.frombuffer(data, {1: np.int8, 4: np.int32}[int(size)], rows * columns, start + 16)
        posts.append((int(channel), values.reshape(rows, columns)))
        start += 16 + size * rows * columns
    each = len(posts) // count
    return [dict(posts[index * each : (index + 1) * each]) for index in range(count)]


@needs_compiler
@pytest.mark.parametrize("name", NETWORKS)
def test_exported_projects_give_what_the_simulator_gives(name, tmp_path):
    graph, options = NETWORKS[name]
    compiled = compile_network(graph, "scamp5", **{"placement": "interleaved"} | options)
    inputs = images(graph, FRAMES)
    export_scamp5(compiled, tmp_path)
    posted = run_project(tmp_path, compiled, inputs, scan_order=list(NETWORKS).index(name) % 4)
    assert posted.words <= 1024
    expected = compiled.run(inputs)
    names = list(results_of(compiled))
    for index, frame in enumerate(posted.frames):
        by_name = {result: frame[FIRST_CHANNEL + 2 + number] for number, result in enumerate(names)}
        for output, values in decoded(tmp_path, by_name).items():
            np.testing.assert_allclose(values, expected[output][index], rtol=1e-6)
    if "dense" in name:
        assert_tail(compiled, posted, expected)


def assert_tail(compiled, posted, expected):
    """The controller's class, and its scores within what rounding may change."""
    (wanted,) = expected.values()
    for frame, row in zip(posted.frames, wanted, strict=True):
        assert frame[FIRST_CHANNEL][0, 0] == row.argmax()
        found = frame[FIRST_CHANNEL + 1][0] / 2**15
        if np.isclose(row.sum(), 1) and (row >= 0).all():
            np.testing.assert_allclose(found, row, atol=2e-3)


def test_scores_in_fixed_point_are_near_those_of_the_network():
    graph = classifier(Draw(out_channels=5), [-1, 1], bias=True)
    compiled = compile_network(graph, "scamp5", placement="interleaved")
    (output,) = compiled.array.outputs
    tail = fixed_tail(compiled.array.controller.tail, {output.name: output.layout.shape})
    inputs = images(graph, 20)
    for image, expected in zip(inputs, compiled.run(inputs)["dense"], strict=True):
        from larq_focal.network import interpret

        signs = interpret(compiled.graph, image[None], [output.name])[output.name].ravel()
        bound = (len(signs) + 1) / 2 * 2.0**-tail.shift
        np.testing.assert_allclose(tail.scores(signs), expected, atol=bound + 1e-4)


def test_a_map_has_no_tail():
    graph = network(Draw())
    compiled = compile_network(graph, "scamp5", placement="interleaved")
    (output,) = compiled.array.outputs
    assert (
        fixed_tail(compiled.array.controller.tail, {output.name: output.layout.shape}) == "the network ends with maps"
    )


@pytest.mark.parametrize(
    ("graph", "sensor", "message"),
    [
        (network(Draw(in_channels=2)), "scamp5", "'bits' is loaded as planes"),
        (network(Draw()), small("scamp5"), "scamp5 is not addressed as SCAMP-5: 256x256 pixels"),
    ],
)
def test_what_is_not_exported_is_refused_and_nothing_is_written(graph, sensor, message, tmp_path):
    compiled = compile_network(graph, sensor, placement="interleaved")
    with pytest.raises(ExportError, match=message):
        export_scamp5(compiled, tmp_path / "project")
    assert not (tmp_path / "project").exists()
