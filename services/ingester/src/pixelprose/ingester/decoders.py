"""Decoder processes: the only place where bytes from outside are decoded (P4).

Each holds one image at a time, so that a death or a timeout costs one image. They are started by
exec, not by fork, with an environment that holds none of our secrets.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec

from pixelprose.ingester.decode import Decoded
from pixelprose.ingester.decoder_process import LENGTH
from pixelprose.ingester.limits import DecodeLimits
from pixelprose.ingester.refusal import Refusal
from pixelprose.streamkit import Unavailable

COMMAND = (sys.executable, "-m", "pixelprose.ingester.decoder_process")
PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
THRIFTY = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Pixels are kept from one image to the next: else the kernel clears fresh pages for each, which
    # is up to a third of the time of an image (3,700 page faults for 1.4 megapixels).
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024**2),
}
"""What a decoder's libraries are told: one core, and memory kept."""

START_SECONDS = 60.0
LONGEST_ANSWER = 64_000_000
"""Bytes; more is no rendition of ours."""

TRIES = 2
"""A process may also die of somebody else's doing (the kernel short of memory, a person)."""

_ANSWERS: msgspec.msgpack.Decoder[Decoded | Refusal] = msgspec.msgpack.Decoder(Decoded | Refusal)


@dataclass(frozen=True, slots=True)
class Died:
    """The process is gone, and the image it held with it."""

    why: str
    again: bool = True
    """Whether another try may end otherwise."""


class Decoders:
    """As many processes as `limits.workers`, each replaced when it dies.

    Open between entering and leaving, in one event loop.
    """

    def __init__(self, limits: DecodeLimits, *, command: Sequence[str] = COMMAND) -> None:
        self._limits = limits
        self._command = (*command, limits.model_dump_json())
        self._idle: asyncio.LifoQueue[Process | None] = asyncio.LifoQueue()
        self._living: set[Process] = set()

    async def __aenter__(self) -> Self:
        """Start one process, to see that it starts; the others come when they are needed."""
        for _ in range(self._limits.workers - 1):
            self._idle.put_nowait(None)
        self._idle.put_nowait(await self._start())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in tuple(self._living):
            await self._end(process)

    async def decode(self, data: bytes) -> Decoded | Refusal:
        """Return what a decoder process makes of `data`, when one is free.

        Raises:
            Unavailable: no decoder process can be started.
        """
        for left in reversed(range(TRIES)):
            answer = await self._try(data)
            if not isinstance(answer, Died):
                return answer
            if not answer.again or not left:
                times = f", {TRIES} times" if answer.again else ""
                return Refusal("decode_failed", f"the decoder {answer.why}{times}")
        raise AssertionError("no tries")

    async def _try(self, data: bytes) -> Decoded | Refusal | Died:
        process = await self._idle.get()
        keep = None
        try:
            process = process or await self._start()
            answer = await self._ask(process, data)
            if not isinstance(answer, Died):
                keep = process
            return answer
        finally:
            self._idle.put_nowait(keep)
            # Cancelled in the middle, or dead: either way it must not be asked again.
            if keep is None and process is not None:
                await self._end(process)

    async def _ask(self, process: Process, data: bytes) -> Decoded | Refusal | Died:
        assert process.stdin is not None  # noqa: S101 - made with pipes
        try:
            async with asyncio.timeout(self._limits.seconds):
                process.stdin.writelines((len(data).to_bytes(LENGTH, "big"), data))
                await process.stdin.drain()
                return _ANSWERS.decode(await _frame(process))
        except TimeoutError:
            return Died(f"ran past {self._limits.seconds:g} s", again=False)
        except (OSError, asyncio.IncompleteReadError):
            return Died(_death(await process.wait()))
        except (msgspec.DecodeError, ValueError):
            return Died("answered nonsense")

    async def _start(self) -> Process:
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment |= THRIFTY
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=PIPE,
                stdout=PIPE,
                env=environment,
                limit=1 << 20,
                start_new_session=True,  # a terminal's Ctrl-C is for the service to deal with
            )
        except OSError as error:
            raise Unavailable("decoder", str(error)) from error
        self._living.add(process)
        try:
            async with asyncio.timeout(START_SECONDS):
                await _frame(process)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            await self._end(process)
            raise Unavailable("decoder", "its process does not start") from error
        return process

    async def _end(self, process: Process) -> None:
        self._living.discard(process)
        if process.returncode is None:
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _frame(process: Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - made with pipes
    length = int.from_bytes(await process.stdout.readexactly(LENGTH), "big")
    if length > LONGEST_ANSWER:
        raise ValueError("the answer is too long")
    return await process.stdout.readexactly(length)


def _death(code: int) -> str:
    if code < 0:
        return f"died of {signal.Signals(-code).name}"
    return f"ended with code {code}"
