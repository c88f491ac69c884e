import asyncio
import socket
from collections.abc import Sequence

import pytest

from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.dialer import GuardedResolver, Refused, guarded_socket
from pixelprose.streamkit import Unavailable

Found = Sequence[tuple[socket.AddressFamily, str]]
CANARY = "canary.example"
V4, V6 = socket.AF_INET, socket.AF_INET6


class FakeNames:
    """A name server: names have addresses, or fail with an error number."""

    def __init__(self, names: dict[str, list[Found | int]]) -> None:
        self._names = names

    async def __call__(self, host: str, _family: socket.AddressFamily, /) -> Found:
        answers = self._names.get(host, [socket.EAI_NONAME])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, int):
            raise socket.gaierror(answer, "as told")
        return answer


def resolve(*answers: Found | int, canary: Found | int = ((V4, "192.5.5.241"),)) -> list[str]:
    names = FakeNames({"a.example": list(answers), CANARY: [canary]})
    resolver = GuardedResolver(Guard(), names, canary=CANARY)
    return [found["host"] for found in asyncio.run(resolver.resolve("a.example", 80))]


def refusal(*answers: Found | int, canary: Found | int = ((V4, "192.5.5.241"),)) -> str:
    with pytest.raises(Refused) as refused:
        resolve(*answers, canary=canary)
    return refused.value.refusal.reason


def test_public_addresses_of_a_name_are_dialled() -> None:
    both: Found = [(V4, "93.184.215.14"), (V6, "2606:2800::1")]
    assert resolve(both) == ["93.184.215.14", "2606:2800::1"]


def test_private_addresses_of_a_name_are_left_out() -> None:
    assert resolve([(V4, "10.0.0.1"), (V4, "93.184.215.14")]) == ["93.184.215.14"]


def test_a_name_with_private_addresses_alone_is_refused() -> None:
    assert refusal([(V4, "10.0.0.1"), (V6, "::1")]) == "forbidden_address"


def test_a_name_that_does_not_exist_is_the_records_own_fault() -> None:
    assert refusal(socket.EAI_NONAME) == "dns_failed"


def test_a_name_whose_servers_are_broken_is_the_records_own_fault() -> None:
    assert refusal(socket.EAI_AGAIN) == "dns_failed"


@pytest.mark.parametrize("answer", [socket.EAI_AGAIN, socket.EAI_NONAME])
@pytest.mark.parametrize("canary", [socket.EAI_AGAIN, socket.EAI_NONAME])
def test_a_name_server_that_knows_nobody_is_no_records_fault(answer: int, canary: int) -> None:
    with pytest.raises(Unavailable, match="dns"):
        resolve(answer, canary=canary)


def test_the_canary_is_asked_for_once_a_second_however_many_names_fail() -> None:
    asked: list[str] = []
    times = iter([0.0, 0.0, 0.5, 0.9, 1.1, 1.1])

    async def lookup(host: str, _family: socket.AddressFamily, /) -> Found:
        asked.append(host)
        if host != CANARY:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(V4, "192.5.5.241")]

    async def fail(resolver: GuardedResolver) -> None:
        with pytest.raises(Refused):
            await resolver.resolve("a.example", 80)

    async def scenario() -> None:
        resolver = GuardedResolver(Guard(), lookup, canary=CANARY, clock=lambda: next(times))
        for _ in range(4):
            await fail(resolver)

    asyncio.run(scenario())
    assert asked.count(CANARY) == 2


def test_a_machine_out_of_memory_is_no_records_fault() -> None:
    with pytest.raises(Unavailable, match="dns"):
        resolve(socket.EAI_MEMORY)


@pytest.mark.parametrize(
    ("family", "destination"),
    [(V4, ("127.0.0.1", 80)), (V6, ("::1", 80, 0, 0)), (V4, ("8.8.8.8", 22))],
)
def test_no_socket_is_made_for_a_forbidden_destination(
    family: socket.AddressFamily, destination: tuple[object, ...]
) -> None:
    make = guarded_socket(Guard())
    with pytest.raises(Refused):
        make((family, socket.SOCK_STREAM, 0, "", destination))


def test_a_socket_is_made_for_an_allowed_destination() -> None:
    made = guarded_socket(Guard())((V4, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 443)))
    assert made.family == V4
    made.close()
