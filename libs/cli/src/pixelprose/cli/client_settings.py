"""Settings of the command line: the shared sections, from a file, variables or a running `up`."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from pixelprose.cli.options import named_file
from pixelprose.host import load
from pixelprose.objectstore import ExpirySettings, StoreSettings
from pixelprose.records import StreamSettings
from pixelprose.streamkit import ExitCode, Stop

LOCAL_FILE = Path("pixelprose-data/pixelprose.yaml")
"""What `pixelprose up` writes; used where nothing else says where the cluster is."""

_PATIENCE_SECONDS = 10.0

_NO_CLUSTER = (
    f"no cluster is known here: there is no {LOCAL_FILE} in this folder. Start one with "
    "`pixelprose up`, name a file of settings with --config, or set "
    "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS (and PIXELPROSE_STORE__*)"
)


class SubmitSettings(BaseModel):
    """What `pixelprose submit` needs beside the cluster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    author_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Secret that names of authors are hashed with; without one they are left out.",
    )
    s3: StoreSettings | None = Field(
        default=None,
        description="The S3 server of s3:// sources (its bucket does not matter); "
        "by default that of the store.",
    )


class IngesterLifetimes(BaseModel):
    """The part of the ingester's section that `pixelprose expire` goes by; the rest is its own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    expiry: ExpirySettings = ExpirySettings()


class ClientSettings(StreamSettings):
    """What the commands need: the broker, the registry, and perhaps the store."""

    store: StoreSettings | None = None
    ingester: IngesterLifetimes = IngesterLifetimes()
    submit: SubmitSettings = SubmitSettings()


def client_settings(config: Path | None) -> ClientSettings:
    """Return the settings.

    Raises:
        WrongUsage: there is no such file.
        Stop: something is wrong or missing.
    """
    named = "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS" in os.environ
    if config is None and not named:
        if not LOCAL_FILE.exists():
            raise Stop(ExitCode.BAD_CONFIGURATION, _NO_CLUSTER)
        config = LOCAL_FILE
    elif config is not None:
        named_file(config, option="--config")
    return _impatient(load(ClientSettings, file=config, environ=os.environ))


def _impatient(settings: ClientSettings) -> ClientSettings:
    """A service waits for its broker; a person at a terminal wants to know that there is none."""
    kafka = settings.kafka
    if "start_deadline_seconds" in kafka.model_fields_set:
        return settings
    quick = kafka.model_copy(update={"start_deadline_seconds": _PATIENCE_SECONDS})
    return settings.model_copy(update={"kafka": quick})
