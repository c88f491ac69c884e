"""What can be chosen about the embedded servers."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

_Port = Field(default=0, ge=0, le=65535)


def default_cache_dir() -> Path:
    """``PIXELPROSE_CACHE``, or else ``~/.cache/pixelprose``."""
    named = os.environ.get("PIXELPROSE_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "pixelprose"


class ServerSettings(BaseModel):
    """What both servers have. Port 0 is any free one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int = _Port
    heap_mib: int = Field(default=384, ge=128)
    ready_seconds: float = Field(default=60.0, gt=0)
    stop_seconds: float = Field(default=10.0, gt=0)
    minimum_free_mib: int = Field(default=256, ge=0)


class KafkaSettings(ServerSettings):
    """The broker; ``overrides`` are broker properties for tests."""

    controller_port: int = _Port
    stop_seconds: float = Field(default=20.0, gt=0)
    overrides: dict[str, str] = Field(default_factory=dict)


class S3Settings(ServerSettings):
    """The S3 server."""


class StackSettings(BaseModel):
    """Both servers, their data under ``data_dir``, their jars under ``cache_dir``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path
    cache_dir: Path = Field(default_factory=default_cache_dir)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    s3: S3Settings = Field(default_factory=S3Settings)
