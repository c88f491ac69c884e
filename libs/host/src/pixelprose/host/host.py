"""A service as a process: health, signals, a thread per runner, and how it ended."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Thread, Timer
from types import FrameType
from typing import IO, Any

import structlog

from pixelprose.host.health import HealthServer
from pixelprose.host.settings import ServiceSettings
from pixelprose.host.watchdog import Watchdog
from pixelprose.streamkit.errors import Stop, Unavailable
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.metrics import Metrics
from pixelprose.streamkit.runner import Runner

GRACE_SECONDS = 10.0
"""After the drain deadline: time to leave the group and to close. Then the process is ended."""


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Service:
    """What `build` returns: runners to run, and what to close after them.

    `begin` is called before they run, and not where the settings are only checked: what `build`
    must not do, because a check leaves nothing changed.
    """

    runners: tuple[Runner[Any, Any, Any], ...]
    close: Callable[[], None] = _nothing
    begin: Callable[[], None] = _nothing


class Host:
    """Runs runners in threads; the first that stops, stops all.

    Health answers and signals are taken from construction on, before anything slow is built.

    Raises:
        Stop: the port for health is taken.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        metrics: Metrics,
        *,
        end: Callable[[int], None] = os._exit,
    ) -> None:
        self._settings = settings
        self._end = end
        self._runners: tuple[Runner[Any, Any, Any], ...] = ()
        self._running: list[Runner[Any, Any, Any]] = []
        self._asked = Event()
        self._last_resort = int(ExitCode.DRAINED)
        self._hurry: Timer | None = None
        self._ends: SimpleQueue[BaseException | None] = SimpleQueue()
        self._events = structlog.get_logger("service")
        kafka, patience = settings.kafka, settings.runner.watchdog_seconds
        # Before the first turn the broker is asked and the transactional id taken over, each with
        # a deadline; calls that are deaf to theirs were seen (docs/adr/0015).
        starting = kafka.start_deadline_seconds + kafka.commit_deadline_seconds + patience
        self._watchdog = Watchdog(
            self._beats, seconds=patience, starting_seconds=starting, end=self._end
        )
        checks = {
            "/livez": lambda: self._watchdog.calm,
            "/startupz": lambda: bool(self._runners),
            "/readyz": self._ready,
        }
        self._health = HealthServer(settings.http, checks, metrics)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        self._events.info("listening", host=settings.http.host, port=self._health.port)

    def run(self, service: Service) -> int:
        """Run to the end and return the exit code."""
        service.begin()
        self._runners = service.runners
        self._running = list(service.runners)
        for runner in service.runners:
            Thread(target=self._thread, args=(runner,), name=runner.service, daemon=True).start()
        self._watchdog.start()
        faults = [fault for _ in service.runners if (fault := self._ends.get()) is not None]
        service.close()
        self.close()
        return self._code(faults)

    def close(self) -> None:
        """Stop answering and watching."""
        self._watchdog.stop()
        self._health.close()
        if self._hurry is not None:
            self._hurry.cancel()

    def stop_with(self, stream: IO[bytes]) -> None:
        """Drain when a stream ends."""

        def wait() -> None:
            stream.read()
            self._stop("the parent went away")

        Thread(target=wait, name="stdin", daemon=True).start()

    def _thread(self, runner: Runner[Any, Any, Any]) -> None:
        fault: BaseException | None = None
        try:
            runner.run()
        except BaseException as error:  # noqa: BLE001 - it ends the process, with its own code
            fault = error
            self._last_resort = self._last_resort or _code_of(error)
        self._running.remove(runner)
        self._stop(f"{runner.service} ended")
        self._ends.put(fault)

    def _stop(self, reason: str) -> None:
        if self._asked.is_set():
            return
        self._asked.set()
        self._events.info("stopping", reason=reason)
        if any(runner.ready for runner in self._running):
            seconds = self._settings.runner.drain_seconds + GRACE_SECONDS
            self._last_resort = self._last_resort or int(ExitCode.DRAIN_TIMED_OUT)
        else:
            # Nothing is in flight: still being built, waiting for a broker, or ended already.
            seconds = GRACE_SECONDS if len(self._running) < len(self._runners) else 0.0
        for runner in self._runners:
            runner.stop()
        self._hurry = Timer(seconds, lambda: self._end(self._last_resort))
        self._hurry.daemon = True
        self._hurry.start()

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        if self._asked.is_set():
            self._end(int(ExitCode.DRAIN_TIMED_OUT))
        self._stop(signal.Signals(number).name)

    def _ready(self) -> bool:
        return bool(self._runners) and all(runner.ready for runner in self._runners)

    def _beats(self) -> list[int]:
        # A runner beats from the day it joined.
        return [runner.beats if runner.beats else -1 for runner in self._running]

    def _code(self, faults: list[BaseException]) -> int:
        if not faults:
            self._events.info("stopped")
            return ExitCode.DRAINED
        code = _code_of(faults[0])
        if code is ExitCode.CRASHED:
            self._events.error("crashed", exc_info=faults[0])
        else:
            self._events.error("stopped", reason=code.name.lower(), detail=str(faults[0]))
        return code


def _code_of(fault: BaseException) -> ExitCode:
    match fault:
        case Stop():
            return fault.code
        case Unavailable():
            return ExitCode.UNAVAILABLE
        case _:
            return ExitCode.CRASHED
