"""Settings of the captioner."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from pixelprose.objectstore import StoreSettings
from pixelprose.records import StreamSettings

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Engine = Literal["transformers", "vllm", "endpoint"]


class VllmSection(BaseModel):
    """vLLM in this process, on the one GPU that it sees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    memory_share: float = Field(
        default=0.85, gt=0, lt=1, description="Share of the GPU's memory that vLLM takes"
    )
    context_tokens: int = Field(
        default=4096, ge=256, description="Most tokens of image, prompt and answer together"
    )
    cache_bytes: int | None = Field(
        default=None, ge=1 << 20, description="Size of the KV cache; by default what is left"
    )


class EndpointSection(BaseModel):
    """A server that speaks OpenAI's chat completions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Base address up to the version, such as http://127.0.0.1:8000/v1",
    )
    api_key: SecretStr | None = Field(default=None, description="Sent as a bearer token")
    concurrency: int = Field(default=16, ge=1, le=512, description="Requests under way at a time")
    timeout_seconds: float = Field(default=120, gt=0, description="Longest wait for one answer")


class CaptionerSection(BaseModel):
    """The section `captioner`. Without a model the service does not start."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    engine: Engine = Field(
        default="transformers", description="What computes: transformers, vllm, or an endpoint"
    )
    model: str | None = Field(
        default=None,
        description="A checkpoint's folder, or a hub id with its revision; "
        "of an endpoint the name that it serves",
    )
    revision: str | None = Field(
        default=None,
        description="Hub revision, required for a hub id and an endpoint; "
        "for a folder the SHA-256 of its weights",
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
    vllm: VllmSection = VllmSection()
    endpoint: EndpointSection = EndpointSection()
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
