"""Images for programs of the array, as the commands simulate and inspect take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from larq_focal.cli.options import files_by_name
from larq_focal.deploy.pixels import RESIZES

if TYPE_CHECKING:
    import numpy as np

images_argument = click.argument("images", nargs=-1)
resize_option = click.option(
    "--resize",
    type=click.Choice(RESIZES),
    default="none",
    show_default=True,
    help="How a picture of another size is brought to that of the program.",
)


def given_images(files: tuple[str, ...], shapes: Mapping[str, tuple[int, ...]], resize: str) -> dict[str, np.ndarray]:
    """Images by the names of the network's inputs, from ``FILE`` or ``NAME=FILE`` for each.

    Raises:
        click.UsageError: no image is given, or several without names.
        InputError, OSError: as ``read_images``.
    """
    from larq_focal.deploy.image_files import read_images

    if not files:
        raise click.UsageError(f"The program needs an image: it takes {', '.join(shapes)}.")
    named = files_by_name(files)
    if named is None and len(files) > 1:
        raise click.UsageError(f"Give one image, or NAME=FILE for each; the program takes {', '.join(shapes)}.")
    if named is not None and len(named) < len(files):
        raise click.UsageError("A name is given twice; every image has a name of its own.")
    return read_images(files[0] if named is None else named, shapes, resize)
