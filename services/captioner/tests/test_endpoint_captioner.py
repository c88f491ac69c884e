"""The endpoint's adapter against a server on loopback that speaks chat completions."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from pixelprose.captioner.app import load_captioner
from pixelprose.captioner.asking import RequestRefused
from pixelprose.captioner.port import BrokenImage, Captioner, CaptionRequest, Completion
from pixelprose.captioner.settings import CaptionerSection, EndpointSection
from pixelprose.captioner.testing import jpeg
from pixelprose.records import Sampling
from pixelprose.streamkit import ExitCode, Stop, Unavailable

GREEDY = Sampling(temperature=0.0, top_p=1.0, max_tokens=12, seed=0)
Answer = tuple[int, object]


def said(text: str, *, finish: str = "stop") -> Answer:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return 200, {"choices": [choice], "usage": {"prompt_tokens": 30, "completion_tokens": 5}}


@dataclass
class Server:
    """Answers what `answer` says to each body; keeps bodies and headers."""

    address: str = ""
    answer: Callable[[dict[str, Any]], Answer] = lambda _: said(" a red circle ")
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    scripted = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            scripted.paths.append(self.path)
            scripted.keys.append(self.headers["authorization"])
            scripted.bodies.append(body)
            status, document = scripted.answer(body)
            data = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        scripted.address = f"http://127.0.0.1:{http.server_port}/v1"
        yield scripted
        http.shutdown()
        thread.join()


def section(server: Server, **changes: object) -> CaptionerSection:
    endpoint = EndpointSection(url=server.address, api_key=SecretStr("a-secret"), concurrency=3)
    values = {"engine": "endpoint", "model": "a-vlm", "revision": "r1", "endpoint": endpoint}
    return CaptionerSection.model_validate({**values, **changes})


@pytest.fixture
def captioner(server: Server) -> Captioner:
    opened = load_captioner(section(server))
    for kept in (server.bodies, server.keys, server.paths):
        kept.clear()
    return opened


def ask(prompt: str = "What is it?", image: bytes | None = None) -> CaptionRequest:
    return CaptionRequest(image or jpeg(), prompt, GREEDY)


def test_the_image_s_own_bytes_are_sent_before_the_question(
    server: Server, captioner: Captioner
) -> None:
    request = ask()

    assert captioner.caption([request]) == [Completion("a red circle", 30, 5, "stop")]

    [body] = server.bodies
    [message] = body["messages"]
    image, text = message["content"]
    head, _, data = image["image_url"]["url"].partition(",")
    assert (head, base64.b64decode(data)) == ("data:image/jpeg;base64", request.image)
    assert text == {"type": "text", "text": "What is it?"}
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("a-vlm", 12, 0.0)
    assert server.paths == ["/v1/chat/completions"]


def test_answers_come_in_the_order_of_the_requests(server: Server, captioner: Captioner) -> None:
    server.answer = lambda body: said(body["messages"][0]["content"][1]["text"])

    answers = captioner.caption([ask(f"number {at}") for at in range(12)])

    assert [one.text for one in answers] == [f"number {at}" for at in range(12)]


def test_each_image_and_question_has_a_seed_of_its_own(
    server: Server, captioner: Captioner
) -> None:
    captioner.caption([ask(), ask(), ask("Why?"), ask(image=jpeg((0, 0, 9)))])

    seeds = [body["seed"] for body in server.bodies]
    assert len(set(seeds)) == 3


def test_the_key_is_sent_and_never_shown(server: Server, captioner: Captioner) -> None:
    captioner.caption([ask()])

    assert server.keys == ["Bearer a-secret"]
    assert "a-secret" not in f"{section(server)!r} {captioner.engine} {captioner.model}"


def test_rows_name_what_the_operator_states(captioner: Captioner) -> None:
    model = captioner.model
    assert (model.name, model.revision) == ("a-vlm", "r1")
    assert model.library == "OpenAI-compatible server at 127.0.0.1"


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_why_an_answer_ended_is_kept(server: Server, captioner: Captioner, finish: str) -> None:
    server.answer = lambda _: said("", finish=finish)

    [completion] = captioner.caption([ask()])

    assert completion.finish_reason == finish


@pytest.mark.parametrize(
    ("error", "finish"),
    [
        ({"code": "context_length_exceeded"}, "length"),
        ({"code": 400, "param": "input_tokens"}, "length"),
        ({"code": "content_policy_violation"}, "content_filter"),
    ],
)
def test_a_prompt_that_does_not_fit_or_is_filtered_is_an_answer(
    server: Server, captioner: Captioner, error: dict[str, object], finish: str
) -> None:
    server.answer = lambda _: (400, {"error": error})

    assert captioner.caption([ask()]) == [Completion("", 0, 0, finish)]  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_is_busy_or_broken_is_asked_again_later(
    server: Server, captioner: Captioner, status: int
) -> None:
    server.answer = lambda _: (status, {})

    with pytest.raises(Unavailable, match=str(status)):
        captioner.caption([ask()])


def test_a_server_that_is_gone_is_asked_again_later(server: Server) -> None:
    away = EndpointSection(url="http://127.0.0.1:1/v1")

    with pytest.raises(Unavailable, match="ConnectError"):
        load_captioner(section(server, endpoint=away))


def test_a_server_that_takes_too_long_is_asked_again_later(server: Server) -> None:
    asked = threading.Event()
    opened = load_captioner(
        section(server, endpoint=EndpointSection(url=server.address, timeout_seconds=0.2))
    )

    def never(_: dict[str, Any]) -> Answer:
        asked.wait(10)
        return said("too late")

    server.answer = never
    with pytest.raises(Unavailable, match="Timeout"):
        opened.caption([ask()])
    asked.set()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_address_or_model_stops_the_service(
    server: Server, captioner: Captioner, status: int
) -> None:
    server.answer = lambda _: (status, {"error": {"message": "no such thing"}})

    with pytest.raises(Stop, match=r"no such thing; check captioner\.endpoint") as stopped:
        captioner.caption([ask()])

    assert stopped.value.code == ExitCode.BAD_CONFIGURATION


def test_one_request_that_is_not_taken_does_not_stop_the_service(
    server: Server, captioner: Captioner
) -> None:
    server.answer = lambda _: (422, {"error": {"message": "odd"}})

    with pytest.raises(RequestRefused, match="422 for model a-vlm: odd"):
        captioner.caption([ask()])


@pytest.mark.parametrize("document", [b"<html>", {}, {"choices": []}, said("x", finish="odd")[1]])
def test_a_server_of_another_kind_stops_the_service(
    server: Server, captioner: Captioner, document: object
) -> None:
    server.answer = lambda _: (200, document)

    with pytest.raises(Stop, match="does not answer as chat completions do"):
        captioner.caption([ask()])


def test_what_is_no_image_is_never_sent(server: Server, captioner: Captioner) -> None:
    with pytest.raises(BrokenImage):
        captioner.caption([ask(image=b"no image")])

    assert server.bodies == []


@pytest.mark.parametrize("setting", ["model", "revision"])
def test_weights_that_nobody_names_are_refused(server: Server, setting: str) -> None:
    with pytest.raises(Stop, match=rf"captioner\.{setting}"):
        load_captioner(section(server, **{setting: None}))


def test_an_endpoint_without_an_address_is_refused(server: Server) -> None:
    with pytest.raises(Stop, match=r"captioner\.endpoint\.url"):
        load_captioner(section(server, endpoint=EndpointSection()))


def test_a_server_that_takes_no_pictures_is_refused_at_start(server: Server) -> None:
    server.answer = lambda _: (400, {"error": {"message": "text only"}})

    with pytest.raises(Stop, match="text only; it cannot caption pictures"):
        load_captioner(section(server))
