"""Altered programs, sensors and noise models: each is accepted, or refused with one ValueError, in bounded time."""

from __future__ import annotations

import random
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.compiler import compile_network
from larq_focal.focal_plane.compiler.program_file import program_from_text, program_text
from larq_focal.focal_plane.machine import Noise, Simulator, assemble, load_noise
from larq_focal.focal_plane.machine.instruction_set import InstructionSet
from larq_focal.focal_plane.machine.noise import FOLDER as NOISE_MODELS
from larq_focal.focal_plane.sensor.known_sensors import SENSORS
from tests.focal_plane.compiler.on_sensors import small
from tests.focal_plane.compiler.random_layers import Draw, network
from tests.focal_plane.graphs import chain, dense
from tests.focal_plane.machine.programs import small_sensor
from tools.fuzz_loaders.text_files import altered_program_text, altered_yaml_text, with_altered_graph

PER_KIND = 300
MOST_ICW = 3_000  # of a frame that is simulated here
LONGEST_MESSAGE = 3_000
SENSOR = yaml.safe_dump(yaml.safe_load((SENSORS / "template.yaml").read_text()))
NOISE = (NOISE_MODELS / "scamp5.yaml").read_text()
ASSEMBLY = """kernel k0
    SET(R0)
    XORX(R6, R7, R8)
    DNEWS(R5, R9, east|north)
    add(A, B, C)
    bus(NEWS, A)
end
main
    load_in(-10)
    load_pattern(R5, 1, 2, 252, 248)
    repeat 3
        launch(k0)
    end
    score = global_sum(A)
    kept = read_plane(R5)
    load_plane(R6, kept)
    events = read_events(R5, 4)
end
"""


@pytest.fixture(scope="module")
def programs() -> list[str]:
    """The light of pixels, planes in tiles, sums, and scores of a dense layer."""
    sensor, layer, wide = small("scamp5"), network(Draw(padding="same")), network(Draw(in_channels=2, padding="same"))
    classifier = chain("classifier", *layer, *dense("logits", layer["sign"], 2, bits=1))
    compiled = (
        compile_network(layer, sensor),
        compile_network(wide, sensor, placement="tiled", weights="packed"),
        compile_network(classifier, sensor, dense_on_array="estimates"),
    )
    return [program_text(each.array) for each in compiled]


def outcome(read, text: str) -> bool:
    """Whether the text is accepted; fails for anything but acceptance or one short ValueError."""
    start = time.process_time()
    try:
        read(text)
    except ValueError as error:
        assert str(error) and len(str(error)) < LONGEST_MESSAGE, f"{len(str(error))} letters for:\n{text[:2000]}"
        accepted = False
    else:
        accepted = True
    assert time.process_time() - start < 20
    return accepted


def read_program_and_run(text: str) -> None:
    array = program_from_text(text)
    simulator = Simulator(array.sensor)
    if array.program.executed_icw(simulator.instruction_set) > MOST_ICW:
        return
    rng = np.random.default_rng(0)
    array.network_frame(simulator, {name: rng.integers(0, 2, shape) for name, shape in array.image_shapes.items()})


def assemble_and_run(text: str) -> None:
    sensor = small_sensor()
    simulator = Simulator(sensor)
    program = assemble(text, InstructionSet(sensor))
    simulator.run(program, most_icw=MOST_ICW)


def file_reader(read, path: Path):
    def read_text(text: str) -> None:
        path.write_bytes(text.encode("utf-8", "replace"))
        read(path)

    return read_text


def read_sensor_and_run(path: Path) -> None:
    sensor = load_sensor(path)
    if sensor.height * sensor.width <= 2**16:
        simulator = Simulator(sensor)
        for text in ("main\nend", ASSEMBLY):
            try:
                program = assemble(text, simulator.instruction_set)
            except ValueError:
                continue
            simulator.run(program, most_icw=MOST_ICW)


def read_noise_and_use(path: Path) -> None:
    sensor = small_sensor()
    Noise(load_noise(path), sensor).added(np.ones((sensor.height, sensor.width), np.float32), True)


def check_all(read, alter, texts: list[str], seed: int, count: int) -> None:
    """Alters and reads ``count`` times; some alterations must be accepted and some refused, else nothing was tested."""
    accepted = 0
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        altered = alter(rng.choice(texts), rng)
        try:
            accepted += outcome(read, altered)
        except Exception as error:
            raise AssertionError(f"seed {seed}, number {number}: {type(error).__name__}: {error}") from error
    assert 0 < accepted < count


@pytest.mark.parametrize("seed", [0])
def test_programs(programs, seed):
    assert all(outcome(read_program_and_run, text) for text in programs)
    check_all(read_program_and_run, altered_program_text, programs, seed, PER_KIND)


@pytest.mark.parametrize("seed", [0])
def test_graphs_in_programs(programs, seed, tmp_path):
    alter = partial(with_altered_graph, canary=tmp_path / "canary")
    check_all(read_program_and_run, alter, programs, seed, PER_KIND // 3)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("seed", [0])
def test_assembly(seed):
    assert outcome(assemble_and_run, ASSEMBLY)
    check_all(assemble_and_run, altered_program_text, [ASSEMBLY], seed, PER_KIND)


@pytest.mark.parametrize("seed", [0])
def test_sensors(tmp_path, seed):
    read = file_reader(read_sensor_and_run, tmp_path / "mine.yaml")
    assert outcome(read, SENSOR)
    check_all(read, altered_yaml_text, [SENSOR], seed, PER_KIND)


@pytest.mark.parametrize("seed", [0])
def test_noise_models(tmp_path, seed):
    read = file_reader(read_noise_and_use, tmp_path / "mine.yaml")
    assert outcome(read, NOISE)
    check_all(read, altered_yaml_text, [NOISE], seed, PER_KIND)
