"""A service as a process: settings, health, signals, a watchdog, and an exit code."""

from pixelprose.host.host import Host, Service
from pixelprose.host.service import run_service
from pixelprose.host.settings import HttpSettings, LogSettings, ServiceSettings, load

__all__ = [
    "Host",
    "HttpSettings",
    "LogSettings",
    "Service",
    "ServiceSettings",
    "load",
    "run_service",
]
