"""One file over HTTP, gone on with where it broke off, also in a later process.

huggingface_hub (2.4) deletes what an interrupted download had; of a shard of 5 GB that is much.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx

from pixelprose.cli.errors import CommandError
from pixelprose.cli.models.shelf import digest

_TIMEOUT_SECONDS: Final = 60.0

OnBytes = Callable[[int], None]


def download(
    url: str, part: Path, *, expected: str, headers: Mapping[str, str], on_bytes: OnBytes
) -> None:
    """Return with the whole file in `part`, whose digest is `expected`.

    `on_bytes` hears how much came, first of what was here already. A broken connection is made
    again as long as that brings more.

    Raises:
        CommandError: the server breaks off, or its bytes are others, which are then deleted.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    on_bytes(_size(part))
    while True:
        before = _size(part)
        try:
            _go_on(url, part, headers=headers, on_bytes=on_bytes)
            break
        except httpx.TransportError as error:
            if _size(part) == before:
                raise CommandError(f"{url} broke off; pull again to go on: {error}") from error
        except httpx.HTTPStatusError as error:
            detail = f"{url} answers {error.response.status_code}; pull again to go on"
            raise CommandError(detail) from error
    found = digest(part, like=expected)
    if found != expected:
        part.unlink()
        raise CommandError(f"{url} is {found}, not {expected} as pinned; it is deleted")


def _go_on(url: str, part: Path, *, headers: Mapping[str, str], on_bytes: OnBytes) -> None:
    had = _size(part)
    asked = {
        **headers,
        "accept-encoding": "identity",
        **({"range": f"bytes={had}-"} if had else {}),
    }
    # httpx gives no credentials to another host than the first.
    with (
        httpx.Client(follow_redirects=True, timeout=_TIMEOUT_SECONDS) as client,
        client.stream("GET", url, headers=asked) as answer,
    ):
        if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # All of it was here; its digest decides.
        answer.raise_for_status()
        goes_on = answer.status_code == HTTPStatus.PARTIAL_CONTENT
        if had and not goes_on:
            on_bytes(-had)
        with part.open("ab" if goes_on else "wb") as file:
            for piece in answer.iter_raw():
                file.write(piece)
                on_bytes(len(piece))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
