"""Where schema ids come from: the embedded registry, and a real one over HTTP."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from pixelprose.records import ImageSubmitted, Registry, RegistrySettings, Takedown, Wire
from pixelprose.records.__main__ import main
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.records.ids import schema_ids
from pixelprose.records.registry import subject_of
from pixelprose.streamkit import ExitCode, Stop, Unavailable

FIRST_ID = 100_001


class FakeRegistry(HTTPServer):
    """As much of the Confluent registry's HTTP interface as our client uses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.schemas: dict[tuple[str, str], int] = {}
        self.broken_with: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeRegistry

    def do_POST(self) -> None:
        subject = self.path.split("?")[0].split("/")[2]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = self.server.schemas
        key = (subject, body["schema"])
        if self.path.split("?")[0].endswith("/versions"):
            known.setdefault(key, FIRST_ID + len(known))
        if key in known:
            self._answer(200, {"subject": subject, "version": 1, "id": known[key], **body})
        else:
            self._answer(404, {"error_code": 40403, "message": "Schema not found"})

    def do_GET(self) -> None:
        wanted = int(self.path.split("?")[0].split("/")[-1])
        found = [text for (_, text), number in self.server.schemas.items() if number == wanted]
        if found:
            self._answer(200, {"schema": found[0]})
        else:
            self._answer(404, {"error_code": 40403, "message": "Schema not found"})

    def _answer(self, status: int, body: object) -> None:
        if self.server.broken_with:
            status, body = self.server.broken_with, {"error_code": 0, "message": "no"}
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[FakeRegistry]:
    with FakeRegistry() as started:
        thread = Thread(target=started.serve_forever, daemon=True)
        thread.start()
        yield started
        started.shutdown()
        thread.join()


def registry_at(server: FakeRegistry) -> Registry:
    return Registry(RegistrySettings(url=server.url))


def test_the_embedded_registry_gives_the_ids_of_the_list() -> None:
    registry = Registry(RegistrySettings())
    for entry in schema_ids(packaged()):
        assert registry.id_of(entry.record) == entry.id


def test_every_process_gets_the_same_ids() -> None:
    program = (
        "from pixelprose.records import Registry, RegistrySettings; "
        "print(Registry(RegistrySettings(url='mock://other')).id_of('CaptionAnnotated'))"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert int(said.stdout) == Registry(RegistrySettings()).id_of("CaptionAnnotated")


def test_a_real_registry_gives_its_own_ids(server: FakeRegistry) -> None:
    operator = registry_at(server)
    given = operator.register("Takedown")
    assert given == FIRST_ID
    value = example(packaged(), Takedown, "full")
    data = Wire(Takedown, registry_at(server)).encode(value)
    assert int.from_bytes(data[1:5], "big") == given
    assert Wire(Takedown, registry_at(server)).decode(data) == value


def test_registering_again_gives_the_same_id(server: FakeRegistry) -> None:
    assert registry_at(server).register("Redrive") == registry_at(server).register("Redrive")


def test_a_service_does_not_register_what_the_registry_lacks(server: FakeRegistry) -> None:
    with pytest.raises(Stop, match=r"does not know today's schema.*register") as stop:
        Wire(ImageSubmitted, registry_at(server))
    assert stop.value.code is ExitCode.BAD_CONFIGURATION
    assert not server.schemas


def test_an_unknown_id_has_no_schema(server: FakeRegistry) -> None:
    assert registry_at(server).schema(7) is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_in_trouble_is_unavailable(server: FakeRegistry, status: int) -> None:
    server.broken_with = status
    with pytest.raises(Unavailable, match="registry"):
        registry_at(server).schema(7)


@pytest.mark.parametrize("status", [401, 403, 409, 422])
def test_a_registry_that_refuses_stops_the_service(server: FakeRegistry, status: int) -> None:
    server.broken_with = status
    with pytest.raises(Stop, match="refuses"):
        registry_at(server).id_of("Takedown")


def test_a_registry_that_is_down_is_unavailable() -> None:
    gone = FakeRegistry()
    gone.server_close()
    with pytest.raises(Unavailable, match="registry"):
        registry_at(gone).id_of("Takedown")


def test_the_operators_command_registers_every_schema(
    server: FakeRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["register", server.url]) == 0
    registered = {subject for subject, _ in server.schemas}
    assert registered == {subject_of(record) for record in packaged().records}
    assert "CaptionAnnotated: id " in capsys.readouterr().out


def test_the_operators_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    gone = FakeRegistry()
    gone.server_close()
    assert main(["register", gone.url]) == 1
    assert gone.url in capsys.readouterr().err


def test_the_password_is_not_printed() -> None:
    settings = RegistrySettings.model_validate(
        {"url": "https://registry.example", "username": "u", "password": "hunter2"}
    )
    assert "hunter2" not in repr(settings)
    assert settings.client()["basic.auth.user.info"] == "u:hunter2"
