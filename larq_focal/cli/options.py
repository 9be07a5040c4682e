"""Arguments and options that several commands take."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from larq_focal.cli.output import quiet
from larq_focal.datasets.names import OWN_NAMES, own_images
from larq_focal.datasets.rows import DATASET_FILES, DATASETS
from larq_focal.deploy.engines import AUTO, ENGINE_CHOICES
from larq_focal.focal_plane.sensor.known_sensors import DEFAULT_SENSOR, sensor_names
from larq_focal.focal_plane.sensor.spills import DEFAULT_SPILL, SPILLS


def _import(ctx: click.Context, param: click.Parameter, modules: tuple[str, ...]) -> None:
    """Runs before the command does, so that what it loads is known by then."""
    if modules:
        with quiet():
            from larq_focal.network.keras.user_objects import import_objects

            for module in modules:
                import_objects(module)


def one_of(names: Iterable[str]) -> str:
    """``a, b or c``, for the text of an option that takes other words too."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


class DatasetName(click.Choice):
    """A data set's name, or that of own images, ``folder:PATH``."""

    def __init__(self):
        super().__init__(tuple(DATASETS))

    def get_metavar(self, param, ctx=None):
        return f"NAME|{'|'.join(OWN_NAMES)}"

    def convert(self, value, param, ctx):
        return value if own_images(value) else super().convert(value, param, ctx)


DATASET_HELP = f"{one_of(DATASETS)}; or a folder for each class of your images, at {OWN_NAMES[0]}@32x32 of one size."
"""Of an option of the type ``DatasetName``."""

output_path = click.Path(path_type=Path, dir_okay=False, readable=False)
"""Of what a command writes: a folder is refused before the work."""
model_argument = click.argument("model", type=click.Path(path_type=Path))
import_option = click.option(
    "--import",
    "modules",
    multiple=True,
    metavar="MODULE",
    expose_value=False,
    callback=_import,
    help="A module with quantizers or layers of your own that the model needs: its name, or the path of a .py file. "
    "Its code runs. May be given several times.",
)
trust_option = click.option(
    "--trust", is_flag=True, help="Load a Keras model although its file holds code, which then runs (docs/safety.md)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
threads_option = click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
engine_option = click.option("--engine", type=click.Choice(ENGINE_CHOICES), default=AUTO, show_default=True)
_REACH = (
    click.option("--python", default="python3", show_default=True, help="The Python on the host, which has LiteRT."),
    click.option("--port", type=click.IntRange(1, 65535), help="Of ssh on the host."),
    click.option("--identity", type=click.Path(path_type=Path), help="File of the private key for ssh."),
    click.option("--ssh-option", "ssh_options", multiple=True, metavar="NAME=VALUE", help="More for ssh's -o."),
)
spill_option = click.option(
    "--spill",
    type=click.Choice(SPILLS),
    default=DEFAULT_SPILL,
    show_default=True,
    help="How far planes may move where registers run out; the controller is the last resort.",
)
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help=f"Folder with {one_of(DATASET_FILES)}, or the files of recorded signals.",
)
sensor_option = click.option(
    "--sensor",
    default=DEFAULT_SENSOR,
    show_default=True,
    help=f"{one_of(sensor_names())}, or the path of a sensor's YAML file.",
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="Inputs to compare on: a .npy array with a batch axis."
)


def files_by_name(files: Iterable[str]) -> dict[str, str] | None:
    """``NAME=FILE`` as a dictionary; None where these are files."""
    files = tuple(files)
    pairs = [item.partition("=") for item in files]
    if any(not equals or os.path.exists(item) for item, (_, equals, _) in zip(files, pairs, strict=True)):
        return None
    return {name: file for name, _, file in pairs}


def reach_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How a host is reached over ssh: the command gets it as ``reach``, arguments of ``Host`` but for the name."""

    @wraps(command)
    def collected(*args: Any, python: str, port: int | None, identity: Path | None, ssh_options: tuple, **options: Any):
        reach = {"python": python, "port": port, "identity": identity, "ssh_options": ssh_options}
        return command(*args, reach=reach, **options)

    for option in reversed(_REACH):
        collected = option(collected)
    return collected
