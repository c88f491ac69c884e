"""Where the tables are, for the commands that look at them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixelprose.cli.client_settings import ClientSettings, client_settings
from pixelprose.cli.errors import CommandError
from pixelprose.curator import Lake


@contextmanager
def open_lake(config: Path | None) -> Iterator[tuple[Lake, ClientSettings]]:
    """Yield the lake of the settings' store, and the settings.

    Raises:
        CommandError: the settings name no store.
        Stop: something in the settings is wrong or missing.
    """
    settings = client_settings(config)
    with lake_of(settings) as lake:
        yield lake, settings


@contextmanager
def lake_of(settings: ClientSettings) -> Iterator[Lake]:
    """Yield the lake of the settings' store.

    Raises:
        CommandError: the settings name no store.
    """
    if settings.store is None:
        raise CommandError(
            "the settings name no store: the tables are in its bucket; set store.endpoint, "
            "store.bucket, store.access_key and store.secret_key (PIXELPROSE_STORE__ENDPOINT, ...)"
        )
    lake = Lake(settings.store)
    try:
        yield lake
    finally:
        lake.close()
