"""Jars from the Maven repositories that jgo knows on this machine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.maven import MavenContext, PythonResolver

from pixelprose.embedded.errors import FetchFailed
from pixelprose.embedded.jars import Repository
from pixelprose.embedded.lock import Jar

_TIMEOUT_SECONDS = 30


def configured_repositories() -> dict[str, str]:
    """Jgo's own default and what its settings file adds or replaces, by name."""
    return MavenContext().remote_repos | GlobalSettings.load().repositories


class MavenRepository(Repository):
    """Fetches exact files by coordinate: no POM is read and no dependency is resolved."""

    def __init__(self, repositories: dict[str, str]) -> None:
        self._repositories = repositories

    def fetch(self, jar: Jar, folder: Path, *, on_bytes: Callable[[int], None]) -> Path:
        """A file inside ``folder`` with the bytes the repositories have for ``jar``."""

        @contextmanager
        def progress(_file_name: str, _size_bytes: int) -> Iterator[Callable[[int], None]]:
            yield on_bytes

        context = MavenContext(
            resolver=PythonResolver(progress_callback=progress),
            repo_cache=folder,
            remote_repos=self._repositories,
            timeout=_TIMEOUT_SECONDS,
        )
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        try:
            return component.artifact().resolve()
        except (requests.RequestException, RuntimeError) as error:  # jgo's word for "not found"
            raise FetchFailed(
                f"cannot fetch {jar}: {error}. Is there a network? jgo's settings file can name"
                " another Maven repository under [repositories]"
            ) from error
