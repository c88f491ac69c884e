"""Settings of the captioner."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pixelprose.objectstore import StoreSettings
from pixelprose.records import StreamSettings

Dtype = Literal["auto", "float32", "bfloat16", "float16"]


class CaptionerSection(BaseModel):
    """The section `captioner`. Without a model the service does not start."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model: str | None = Field(
        default=None, description="A checkpoint's folder, or a hub id with its revision"
    )
    revision: str | None = Field(
        default=None,
        description="Hub revision, required for a hub id; for a folder the SHA-256 of its weights",
    )
    model_name: str | None = Field(
        default=None, description="The model's name in records; by default its own, or its id"
    )
    device: str = Field(
        default="auto", description="torch device, such as cpu or cuda; auto: cuda if there is one"
    )
    dtype: Dtype = Field(default="auto", description="auto: float32 on a CPU, bfloat16 elsewhere")
    threads: int | None = Field(
        default=None, ge=1, description="CPU threads of torch; by default its own choice"
    )
    local_only: bool = Field(default=True, description="Never ask the hub; use what is cached")
    policies: tuple[str, ...] = Field(
        default=("pixelprose",),
        min_length=1,
        description="One caption per policy: names of packaged ones, or paths to YAML files",
    )
    selection: str = Field(
        default="selection", description="Which images get captions: a packaged name, or a path"
    )
    batch_size: int = Field(
        default=16, ge=1, le=512, description="Images gathered, and requests computed, at a time"
    )
    batches_in_flight: int = Field(
        default=8,
        ge=2,
        description="Batches of images read ahead: what must be done within runner.drain_seconds",
    )
    linger_seconds: float = Field(
        default=0.05, ge=0, le=5, description="Wait this long for a batch to fill"
    )


class CaptionerSettings(StreamSettings):
    """All settings of the service: `PIXELPROSE_CAPTIONER__*` and the shared sections."""

    store: StoreSettings
    captioner: CaptionerSection = CaptionerSection()
