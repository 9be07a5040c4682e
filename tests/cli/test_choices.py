"""What an option can be comes from the module that knows it, and help texts take nothing else to show it."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest

from larq_focal.cli import main
from larq_focal.cli.netadapt import METRICS
from larq_focal.cli.optimize import METRICS as OPTIMIZED_METRICS
from larq_focal.compress.scheme_names import SCHEME_NAMES
from larq_focal.datasets.rows import DATASETS
from larq_focal.deploy.converters import CALIBRATIONS, CONVERTERS, INPUT_TYPES, RESTS
from larq_focal.deploy.engines import AUTO, ENGINES
from larq_focal.deploy.inputs import RESIZES
from larq_focal.deploy.pixels import SCALES
from larq_focal.focal_plane import processor_names, sensor_names
from larq_focal.focal_plane.compiler.option_costs import PLACEMENTS, WEIGHTS
from larq_focal.focal_plane.compiler.options import DENSE_COUNTS
from larq_focal.focal_plane.export import TOOLCHAINS
from larq_focal.focal_plane.sensor.known_sensors import SENSORS
from larq_focal.focal_plane.sensor.spills import SPILLS
from larq_focal.mcu.emulator import MICROCONTROLLERS
from larq_focal.mcu.selection import TARGETS
from larq_focal.network import save_graph
from tests.focal_plane.graphs import two_layer_network
from tests.support.modules import PACKAGE, modules_in
from tests.support.processes import output_of

OWNED = {
    "calibration": CALIBRATIONS,
    "converter": CONVERTERS,
    "dataset": tuple(DATASETS),
    "dense_on_array": DENSE_COUNTS,
    "engine": (AUTO, *ENGINES),
    "export": TOOLCHAINS,
    "input_type": INPUT_TYPES,
    "metric": METRICS,
    "microcontroller": tuple(MICROCONTROLLERS),
    "pixels": tuple(SCALES),
    "placement": PLACEMENTS,
    "preprocessing": tuple(SCALES),
    "resize": RESIZES,
    "rest": RESTS,
    "scheme": SCHEME_NAMES,
    "spill": SPILLS,
    "target": TARGETS,
    "weights": WEIGHTS,
}
"""The choices of options by their names."""
OWNED_BY_COMMAND = {"optimize metric": OPTIMIZED_METRICS}
"""Those of a command that offers others."""
OWNERS = {
    "datasets/rows.py": tuple(DATASETS),
    "deploy/converters.py": CONVERTERS,
    "deploy/engines.py": tuple(ENGINES),
    "deploy/pixels.py": RESIZES,
    "focal_plane/compiler/options.py": PLACEMENTS,
    "focal_plane/sensor/spills.py": SPILLS,
}
HEAVY = {"keras", "larq", "numpy", "pandas", "rich", "tensorflow", "yaml"}


def options(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Option]]:
    """Every option of every command, with the words that call the command."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from options(command, (*path, name))
        else:
            yield from (((*path, name), each) for each in command.params if isinstance(each, click.Option))


CHOICES = {" ".join((*path, each.name)): each for path, each in options() if isinstance(each.type, click.Choice)}
COMMANDS = [[], *sorted({path for path, _ in options()})]


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_is_that_of_its_owner(name):
    option = CHOICES[name]
    owned = OWNED_BY_COMMAND.get(name, OWNED[option.name])
    assert tuple(option.type.choices) == owned
    assert not isinstance(option.default, str) or option.default in owned


def test_all_that_has_an_owner_can_be_chosen():
    assert {option.name for option in CHOICES.values()} == {*OWNED}


@pytest.mark.parametrize(
    ("command", "name", "known"),
    [
        ("fit", "sensor", (*sensor_names(), *processor_names())),
        ("compile", "sensor", sensor_names()),
        ("inspect", "sensor", sensor_names()),
        ("run", "scale", tuple(SCALES)),
        ("run", "resize", RESIZES),
    ],
)
def test_help_names_what_is_known_where_other_words_are_taken_too(command, name, known):
    (option,) = (each for path, each in options() if path == (command,) and each.name == name)
    assert {*known} <= {*re.findall(r"\w+", option.help)}


def literals(file: Path) -> Iterator[set[str]]:
    """The words in each list, tuple, set, dictionary and ``Literal`` that a file writes out."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            parts = node.elts
        elif isinstance(node, ast.Dict):
            parts = node.keys
        else:
            continue
        yield {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def test_no_list_of_choices_is_written_a_second_time():
    homes = {names: set() for names in OWNERS.values()}
    for file in modules_in(PACKAGE).values():
        for words in literals(file):
            for names in homes:
                if words >= {*names}:
                    homes[names].add(file.relative_to(PACKAGE).as_posix())
    assert homes == {names: {owner} for owner, names in OWNERS.items()}


def test_help_loads_only_the_command_line():
    code = f"""
        import sys
        from larq_focal.cli import main
        for path in {COMMANDS!r}:
            main([*path, "--help"], standalone_mode=False)
            print("loaded:", *path, *({HEAVY!r} & sys.modules.keys()))
        """
    loaded = [line for line in output_of(code).splitlines() if line.startswith("loaded:")]
    assert loaded == [" ".join(("loaded:", *path)) for path in COMMANDS]


def test_a_data_set_is_added_in_one_place(tmp_path):
    images = {f"x_{split}": np.zeros((2, 2, 2), np.uint8) for split in ("train", "test")}
    labels = {f"y_{split}": np.arange(2, dtype=np.uint8) for split in ("train", "test")}
    np.savez(tmp_path / "added.npz", **images, **labels)
    code = """
        import sys
        from larq_focal.datasets import rows as owner
        row = owner.DatasetRow(title="Added", shape=(2, 2, 1), classes=("a", "b"), epochs=1, batch_size=1)
        owner.DATASETS["added"] = row
        from larq_focal.cli import main
        for command in (["bench"], ["zoo", "train"]):
            main([*command, "--help"], standalone_mode=False)
        from larq_focal.datasets import load_dataset
        print(load_dataset("added", sys.argv[1]).title)
        """
    shown = output_of(code, tmp_path)
    assert "unimib_shar or added; or a folder" in " ".join(shown.split())
    assert len(re.findall(r"--dataset \[.*\|added\]", shown)) == 1
    assert shown.endswith("Added")


def test_a_sensor_is_added_in_one_place(tmp_path):
    folder = tmp_path / "sensors"
    shutil.copytree(SENSORS, folder)
    (folder / "added.yaml").write_text("extends: scamp5\nname: added\n")
    code = """
        import sys
        from pathlib import Path
        from larq_focal.focal_plane.sensor import known_sensors
        known_sensors.SENSORS = Path(sys.argv[1])
        from larq_focal.cli import main
        for command in ("fit", "compile", "inspect"):
            main([command, "--help"], standalone_mode=False)
        for command in (["compile", sys.argv[2], "-o", sys.argv[3]], ["fit", "--from-graph", sys.argv[2]]):
            main([*command, "--sensor", "added"], standalone_mode=False)
        """
    network, program = save_graph(two_layer_network(side=16, maps=2), tmp_path / "two.qgraph"), tmp_path / "two.scamp"
    shown = output_of(code, folder, network, program)
    assert len(re.findall(r"--sensor TEXT +added,", shown)) == 3
    assert "two layers on added: FIT" in shown
    assert "sensor: added" in program.read_text()
