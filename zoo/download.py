"""Pretrained weights: those in the package, in the cache, or from the network, checked against the manifest."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from platformdirs import user_cache_path

from larq_focal.zoo.manifest import MIRROR_VARIABLE, DownloadError, WeightsFile, is_right, manifest

CACHE_VARIABLE, OFFLINE_VARIABLE = "LARQ_FOCAL_CACHE", "LARQ_FOCAL_OFFLINE"


def download(
    name: str,
    *,
    mirror: str | None = None,
    cache: str | Path | None = None,
    offline: bool | None = None,
    received: Callable[[int, int], None] | None = None,
    among: dict[str, WeightsFile] | None = None,
) -> Path:
    """The path of a pretrained weights file, which is fetched if it is not there yet.

    It is looked for in the installed package, then in the cache, then at the mirror or else the release address. A
    download that was cut goes on where it stopped, also in a later call. Nothing is returned whose size and SHA-256
    are not those of the manifest.

    Args:
        name: ``<model>-<data set>``, a key of :func:`manifest`.
        mirror: Address of a folder that holds the file; by default the environment's ``LARQ_FOCAL_ZOO_URL``.
        cache: Folder for downloaded files; by default ``LARQ_FOCAL_CACHE``, or else the user's cache folder.
        offline: Whether to use what is there only; by default whether ``LARQ_FOCAL_OFFLINE`` is 1.
        received: Called with the bytes that are there and the bytes of the whole file, as they come.
        among: The manifest; by default the package's own.

    Raises:
        DownloadError: There are no such weights, or they could not be fetched whole and right.
    """
    rows = manifest() if among is None else among
    if name not in rows:
        raise DownloadError(f"There are no pretrained weights '{name}'; there are {', '.join(rows) or 'none yet'}.")
    row = rows[name]
    shipped = Path(str(files("larq_focal.zoo").joinpath("pretrained", row.name)))
    if is_right(shipped, row):
        return shipped
    path = cache_folder(cache) / row.name
    if is_right(path, row):
        return path
    address = _address(row, mirror)
    if os.environ.get(OFFLINE_VARIABLE) == "1" if offline is None else offline:
        raise DownloadError(
            f"'{row.name}' ({row.bytes:,} bytes) is not in '{path.parent}', and this is offline. "
            f"Put it there from {address or 'a machine that has it'}, or allow downloads."
        )
    if address is None:
        raise DownloadError(
            f"'{row.name}' has no release address yet: name a folder that holds it with {MIRROR_VARIABLE}=https://..."
        )
    from larq_focal.zoo.transfer import fetch  # its libraries take longer than all else of a file that is there

    fetch(address, path, row, received)
    return path


def cache_folder(cache: str | Path | None = None) -> Path:
    """The folder of downloaded files: the argument, the environment's, or the user's cache folder."""
    return Path(cache or os.environ.get(CACHE_VARIABLE) or user_cache_path("larq_focal") / "zoo").expanduser()


def _address(row: WeightsFile, mirror: str | None) -> str | None:
    folder = mirror or os.environ.get(MIRROR_VARIABLE)
    return f"{folder.rstrip('/')}/{row.name}" if folder else row.address
