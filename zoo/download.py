"""Pretrained weights from the network: checked against a manifest, resumed after a cut, one process at a time."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from platformdirs import user_cache_path

MIRROR_VARIABLE, CACHE_VARIABLE, OFFLINE_VARIABLE = "LARQ_FOCAL_ZOO_URL", "LARQ_FOCAL_CACHE", "LARQ_FOCAL_OFFLINE"
_ATTEMPTS = 5
_CONNECT_SECONDS, _SILENCE_SECONDS, _LOCK_SECONDS = 10, 30, 600
_CHUNK = 1 << 16

Received = Callable[[int, int], None]


class DownloadError(RuntimeError):
    """A file could not be had; the message says why and what to do."""


@dataclass(frozen=True)
class WeightsFile:
    """A row of the manifest.

    Attributes:
        name: Name of the file, ``<model>-<data set>.npz``.
        bytes: Its size.
        sha256: Its SHA-256 in hexadecimal.
        address: Where the project releases it; None while it only lies in the repository.
    """

    name: str
    bytes: int
    sha256: str
    address: str | None = None


def manifest() -> dict[str, WeightsFile]:
    """All pretrained weights, by ``<model>-<data set>``."""
    rows = json.loads(files("larq_focal.zoo").joinpath("pretrained", "manifest.json").read_text())
    return {row["name"].removesuffix(".npz"): WeightsFile(**row) for row in rows}


def download(
    name: str,
    *,
    mirror: str | None = None,
    cache: str | Path | None = None,
    offline: bool | None = None,
    received: Received | None = None,
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
    if _is_right(shipped, row):
        return shipped
    path = cache_folder(cache) / row.name
    if _is_right(path, row):
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
    with _only_process(path):
        if not _is_right(path, row):  # another process may have fetched it while this one waited
            _fetch(address, path, row, received)
    return path


def cache_folder(cache: str | Path | None = None) -> Path:
    """The folder of downloaded files: the argument, the environment's, or the user's cache folder."""
    return Path(cache or os.environ.get(CACHE_VARIABLE) or user_cache_path("larq_focal") / "zoo").expanduser()


def _address(row: WeightsFile, mirror: str | None) -> str | None:
    folder = mirror or os.environ.get(MIRROR_VARIABLE)
    return f"{folder.rstrip('/')}/{row.name}" if folder else row.address


@contextmanager
def _only_process(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=_LOCK_SECONDS)
    try:
        with lock:
            yield
    except Timeout as error:
        raise DownloadError(
            f"Another process has been fetching '{path}' for {_LOCK_SECONDS // 60} minutes: wait for it, or end it."
        ) from error


def _fetch(address: str, path: Path, row: WeightsFile, received: Received | None) -> None:
    import requests  # takes longer than all else of a file that is there

    partial = path.with_name(f"{path.name}.part")
    for attempt in range(_ATTEMPTS):
        before = _size(partial)
        if before == row.bytes:
            break
        try:
            _append(address, partial, row, received)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            if attempt == _ATTEMPTS - 1:
                raise DownloadError(
                    f"{address} broke off {_ATTEMPTS} times ({_size(partial):,} of {row.bytes:,} bytes are there): "
                    f"{error}. Call again to go on, or name a mirror with {MIRROR_VARIABLE}."
                ) from error
        if _size(partial) == row.bytes:
            break
        if _size(partial) == before:
            time.sleep(0.1 * 2**attempt)  # nothing came: let it recover
    else:
        raise DownloadError(
            f"{address} ends after {_size(partial):,} of {row.bytes:,} bytes: it is not the file of the manifest."
        )
    if _digest(partial) != row.sha256:
        partial.unlink()
        raise DownloadError(
            f"{address} is not '{row.name}' of the manifest: its SHA-256 is another one. It was deleted; try again, "
            "or tell whoever keeps that address."
        )
    os.replace(partial, path)


def _append(address: str, partial: Path, row: WeightsFile, received: Received | None) -> None:
    """Receives what is missing of ``partial``, or all of it where the server cannot send a part."""
    import requests

    have = _size(partial)
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with requests.get(address, headers=headers, stream=True, timeout=(_CONNECT_SECONDS, _SILENCE_SECONDS)) as answer:
        if answer.status_code == 416 or (
            answer.status_code == 206 and not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        ):
            partial.unlink(missing_ok=True)  # what is there does not belong to that file
            return
        if answer.status_code >= 500:
            raise requests.ConnectionError(f"the server answered {answer.status_code} {answer.reason}")
        if answer.status_code not in (200, 206):
            raise DownloadError(
                f"{address} answers {answer.status_code} {answer.reason}: name a mirror that has '{row.name}' with "
                f"{MIRROR_VARIABLE}."
            )
        with partial.open("ab" if answer.status_code == 206 else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                if received:
                    received(file.tell(), row.bytes)
                if file.tell() > row.bytes:
                    break
    if _size(partial) > row.bytes:
        partial.unlink()
        raise DownloadError(f"{address} sends more than the {row.bytes:,} bytes of '{row.name}' in the manifest.")


def _is_right(path: Path, row: WeightsFile) -> bool:
    return _size(path) == row.bytes and _digest(path) == row.sha256


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
