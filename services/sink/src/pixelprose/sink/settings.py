"""Settings of the sink."""

from pydantic import BaseModel, ConfigDict, Field

from pixelprose.objectstore import StoreSettings
from pixelprose.records import StreamSettings


class SinkSection(BaseModel):
    """What the sink itself needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flush_seconds: float = Field(
        default=60.0, gt=0, description="Rows wait at most this long before they are written."
    )
    flush_records: int = Field(
        default=20_000, ge=1, description="Rows of one partition that wait at most."
    )
    table_deadline_seconds: float = Field(
        default=120.0, gt=0, description="How long the table's store may be away before we stop."
    )


class SinkSettings(StreamSettings):
    """Settings of the sink: `PIXELPROSE_SINK__*` and the shared sections."""

    store: StoreSettings
    sink: SinkSection = SinkSection()
