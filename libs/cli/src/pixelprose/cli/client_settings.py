"""Settings of the command line: the shared sections, from a file, variables or a running `up`."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from pixelprose.host import load
from pixelprose.objectstore import StoreSettings
from pixelprose.records import StreamSettings

LOCAL_FILE = Path("pixelprose-data/pixelprose.yaml")
"""What `pixelprose up` writes; used where nothing else says where the cluster is."""


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


class ClientSettings(StreamSettings):
    """What the commands need: the broker, the registry, and perhaps the store."""

    store: StoreSettings | None = None
    submit: SubmitSettings = SubmitSettings()


def client_settings(config: Path | None) -> ClientSettings:
    """Return the settings.

    Raises:
        Stop: something is wrong or missing.
    """
    named = "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS" in os.environ
    if config is None and not named and LOCAL_FILE.exists():
        config = LOCAL_FILE
    return load(ClientSettings, file=config, environ=os.environ)
