"""Where a probe's tables are opened."""

from datetime import datetime
from pathlib import Path

from pixelprose.cli.errors import CommandError
from pixelprose.cli.lake_settings import open_lake
from pixelprose.cli.plan.probe import Probe, measure
from pixelprose.curator import LakeTable

_NEEDED = ("captions", "images", "rejections", "dead_letters")


def measured(config: Path, *, dataset: str | None, processes: int, now: datetime) -> Probe:
    """Return the probe that a deployment's tables are.

    Raises:
        CommandError: a table is not there yet, or too few submissions have ended.
        Stop: something in the settings is wrong or missing.
    """
    with open_lake(config) as (lake, _):
        tables = {table.name: table for table in lake.tables()}
        if lacking := [name for name in _NEEDED if name not in tables]:
            raise CommandError(f"no table {', '.join(lacking)} yet: submit a sample, wait for it")
        sizes = {name: _row_bytes(table) for name, table in tables.items()}
        return measure(tables, sizes, dataset=dataset, processes=processes, now=now)


def _row_bytes(table: LakeTable) -> float:
    files = table.files()
    rows = sum(file.rows for file in files)
    return sum(file.size_bytes for file in files) / rows if rows else 0.0
