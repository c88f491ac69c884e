import asyncio
import io
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import pytest
from PIL import Image

from pixelprose.ingester.decode import Decoded
from pixelprose.ingester.decoders import COMMAND, Decoders
from pixelprose.ingester.limits import DecodeLimits
from pixelprose.ingester.refusal import Refusal
from pixelprose.streamkit import Unavailable

# Stands in for a decoder process; does to itself what the "image" says.
ACTOR = """
import os, signal, sys
import msgspec
from pixelprose.ingester.refusal import Refusal

def answer(data):
    sys.stdout.buffer.write(len(data).to_bytes(8, "big") + data)
    sys.stdout.buffer.flush()

def refuse(detail):
    answer(msgspec.msgpack.encode(Refusal("decode_failed", detail)))

answer(b"")
while head := sys.stdin.buffer.read(8):
    said = sys.stdin.buffer.read(int.from_bytes(head, "big")).decode()
    match said.split():
        case ["segfault"]: os.kill(os.getpid(), signal.SIGSEGV)
        case ["exit"]: os._exit(3)
        case ["hang"]: signal.pause()
        case ["nonsense"]: answer(b"nonsense")
        case ["endless"]: sys.stdout.buffer.write((2**60).to_bytes(8, "big")); sys.stdout.flush()
        case ["once", path] if not os.path.exists(path): open(path, "x"); os._exit(3)
        case ["environment"]: refuse(",".join(os.environ))
        case _: refuse(f"{said} {os.getpid()}")
"""
PLAY = (sys.executable, "-c", ACTOR)


def played(
    scenario: Callable[[Decoders], Awaitable[None]], *, workers: int = 1, seconds: float = 30.0
) -> None:
    async def play() -> None:
        limits = DecodeLimits(workers=workers, seconds=seconds)
        async with Decoders(limits, command=PLAY) as decoders:
            await scenario(decoders)

    asyncio.run(play())


async def said(decoders: Decoders, data: str) -> str:
    answer = await decoders.decode(data.encode())
    assert isinstance(answer, Refusal)
    return answer.detail


@pytest.mark.parametrize(
    ("poison", "detail"),
    [
        ("segfault", "died of SIGSEGV"),
        ("exit", "ended with code 3"),
        ("nonsense", "answered nonsense"),
        ("endless", "answered nonsense"),
    ],
)
def test_a_death_costs_one_image(poison: str, detail: str) -> None:
    async def scenario(decoders: Decoders) -> None:
        before, end, after = await asyncio.gather(
            said(decoders, "a"), said(decoders, poison), said(decoders, "b")
        )
        assert end == f"the decoder {detail}, 2 times"
        assert (before[0], after[0]) == ("a", "b")

    played(scenario)


def test_a_hanging_decoder_is_killed_at_its_deadline() -> None:
    async def scenario(decoders: Decoders) -> None:
        assert await said(decoders, "hang") == "the decoder ran past 0.2 s"

    played(scenario, seconds=0.2)


def test_a_decoder_killed_by_somebody_else_costs_nothing(tmp_path: os.PathLike[str]) -> None:
    async def scenario(decoders: Decoders) -> None:
        once = f"once {tmp_path}/died"
        assert (await said(decoders, once)).startswith(once)

    played(scenario)


def test_an_idle_decoder_that_was_killed_costs_nothing() -> None:
    async def scenario(decoders: Decoders) -> None:
        pid = int((await said(decoders, "a")).split()[1])
        os.kill(pid, signal.SIGKILL)
        assert int((await said(decoders, "b")).split()[1]) != pid

    played(scenario)


def test_a_cancelled_image_does_not_answer_for_the_next() -> None:
    async def scenario(decoders: Decoders) -> None:
        hanging = asyncio.create_task(decoders.decode(b"hang"))
        await asyncio.sleep(0)
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
        assert (await said(decoders, "b"))[0] == "b"

    played(scenario)


def test_images_are_decoded_side_by_side() -> None:
    async def scenario(decoders: Decoders) -> None:
        answers = await asyncio.gather(*(said(decoders, "a") for _ in range(20)))
        assert 1 <= len(set(answers)) <= 2

    played(scenario, workers=2)


def test_decoders_know_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXELPROSE_STORE__SECRET_KEY", "secret")

    async def scenario(decoders: Decoders) -> None:
        names = (await said(decoders, "environment")).split(",")
        assert not [name for name in names if name.startswith(("PIXELPROSE", "AWS"))]

    played(scenario)


@pytest.mark.parametrize("command", [("/no/such/program",), (sys.executable, "-c", "exit(1)")])
def test_decoders_that_do_not_start_are_no_images_fault(command: tuple[str, ...]) -> None:
    async def start() -> None:
        async with Decoders(DecodeLimits(), command=command):
            pytest.fail("it started")

    with pytest.raises(Unavailable, match="decoder"):
        asyncio.run(start())


def test_the_real_process_decodes_within_its_memory() -> None:
    def noise(side: int) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGBA", (side, side)).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    async def decode() -> None:
        limits = DecodeLimits(workers=1, memory_bytes=200_000_000)
        async with Decoders(limits, command=COMMAND) as decoders:
            greedy = await decoders.decode(noise(7000))
            assert isinstance(greedy, Refusal)
            assert greedy == Refusal("decode_failed", "needs more than 200000000 bytes of memory")
            assert isinstance(await decoders.decode(noise(100)), Decoded)

    asyncio.run(decode())
