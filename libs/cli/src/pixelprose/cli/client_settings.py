"""Settings of the command line: the shared sections, from a file, variables or a running `up`."""

import os
from pathlib import Path

from pixelprose.host import load
from pixelprose.objectstore import StoreSettings
from pixelprose.records import StreamSettings

LOCAL_FILE = Path("pixelprose-data/pixelprose.yaml")
"""What `pixelprose up` writes; used where nothing else says where the cluster is."""


class ClientSettings(StreamSettings):
    """What the commands need: the broker, the registry, and perhaps the store."""

    store: StoreSettings | None = None


def client_settings(config: Path | None) -> ClientSettings:
    """Return the settings.

    Raises:
        Stop: something is wrong or missing.
    """
    named = "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS" in os.environ
    if config is None and not named and LOCAL_FILE.exists():
        config = LOCAL_FILE
    return load(ClientSettings, file=config, environ=os.environ)
