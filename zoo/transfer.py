"""Fetching a file of the manifest: resumed after a cut, one process at a time, checked before it is there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from filelock import FileLock, Timeout

from larq_focal.messages import short
from larq_focal.zoo.manifest import MIRROR_VARIABLE, DownloadError, WeightsFile, digest, is_right, size

_ATTEMPTS = 5
_CONNECT_SECONDS, _SILENCE_SECONDS, _LOCK_SECONDS = 10, 30, 600
_CHUNK = 1 << 16
_REDIRECTIONS = 5
# After these the download goes on.
_CUTS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)

Received = Callable[[int, int], None]


def fetch(address: str, path: Path, row: WeightsFile, received: Received | None) -> None:
    """Fetches ``row`` from ``address`` to ``path``, unless another process has done so meanwhile.

    Raises:
        DownloadError: it could not be fetched whole and right.
    """
    with _only_process(path):
        if not is_right(path, row):
            _fetch(address, path, row, received)


@contextmanager
def _only_process(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_not_a_link(path.with_name(f".{path.name}.lock")), timeout=_LOCK_SECONDS)
    try:
        with lock:
            yield
    except Timeout as error:
        raise DownloadError(
            f"Another process has been fetching '{path}' for {_LOCK_SECONDS // 60} minutes: wait for it, or end it."
        ) from error


def _not_a_link(path: Path) -> Path:
    """``path``, which is to be written to: through a link, someone else would choose what is overwritten."""
    if path.is_symlink():
        raise DownloadError(f"'{path}' is a symbolic link, through which nothing is written: delete it, and try again.")
    return path


def _fetch(address: str, path: Path, row: WeightsFile, received: Received | None) -> None:
    partial = _not_a_link(path.with_name(f"{path.name}.part"))
    for attempt in range(_ATTEMPTS):
        before = size(partial)
        if before == row.bytes:
            break
        try:
            _append(address, partial, row, received)
        except _CUTS as error:
            if attempt == _ATTEMPTS - 1:
                raise DownloadError(
                    f"{address} broke off {_ATTEMPTS} times ({size(partial):,} of {row.bytes:,} bytes are there): "
                    f"{short(error)}. Call again to go on, or name a mirror with {MIRROR_VARIABLE}."
                ) from error
        except (requests.RequestException, ValueError) as error:
            raise DownloadError(
                f"{address} cannot be fetched: {short(error)}. Name a mirror with {MIRROR_VARIABLE}."
            ) from error
        except OSError as error:
            raise DownloadError(f"'{partial}' cannot be written: {error.strerror or error}.") from error
        if size(partial) == row.bytes:
            break
        if size(partial) == before:
            time.sleep(0.1 * 2**attempt)  # nothing came: let it recover
    else:
        raise DownloadError(
            f"{address} ends after {size(partial):,} of {row.bytes:,} bytes: it is not the file of the manifest."
        )
    if digest(partial) != row.sha256:
        partial.unlink()
        raise DownloadError(
            f"{address} is not '{row.name}' of the manifest: its SHA-256 is another one. It was deleted; try again, "
            "or tell whoever keeps that address."
        )
    os.replace(partial, path)


def _append(address: str, partial: Path, row: WeightsFile, received: Received | None) -> None:
    """Receives what is missing of ``partial``, or all of it where the server cannot send a part."""
    have = size(partial)
    with _answer(address, {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}) as answer:
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
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        flags |= os.O_APPEND if answer.status_code == 206 else os.O_TRUNC
        with open(os.open(partial, flags, 0o666), "ab" if flags & os.O_APPEND else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                if received:
                    received(file.tell(), row.bytes)
                if file.tell() > row.bytes:
                    break
    if size(partial) > row.bytes:
        partial.unlink()
        raise DownloadError(f"{address} sends more than the {row.bytes:,} bytes of '{row.name}' in the manifest.")


@contextmanager
def _answer(address: str, headers: dict[str, str]) -> Iterator[requests.Response]:
    """What the server answers, or the one that it names in its place: at the same kind of address, or at https."""
    first = address
    for _ in range(_REDIRECTIONS + 1):
        with requests.get(
            address,
            headers=headers,
            stream=True,
            allow_redirects=False,
            timeout=(_CONNECT_SECONDS, _SILENCE_SECONDS),
        ) as answer:
            if not answer.is_redirect:
                yield answer
                return
            there = urljoin(address, answer.headers["Location"])
        if urlsplit(there).scheme not in {urlsplit(address).scheme, "https"}:
            raise DownloadError(
                f"{first} leads to '{short(there, 100)}', which is not followed: only https, or http from http, is. "
                f"Name a mirror with {MIRROR_VARIABLE}."
            )
        address = there
    raise DownloadError(f"{first} leads from one address to another without end. Name a mirror with {MIRROR_VARIABLE}.")
