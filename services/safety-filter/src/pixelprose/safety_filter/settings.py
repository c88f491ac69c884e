"""What can be set about the safety filter."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from pixelprose.objectstore import StoreSettings
from pixelprose.records import StreamSettings
from pixelprose.safety_filter.policy import SHIPPED
from pixelprose.safety_filter.store_quarantine import Originals


class SafetyFilterSection(BaseModel):
    """The section `safety_filter`. Without a model and a list the service does not start."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model: str | None = Field(
        default=None, description="NSFW classifier: a folder, or a hub id with its revision"
    )
    revision: str | None = Field(
        default=None,
        description="Hub revision, required for a hub id; for a folder the SHA-256 of its weights",
    )
    model_name: str | None = Field(
        default=None, description="The model's name in records; by default its own, or its id"
    )
    device: str = Field(default="cpu", description="torch device, such as cpu or cuda:0")
    threads: int = Field(default=1, ge=1, description="CPU threads of torch")
    local_only: bool = Field(default=True, description="Never ask the hub; use what is cached")
    hash_lists: tuple[Path, ...] = Field(
        default=(), description="Known-hash lists (CSV); at least one"
    )
    max_list_age_days: int = Field(
        default=90, ge=1, description="A list with an older date is refused"
    )
    policy: Path = Field(default=SHIPPED, description="Safety policy (YAML)")
    originals: Originals = Field(
        default="none", description="Whether the original leaves quarantine too: none | original"
    )
    batch_size: int = Field(default=16, ge=1, le=512, description="Images per model call")
    linger_seconds: float = Field(
        default=0.05, ge=0, le=5, description="Wait this long for a batch to fill"
    )
    store_threads: int = Field(default=8, ge=1, le=64, description="Concurrent store requests")


class SafetyFilterSettings(StreamSettings):
    """All settings of the service."""

    store: StoreSettings
    safety_filter: SafetyFilterSection = SafetyFilterSection()
