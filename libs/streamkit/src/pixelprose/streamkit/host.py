"""A service as a process: settings, logs, health, signals, runners, exit code."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar

import structlog

from pixelprose.streamkit.errors import Stop, Unavailable
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.health import HealthServer
from pixelprose.streamkit.logs import configure_logs
from pixelprose.streamkit.metrics import Metrics
from pixelprose.streamkit.runner import Runner
from pixelprose.streamkit.settings import ServiceSettings, load
from pixelprose.streamkit.settings_help import describe
from pixelprose.streamkit.watchdog import Watchdog

S = TypeVar("S", bound=ServiceSettings)

_events = structlog.get_logger("service")


def _nothing() -> None:
    """Close nothing."""


@dataclass(frozen=True, slots=True)
class Service:
    """What `build` returns: runners to run, and what to close after them."""

    runners: tuple[Runner[Any, Any, Any], ...]
    close: Callable[[], None] = _nothing


Build = Callable[[S, Metrics], Service]


def run_service(name: str, settings: type[S], build: Build[S]) -> NoReturn:
    """Run the service until it is told to stop, and exit with the reason's code."""
    arguments = _parser(name, settings).parse_args()
    try:
        code = _run(name, settings, build, arguments)
    except Stop as stop:
        code = _say(name, stop.code, str(stop))
    except Unavailable as error:
        code = _say(name, ExitCode.UNAVAILABLE, str(error))
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of clients and models may still run; nothing of theirs is wanted any more.
    os._exit(code)


def _parser(name: str, settings: type[S]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m pixelprose.{name.replace('-', '_')}",
        description=f"Run the {name}. Settings come from --config and from PIXELPROSE_* variables, "
        "which win; [..] is the default.",
        epilog="settings:\n" + "\n".join(describe(settings)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="YAML file of settings")
    parser.add_argument(
        "--check-config",
        action="store_true",
        help="load models, policies and lists, ask broker and store, then end",
    )
    parser.add_argument(
        "--print-config", action="store_true", help="print the settings in force, without secrets"
    )
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="drain when standard input ends: a child that must not outlive its parent",
    )
    return parser


def _run(name: str, settings: type[S], build: Build[S], arguments: argparse.Namespace) -> int:
    loaded = load(settings, file=arguments.config, environ=os.environ)
    if arguments.print_config:
        print(loaded.model_dump_json(indent=2))  # noqa: T201 - what was asked for
        return ExitCode.DRAINED
    configure_logs(loaded.log, service=name)
    metrics = Metrics()
    host = _Host(loaded, metrics)
    try:
        service = build(loaded, metrics)
        for runner in service.runners:
            runner.probe()
        if arguments.check_config:
            print(f"{name}: the settings are good")  # noqa: T201 - what was asked for
            return ExitCode.DRAINED
        if arguments.until_stdin_closes:
            threading.Thread(target=host.stop_with_stdin, daemon=True).start()
        return host.run(service)
    finally:
        host.close()


class _Host:
    """Runs runners in threads; the first that stops, stops all."""

    def __init__(self, settings: ServiceSettings, metrics: Metrics) -> None:
        self._settings = settings
        self._runners: tuple[Runner[Any, Any, Any], ...] = ()
        self._alive: set[str] = set()
        self._faults: list[BaseException] = []
        self._asked = threading.Event()
        self._ended = threading.Event()
        checks = {
            "/livez": lambda: not self._faults,
            "/startupz": lambda: bool(self._runners),
            "/readyz": self._ready,
        }
        self._health = HealthServer(settings.http, checks, metrics)
        _events.info("listening", host=settings.http.host, port=self._health.port)

    def run(self, service: Service) -> int:
        """Run to the end and return the exit code."""
        self._runners = service.runners
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        watchdog = Watchdog(
            self._beats,
            seconds=self._settings.runner.watchdog_seconds,
        )
        threads = [threading.Thread(target=self._one, args=(one,)) for one in service.runners]
        for thread in threads:
            thread.start()
        watchdog.start()
        while any(thread.is_alive() for thread in threads):
            # Short, so that signals are served; Python runs their handlers in this thread.
            threads[0].join(0.2) if threads[0].is_alive() else self._ended.wait(0.2)
        watchdog.stop()
        service.close()
        return self._code()

    def stop_with_stdin(self) -> None:
        """Stop when standard input ends."""
        sys.stdin.buffer.read()
        self._stop()

    def close(self) -> None:
        """Stop answering."""
        self._health.close()

    def _ready(self) -> bool:
        return bool(self._runners) and all(runner.ready for runner in self._runners)

    def _one(self, runner: Runner[Any, Any, Any]) -> None:
        self._alive.add(runner.service)
        try:
            runner.run()
        except BaseException as fault:  # noqa: BLE001 - it ends the process, with its own code
            self._faults.append(fault)
        finally:
            self._alive.discard(runner.service)
            self._stop()

    def _stop(self) -> None:
        self._asked.set()
        for runner in self._runners:
            runner.stop()

    def _beats(self) -> list[int]:
        return [one.beats for one in self._runners if one.service in self._alive]

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        if self._asked.is_set():
            os._exit(ExitCode.DRAIN_TIMED_OUT)  # asked twice: at once
        _events.info("stopping", signal=signal.Signals(number).name)
        self._stop()

    def _code(self) -> int:
        if not self._faults:
            _events.info("stopped")
            return ExitCode.DRAINED
        match self._faults[0]:
            case Stop() as stop:
                _events.error("stopped", reason=stop.code.name.lower(), detail=str(stop))
                return stop.code
            case Unavailable() as error:
                _events.error("stopped", reason="unavailable", detail=str(error))
                return ExitCode.UNAVAILABLE
            case fault:
                _events.error("crashed", exc_info=fault)
                return ExitCode.CRASHED


def _say(name: str, code: ExitCode, detail: str) -> int:
    print(f"{name}: {detail}", file=sys.stderr)  # noqa: T201 - logs may not be set up yet
    return code
