"""Settings of the sink."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pixelprose.objectstore import StoreSettings
from pixelprose.records import StreamSettings
from pixelprose.sink.recent import RECENT_ROWS
from pixelprose.streamkit import RunnerSettings


class SinkSection(BaseModel):
    """What the sink itself needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flush_seconds: float = Field(
        default=60.0, gt=0, description="Rows wait at most this long before they are written."
    )
    flush_records: int = Field(
        default=20_000, ge=1, description="Rows of one partition that wait at most."
    )
    flush_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=1,
        description="Bytes of records that wait at most; twice as many are held in memory.",
    )
    recent_rows: int = Field(
        default=RECENT_ROWS,
        ge=0,
        description="Newest row ids of each table that are refused when they come again.",
    )
    gaps: Literal["stop", "accept"] = Field(
        default="stop", description="What to do when records were lost before they were read."
    )
    table_deadline_seconds: float = Field(
        default=120.0, gt=0, description="How long the table's store may be away before we stop."
    )


class SinkSettings(StreamSettings):
    """Settings of the sink: `PIXELPROSE_SINK__*` and the shared sections."""

    store: StoreSettings
    sink: SinkSection = SinkSection()


def flushing(sink: SinkSection, runner: RunnerSettings) -> RunnerSettings:
    """Return the runner's settings with the sink's own rhythm: few large commits."""
    return runner.model_copy(
        update={
            "commit_seconds": sink.flush_seconds,
            "max_in_flight_per_partition": sink.flush_records,
            # The runner commits when half of what it may hold is ready.
            "max_in_flight": 2 * sink.flush_records,
            "max_in_flight_bytes": 2 * sink.flush_bytes,
        }
    )
