import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pixelprose.embedded.errors import FetchFailed
from pixelprose.embedded.lock import Jar
from pixelprose.embedded.maven import MavenRepository, configured_repositories
from pixelprose.embedded.ports import free_port

DATA = b"what a jar holds" * 1000
JAR = Jar("org.example.deep", "one", "1.0", hashlib.sha256(DATA).hexdigest(), len(DATA))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        pass


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[MavenRepository]:
    shelf = tmp_path / "repository" / "org/example/deep/one/1.0"
    shelf.mkdir(parents=True)
    (shelf / "one-1.0.jar").write_bytes(DATA)
    handler = partial(Quiet, directory=str(tmp_path / "repository"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield MavenRepository({"local": f"http://127.0.0.1:{server.server_port}"})
        server.shutdown()
        thread.join()


def test_a_jar_is_fetched_by_its_coordinate(repository: MavenRepository, tmp_path: Path) -> None:
    heard: list[int] = []
    path = repository.fetch(JAR, tmp_path / "incoming", on_bytes=heard.append)
    assert path.read_bytes() == DATA
    assert sum(heard) == len(DATA)


def test_a_jar_that_is_nowhere_is_told_by_name(repository: MavenRepository, tmp_path: Path) -> None:
    absent = Jar("org.example", "absent", "9", sha256="0" * 64, size_bytes=1)
    with pytest.raises(FetchFailed, match=r"cannot fetch org\.example:absent:9"):
        repository.fetch(absent, tmp_path, on_bytes=lambda _: None)


def test_an_unreachable_repository_is_told_with_what_to_do(tmp_path: Path) -> None:
    nowhere = MavenRepository({"nowhere": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(FetchFailed, match="Is there a network"):
        nowhere.fetch(JAR, tmp_path, on_bytes=lambda _: None)


def test_jgos_settings_file_names_further_repositories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "jgo.conf"
    settings.write_text("[repositories]\nours = http://127.0.0.1:1/maven\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    assert configured_repositories()["ours"] == "http://127.0.0.1:1/maven"
