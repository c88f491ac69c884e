"""Captions by any server that speaks OpenAI's chat completions: vLLM's own, SGLang, a paid one."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from pixelprose.captioner.asking import TOO_LONG, RequestRefused, conversation, picture, probe, seed
from pixelprose.captioner.port import Captioner, CaptionRequest, Completion, FinishReason
from pixelprose.captioner.settings import CaptionerSection
from pixelprose.records import Model
from pixelprose.streamkit import ExitCode, Stop, Unavailable

_DEPENDENCY: Final = "endpoint"
_FINISHED: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
}
_LATER: Final = frozenset({408, 409, 425, 429})
"""Besides every 5xx: answers after which the same request may succeed."""
_OURS: Final = frozenset({401, 403, 404, 405})
"""Answers that every request would get: address, key or model are wrong."""
_TOO_LONG: Final = "context_length_exceeded"
_FILTERED: Final = frozenset({"content_filter", "content_policy_violation"})
"""OpenAI's codes for a prompt that leaves no room, and for what its filters stop."""


class EndpointCaptioner(Captioner):
    """Sends `concurrency` requests at a time; one that fails fails its batch, to be asked again."""

    def __init__(self, client: httpx.Client, *, model: Model, engine: str, threads: int) -> None:
        self._client = client
        self._model = model
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="endpoint")

    @property
    def model(self) -> Model:
        """The served name, and the revision that its operator states."""
        return self._model

    @property
    def engine(self) -> str:
        """The server."""
        return self._engine

    def caption(self, requests: Sequence[CaptionRequest]) -> Sequence[Completion]:
        """Return one completion per request, in order.

        Raises:
            BrokenImage: an image is no JPEG; nothing was sent.
            Unavailable: the server does not answer, or asks us to come later.
            RequestRefused: the server does not take one of them.
            Stop: the server refuses us.
        """
        for request in requests:
            picture(request)
        return list(self._threads.map(self._ask, requests))

    def _ask(self, request: CaptionRequest) -> Completion:
        try:
            answer = self._client.post("chat/completions", json=_body(request, self._model.name))
        except httpx.TransportError as error:
            detail = f"{self._engine}: {type(error).__name__} {error}"
            raise Unavailable(_DEPENDENCY, detail) from error
        if answer.status_code in _LATER or answer.is_server_error:
            raise Unavailable(_DEPENDENCY, f"{self._engine} answers {answer.status_code}")
        if not answer.is_success:
            return self._refused(answer)
        return self._completion(answer)

    def _refused(self, answer: httpx.Response) -> Completion:
        error = _error(answer)
        if error.get("code") == _TOO_LONG or error.get("param") in TOO_LONG:
            return Completion("", 0, 0, "length")
        if error.get("code") in _FILTERED:
            return Completion("", 0, 0, "content_filter")
        detail = (
            f"{self._engine} answers {answer.status_code} for model {self._model.name}: "
            f"{error.get('message') or answer.text[:300]}"
        )
        if answer.status_code in _OURS:
            advice = "check captioner.endpoint.url, its api_key and captioner.model"
            raise Stop(ExitCode.BAD_CONFIGURATION, f"{detail}; {advice}")
        raise RequestRefused(detail)

    def _completion(self, answer: httpx.Response) -> Completion:
        try:
            body = answer.json()
            choice, usage = body["choices"][0], body["usage"]
            return Completion(
                text=(choice["message"]["content"] or "").strip(),
                prompt_tokens=int(usage["prompt_tokens"]),
                completion_tokens=int(usage["completion_tokens"]),
                finish_reason=_FINISHED[choice["finish_reason"]],
            )
        except (ValueError, KeyError, IndexError, TypeError) as error:
            detail = f"{self._engine} does not answer as chat completions do: {error!r}"
            raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error


def open_endpoint(section: CaptionerSection) -> EndpointCaptioner:
    """Return the captioner of a server, after it has answered once about a picture.

    Raises:
        Stop: address, model or revision is not set, or the server refuses us.
        Unavailable: the server does not answer.
    """
    url, model = _stated(section.endpoint.url, "endpoint.url"), _stated(section.model, "model")
    # Rows name the weights, and no server tells which it has.
    revision = _stated(section.revision, "revision")
    key = section.endpoint.api_key
    client = httpx.Client(
        base_url=f"{url.rstrip('/')}/",
        headers={"authorization": f"Bearer {key.get_secret_value()}"} if key else {},
        timeout=section.endpoint.timeout_seconds,
        trust_env=False,
    )
    server = f"OpenAI-compatible server at {urlsplit(url).hostname}"
    captioner = EndpointCaptioner(
        client,
        model=Model(name=model, revision=revision, library=server),
        engine=server,
        threads=section.endpoint.concurrency,
    )
    try:
        captioner.caption([probe()])
    except RequestRefused as error:
        raise Stop(ExitCode.BAD_CONFIGURATION, f"{error}; it cannot caption pictures") from error
    return captioner


def _stated(value: str | None, setting: str) -> str:
    if not value:
        detail = f"an endpoint needs captioner.{setting}; set it in the file or as a variable"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail)
    return value


def _body(request: CaptionRequest, model: str) -> dict[str, Any]:
    sampling = request.sampling
    return {
        "model": model,
        "messages": conversation(request),
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": seed(request),
    }


def _error(answer: httpx.Response) -> dict[str, Any]:
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}
